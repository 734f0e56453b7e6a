"""One name, one meaning: what marts call alike is alike, and has one name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.project.nodes import Column, Manifest, Node
from donnees_au_centre.project.rules.offering import marts
from donnees_au_centre.project.rules.rule import Fault, rule

DICTIONARY = Path(__file__).parents[1] / "conformed.yml"
# Of a column that is kept one version beside the one that replaces it.
FORMER = "ancien_nom"


@cache
def conformed() -> Mapping[str, Mapping[str, Any]]:
    """The conformed columns by name: sens and type, texts; au_lieu_de, a list of names."""
    said: Mapping[str, Mapping[str, Any]] = yaml.safe_load(DICTIONARY.read_text(encoding="utf-8"))
    return said


@rule(
    "nom-conforme",
    "Prenez le nom et le sens de donnees_au_centre/project/conformed.yml, ou un autre nom ; "
    "gardez l'ancien une version : config: {meta: {ancien_nom: {remplace_par: …, retire_le: AAAA-MM-JJ}}}.",
)
def names_are_conformed(manifest: Manifest) -> Iterator[Fault]:
    """A mart's column has the conformed name of its meaning, and the conformed meaning of its name."""
    refused = {name: right for right, one in conformed().items() for name in one["au_lieu_de"]}
    for mart, column in _columns(manifest):
        name, known = column.name, conformed().get(column.name)
        if name in refused:
            yield _at(mart, f"{mart.name}.{name} s'appelle ailleurs {refused[name]}.")
        elif known and not column.description.lstrip().startswith(known["sens"]):
            yield _at(mart, f"{mart.name}.{name} n'est pas décrite comme ailleurs : « {known['sens']}… ».")


@rule(
    "type-conforme",
    "Donnez-leur un même type (celui de donnees_au_centre/project/conformed.yml s'il y est), ou deux noms.",
)
def types_are_conformed(manifest: Manifest) -> Iterator[Fault]:
    """Columns of one name have one type in all marts."""
    places: dict[str, dict[str, list[Node]]] = defaultdict(lambda: defaultdict(list))
    for mart, column in _columns(manifest):
        if column.data_type:
            places[column.name][_type(column.data_type)].append(mart)
    for name, by_type in places.items():
        known = conformed().get(name)
        usual = _type(known["type"]) if known else max(by_type, key=lambda one: len(by_type[one]))
        for other in by_type.keys() - {usual}:
            for mart in by_type[other]:
                yield _at(mart, f"{mart.name}.{name} est {other}, et {usual} ailleurs.")


@rule(
    "ancien-nom",
    "Écrivez ancien_nom: {remplace_par: <colonne du même mart>, retire_le: AAAA-MM-JJ}, et le nouveau nom "
    "dans la description.",
)
def former_names_lead_to_the_new_one(manifest: Manifest) -> Iterator[Fault]:
    """A former name says which column replaces it, and until when it is kept."""
    for mart in marts(manifest):
        for column in mart.columns.values():
            former = column.meta.get(FORMER)
            if former is None:
                continue
            said = former if isinstance(former, Mapping) else {}
            new, until = said.get("remplace_par"), said.get("retire_le")
            if not until or new not in mart.columns or str(new) not in column.description:
                yield _at(mart, f"{mart.name}.{column.name} ne dit pas par quoi, ni quand, on la remplace.")


def _columns(manifest: Manifest) -> Iterator[tuple[Node, Column]]:
    """The columns of the marts, but those of former names."""
    for mart in marts(manifest):
        for column in mart.columns.values():
            if FORMER not in column.meta:
                yield mart, column


def _type(text: str) -> str:
    return "".join(text.lower().split())


def _at(mart: Node, message: str) -> Fault:
    return mart.described_in, message


RULES = (names_are_conformed, types_are_conformed, former_names_lead_to_the_new_one)
