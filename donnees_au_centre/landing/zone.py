"""What lies in the landing zone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.inert import line, plain
from donnees_au_centre.landing import opening

# Of one folder, of one administration, and folders within folders: beyond, nobody looks.
MAX_ENTRIES, MAX_OF_DOMAIN, MAX_DEPTH = 10_000, 100_000, 16
# How the hidden name of a file that is being fetched ends.
PARTIAL = ".partiel"


@dataclass(frozen=True)
class Unfit:
    """What is there and is not looked at.

    Attributes:
        path: as people read it.
        given: as the system has it.
        problem: why.
    """

    path: str
    given: str
    problem: PlatformError


@dataclass
class Zone:
    """Files of the landing zone, hidden ones left out.

    Attributes:
        domains: whose folders are looked at; None for all.
        paths: relative to the root, in order; opening tells which are files.
        folders: the folders, in order.
        unfit: files and folders that are not looked into.
        locks: files by which Office keeps an open document for itself (`~$…`), which hold no data.
        partial: beginnings of files that are being fetched: nothing reads them, and they hold people all the
            same.
    """

    domains: Collection[str] | None
    paths: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unfit: list[Unfit] = field(default_factory=list)
    locks: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, landing: Path, domains: Collection[str] | None) -> Zone:
        """Walks through the landing zone, following no link."""
        zone = cls(domains)
        seen: Counter[str] = Counter()
        waiting: list[list[str]] = [[]]
        while waiting:
            parts = waiting.pop()
            try:
                entries = _entries(landing, parts, seen)
            except PlatformError as problem:
                zone._refuse("/".join(parts), problem)
                continue
            except OSError as error:
                zone._refuse("/".join(parts), _unreadable(error))
                continue
            for entry in entries:
                path = "/".join([*parts, entry.name])
                if entry.name.startswith(".") or not zone.covers(path):
                    if entry.name.endswith(PARTIAL) and zone.covers(path) and plain(path):
                        zone.partial.append(path)
                    continue
                if entry.is_symlink():
                    zone._refuse(path, opening.linked(path))
                elif not plain(path):
                    zone._refuse(path, _HIDES)
                elif entry.is_dir(follow_symlinks=False):
                    zone.folders.append(path)
                    waiting.append([*parts, entry.name])
                else:
                    (zone.locks if entry.name.startswith("~$") else zone.paths).append(path)
        for found in (zone.paths, zone.folders, zone.locks):
            found.sort()
        zone.unfit.sort(key=lambda one: one.path)
        return zone

    def _refuse(self, path: str, problem: PlatformError) -> None:
        if not path:
            raise problem
        # Bytes that are no text, and characters that do not show, are written out.
        shown = line(os.fsencode(path).decode("utf-8", "backslashreplace"))
        self.unfit.append(Unfit(shown, path, problem))

    def covers(self, path: str) -> bool:
        """Whether a path is among those looked for."""
        return self.domains is None or path.split("/")[0] in self.domains


_HIDES = PlatformError(
    "Son nom a un caractère qui ne se voit pas (retour à la ligne, commande de terminal, sens de "
    "lecture) ou n'est pas du texte : il cacherait ce qu'il est, rien n'en est lu.",
    "Redéposez-le sous un nom ordinaire, et demandez d'où vient celui-ci.",
)


def _entries(landing: Path, parts: Sequence[str], seen: Counter[str]) -> list[os.DirEntry[str]]:
    """What is in a folder; whether an entry is a link or a folder is known, and no longer asked by its name.

    Raises:
        PlatformError: it has too many, is too deep, or is reached by a link.
        OSError: it cannot be read.
    """
    if len(parts) > MAX_DEPTH:
        raise _crowded(f"a plus de {MAX_DEPTH} niveaux de dossiers")
    found: list[os.DirEntry[str]] = []
    with opening.folder(landing, parts) as descriptor, os.scandir(descriptor) as entries:
        for entry in entries:
            # Asked while the folder is open, for file systems that do not tell with the name.
            entry.is_dir(follow_symlinks=False)
            found.append(entry)
            if len(found) > MAX_ENTRIES:
                raise _crowded(f"a plus de {MAX_ENTRIES} fichiers")
    if parts:
        seen[parts[0]] += len(found)
        if seen[parts[0]] > MAX_OF_DOMAIN:
            raise _crowded(f"vient après {MAX_OF_DOMAIN} fichiers de son AG")
    return found


def _crowded(why: str) -> PlatformError:
    return PlatformError(
        f"Le dossier {why} : rien n'y est regardé, ses lignes en place restent.",
        "Rangez ailleurs ce qui est déjà chargé, ou ce qui n'a rien à y faire, puis relancez.",
    )


def _unreadable(error: OSError) -> PlatformError:
    return PlatformError(
        f"Le dossier ne peut pas être lu ({error.strerror}) : rien n'y est regardé, ses lignes en place "
        "restent.",
        "Donnez au compte du chargement le droit de le lire, puis relancez.",
    )
