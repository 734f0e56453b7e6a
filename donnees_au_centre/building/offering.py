"""The views by which readers know the marts, and the tables that they show."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.versions import SUFFIX, built_at, mart_of, withdrawn_name
from donnees_au_centre.settings import ROOT

# The variable that says how many versions of a mart stay beside the one that is offered.
KEPT = "VERSIONS_GARDEES"
_MACROS = ("materialization/lock_attempt_sql.sql", "publication/offer_sql.sql", "publication/prune_sql.sql")
# Of the exception of offer_sql.
_COLUMNS_LOST = "DAC01"
# Milliseconds that the marts after the first are asked for, at the first attempt and at most: twice as many
# each time, for readers that leave no mart alone.
_FIRST, _MOST = 20, 320
# Seconds that readers whose snapshot is older than the new tables may take to finish, and between two looks.
OLD_READERS, PAUSE = 15.0, 0.02
# The sessions that see this database as it was before some tables were filled. dbt's own write, or read once.
_OLD_READERS = """
    select
        tour.virtualxid,
        format(
            'la session %%s (rôle %%s%%s)', activite.pid, activite.usename,
            coalesce(', application ' || nullif(activite.application_name, ''), '')
        )
    from pg_stat_activity as activite
    inner join pg_locks as tour
        on activite.pid = tour.pid and tour.locktype = 'virtualxid'
        and tour.virtualxid = tour.virtualtransaction
    where
        activite.datname = current_database() and activite.usename is not null
        and activite.pid <> pg_backend_pid() and activite.application_name is distinct from 'dbt'
        and age(activite.backend_xmin) >= (
            select min(age(neuve.xmin)) from pg_class as neuve
            inner join pg_namespace as place on neuve.relnamespace = place.oid
            where place.nspname || '.' || neuve.relname = any(%(tables)s)
        )
