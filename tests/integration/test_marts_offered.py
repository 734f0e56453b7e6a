"""Readers know a mart by a view that stays: new tables are offered together or not at all, or go back."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from benchmarks.readers import FAULTS, LONGEST, measure
from donnees_au_centre.building import offering, publication
from donnees_au_centre.building.dbt_run import DbtRun
from donnees_au_centre.building.orphans import find_orphans
from donnees_au_centre.building.results import NodeResult
from donnees_au_centre.cli.rollback import rollback
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.project import parse
from donnees_au_centre.project.versions import offered_name
from donnees_au_centre.settings import Settings
from tests.campaigns import long
from tests.memory import recall
from tests.small_project import SmallProject, borrowing_macros, environment, small_project

OURS = borrowing_macros("vars: {patience_verrou: 2}").replace(
    "models:\n  donnees_au_centre:\n", "models:\n  donnees_au_centre:\n    +persist_docs: {relation: true}\n"
)
MARTS = "models/age/marts"
# Reads two marts of one publication: torn when their editions differ.
EDITION = "select cast({} as text) as fase, {} as edition"


@pytest.fixture
def small(tmp_path: Path, database: str) -> Iterator[SmallProject]:
    with small_project(tmp_path, database, {"dbt_project.yml": OURS}) as project:
        recall(shared(project))
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
        "where n.nspname like '%\\_versions' and c.relkind = 'r' and c.relname like '%\\_\\_%' order by 1"
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
    # The next good build goes forward; from it, one goes back to what was shown, not to what was withdrawn.
    set_edition(small, 3)
    small.write(f"{MARTS}/dim_ecoles.sql", EDITION.format(1, 3) + ", 'plus' as note")
    build(small)
    assert small.query("select * from age.dim_ecoles") == [("1", 3, "plus")]
    assert rollback(settings, {"AG": "age", **base}) == 0
    assert small.query("select * from age.dim_ecoles") == [("1", 1, None)]


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


# dbt and nothing of ours, as often as a line comes: its imports are half of what a build costs here.
PLAIN_DBT = """
import sys
from dbt.cli.main import dbtRunner
for _ in sys.stdin:
    print("done" if dbtRunner().invoke(sys.argv[1:]).success else "failed", flush=True)
