"""dbt's manifest as an object: what it says of a node, and of what dbt left out."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest

from donnees_au_centre.project.nodes import DataTest, Exposure, Manifest, Node, Source
from tests.unit import manifests
from tests.unit.manifests import PROJECT, good_manifest

MART = f"model.{PROJECT}.dim_ecole"


def test_each_kind_of_node_has_its_own_class() -> None:
    manifest = Manifest(
        {**good_manifest(), "exposures": {"exposure.p.x": {"name": "x", "label": "Pilotage"}}}
    )
    assert {type(node) for node in manifest.own_sources} == {Source}
    assert {type(test) for test in (*manifest.tests, *manifest.own_unit_tests)} == {DataTest}
    assert {type(model) for model in manifest.models} == {Node}
    assert isinstance(manifest.exposures["exposure.p.x"], Exposure)
    assert manifest.exposures["exposure.p.x"].label == "Pilotage"
    assert manifest.groups["age"].steward["email"] == "steward.age@fwb.example"


def test_a_node_says_where_it_stands() -> None:
    mart = Manifest(good_manifest()).node(MART)
    assert (mart.domain, mart.layer, mart.is_mart, mart.label) == ("age", "marts", True, "dim_ecole")
    assert mart.described_in == "models/age/marts/dim_ecole.yml"
    assert Source(manifests.source("age", "ecoles", "places")).label == "ecoles.places"


def test_a_version_has_the_name_that_readers_know() -> None:
    former, latest = map(Node, manifests.versions(good_manifest()["nodes"][MART], "2027-06-01"))
    assert [(one.name, one.label, one.declared) for one in (former, latest)] == [
        ("dim_ecole", "dim_ecole", "dim_ecole"),
        ("dim_ecole_v2", "dim_ecole_v2", "dim_ecole"),
    ]
    assert [(one.version, one.is_latest, one.is_mart) for one in (former, latest)] == [
        ("1", False, True),
        ("2", True, True),
    ]
    assert (former.until, latest.until) == (date(2027, 6, 1), None)
    plain = Node(good_manifest()["nodes"][MART])
    assert (plain.version, plain.is_latest, former.latest_id) == (None, True, latest.unique_id)
    assert Node({"name": "cas", "resource_type": "unit_test", "version": 1}).name == "cas"


def test_what_dbt_leaves_out_is_empty() -> None:
    node = DataTest({"unique_id": "test.p.x", "resource_type": "test", "name": "x"})
    assert (node.description, node.meta, node.columns, node.reads) == ("", {}, {}, [])
    assert (node.generic, node.arguments, node.column_name, node.severity) == ("", {}, None, "error")
    empty = Manifest({})
    assert not (empty.nodes or empty.sources or empty.unit_tests or empty.exposures or empty.groups)
    assert empty.find("model.p.x") is None
    with pytest.raises(KeyError):
        empty.node("model.p.x")


@pytest.mark.parametrize(
    ("said", "about"),
    [
        ({"attached_node": "model.p.a", "depends_on": {"nodes": ["model.p.a", "model.p.b"]}}, "model.p.a"),
        ({"depends_on": {"nodes": ["model.p.a"]}}, "model.p.a"),
        ({"depends_on": {"nodes": ["model.p.a", "model.p.b"]}}, None),
        (
            {
                "depends_on": {"nodes": ["model.p.a", "model.p.b"]},
                "config": {"meta": {"dagster": {"ref": {"name": "b"}}}},
            },
            "model.p.b",
        ),
        (
            {
                "depends_on": {"nodes": ["model.p.b.v1", "model.p.b.v2"]},
                "config": {"meta": {"dagster": {"ref": {"name": "b", "version": 2}}}},
            },
            "model.p.b.v2",
        ),
    ],
)
def test_a_test_is_about_what_it_names(said: dict[str, Any], about: str | None) -> None:
    assert DataTest({"resource_type": "test", "name": "x", **said}).tested_id == about


def test_a_large_manifest_costs_nothing_until_it_is_looked_at() -> None:
    node = good_manifest()["nodes"][MART]
    content = {"metadata": {"project_name": PROJECT}, "nodes": {f"{MART}{n}": node for n in range(10_000)}}
    begun = time.process_time()
    assert len(Manifest(content).models) == 10_000
    assert time.process_time() - begun < 1
