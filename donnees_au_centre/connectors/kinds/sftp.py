"""Files of an SFTP server."""

from __future__ import annotations

import asyncio
import stat
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from donnees_au_centre.connectors.files import (
    CHUNK,
    SECONDS,
    absent,
    below,
    changed,
    forbidden,
    refused,
    there,
    unreachable,
    written,
)
from donnees_au_centre.connectors.interface import FileSource, RemoteFile
from donnees_au_centre.drivers import missing_driver
from donnees_au_centre.errors import PlatformError

T = TypeVar("T")

# Several blocks of SFTP are asked at once within it; it is what a cut may lose.
_PIECE = 2 * CHUNK
# An address whose path begins so starts from the folder that the server gives to the account.
_HOME = "/~/"


class Sftp(FileSource):
    """Les fichiers d'un serveur SFTP, dont la clé est vérifiée."""

    title = "serveur SFTP"
    driver = "sftp"
    schemes = ("sftp",)
    tried = "serveurs asyncssh 2.24 et OpenSSH 9.2"

    @contextmanager
    def open(self) -> Iterator[None]:
        """Enters; the key of the server is compared before anything is told to it."""
        try:
            import asyncssh
        except ImportError:
            raise missing_driver("sftp", "asyncssh") from None
        self._library: Any = asyncssh
        self._path = below(self.connection, self.location)
        self._path = self._path.removeprefix(_HOME) if f"{self._path}/".startswith(_HOME) else self._path
        with self.connection.discreet(), _working() as self._do:
            with self._told(self._path):
                session = self._do(self._entered())
            try:
                with self._told(self._path):
                    self._client: Any = self._do(session.start_sftp_client())
                    if not self._do(self._client.isdir(self._path)):
                        raise absent(self.connection, self._path)
                yield
            finally:
                session.abort()
                with suppress(Exception):
                    self._do(asyncio.wait_for(session.wait_closed(), 5))

    async def _entered(self) -> Any:
        connection, library = self.connection, self._library
        if not connection.user:
            raise PlatformError(
                f"La connexion « {connection.shown} » ne dit pas sous quel compte entrer.",
                f"Écrivez-le dans l'adresse, sftp://compte@machine, ou dans {connection.variable('user')}.",
            )
        known, client = self._server_key()
        return await library.connect(
            connection.host,
            connection.port or 22,
            username=connection.user,
            password=connection.setting("password"),
            client_keys=self._own_key(),
            known_hosts=known,
            client_factory=client,
            config=None,
            agent_path=None,
            login_timeout=SECONDS,
            connect_timeout=SECONDS,
            keepalive_interval=15,
        )

    def _server_key(self) -> tuple[Any, Any]:
        """What the key of the server must be: known hosts, or a client that compares a fingerprint."""
        connection, library = self.connection, self._library
        given, key = connection.setting("known_hosts"), connection.setting("host_key")
        if given:
            # A path, or what such a file holds.
            try:
                return Path(given).read_bytes() if given.startswith("/") else given.encode(), None
            except OSError as error:
                raise PlatformError(
                    f"Le fichier que nomme {connection.variable('known_hosts')} ne se lit pas "
                    f"({error.strerror}).",
                    "Vérifiez son chemin, et que le compte du chargement peut le lire.",
                ) from None
        if key is None:
            raise PlatformError(
                f"La connexion « {connection.shown} » ne dit pas quelle est la clé du serveur : rien ne "
                "prouverait que c'est lui.",
                f"Donnez-la par {connection.variable('host_key')} (« ssh-ed25519 AAAA… » ou « SHA256:… », de "
                f"qui tient le serveur) ou {connection.variable('known_hosts')} (chemin d'un fichier).",
            )
        if not key.startswith("SHA256:"):
            return ([library.import_public_key(key)], [], []), None

        from asyncssh import SSHClient

        class Comparing(SSHClient):
            def validate_host_public_key(self, host: str, addr: str, port: int, given: Any) -> bool:
                return bool(given.get_fingerprint() == key)

        return ([], [], []), Comparing

    def _own_key(self) -> list[Any] | None:
        key = self.connection.setting("key")
        if key is None:
            return None
        return [self._library.import_private_key(key, self.connection.setting("key_passphrase"))]

    def files(self) -> Iterator[RemoteFile]:
        """The regular files of the folder."""
        with self._told(self._path):
            found = self._do(_listed(self._client, self._path))
        for entry in found:
            name = entry.filename
            if isinstance(name, str) and stat.S_ISREG(entry.attrs.permissions or 0):
                yield _described(f"{self._path}/{name}", name, entry.attrs)

    def fetch(self, file: RemoteFile, to: BinaryIO) -> None:
        """Goes on after what is there."""
        offset = there(to)
        with self.connection.discreet():
            with self._told(file.path):
                source = self._do(self._client.open(file.path, "rb", block_size=-1))
            try:
                self._check(file, source)
                written(self._chunks(file, source, offset), to, self.connection, file)
                self._check(file, source)
            finally:
                with suppress(Exception):
                    self._do(source.close())

    def _chunks(self, file: RemoteFile, source: Any, offset: int) -> Iterator[bytes]:
        while True:
            with self._told(file.path):
                chunk: bytes = self._do(source.read(_PIECE, offset))
            if not chunk:
                return
            offset += len(chunk)
            yield chunk

    def _check(self, file: RemoteFile, source: Any) -> None:
        with self._told(file.path):
            found = self._do(source.stat())
        if _described(file.path, file.name, found).version != file.version:
            raise changed(file)

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        """What the library raises, in the words of people."""
        library, connection = self._library, self.connection
        try:
            yield
        except library.HostKeyNotVerifiable:
            raise PlatformError(
                f"La clé du serveur de la connexion « {connection.shown} » n'est pas celle qui est attendue "
                ": aucun secret ne lui est dit, rien n'en est lu.",
                "Demandez à qui tient le serveur si sa clé a changé, et donnez la nouvelle par "
                f"{connection.variable('host_key')} ou {connection.variable('known_hosts')}.",
            ) from None
        except library.PermissionDenied:
            password, key = connection.variable("password"), connection.variable("key_file")
            raise refused(connection, f"le compte de l'adresse, {password} ou {key}") from None
        except (library.KeyImportError, library.KeyEncryptionError):
            raise PlatformError(
                f"Une clé de la connexion « {connection.shown} » ne se lit pas : son format est inconnu, ou "
                "sa phrase secrète n'est pas la bonne.",
                f"Vérifiez {connection.variable('key_file')}, {connection.variable('key_passphrase')} et "
                f"{connection.variable('host_key')}.",
            ) from None
        except library.SFTPPermissionDenied:
            raise forbidden(connection, path) from None
        except (library.SFTPNoSuchFile, library.SFTPNoSuchPath):
            raise absent(connection, path) from None
        except (library.SFTPConnectionLost, library.SFTPNoConnection):
            raise unreachable(connection, "connexion coupée") from None
        except library.SFTPError as error:
            raise PlatformError(
                f"Le serveur de la connexion « {connection.shown} » ne donne pas « {path} » (SFTP, code "
                f"{error.code}).",
                "Adressez-vous à qui tient le serveur.",
            ) from None
        except (library.Error, OSError, TimeoutError, EOFError) as error:
            raise unreachable(connection, _why(error)) from None


async def _awaited(work: Awaitable[T]) -> T:
    return await work


async def _listed(client: Any, path: str) -> list[Any]:
    return [entry async for entry in client.scandir(path)]


def _described(path: str, name: str, found: Any) -> RemoteFile:
    modified = datetime.fromtimestamp(found.mtime, UTC) if found.mtime is not None else None
    version = f"{found.mtime}.{found.mtime_ns or 0}:{found.size}" if modified else ""
    return RemoteFile(path, name, found.size, version, modified)


def _why(error: BaseException) -> str:
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or "délai dépassé"


@contextmanager
def _working() -> Iterator[Callable[[Awaitable[Any]], Any]]:
    """Plays the work of the library in a thread of its own, whatever loop the caller is in."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sftp", daemon=True)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(_awaited(work), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


KIND = Sftp
