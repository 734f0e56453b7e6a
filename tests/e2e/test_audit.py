"""The audit on the sample: what a run leaves behind, and what `make audit-check` says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg
import pytest

from orchestration.settings import DEFAULT_DATABASE
from orchestration.warehouse import EmbeddedServer
from tests.e2e.conftest import Checkout

DIRECT = "identifiant_direct"
# Shorter values (a code, a first name) also stand in texts that are about nobody.
SHORTEST = 8
# What was received is in the landing zone and in the server, for those who may read it.
RECEIVED = ("landing", ".warehouse")


@pytest.fixture(scope="module")
def built(checkout: Checkout) -> Checkout:
    done = checkout.command("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout


@pytest.fixture(scope="module")
def people(built: Checkout) -> dict[str, set[str]]:
    """Source table -> the values of its columns that name a person."""
    values: dict[str, set[str]] = {}
    for source in manifest(built)["sources"].values():
        for column in source["columns"].values():
            if (column["config"].get("meta") or {}).get("donnee_personnelle") == DIRECT:
                table = f"{source['schema']}.{source['identifier']}"
                found = built.ask(f'select distinct "{column["name"]}" from {table}')
                kept = {value.strip() for (value,) in found if value and len(value.strip()) >= SHORTEST}
                values.setdefault(table, set()).update(kept)
    assert len(values) >= 3
    assert sum(map(len, values.values())) > 100
    return values


def cheat(checkout: Checkout, *statements: str) -> None:
    """What a superuser does to the journal: the triggers are off."""
    conninfo = EmbeddedServer(checkout.folder / ".warehouse").start().conninfo(DEFAULT_DATABASE)
    with psycopg.connect(conninfo) as connection:
        connection.execute("alter table audit.evenements disable trigger all")
        for statement in statements:
            connection.execute(statement)
        connection.execute("alter table audit.evenements enable always trigger sans_retouche")


def manifest(checkout: Checkout) -> dict:
    return json.loads((checkout.folder / "target" / DEFAULT_DATABASE / "manifest.json").read_text("utf-8"))


@pytest.fixture
def faulty(built: Checkout, people: dict[str, set[str]]) -> Iterator[Checkout]:
    """A model a source table, each of which fails on the values of people."""
    added = []
    for source in manifest(built)["sources"].values():
        if f"{source['schema']}.{source['identifier']}" not in people:
            continue
        columns = [
            name
            for name, column in source["columns"].items()
            if (column["config"].get("meta") or {}).get("donnee_personnelle") == DIRECT
        ]
        reads = f"{{{{ source('{source['source_name']}', '{source['name']}') }}}}"
        for column in columns:
            name = f"faute_{source['name']}_{column}".lower()
            path = built.folder / f"models/{source['fqn'][1]}/staging/{source['source_name']}/{name}.sql"
            path.write_text(
                "{{ config(materialized='table') }}"
                f"select cast('x' || \"{column}\" as integer) as n from {reads} where \"{column}\" <> ''",
                "utf-8",
            )
            added.append(path)
    yield built
    for path in added:
        path.unlink()


def holding(checkout: Checkout, people: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Files of the checkout that hold the value of a person, with that value."""
    wanted = sorted(set().union(*people.values()))
    found = []
    for path in checkout.folder.rglob("*"):
        place = path.relative_to(checkout.folder)
        if not path.is_file() or place.parts[0] in RECEIVED or place.parts[0] not in (
            "target", "build", "logs", ".dagster",
        ):  # fmt: skip
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        escaped = "\\u" in text
        for value in wanted:
            if value in text or (escaped and json.dumps(value)[1:-1] in text):
                found.append((str(place), value))
    return found


def test_a_failing_build_leaves_nobody_in_logs_and_artefacts(
    faulty: Checkout, people: dict[str, set[str]]
) -> None:
    alone = faulty.command("build", SELECT="faute_*")
    assert alone.returncode == 1
    assert "SQLSTATE 22P02" in alone.stdout, alone.stdout + alone.stderr
    whole = faulty.command("demo")
    assert whole.returncode == 1
    said = alone.stdout + alone.stderr + whole.stdout + whole.stderr
    assert "SQLSTATE 22P02" in whole.stdout + whole.stderr
    assert [value for values in people.values() for value in values if value in said] == []
    assert holding(faulty, people) == []


def test_what_the_platform_keeps_of_its_work_names_nobody(
    built: Checkout, people: dict[str, set[str]]
) -> None:
    places = built.ask(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_schema in ('audit', 'plateforme', 'data_platform', 'tests') "
        "or table_name like '%\\_ecarts'"
    )
    assert len(places) > 10
    held = {}
    for (place,) in places:
        text = "\n".join(row for (row,) in built.ask(f"select t.*::text from {place} as t"))
        if named := [value for values in people.values() for value in values if value in text]:
            held[place] = named[:3]
    assert held == {}


def test_the_journal_is_whole_after_a_run_and_says_when_it_is_not(built: Checkout) -> None:
    assert built.summary()["audit"]["ancre"]
    done = built.command("audit-check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pgaudit" in done.stdout and "Ancre à garder" in done.stdout
    actions = {action for (action,) in built.ask("select distinct action from audit.journal")}
    assert {"chargement", "construction"} <= actions
    assert built.command("audit-check", ANCRE=built.summary()["audit"]["ancre"]).returncode == 0
    cheat(built, "update audit.evenements set objet = objet || '.' where id = 2")
    refused = built.command("audit-check")
    assert refused.returncode == 1
    assert "Ligne 2 : son contenu n'est plus celui noté." in refused.stdout
    assert "Que faire" in refused.stderr
    cheat(built, "update audit.evenements set objet = rtrim(objet, '.') where id = 2")
    assert built.command("audit-check").returncode == 0
    last = built.ask("select max(id) from audit.journal")[0][0]
    cheat(built, f"create table public.coupe as select * from audit.evenements where id = {last}")
    cheat(built, f"delete from audit.evenements where id = {last}")
    refused = built.command("audit-check")
    assert refused.returncode == 1
    assert "la fin du journal a été coupée" in refused.stdout
    cheat(built, "insert into audit.evenements select * from public.coupe", "drop table public.coupe")
    assert built.command("audit-check").returncode == 0
