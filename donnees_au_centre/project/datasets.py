"""The data sets of the project (source tables and public marts) with what their YAML promises.

Reads dbt's manifest only. What is missing or badly written is None here; the rules of
donnees_au_centre.project.rules.governing say what and where.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.metadata import (
    dataset_nodes,
    governance_of,
    is_count,
    meta_of,
    own_governance_of,
    yaml_file_of,
)
from donnees_au_centre.project.nodes import Manifest, Node, domain_of, label_of


@dataclass(frozen=True)
class Responsible:
    """A function that answers for a data set, never a person.

    Attributes:
        function: French name of the function or service.
        email: functional mailbox.
    """

    function: str
    email: str


@dataclass(frozen=True)
class Retention:
    """How long rows are kept.

    Attributes:
        months: None for ever (public reference data, with a reason).
        since: `reception`, or the column of the date from which months count.
        end: `effacement` or `archivage`.
        reason: why there is no limit, in French; None when there is one.
    """

    months: int | None
    since: str
    end: str
    reason: str | None


@dataclass(frozen=True)
class Refresh:
    """How often new data are promised: every so many units.

    Attributes:
        every: at least 1.
        unit: jour, semaine, mois or annee.
    """

    every: int
    unit: str


@dataclass(frozen=True)
class Column:
    """A declared column.

    Attributes:
        name: as in the database.
        description: French.
        data_type: SQL type; None for a raw column, which is text.
        personal: category of personal data, `aucune` included; None when nothing is said.
        protection: what took the person out of a derived column; None when nothing did.
    """

    name: str
    description: str
    data_type: str | None
    personal: str | None
    protection: str | None

    @property
    def is_personal(self) -> bool:
        """True when the column is said to hold personal data."""
        return self.personal is not None and self.personal != words.NOT_PERSONAL


@dataclass(frozen=True)
class Dataset:
    """A source table or a public mart.

    Attributes:
        unique_id: dbt's.
        kind: source or mart.
        domain: its folder below models/.
        name: `source.table` for a source, the model's name for a mart.
        schema: in the database.
        identifier: relation in that schema.
        file: its YAML, below the checkout.
        description: French.
        owner: who answers for it, by default that of its source, folder or group.
        owner_assigned: True when the data set itself names its owner.
        steward: who looks after it.
        steward_assigned: True when the data set itself names its steward.
        strategic: False when nothing is said.
        classification: public, interne, confidentiel or sensible.
        purpose: what it is for.
        legal_basis: the text that allows or demands it.
        retention: how long rows are kept.
        authority: the authentic source that says what is true.
        refresh: how often new data are promised.
        synonyms: words by which people look for it.
        subjects: whose personal data (Article 30).
        recipients: who receives them.
        transfers: outside the European Union.
        measures: technical and organisational.
        columns: in the order declared.
    """

    unique_id: str
    kind: Literal["source", "mart"]
    domain: str
    name: str
    schema: str
    identifier: str
    file: str
    description: str
    owner: Responsible | None
    owner_assigned: bool
    steward: Responsible | None
    steward_assigned: bool
    strategic: bool
    classification: str | None
    purpose: str | None
    legal_basis: str | None
    retention: Retention | None
    authority: str | None
    refresh: Refresh | None
    synonyms: tuple[str, ...]
    subjects: str | None
    recipients: str | None
    transfers: str | None
    measures: str | None
    columns: tuple[Column, ...]

    @property
    def has_personal_data(self) -> bool:
        """True when at least one column holds personal data, pseudonyms and business contacts included."""
        return any(column.is_personal for column in self.columns)


def read_datasets(manifest: Manifest) -> list[Dataset]:
    """Reads every data set of the project.

    Args:
        manifest: the content of manifest.json.

    Returns:
        The data sets by domain, sources first, then by name.
    """
    found = [_dataset(manifest, node) for node in dataset_nodes(manifest)]
    return sorted(found, key=lambda one: (one.domain, one.kind != "source", one.name))


def responsible(value: Any) -> Responsible | None:
    """Reads `{fonction, courriel}`; None when one of them is missing."""
    if not isinstance(value, Mapping):
        return None
    function, email = _text(value.get("fonction")), _text(value.get("courriel"))
    return Responsible(function, email) if function and email else None


def retention(value: Any) -> Retention | None:
    """Reads `{mois, depuis, sort, motif}`; None when it is no retention."""
    if not isinstance(value, Mapping):
        return None
    months, since = value.get("mois"), _text(value.get("depuis")) or words.RECEPTION
    end, reason = _text(value.get("sort")) or words.ENDS[0], _text(value.get("motif"))
    if months == words.UNLIMITED:
        return Retention(None, since, end, reason)
    return Retention(months, since, end, reason) if is_count(months) else None


def refresh(value: Any) -> Refresh | None:
    """Reads `{tous_les, unite}`; None when it is no refresh."""
    if not isinstance(value, Mapping) or not is_count(value.get("tous_les")):
        return None
    unit = _text(value.get("unite"))
    return Refresh(value["tous_les"], unit) if unit in words.UNITS else None


def _dataset(manifest: Manifest, node: Node) -> Dataset:
    said, own = governance_of(manifest, node), own_governance_of(node)
    is_source = node["resource_type"] == "source"
    classification, synonyms = said.get("classification"), said.get("synonymes")
    return Dataset(
        unique_id=node["unique_id"],
        kind="source" if is_source else "mart",
        domain=domain_of(node),
        name=label_of(node),
        schema=node.get("schema") or domain_of(node),
        identifier=(node.get("identifier") if is_source else node.get("alias")) or node["name"],
        file=yaml_file_of(node),
        description=(node.get("description") or "").strip(),
        owner=responsible(said.get("proprietaire")),
        owner_assigned=responsible(own.get("proprietaire")) is not None,
        steward=responsible(said.get("gestionnaire")),
        steward_assigned=responsible(own.get("gestionnaire")) is not None,
        strategic=said.get("strategique") is True,
        classification=classification if classification in words.CLASSIFICATIONS else None,
        purpose=_text(said.get("finalite")),
        legal_basis=_text(said.get("base_legale")),
        retention=retention(said.get("conservation")),
        authority=_text(said.get("source_authentique")),
        refresh=refresh(said.get("rafraichissement")),
        synonyms=tuple(map(str, synonyms)) if isinstance(synonyms, list) else (),
        subjects=_text(said.get("personnes_concernees")),
        recipients=_text(said.get("destinataires")),
        transfers=_text(said.get("transferts")),
        measures=_text(said.get("mesures")),
        columns=tuple(_column(column) for column in node["columns"].values()),
    )


def _column(column: Mapping[str, Any]) -> Column:
    meta = meta_of(column)
    personal, protection = meta.get("donnee_personnelle"), meta.get("protection")
    return Column(
        name=column["name"],
        description=(column.get("description") or "").strip(),
        data_type=column.get("data_type") or None,
        personal=personal if personal in words.CATEGORIES else None,
        protection=protection if protection in words.PROTECTIONS else None,
    )


def _text(value: Any) -> str | None:
    return " ".join(value.split()) or None if isinstance(value, str) else None
