"""DAGSTER_HOME: the folder of Dagster's own history."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, MutableMapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from psycopg.conninfo import make_conninfo
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import QueuePool

from donnees_au_centre.closing import close
from donnees_au_centre.patching import patch
from donnees_au_centre.settings import NO_TELEMETRY, Settings

TEMPLATE = Path(__file__).with_name("dagster.yaml")
# What leads to the history when a server keeps it: only its database has to be said, where the server is that
# of the marts.
STORAGE = ("DAGSTER_PGHOST", "DAGSTER_PGPORT", "DAGSTER_PGUSER", "DAGSTER_PGPASSWORD", "DAGSTER_PGDATABASE")
STORAGE_DATABASE = STORAGE[-1]
IN_POSTGRESQL = """
# The history is in PostgreSQL, for several machines or containers share it.
storage:
  postgres:
    postgres_db:
      hostname: {env: DAGSTER_PGHOST}
      port: {env: DAGSTER_PGPORT}
      username: {env: DAGSTER_PGUSER}
      password: {env: DAGSTER_PGPASSWORD}
      db_name: {env: DAGSTER_PGDATABASE}
"""


def prepare_home(settings: Settings) -> Path:
    """Makes DAGSTER_HOME, with our dagster.yaml in it, and tells this process and its children where it is.

    Returns:
        The folder: DAGSTER_HOME when it is set, else .dagster/ in the checkout.
    """
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    close(home)
    wanted, installed = TEMPLATE.read_bytes(), home / "dagster.yaml"
    if os.environ.get(STORAGE_DATABASE):
        complete(os.environ)
        wanted += IN_POSTGRESQL.encode()
    if not installed.exists() or installed.read_bytes() != wanted:
        new = installed.with_name(f"dagster.yaml.{os.getpid()}.new")
        new.write_bytes(wanted)
        os.replace(new, installed)
    os.environ.update(NO_TELEMETRY, DAGSTER_HOME=str(home))
    return home


def complete(environ: MutableMapping[str, str]) -> None:
    """Has the history be on the server of the marts, where nothing else is said of it."""
    for name in STORAGE[:-1]:
        environ.setdefault(name, environ.get(name.removeprefix("DAGSTER_"), ""))


def storage_conninfo(environ: Mapping[str, str]) -> str:
    """How to connect to the history that a server keeps."""
    host, port, user, password, database = (environ[name] for name in STORAGE)
    return make_conninfo(host=host, port=port, user=user, password=password, dbname=database)


@event.listens_for(Engine, "connect")
def _write_without_waiting(connection: Any, _record: Any) -> None:
    """Dagster opens SQLite several times an event, and waits for the disk each time: most of a run's time.

    The history survives the death of a process; a power cut may cost it, never the data.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("pragma synchronous = off")


class _Kept(QueuePool):
    """Connections that outlive their engine's dismissal: Dagster dismisses one after each event."""

    def dispose(self) -> None:
        """Keeps them: they close with the engine itself."""

    def recreate(self) -> _Kept:
        """These go on."""
        return self


# A file a run, and two for all of them. By process: a connection must not cross a fork.
@lru_cache(maxsize=8)
def _kept_engine(url: str, _process: int) -> Engine:
    # Dagster's own patience, in seconds, with a file that another process writes.
    patience = {"timeout": sqlite_event_log.SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
    return create_engine(url, poolclass=_Kept, pool_size=1, connect_args=patience)


def _same_engine(url: str, **_asked: Any) -> Engine:
    """Stands for `create_engine` in Dagster's storage: a new engine an event is most of a run's time."""
    return _kept_engine(url, os.getpid())


@cache
def _read_versions(location: str) -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", location)
    return _from_config(config)


def _same_versions(config: Config) -> ScriptDirectory:
    """Stands for the reading of all that ever changed in Dagster's tables: forty programs, at each look."""
    return _read_versions(config.get_main_option("script_location") or "")


_from_config = ScriptDirectory.from_config
for _storage in (sqlite_event_log, sqlite_run_storage):
    patch(_storage, create_engine=_same_engine)
patch(ScriptDirectory, from_config=_same_versions)
