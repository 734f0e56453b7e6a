"""Doors beside the declared rights: functions, filters that leak, large objects, locks of strangers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from donnees_au_centre.building.turns import turn
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.history.structure import ensure_history
from donnees_au_centre.history.structure import grant_rights as grant_history_rights
from donnees_au_centre.landing import load_landing
from donnees_au_centre.landing.tables import lock
from donnees_au_centre.notifications.memory import alone, ensure_memory
from donnees_au_centre.pages.workbooks.memory import prepare
from donnees_au_centre.warehouse import EmbeddedServer
from tests.security.prepared import Prepared, prepared
from tests.unit.landing_sources import table

MINE, HIDDEN = "'20'", "'10'"
RUN = {
    "cle": "6f4f8f6e-3f0e-4a38-9d4e-0d1c2b7e9a11", "commencee_le": "2020-01-01T00:00:00Z",
    "terminee_le": "2020-01-01T00:01:00Z", "commande": "build", "lanceur": "essai", "portee": "tout",
    "cible": "dev", "revision": "", "manifeste": "", "version_dbt": "", "issue": "reussi",
}  # fmt: skip
NOTE = f"select historique.noter('{json.dumps(RUN)}', '[]', '[]', '[]')"
PURGES = ("historique.purger", "historique.purger_envois", "plateforme.purger_retours")
# The keys that the platform's advisory locks had, by which anybody stopped it.
KEYS = (
    "hashtextextended('plateforme.structure', 7411)",
    "hashtextextended('raw_age.essai', 7411)",
    "hashtextextended('historique.envois', 7411)",
    "hashtextextended('acces', 7411)",
    "7412, hashtext('age')",
)
READER = "po_essai"


@pytest.fixture(scope="module")
def base(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """The prepared database, with the history and what senders and stewards remember."""
    name = "essai_portes"
    server.ensure_database(name)
    with prepared(server.start().conninfo(name), tmp_path_factory.mktemp("portes") / "projet") as made:
        with made.session() as admin:
            ensure_history(admin)
            ensure_memory(admin)
            prepare(admin)
        grant_rights(made)
        made.apply()
        yield made
    server.drop_database(name)


def grant_rights(base: Prepared) -> None:
    """What `make access` gives of the history."""
    with base.session() as admin:
        grant_history_rights(admin)


def plan_of(base: Prepared, statement: str, role: str = READER) -> str:
    """What EXPLAIN ANALYZE shows a reader."""
    return "\n".join(
        line for (line,) in base.run(f"explain (analyze, verbose, costs off, timing off) {statement}", role)
    )


# Functions that run with more rights than their caller's


@pytest.mark.parametrize("moment", ["null", "'infinity'", "'-infinity'", "now()"])
def test_a_purge_of_no_date_at_all_forgets_nothing(base: Prepared, moment: str) -> None:
    """historique.purger(null) compares with nothing, and everything is older."""
    base.run(NOTE)
    for function in PURGES:
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="90 derniers jours"):
            base.run(f"select {function}({moment})")
    assert base.run("select count(*) from historique.executions") == [(1,)]


def test_who_builds_or_reads_forgets_no_run(base: Prepared) -> None:
    """A builder calls the function that purges, or says its password and deletes."""
    roles = ("dbt_age", "dbt_data_platform", "bi", "rapport", "chargeur")
    says_it = "set historique.purge = 'oui'; delete from historique.executions"
    base.run(NOTE)
    for role in roles:
        base.refuses("select historique.purger('2021-01-01')", role)
        base.refuses("select historique.purger_envois('2021-01-01')", role)
        base.refuses(says_it, role)
        base.run(f"grant usage on schema historique to {role}")
        base.run(f"grant delete on historique.executions to {role}")
        # Given by hand, the right to delete is not enough either.
        assert "ne se modifie pas" in base.refuses(says_it, role)
    planned = "\n".join(base.plan())
    assert all(f'delete on table historique.executions from "{role}"' in planned for role in roles)
    assert base.run("select count(*) from historique.executions") == [(1,)]
    base.apply()
    assert base.plan() == []
    grant_rights(base)


def test_every_function_with_lent_rights_names_its_path_and_its_callers(base: Prepared) -> None:
    """A function that runs as its owner, found by a temporary table of the caller or called by anybody."""
    loose = base.run(
        "select p.oid::regprocedure from pg_proc as p inner join pg_namespace as n on n.oid = p.pronamespace "
        "where p.prosecdef and n.nspname !~ '^(pg_|information_schema)' and ("
        "not coalesce('search_path=pg_catalog, pg_temp' = any(p.proconfig), false) or exists ("
        "select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) where grantee = 0))"
    )
    assert loose == []
    assert base.run("select count(*) > 5 from pg_proc where prosecdef and oid >= 16384") == [(True,)]


# Filtered readers


def test_a_filtered_reader_has_no_right_on_the_table(base: Prepared) -> None:
    """The table itself, its columns or its function of another view."""
    assert base.run("select po, count(*) from age_filtre.dim_ecoles group by po", READER) == [("20", 100)]
    assert base.run("select po, count(*) from age_filtre.dim_ecoles() group by po", READER) == [("20", 100)]
    masked = "select min(po), max(po), count(*), count(nom) from age_masque.dim_ecoles"
    assert base.run(masked, "ecoles_masquees") == [("10", "10", 100, 100)]
    for attempt in (
        "select from age.dim_ecoles",
        "select fase from age.dim_ecoles",
        "begin; lock table age.dim_ecoles in access share mode",
        "select from age_masque.dim_ecoles()",
        "select acces.valeurs('age', 'dim_ecoles')",
        "select contenu from acces.declaration",
        "insert into age.dim_ecoles values ('x')",
    ):
        base.refuses(attempt, READER)
    base.refuses("select from age_filtre.dim_ecoles()", "ecoles_masquees")


@pytest.mark.parametrize("condition", [f"po = {HIDDEN}", f"po = {MINE}", "nom like '%1%'", "true"])
def test_explain_analyze_counts_no_hidden_row(base: Prepared, condition: str) -> None:
    """« Rows Removed by Filter » tells how many rows of others there are, condition by condition."""
    shown = plan_of(base, f"select * from age_filtre.dim_ecoles where {condition}")
    assert "Function Scan on age_filtre.dim_ecoles" in shown
    assert "age.dim_ecoles" not in shown.replace("age_filtre.dim_ecoles", "")
    removed = [int(line.split(": ")[1]) for line in shown.splitlines() if "Removed" in line]
    assert sum(removed) <= 100


def test_a_function_or_a_cast_of_the_reader_meets_no_hidden_row(base: Prepared) -> None:
    """A cheap function that tells what it sees, a cast whose error quotes the value, before the filter."""
    # The first rows of the table are of others: their names would be in the error.
    with pytest.raises(psycopg.errors.InvalidTextRepresentation) as failed:
        base.run("select count(*) from age_filtre.dim_ecoles where cast(nom as integer) > 0", READER)
    name = str(failed.value).split('"')[1].removeprefix("Nom ")
    assert int(name) % 3 == 1
    base.refuses("create function pg_temp.dit(text) returns boolean language sql as 'select true'", READER)
    base.refuses("do $$ begin raise notice 'x'; end $$", READER)
    with pytest.raises(psycopg.errors.DivisionByZero):
        base.run(f"select 1 / (case po when {MINE} then 0 else 1 end) from age_filtre.dim_ecoles", READER)
    assert (
        len(
            base.run(
                f"select 1 / (case po when {HIDDEN} then 0 else 1 end) from age_filtre.dim_ecoles", READER
            )
        )
        == 100
    )


def test_statistics_and_printed_plans_show_no_value_of_a_hidden_row(base: Prepared) -> None:
    """pg_stats keeps frequent values; debug_print_plan shows what runs inside."""
    base.run("analyze age.dim_ecoles", "dbt_age")
    for view in ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"):
        assert base.run(f"select * from {view} where schemaname !~ '^(pg_|information)'", READER) == []
    base.refuses("select * from pg_statistic", READER)
    said: list[str] = []
    with base.session(READER) as connection:
        connection.add_notice_handler(lambda notice: said.append(f"{notice.message_primary}"))
        connection.execute("set client_min_messages = debug1")
        connection.execute("set debug_print_plan = on")
        connection.execute("select * from age_filtre.dim_ecoles")
    # That of the reader's own query, and not that of the function.
    assert said.count("plan:") == 1


def test_who_asks_cannot_pass_for_another(base: Prepared) -> None:
    """The filter reads who calls: a setting, a role or a function of somebody else's would change it."""
    for attempt in (
        "select set_config('role', 'bi', false)",
        "set role dbt_age",
        "set session authorization donnees",
        "reset role; set role ecoles_masquees",
    ):
        base.refuses(attempt, READER)
    count = "select min(po), max(po) from age_filtre.dim_ecoles"
    assert base.run(f"set role none; {count}", READER) == [("20", "20")]
    # Lent by a builder, a function of his asks for whoever calls it.
    base.run(
        "create function age.prete() returns setof text language sql security definer set role = dbt_age "
        "as 'select distinct po from age_filtre.dim_ecoles';"
        "grant execute on function age.prete() to po_essai;"
        "create function age.prete_sans() returns setof text language sql security definer "
        "as 'select distinct po from age_filtre.dim_ecoles';"
        "grant execute on function age.prete_sans() to po_essai",
        "dbt_age",
    )  # fmt: skip
    base.run("grant usage on schema age to po_essai")
    try:
        base.refuses("select age.prete()", READER)
        assert base.run("select age.prete_sans()", READER) == [("20",)]
        assert sum("age.prete" in line and "po_essai" in line for line in base.plan()) == 2
    finally:
        base.run("drop function age.prete(), age.prete_sans(); revoke usage on schema age from po_essai")


