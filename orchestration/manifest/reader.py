"""One parse of the dbt project, and the last good one when the project does not parse."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.errors import PlatformError
from orchestration.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest as DbtManifest

MANIFEST = "manifest.json"
PARTIAL_PARSE = "partial_parse.msgpack"


@dataclass(frozen=True)
class ParseResult:
    """What dbt understands of the project.

    Attributes:
        manifest: the content of manifest.json.
        project: dbt's own object, that `dbtRunner(manifest=...)` runs without parsing again.
        error: dbt's message when the project does not parse and this is the last good manifest, else None.
    """

    manifest: dict[str, Any]
    project: DbtManifest
    error: str | None

    @property
    def notice(self) -> str | None:
        """In French, that the last good manifest serves, and why; None when the project parses."""
        if self.error is None:
            return None
        return (
            "Le projet dbt ne se lit pas : sa dernière lecture réussie sert, sans vos changements.\n"
            f"{self.error}\n"
            "Que faire : corrigez le fichier nommé ci-dessus, puis relancez."
        )


def parse(settings: Settings) -> ParseResult:
    """Has dbt read the project (only what changed), and keeps the result as the last good one.

    Runs dbt in this process; the environment must hold the PG* variables of profiles.yml.

    Raises:
        PlatformError: the project does not parse and never did for this database.
    """
    # Imported here: it takes two seconds, which readers of an existing manifest do not pay.
    from dbt.cli.main import dbtRunner
    from dbt_common.events.base_types import EventMsg

    errors: list[str] = []

    def note(event: EventMsg) -> None:
        if event.info.level == "error":
            errors.append(event.info.msg)

    command = ["parse", *dbt_options(settings, settings.target_path)]
    with _one_at_a_time(settings.target_path):
        done = dbtRunner(callbacks=[note]).invoke(command)
        if not done.success and (settings.target_path / PARTIAL_PARSE).exists():
            # dbt's memory of the last parse may itself be the fault: a description moved to another file
            # counts as described twice. A whole parse decides.
            errors.clear()
            done = dbtRunner(callbacks=[note]).invoke([*command, "--no-partial-parse"])
        if done.success:
            _keep(settings.target_path)
            return ParseResult(read_manifest(settings), done.result, None)
        return _last_good(settings, "\n".join(errors) or str(done.exception))


def read_manifest(settings: Settings) -> dict[str, Any]:
    """Reads the manifest of the last parse.

    Raises:
        PlatformError: there is none yet.
    """
    try:
        return json.loads(settings.manifest_path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PlatformError(
            f"Le projet dbt n'a pas encore été lu pour la base {settings.database} "
            f"({settings.manifest_path} manque).",
            "Lancez make demo, ou make build, puis recommencez.",
        ) from None


def dbt_options(settings: Settings, target_path: Path, log_path: Path | None = None) -> list[str]:
    """The options that lead dbt to this project and its artefacts, from any folder, silently.

    Args:
        target_path: where dbt writes its artefacts.
        log_path: folder of dbt.log; no log when None.
    """
    options = {
        "--project-dir": settings.root,
        "--profiles-dir": settings.root / "profiles",
        "--target": settings.target,
        "--target-path": target_path,
        "--log-path": log_path or target_path,
        "--log-level": "none",
        "--log-level-file": "info" if log_path else "none",
    }
    return [*(str(part) for pair in options.items() for part in pair), "--no-send-anonymous-usage-stats"]


def _keep(target_path: Path) -> None:
    kept = target_path / "last_good"
    kept.mkdir(exist_ok=True)
    for name in (MANIFEST, PARTIAL_PARSE):
        _replace(target_path / name, kept / name)


def _last_good(settings: Settings, error: str) -> ParseResult:
    from dbt.contracts.graph.manifest import Manifest as DbtManifest

    kept = settings.target_path / "last_good"
    if not all((kept / name).is_file() for name in (MANIFEST, PARTIAL_PARSE)):
        raise PlatformError(
            f"Le projet dbt ne se lit pas, et aucune lecture réussie n'est gardée.\n{error}",
            "Corrigez le fichier nommé ci-dessus, puis relancez ; git diff montre ce qui a changé.",
        )
    # Every reader of the manifest must see the same one.
    _replace(kept / MANIFEST, settings.manifest_path)
    project = DbtManifest.from_msgpack((kept / PARTIAL_PARSE).read_bytes())
    return ParseResult(read_manifest(settings), project, error)


def _replace(source: Path, destination: Path) -> None:
    """Copies a file over another in one stroke: a reader, or a crash, never meets half of it."""
    new = destination.with_name(f"{destination.name}.{os.getpid()}.new")
    shutil.copyfile(source, new)
    os.replace(new, destination)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Holds the other processes that would parse into the same folder: dbt's own writes are not atomic."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".parse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
