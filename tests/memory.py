"""What dbt remembers of a project, made once for all the tests that read the same files.

dbt forgets what it read when the database is another one; between two tests only its name and address are.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgpack
import pytest

from donnees_au_centre.project import parse
from donnees_au_centre.project.reader import PARTIAL_PARSE
from donnees_au_centre.settings import NO_TELEMETRY, ROOT, SERVER_VARIABLES, Settings

FOLDER = ROOT / ".cache" / "tests"
# As many projects as tests read, and a few from before.
KEPT = 12
# A name that no model, column or text has.
DATABASE = "base_de_la_memoire_des_essais"
NOWHERE = dict(zip(SERVER_VARIABLES, ("127.0.0.1", "1", "personne", "x", DATABASE), strict=True))
READ = ("models", "macros", "seeds", "snapshots", "tests", "profiles")


def recall(settings: Settings) -> None:
    """Puts into a test's target folder what dbt remembers of its project, which it reads if nobody did.

    The environment must hold the PG* variables of the test's database.
    """
    _any_server()
    memory = FOLDER / _digest(settings) / PARTIAL_PARSE
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not memory.exists():
            _forget()
            # Another folder than the memory's until all is read: a crash leaves no half of it.
            apart = replace(settings, target_path=FOLDER / f"lecture.{os.getpid()}")
            with pytest.MonkeyPatch.context() as patch:
                for name, value in (NOWHERE | NO_TELEMETRY).items():
                    patch.setenv(name, value)
                parse(apart, whole=True)
            memory.parent.mkdir(exist_ok=True)
            os.replace(apart.target_path / PARTIAL_PARSE, memory)
            shutil.rmtree(apart.target_path)
        content = msgpack.unpackb(memory.read_bytes(), strict_map_key=False)
    settings.target_path.mkdir(parents=True, exist_ok=True)
    moved = _named(content, os.environ["PGDATABASE"])
    (settings.target_path / PARTIAL_PARSE).write_bytes(msgpack.packb(moved))


def _named(content: Any, database: str) -> Any:
    """The same with another database."""
    if isinstance(content, dict):
        return {key: _named(value, database) for key, value in content.items()}
    if isinstance(content, list):
        return [_named(value, database) for value in content]
    if isinstance(content, str) and DATABASE in content:
        return content.replace(DATABASE, database)
    return content


@cache
def _any_server() -> None:
    """Has dbt keep what it read when the address of the database alone is another."""
    from dbt.artifacts.resources import FileHash
    from dbt.parser.manifest import ManifestLoader

    asked = ManifestLoader.build_manifest_state_check

    def without_address(self: ManifestLoader) -> Any:
        state = asked(self)
        state.profile_hash = FileHash.from_contents("")
        return state

    ManifestLoader.build_manifest_state_check = without_address


def _digest(settings: Settings) -> str:
    found = hashlib.sha256(settings.target.encode())
    for path in _read(settings.root):
        found.update(f"{path.relative_to(ROOT if path.is_relative_to(ROOT) else settings.root)}\0".encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def _read(root: Path) -> Iterator[Path]:
    """The files that dbt reads of a project; the macros of ours, too, that small ones borrow."""
    yield from (root / "dbt_project.yml", ROOT / "requirements.txt")
    folders = dict.fromkeys([*(root / name for name in READ), ROOT / "macros"])
    for folder in folders:
        inner = sorted(path for path in folder.rglob("*") if path.suffix in (".sql", ".yml", ".md", ".csv"))
        yield from (path for path in inner if path.is_file())


def _forget() -> None:
    old = sorted(FOLDER.glob("*/"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in old[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)
