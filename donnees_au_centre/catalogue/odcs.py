"""Each public mart as a data contract of the Open Data Contract Standard (ODCS), for tools that read it.

All is from what the project says already: the manifest, the declared access, what is promised in
policies/contracts/ and who declared themselves in policies/consumers/. The same project gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.access.declaration import entries_on
from donnees_au_centre.access.files import Entry
from donnees_au_centre.catalogue import labels
from donnees_au_centre.french import LEAST
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.consumers import Consumer
from donnees_au_centre.project.contracts import Contracts
from donnees_au_centre.project.datasets import Column, Dataset, Responsible, read_datasets
from donnees_au_centre.project.nodes import DataTest, Manifest, Node
from donnees_au_centre.project.promises import Contract, promised
from donnees_au_centre.project.rules.conforming import FORMER
from donnees_au_centre.settings import SERVING

# The version of the standard: the first one with metrics of a library and a team that has a name.
STANDARD = "v3.1.0"
ENDING = ".odcs.yaml"
_HEADER = "# Écrit par make contracts d'après les métadonnées du projet : c'est elles qui se corrigent.\n"
# PostgreSQL's default; the standard wants a number.
_PORT = 5432
_TYPES = (
    (r"text|character|varchar|uuid", "string"),
    (r"smallint|integer|bigint", "integer"),
    (r"numeric|decimal|real|double", "number"),
    (r"boolean", "boolean"),
    (r"date$", "date"),
    (r"timestamp", "timestamp"),
    (r"time", "time"),
    (r".*\[\]$", "array"),
)
_UNITS = {"jour": "d", "semaine": "w", "mois": "m", "annee": "y"}
_DIMENSIONS = {
    "not_null": "completeness",
    "mostly_filled": "completeness",
    "unique": "uniqueness",
    "unique_combination": "uniqueness",
    "accepted_values": "conformity",
    "within_range": "conformity",
    "relationships": "consistency",
    "mostly_related": "consistency",
}


def contract_texts(
    manifest: Manifest,
    entries: Sequence[Entry],
    contracts: Mapping[str, Contracts],
    consumers: Mapping[str, Consumer],
) -> dict[str, str]:
    """The data contract of each public mart, by its path below the folder of contracts.

    Args:
        entries: the declared access.
        contracts: what policies/contracts/ says, by domain: how many times each promise changed.
        consumers: who declared themselves.
    """
    granted = entries_on(entries, manifest)
    now = promised(manifest)
    tests: dict[str, list[DataTest]] = {}
    for test in manifest.checks:
        tests.setdefault(test.tested_id or "", []).append(test)
    texts = {}
    for dataset in read_datasets(manifest):
        node = manifest.node(dataset.unique_id)
        if dataset.kind != "mart" or node.access != "public":
            continue
        written = contracts.get(dataset.domain, {}).get(dataset.name)
        document = _document(
            manifest,
            dataset,
            now[dataset.domain][dataset.name],
            written.revision if written else 0,
            [one for one in granted.get(dataset.name, ()) if "lecture" in one.actions],
            [one.name for one in consumers.values() if f"{dataset.domain}.{dataset.name}" in one.marts],
            tests.get(dataset.unique_id, []),
        )
        texts[f"{dataset.domain}/{dataset.name}{ENDING}"] = _HEADER + yaml.safe_dump(
            document, allow_unicode=True, sort_keys=False, width=110
        )
    return texts


def write_texts(texts: Mapping[str, str], folder: Path) -> None:
    """Writes the contracts below a folder, and takes away those of marts that are no longer there."""
    for stale in folder.rglob(f"*{ENDING}"):
        if stale.relative_to(folder).as_posix() not in texts:
            stale.unlink()
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _document(
    manifest: Manifest,
    dataset: Dataset,
    promise: Contract,
    revision: int,
    entries: Sequence[Entry],
    consumers: Sequence[str],
    tests: Sequence[DataTest],
) -> dict[str, Any]:
    node = manifest.node(dataset.unique_id)
    people = (("owner", dataset.owner), ("data steward", dataset.steward))
    group = manifest.groups.get(dataset.domain)
    document = {
        "apiVersion": STANDARD,
        "kind": "DataContract",
        "id": f"{manifest.project_name}.{dataset.domain}.{dataset.name}",
        "name": dataset.name,
        "version": f"{node.version or 1}.{revision}.0",
        "status": "deprecated" if dataset.until else "active",
        "domain": dataset.domain,
        "tags": list(dataset.synonyms),
        "description": {"purpose": dataset.purpose, "limitations": _limits(dataset, promise)},
        "servers": [
            {
                "server": target,
                "type": "postgres",
                "environment": target,
                "description": "Hôte, port et base : PGHOST, PGPORT et PGDATABASE de l'installation.",
                "host": "${PGHOST}",
                "port": _PORT,
                "database": "${PGDATABASE}",
                "schema": dataset.schema,
            }
            for target in SERVING
        ],
        "schema": [_table(manifest, node, dataset, promise, tests)],
        "team": {
            "name": labels.full_name(dataset.domain, group.description if group else ""),
            "members": [_member(role, person) for role, person in people if person],
        },
        "support": [
            {"channel": dataset.steward.function, "url": f"mailto:{dataset.steward.email}", "tool": "email"}
        ]
        if dataset.steward
        else [],
        "roles": list(_roles(entries)),
        "slaProperties": list(_levels(dataset)),
        "customProperties": list(_customs(_terms(manifest, dataset, consumers))),
    }
    return {key: said for key, said in document.items() if said not in ([], None)}


def _limits(dataset: Dataset, promise: Contract) -> str:
    said = [f"Classification : {dataset.classification or 'non dite'}."]
    if promise.threshold:
        said.append(f"Aucun compte de moins de {promise.threshold} n'y est montré.")
    if dataset.has_personal_data:
        said.append("Des données personnelles s'y trouvent : le RGPD lie qui le lit.")
    if dataset.until:
        said.append(f"Offert jusqu'au {dataset.until:%d/%m/%Y}.")
    return " ".join(said)


def _member(role: str, person: Responsible) -> dict[str, str]:
    return {"username": person.email, "name": person.function, "role": role}


def _table(
    manifest: Manifest, node: Node, dataset: Dataset, promise: Contract, tests: Sequence[DataTest]
) -> dict[str, Any]:
    key = min(promise.keys, key=lambda one: (not all(map(promise.is_filled, one)), len(one)), default=())
    return {
        "name": dataset.name,
        "physicalName": f"{dataset.schema}.{dataset.identifier}",
        # What readers see is a view that stays, over the last good table.
        "physicalType": "view",
        "logicalType": "object",
        "description": " ".join(dataset.description.split()),
        **({"dataGranularityDescription": f"Une ligne par {', '.join(key)}."} if key else {}),
        "properties": [
            _property(manifest, node, column, promise, key, tests)
            for column in dataset.columns
            if column.name in promise.columns
        ],
        **_some("quality", [_check(manifest, node, test) for test in tests if not test.column_name]),
    }


def _property(
    manifest: Manifest,
    node: Node,
    column: Column,
    promise: Contract,
    key: Sequence[str],
    tests: Sequence[DataTest],
) -> dict[str, Any]:
    name, kind = column.name, promise.types[column.name]
    said: dict[str, Any] = {
        "name": name,
        "logicalType": _logical(kind),
        "physicalType": kind,
        **({"description": " ".join(column.description.split())} if column.description else {}),
        "required": promise.is_filled(name),
    }
    if (name,) in promise.keys:
        said["unique"] = True
    if name in key:
        said |= {"primaryKey": True, "primaryKeyPosition": [*key].index(name) + 1}
    if column.is_personal:
        said["classification"] = words.CATEGORIES[str(column.personal)]
    former = node.columns[name].meta.get(FORMER)
    known: dict[str, Any] = {"donneePersonnelle": column.personal, "protection": column.protection}
    if isinstance(former, Mapping):
        known |= {"remplaceePar": former.get("remplace_par"), "offerteJusquAu": former.get("retire_le")}
    return {
        **said,
        **_some("customProperties", list(_customs(known))),
        **_some("quality", [_check(manifest, node, test) for test in tests if test.column_name == name]),
    }


def _some(key: str, values: list[dict[str, Any]]) -> dict[str, Any]:
    return {key: values} if values else {}


def _logical(data_type: str) -> str:
    said = data_type.lower()
    return next((logical for pattern, logical in _TYPES if re.match(pattern, said)), "object")


def _check(manifest: Manifest, node: Node, test: DataTest) -> dict[str, Any]:
    """A test as a rule of the standard where it has one for it, in words otherwise."""
    said: dict[str, Any] = {"name": test.name, "description": labels.check(test)}
    if dimension := _DIMENSIONS.get(test.generic):
        said["dimension"] = dimension
    said["severity"] = "error" if test.severity == "error" else "warning"
    # A rule of the standard looks at all rows.
    rule = None if test.where else _rule(manifest, node, test)
    return {**said, **(rule or {"type": "text"})}


def _rule(manifest: Manifest, node: Node, test: DataTest) -> dict[str, Any] | None:
    given = test.arguments
    match test.generic:
        case "not_null":
            return _library("nullValues")
        case "unique":
            return _library("duplicateValues")
        case "unique_combination":
            return _library("duplicateValues", properties=list(given["columns"]))
        case "accepted_values":
            return _library("invalidValues", validValues=list(given["values"]))
        case "mostly_filled":
            most = round(100 * (1 - float(given["at_least"])), 6)
            asked = {"mustBeLessOrEqualTo": most, "unit": "percent"}
            return {"type": "library", "metric": "nullValues", **asked}
        case "within_range":
            low, high = given["lowest"], given["highest"]
            return _sql(
                f"select count(*) from {{object}} where {{property}} < {low} or {{property}} > {high}"
            )
        case "k_anonymity":
            count = f"sum({given['weight']})" if given.get("weight") else "count(*)"
            some = f" and {count} > 0" if given.get("weight") else ""
            return _sql(
                f"select count(*) from (select 1 from {{object}} group by {', '.join(given['columns'])} "
                f"having {count} < {given.get('k', LEAST)}{some}) as petits"
            )
        case "relationships":
            others = [one for one in manifest.parents(test) if one.unique_id != node.unique_id]
            if len(others) == 1:
                return _sql(
                    "select count(*) from {object} where {property} is not null and {property} not in "
                    f"(select {given['field']} from {others[0].schema}.{others[0].relation} "
                    f"where {given['field']} is not null)"
                )
    return None


def _library(metric: str, **arguments: Any) -> dict[str, Any]:
    return {
        "type": "library",
        "metric": metric,
        **({"arguments": arguments} if arguments else {}),
        "mustBe": 0,
    }


def _sql(query: str) -> dict[str, Any]:
    return {"type": "sql", "query": query, "mustBe": 0}


def _roles(entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    for entry in sorted(entries, key=lambda one: (one.role, one.file)):
        known = {"masque": entry.masked or None, "revue": entry.review}
        yield {
            "role": entry.role,
            "description": entry.reason,
            "access": "read",
            "firstLevelApprovers": entry.approver,
            **_some("customProperties", list(_customs(known))),
        }


def _levels(dataset: Dataset) -> Iterator[dict[str, Any]]:
    """What the standard knows of time: how often, how long, until when."""
    if dataset.refresh:
        yield {
            "property": "frequency",
            "value": dataset.refresh.every,
            "unit": _UNITS[dataset.refresh.unit],
            "description": f"Mis à jour {labels.refresh(dataset.refresh)}.",
        }
    if dataset.retention and dataset.retention.months:
        since = dataset.retention.since
        element = {} if since == words.RECEPTION else {"element": f"{dataset.name}.{since}"}
        yield {
            "property": "retention",
            "value": dataset.retention.months,
            "unit": "m",
            **element,
            "description": labels.retention(dataset.retention),
        }
    if dataset.until:
        yield {"property": "endOfSupport", "value": dataset.until.isoformat()}


def _terms(manifest: Manifest, dataset: Dataset, consumers: Sequence[str]) -> dict[str, Any]:
    successor = manifest.find(dataset.successor) if dataset.successor else None
    return {
        "classification": dataset.classification,
        "baseLegale": dataset.legal_basis,
        "conservation": labels.retention(dataset.retention) if dataset.retention else None,
        "sourceAuthentique": dataset.authority,
        "strategique": dataset.strategic,
        "personnesConcernees": dataset.subjects,
        "destinataires": dataset.recipients,
        "transferts": dataset.transfers,
        "mesures": dataset.measures,
        "consommateurs": list(consumers) or None,
        "remplacePar": successor.label if successor else None,
    }


def _customs(said: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in said.items():
        if value is not None:
            yield {
                "property": name,
                "value": value if isinstance(value, bool | int | list) else str(value),
            }
