"""Readers know a mart by a view that stays: new tables are offered together or not at all, or go back."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from donnees_au_centre.building.dbt_run import DbtRun
from donnees_au_centre.building.results import NodeResult
from donnees_au_centre.cli.rollback import rollback
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.project import parse
from donnees_au_centre.settings import ROOT, Settings
from tests.small_project import PROJECT, SmallProject, small_project

OURS = PROJECT.replace(
    "flags: {send_anonymous_usage_stats: false}",
    f"macro-paths: ['{ROOT / 'macros'}']\n"
    "flags: {send_anonymous_usage_stats: false}\n"
    "vars: {patience_verrou: 2}",
).replace(
    "models:\n  donnees_au_centre:\n", "models:\n  donnees_au_centre:\n    +persist_docs: {relation: true}\n"
)
MARTS = "models/age/marts"
# Reads two marts of one publication: torn when their editions differ.
EDITION = "select cast({} as text) as fase, {} as edition"


@pytest.fixture
def small(tmp_path: Path, database: str) -> Iterator[SmallProject]:
    with small_project(tmp_path, database) as project:
        project.write("dbt_project.yml", OURS)
        parsed = parse(project.settings)
        assert parsed.error is None, parsed.error
        load_landing(database, project.settings.landing, read_declarations(parsed.manifest.sources.values()))
        yield project


def shared(project: SmallProject) -> Settings:
    """The settings of the place where others read."""
    return replace(project.settings, target="staging", target_path=project.root / "target" / "staging")


def played(project: SmallProject, selection: str = "*", settings: Settings | None = None) -> list[NodeResult]:
    settings = settings or shared(project)
    parsed = parse(settings)
    assert parsed.error is None, parsed.error
    run = DbtRun(settings, "essai", parsed.project, ["build", "--select", selection])
    results = list(run.results())
    assert run.error is None, run.error
    return [result for result in results if not result.provisional]


def build(project: SmallProject, selection: str = "*", settings: Settings | None = None) -> dict[str, str]:
    return {
        result.unique_id.split(".")[2]: result.message if result.status == "skipped" else result.status
        for result in played(project, selection, settings)
    }


def set_edition(project: SmallProject, number: int) -> None:
    """A key and the number of the edition, in two marts of one domain and one of another."""
    for name in ("dim_ecoles", "dim_batiments"):
        project.write(f"{MARTS}/{name}.sql", EDITION.format(1, number))
    project.write(
        "models/transversal/marts/fct_tout.sql", "select fase, edition from {{ ref('dim_ecoles') }}"
    )


def editions(project: SmallProject) -> tuple[int, int, int]:
    (row,) = project.query(
        "select e.edition, b.edition, t.edition from age.dim_ecoles as e cross join age.dim_batiments as b "
        "cross join transversal.fct_tout as t"
    )
    return row


def tables(project: SmallProject) -> list[str]:
    found = project.query(
        "select relname from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace "
        "where n.nspname like '%\\_versions' and c.relkind = 'r' order by 1"
    )
    return [name for (name,) in found]


def test_what_readers_made_over_a_mart_stays_and_sees_the_new_rows(small: SmallProject) -> None:
    set_edition(small, 1)
    assert set(build(small).values()) == {"success", "pass"}
    with psycopg.connect(small.conninfo, autocommit=True) as connection:
        connection.execute("create schema etudes")
        connection.execute("create view etudes.lecture as select edition from age.dim_ecoles")
        connection.execute("create materialized view etudes.photo as select edition from age.dim_ecoles")
        set_edition(small, 2)
        build(small)
        assert editions(small) == (2, 2, 2)
        assert connection.execute("select * from etudes.lecture").fetchall() == [(2,)]
        assert connection.execute("select * from etudes.photo").fetchall() == [(1,)]
        connection.execute("refresh materialized view etudes.photo")
        assert connection.execute("select * from etudes.photo").fetchall() == [(2,)]
    # The one shown and the one before.
    assert len(tables(small)) == 6
    set_edition(small, 3)
    build(small)
    assert len(tables(small)) == 6


def test_a_table_of_before_becomes_a_version_and_its_readers_read_the_view(small: SmallProject) -> None:
    with psycopg.connect(small.conninfo, autocommit=True) as connection:
        connection.execute("create schema if not exists age")
        connection.execute("create schema etudes")
        connection.execute("create table age.dim_ecoles as select '1' as fase, 0 as edition")
        connection.execute(
            "create view etudes.lecture with (security_barrier) as select edition from age.dim_ecoles"
        )
        set_edition(small, 1)
        build(small)
        assert connection.execute("select * from etudes.lecture").fetchall() == [(1,)]
        assert connection.execute(
            "select reloptions from pg_class where oid = 'etudes.lecture'::regclass"
        ).fetchall() == [(["security_barrier=true"],)]
    assert "dim_ecoles__v00000000_000000_000" in tables(small)


def test_a_failed_test_keeps_the_whole_domain_and_what_reads_it_as_they_were(small: SmallProject) -> None:
    set_edition(small, 1)
    build(small)
    set_edition(small, 2)
    small.write(
        "tests/singular/age/batiments.sql", "select 1 from {{ ref('dim_batiments') }} where edition = 2"
    )
    found = build(small)
    assert found["batiments"] == "fail"
    said = found["dim_ecoles"]
    assert "pas offert : à corriger d'abord : batiments" in said
    assert "les chiffres du " in said and said.endswith(" restent.")
    assert "n'est pas offert" in found["fct_tout"]
    assert editions(small) == (1, 1, 1)
    # Nothing is left of what was not offered.
    assert [name for name in tables(small) if "__c" in name] == []
    # Where nobody else reads, the rest goes on.
    found = build(small, settings=small.settings)
    assert found["dim_ecoles"] == "success"
    assert editions(small) == (2, 1, 2)


def test_the_version_before_comes_back_across_a_new_column_and_is_noted(
    small: SmallProject, capsys: pytest.CaptureFixture[str]
) -> None:
    set_edition(small, 1)
    build(small)
    set_edition(small, 2)
    small.write(f"{MARTS}/dim_ecoles.sql", EDITION.format(1, 2) + ", 'plus' as note")
    build(small)
    assert small.query("select * from age.dim_ecoles") == [("1", 2, "plus")]
    settings = replace(small.settings, target="ci")
    assert rollback(settings, {"AG": "age"}) == 0
    assert editions(small) == (2, 2, 2)
    begun = time.monotonic()
    base = {
        "CONFIRMER": "1",
        "BASE": f"{os.environ['PGDATABASE']}@{os.environ['PGHOST']}:{os.environ['PGPORT']}",
    }
    assert rollback(settings, {"AG": "age", **base}) == 0
    assert time.monotonic() - begun < 5
    assert small.query("select * from age.dim_ecoles") == [("1", 1, None)]
    assert editions(small) == (1, 1, 2)
    noted = small.query("select action, objet, details ->> 'decision' from audit.journal")
    assert noted == [("construction", "age", "retour")]
    with pytest.raises(PlatformError, match="aucune version d'avant"):
        rollback(settings, {"AG": "age"})
    with pytest.raises(PlatformError, match="Il faut dire"):
        rollback(settings, {})
    # The next good build goes forward.
    build(small)
    assert small.query("select * from age.dim_ecoles") == [("1", 2, "plus")]


def test_a_column_is_not_taken_from_readers(small: SmallProject) -> None:
    set_edition(small, 1)
    build(small)
    small.write(f"{MARTS}/dim_batiments.sql", "select '1' as fase, 'un' as edition")
    refused = {result.unique_id.split(".")[2]: result for result in played(small, "age")}
    assert refused["dim_batiments"].bad
    assert "age.dim_batiments n'a plus, ou plus du même type" in refused["dim_batiments"].message
    assert "versions:" in refused["dim_batiments"].message
    assert editions(small) == (1, 1, 1)
    # Where marts are being written the view is made anew, unless somebody's view reads it.
    assert build(small, "dim_batiments", small.settings)["dim_batiments"] == "success"
    with psycopg.connect(small.conninfo, autocommit=True) as connection:
        connection.execute("create view public.lecture as select edition from age.dim_batiments")
        small.write(f"{MARTS}/dim_batiments.sql", "select '1' as fase")
        (refused_again,) = [one for one in played(small, "dim_batiments", small.settings) if one.bad]
        assert "(public.lecture)" in refused_again.message
        connection.execute("drop view public.lecture")
    assert build(small, "dim_batiments", small.settings)["dim_batiments"] == "success"
    # Columns in another order are no change for readers.
    small.write(f"{MARTS}/dim_batiments.sql", "select 7 as rang, '1' as fase")
    assert build(small, "dim_batiments")["dim_batiments"] == "success"
    assert small.query("select * from age.dim_batiments") == [("1", 7)]


def test_plain_dbt_offers_mart_by_mart(small: SmallProject) -> None:
    for number in (1, 2, 3):
        set_edition(small, number)
        subprocess.run(
            [
                sys.executable, "-m", "dbt.cli.main", "build", "--target", "dev", "--quiet",
                "--project-dir", small.root, "--profiles-dir", small.root / "profiles",
                "--target-path", small.root / "target" / "dbt",
            ],
            check=True, env=os.environ, stdout=None,
        )  # fmt: skip
        assert editions(small) == (number, number, number)
    assert len(tables(small)) == 6


def test_readers_see_one_publication_while_builds_come_and_are_killed(small: SmallProject) -> None:
    """The short form of `python -m benchmarks.readers`."""
    set_edition(small, 1)
    build(small)
    done, faults, reads = threading.Event(), [], [0]

    def read() -> None:
        with psycopg.connect(small.conninfo, autocommit=True) as connection:
            while not done.is_set():
                try:
                    row = connection.execute(
                        "select e.edition, b.edition from age.dim_ecoles as e, age.dim_batiments as b"
                    ).fetchone()
                    if row is None or row[0] != row[1]:
                        faults.append(f"torn: {row}")
                    reads[0] += 1
                except psycopg.Error as error:
                    faults.append(str(error))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for number in (2, 3):
            set_edition(small, number)
            assert build(small, "age")["dim_ecoles"] == "success"
        # Its last build was killed before it offered anything.
        with psycopg.connect(small.conninfo, autocommit=True) as connection:
            connection.execute("create table age_versions.dim_ecoles__c20200101_000000_000 (fase text)")
        set_edition(small, 4)
        assert build(small, "age")["dim_ecoles"] == "success"
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert faults == []
    assert reads[0] > 100
    assert editions(small)[:2] == (4, 4)
    assert [name for name in tables(small) if "__c" in name] == []
