"""Files of a share that is mounted on this machine."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import BinaryIO

from donnees_au_centre.connectors.files import CHUNK, absent, below, changed, forbidden, there, written
from donnees_au_centre.connectors.interface import FileSource, PassingFault, RemoteFile
from donnees_au_centre.errors import PlatformError

# What the system says of a share whose server is gone, or of one mounted anew.
_PASSING = (
    *(errno.ESTALE, errno.EIO, errno.ETIMEDOUT, errno.ENOTCONN, errno.EHOSTDOWN),
    *(errno.EHOSTUNREACH, errno.ECONNRESET, errno.ENETUNREACH),
)


class Folder(FileSource):
    """Un dossier monté sur cette machine : partage NFS ou SMB, disque."""

    title = "dossier monté"
    schemes = ("file",)
    tried = "dossiers d'un disque local"

    @contextmanager
    def open(self) -> Iterator[None]:
        """Asks whether the folder is there."""
        self._path = below(self.connection, self.location)
        with self._told(self._path):
            os.close(os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        yield

    def files(self) -> Iterator[RemoteFile]:
        """The regular files; no link is followed."""
        with self._told(self._path), os.scandir(self._path) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    try:
                        found = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    yield _described(entry.path, entry.name, found)

    def fetch(self, file: RemoteFile, to: BinaryIO) -> None:
        """Goes on after what is there."""
        offset = there(to)
        with self._told(file.path):
            descriptor = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb", buffering=0) as source:
            self._check(file, descriptor)
            source.seek(offset)
            written(self._chunks(file, source), to, self.connection, file)
            self._check(file, descriptor)

    def _chunks(self, file: RemoteFile, source: BinaryIO) -> Iterator[bytes]:
        while True:
            with self._told(file.path):
                chunk = source.read(CHUNK)
            if not chunk:
                return
            yield chunk

    def _check(self, file: RemoteFile, descriptor: int) -> None:
        with self._told(file.path):
            found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or _described(file.path, file.name, found).version != file.version:
            raise changed(file)

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        """What the system refuses, in the words of people."""
        try:
            yield
        except (FileNotFoundError, NotADirectoryError):
            raise absent(self.connection, path) from None
        except PermissionError:
            raise forbidden(self.connection, path) from None
        except OSError as error:
            advice = "Vérifiez que le partage est monté et que son serveur répond (mount, df)."
            said = f"Le dossier de la connexion « {self.connection.shown} » ne se lit pas ({error.strerror})."
            raise (PassingFault if error.errno in _PASSING else PlatformError)(said, advice) from None


def _described(path: str, name: str, found: os.stat_result) -> RemoteFile:
    version = f"{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_size}"
    modified = datetime.fromtimestamp(found.st_mtime, UTC)
    return RemoteFile(path, name, found.st_size, version, modified)


KIND = Folder
