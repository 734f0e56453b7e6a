"""Fixtures that every test may use."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.warehouse import EmbeddedServer

TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share something made at a price stay in one process when several play them.

    A file shares its module's fixtures; the end-to-end tests share one checkout with its database.
    """
    for item in items:
        place = item.path.relative_to(TESTS)
        group = place.parts[0] if place.parts[0] == "e2e" else place.as_posix()
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A real server for this test run alone, on a port of its own; nothing of it remains afterwards."""
    embedded = EmbeddedServer(tmp_path_factory.mktemp("warehouse"), durable=False, preferred_port=0)
    try:
        embedded.start()
        yield embedded
    finally:
        embedded.destroy()


@pytest.fixture
def database(server: EmbeddedServer) -> Iterator[str]:
    """The connection string of a new, empty database, dropped after the test."""
    name = f"essai_{uuid.uuid4().hex[:12]}"
    server.ensure_database(name)
    yield server.start().conninfo(name)
    server.drop_database(name)
