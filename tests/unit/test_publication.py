"""Which marts stay as they were: those in fault, what was made of them, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from donnees_au_centre.building.publication import Mart, withheld
from donnees_au_centre.history.recording import word_of
from donnees_au_centre.project.versions import (
    HELD,
    LONGEST,
    built_at,
    candidate_name,
    mart_of,
    offered_name,
)


def model(name: str, domain: str, *reads: str, layer: str = "marts") -> Any:
    return SimpleNamespace(
        unique_id=f"model.{name}", name=name, resource_type="model", fqn=["p", domain, layer, name],
        depends_on_nodes=[f"model.{one}" for one in reads],
    )  # fmt: skip


def control(
    name: str, domain: str, *reads: str, attached: str | None = None, group: str | None = None
) -> Any:
    """A generic test when it is attached to a model, a singular one else."""
    return SimpleNamespace(
        unique_id=f"test.{name}", name=name, resource_type="test", fqn=["p", domain, name],
        depends_on_nodes=[f"model.{one}" for one in reads],
        attached_node=f"model.{attached}" if attached else None,
        test_metadata=SimpleNamespace(name="unique") if attached else None,
        config=SimpleNamespace(group=group),
    )  # fmt: skip


NODES = (
    model("dim_commune", "commun"),
    model("int_ecoles", "age", "dim_commune", layer="intermediate"),
    model("dim_ecole", "age", "int_ecoles"),
    model("fct_places", "age"),
    model("fct_tout", "transversal", "dim_ecole"),
    control("ecole_unique", "age", "dim_ecole", attached="dim_ecole"),
    control("ecole_dans_une_commune", "age", "dim_ecole", "dim_commune", attached="dim_ecole"),
    control("somme", "age", "fct_places", "dim_commune", group="age"),
)


def held(statuses: Mapping[str, str], together: bool) -> dict[str, str]:
    nodes = {node.unique_id: node for node in NODES}
    marts = [
        Mart(node.unique_id, node.fqn[1], node.fqn[1], node.name, "")
        for node in NODES
        if node.fqn[2] == "marts"
    ]
    results = [SimpleNamespace(node=node, status=statuses.get(node.name, "success")) for node in NODES]
    return {name.partition(".")[2]: why for name, why in withheld(marts, results, nodes, together).items()}


@pytest.mark.parametrize("together", [True, False])
def test_nothing_stays_when_all_passed_or_only_warned(together: bool) -> None:
    assert held({"ecole_unique": "warn"}, together) == {}


def test_a_failed_test_keeps_its_mart_and_what_was_made_of_it() -> None:
    assert held({"ecole_unique": "fail"}, together=False) == {
        "dim_ecole": "à corriger d'abord : ecole_unique",
        "fct_tout": "dim_ecole, qu'il lit ou que lit son domaine, n'est pas offert",
    }


def test_together_the_whole_domain_stays() -> None:
    found = held({"somme": "fail"}, together=True)
    assert found.keys() == {"dim_ecole", "fct_places", "fct_tout"}
    assert found["fct_places"] == found["dim_ecole"] == "à corriger d'abord : somme"


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("name", ["ecole_dans_une_commune", "somme"])
@pytest.mark.parametrize("status", ["fail", "error", "skipped"])
def test_a_domain_that_a_test_only_looks_at_goes_on(name: str, status: str, together: bool) -> None:
    assert "dim_commune" not in held({name: status}, together)


def test_what_is_not_built_keeps_the_rest_of_its_domain_only_where_others_read() -> None:
    statuses = {"int_ecoles": "error", "dim_ecole": "skipped", "fct_tout": "skipped"}
    assert held(statuses, together=False).keys() == {"dim_ecole", "fct_tout"}
    found = held(statuses, together=True)
    assert found.keys() == {"dim_ecole", "fct_places", "fct_tout"}
    assert found["fct_places"] == "à corriger d'abord : int_ecoles"


def test_the_marts_of_a_domain_that_stay_hold_what_reads_them_through_a_private_table() -> None:
    found = held({"dim_commune": "error"}, together=False)
    assert found.keys() == {"dim_commune", "dim_ecole", "fct_tout"}


def test_a_version_says_its_mart_and_when_it_was_built() -> None:
    begun = datetime(2026, 11, 29, 4, 12, 33, 123000, tzinfo=UTC)
    candidate = candidate_name("dim_ecole", begun)
    assert candidate == "dim_ecole__c20261129_041233_123"
    version = offered_name(candidate)
    assert mart_of("age_versions", version) == mart_of("age_versions", candidate) == ("age", "dim_ecole")
    assert built_at(version) == begun
    assert built_at("dim_ecole__v00000000_000000_000") is None
    assert mart_of("age", version) == ("age", version)
    assert len(candidate_name("x" * LONGEST, begun)) == 63


def test_a_mart_that_is_not_offered_is_a_fault_of_the_history() -> None:
    assert word_of("skipped", f"{HELD} : à corriger d'abord : x.") == "echec"
    assert word_of("skipped", "") == "saute"
    assert word_of("pass", "") == "reussi"
