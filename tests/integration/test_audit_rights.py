"""Who reads what was received as received, and who has a part in the journal: by connecting as each role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from donnees_au_centre.access import apply_access
from donnees_au_centre.audit import record, verify
from donnees_au_centre.audit.definitions import Condition, check_definitions
from donnees_au_centre.audit.journal import ACTIONS
from donnees_au_centre.audit.reading import grant_reading
from donnees_au_centre.audit.rights import grant_rights
from donnees_au_centre.cli.access import note_rights, read_declaration
from donnees_au_centre.cli.audit import PARTS
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.project import parse
from donnees_au_centre.settings import ROOT, Settings
from donnees_au_centre.warehouse import EmbeddedServer
from tests.access_project import drop_with_roles
from tests.memory import recall
from tests.small_project import environment

DATABASE = "essai_audit_droits"
LOADED = ("agaj", "agmj", "sg")
TRACED = ("raw_agmj", "mandats")


@pytest.fixture(scope="module")
def shared(
    server: EmbeddedServer, systems: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, list[str]]]:
    """The raw tables of the sample, with the declared rights; its connection and the roles."""
    folder = tmp_path_factory.mktemp("audit")
    server.ensure_database(DATABASE)
    conninfo = server.start().conninfo(DATABASE)
    settings = replace(Settings.load({}), target_path=folder / "target", build=folder / "build")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(conninfo).items():
            patch.setenv(name, value)
        recall(settings)
        manifest = parse(settings).manifest
    load_landing(conninfo, ROOT / "landing", read_declarations(manifest.sources.values()), LOADED)
    declaration = read_declaration(settings, manifest)
    changes = apply_access(conninfo, declaration).changes
    note_rights(settings, conninfo, changes)
    # What pgaudit traces is no access, and stays when access is applied again.
    with psycopg.connect(conninfo, autocommit=True) as admin:
        grant_reading(admin, {TRACED})
    assert apply_access(conninfo, declaration).changes == []
    with psycopg.connect(conninfo, autocommit=True) as admin:
        assert admin.execute(
            "select has_table_privilege('audit_lecture', %s, 'select')", [".".join(TRACED)]
        ).fetchone() == (True,)
    yield conninfo, sorted(declaration.roles)
    drop_with_roles(server, DATABASE, declaration.roles)


@contextmanager
def connected(conninfo: str, role: str) -> Iterator[psycopg.Connection]:
    """A session of a new account that has this role and nothing else."""
    name = sql.Identifier(f"compte_{role}")
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute(sql.SQL("create role {} login password 'essai'").format(name))
        admin.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), name))
        try:
            with psycopg.connect(
                conninfo, user=f"compte_{role}", password="essai", autocommit=True
            ) as connection:
                yield connection
        finally:
            admin.execute(sql.SQL("drop role {}").format(name))


def allowed(connection: psycopg.Connection, statement: str | sql.Composed) -> bool:
    try:
        connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def test_what_was_received_is_read_by_the_entitled_roles_alone(shared: tuple[str, list[str]]) -> None:
    conninfo, roles = shared
    with psycopg.connect(conninfo) as admin:
        tables = admin.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema = any(%s) order by 1, 2",
            [[f"raw_{domain}" for domain in LOADED]],
        ).fetchall()
    assert ("raw_agaj", "rejets_chargement") in tables and len(tables) >= 6
    read = {}
    for role in roles:
        with connected(conninfo, role) as connection:
            for schema, table in tables:
                query = sql.SQL("select * from {} limit 1").format(sql.Identifier(schema, table))
                if allowed(connection, query):
                    read.setdefault((schema, table), set()).add(role)
    for (schema, table), readers in read.items():
        domain = schema.removeprefix("raw_")
        # The platform's own accounts, those of the requests of persons, and one role for people.
        entitled = {"chargeur", f"{domain}_donnees_brutes", "droits_des_personnes"}
        if table != "rejets_chargement":
            entitled.add(f"dbt_{domain}")
        assert readers <= entitled, (schema, table, readers - entitled)
        assert f"{domain}_donnees_brutes" in readers
    assert set(read) == set(tables)


def test_each_role_has_its_part_in_the_journal_and_no_more(shared: tuple[str, list[str]]) -> None:
    conninfo, roles = shared
    writers = {
        "chargeur": {"chargement"},
        "dbt_.+": {"construction", "export", "purge"},
        "droits_des_personnes": {"acces_personne", "effacement", "rectification", "purge"},
    }
    with psycopg.connect(conninfo, autocommit=True) as admin:
        assert "rapport" in grant_rights(admin)
    for role in roles:
        with connected(conninfo, role) as connection:
            noted = set()
            for action in ACTIONS:
                with suppress(psycopg.errors.InsufficientPrivilege):
                    record(connection, action, role, {})
                    noted.add(action)
            entitled = [actions for pattern, actions in writers.items() if re.fullmatch(pattern, role)]
            assert noted == set().union(*entitled), role
            assert allowed(connection, "select count(*) from audit.journal") == (role == "rapport"), role
            for statement in (
                "select * from audit.evenements",
                "insert into audit.evenements select * from audit.evenements",
                "update audit.evenements set objet = ''",
                "delete from audit.evenements",
                "truncate audit.evenements",
                "create table audit.autre (a text)",
                "set role audit_proprietaire",
                "set role audit_ecriture",
            ):
                assert not allowed(connection, statement), (role, statement)
    with psycopg.connect(conninfo, autocommit=True) as admin:
        assert verify(admin).faults == ()
        # What is declared is known; nothing else is.
        assert check_definitions(admin, PARTS) == Condition((), ())
        first = admin.execute(
            "select action, details ? 'changements' from audit.journal where id = 1"
        ).fetchone()
        assert first == ("droits", True)


def test_the_rights_of_the_journal_outlive_those_of_access(shared: tuple[str, list[str]]) -> None:
    conninfo, _ = shared
    with psycopg.connect(conninfo) as admin:
        rights = "select array_agg(a.*::text order by a.*::text) from pg_class, aclexplode(relacl) as a "
        rights += "where relnamespace = 'audit'::regnamespace"
        before = admin.execute(rights).fetchone()
        grant_rights(admin)
        assert admin.execute(rights).fetchone() == before
