"""Files that a linter found clean, by their content: read again only when they, or its settings, change."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# Kept by the continuous integration from one pipeline to the next, as the packages are.
FOLDER = Path(".cache") / "lint"


@dataclass(frozen=True)
class CleanFiles:
    """What one linter found clean in a checkout; a fault is never kept, so that it is said each time.

    Attributes:
        root: of the checkout.
        linter: its name.
        context: files that decide what it finds: settings, versions, macros.
    """

    root: Path
    linter: str
    context: tuple[Path, ...]

    def unread(self, files: Iterable[Path]) -> list[Path]:
        """Those that were not found clean as they are now, under the context of now."""
        known = self._known()
        return [path for path in files if known.get(self._name(path)) != digest(path)]

    def keep(self, files: Iterable[Path]) -> None:
        """Remembers files that have just been found clean, beside those that still are as they were."""
        known = {name: found for name, found in self._known().items() if (self.root / name).is_file()}
        known |= {self._name(path): digest(path) for path in files}
        place = self._place()
        place.parent.mkdir(parents=True, exist_ok=True)
        new = place.with_name(f"{place.name}.{os.getpid()}.new")
        new.write_text(json.dumps({"context": self._context(), "clean": known}), "utf-8")
        os.replace(new, place)

    def _known(self) -> dict[str, str]:
        try:
            found = json.loads(self._place().read_text("utf-8"))
            return found["clean"] if found["context"] == self._context() else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def _context(self) -> str:
        named = ((str(path.relative_to(self.root)), digest(path)) for path in sorted(self.context))
        return hashlib.sha256(repr(list(named)).encode()).hexdigest()

    def _place(self) -> Path:
        return self.root / FOLDER / f"{self.linter}.json"

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def digest(path: Path) -> str:
    """The SHA-256 of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