def test_a_table_built_again_is_never_seen_without_its_filter(base: Prepared) -> None:
    """dbt swaps the table: between the two, or after, the reader has it whole, or no longer at all."""
    count = "select min(po), max(po) from age_filtre.dim_ecoles"
    with psycopg.connect(base.account("dbt_age")) as builder:
        builder.execute("create table age.neuve as select *, 'x' as ajout from age.dim_ecoles")
        builder.execute("drop table age.dim_ecoles cascade")
        builder.execute("alter table age.neuve rename to dim_ecoles")
        builder.execute("select acces.appliquer('age', 'dim_ecoles')")
    assert base.plan() == []
    assert base.run(count, READER) == [("20", "20")]
    assert base.run("select distinct ajout from age_filtre.dim_ecoles", READER) == [("x",)]
    assert base.run("select distinct ajout from age_masque.dim_ecoles", "ecoles_masquees") == [(None,)]
    base.refuses("select from age.dim_ecoles", READER)


# What everybody had


@pytest.mark.parametrize("role", ["dbt_agaj", "bi", "rapport", "steward_age", "chargeur", READER])
def test_large_objects_pass_no_row_from_role_to_role(base: Prepared, role: str) -> None:
    """Rows put in a large object, given to another role or to all, seen by no list of rights."""
    for attempt in (
        "select lo_from_bytea(0, 'x')", "select lo_create(0)", "select lo_creat(-1)",
        "select lo_open(1, 131072)", "select lo_put(1, 0, 'x')", "select lo_get(1)",
        "select loread(1, 1)", "select lowrite(1, 'x')",
    ):  # fmt: skip
        assert "permission denied for function" in base.refuses(attempt, role)


