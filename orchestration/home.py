"""DAGSTER_HOME: the folder of Dagster's own history."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from donnees_au_centre.closing import close
from donnees_au_centre.settings import NO_TELEMETRY, Settings

TEMPLATE = Path(__file__).with_name("dagster.yaml")


def prepare_home(settings: Settings) -> Path:
    """Makes DAGSTER_HOME, with our dagster.yaml in it, and tells this process and its children where it is.

    Returns:
        The folder: DAGSTER_HOME when it is set, else .dagster/ in the checkout.
    """
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    close(home)
    wanted, installed = TEMPLATE.read_bytes(), home / "dagster.yaml"
    if not installed.exists() or installed.read_bytes() != wanted:
        new = installed.with_name(f"dagster.yaml.{os.getpid()}.new")
        new.write_bytes(wanted)
        os.replace(new, installed)
    os.environ.update(NO_TELEMETRY, DAGSTER_HOME=str(home))
    return home


@event.listens_for(Engine, "connect")
def _write_without_waiting(connection: Any, _record: Any) -> None:
    """Dagster opens SQLite several times an event, and waits for the disk each time: most of a run's time.

    The history survives the death of a process; a power cut may cost it, never the data.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("pragma synchronous = off")