"""


def test_plain_dbt_offers_mart_by_mart(small: SmallProject) -> None:
    target = small.root / "target" / "dbt"
    recall(replace(small.settings, target="dev", target_path=target))
    options = {"project-dir": small.root, "profiles-dir": small.root / "profiles", "target-path": target}
    arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    with subprocess.Popen(
        [sys.executable, "-c", PLAIN_DBT, "build", "--target", "dev", "--quiet", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as dbt:  # fmt: skip
        assert dbt.stdin and dbt.stdout
        for number in (1, 2, 3):
            set_edition(small, number)
            print(file=dbt.stdin, flush=True)
            assert dbt.stdout.readline() == "done\n"
            assert editions(small) == (number, number, number)
        dbt.stdin.close()
    assert len(tables(small)) == 6


def test_what_a_killed_build_left_goes_at_the_next_publication_of_its_domain(small: SmallProject) -> None:
    set_edition(small, 1)
    build(small)
    with psycopg.connect(small.conninfo, autocommit=True) as connection:
        # Of a mart that the next build does not make; the other is no mart's, and `make orphans` names it.
        connection.execute("create table age_versions.dim_batiments__c20200101_000000_000 (fase text)")
        connection.execute("create table age_versions.dim_vieille__c20200101_000000_000 (fase text)")
        assert build(small, "dim_ecoles")["dim_ecoles"] == "success"
        assert [name for name in tables(small) if "__c" in name] == ["dim_vieille__c20200101_000000_000"]
        found = [one.label for one in find_orphans(connection, parse(small.settings).manifest)]
        assert found == ["age_versions.dim_vieille__c20200101_000000_000"]
        # What somebody reads in our place, or holds, is left, and costs the build nothing.
        old = next(name for name in tables(small) if name.startswith("dim_batiments__v"))
        connection.execute(
            f"create materialized view public.photo as select * from age_versions.{old}".encode()
        )
        set_edition(small, 2)
        assert set(build(small, "age").values()) == {"success", "pass"}
        assert set(build(small, "age").values()) == {"success", "pass"}
        assert old in tables(small)


def test_a_seed_that_fails_keeps_its_domain_as_it_was(small: SmallProject) -> None:
    small.write("seeds/age/codes.csv", "code\n1\n")
    small.write("dbt_project.yml", OURS + "seeds: {donnees_au_centre: {+group: age}}\n")
    small.write("seeds/age/_seeds.yml", "seeds: [{name: codes, config: {column_types: {code: integer}}}]")
    set_edition(small, 1)
    build(small)
    set_edition(small, 2)
    small.write("seeds/age/codes.csv", "code\nun\n")
    found = build(small)
    assert found["codes"] == "error"
    assert "pas offert : à corriger d'abord : codes" in found["dim_ecoles"]
    assert editions(small) == (1, 1, 1)


def test_a_test_over_two_domains_keeps_both_whole_and_a_warning_none(small: SmallProject) -> None:
    set_edition(small, 1)
    small.write("models/transversal/marts/fct_seul.sql", EDITION.format(1, 1))
    build(small)
    set_edition(small, 2)
    small.write("models/transversal/marts/fct_tout.sql", EDITION.format(1, 2))
    small.write("models/transversal/marts/fct_seul.sql", EDITION.format(1, 2))
    both = (
        "select 1 from {{ ref('dim_batiments') }} as b "
        "inner join {{ ref('fct_tout') }} as t on b.fase = t.fase"
    )
    small.write("tests/singular/age/deux.sql", "{{ config(severity='warn') }} " + both)
    assert build(small)["deux"] == "warn"
    assert editions(small) == (2, 2, 2)
    set_edition(small, 3)
    small.write("models/transversal/marts/fct_tout.sql", EDITION.format(1, 3))
    small.write("models/transversal/marts/fct_seul.sql", EDITION.format(1, 3))
    small.write("tests/singular/age/deux.sql", both.replace("b.fase = t.fase", "1 / 0 = 1"))
    assert build(small)["deux"] == "error"
    assert editions(small) == (2, 2, 2)
    assert small.query("select edition from transversal.fct_seul") == [(2,)]


def test_one_snapshot_over_a_publication_finds_no_mart_empty(
    small: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a repeatable read transaction reads first before a build, and reads next after its publication."""
    set_edition(small, 1)
    build(small)
    said: list[str] = []
    with psycopg.connect(small.conninfo) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("select edition from transversal.fct_tout")
        set_edition(small, 2)
        building = threading.Thread(target=lambda: said.extend(build(small, "age").values()))
        building.start()
        deadline = time.monotonic() + 60
        while not small.query("select from pg_stat_activity where application_name = 'publication'"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.3)
        assert reader.execute("select edition from age.dim_ecoles").fetchall() == [(1,)]
        reader.commit()
        building.join()
        assert set(said) == {"success", "pass"}
        assert reader.execute("select edition from age.dim_ecoles").fetchall() == [(2,)]
        reader.commit()
        # One that never ends is told of, and stops nobody.
        reader.execute("select 1")
        monkeypatch.setattr(offering, "OLD_READERS", 0.2)
        set_edition(small, 3)
        assert set(build(small, "age").values()) == {"success", "pass"}
        assert editions(small)[:2] == (3, 3)


