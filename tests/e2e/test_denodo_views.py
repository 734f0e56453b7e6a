"""`make denodo-export` after a build: its scripts, run transpiled, give the rows that dbt built."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import sql

from denodo import check
from donnees_au_centre.portability.compilation import TARGET
from donnees_au_centre.project.reader import PARTIAL_PARSE
from donnees_au_centre.settings import DEFAULT_DATABASE, ROOT, Settings
from donnees_au_centre.warehouse import EmbeddedServer
from tests.denodo import engine, to_postgresql
from tests.e2e.conftest import Checkout
from tests.memory import recall_nowhere

COPY = "donnees_en_vues"
BASES = "vues_de_base"


@pytest.fixture(scope="module")
def scripts(built: Checkout) -> dict[str, str]:
    # What is tried is the export, not one more reading of the whole project, which `make lint` did before.
    there = built.folder / "target" / TARGET
    if (read := ROOT / "target" / TARGET / PARTIAL_PARSE).is_file():
        there.mkdir(parents=True, exist_ok=True)
        shutil.copy(read, there)
    recall_nowhere(replace(Settings.load({}, built.folder), target=TARGET, target_path=there))
    done = built.command("denodo-export")
    assert done.returncode == 0, done.stdout + done.stderr
    paths = sorted((built.folder / "build" / "denodo").glob("*.vql"))
    for path in paths:
        assert path.name in done.stdout
    return {path.name: path.read_text("utf-8") for path in paths}


@pytest.fixture(scope="module")
def nodes(built: Checkout, scripts: dict[str, str]) -> dict[str, dict[str, Any]]:
    """dbt's models and seeds, as it builds them on PostgreSQL."""
    path = built.folder / "target" / DEFAULT_DATABASE / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
    }


@pytest.fixture(scope="module")
def bases(nodes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Models that VQL cannot say: PostgreSQL builds them, Denodo reads them as base views."""
    return {
        name: node
        for name, node in nodes.items()
        if node["config"]["meta"].get("sur_denodo") == "vue_de_base"
    }


@pytest.fixture(scope="module")
def raw_only(built: Checkout, bases: dict[str, dict[str, Any]]) -> Iterator[psycopg.Connection]:
    """The database of the demo with its raw tables, the base views, and nothing else that dbt built."""
    server = EmbeddedServer(built.folder / ".warehouse")
    connection = server.start()
    with psycopg.connect(connection.conninfo("postgres"), autocommit=True) as admin:
        admin.execute(f"drop database if exists {COPY}")
        admin.execute(f"create database {COPY} template {DEFAULT_DATABASE}")
    with psycopg.connect(connection.conninfo(COPY), autocommit=True) as copy:
        schemas = copy.execute(
            """
            select nspname from pg_namespace
            where nspname !~ '^(pg_|raw_|information_schema|public|plateforme)'
            """
        ).fetchall()
        copy.execute(f"create schema {BASES}")
        for node in bases.values():
            copy.execute(f"alter table {node['schema']}.{node['alias']} set schema {BASES}")
        for (schema,) in schemas:
            copy.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
        engine.install(copy)
        yield copy
    server.drop_database(COPY)


def test_a_script_says_what_it_is_and_nothing_that_vql_has_not(scripts: dict[str, str]) -> None:
    assert next(iter(scripts)) == "01_commun.vql"
    for name, text in scripts.items():
        assert "VQL documenté" in text
        assert [finding for finding in check(text, portable=False) if finding.severity == "erreur"] == []
        statements = re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", text)
        assert not re.search(r"\bdrop\b|\blimit\b|\bcascade\b", statements, re.IGNORECASE), name
        assert re.search(r"DESCRIPTION = '[^']*[éèàç]", text), name


def test_every_model_and_seed_is_in_one_script(
    scripts: dict[str, str], nodes: dict[str, dict[str, Any]], bases: dict[str, dict[str, Any]]
) -> None:
    created = Counter(re.findall(r"^CREATE OR REPLACE VIEW (\w+)", "\n".join(scripts.values()), re.MULTILINE))
    assert created == Counter(nodes.keys() - bases.keys())
    headers = "\n".join(text.partition("CONNECT")[0] for text in scripts.values())
    assert bases and all(f"{node['fqn'][1]}.{name}" in headers for name, node in bases.items())


def test_the_views_give_the_rows_that_dbt_built(
    built: Checkout,
    scripts: dict[str, str],
    nodes: dict[str, dict[str, Any]],
    bases: dict[str, dict[str, Any]],
    raw_only: psycopg.Connection,
) -> None:
    make_databases(scripts, bases, raw_only)
    # Each view is computed once: PostgreSQL plans views on views on views blind, for minutes.
    run(scripts, raw_only, materialized=True)
    differing = {}
    total = 0
    for name, node in nodes.items():
        expected = rows_of(built.ask(f"select * from {node['schema']}.{node['alias']}"))
        view = sql.SQL("select * from {}.{}").format(sql.Identifier(node["fqn"][1]), sql.Identifier(name))
        found = rows_of(raw_only.execute(view).fetchall())
        total += expected.total()
        if found != expected:
            missing, more = expected - found, found - expected
            differing[name] = (missing.total(), more.total(), list(missing)[:1], list(more)[:1])
    assert differing == {}
    assert total > 10_000


def test_the_scripts_make_plain_views_as_often_as_one_likes(
    scripts: dict[str, str],
    nodes: dict[str, dict[str, Any]],
    bases: dict[str, dict[str, Any]],
    raw_only: psycopg.Connection,
) -> None:
    make_databases(scripts, bases, raw_only)
    run(scripts, raw_only, materialized=False)
    run(scripts, raw_only, materialized=False)
    views = raw_only.execute(
        "select table_name, obj_description((table_schema || '.' || table_name)::regclass) "
        "from information_schema.views where table_schema = any(%s)",
        [databases(scripts)],
    ).fetchall()
    assert {name for name, _ in views} == set(nodes)
    assert all(description for name, description in views if name not in bases)


def databases(scripts: dict[str, str]) -> list[str]:
    return re.findall(r"^CONNECT DATABASE (\w+);$", "\n".join(scripts.values()), re.MULTILINE)


def make_databases(
    scripts: dict[str, str], bases: dict[str, dict[str, Any]], connection: psycopg.Connection
) -> None:
    """A VDP database is a schema here; the scripts expect that it exists, with its base views."""
    for database in databases(scripts):
        connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(database)))
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(database)))
    for name, node in bases.items():
        connection.execute(f"create view {node['fqn'][1]}.{name} as select * from {BASES}.{name}")


def run(scripts: dict[str, str], connection: psycopg.Connection, *, materialized: bool) -> None:
    for text in scripts.values():
        for statement in to_postgresql(text, materialized=materialized):
            connection.execute(statement)


def rows_of(rows: list[tuple]) -> Counter[tuple]:
    """Rows in any order; 1.50 and 1.5 are the same number."""
    return Counter(tuple(map(plain, row)) for row in rows)


def plain(value: Any) -> Any:
    return value.normalize() if isinstance(value, Decimal) else value
