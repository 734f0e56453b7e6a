"""Reads a compressed text as if it were not: gzip, bzip2, xz, and the one file of a zip."""

from __future__ import annotations

import bz2
import fnmatch
import gzip
import lzma
import shutil
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from orchestration.errors import PlatformError
from orchestration.landing.declaration import Variant
from orchestration.landing.encodings import CHUNK
from orchestration.landing.kinds import kind_of
from orchestration.landing.received import Received, Withheld
from orchestration.landing.report import counted

OPENERS: dict[str, Callable[..., Any]] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
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
    if kind == "zip":
        return cast(BinaryIO, _Bounded(_member(file, variant), kind, variant))
    if kind in OPENERS:
        return cast(BinaryIO, _Bounded(OPENERS[kind](file), kind, variant))
    return file


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
    with tempfile.TemporaryFile() as whole:
        shutil.copyfileobj(inner, whole, CHUNK)
        yield cast(BinaryIO, whole)


def _member(file: BinaryIO, variant: Variant) -> Any:
    try:
        archive = zipfile.ZipFile(file)
        names = {entry.filename: entry for entry in archive.infolist() if _counts(entry)}
        return archive.open(_chosen(names, variant.member))
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


def _locked() -> PlatformError:
    return PlatformError(
        "L'archive zip est protégée par un mot de passe, ou comprimée d'une façon qui n'est pas lue.",
        "Demandez-la sans mot de passe, en zip ordinaire ou en gzip.",
    )


class _Bounded:
    """The text of an archive, up to a size."""

    def __init__(self, file: Any, kind: str, variant: Variant) -> None:
        self._file = file
        self._kind = kind
        self._limit = variant.max_unpacked
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        """Reads on, at most 1 byte more than the limit."""
        room = (self._limit << 20) + 1 - self._file.tell()
        data = self._guarded(self._file.read, room if size < 0 else min(size, room))
        if self._file.tell() > self._limit << 20:
            raise PlatformError(
                f"Décompressé, le fichier dépasse {self._limit} Mio, la limite de `max_unpacked`.",
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
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise _damaged(self._kind) from error