def test_a_publication_whose_connection_is_lost_is_taken_up_again(
    small: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_edition(small, 1)
    build(small)
    cuts = iter([1, 0])
    whole = publication.offer

    def cut(connection: psycopg.Connection, *given: Any) -> None:
        if next(cuts):
            small.query(f"select pg_terminate_backend({connection.info.backend_pid})")
        whole(connection, *given)

    monkeypatch.setattr(publication, "offer", cut)
    set_edition(small, 2)
    assert set(build(small, "age").values()) == {"success", "pass"}
    assert editions(small)[:2] == (2, 2)
    # Twice: said of the first mart of the domain, and nothing has changed.
    cuts = iter([1, 1])
    set_edition(small, 3)
    refused = [result.message for result in played(small, "age") if result.bad]
    assert len(refused) == 1 and "la connexion à la base a été perdue deux fois" in refused[0]
    assert editions(small)[:2] == (2, 2)
    # Lost after it was done, and before it was known.
    monkeypatch.setattr(publication, "offer", lambda *given: (whole(*given), cut_after(given[0])))
    done = iter([1, 0])

    def cut_after(connection: psycopg.Connection) -> None:
        if next(done):
            small.query(f"select pg_terminate_backend({connection.info.backend_pid})")
            connection.execute("select 1")

    assert set(build(small, "age").values()) == {"success", "pass"}
    assert editions(small)[:2] == (3, 3)


def test_readers_that_leave_no_mart_alone_do_not_keep_new_ones_from_coming(database: str) -> None:
    """Eight marts, always read two at a time for 50 ms: within 20 ms each, they are never free together."""
    marts = [f"m{number}" for number in range(8)]
    done, faults = threading.Event(), []

    def make(stamp: str) -> list[dict[str, str]]:
        for mart in marts:
            table = f"create table age_versions.{mart}__c{stamp} as select '{stamp}' as edition"
            admin.execute(table.encode())
        return [
            {"schema": "age", "nom": mart, "candidate": f"{mart}__c{stamp}", "version": f"{mart}__v{stamp}"}
            for mart in marts
        ]

    def read(number: int) -> None:
        chance = random.Random(number)
        with psycopg.connect(database, autocommit=True) as connection:
            while not done.is_set():
                a, b = chance.sample(marts, 2)
                both = f"select a.edition = b.edition, pg_sleep(0.05) from age.{a} as a, age.{b} as b"
                begun = time.monotonic()
                try:
                    (seen,) = connection.execute(both.encode()).fetchall()
                    if not seen[0] or time.monotonic() - begun > 2:
                        faults.append(f"{seen} {time.monotonic() - begun}")
                except psycopg.Error as error:
                    faults.append(str(error))

    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("create schema age")
        admin.execute("create schema age_versions")
        offering.offer(admin, make("20260101_000000_000"), "refuser", print, 60)
        readers = [threading.Thread(target=read, args=(number,)) for number in range(4)]
        for reader in readers:
            reader.start()
        try:
            begun = time.monotonic()
            for number in (1, 2, 3):
                offering.offer(admin, make(f"20260101_000000_00{number}"), "refuser", print, 60)
            assert time.monotonic() - begun < 40
        finally:
            done.set()
            for reader in readers:
                reader.join()
    assert faults == []


def test_any_name_and_an_account_without_rights_over_sessions(database: str) -> None:
    schema, mart = "Âge d'or", "Dim \"É'x.(y)"
    builder, other = (f"essai_{uuid.uuid4().hex[:8]}" for _ in range(2))
    versions = sql.Identifier(f"{schema}_versions")

    def make(stamp: str) -> list[dict[str, str]]:
        candidate = f"{mart}__c{stamp}"
        table = sql.SQL("create table {}.{} as select {} as edition")
        building.execute(table.format(versions, sql.Identifier(candidate), sql.Literal(stamp)))
        return [{"schema": schema, "nom": mart, "candidate": candidate, "version": offered_name(candidate)}]

    def kept() -> list[str]:
        rows = building.execute("select relname from pg_class where relname like 'Dim%__v%' order by 1")
        return [name.rpartition("__v")[2] for (name,) in rows]

    with (
        psycopg.connect(database, autocommit=True) as admin,
        psycopg.connect(database, autocommit=True) as building,
        psycopg.connect(database) as reader,
    ):
        for role in (builder, other):
            admin.execute(f"create role {role}".encode())
            admin.execute(f"grant create on database {admin.info.dbname} to {role}".encode())
        building.execute(f"set role {builder}".encode())
        for name in (sql.Identifier(schema), versions):
            building.execute(sql.SQL("create schema {}").format(name))
        for number in range(4):
            offering.offer(building, make(f"20260101_000000_00{number}"), "refuser", print, 2)
        assert offering.prune(building, [(schema, mart)], 1) == 2
        assert kept() == ["20260101_000000_002", "20260101_000000_003"]
        shown = offering.read_versions(building, [schema])
        assert [(one.name, one.shown) for one in shown] == [(mart, True), (mart, False)]
        # An old snapshot is seen by who may not see what its session does.
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("select 1")
        said: list[str] = []
        (made,) = make("20260101_000000_009")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(offering, "OLD_READERS", 0.1)
            table = (f"{schema}_versions", made["candidate"])
            offering.wait_for_old_readers(building, [table], said.append)
            assert f"la session {reader.info.backend_pid} (rôle " in said[0]
            reader.rollback()
            offering.wait_for_old_readers(building, [table], said.append)
            assert len(said) == 1
        # A view that stayed to another role.
        view = sql.Identifier(schema, mart)
        admin.execute(sql.SQL("alter view {} owner to {}").format(view, sql.Identifier(other)))
        with pytest.raises(PlatformError, match="must be owner of view") as refused:
            offering.offer(building, [made], "refuser", print, 2)
        assert "Prenez le rôle qui construit le domaine" in str(refused.value)
        admin.execute(f"drop owned by {builder}, {other} cascade".encode())
        admin.execute(f"drop role {builder}, {other}".encode())


@pytest.mark.parametrize("rebuilds", [len(FAULTS), pytest.param(300, marks=long)])
def test_readers_see_nothing_of_builds_that_come_fail_and_die(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rebuilds: int
) -> None:
    """Each accident once, and by night more of them than anybody will ever have."""
    for name, value in environment(database).items():
        monkeypatch.setenv(name, value)
    figures = measure(database, tmp_path, rebuilds, readers=3, pause=0.02, seed=1)
    assert figures.faults == []
    assert figures.unexpected == []
    assert figures.dropped == []
    assert figures.orphans == []
    assert figures.longest <= LONGEST
    assert len(figures.reads) == 6 and figures.reads.total() > 20 * rebuilds
    assert figures.published > rebuilds / 2
