"""The drawings of the last pages: a chart that shows what it showed is not drawn again.

To draw is to start the engine of a browser: a tenth of the cost of a run in which nothing has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from donnees_au_centre import french, inert

_MODULES = (french.__file__, inert.__file__, str(Path(__file__).with_name("charts.py")))
_PACKAGES = ("altair", "vl-convert-python")


class Drawings:
    """Drawings by what they were made of.

    Args:
        file: where they are kept; None to draw every one.
    """

    def __init__(self, file: Path | None = None) -> None:
        """Reads those of the last time; a file that cannot be read holds none."""
        self._file = file
        self._last: dict[str, str] = {}
        self._used: dict[str, str] = {}
        with suppress(OSError, ValueError):
            self._last = json.loads(file.read_text("utf-8")) if file else {}

    def drawn(self, what: str, draw: Callable[[], str]) -> str:
        """A drawing.

        Args:
            what: all that it is made of, in a text.
            draw: makes it.
        """
        key = hashlib.sha256(f"{_code()} {what}".encode("utf-8", "surrogatepass")).hexdigest()
        if key not in self._used:
            last = self._last.get(key)
            self._used[key] = draw() if last is None else last
        return self._used[key]

    def keep(self) -> None:
        """Keeps those that were asked for, and no other."""
        if self._file and self._used != self._last:
            new = self._file.with_name(f"{self._file.name}.{os.getpid()}.new")
            new.write_text(json.dumps(self._used), "utf-8")
            os.replace(new, self._file)


@cache
def _code() -> str:
    """The digest of the code that draws."""
    found = hashlib.sha256(" ".join(f"{name} {version(name)}" for name in _PACKAGES).encode())
    for file in _MODULES:
        found.update(Path(file).read_bytes())
    return found.hexdigest()
