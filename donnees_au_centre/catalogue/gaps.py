"""What is still missing in the metadata, for the page of stewards."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from donnees_au_centre import french
from donnees_au_centre.project.datasets import Dataset
from donnees_au_centre.project.metadata import dataset_nodes
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.rules import governing

# Columns are named up to this number, then counted.
_named = partial(french.some, most=5, space="\u00a0")


@dataclass(frozen=True)
class Gap:
    """One thing to add or to correct.

    Attributes:
        file: where, below the checkout.
        text: what is missing, in French.
        advice: what to do, in French.
        required: `make lint` refuses it; otherwise it would only help readers.
    """

    file: str
    text: str
    advice: str
    required: bool


def gaps_of(dataset: Dataset, checks: Collection[Any]) -> list[Gap]:
    """What would help the readers of a data set, beyond what the rules require.

    Args:
        dataset: its metadata.
        checks: its tests.
    """
    silent = [column.name for column in dataset.columns if not column.description]
    unsaid = [column.name for column in dataset.columns if column.personal is None and not column.protection]
    # Where nothing is said at all, the rules did not ask for it: no person is in the data.
    partly = len(unsaid) < len(dataset.columns)
    found = []
    if not dataset.synonyms:
        found.append(("aucun synonyme", "Ajoutez la clé synonymes : les mots par lesquels on le cherche."))
    if not dataset.description:
        found.append(("aucune description", "Dites ce qu'est une ligne, dans description."))
    if silent:
        found.append((f"sans description : {_named(silent)}", "Décrivez chaque colonne."))
    if unsaid and partly:
        found.append(
            (
                f"sans catégorie de donnée personnelle : {_named(unsaid)}",
                "Dites-la pour chaque colonne (donnee_personnelle), même quand c'est « aucune ».",
            )
        )
    if not checks and dataset.kind == "mart":
        found.append(("aucun contrôle", "Ajoutez au moins un test de clé (data_tests)."))
    return [Gap(dataset.file, text, advice, False) for text, advice in found]


def rule_gaps(manifest: Manifest) -> dict[str, list[Gap]]:
    """What the rules of governance refuse, by unique id of the data set; "" when it is about none of them."""
    known = sorted(
        ((node.unique_id, node.label, node.described_in) for node in dataset_nodes(manifest)),
        # The longest name first: a name may begin another one.
        key=lambda one: -len(one[1]),
    )
    found: dict[str, list[Gap]] = {}
    for rule in governing.RULES:
        for file, message in rule.find(manifest):
            about = next((one for one, label, where in known if where == file and label in message), "")
            found.setdefault(about, []).append(Gap(file, message, rule.advice, True))
    return found


def access_gaps(faults: Iterable[str], past: Iterable[str], soon: Iterable[str]) -> list[Gap]:
    """What the declared access needs: entries to correct, reviews past, reviews near."""
    said = (
        (faults, "Corrigez l'entrée.", True),
        (past, "Faites confirmer l'accès par son approbateur, ou retirez l'entrée.", True),
        (soon, "Demandez à l'approbateur si l'accès sert encore.", False),
    )
    return [
        Gap(line.partition(",")[0].partition(" :")[0], line, advice, required)
        for lines, advice, required in said
        for line in lines
    ]