"""


@dataclass(frozen=True)
class Version:
    """A table of a mart that was offered.

    Attributes:
        schema, name: of the mart.
        table: its name in the schema of versions.
        shown: True when the mart's view reads it now.
    """

    schema: str
    name: str
    table: str
    shown: bool

    @property
    def stamp(self) -> str:
        """What says which of two versions is the younger; equal for those that were offered together."""
        return self.table.rpartition("__v")[2]

    @property
    def built(self) -> datetime | None:
        """When its build began; None of a table that was there before versions were."""
        return built_at(self.table)


@cache
def _macros() -> Any:
    """The macros of plain SQL, which need no dbt."""
    from jinja2 import Environment

    text = "\n".join((ROOT / "macros" / name).read_text("utf-8") for name in _MACROS)
    return Environment(extensions=["jinja2.ext.do"], autoescape=False).from_string(text).module


def wait_for_old_readers(
    connection: psycopg.Connection, tables: Collection[tuple[str, str]], say: Callable[[str], None]
) -> None:
    """Lets the transactions end that would find tables empty: those that see only what was there before.

    A transaction in repeatable read sees the rows of its beginning, but the views of the moment: one that
    began before a table was filled finds it empty once its view shows it. Those that begin now see the rows.

    Args:
        connection: in autocommit.
        tables: schema and name, filled and committed.
        say: told, in French, who was still there after OLD_READERS seconds.
    """
    given = {"tables": [".".join(table) for table in tables]}
    old: dict[str, str] = dict(connection.execute(_OLD_READERS, given).fetchall())
    begun = time.monotonic()
    while old and time.monotonic() - begun < OLD_READERS:
        time.sleep(PAUSE)
        now = {one for one, _ in connection.execute(_OLD_READERS, given)}
        old = {one: who for one, who in old.items() if one in now}
    if old:
        say(
            f"Lit encore la base telle qu'elle était avant ces marts : {' ; '.join(sorted(old.values()))}. "
            "Une transaction repeatable read trouverait vides ceux qu'elle n'a pas encore lus."
        )


def offer(
    connection: psycopg.Connection,
    marts: Sequence[Mapping[str, Any]],
    columns: str,
    say: Callable[[str], None],
    patience: float,
) -> None:
    """Has the views of some marts show other tables, all in one transaction.

    Args:
        connection: in autocommit.
        marts: each with its schema, nom, candidate (the table as it is) and version (its name from now on);
            promises, the columns that readers were promised, where not all of them are.
        columns: what is done of a column that readers have and the table has not (macro offer_sql).
        say: told, in French, what is waited for.
        patience: seconds that a mart which somebody reads is asked for.

    Raises:
        PlatformError: somebody holds a mart, or its columns may not be taken from its readers, or PostgreSQL
            refuses; nothing has changed then.
        psycopg.OperationalError: the connection was lost.
    """
    if not marts:
        return
    literal = sql.Literal(json.dumps(list(marts))).as_string(connection)
    names = [sql.Identifier(one["schema"], one["nom"]).as_string(connection) for one in marts]
    statement = _macros().lock_attempt_sql(names, _macros().offer_sql(literal, columns), 0.2)
    begun, told, asked = time.monotonic(), False, _FIRST
    try:
        while holders := _attempt(connection, statement, asked):
            asked = min(2 * asked, _MOST)
            if time.monotonic() - begun > patience:
                raise PlatformError(
                    f"Les marts n'ont pas pu être offerts : depuis plus de {patience:.0f} s l'un d'eux "
                    f"est tenu par {holders}.",
                    "Demandez à ce rôle de finir sa transaction ou de fermer sa session (un administrateur "
                    "l'arrête par select pg_terminate_backend(<session>);), puis relancez la construction.",
                )
            if not told:
                say(f"Les nouveaux marts attendent {holders} ; les lecteurs passent.")
                told = True
    except psycopg.errors.InsufficientPrivilege as error:
        raise PlatformError(
            f"Les marts n'ont pas pu être offerts : {error.diag.message_primary}.",
            "Prenez le rôle qui construit le domaine ; si une vue est restée à un autre rôle, un "
            "administrateur la lui donne (reassign owned by …), puis lance make access.",
        ) from error
    except psycopg.errors.DatabaseError as error:
        if connection.closed:
            raise
        if error.sqlstate != _COLUMNS_LOST:
            raise PlatformError(
                f"Les marts n'ont pas pu être offerts : {error.diag.message_primary or error}. "
                "Les anciens restent.",
                "Relancez la construction.",
            ) from error
        raise PlatformError(
            str(error.diag.message_primary),
            "Gardez la colonne, ou faites du changement une nouvelle version du modèle (versions: dans son "
            "YAML) : l'ancienne reste à ses lecteurs jusqu'à sa date.",
        ) from error


def _attempt(connection: psycopg.Connection, statement: str, asked: int) -> str:
    """Who stood in the way of one attempt; empty when it is done."""
    with connection.transaction():
        connection.execute("select set_config('plateforme.sursis', %s, true)", [str(asked)])
        connection.execute(statement.encode())
        row = connection.execute("select current_setting('plateforme.tenue_par', true)").fetchone()
    return str(row[0] or "") if row else ""


def withdraw(connection: psycopg.Connection, versions: Iterable[Version]) -> None:
    """Has versions that nobody is to see again go at the next publication, as if they had never been offered.

    Args:
        connection: in autocommit.
        versions: that no view shows any more; one that somebody holds stays.
    """
    for version in versions:
        with suppress(psycopg.errors.LockNotAvailable), connection.transaction():
            connection.execute("set local lock_timeout = '800ms'")
            connection.execute(
                sql.SQL("alter table {} rename to {}").format(
                    sql.Identifier(f"{version.schema}{SUFFIX}", version.table),
                    sql.Identifier(withdrawn_name(version.table)),
                )
            )


def prune(connection: psycopg.Connection, marts: Iterable[tuple[str, str]], kept: int) -> int:
    """Drops the tables of marts that no view shows, but the last ones that were offered.

    Args:
        connection: in autocommit.
        marts: schema and name.
        kept: how many stay of each, beside the one shown.

    Returns:
        How many were dropped; one that somebody holds waits for the next time.
    """
    dropped = 0
    for schema, name in marts:
        connection.execute(_macros().prune_sql(schema, name, kept).encode())
        row = connection.execute("select current_setting('plateforme.versions_retirees', true)").fetchone()
        dropped += int(row[0] or 0) if row else 0
    return dropped


def read_versions(connection: psycopg.Connection, schemas: Collection[str]) -> list[Version]:
    """The tables that were offered of the marts of some schemas, the youngest first."""
    rows = connection.execute(
        "select n.nspname, c.relname, exists ("
        "select from pg_depend as d inner join pg_rewrite as r on d.objid = r.oid "
        "and d.classid = 'pg_rewrite'::regclass inner join pg_class as v on v.oid = r.ev_class "
        "inner join pg_namespace as s on s.oid = v.relnamespace "
        "where d.refobjid = c.oid and d.refclassid = 'pg_class'::regclass and v.relkind = 'v' "
        "and s.nspname || %(suffix)s = n.nspname) "
        "from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace "
        "where n.nspname = any(%(schemas)s) and c.relkind = 'r' and c.relname like '%%\\_\\_v%%' "
        "order by n.nspname, c.relname desc",
        {"suffix": SUFFIX, "schemas": [f"{schema}{SUFFIX}" for schema in schemas]},
    )
    found = []
    for place, table, shown in rows:
        schema, name = mart_of(place, table)
        if schema != place:
            found.append(Version(schema, name, table, shown))
    return found


def versions_kept() -> int:
    """How many versions of a mart stay beside the one that is offered.

    Raises:
        PlatformError: the variable is no number.
    """
    said = os.environ.get(KEPT) or "1"
    if not said.isdecimal():
        raise PlatformError(f"{KEPT} vaut « {said} ».", "Donnez un nombre de versions à garder : 0, 1, 2…")
    return int(said)
