"""The audit journal on a real server: who may write it, and what the check finds when somebody cheats."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from donnees_au_centre.audit import Anchor, Verification, anchor_file, keep_anchor, note_run, record, verify
from donnees_au_centre.audit.actor import actor
from donnees_au_centre.audit.anchors import anchor_of, read_anchors
from donnees_au_centre.audit.journal import ACTIONS, identity
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import Settings
from tests.forged_journal import REHASH

EVENTS = 12


@pytest.fixture
def admin(database: str) -> Iterator[psycopg.Connection]:
    """The superuser, on a journal of twelve events."""
    with psycopg.connect(database, autocommit=True) as connection:
        for number in range(EVENTS):
            record(
                connection,
                ACTIONS[number % len(ACTIONS)],
                f"objet {number}",
                {"é": number, "a": [1.50, None]},
            )
        yield connection


@pytest.fixture
def account(admin: psycopg.Connection, database: str) -> Iterator[Callable[..., psycopg.Connection]]:
    """Connects as a new account that is a member of the roles given."""
    made: list[tuple[str, psycopg.Connection]] = []

    def connect(*roles: str) -> psycopg.Connection:
        name = f"essai_audit_{admin.info.backend_pid}_{len(made)}"
        admin.execute(sql.SQL("create role {} login password 'essai'").format(sql.Identifier(name)))
        for role in roles:
            admin.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(name)))
        connection = psycopg.connect(database, user=name, password="essai", autocommit=True)
        made.append((name, connection))
        return connection

    yield connect
    for name, connection in made:
        connection.close()
        admin.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def anchors(connection: psycopg.Connection, *numbers: int) -> list[Anchor]:
    journal = identity(connection)
    rows = connection.execute("select id, condense from audit.evenements order by id").fetchall()
    return [Anchor(journal, number, digest, "") for number, digest in rows if number in numbers]


def cheat(connection: psycopg.Connection, *statements: str) -> None:
    """What a superuser does to hide something: the triggers are off."""
    connection.execute("alter table audit.evenements disable trigger all")
    for statement in statements:
        connection.execute(statement)
    connection.execute("alter table audit.evenements enable always trigger sans_retouche")


INSERT = """
insert into audit.evenements
select
    {number}, fait_le, compte, adresse, systeme, revision, commande, action, 'faux', details,
    precedent, condense
