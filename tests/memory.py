"""What dbt remembers of a project, made once for all the tests that read the same files.

dbt forgets what it read when the database is another one; between two tests only its name and address are,
and the folder of the project, where dbt looks for the rows of its seeds.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pprint
import shutil
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgpack
import pytest

from donnees_au_centre import patching
from donnees_au_centre.cli.session import Session, environment_kept
from donnees_au_centre.project import parse
from donnees_au_centre.project.reader import PARTIAL_PARSE
from donnees_au_centre.settings import NO_TELEMETRY, ROOT, SERVER_VARIABLES, Settings

FOLDER = ROOT / ".cache" / "tests"
# As many projects as tests read, and a few from before.
KEPT = 40
# A name that no model, column or text has.
DATABASE = "base_de_la_memoire_des_essais"
FOLDER_READ = "/dossier_de_la_memoire_des_essais"
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
            read = _renamed(apart.target_path / PARTIAL_PARSE, {str(settings.root): FOLDER_READ})
            _write(memory, read)
            shutil.rmtree(apart.target_path)
        moved = _renamed(memory, {DATABASE: os.environ["PGDATABASE"], FOLDER_READ: str(settings.root)})
    settings.target_path.mkdir(parents=True, exist_ok=True)
    # For dbt in a process of its own, where nothing has it overlook the address.
    moved["state_check"]["profile_hash"] = _address(settings)
    _write(settings.target_path / PARTIAL_PARSE, moved)


def recall_nowhere(settings: Settings) -> None:
    """The same for what reads no variable of a database, where nothing was read yet."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (NOWHERE | NO_TELEMETRY).items():
            patch.setenv(name, value)
        _recall_once(settings)


def recall_without_database(settings: Settings) -> None:
    """The same for the commands that open no database, where none of them read the project yet."""
    with environment_kept():
        _recall_once(Session.without_database(settings).settings)


def _recall_once(settings: Settings) -> None:
    if not (settings.target_path / PARTIAL_PARSE).exists():
        recall(settings)


def _renamed(memory: Path, names: Mapping[str, str]) -> Any:
    """What dbt remembers, with other names in its texts: former -> new."""

    def renamed(content: Any) -> Any:
        if isinstance(content, dict):
            return {key: renamed(value) for key, value in content.items()}
        if isinstance(content, list):
            return [renamed(value) for value in content]
        if isinstance(content, str):
            for former, new in names.items():
                if former in content:
                    content = content.replace(former, new)
        return content

    return renamed(msgpack.unpackb(memory.read_bytes(), strict_map_key=False))


def _write(memory: Path, content: Any) -> None:
    """At once: another process may read there."""
    written = memory.with_name(f"{memory.name}.{os.getpid()}")
    written.write_bytes(msgpack.packb(content))
    written.replace(memory)


@cache
def _any_server() -> None:
    """Has dbt, in this process, keep what it read when the address of the database alone is another."""
    from dbt.parser.manifest import ManifestLoader

    asked = ManifestLoader.is_partial_parsable

    def at_any_address(self: ManifestLoader, manifest: Any) -> tuple[bool, str | None]:
        self.manifest.state_check.profile_hash = manifest.state_check.profile_hash
        return asked(self, manifest)

    patching.patch(ManifestLoader, is_partial_parsable=at_any_address)


def _address(settings: Settings) -> dict[str, Any]:
    """What dbt makes, in its memory, of the database that the environment names."""
    from dbt.artifacts.resources import FileHash
    from dbt.config.runtime import load_profile
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context

    set_invocation_context(os.environ)
    set_from_args(Namespace(PROFILES_DIR=str(settings.root / "profiles")), {})
    profile = load_profile(str(settings.root), {}, target_override=settings.target)
    known = sorted(profile.credentials.connection_info())
    return FileHash.from_contents(pprint.pformat(known)).to_dict()


def _digest(settings: Settings) -> str:
    found = hashlib.sha256(settings.target.encode())
    for path in _read(settings.root):
        found.update(f"{path.relative_to(ROOT if path.is_relative_to(ROOT) else settings.root)}\0".encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def _read(root: Path) -> Iterator[Path]:
    """The files that dbt reads of a project; the macros of ours, too, where it borrows them."""
    yield from (root / "dbt_project.yml", ROOT / "requirements.txt")
    borrowed = str(ROOT / "macros") in (root / "dbt_project.yml").read_text(encoding="utf-8")
    for folder in [*(root / name for name in READ), *([ROOT / "macros"] if borrowed else [])]:
        inner = sorted(path for path in folder.rglob("*") if path.suffix in (".sql", ".yml", ".md", ".csv"))
        yield from (path for path in inner if path.is_file())


def _forget() -> None:
    old = sorted(FOLDER.glob("*/"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in old[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)
