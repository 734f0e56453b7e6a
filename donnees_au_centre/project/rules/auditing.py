"""Tests must not copy personal data to where nobody looks after them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from donnees_au_centre.project.nodes import Manifest, Node, file_of, label_of, of_type, parents_of, yaml_of
from donnees_au_centre.project.rules.rule import Fault, rule

NOT_PERSONAL = "aucune"
# What dbt prints of a test is the value of fail_calc: a count tells nothing of a row.
COUNT = "count(*)"


def personal_columns(node: Node) -> list[str]:
    """The columns of a node that its YAML says personal, protected ones included."""
    return [column["name"] for column in node.get("columns", {}).values() if _category(column) is not None]


def _category(column: dict[str, Any]) -> str | None:
    meta = (column.get("config") or {}).get("meta") or column.get("meta") or {}
    category = meta.get("donnee_personnelle")
    return None if category in (None, NOT_PERSONAL) else category


def tests_of_personal_data(manifest: Manifest) -> Iterator[tuple[Node, Node]]:
    """The data tests that read a node with personal columns, and that node."""
    for test in of_type(manifest, "test"):
        for parent in parents_of(manifest, test):
            if personal_columns(parent):
                yield test, parent
                break


def _place(test: Node) -> str:
    return yaml_of(test) or file_of(test)


@rule(
    "echecs-personnels",
    "Retirez store_failures (et store_failures_as) de ce test : make show MODEL=… montre les lignes en cause "
    "à qui a le droit de les lire.",
)
def failures_of_personal_data_are_not_stored(manifest: Manifest) -> Iterator[Fault]:
    """A test of a model with personal columns copies no failing row into the database."""
    for test, tested in tests_of_personal_data(manifest):
        config = test["config"]
        stored = config.get("store_failures_as") or config.get("store_failures")
        if stored and stored != "ephemeral":
            columns = ", ".join(personal_columns(tested))
            yield (
                _place(test),
                f"Le test {label_of(test)} garderait des lignes de {label_of(tested)}, qui a des données "
                f"personnelles ({columns}).",
            )


@rule("mesure-personnelle", "Laissez fail_calc à count(*) : dbt écrit sa valeur dans ses journaux.")
def failures_of_personal_data_are_counted(manifest: Manifest) -> Iterator[Fault]:
    """A test of a model with personal columns reports how many rows fail, and no value of theirs."""
    for test, tested in tests_of_personal_data(manifest):
        calculated = test["config"].get("fail_calc") or COUNT
        if "".join(calculated.split()).lower() != COUNT:
            yield (
                _place(test),
                f"Le test {label_of(test)} de {label_of(tested)}, qui a des données personnelles, rapporte "
                f"{calculated} et non un nombre de lignes.",
            )


RULES = (failures_of_personal_data_are_not_stored, failures_of_personal_data_are_counted)