from audit.evenements where id = 5
"""


def found(verification: Verification) -> set[tuple[str, int]]:
    return {(fault.kind, fault.number) for fault in verification.faults}


def test_an_honest_journal_is_whole_and_says_who(admin: psycopg.Connection) -> None:
    verification = verify(admin, anchors(admin, 1, 7, EVENTS))
    assert (verification.faults, verification.rows, verification.anchors) == ((), EVENTS, 3)
    assert verification.can_rewrite
    row = admin.execute(
        "select compte = session_user, adresse, systeme, revision, commande, action, objet, details "
        "from audit.journal where id = 2"
    ).fetchone()
    assert row is not None
    mine, address, system, revision, command, action, objet, details = row
    assert mine and address == "127.0.0.1" and "@" in system and revision and command == actor().command
    assert (action, objet, details) == (ACTIONS[1], "objet 1", {"é": 1, "a": [1.5, None]})


def test_the_time_zone_and_the_date_style_of_the_reader_change_nothing(admin: psycopg.Connection) -> None:
    admin.execute("set timezone = 'Pacific/Apia'")
    admin.execute("set datestyle = 'German'")
    record(admin, "export", "ailleurs", {})
    assert verify(admin).faults == ()


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["update audit.evenements set details = '{\"lignes\": 0}' where id = 5"], {("alteree", 5)}),
        (["update audit.evenements set objet = 'autre' where id = 1"], {("alteree", 1)}),
        (
            ["update audit.evenements set fait_le = fait_le + interval '1 microsecond' where id = 12"],
            {("alteree", 12)},
        ),
        (["update audit.evenements set compte = 'personne' where id = 3"], {("alteree", 3)}),
        (
            ["update audit.evenements set condense = repeat('0', 64) where id = 4"],
            {("alteree", 4), ("lien", 4)},
        ),
        (
            ["update audit.evenements set precedent = repeat('0', 64) where id = 4"],
            {("alteree", 4), ("lien", 3)},
        ),
        (["delete from audit.evenements where id = 6"], {("absente", 6)}),
        (["delete from audit.evenements where id in (6, 7, 9)"], {("absente", 6), ("absente", 9)}),
        (["delete from audit.evenements where id = 1"], {("absente", 1)}),
        ([INSERT.format(number=13)], {("alteree", 13), ("lien", 12)}),
        ([INSERT.format(number=0)], {("alteree", 0), ("lien", 0)}),
        (
            ["delete from audit.evenements where id = 8", INSERT.format(number=8)],
            {("alteree", 8), ("lien", 7), ("lien", 8)},
        ),
        (
            # Rows 4 and 5 change places.
            [
                "update audit.evenements set id = -1 where id = 4",
                "update audit.evenements set id = 4 where id = 5",
                "update audit.evenements set id = 5 where id = -1",
            ],
            {("alteree", 4), ("alteree", 5), ("lien", 3), ("lien", 4), ("lien", 5)},
        ),
        (
            [
                "alter table audit.evenements drop constraint evenements_pkey",
                "insert into audit.evenements select * from audit.evenements where id = 5",
            ],
            {("double", 5)},
        ),
    ],
)
def test_what_a_superuser_changes_is_named(
    admin: psycopg.Connection, statements: list[str], expected: set[tuple[str, int]]
) -> None:
    cheat(admin, *statements)
    verification = verify(admin)
    assert found(verification) == expected
    for fault in verification.faults:
        assert str(fault.number) in fault.message or fault.kind == "lien"


@pytest.mark.parametrize("number", range(1, EVENTS + 1))
def test_a_chain_worked_out_again_is_given_away_by_the_anchors(
    admin: psycopg.Connection, number: int
) -> None:
    kept = anchors(admin, 3, 9, EVENTS)
    cheat(admin, f"update audit.evenements set objet = 'autre' where id = {number}", REHASH)
    assert verify(admin).faults == ()
    first = next(anchor.number for anchor in kept if anchor.number >= number)
    assert found(verify(admin, kept)) == {("ancre", first)}


def test_a_row_taken_out_and_the_rest_renumbered_is_given_away(admin: psycopg.Connection) -> None:
    kept = anchors(admin, 3, EVENTS)
    cheat(
        admin,
        "delete from audit.evenements where id = 6",
        "update audit.evenements set id = -id where id > 6",
        "update audit.evenements set id = -id - 1 where id < 0",
        REHASH,
    )
    assert verify(admin).faults == ()
    assert found(verify(admin, kept)) == {("coupee", EVENTS)}
    record(admin, "export", "pour cacher le trou", {})
    assert found(verify(admin, kept)) == {("ancre", EVENTS)}


def test_the_tail_cut_off_is_given_away(admin: psycopg.Connection) -> None:
    kept = anchors(admin, 5, EVENTS)
    cheat(admin, "delete from audit.evenements where id > 9")
    assert verify(admin).faults == ()
    (fault,) = verify(admin, kept).faults
    assert (fault.kind, fault.number) == ("coupee", 10)
    assert "10 à 12" in fault.message


def test_a_journal_begun_again_is_given_away(admin: psycopg.Connection) -> None:
    kept = anchors(admin, EVENTS)
    admin.execute("drop schema audit cascade")
    assert found(verify(admin, kept)) == {("remplace", 0)}
    for _ in range(EVENTS + 1):
        record(admin, "export", "neuf", {})
    assert verify(admin).faults == ()
    assert found(verify(admin, kept)) == {("remplace", 0)}
    # An anchor copied by hand does not know its journal.
    assert found(verify(admin, [anchor_of(f"{EVENTS}:{kept[0].digest}")])) == {("ancre", EVENTS)}


@pytest.mark.parametrize(
    "statement",
    [
        "update audit.evenements set objet = 'x'",
        "update audit.evenements set objet = 'x' where false",
        "delete from audit.evenements where id = 3",
        "truncate audit.evenements",
    ],
)
def test_triggers_stop_even_the_superuser_and_the_owner(admin: psycopg.Connection, statement: str) -> None:
    for prelude in ("reset role", "set role audit_proprietaire", "set session_replication_role = replica"):
        admin.execute("reset role")
        admin.execute(prelude)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="ne se modifie pas"):
            admin.execute(statement)
    admin.execute("reset role")
    assert verify(admin).rows == EVENTS


def test_a_platform_account_adds_and_does_nothing_else(
    admin: psycopg.Connection, account: Callable[..., psycopg.Connection]
) -> None:
    writer = account("audit_ecriture")
    head = record(writer, "chargement", "essai", {})
    assert head.number == EVENTS + 1
    for statement in (
        "select * from audit.journal",
        "select * from audit.evenements",
        "insert into audit.evenements select * from audit.evenements",
        "update audit.evenements set objet = 'x'",
        "delete from audit.evenements",
        "truncate audit.evenements",
        "alter table audit.evenements disable trigger all",
        "drop table audit.evenements",
        "drop schema audit cascade",
        "create table audit.autre (a text)",
        "set role audit_proprietaire",
        "create or replace function audit.noter(text, text, jsonb, text, text, text) returns void "
        "language sql as ''",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            writer.execute(statement)
    assert admin.execute(
        "select compte = %s from audit.journal where id = 13", [writer.info.user]
    ).fetchone() == (True,)
    verification = verify(admin, [Anchor(identity(admin), head.number, head.digest, "")])
    assert verification.faults == ()


def test_an_auditor_reads_and_checks_and_others_see_nothing(
    admin: psycopg.Connection, account: Callable[..., psycopg.Connection]
) -> None:
    auditor, stranger = account("audit_auditeur"), account()
    verification = verify(auditor, anchors(admin, EVENTS))
    assert (verification.rows, verification.faults, verification.can_rewrite) == (EVENTS, (), False)
    for statement in (
        "select * from audit.evenements",
        "update audit.journal set objet = 'x'",
        "delete from audit.journal",
        "insert into audit.journal select * from audit.journal",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            auditor.execute(statement)
    for other in (auditor, stranger):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            record(other, "export", "essai", {})
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        stranger.execute("select * from audit.journal")
    cheat(admin, "delete from audit.evenements where id = 6")
    assert found(verify(auditor)) == {("absente", 6)}


def test_events_of_several_writers_make_one_chain(admin: psycopg.Connection, database: str) -> None:
    def write() -> None:
        with psycopg.connect(database) as connection:
            for number in range(20):
                record(connection, "export", f"essai {number}", {})
                (connection.rollback if number % 5 == 0 else connection.commit)()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verification = verify(admin)
    assert verification.faults == ()
    assert verification.rows == EVENTS + 4 * 16


def test_an_event_is_kept_with_its_transaction_or_not_at_all(
    admin: psycopg.Connection, database: str
) -> None:
    admin.execute("create table dossiers as select 1 as numero")
    with psycopg.connect(database) as connection:
        connection.execute("delete from dossiers")
        record(connection, "purge", "dossiers", {"lignes": 1})
        connection.rollback()
    assert verify(admin).rows == EVENTS
    assert admin.execute("select count(*) from dossiers").fetchone() == (1,)


def test_a_journal_is_made_by_an_account_that_may_and_by_no_other(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as admin:
        maker, plain = (f"essai_{word}_{admin.info.backend_pid}" for word in ("createur", "simple"))
        admin.execute(f"create role {maker} login createrole password 'essai'")
        admin.execute(f"create role {plain} login password 'essai'")
        admin.execute(f"grant create on database {admin.info.dbname} to {maker}")
        for role in ("audit_proprietaire", "audit_ecriture", "audit_auditeur", "audit_lecture"):
            # The roles may be there from another database; whoever makes them has this right on them.
            if not admin.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
                admin.execute(f"create role {role}")
            admin.execute(f"grant {role} to {maker} with admin true, inherit false, set false")
        try:
            with (
                psycopg.connect(database, user=plain, password="essai", autocommit=True) as connection,
                pytest.raises(PlatformError) as refused,
            ):
                record(connection, "export", "essai", {})
            assert "structure.sql" in str(refused.value)
            with psycopg.connect(database, user=maker, password="essai", autocommit=True) as connection:
                record(connection, "export", "essai", {})
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("set role audit_proprietaire")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("delete from audit.evenements")
            assert verify(admin).rows == 1
        finally:
            admin.execute(f"drop owned by {maker}, {plain} cascade")
            admin.execute(f"drop role {maker}, {plain}")


def test_a_run_keeps_its_anchor_outside_the_database(database: str, tmp_path: Path) -> None:
    settings = replace(Settings.load({}), build=tmp_path / "build")
    first = note_run(settings, database, "construction", "tout", {"noeuds": 1})
    second = note_run(settings, database, "chargement", "age", {"lignes": 2})
    kept = read_anchors(anchor_file(settings))
    assert [(anchor.number, anchor.digest) for anchor in kept] == [
        (first.number, first.digest),
        (second.number, second.digest),
    ]
    with psycopg.connect(database, autocommit=True) as connection:
        assert verify(connection, kept).faults == ()
        assert connection.execute("select details from audit.journal where id = 2").fetchone() == (
            {"cible": "dev", "lignes": 2},
        )
        assert keep_anchor(settings, connection) == second
        connection.execute("drop function audit.noter")
        connection.execute("create function audit.noter() returns int language sql as 'select 1'")
    with pytest.raises(PlatformError, match="Le travail est fait"):
        note_run(settings, database, "construction", "tout", {})


def test_a_bad_anchor_is_refused_in_french(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"journal": "x"}\n')
    with pytest.raises(PlatformError, match="ligne 1"):
        read_anchors(tmp_path / "a.jsonl")
    with pytest.raises(PlatformError, match="ANCRE"):
        anchor_of("12")
