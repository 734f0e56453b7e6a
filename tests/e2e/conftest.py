"""A checkout of its own, where the commands run as a user runs them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from donnees_au_centre.cli.quality import test_environment as without_connections
from donnees_au_centre.settings import DEFAULT_DATABASE, ROOT
from donnees_au_centre.warehouse import EmbeddedServer


@dataclass
class Checkout:
    """A copy of the project's files, with a server, a database and results of its own."""

    folder: Path

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    def command(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs what `make` runs, in the environment that is already there."""
        return subprocess.run(
            [sys.executable, "-m", "donnees_au_centre", *words],
            cwd=self.folder,
            env={**without_connections(os.environ), **variables},
            capture_output=True,
            text=True,
            timeout=900,
        )

    def summary(self) -> dict[str, Any]:
        return json.loads((self.folder / "build" / "summary.json").read_text("utf-8"))

    def ask(self, sql: str, database: str = DEFAULT_DATABASE) -> list[tuple]:
        conninfo = EmbeddedServer(self.folder / ".warehouse").start().conninfo(database)
        with psycopg.connect(conninfo) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """The files that git would give a newcomer, uncommitted changes included."""
    folder = tmp_path_factory.mktemp("copie") / "donnees au centre"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    copy = Checkout(folder)
    try:
        yield copy
    finally:
        copy.command("stop")
        EmbeddedServer(folder / ".warehouse").destroy()


@pytest.fixture(scope="session")
def built(checkout: Checkout) -> Checkout:
    """The checkout after `make demo`; every test leaves it good, but those of test_troubles, the last."""
    done = checkout.command("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Pour Power BI, Excel ou DBeaver" in done.stdout
    assert "\nConstruit\n" in done.stdout
    page = checkout.folder / "build" / "reports" / "elementary.html"
    assert f"Rapport Elementary : {page}" in done.stdout and page.is_file()
    return checkout
