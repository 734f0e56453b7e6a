"""`mcp`: what an assistant may ask of the project, over standard input and output."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from donnees_au_centre.assistance import Knowledge, gather
from donnees_au_centre.cli.lineage import lineage_of
from donnees_au_centre.cli.session import Session
from donnees_au_centre.drivers import missing_driver
from donnees_au_centre.project import parse
from donnees_au_centre.settings import Settings

# All that the environment of the server keeps: no secret is in its reach, whatever the caller's held.
KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "USER")
# What dbt and the pages are made from, below the checkout.
READ = ("models", "macros", "seeds", "tests/generic", "tests/singular", "docs", ".agents")
SINGLE = ("dbt_project.yml", "Makefile", "AGENTS.md", "README.md", "README.fr.md")


def mcp(settings: Settings, _options: Mapping[str, str]) -> int:
    """Serves the project's texts until the assistant leaves; opens no database and no network.

    Raises:
        PlatformError: the SDK of MCP is not installed.
    """
    try:
        from donnees_au_centre.assistance.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types", "anyio"):
            raise
        raise missing_driver("assistance", "mcp") from None
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    os.environ.clear()
    os.environ.update(kept)
    serve(_Reading(Session.without_database(settings).settings))
    return 0


class _Reading:
    """The project as its files stand, read again when one of them changed.

    Args:
        settings: of a session without a database.
    """

    def __init__(self, settings: Settings) -> None:
        """Reads nothing yet: an assistant that starts waits for nothing."""
        self._settings = settings
        self._known: tuple[object, Knowledge] | None = None

    def __call__(self) -> Knowledge:
        stamp = _stamp(self._settings.root)
        if self._known is None or self._known[0] != stamp:
            parsed = parse(self._settings)
            trace = partial(lineage_of, self._settings, parsed)
            known = gather(self._settings.root, parsed.manifest, parsed.error is None, trace)
            self._known = stamp, known
        return self._known[1]


def _stamp(root: Path) -> frozenset[tuple[str, int, int]]:
    """Changes when a file that is read does."""
    files = [root / name for name in SINGLE]
    files += [file for name in READ for file in (root / name).rglob("*")]
    found = ((str(file), file.stat()) for file in files if file.is_file())
    return frozenset((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)
