"""Every role × every kind of object × every action, from the catalogue: denied unless declared."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.pages.workbooks.memory import prepare
from donnees_au_centre.warehouse import EmbeddedServer
from tests.security.matrix import (
    CLOSED,
    CLOSED_EMBEDDED,
    KINDS,
    RELATIONS,
    Right,
    default_rights,
    faults,
    kinds,
    missing,
    rights,
    usual,
)  # fmt: skip
from tests.security.prepared import Prepared, prepared

# The libpq string of a superuser of another server, where two databases and some roles are made, and dropped.
SERVER = "ESSAI_POSTGRESQL"
# What somebody gives by hand or leaves behind, one of each kind -> what the plan says of it.
GIFTS = {
    "grant select on agaj.fct_dossiers to bi": "revoke all on agaj.fct_dossiers from bi",
    "grant select (nom) on agaj_staging.stg_dossiers to bi":
    "revoke all on agaj_staging.stg_dossiers from bi",
    "grant select on raw_agaj.dossiers to public": "revoke all on raw_agaj.dossiers from public",
    "grant usage on schema raw_agaj to public": "revoke usage on schema \"raw_agaj\" from public",
    "grant truncate on age.dim_ecoles to droits_des_personnes":
    "revoke all on age.dim_ecoles from droits_des_",
    "grant all on plateforme.chargements to chargeur": "revoke all on plateforme.chargements from chargeur",
    "grant select on agaj.fct_dossiers to steward_agaj with grant option":
    "on agaj.fct_dossiers from steward_agaj",
    "create table age.vide (x int); grant all on age.vide to passant": "revoke all on age.vide from passant",
    "create table age_masque.fuite (x int); grant select on age_masque.fuite to steward_age":
    "age_masque.fuite",
    "create table public.t (x int); grant select on public.t to bi": "select on table public.t from \"bi\"",
    "create sequence public.s; grant usage on sequence public.s to public":
    "usage on sequence public.s from public",
    "grant select on pg_authid to bi": "select on table pg_catalog.pg_authid from \"bi\"",
    "grant select (rolpassword) on pg_authid to rapport":
    "select (rolpassword) on table pg_catalog.pg_authid",
    "grant create on schema public to public": "revoke create on schema \"public\" from public",
    "grant create on schema pg_catalog to bi": "create on schema pg_catalog from \"bi\"",
    "grant execute on function pg_read_file(text) to bi": "pg_catalog.pg_read_file(text) from \"bi\"",
    "grant execute on function lo_get(oid) to public": "pg_catalog.lo_get(oid) from public",
    "grant execute on function pg_advisory_lock(bigint) to bi":
    "pg_catalog.pg_advisory_lock(bigint) from \"bi\"",
    "create procedure age.p() language sql as 'select 1'; grant execute on procedure age.p() to public":
    "age.p()",
    "create aggregate agaj.a(integer) (sfunc = int4pl, stype = integer); "
    "grant execute on function agaj.a(integer) to bi": "agaj.a(integer) from \"bi\"",
    "grant execute on function age_filtre.dim_ecoles() to bi": "on function age_filtre.dim_ecoles() from bi",
    "grant execute on function acces.valeurs(text, text) to public": "acces.valeurs(text,text) from public",
    "create domain public.d as text; grant usage on domain public.d to public":
    "usage on type public.d from public",
    "grant usage on language plpgsql to bi": "usage on language \"plpgsql\" from \"bi\"",
    "create foreign data wrapper w; grant usage on foreign data wrapper w to bi":
    "foreign data wrapper w from",
    "create server v foreign data wrapper w; grant usage on foreign server v to bi": "foreign server v from",
    "create user mapping for bi server v": "drop user mapping for bi server v",
    "grant create on tablespace pg_default to bi": "create on tablespace pg_default from \"bi\"",
    "grant set on parameter log_statement to bi": "set on parameter log_statement from \"bi\"",
    "select lo_create(4242); grant select on large object 4242 to bi":
    "select on large object 4242 from \"bi\"",
    "select lo_create(4243); alter large object 4243 owner to dbt_age": "alter large object 4243 owner to",
    "grant temporary on database {database} to bi": "revoke temporary on database",
    "grant connect on database {database} to public": "revoke connect on database",
    "grant agaj_donnees_brutes to bi": "revoke \"agaj_donnees_brutes\" from \"bi\"",
    "grant pg_read_all_data to rapport": "revoke \"pg_read_all_data\" from \"rapport\"",
    "alter role bi bypassrls createrole": "alter role \"bi\"",
    "alter role bi set essai.dit = 'une ligne'": "alter role \"bi\" reset all",
    "alter role bi in database {database} set essai.dit = 'une ligne'": "alter role \"bi\" in database",
    "create function age_filtre.f(\"{{}} {{x}} %s\" text) returns int language sql as 'select 1'":
    "age_filtre\".\"f\"(\"{} {x} %s\" text)",
    "create table public.\"{{}} %s\" (x int); alter table public.\"{{}} %s\" owner to dbt_age":
    "alter table public.\"{} %s\" owner to",
    "alter default privileges for role dbt_agaj in schema agaj grant select on tables to bi":
    "on tables from \"bi\"",
    "alter default privileges for role dbt_agaj grant execute on functions to public":
    "on functions from public",
    "alter default privileges for role dbt_age in schema age grant usage on types to bi":
    "usage on types from",
    "create table public.a_dbt (x int); alter table public.a_dbt owner to dbt_age": "public.a_dbt owner to",
    "create schema autre authorization dbt_agaj": "alter schema autre owner to",
    "create trigger g before update on age.fct_interne execute function suppress_redundant_updates_trigger()":
    "drop trigger g on age.fct_interne",
    "create rule r as on update to age.fct_interne do also select 1": "drop rule r on age.fct_interne",
    "create policy tout on age.fct_interne using (true)": "drop policy if exists tout on age.fct_interne",
    "alter view age_filtre.dim_ecoles set (security_barrier = false)": "create view age_filtre.dim_ecoles",
    "create or replace view age_masque.dim_ecoles with (security_barrier) as select * from age.dim_ecoles":
    "create view age_masque.dim_ecoles",
    "create or replace function age_masque.dim_ecoles() returns table (fase text, nom text, po text) "
    "language sql stable security definer as 'select * from age.dim_ecoles'":
    "create function age_masque.dim_",
    "drop view agaj_staging_masque.stg_dossiers": "create view agaj_staging_masque.stg_dossiers",
    "create function tests.prete() returns setof agaj_staging.stg_dossiers language sql security definer "
    "as 'select * from agaj_staging.stg_dossiers'; grant execute on function tests.prete() to dbt_age":
    "tests.prete() from \"dbt_age\"",
}  # fmt: skip
TRUNCATED = """
select r.rolname, c.oid::regclass
from pg_roles as r, pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
where r.rolname = any(%s) and c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema)'
    and has_table_privilege(r.oid, c.oid, 'truncate') and not has_table_privilege(r.oid, c.oid, 'delete')
