"""Tests must not copy personal data to where nobody looks after them."""

from __future__ import annotations

from collections.abc import Iterator

from donnees_au_centre.project.nodes import DataTest, Manifest, Node
from donnees_au_centre.project.rules.rule import Fault, rule

# What dbt prints of a test is the value of fail_calc: a count tells nothing of a row.
COUNT = "count(*)"


def personal_columns(node: Node) -> list[str]:
    """The columns of a node that its YAML says personal, protected ones included."""
    return [column.name for column in node.columns.values() if column.is_personal]


def tests_of_personal_data(manifest: Manifest) -> Iterator[tuple[DataTest, Node]]:
    """The data tests that read a node with personal columns, and that node."""
    for test in manifest.tests:
        for parent in manifest.parents(test):
            if personal_columns(parent):
                yield test, parent
                break


@rule(
    "echecs-personnels",
    "Retirez store_failures (et store_failures_as) de ce test : make show MODEL=… montre les lignes en cause "
    "à qui a le droit de les lire.",
)
def failures_of_personal_data_are_not_stored(manifest: Manifest) -> Iterator[Fault]:
    """A test of a model with personal columns copies no failing row into the database."""
    for test, tested in tests_of_personal_data(manifest):
        config = test.config
        stored = config.get("store_failures_as") or config.get("store_failures")
        if stored and stored != "ephemeral":
            columns = ", ".join(personal_columns(tested))
            yield (
                test.described_in,
                f"Le test {test.label} garderait des lignes de {tested.label}, qui a des données "
                f"personnelles ({columns}).",
            )


@rule("mesure-personnelle", "Laissez fail_calc à count(*) : dbt écrit sa valeur dans ses journaux.")
def failures_of_personal_data_are_counted(manifest: Manifest) -> Iterator[Fault]:
    """A test of a model with personal columns reports how many rows fail, and no value of theirs."""
    for test, tested in tests_of_personal_data(manifest):
        calculated = test.config.get("fail_calc") or COUNT
        if "".join(calculated.split()).lower() != COUNT:
            yield (
                test.described_in,
                f"Le test {test.label} de {tested.label}, qui a des données personnelles, rapporte "
                f"{calculated} et non un nombre de lignes.",
            )


RULES = (failures_of_personal_data_are_not_stored, failures_of_personal_data_are_counted)
