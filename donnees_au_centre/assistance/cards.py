"""The card of a data set or of another model: what its YAML says of it, key by named key.

Taken from the manifest: names, descriptions, types, who answers for it, its governance, its neighbours, and
which tests there are. Never taken: SQL, written or compiled; the arguments and conditions of tests, which
hold values; rows of unit tests; meta that is not governance; what a source's `external` says.
"""

from __future__ import annotations

from collections.abc import Iterator

from donnees_au_centre.assistance.item import DATASET, MODEL, Item
from donnees_au_centre.catalogue import labels
from donnees_au_centre.catalogue.origins import Origins, origins
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.datasets import Dataset, Responsible, read_datasets
from donnees_au_centre.project.nodes import Column, DataTest, Manifest, Node

# Generic test -> what it checks; of another, its name alone. Not `labels.check`: it lists admitted values.
TESTS = {
    "not_null": "toujours remplie",
    "unique": "jamais deux fois la même valeur",
    "accepted_values": "une liste fermée de valeurs",
    "relationships": "chaque valeur existe dans la table à laquelle elle renvoie",
    "unique_combination": "une seule ligne par combinaison de clés",
    "within_range": "entre deux bornes",
}


def cards(manifest: Manifest) -> Iterator[Item]:
    """The data sets, then the private models and the reference tables."""
    datasets = {one.unique_id: one for one in read_datasets(manifest)}
    around = origins(manifest, set(datasets))
    tests: dict[str, list[DataTest]] = {}
    for test in (*manifest.checks, *manifest.own_unit_tests):
        for about in [test.tested_id] if test.tested_id else test.reads:
            tests.setdefault(str(about), []).append(test)
    for unique_id, dataset in datasets.items():
        node = manifest.node(unique_id)
        text = [
            f"# {dataset.name}",
            *_head(node, labels.KINDS[dataset.kind], dataset.domain, dataset.file),
            *_governance(manifest, dataset),
            *_neighbours(manifest, around[unique_id]),
            *_columns(node),
            *_tests(tests.get(unique_id, [])),
        ]
        yield Item(DATASET, dataset.name, _first(node), "\n".join(text), (_table(node), *dataset.synonyms))
    for node in manifest.of_type("model", "seed", "snapshot"):
        if node.unique_id not in datasets:
            kind = (
                "Table de référence (seed)"
                if node.kind == "seed"
                else f"Modèle de {node.layer or 'dbt'}, privé"
            )
            text = [
                f"# {node.label}",
                *_head(node, kind, node.domain, node.described_in),
                *_reads(manifest, node),
                *_columns(node),
                *_tests(tests.get(node.unique_id, [])),
            ]
            yield Item(MODEL, node.label, _first(node), "\n".join(text), (_table(node),))


def _table(node: Node) -> str:
    return f"{node.schema}.{node.relation}"


def _first(node: Node) -> str:
    first, dot, _ = " ".join(node.description.split()).partition(". ")
    return first + dot.strip()


def _head(node: Node, kind: str, domain: str, file: str) -> Iterator[str]:
    yield f"{kind} du domaine {domain}, table {_table(node)}, décrit dans {file}."
    yield ""
    yield node.description.strip() or "Sans description."
    yield ""


def _governance(manifest: Manifest, one: Dataset) -> Iterator[str]:
    yield f"- Propriétaire : {_who(one.owner)}"
    yield f"- Gestionnaire : {_who(one.steward)}"
    said = {
        "Classification": one.classification,
        "Finalité": one.purpose,
        "Base légale": one.legal_basis,
        "Conservation": labels.retention(one.retention) if one.retention else None,
        "Source authentique": one.authority,
        "Mise à jour promise": labels.refresh(one.refresh) if one.refresh else None,
        "Personnes concernées": one.subjects,
        "Destinataires": one.recipients,
        "Mesures": one.measures,
        "Synonymes": ", ".join(one.synonyms) or None,
        "Offert jusqu'au": f"{one.until:%d/%m/%Y}" if one.until else None,
    }
    yield from (f"- {name} : {' '.join(text.split())}" for name, text in said.items() if text)
    if one.successor and (successor := manifest.find(one.successor)):
        yield f"- Remplacé par : {successor.label}"
    if one.strategic:
        yield "- Jeu stratégique"
    yield ""


def _who(person: Responsible | None) -> str:
    return f"{person.function} ({person.email})" if person else "personne ne l'a dit"


def _neighbours(manifest: Manifest, around: Origins) -> Iterator[str]:
    for title, found in (
        ("Fait de", [manifest.node(one).label for one in around.above]),
        ("En passant par", around.steps),
        ("Lu par", [manifest.node(one).label for one in around.below]),
    ):
        if found:
            yield f"- {title} : {', '.join(found)}"
    yield ""


def _reads(manifest: Manifest, node: Node) -> Iterator[str]:
    above = [found.label for one in node.reads if (found := manifest.find(one))]
    below = [found.label for one in manifest.readers(node.unique_id) if (found := manifest.find(one))]
    tests = {test.label for test in (*manifest.tests, *manifest.own_unit_tests)}
    for title, found_labels in (("Lit", above), ("Lu par", [one for one in below if one not in tests])):
        if found_labels:
            yield f"- {title} : {', '.join(found_labels)}"
    yield ""


def _columns(node: Node) -> Iterator[str]:
    yield "## Colonnes"
    yield ""
    yield from (_column(column) for column in node.columns.values())
    if not node.columns:
        yield "Aucune colonne n'est décrite."
    yield ""


def _column(column: Column) -> str:
    said = [column.data_type]
    if column.category in words.CATEGORIES:
        said.append(f"donnée personnelle : {labels.CATEGORIES[column.category].lower()}")
    if column.protection in labels.PROTECTIONS:
        said.append(labels.PROTECTIONS[column.protection])
    about = ", ".join(one for one in said if one)
    described = " ".join(column.description.split()) or "sans description"
    return f"- `{column.name}`{f' ({about})' if about else ''} : {described}"


def _tests(found: list[DataTest]) -> Iterator[str]:
    yield "## Contrôles"
    yield ""
    told = []
    for test in found:
        column = f"`{test.column_name}` : " if test.column_name else ""
        described = " ".join(test.description.split())
        if test.kind == "unit_test":
            told.append(f"- test unitaire {test.name}{f' : {described}' if described else ''}")
        else:
            says = described or TESTS.get(test.generic) or test.generic or test.name
            told.append(f"- {column}{says} ({test.severity})")
    yield from dict.fromkeys(told) if told else ["Aucun."]
