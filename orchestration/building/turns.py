"""One build of a domain at a time: the next one waits, in words; builds of different domains go side by side.

The turn is an advisory lock of PostgreSQL on a connection of its own, so that it ends with the process that
holds it, however that process ends, on whatever machine it ran.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from orchestration.errors import PlatformError

# Of the locks of the platform, those that are turns of building.
FAMILY = 7412
# Seconds that a build waits for its turn, and between two questions.
PATIENCE, PAUSE = 1800.0, 1.0
BUILT = ("model", "seed", "snapshot")

_HOLDER = """
    select format(
        'la session %%s (rôle %%s%%s)', session.pid, session.usename,
        coalesce(', depuis le ' || to_char(session.backend_start, 'DD/MM à HH24:MI'), '')
    )
    from pg_catalog.pg_locks as verrou
    inner join pg_catalog.pg_stat_activity as session on session.pid = verrou.pid
    where verrou.locktype = 'advisory' and verrou.granted and verrou.objsubid = 2
        and verrou.database = (select oid from pg_catalog.pg_database where datname = current_database())
        and verrou.classid = %s::oid and verrou.objid = (hashtext(%s)::bigint & 4294967295)::oid
"""


def built_domains(nodes: Mapping[str, Any], chosen: Collection[str]) -> list[str]:
    """The domains in which a selection builds something, in the one order in which turns are taken.

    Args:
        nodes: dbt's nodes by unique id.
        chosen: the unique ids selected.

    Returns:
        Names of domains, an analyst's prefix of schemas in front; a package has its own name.
    """
    prefix = os.environ.get("DBT_SCHEMA_PREFIX", "")
    found = {
        f"{prefix}_{node.fqn[1]}" if prefix else node.fqn[1]
        for node in (nodes[unique_id] for unique_id in chosen if unique_id in nodes)
        if node.resource_type in BUILT and len(node.fqn) > 1 and node.config.materialized != "ephemeral"
    }
    return sorted(found)


@contextmanager
def turn(
    connection: psycopg.Connection, domains: Collection[str], say: Callable[[str], None]
) -> Iterator[None]:
    """Holds the turn of some domains, waiting for those that another build has.

    Args:
        connection: in autocommit, used for nothing else; the turn ends with it at the latest.
        domains: in the order of `built_domains`, which keeps two builds from waiting for each other.
        say: told, in French, what is waited for.

    Raises:
        PlatformError: another build kept a domain for PATIENCE seconds.
    """
    held = []
    try:
        for domain in domains:
            _wait_for(connection, domain, say)
            held.append(domain)
        yield
    finally:
        # A connection that was lost has lost its turns.
        with suppress(psycopg.OperationalError):
            for domain in held:
                connection.execute("select pg_advisory_unlock(%s, hashtext(%s))", [FAMILY, domain])


def _wait_for(connection: psycopg.Connection, domain: str, say: Callable[[str], None]) -> None:
    begun, told = time.monotonic(), False
    asked = "select pg_try_advisory_lock(%s, hashtext(%s))"
    while connection.execute(asked, [FAMILY, domain]).fetchone() != (True,):
        row = connection.execute(_HOLDER, [FAMILY, domain]).fetchone()
        holder = row[0] if row else "une session qui vient de finir"
        if time.monotonic() - begun > PATIENCE:
            raise PlatformError(
                f"{domain} est construit par {holder} depuis plus de {PATIENCE / 60:.0f} minutes : "
                "rien n'a été fait.",
                "Attendez sa fin, ou faites arrêter cette session, puis relancez.",
            )
        if not told:
            say(f"{domain} est en construction par {holder} : celle-ci attend son tour…")
            told = True
        time.sleep(PAUSE)


def take_turns() -> None:
    """Has dbt, in this process, hold the turn of the domains that each of its commands builds."""
    from dbt.task.run import RunTask
    from dbt_common.events.functions import fire_event
    from dbt_common.events.types import Note

    original = RunTask.execute_with_hooks
    if hasattr(original, "original"):
        return

    def execute_with_hooks(self: Any, selected_uids: Collection[str]) -> Any:
        domains = built_domains(self.manifest.nodes, selected_uids)
        credentials = self.config.credentials
        if not domains or credentials.type != "postgres":
            return original(self, selected_uids)
        with (
            _connected(credentials) as connection,
            turn(connection, domains, lambda line: fire_event(Note(msg=line))),
        ):
            return original(self, selected_uids)

    execute_with_hooks.original = original  # type: ignore[attr-defined]
    RunTask.execute_with_hooks = execute_with_hooks


@contextmanager
def _connected(credentials: Any) -> Iterator[psycopg.Connection]:
    from dbt_common.exceptions import DbtRuntimeError

    try:
        with psycopg.connect(
            host=credentials.host,
            port=credentials.port,
            user=credentials.user,
            password=credentials.password,
            dbname=credentials.database,
            sslmode=credentials.sslmode or "prefer",
            application_name="tour de construction",
            connect_timeout=10,
            autocommit=True,
        ) as connection:
            # A server that closes idle sessions would end the turn in the middle of the work.
            connection.execute("set idle_session_timeout = 0")
            yield connection
    except PlatformError as error:
        # dbt's own kind of error: it shows no traceback.
        raise DbtRuntimeError(str(error)) from None