"""


@dataclass
class Judged:
    """The prepared database, and what a new role may do in a new one of the same server."""

    base: Prepared
    everybody: set[Right]
    closed: tuple[tuple[str, str, str], ...]

    def faults(self) -> list[str]:
        """What is not as declared, either way; the catalogue's kinds all known."""
        roles = list(self.base.declaration.roles)
        with self.base.session() as admin:
            assert kinds(admin) == set(KINDS)
            relations = admin.execute(RELATIONS).fetchall()
            found = rights(admin, roles)
        return faults(found, self.everybody, relations, self.closed) + missing(found, roles, relations)


@pytest.fixture(scope="module", params=["embarqué", "à part"])
def judged(
    request: pytest.FixtureRequest, server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Judged]:
    """Of the embedded server, and of another one where there is one."""
    other = request.param != "embarqué"
    admin = os.environ.get(SERVER, "") if other else server.start().conninfo("postgres")
    if not admin:
        pytest.skip(f"{SERVER} names no other PostgreSQL, of version 16 or later: not tried there")
    name = f"essai_{uuid.uuid4().hex[:12]}"
    conninfo = make_conninfo(admin, dbname=name)
    with psycopg.connect(admin, autocommit=True) as session:
        session.execute("create role essai_inconnu")
        for database in (name, f"{name}_neuve"):
            session.execute(sql.SQL("create database {} template template0").format(sql.Identifier(database)))
        before = {one for (one,) in session.execute("select rolname from pg_roles")}
    try:
        with psycopg.connect(make_conninfo(admin, dbname=f"{name}_neuve"), autocommit=True) as new:
            everybody = rights(new, ["essai_inconnu"])
        with prepared(conninfo, tmp_path_factory.mktemp("matrice") / "projet") as base:
            yield Judged(base, everybody, CLOSED if other else CLOSED_EMBEDDED)
    finally:
        with psycopg.connect(admin, autocommit=True) as session:
            for database in (name, f"{name}_neuve"):
                session.execute(
                    sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database))
                )
            session.execute("drop role essai_inconnu")
            made = {one for (one,) in session.execute("select rolname from pg_roles")} - before
            for role in made:
                session.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


