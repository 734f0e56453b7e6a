"""What lies in the landing zone."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Zone:
    """Files of the landing zone, hidden ones left out.

    Attributes:
        domains: whose folders are looked at; None for all.
        paths: usable ones, relative to the root, in order.
        unreadable: names that are no text, as near as can be.
        locks: files by which Office keeps an open document for itself (`~$…`), which hold no data.
    """

    domains: Collection[str] | None
    paths: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    locks: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, landing: Path, domains: Collection[str] | None) -> Zone:
        """Walks through the landing zone."""
        zone = cls(domains)
        for folder, folders, files in os.walk(landing):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in files:
                path = (Path(folder) / name).relative_to(landing).as_posix()
                if not name.startswith(".") and zone.covers(path):
                    zone._add(name, path)
        for found in (zone.paths, zone.unreadable, zone.locks):
            found.sort()
        return zone

    def _add(self, name: str, path: str) -> None:
        try:
            path.encode("utf-8")
            (self.locks if name.startswith("~$") else self.paths).append(path)
        except UnicodeEncodeError:
            self.unreadable.append(os.fsencode(path).decode("utf-8", "backslashreplace"))

    def covers(self, path: str) -> bool:
        """Whether a path is among those looked for."""
        return self.domains is None or path.split("/")[0] in self.domains
