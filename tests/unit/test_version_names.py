"""Two versions of a mart are never taken for one another: each is named as its readers know it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from donnees_au_centre.cli import new_model
from donnees_au_centre.cli.project import find_model
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.pages.quality.site import _dataset_page
from donnees_au_centre.pages.workbooks.faults import _target
from donnees_au_centre.portability.export import collect_views
from donnees_au_centre.portability.places import place_of_test
from donnees_au_centre.project.nodes import DataTest, Manifest
from donnees_au_centre.project.unreadable import files_named
from donnees_au_centre.summary.collect import _named
from tests.unit import manifests
from tests.unit.manifests import PROJECT, good_manifest

MART = f"model.{PROJECT}.dim_ecole"


@pytest.fixture
def manifest() -> Manifest:
    """The good manifest, with two versions of dim_ecole."""
    content = good_manifest()
    for one in manifests.versions(content["nodes"].pop(MART), "2027-06-01"):
        content["nodes"][one["unique_id"]] = one
    return Manifest(content)


def test_make_show_takes_the_name_of_the_table(manifest: Manifest) -> None:
    found = [find_model(manifest, name).unique_id for name in ("dim_ecole", "dim_ecole_v2")]
    assert found == [f"{MART}.v1", f"{MART}.v2"]
    with pytest.raises(PlatformError, match="dim_ecole_v1 n'existe pas"):
        find_model(manifest, "dim_ecole_v1")


def test_a_new_model_reads_the_latest(manifest: Manifest) -> None:
    node = new_model.choose_upstream(manifest, "transversal", "dim_ecole_active", "marts", "dim_ecole")
    assert node.unique_id == f"{MART}.v2"
    columns = [new_model.Column("fase", "Clé.", "text")]
    files = new_model.model_files("transversal", "dim_ecole_active", "marts", node, columns, "fase")
    assert "{{ ref('dim_ecole') }}" in files["models/transversal/marts/dim_ecole_active.sql"]


def test_each_has_its_view_for_denodo(manifest: Manifest) -> None:
    compiled = {f"{MART}.v{number}": "select fase" for number in (1, 2)}
    marts = {"nodes": {one: node for one, node in manifest.content["nodes"].items() if one in compiled}}
    views = collect_views(Manifest(marts), compiled, Path("."))
    assert [one.name for one in views] == ["dim_ecole", "dim_ecole_v2"]


@pytest.mark.parametrize(
    ("said", "about"),
    [
        ("ref('dim_ecole')", f"{MART}.v2"),
        ('ref("dim_ecole", v=1)', f"{MART}.v1"),
        ("ref('dim_ecole', version='1')", f"{MART}.v1"),
        ("ref('fct_marche')", f"model.{PROJECT}.fct_marche"),
        ("source('ecoles', 'ecoles')", f"source.{PROJECT}.ecoles.ecoles"),
    ],
)
def test_a_test_refers_to_the_version_that_it_names(manifest: Manifest, said: str, about: str) -> None:
    reads = [f"{MART}.v1", f"{MART}.v2", f"model.{PROJECT}.fct_marche", f"source.{PROJECT}.ecoles.ecoles"]
    test = DataTest({"depends_on": {"nodes": reads}})
    assert _target(manifest, test, said) == about
    with pytest.raises(psycopg.ProgrammingError):
        _target(manifest, test, "ref('dim_autre')")


def test_a_test_of_a_version_is_found_below_the_model(tmp_path: Path) -> None:
    (tmp_path / "dim.yml").write_text(
        "models:\n  - name: dim_ecole\n    columns:\n      - name: fase\n        data_tests: [unique]\n",
        encoding="utf-8",
    )
    node: Any = SimpleNamespace(
        original_file_path="dim.yml",
        test_metadata=SimpleNamespace(name="unique"),
        attached_node=f"{MART}.v2",
        column_name="fase",
        depends_on=SimpleNamespace(nodes=[]),
    )
    place = place_of_test(tmp_path, node)
    assert (place.line, place.call) == (5, "test unique de dim_ecole.fase")


def test_a_message_about_a_version_names_its_file(tmp_path: Path) -> None:
    for name in ("dim_ecole", "dim_ecole_v2"):
        (tmp_path / "models/age/marts").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"models/age/marts/{name}.sql").write_text("select 1", encoding="utf-8")
    assert files_named(f"{MART}.v2", tmp_path) == ["models/age/marts/dim_ecole_v2.sql"]
    assert files_named(f"{MART}.v1", tmp_path) == ["models/age/marts/dim_ecole.sql"]


def test_pages_and_the_summary_name_the_table(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "jeux").mkdir()
    (tmp_path / "jeux/age.dim_ecole_v2.html").touch()
    page = "../../catalogue/jeux/age.dim_ecole_v2.html"
    assert _dataset_page(tmp_path, "age", f"{MART}.v2", "dim_ecole_v2") == page
    assert _dataset_page(tmp_path, "age", f"{MART}.v1", "dim_ecole") == ""
    assert _named(manifest, f"{MART}.v2", "model") == "dim_ecole_v2"
    assert _named(manifest, f"unit_test.{PROJECT}.dim_ecole.cas_v2", "unit_test") == "dim_ecole.cas_v2"
