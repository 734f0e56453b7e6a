"""Files of an FTP server, over TLS or, where somebody said so, in clear."""

from __future__ import annotations

import ftplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, BinaryIO

from pydantic import Field

from donnees_au_centre.connectors.files import (
    CHUNK,
    SECONDS,
    absent,
    authority,
    below,
    changed,
    name_of,
    refused,
    there,
    unreachable,
    unverified,
    written,
)
from donnees_au_centre.connectors.interface import FileSource, Options, RemoteFile
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.inert import line

_ANONYMOUS = "anonymous"
# « I have no such command », and « not with this parameter ».
_UNKNOWN = re.compile("50[0-4]")


class FtpOptions(Options):
    """What a declaration may say."""

    allow_plain: bool = Field(
        default=False,
        description="true : le mot de passe et les fichiers passent en clair (ftp://), lisibles en chemin.",
    )
    encoding: str = Field(default="utf-8", description="Encodage des noms de fichiers du serveur.")


class _Tls(ftplib.FTP_TLS):
    """Many servers want the session of the commands on the connection of the data too."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        found, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        assert isinstance(self.sock, ssl.SSLSocket)
        session = self.sock.session
        return self.context.wrap_socket(found, server_hostname=self.host, session=session), size


class Ftp(FileSource):
    """Les fichiers d'un serveur FTP : ftps:// (TLS explicite), ou ftp:// en clair si on le permet."""

    title = "serveur FTP ou FTPS"
    schemes = ("ftps", "ftp")
    options_class = FtpOptions
    tried = "serveurs pyftpdlib 2.2, avec et sans TLS, et vsftpd 3.0"

    @property
    def _plain(self) -> bool:
        return self.connection.address.scheme == "ftp"

    def warnings(self) -> list[str]:
        """That all may be read on the way."""
        if not self._plain:
            return []
        return [
            f"La connexion « {self.connection.shown} » est en clair (ftp://) : ce qui passe se lit et se "
            "change en chemin. Que faire : demandez un accès ftps:// ou sftp://."
        ]

    @contextmanager
    def open(self) -> Iterator[None]:
        """Enters; over TLS, the certificate is verified before anything is told."""
        connection = self.connection
        self._path = below(connection, self.location)
        user = connection.user or _ANONYMOUS
        password = connection.setting("password") or ""
        if self._plain and user != _ANONYMOUS and not self.options.allow_plain:
            raise PlatformError(
                f"La connexion « {connection.shown} » donnerait un mot de passe en clair (ftp://).",
                "Employez ftps://… ou sftp://… ; si le serveur ne sait vraiment que cela, écrivez "
                "options: {allow_plain: true} dans la déclaration.",
            )
        with connection.discreet():
            self._ftp = self._client()
            try:
                with self._told(self._path):
                    self._ftp.connect(connection.host, connection.port or 21, timeout=SECONDS)
                    if isinstance(self._ftp, _Tls):
                        self._ftp.auth()
                self._enter(user, password)
                with self._told(self._path):
                    self._ftp.voidcmd("TYPE I")
                    self._ftp.cwd(self._path)
                yield
            finally:
                with suppress(Exception):
                    self._ftp.close()

    def _client(self) -> ftplib.FTP:
        encoding = self.options.encoding
        if self._plain:
            return ftplib.FTP(timeout=SECONDS, encoding=encoding)
        return _Tls(context=authority(self.connection), timeout=SECONDS, encoding=encoding)

    def _enter(self, user: str, password: str) -> None:
        try:
            with self._passing():
                self._ftp.login(user, password)
                if isinstance(self._ftp, _Tls):
                    self._ftp.prot_p()
        except ftplib.error_perm:
            password_variable = self.connection.variable("password")
            raise refused(self.connection, f"le compte de l'adresse et {password_variable}") from None

    def files(self) -> Iterator[RemoteFile]:
        """The files of the folder, from MLSD, or name by name where the server has not learned it."""
        with self._told(self._path):
            try:
                found = list(self._ftp.mlsd(facts=["type", "size", "modify"]))
            except ftplib.error_perm as error:
                if not _UNKNOWN.match(str(error)):
                    raise
                found = [(name, {}) for name in self._names()]
            # Lists come as text, and sizes are of bytes.
            self._ftp.voidcmd("TYPE I")
        for name, facts in found:
            path = f"{self._path.rstrip('/')}/{name_of(name)}"
            if not facts:
                size, modified = self._asked(path)
                if size is not None:
                    yield _described(path, name_of(name), size, modified)
            elif facts.get("type", "").lower() == "file":
                size = int(facts["size"]) if facts.get("size", "").isdecimal() else None
                yield _described(path, name, size, facts.get("modify", ""))

    def _names(self) -> list[str]:
        try:
            return self._ftp.nlst()
        except ftplib.error_perm as error:
            # So do many servers say that a folder is empty.
            if str(error).startswith("550"):
                return []
            raise

    def _asked(self, path: str) -> tuple[int | None, str]:
        """Size and date of one file; no size for what is none."""
        with self._told(path):
            try:
                size = self._ftp.size(path)
                return size, self._ftp.voidcmd(f"MDTM {path}").partition(" ")[2].strip()
            except ftplib.error_perm:
                return None, ""

    def fetch(self, file: RemoteFile, to: BinaryIO) -> None:
        """Goes on after what is there (REST)."""
        with self.connection.discreet():
            offset = there(to)
            self._check(file)
            if offset != file.size or not file.size:
                written(self._chunks(file, offset), to, self.connection, file)
            self._check(file)

    def _chunks(self, file: RemoteFile, offset: int) -> Iterator[bytes]:
        with self._told(file.path):
            source = self._ftp.transfercmd(f"RETR {file.path}", rest=offset or None)
        with source:
            while True:
                with self._told(file.path):
                    chunk = source.recv(CHUNK)
                if not chunk:
                    break
                yield chunk
        with self._told(file.path):
            self._ftp.voidresp()

    def _check(self, file: RemoteFile) -> None:
        """Compares with what the server says now, where it says it."""
        size, modified = self._asked(file.path)
        now = _described(file.path, file.name, size, modified)
        if size is not None and file.version and now.version and now.version != file.version:
            raise changed(file)

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        """What the library raises, in the words of people."""
        try:
            with self._passing():
                yield
        except ftplib.error_perm as error:
            code = str(error)[:3]
            if code == "550":
                raise absent(self.connection, path) from None
            raise PlatformError(
                f"Le serveur de la connexion « {self.connection.shown} » refuse « {line(path)} » (FTP, code "
                f"{code}).",
                "Adressez-vous à qui tient le serveur ; sans TLS, employez ftp:// et `allow_plain`.",
            ) from None

    @contextmanager
    def _passing(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise unverified(self.connection, error.verify_message) from None
        except ssl.SSLError as error:
            raise unreachable(self.connection, error.reason or "TLS") from None
        except ftplib.error_temp as error:
            raise unreachable(self.connection, f"FTP, code {str(error)[:3]}") from None
        except (ftplib.error_reply, ftplib.error_proto, EOFError):
            raise unreachable(self.connection, "connexion coupée") from None
        except UnicodeError:
            raise PlatformError(
                f"Les noms de fichiers de la connexion « {self.connection.shown} » ne sont pas en "
                f"« {self.options.encoding} ».",
                "Dites leur encodage dans la déclaration : options: {encoding: latin-1}.",
            ) from None
        except OSError as error:
            raise unreachable(self.connection, error.strerror or "délai dépassé") from None


def _described(path: str, name: str, size: int | None, modified: str) -> RemoteFile:
    try:
        when: Any = datetime.strptime(modified := modified[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        when = None
    return RemoteFile(path, name, size, f"{modified}:{size}" if when else "", when)


KIND = Ftp
