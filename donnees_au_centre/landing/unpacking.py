"""Reads a compressed text as if it were not: gzip, bzip2, xz, and the one file of a zip."""

from __future__ import annotations

import bz2
import fnmatch
import gzip
import io
import lzma
import os
import shutil
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, Any, BinaryIO, cast

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.landing.declaration import Variant
from donnees_au_centre.landing.encodings import CHUNK
from donnees_au_centre.landing.kinds import kind_of
from donnees_au_centre.landing.limits import most_from, tick
from donnees_au_centre.landing.opening import Deposit
from donnees_au_centre.landing.received import Received, Withheld
from donnees_au_centre.temporary import room

# Bytes of memory that an xz may ask for: `xz -9` needs half of it.
XZ_MEMORY = 128 << 20
# Of a zip: those that need little memory; and what its table of contents may hold.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
MAX_MEMBERS, LONGEST_NAME = 10_000, 1_000
# bz2 says that its data are bad by an OSError without number.
_DAMAGED = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError)


def unpacked(file: BinaryIO, variant: Variant) -> BinaryIO:
    """The text inside a compressed file, which is read as it goes, never whole.

    Args:
        file: opened at its start; what it is shows in its first bytes, whatever its name.
        variant: how it is declared (`member`, `max_unpacked`).

    Returns:
        What to read instead; the file itself when it is not compressed.

    Raises:
        PlatformError: a zip without the one file wanted. Reading raises it too, where the archive is cut,
            damaged or locked, or its text larger than declared.
    """
    kind = kind_of(file)
    if kind != "zip" and kind not in OPENERS:
        return file
    inner = _member(file, variant.member) if kind == "zip" else OPENERS[kind](file)
    return bounded(inner, kind, size_of(file), variant.max_unpacked)


def bounded(packed: Any, kind: str, received: int, declared: int | None = None) -> BinaryIO:
    """What an archive gives, up to what so small an archive may give.

    Args:
        packed: as its library opened it.
        kind: of archive.
        received: bytes of the archive.
        declared: `max_unpacked`, in MiB.
    """
    return cast(BinaryIO, _Bounded(packed, kind, *most_from(received, declared)))


def size_of(file: BinaryIO) -> int:
    """Bytes of a file; its position is left as it was."""
    place = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(place)
    return size


class _Xz(io.RawIOBase):
    """The text of an xz that does not take all the memory: `lzma.open` lets the file choose."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = file.tell()
        self._rewind()

    def _rewind(self) -> None:
        self._file.seek(self._start)
        self._decoder = self._new()
        self._left = b""
        self._at = 0

    @staticmethod
    def _new() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        """Goes to a position; back means reading again from the start."""
        position += self._at if whence == io.SEEK_CUR else 0
        if position < self._at:
            self._rewind()
        while self._at < position and self.read(min(CHUNK, position - self._at)):
            pass
        return self._at

    def readinto(self, buffer: Any) -> int:
        while True:
            if self._decoder.eof:
                # Several xz may follow each other, with zeros between them.
                self._left = self._decoder.unused_data.lstrip(b"\0") or self._more().lstrip(b"\0")
                if not self._left:
                    return 0
                self._decoder = self._new()
            given = self._left or (self._more() if self._decoder.needs_input else b"")
            if not given and self._decoder.needs_input:
                raise EOFError
            self._left = b""
            if data := self._decoder.decompress(given, len(buffer)):
                buffer[: len(data)] = data
                self._at += len(data)
                return len(data)

    def _more(self) -> bytes:
        return self._file.read(64 << 10)


def _open_xz(file: BinaryIO) -> Any:
    return io.BufferedReader(_Xz(file), CHUNK)


OPENERS: dict[str, Callable[..., Any]] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": _open_xz}


@contextmanager
def unpacked_whole(file: BinaryIO, variant: Variant) -> Iterator[BinaryIO]:
    """As `unpacked`, in a temporary file: a workbook is read from its end.

    Raises:
        PlatformError: as `unpacked`, and for an archive that cannot be read whole.
    """
    inner = unpacked(file, variant)
    if inner is file:
        yield file
        return
    with copied(inner, size_of(file)) as whole:
        yield cast(BinaryIO, whole)


@contextmanager
def copied(packed: BinaryIO, received: int) -> Iterator[Deposit]:
    """What an archive gives, in a temporary file without a name, read as a file that was received.

    Args:
        packed: bounded, as `unpacked` gives it.
        received: bytes of the archive.
    """
    with room(), tempfile.TemporaryFile() as whole:
        shutil.copyfileobj(packed, whole, CHUNK)
        whole.flush()
        with Deposit(os.dup(whole.fileno()), received) as file:
            file.seek(0)
            yield file


def members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files of a zip by name, without those that a system added.

    Raises:
        PlatformError: it has too many, or names that lead out of it.
    """
    entries = archive.infolist()
    if len(entries) > MAX_MEMBERS:
        raise PlatformError(
            f"L'archive zip contient {len(entries)} fichiers, plus que les {MAX_MEMBERS} qui sont regardés.",
            "Demandez une archive du seul fichier attendu.",
        )
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or len(entry.filename) > LONGEST_NAME:
            raise PlatformError(
                "L'archive zip a un fichier dont le nom mène hors d'elle, ou n'en finit pas : rien n'en est "
                "lu.",
                "Demandez d'où elle vient, puis une archive ordinaire.",
            )
    return {entry.filename: entry for entry in entries if _counts(entry)}


