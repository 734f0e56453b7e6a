"""A bad day, once everything else was looked at: bad files, bad models, and what they leave behind."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from subprocess import CompletedProcess

import pytest

from donnees_au_centre.settings import DEFAULT_DATABASE
from tests.e2e.conftest import Checkout

DIRECT = "identifiant_direct"
# Shorter values (a code, a first name) also stand in texts that are about nobody.
SHORTEST = 8
# What commands write. What was received stays in the landing zone and the server, for those who may read it.
MADE = ("target", "build", "logs", ".dagster")
BAD_FILES = {
    "agmj/prisons/prisons_2026.json": b'[{"id": "prison-une", "kind": "prison", ',
    "sg/agents/agents_2026.xlsx": b"ceci n'est pas un classeur",
    "sg/index/index_2026-01-01.csv": b"valid_since;rank\n01/01/2026;1\n",
}


@dataclass
class Troubles:
    """What was said of a bad day.

    Attributes:
        checkout: as it is afterwards.
        alone: `make build` of the bad models only.
        whole: `make demo` with bad files and bad models.
    """

    checkout: Checkout
    alone: CompletedProcess[str]
    whole: CompletedProcess[str]


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


def manifest(checkout: Checkout) -> dict:
    return json.loads((checkout.folder / "target" / DEFAULT_DATABASE / "manifest.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def troubles(built: Checkout, people: dict[str, set[str]]) -> Troubles:
    """Models, one a source table with people, that fail on their values; then bad files too."""
    write_bad_models(built, people)
    alone = built.command("build", SELECT="faute_*")
    for name, content in BAD_FILES.items():
        (built.landing / name).write_bytes(content)
    places = built.landing / "ags/points_verts"
    corrected = sorted(places.glob("*.json"))[0]
    corrected.write_text(corrected.read_text("utf-8").replace('"Modifié"', '"Annulé"'), "utf-8")
    (places / "notes de réunion.txt").write_text("rien à voir")
    return Troubles(built, alone, built.command("demo"))


def write_bad_models(built: Checkout, people: dict[str, set[str]]) -> None:
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


def holding(checkout: Checkout, people: dict[str, set[str]]) -> list[str]:
    """The values of people in what commands wrote: `file:value`."""
    values = set().union(*people.values())
    # As they are, and as JSON writes them; grep looks for all of them in one pass.
    forms = {form for value in values for form in (value, json.dumps(value)[1:-1])}
    places = [place for name in MADE if (place := checkout.folder / name).exists()]
    found = subprocess.run(
        ["grep", "--recursive", "--text", "--only-matching", "--fixed-strings", "--file=-", *places],
        input="\n".join(sorted(forms)).encode(), capture_output=True, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    assert found.returncode in (0, 1), found.stderr
    return found.stdout.decode("utf-8", "replace").splitlines()


def test_a_bad_file_of_each_format_stops_nothing_else(troubles: Troubles) -> None:
    checkout, said = troubles.checkout, troubles.whole.stdout + troubles.whole.stderr
    assert troubles.whole.returncode == 1, said
    # The message gives the file, what is wrong and what to do.
    for name in BAD_FILES:
        assert name in said
    assert "index" in said and "valid_since" in said
    assert "Que faire" in said
    assert "notes de réunion.txt" in said
    # What is good went on, with the corrected file, and what had been loaded before stays.
    assert checkout.ask("select count(*) from ags.fct_marche where statut = 'Modifié'") == [(0,)]
    assert checkout.ask("select count(*) > 0 from ags.fct_marche where est_annulee") == [(True,)]
    assert checkout.ask("select count(*) > 0 from agmj.dim_prison") == [(True,)]
    failed = {line["table"] for line in checkout.summary()["sources"] if line["failure"]}
    assert failed == {"prisons", "agents", "index_traitements"}
    assert checkout.summary()["unmatched"] == ["ags/points_verts/notes de réunion.txt"]


def test_a_failing_build_leaves_nobody_in_logs_and_artefacts(
    troubles: Troubles, people: dict[str, set[str]]
) -> None:
    alone, whole = troubles.alone, troubles.whole
    assert (alone.returncode, whole.returncode) == (1, 1)
    assert "SQLSTATE 22P02" in alone.stdout, alone.stdout + alone.stderr
    said = alone.stdout + alone.stderr + whole.stdout + whole.stderr
    assert "SQLSTATE 22P02" in whole.stdout + whole.stderr
    assert [value for values in people.values() for value in values if value in said] == []
    assert holding(troubles.checkout, people) == []


def test_what_the_platform_keeps_of_its_work_names_nobody(
    troubles: Troubles, people: dict[str, set[str]]
) -> None:
    places = troubles.checkout.ask(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_schema in ('audit', 'plateforme', 'data_platform', 'tests') "
        "or table_name like '%\\_ecarts'"
    )
    assert len(places) > 10
    held = {}
    for (place,) in places:
        text = "\n".join(row for (row,) in troubles.checkout.ask(f"select t.*::text from {place} as t"))
        if named := [value for values in people.values() for value in values if value in text]:
            held[place] = named[:3]
    assert held == {}