@pytest.mark.parametrize("role", ["bi", "rapport", "steward_age", "age_donnees_brutes", READER])
def test_readers_leave_nothing_behind_and_run_no_code(base: Prepared, role: str) -> None:
    """Temporary objects, blocks, functions and other databases, which PostgreSQL gives to everybody."""
    for attempt in (
        "create temporary table t (x integer)", "do $$ begin end $$", "create table public.t (x integer)",
        "create function public.f() returns integer language sql as 'select 1'", "create schema s",
    ):  # fmt: skip
        base.refuses(attempt, role)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(base.account(role), dbname="postgres")


# Locks


def test_no_strangers_lock_stops_a_load_a_build_or_a_message(base: Prepared, tmp_path: Path) -> None:
    """pg_advisory_lock, of the keys that the platform uses or of all, held by somebody who only reads."""
    base.refuses("select pg_advisory_lock(1)", "bi")
    # Of their own locks, as clients that pool their connections do (Npgsql, thus Power BI).
    base.run("close all; unlisten *; reset all; select pg_advisory_unlock_all(); discard temp", "bi")
    # As on a server whose administrator left these functions to everybody.
    base.run("grant execute on function pg_advisory_lock(bigint), pg_advisory_lock(integer, integer) to bi")
    (tmp_path / "age/essai").mkdir(parents=True)
    (tmp_path / "age/essai/a.csv").write_text("a,b\n1,2\n")
    with base.session("bi") as stranger, ExitStack() as held:
        for key in KEYS:
            stranger.execute(f"select pg_advisory_lock({key})".encode())
        stranger.execute("begin; select count(*) from age.dim_ecoles")
        begun = time.monotonic()
        assert not load_landing(base.account("chargeur"), tmp_path, [table()]).failed
        builder = held.enter_context(base.session("dbt_age"))
        held.enter_context(turn(builder, {"age": "age"}, print))
        held.enter_context(alone(held.enter_context(base.session())))
        base.apply()
        assert time.monotonic() - begun < 5


def test_the_locks_that_count_are_refused_to_who_may_not_load_or_build(base: Prepared) -> None:
    """LOCK TABLE on the tables by which loads and builds take their turns."""
    with base.session("dbt_age") as builder, turn(builder, {"age": "age"}, print):
        pass
    for role in ("bi", "dbt_agaj", "rapport", "steward_age", READER):
        for name in (
            "age.tour_de_construction",
            "raw_age.ecoles",
            "plateforme.chargements",
            "historique.envois",
        ):
            base.refuses(f"begin; lock table {name} in share update exclusive mode", role)
        with (
            base.session(role) as connection,
            pytest.raises(PlatformError, match="ne peut pas construire"),
            turn(connection, {"age": "age"}, print),
        ):
            pass
    base.refuses("select historique.seul_a_dire()", "dbt_age")


def test_a_load_that_waits_says_for_whom_and_ends(base: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another load of the same table never ends."""
    monkeypatch.setattr("donnees_au_centre.landing.tables.LOAD_PATIENCE", 0.3)
    loader, ecoles = base.account("chargeur"), table(name="ecoles")
    with psycopg.connect(loader) as other, psycopg.connect(loader) as mine:
        for session in (other, mine):
            session.execute("select")
        lock(other, ecoles)
        # A reader of the table stands in nobody's way, and is not named.
        with psycopg.connect(base.account("dbt_age")) as reader:
            reader.execute("select from raw_age.ecoles")
            with pytest.raises(PlatformError, match=f"la session {other.info.backend_pid} ") as refused:
                lock(mine, ecoles)
        assert "; la session" not in str(refused.value)
        other.rollback()
        lock(mine, ecoles)
