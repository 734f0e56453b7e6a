"""What the tests of the loader share: a landing zone, its database, one source unless they name others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from donnees_au_centre.landing import LoadReport, SourceTable, load_landing
from tests.unit.landing_sources import table


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(database, autocommit=True, prepare_threshold=None) as connection:
        yield connection


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    (tmp_path / "age/essai").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def load(database: str, landing: Path) -> Callable[..., LoadReport]:
    def run(*tables: SourceTable, **options: Any) -> LoadReport:
        return load_landing(database, landing, tables or (table(),), **options)

    return run
