"""What does not fit in the memory, on disk until its reader ends; and what is said when that disk is full."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from donnees_au_centre.errors import PlatformError

# Of a system that has no more room for a file.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_IN_MEMORY = 1 << 20


@contextmanager
def room() -> Iterator[None]:
    """Says in French that the disk of temporary files is full.

    Raises:
        PlatformError: it is, or there is none.
    """
    try:
        yield
    except OSError as error:
        # Without any folder that takes a file, tempfile says ENOENT of none.
        if error.errno not in FULL and (error.errno, error.filename) != (errno.ENOENT, None):
            raise
        raise PlatformError(
            f"Plus de place sur le disque des fichiers temporaires, {tempfile.tempdir or 'TMPDIR'} "
            f"({error.strerror}) : rien n'est chargé, les lignes en place restent.",
            "Faites-y de la place (df -h), ou nommez par TMPDIR un dossier d'un autre disque, puis relancez "
            "le chargement.",
        ) from error


class Overflow:
    """A file without a name, in memory up to 1 MiB, that disappears with the process.

    Raises:
        PlatformError: whatever writes finds the disk full.
    """

    def __init__(self) -> None:  # noqa: D107
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self.tell, self.read = self._file.tell, self._file.read
        self.readinto, self.readline = self._file.readinto, self._file.readline

    def write(self, data: bytes) -> int:
        """Writes on."""
        with room():
            return self._file.write(data)

    def seek(self, place: int, whence: int = 0) -> int:
        """Goes to a place, once what was written is."""
        with room():
            return self._file.seek(place, whence)

    def close(self) -> None:
        """Frees the disk; what could not be written is of no use any more."""
        with suppress(OSError):
            self._file.close()
