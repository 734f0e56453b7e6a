"""Views put in order, seeds written as literals, descriptions escaped; no dbt, no database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.portability.export import (
    View,
    collect_views,
    ordered_parts,
    save_scripts,
    seed_select,
    write_scripts,
)
from donnees_au_centre.project.nodes import Manifest, Node


def view(database: str, name: str, *reads: str, folder: str = "marts", **other: Any) -> View:
    given: dict[str, Any] = {
        "description": "",
        "columns": {},
        "key": (),
        "sql": "select 1 as un",
        "sources": frozenset(),
        **other,
    }
    return View(
        unique_id=f"{database}.{name}", database=database, name=name, folder=folder,
        reads=frozenset(reads), **given,
    )  # fmt: skip


def names(parts: list[tuple[str, list[View]]]) -> list[tuple[str, list[str]]]:
    return [(database, [member.name for member in members]) for database, members in parts]


def test_a_view_comes_after_those_it_reads() -> None:
    views = [
        view("age", "fct_b", "age.int_a"),
        view("age", "int_a", "age.stg_z", folder="intermediate"),
        view("age", "stg_z", folder="staging"),
    ]
    assert names(ordered_parts(views)) == [("age", ["stg_z", "int_a", "fct_b"])]


def test_conformed_dimensions_come_first_and_cross_domain_marts_last() -> None:
    views = [
        view("transversal", "fct_tout", "age.fct_a", "sg.fct_s"),
        view("age", "fct_a", "commun.dim_c"),
        view("commun", "dim_c"),
        view("sg", "fct_s"),
    ]
    assert [database for database, _ in ordered_parts(views)] == ["commun", "age", "sg", "transversal"]


def test_two_domains_that_read_each_other_are_written_in_parts() -> None:
    views = [
        view("age", "fct_a"),
        view("age", "fct_b", "ags.fct_y"),
        view("ags", "fct_x", "age.fct_a"),
        view("ags", "fct_y", "ags.fct_x"),
    ]
    scripts = write_scripts(views, {"age": "Enseignement", "ags": "Sport"})
    assert [script.name for script in scripts] == ["01_age_partie_1.vql", "02_ags.vql", "03_age_partie_2.vql"]
    assert "01_age_partie_1.vql" in scripts[1].text.partition("CONNECT")[0]
    assert "02_ags.vql" in scripts[2].text.partition("CONNECT")[0]


def test_a_circle_is_named() -> None:
    views = [view("age", "fct_a", "age.fct_b"), view("age", "fct_b", "age.fct_a")]
    with pytest.raises(PlatformError, match=r"en rond : age\.fct_a, age\.fct_b"):
        ordered_parts(views)


def test_descriptions_and_keys_stand_in_the_statement() -> None:
    statement = view(
        "age",
        "dim_ecole",
        description="L'école",
        columns={"fase": "Numéro de l'école"},
        key=("fase",),
        sql="select fase\n\n\n\nfrom t;\n",
    ).statement()
    assert statement == (
        "CREATE OR REPLACE VIEW dim_ecole\n"
        "    FOLDER = '/marts'\n"
        "    DESCRIPTION = 'L''école'\n"
        "    PRIMARY KEY ( 'fase' )\n"
        "    (\n"
        "        fase ( DESCRIPTION = 'Numéro de l''école' )\n"
        "    )\n"
        "AS\n"
        "select fase\n\nfrom t\n"
        ";\n"
    )


@pytest.fixture
def seed(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "codes.csv").write_text("code,nombre,debut\nL'un,-1,2024-02-29\n,,\n", "utf-8")
    return {
        "original_file_path": "codes.csv",
        "config": {"column_types": {"code": "text", "nombre": "integer", "debut": "date"}},
    }


def test_a_seed_becomes_a_view_of_typed_literals(seed: dict[str, Any], tmp_path: Path) -> None:
    assert seed_select(Node(seed), tmp_path) == (
        "select cast('L''un' as text) as code, cast(-1 as integer) as nombre, "
        "cast(date '2024-02-29' as date) as debut\n"
        "union all\n"
        "select null as code, null as nombre, null as debut"
    )


def test_a_seed_without_a_row_keeps_its_columns(seed: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "codes.csv").write_text("code,nombre\n", "utf-8")
    assert seed_select(Node(seed), tmp_path) == (
        "select * from (select cast(null as text) as code, cast(null as integer) as nombre) as aucune "
        "where 1 = 0"
    )


@pytest.mark.parametrize(
    ("types", "content", "expected"),
    [
        ({}, "code\nA\n", "le type de code n'est pas déclaré"),
        ({"code": "jsonb"}, "code\nA\n", "le type « jsonb » n'a pas d'équivalent exact"),
        ({"code": "integer"}, "code\nA\n", "« A » n'est pas du type integer"),
        ({"code": "text"}, "", "n'a pas d'en-tête"),
    ],
)
def test_a_seed_that_cannot_be_a_view_is_named(
    types: dict[str, str], content: str, expected: str, tmp_path: Path
) -> None:
    (tmp_path / "codes.csv").write_text(content, "utf-8")
    node = {"original_file_path": "codes.csv", "config": {"column_types": types}}
    with pytest.raises(PlatformError, match=expected) as raised:
        seed_select(Node(node), tmp_path)
    assert "codes.csv" in str(raised.value)


def test_a_key_is_a_column_proved_unique_and_never_null() -> None:
    def test_of(column: str, name: str) -> dict[str, Any]:
        return {
            "resource_type": "test",
            "test_metadata": {"name": name},
            "attached_node": "model.p.dim_a",
            "column_name": column,
        }

    manifest = {
        "sources": {"source.p.s.t": {"schema": "raw_age", "identifier": "t"}},
        "nodes": {
            "model.p.dim_a": {
                "resource_type": "model",
                "name": "dim_a",
                "fqn": ["p", "age", "marts", "dim_a"],
                "description": "Deux\n  lignes.",
                "columns": {"nom": {"description": ""}, "code": {"description": "La clé."}},
                "depends_on": {"nodes": ["source.p.s.t"]},
            },
            "test.1": test_of("nom", "not_null"),
            "test.2": test_of("code", "unique"),
            "test.3": test_of("code", "not_null"),
        },
    }
    (made,) = collect_views(Manifest(manifest), {"model.p.dim_a": "select 1 as code"}, Path("."))
    assert (made.key, made.description, dict(made.columns)) == (
        ("code",),
        "Deux lignes.",
        {"code": "La clé."},
    )
    assert (made.sources, made.reads) == (frozenset({"raw_age.t"}), frozenset())


def test_a_script_that_vql_cannot_run_is_refused() -> None:
    views = [view("age", "fct_a", sql="select distinct on (a) a from age.t")]
    with pytest.raises(PlatformError, match=r"01_age\.vql:\d+:\d+"):
        write_scripts(views, {})


def test_scripts_of_an_earlier_export_go(tmp_path: Path) -> None:
    (tmp_path / "09_ancien.vql").write_text("", "utf-8")
    (path,) = save_scripts(write_scripts([view("age", "fct_a")], {}), tmp_path)
    assert [path] == list(tmp_path.glob("*.vql")) and path.name == "01_age.vql"
    text = path.read_text("utf-8")
    assert "DROP" not in text.upper() and "VQL documenté" in text


def test_a_model_that_has_no_vql_is_a_base_view_that_the_script_asks_for() -> None:
    def model(name: str, folder: str, reads: list[str], **meta: str) -> dict[str, Any]:
        return {
            "resource_type": "model", "name": name, "fqn": ["p", "agaj", folder, name], "description": "",
            "columns": {}, "depends_on": {"nodes": reads}, "config": {"meta": meta},
        }  # fmt: skip

    manifest = {
        "sources": {"source.p.s.t": {"schema": "raw_agaj", "identifier": "t"}},
        "nodes": {
            "model.p.stg_t": model("stg_t", "staging", ["source.p.s.t"], sur_denodo="vue_de_base"),
            "model.p.fct_t": model("fct_t", "marts", ["model.p.stg_t"]),
        },
    }
    views = collect_views(Manifest(manifest), {"model.p.fct_t": "select n from stg_t"}, Path("."))
    assert [(made.name, made.reads, made.made) for made in views] == [
        ("fct_t", frozenset(), frozenset({"agaj.stg_t"}))
    ]
    (script,) = write_scripts(views, {})
    head = script.text.partition("CONNECT")[0].replace("\n--  ", "")
    assert "sur les tables que dbt construit dans PostgreSQL" in head and "agaj.stg_t" in head


def test_a_described_column_that_the_select_does_not_return_is_refused() -> None:
    sql = "with t as (select * from brut.lu), u as (select t.a, 1 as n, 2 as p from t) select * from u"
    with pytest.raises(PlatformError) as refused:
        write_scripts([view("age", "fct_a", sql=sql, columns={"A": "a", "m": "m"}, key=("cle",))], {})
    assert "  age.fct_a : m, cle dans le YAML, non dans le SELECT ; n, p dans le SELECT" in str(refused.value)


def test_the_columns_of_a_view_are_known_to_those_that_read_it() -> None:
    views = [
        view("age", "fct_a", "commun.dim_c", sql="select * from commun.dim_c", columns={"absente": "?"}),
        view("commun", "dim_c", sql="select x from brut.lu"),
    ]
    with pytest.raises(PlatformError, match=r"age\.fct_a : absente dans le YAML"):
        write_scripts(views, {})


@pytest.mark.parametrize(
    "sql",
    [
        "select * from brut.lu",
        "with t as (select * from brut.lu) select t.*, 1 as n from t",
        "select 1 as decrite, 2 as autre",
        "select 1 as decrite union all select c from brut.lu",
        "select x as decrite from (select x from brut.lu) s",
    ],
)
def test_columns_that_are_not_known_or_not_described_pass(sql: str) -> None:
    (script,) = write_scripts([view("age", "fct_a", sql=sql, columns={"decrite": "Décrite"})], {})
    assert "decrite ( DESCRIPTION" in script.text


def test_one_view_is_singular() -> None:
    (script,) = write_scripts([view("age", "fct_a")], {})
    assert script.text.startswith("-- 01_age.vql : 1 vue de la base")
    assert [counted(number, "vue") for number in (1, 2)] == ["1 vue", "2 vues"]