def open_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> IO[bytes]:
    """Opens a file of a zip, if it is compressed in a way that takes little memory.

    Raises:
        PlatformError: it is not, or is locked.
    """
    if entry.compress_type not in _METHODS:
        raise _locked()
    return archive.open(entry)


def _member(file: BinaryIO, pattern: str | None) -> IO[bytes]:
    try:
        archive = zipfile.ZipFile(file)
        names = members(archive)
        return open_member(archive, names[_chosen(names, pattern)])
    except (zipfile.BadZipFile, EOFError) as error:
        raise _damaged("zip") from error
    except (RuntimeError, NotImplementedError) as error:
        raise _locked() from error


def _counts(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is a file that somebody put there, not one that a system added."""
    parts = PurePosixPath(entry.filename).parts
    return not entry.is_dir() and not any(part.startswith((".", "~$", "__MACOSX")) for part in parts)


def _chosen(names: dict[str, zipfile.ZipInfo], pattern: str | None) -> str:
    found = [name for name in names if pattern is None or _fits(name, pattern)]
    if len(found) == 1:
        return found[0]
    if not names:
        raise PlatformError("L'archive zip ne contient aucun fichier.", "Demandez un nouveau fichier.")
    fits = f"{len(found)} conviennent" if found else "aucun ne convient"
    wanted = f" : {fits} à `member: {pattern}`" if pattern else ""
    raise Withheld(
        f"L'archive zip contient {counted(len(names), 'fichier')}{wanted}.",
        "Nommez dans la déclaration celui que la table lit : `member: '<nom ou motif>'` ; chaque table peut "
        "en lire un autre.",
        "les noms des fichiers de l'archive",
        map(Received, names),
    )


def _fits(name: str, pattern: str) -> bool:
    name, pattern = (unicodedata.normalize("NFC", text) for text in (name, pattern))
    return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(PurePosixPath(name).name, pattern)


def _damaged(kind: str) -> PlatformError:
    return PlatformError(
        f"L'archive {kind} est coupée ou abîmée.",
        "Vérifiez que le dépôt s'est bien terminé, ou demandez un nouveau fichier.",
    )


def _greedy() -> PlatformError:
    return PlatformError(
        f"L'archive xz demande plus de {XZ_MEMORY >> 20} Mio de mémoire : elle n'est pas lue.",
        "Demandez-la comprimée par gzip, ou par xz sans réglage particulier.",
    )


def _locked() -> PlatformError:
    return PlatformError(
        "L'archive zip est protégée par un mot de passe, ou comprimée d'une façon qui n'est pas lue.",
        "Demandez-la sans mot de passe, en zip ordinaire ou en gzip.",
    )


class _Bounded:
    """The text of an archive, up to a size."""

    def __init__(self, file: Any, kind: str, limit: int, words: str) -> None:
        self._file = file
        self._kind = kind
        self._limit, self._words = limit, words
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        """Reads on, at most 1 byte more than the limit."""
        tick()
        room = self._limit + 1 - self._file.tell()
        data = self._guarded(self._file.read, room if size < 0 else min(size, room))
        if self._file.tell() > self._limit:
            raise PlatformError(
                f"Décompressé, le fichier dépasse {self._words}.",
                "S'il est vraiment si grand, écrivez une limite plus haute dans `max_unpacked` (en Mio).",
            )
        return cast(bytes, data)

    def seek(self, position: int, whence: int = 0) -> int:
        """Goes to a position; back means reading again from the start."""
        return cast(int, self._guarded(self._file.seek, position, whence))

    def _guarded(self, work: Callable[..., Any], *arguments: int) -> Any:
        try:
            return work(*arguments)
        except (RuntimeError, NotImplementedError) as error:
            raise _locked() from error
        except _DAMAGED as error:
            if isinstance(error, lzma.LZMAError) and "emory" in str(error):
                raise _greedy() from error
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise _damaged(self._kind) from error
