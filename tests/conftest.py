"""Fixtures that every test may use."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser
from xdist.scheduler import LoadScopeScheduling

from dev.sample.systems import DATABASE, sample_systems
from donnees_au_centre.warehouse import EmbeddedServer
from tests.browsers import chromium

# What its tests share was made at a price: one checkout with its database.
TOGETHER = "tests/e2e/"
# The most costly begin, the costliest first; the many cheap ones fill what is left, so that all processes end
# together. `pytest --durations=60` says where a new file belongs.
FIRST = (
    TOGETHER,
    "tests/integration/test_locations.py",
    "tests/integration/test_faults_detected.py",
    "tests/integration/test_rights.py",
    "tests/security/",
    "tests/macros/",
    "tests/integration/",
)


class OneProcessAFile(LoadScopeScheduling):
    """Gives the tests of a file, which share its fixtures, to one process; and those of TOGETHER to one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return TOGETHER if file.startswith(TOGETHER) else file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests in the order of FIRST; those of a file stay as they are."""
    items.sort(
        key=lambda item: next((n for n, start in enumerate(FIRST) if item.nodeid.startswith(start)), 99)
    )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneProcessAFile:
    """Shares the tests out when several processes play them."""
    return OneProcessAFile(config, log)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A real server for this test run alone, on a port of its own; nothing of it remains afterwards."""
    embedded = EmbeddedServer(tmp_path_factory.mktemp("warehouse"), durable=False, preferred_port=0)
    try:
        embedded.start()
        yield embedded
    finally:
        embedded.destroy()


@pytest.fixture(scope="session")
def systems(server: EmbeddedServer) -> Iterator[dict[str, str]]:
    """What the sample reads beside its files, and the environment that says where: for who loads it whole."""
    server.ensure_database(DATABASE)
    connection = server.start()
    with (
        sample_systems(connection.conninfo(DATABASE), connection.password_file) as given,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in given.items():
            patch.setenv(name, value)
        yield given


@pytest.fixture
def database(server: EmbeddedServer) -> Iterator[str]:
    """The connection string of a new, empty database, dropped after the test."""
    name = f"essai_{uuid.uuid4().hex[:12]}"
    server.ensure_database(name)
    yield server.start().conninfo(name)
    server.drop_database(name)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of one file."""
    with chromium() as opened:
        yield opened
