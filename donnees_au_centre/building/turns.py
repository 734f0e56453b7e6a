"""One build of a domain at a time: the next one waits, in words; builds of different domains go side by side.

The turn is the lock of an empty table in a schema of the domain, which takes the right to build there: an
advisory lock is anybody's. It is held by a transaction of a connection of its own, so that it ends with the
process that holds it, however that process ends, on whatever machine it ran.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.access.declaration import TURN
from donnees_au_centre.building.connection import connected
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.tables import PASSING, apply_access, holder, make
from donnees_au_centre.patching import patch

# Seconds that a build waits for its turn, and between two questions.
PATIENCE, PAUSE = 1800.0, 1.0
BUILT = ("model", "seed", "snapshot")


def built_domains(nodes: Mapping[str, Any], chosen: Collection[str]) -> dict[str, str]:
    """The domains in which a selection builds something, in the one order in which turns are taken.

    Args:
        nodes: dbt's nodes by unique id, the whole project's.
        chosen: the unique ids selected.

    Returns:
        Name of the domain (an analyst's prefix of schemas in front; a package has its own name) -> the last
        of its schemas, whatever is selected: a private one, where it has one.
    """
    prefix = os.environ.get("DBT_SCHEMA_PREFIX", "")
    schemas: dict[str, str] = {}
    found = set()
    for unique_id, node in nodes.items():
        if node.resource_type in BUILT and len(node.fqn) > 1 and node.config.materialized != "ephemeral":
            domain = f"{prefix}_{node.fqn[1]}" if prefix else node.fqn[1]
            schemas[domain] = max(node.schema, schemas.get(domain, node.schema))
            if unique_id in chosen:
                found.add(domain)
    return {domain: schemas[domain] for domain in sorted(found)}


@contextmanager
def turn(
    connection: psycopg.Connection, domains: Mapping[str, str], say: Callable[[str], None]
) -> Iterator[None]:
    """Holds the turn of some domains, waiting for those that another build has.

    Args:
        connection: in autocommit, used for nothing else; the turn ends with it at the latest.
        domains: name -> schema, in the order of `built_domains`, which keeps two builds from waiting for each
            other.
        say: told, in French, what is waited for.

    Raises:
        PlatformError: another build kept a domain for PATIENCE seconds, or this account may not build it.
    """
    for domain, schema in domains.items():
        _make_table(connection, domain, schema)
    connection.execute("begin")
    try:
        for domain, schema in domains.items():
            _wait_for(connection, domain, sql.Identifier(schema, TURN), say)
        yield
    finally:
        # A connection that was lost has lost its turns.
        with suppress(psycopg.OperationalError):
            connection.execute("rollback")


def _make_table(connection: psycopg.Connection, domain: str, schema: str) -> None:
    table = sql.Identifier(schema, TURN)

    def work() -> None:
        if connection.execute("select to_regclass(%s)", [table.as_string(connection)]).fetchone() != (None,):
            return
        # Asked first: `if not exists` wants the right to create even where the schema exists.
        if connection.execute(
            "select to_regnamespace(%s)", [sql.Identifier(schema).as_string(connection)]
        ).fetchone() == (None,):
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
        connection.execute(sql.SQL("create table {} ()").format(table))
        connection.execute(
            sql.SQL("comment on table {} is {}").format(
                table, "Toujours vide : une construction du domaine la verrouille, la suivante attend."
            )
        )
        apply_access(connection, schema, TURN)

    try:
        make(connection, work)
    except psycopg.errors.InsufficientPrivilege as error:
        raise _may_not(connection, domain, error) from error


def _wait_for(
    connection: psycopg.Connection, domain: str, table: sql.Identifier, say: Callable[[str], None]
) -> None:
    begun, told = time.monotonic(), False
    asked = sql.SQL("lock table {} in share update exclusive mode nowait").format(table)
    while True:
        try:
            with connection.transaction():
                connection.execute(asked)
            return
        except psycopg.errors.InsufficientPrivilege as error:
            raise _may_not(connection, domain, error) from error
        except psycopg.errors.LockNotAvailable:
            who = holder(connection, table, PASSING)
        if time.monotonic() - begun > PATIENCE:
            raise PlatformError(
                f"{domain} est construit par {who} depuis plus de {PATIENCE / 60:.0f} minutes : "
                "rien n'a été fait.",
                "Attendez sa fin, ou faites arrêter cette session, puis relancez.",
            )
        if not told:
            say(f"{domain} est en construction par {who} : celle-ci attend son tour…")
            told = True
        time.sleep(PAUSE)


def _may_not(connection: psycopg.Connection, domain: str, error: psycopg.Error) -> PlatformError:
    return PlatformError(
        f"Le compte {connection.info.user} ne peut pas construire le domaine {domain} : "
        f"{error.diag.message_primary}.",
        f"Prenez le rôle dbt_{domain} ; si ses tables sont restées à un autre rôle, un administrateur les "
        f"lui donne (reassign owned by … to dbt_{domain}), puis lance make access.",
    )


@cache
def take_turns() -> None:
    """Has dbt, in this process, hold the turn of the domains that each of its commands builds."""
    from dbt.task.run import RunTask
    from dbt_common.events.functions import fire_event
    from dbt_common.events.types import Note

    original = RunTask.execute_with_hooks

    def execute_with_hooks(self: Any, selected_uids: AbstractSet[str]) -> Any:
        domains = built_domains(self.manifest.nodes, selected_uids)
        credentials = self.config.credentials
        if not domains or credentials.type != "postgres":
            return original(self, selected_uids)
        with (
            connected(credentials, "tour de construction") as connection,
            turn(connection, domains, lambda line: fire_event(Note(msg=line))),
        ):
            return original(self, selected_uids)

    patch(RunTask, execute_with_hooks=execute_with_hooks)
