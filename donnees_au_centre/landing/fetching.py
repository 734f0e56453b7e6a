"""Fetches into the landing zone the files that lie elsewhere; what is there is then loaded as any other.

What of a file was fetched is remembered beside it, in a hidden file of its folder: a version is fetched once,
even when somebody takes the file out of the zone afterwards. A beginning keeps a hidden name, which the
loader does not see, until the whole is there.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from donnees_au_centre.connectors import (
    FileSource,
    PassingFault,
    RemoteFile,
    kind_named,
    reader_of,
    retried,
)
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.inert import line, plain
from donnees_au_centre.landing import limits, names, opening, patterns
from donnees_au_centre.landing.declaration import Origin, SourceTable, Variant
from donnees_au_centre.landing.zone import MAX_ENTRIES, PARTIAL
from donnees_au_centre.refusals import describe_error
from donnees_au_centre.temporary import FULL

MEMORY, LOCK = ".apports.jsonl", ".apports.verrou"
# Seconds that a load waits for another one that fetches into the same folder, and between two looks.
PATIENCE, PAUSE = 600.0, 0.2
# Bytes of a name, so that the hidden one of its beginning is no longer than a system takes.
_LONGEST = 240
# What is remembered of a folder is not read beyond, in bytes.
_MOST = 64 << 20
_HIDDEN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Failures = dict[str, list[PlatformError]]


def fetch(zone: Path, tables: Sequence[SourceTable], progress: Callable[[str], None]) -> Failures:
    """Fetches what is new elsewhere, table by table; what fails for one stops no other.

    Args:
        zone: root of the landing zone.
        tables: the declarations; those whose `origin` is not of files are left alone.
        progress: receives one short French line a file.

    Returns:
        By label of a table, why something was not fetched; what lies in the zone is loaded all the same.
    """
    failures: Failures = {}
    groups: dict[tuple[str, str], _Group] = {}
    for table in tables:
        if table.origin is None:
            continue
        try:
            if not issubclass(kind_named(table.origin.kind), FileSource):
                continue
            group = _Group(zone, table.origin, _folder(table), progress, failures)
            groups.setdefault((group.key, group.folder), group).tables.append(table)
        except PlatformError as fault:
            failures.setdefault(table.label, []).append(fault)
    owners: dict[str, str] = {}
    for group in groups.values():
        try:
            group.run(owners)
        except PlatformError as fault:
            group.blame(group.tables, fault)
        except OSError as error:
            group.blame(group.tables, _unwritable(group.folder, error))
        except Exception as error:  # whatever one system does to the code, the others are fetched from
            group.blame(group.tables, _unforeseen(group.origin, error))
    return failures


def name_in_zone(source: FileSource, file: RemoteFile, tables: Sequence[SourceTable]) -> str:
    """How a remote file is called in the landing zone.

    Args:
        source: that has it.
        file: as it describes it.
        tables: those that it may be for.
    """
    last = (variant.location.rpartition("/")[2] for table in tables for variant in table.variants)
    literal = next((name for name in last if not patterns.takes_several_files(name)), "")
    return literal if source.single and literal else file.name


@dataclass
class _Group:
    """The tables whose files come from one place into one folder of the zone.

    Attributes:
        zone: its root.
        origin: of the first of them.
        folder: of the zone, `/` between its parts.
        progress: told what is done.
        failures: by label of a table.
        tables: those that the files are for.
    """

    zone: Path
    origin: Origin
    folder: str
    progress: Callable[[str], None]
    failures: Failures
    tables: list[SourceTable] = field(default_factory=list)
    warned: bool = False
    # Files that were cut: the others come first at the next try.
    cut: set[str] = field(default_factory=set)
    done: int = 0

    @property
    def key(self) -> str:
        """The place that the files come from."""
        origin = self.origin
        said = origin.options.model_dump_json(exclude_defaults=True)
        return json.dumps([origin.kind, origin.connection, origin.folder.strip("/"), said])

    def run(self, owners: dict[str, str]) -> None:
        """Fetches all that is new; after a passing fault, what is left."""
        source = self._source()
        parts = self.folder.split("/")
        _make_folder(self.zone, parts)
        with opening.folder(self.zone, parts) as descriptor, _alone(descriptor, self.folder):
            memory = _Memory(descriptor)
            while True:
                before = self.done
                try:
                    retried(partial(self._pass, source, memory, owners), say=self.progress)
                    break
                except PassingFault:
                    # Tries are counted from the last file that came whole.
                    if self.done == before:
                        raise
            memory.tidy()

    def _source(self) -> FileSource:
        origin = self.origin
        return cast("FileSource", reader_of(origin.kind, origin.connection, origin.folder, origin.options))

    def _pass(self, source: FileSource, memory: _Memory, owners: dict[str, str]) -> None:
        """One try: whatever was cut is gone on with at the next."""
        with source.open():
            for warning in source.warnings() if not self.warned else ():
                self.progress(warning)
            self.warned = True
            listed = self._listed(source)
            memory.seen |= {wanted.name for wanted in listed}
            for wanted in sorted(listed, key=lambda one: (one.name in self.cut, one.name)):
                if memory.has(self.key, wanted):
                    continue
                owner = owners.setdefault(wanted.path, self.key)
                try:
                    if owner != self.key:
                        raise _two_places(wanted)
                    self._bring(source, memory, wanted)
                except PassingFault:
                    self.cut.add(wanted.name)
                    raise
                except PlatformError as fault:
                    if isinstance(fault, _Full):
                        raise
                    self.blame(wanted.tables, fault)

    def _listed(self, source: FileSource) -> list[_Wanted]:
        """The remote files that a declaration of the group takes."""
        found: list[_Wanted] = []
        for file in source.files():
            wanted = self._wanted(source, file)
            if wanted is not None:
                found.append(wanted)
            if len(found) > MAX_ENTRIES:
                raise PlatformError(
                    f"La connexion « {source.connection.shown} » a plus de {MAX_ENTRIES} fichiers qui "
                    "conviennent : rien n'en est apporté.",
                    "Précisez `location`, ou demandez que les anciens soient rangés ailleurs.",
                )
        return found

    def _wanted(self, source: FileSource, file: RemoteFile) -> _Wanted | None:
        name = name_in_zone(source, file, self.tables)
        if name.startswith((".", "~$")) and "/" not in name:
            return None
        shown = line(name.encode("utf-8", "backslashreplace").decode()).replace("/", "_")
        owned = names.owners(f"{self.folder}/{shown}", self.tables)
        if not owned:
            if source.single:
                raise PlatformError(
                    f"Le fichier de la connexion « {source.connection.shown} » s'appelle « {shown} », ce que "
                    "`location` n'attend pas.",
                    "Écrivez dans `location` le nom qu'il doit porter dans la zone, sans motif.",
                )
            return None
        tables = [table for table, _, _ in owned]
        if shown != name or len(os.fsencode(name)) > _LONGEST or not plain(name):
            self.blame(tables, _tricky(source, shown))
            return None
        return _Wanted(name, f"{self.folder}/{name}", file, tables, _most(variant for _, variant, _ in owned))

    def blame(self, tables: Sequence[SourceTable], fault: PlatformError) -> None:
        """Notes a failure, once a table."""
        for table in tables:
            noted = self.failures.setdefault(table.label, [])
            if str(fault) not in map(str, noted):
                noted.append(fault)

    def _bring(self, source: FileSource, memory: _Memory, wanted: _Wanted) -> None:
        """Fetches one file: its beginning, if there is one of this version, then the rest; then its name."""
        file, hidden = wanted.file, f".{wanted.name}{PARTIAL}"
        if file.size is not None and file.size > wanted.most:
            raise _too_large(wanted)
        started = time.monotonic()
        with _beginning(memory.folder, hidden, memory.goes_on(self.key, wanted)) as raw:
            to = _Bounded(raw, wanted)
            try:
                memory.note(self.key, wanted, whole=False)
                source.fetch(file, cast("BinaryIO", to))
                size = os.fstat(raw.fileno()).st_size
                if file.size is not None and size != file.size:
                    raise _other_size(wanted, size)
                if file.modified is not None:
                    moment = int(file.modified.timestamp() * 1_000_000_000)
                    with suppress(OSError, OverflowError):
                        os.utime(raw.fileno(), ns=(moment, moment))
                os.fsync(raw.fileno())
                os.rename(hidden, wanted.name, src_dir_fd=memory.folder, dst_dir_fd=memory.folder)
            except PassingFault:
                raise
            except (PlatformError, OSError):
                # Its beginning is of no use, or takes the place that others need.
                os.unlink(hidden, dir_fd=memory.folder)
                raise
        os.fsync(memory.folder)
        memory.note(self.key, wanted, whole=True)
        self.done += 1
        seconds = f"{time.monotonic() - started:.1f} s".replace(".", ",")
        self.progress(
            f"{wanted.path} : apporté de « {source.connection.shown} », {counted(size, 'octet')}, {seconds}"
        )


@dataclass(frozen=True)
class _Wanted:
    """A remote file that a declaration takes.

    Attributes:
        name: in the folder of the zone.
        path: below the zone.
        file: as its source described it.
        tables: those that it is for.
        most: bytes that it may have.
    """

    name: str
    path: str
    file: RemoteFile
    tables: list[SourceTable]
    most: int


class _Memory:
    """What is remembered of a folder: a line a file that was begun, and a line a file that came whole.

    Attributes:
        folder: the descriptor of the folder.
        seen: the names that the sources of this run have.
    """

    def __init__(self, folder: int) -> None:
        """Reads what is remembered; what is no line of ours is passed over."""
        self.folder = folder
        self.seen: set[str] = set()
        self._whole: dict[str, dict[str, Any]] = {}
        self._begun: dict[str, dict[str, Any]] = {}
        self._lines = 0
        try:
            with open(os.open(MEMORY, os.O_RDONLY | _HIDDEN, dir_fd=folder), "rb") as file:
                for text in file.read(_MOST).splitlines():
                    self._lines += 1
                    with suppress(ValueError, KeyError, TypeError):
                        entry = json.loads(text)
                        self._place(entry)[str(entry["nom"])] = entry
        except FileNotFoundError:
            pass
        for name in self._whole.keys() & self._begun.keys():
            if self._whole[name]["version"] == self._begun[name]["version"]:
                del self._begun[name]

    def _place(self, entry: dict[str, Any]) -> dict[str, dict[str, Any]]:
        _ = entry["origine"], entry["version"]
        return self._whole if entry["entier"] is True else self._begun

    def has(self, key: str, wanted: _Wanted) -> bool:
        """Whether this version was fetched before; one that has none never was."""
        return bool(wanted.file.version) and self._is(self._whole, key, wanted)

    def goes_on(self, key: str, wanted: _Wanted) -> bool:
        """Whether the beginning that may be there is one of this version."""
        return bool(wanted.file.version) and self._is(self._begun, key, wanted)

    def _is(self, place: dict[str, dict[str, Any]], key: str, wanted: _Wanted) -> bool:
        found = place.get(wanted.name, {})
        return found.get("version") == wanted.file.version and found.get("origine") == key

    def note(self, key: str, wanted: _Wanted, whole: bool) -> None:
        """Writes a line down."""
        entry = {"nom": wanted.name, "origine": key, "version": wanted.file.version, "entier": whole}
        self._place(entry)[wanted.name] = entry
        if whole:
            self._begun.pop(wanted.name, None)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _HIDDEN
        with open(os.open(MEMORY, flags, 0o640, dir_fd=self.folder), "ab") as file:
            # A line that was cut short stays one of its own.
            file.write(b"\n" + json.dumps(entry).encode())
        self._lines += 1

    def tidy(self) -> None:
        """Takes away the beginnings that nothing goes on with, and the lines that others replaced."""
        for name in [*self._begun]:
            if name not in self.seen:
                with suppress(FileNotFoundError):
                    os.unlink(f".{name}{PARTIAL}", dir_fd=self.folder)
                del self._begun[name]
        entries = [*self._whole.values(), *self._begun.values()]
        if self._lines <= 3 * len(entries) + 20:
            return
        aside = f"{MEMORY}{PARTIAL}"
        flags = os.O_WRONLY | os.O_TRUNC | os.O_CREAT | _HIDDEN
        with open(os.open(aside, flags, 0o640, dir_fd=self.folder), "wb") as file:
            file.writelines(json.dumps(entry).encode() + b"\n" for entry in entries)
            file.flush()
            os.fsync(file.fileno())
        os.rename(aside, MEMORY, src_dir_fd=self.folder, dst_dir_fd=self.folder)


class _Full(PlatformError):
    """There is no room left on the disk of the zone."""


class _Bounded:
    """The file that is written, up to its limit; what the disk refuses is never told as a lost network."""

    def __init__(self, raw: BinaryIO, wanted: _Wanted) -> None:
        self._raw, self._wanted = raw, wanted

    def write(self, chunk: bytes) -> int:
        if self._raw.tell() + len(chunk) > self._wanted.most:
            raise _too_large(self._wanted)
        written, view = 0, memoryview(chunk)
        try:
            while written < len(view):
                written += self._raw.write(view[written:])
        except OSError as error:
            raise _unwritable(self._wanted.path, error) from error
        return written

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        return self._raw.tell()

    def truncate(self, size: int | None = None) -> int:
        return self._raw.truncate(size)


@contextmanager
def _beginning(folder: int, hidden: str, goes_on: bool) -> Iterator[BinaryIO]:
    """Opens what is there of a file, or a new one: an ordinary one, of this account and of no other name."""
    flags = os.O_RDWR | _HIDDEN
    if goes_on:
        try:
            descriptor = os.open(hidden, flags, dir_fd=folder)
        except OSError:
            pass
        else:
            with open(descriptor, "r+b", buffering=0) as file:
                found = os.fstat(descriptor)
                if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_uid == os.geteuid():
                    yield file
                    return
    with suppress(FileNotFoundError):
        os.unlink(hidden, dir_fd=folder)
    descriptor = os.open(hidden, flags | os.O_CREAT | os.O_EXCL, 0o640, dir_fd=folder)
    with open(descriptor, "r+b", buffering=0) as file:
        yield file


@contextmanager
def _alone(folder: int, path: str) -> Iterator[None]:
    """Keeps the folder from another load that fetches into it; that one finds what this one brought."""
    with open(os.open(LOCK, os.O_RDWR | os.O_CREAT | _HIDDEN, 0o640, dir_fd=folder), "rb") as file:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise PlatformError(
                        f"Un autre chargement apporte des fichiers dans « {path} » depuis plus de "
                        f"{PATIENCE:.0f} s.",
                        "Attendez sa fin, ou faites-le arrêter, puis relancez.",
                    ) from error
                time.sleep(PAUSE)
        yield


def _folder(table: SourceTable) -> str:
    """The folder of the zone that the files of a table come into."""
    folder, *others = dict.fromkeys(variant.location.rpartition("/")[0] for variant in table.variants)
    parts = PurePosixPath(folder).parts
    if others or not parts or patterns.takes_several_files(folder) or {"..", "/"} & {*parts}:
        raise PlatformError(
            f"Les fichiers de {table.label} sont apportés d'ailleurs, et leur dossier « {folder} » n'est pas "
            "un seul dossier de la zone.",
            "Écrivez dans `location` un dossier sans motif, comme age/ma_source/ ; seule sa dernière partie "
            "peut en être un.",
        )
    return "/".join(parts)


def _make_folder(zone: Path, parts: Sequence[str]) -> None:
    for depth, part in enumerate(parts):
        with opening.folder(zone, parts[:depth]) as parent, suppress(FileExistsError):
            os.mkdir(part, 0o750, dir_fd=parent)


def _most(variants: Iterator[Variant]) -> int:
    """Bytes that a file may have: the lowest limit of those that read it."""
    return min((one.max_size or limits.MAX_SIZE[one.file_format]) << 20 for one in variants)


def _too_large(wanted: _Wanted) -> PlatformError:
    return PlatformError(
        f"« {wanted.path} » pèse plus que les {wanted.most >> 20} Mio permis (`max_size`) : il n'est pas "
        "apporté.",
        "Demandez d'où il vient ; s'il est vraiment si grand, écrivez une limite plus haute dans `max_size`.",
    )


def _other_size(wanted: _Wanted, size: int) -> PlatformError:
    return PlatformError(
        f"« {wanted.path} » a {counted(size, 'octet')} au lieu des {wanted.file.size} qui étaient annoncés : "
        "rien n'en est pris.",
        "Attendez la fin de son dépôt : le prochain chargement le prendra.",
    )


def _tricky(source: FileSource, shown: str) -> PlatformError:
    return PlatformError(
        f"La connexion « {source.connection.shown} » a un fichier « {shown} », dont le nom sort du dossier, "
        f"a un caractère qui ne se voit pas, ou dépasse {_LONGEST} octets : il n'est pas apporté.",
        "Demandez d'où il vient, et qu'il porte un nom ordinaire.",
    )


def _two_places(wanted: _Wanted) -> PlatformError:
    return PlatformError(
        f"Deux systèmes donnent un fichier pour « {wanted.path} » : le second n'est pas apporté.",
        "Donnez à chacune des sources un dossier de la zone à elle (`location`).",
    )


def _unforeseen(origin: Origin, error: Exception) -> PlatformError:
    """Only the kind of the error and its place in the code: what a library says may quote a secret."""
    return PlatformError(
        f"La lecture de la connexion « {line(origin.connection)} » s'est arrêtée sans savoir le dire "
        f"({describe_error(error)}).",
        "Donnez ce message à l'équipe de la plateforme.",
    )


def _unwritable(path: str, error: OSError) -> PlatformError:
    if error.errno in FULL:
        return _Full(
            f"Plus de place sur le disque de la zone de dépôt pour « {line(path)} » ({error.strerror}) : "
            "rien n'en est gardé, les lignes en place restent.",
            "Faites de la place (df -h), puis relancez le chargement.",
        )
    return PlatformError(
        f"« {line(path)} » ne peut pas être écrit dans la zone de dépôt ({error.strerror}).",
        "Donnez au compte du chargement le droit d'écrire dans ce dossier.",
    )
