"""Fixtures that every test may use."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from orchestration.warehouse import EmbeddedServer


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