def test_every_role_every_kind_every_action_is_as_declared(judged: Judged) -> None:
    """A role with more than its entries, on whatever kind of object."""
    assert judged.faults() == []
    assert judged.base.plan() == []
    with judged.base.session() as admin:
        found = {right[1:] for right in rights(admin, ["bi"])}
    assert usual(judged.everybody, judged.closed) - found == set()
    with judged.base.session() as admin:
        found = default_rights(admin, list(judged.base.declaration.roles))
    # Tables to come are read, or more, by those that have the whole layer.
    assert {word for _, _, _, word in found} <= {"SELECT", "UPDATE", "DELETE", "INSERT"}
    assert all(name.endswith(" r") and role != "public" for role, _, name, _ in found)


def test_what_the_platform_makes_after_the_rights_is_no_difference(judged: Judged) -> None:
    """A plan that is never empty is no longer read: the first reports come after the first `make access`."""
    with judged.base.session() as admin:
        prepare(admin)
    assert judged.base.plan() == []


def test_no_role_truncates_what_it_may_not_delete(judged: Judged) -> None:
    """The account that made the journal of loads empties it."""
    with judged.base.session() as admin:
        assert admin.execute(TRUNCATED, [list(judged.base.declaration.roles)]).fetchall() == []
    for table in ("plateforme.chargements", "plateforme.personnes_effacees"):
        for attempt in (f"truncate {table}", f"delete from {table}"):
            assert "permission denied" in judged.base.refuses(attempt, "chargeur")


def test_what_builders_make_is_nobody_elses_by_default(judged: Judged) -> None:
    """A new kind of object passes rows before anybody looks."""
    judged.base.run(
        "create domain age.d as text; create type age.genre as enum ('a'); create type age.paire as (a int);"
        "create procedure age.p() language sql as 'select 1'; create function age.f() returns int "
        "language sql security definer as 'select 1'; create sequence age.s;"
        "create collation age.c from \"C\";"
        "create view age_staging.v as select fase from age_staging.stg_ecoles",
        "dbt_age",
    )  # fmt: skip
    try:
        assert [one for one in judged.faults() if not re.match("dbt_age peut", one)] == []
    finally:
        judged.base.run(
            "drop domain age.d; drop type age.genre, age.paire; drop procedure age.p();"
            "drop function age.f(); drop sequence age.s; drop collation age.c; drop view age_staging.v",
        )


def test_what_was_given_by_hand_is_seen_and_taken_back_whatever_its_kind(judged: Judged) -> None:
    """A right of a kind that access-plan does not see: large objects, types, parameters, other servers…"""
    base = judged.base
    base.run("create role passant")
    database = base.run("select current_database()")[0][0]
    try:
        for gift in GIFTS:
            base.run(gift.format(database=database))
        assert judged.faults() != []
        planned = base.plan()
        unseen = [gift for gift, said in GIFTS.items() if not any(said in line for line in planned)]
        assert unseen == []
        base.apply()
        assert base.plan() == []
        base.run("drop table age.vide, age_masque.fuite, public.t, public.a_dbt; drop sequence public.s;"
                 "drop procedure age.p(); drop aggregate agaj.a(integer); drop domain public.d;"
                 "drop foreign data wrapper w cascade; select lo_unlink(4242), lo_unlink(4243);"
                 "drop schema autre; drop function tests.prete(); drop table public.\"{} %s\"")  # fmt: skip
        assert judged.faults() == []
    finally:
        base.run("drop owned by passant; drop role passant")


def test_a_kind_of_right_that_nobody_knows_is_refused_in_words(judged: Judged) -> None:
    """A new version of PostgreSQL brings a new kind of object, with rights of its own."""
    with judged.base.session() as admin:
        admin.execute("set allow_system_table_mods = on")
        admin.execute("create table pg_catalog.pg_avenir (oid oid, avacl aclitem[])")
        try:
            with pytest.raises(PlatformError, match=r"ne connaît pas \(pg_avenir.avacl\)") as refused:
                judged.base.apply()
            assert "n'a rien changé" in str(refused.value)
        finally:
            admin.execute("drop table pg_catalog.pg_avenir")
