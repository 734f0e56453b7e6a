"""What the tests of the portable macros share: both renderings of every call, and one database."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from donnees_au_centre.settings import ROOT
from donnees_au_centre.warehouse import EmbeddedServer
from tests.macros import declarations, guide
from tests.macros.advice import advised_calls
from tests.macros.bench import Bench
from tests.macros.casefiles import read_entries
from tests.macros.compiled import read_hand_written
from tests.macros.rendering import ENGINES, Renderings
from tests.macros.report import Report

DATABASE = "macros"
REPORT = pytest.StashKey[Report]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT] = Report()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    report = config.stash.get(REPORT, None)
    if report and (lines := report.lines()):
        terminalreporter.section("macros portables")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """Where tests note what they compared, for the summary at the end."""
    return request.config.stash[REPORT]


@pytest.fixture(scope="session")
def renderings(tmp_path_factory: pytest.TempPathFactory) -> Renderings:
    """Every call of the case files, of compiled.yml, of the advice, of the guide and of the declarations."""
    entries = read_entries()
    calls = [entry.call for entry in entries if entry.call]
    refused = [refusal.call for entry in entries for refusal in entry.refuses]
    calls += refused
    calls += [*read_hand_written(), *advised_calls(), *guide.calls(), *declarations.calls()]
    kept = ROOT / "target" / "macros"
    return Renderings(calls, tmp_path_factory.mktemp("rendus"), DATABASE, kept, refused)


@pytest.fixture(scope="session")
def bench(server: EmbeddedServer) -> Iterator[Bench]:
    """A session on a database that has VQL's functions and the digits of the calendar."""
    import tests.denodo.engine

    server.ensure_database(DATABASE)
    try:
        with psycopg.connect(server.start().conninfo(DATABASE), autocommit=True) as connection:
            tests.denodo.engine.install(connection)
            # dbt's schema of the seed, then the VDP database that the Denodo target reads it from.
            for schema in ("commun_reference", "commun"):
                _load_digits(connection, schema)
            yield Bench(connection)
    finally:
        server.drop_database(DATABASE)


def _load_digits(connection: psycopg.Connection, schema: str) -> None:
    with (ROOT / "seeds" / "commun" / "chiffres.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    name = sql.Identifier(schema, "chiffres")
    connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    columns = sql.SQL(", ").join(sql.SQL("{} integer").format(sql.Identifier(column)) for column in header)
    connection.execute(sql.SQL("create table {} ({})").format(name, columns))
    with connection.cursor() as cursor:
        values = sql.SQL(", ").join([sql.Placeholder()] * len(header))
        cursor.executemany(sql.SQL("insert into {} values ({})").format(name, values), rows)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`engine`, wherever a test asks for it."""
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", ENGINES)
