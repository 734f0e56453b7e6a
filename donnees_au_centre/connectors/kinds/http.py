"""One file at an address of the web."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, BinaryIO, ClassVar
from urllib.parse import quote, unquote, urljoin

from pydantic import Field

from donnees_au_centre.connectors.files import (
    SECONDS,
    absent,
    anew,
    authority,
    below,
    changed,
    ended_early,
    forbidden,
    name_of,
    refused,
    there,
    unreachable,
    unverified,
    written,
)
from donnees_au_centre.connectors.interface import FileSource, Options, RemoteFile
from donnees_au_centre.errors import PlatformError

if TYPE_CHECKING:
    import httpx

_REDIRECTS = 5
# The server does not know HEAD, or not for everybody.
_NO_HEAD = (400, 403, 404, 405, 501)
# Bytes as they are: a size and a range mean what they say.
_PLAIN = {"accept-encoding": "identity"}
_LOCAL = ("localhost", "127.0.0.1", "::1")


class HttpOptions(Options):
    """What a declaration may say."""

    api_key_header: str = Field(
        default="X-API-Key", description="En-tête qui porte la clé donnée par SOURCE_X_API_KEY."
    )
    allow_plain: bool = Field(
        default=False,
        description="true : une clé ou un mot de passe passe en clair (http://), lisible en chemin.",
    )


class Http(FileSource):
    """Un fichier à une adresse du web : publique, ou avec un jeton, une clé ou un mot de passe."""

    title = "adresse du web"
    schemes = ("https", "http")
    options_class = HttpOptions
    tried = "serveur de la bibliothèque standard de Python, avec et sans TLS"
    single: ClassVar[bool] = True

    @contextmanager
    def open(self) -> Iterator[None]:
        """Asks nothing yet: the first question is about the file."""
        import httpx

        connection = self.connection
        self._path = below(connection, self.location)
        ends = "/" if (self.location or connection.path).endswith("/") else ""
        path = quote(self._path.rstrip("/") + ends, safe="/~:@!$&'()*+,;=")
        self._address = connection.address._replace(path=path, fragment="").geturl()
        with connection.discreet():
            self._secrets = self._authentication()
            if self._secrets and self._plain and not self.options.allow_plain:
                raise PlatformError(
                    f"La connexion « {connection.shown} » donnerait un secret en clair (http://).",
                    "Employez https://… ; si le serveur ne sait vraiment que cela, écrivez "
                    "options: {allow_plain: true} dans la déclaration.",
                )
            with httpx.Client(verify=authority(connection), timeout=SECONDS) as self._client:
                yield

    @property
    def _plain(self) -> bool:
        return self.connection.address.scheme == "http" and self.connection.host not in _LOCAL

    def warnings(self) -> list[str]:
        """That all may be read on the way."""
        if not self._plain:
            return []
        return [
            f"La connexion « {self.connection.shown} » est en clair (http://) : ce qui passe se lit et se "
            "change en chemin. Que faire : demandez une adresse https://."
        ]

    def _authentication(self) -> dict[str, str]:
        """The headers that say who asks."""
        setting = self.connection.setting
        found = {}
        if token := setting("token"):
            found["authorization"] = f"Bearer {token}"
        elif (password := setting("password")) is not None:
            pair = f"{self.connection.user}:{password}".encode()
            found["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        if key := setting("api_key"):
            found[self.options.api_key_header.lower()] = key
        return found

    def files(self) -> Iterator[RemoteFile]:
        """The file, as HEAD describes it; as GET does, where the server does not know HEAD."""
        with self.connection.discreet():
            with self._answered("HEAD", _PLAIN, checked=False) as answer:
                found = None if answer.status_code in _NO_HEAD else answer
                if found is not None:
                    self._check_status(found)
                    described = self._described(found.headers)
            if found is None:
                with self._answered("GET", _PLAIN) as answer:
                    described = self._described(answer.headers)
        yield described

    def _described(self, headers: Mapping[str, str]) -> RemoteFile:
        length = headers.get("content-length", "")
        size = int(length) if length.isdecimal() and "content-encoding" not in headers else None
        stamp = headers.get("last-modified", "")
        version = headers.get("etag") or (f"{stamp}:{length}" if stamp else "")
        return RemoteFile(self._address, unquote(name_of(self._path)), size, version, _date(stamp))

    def fetch(self, file: RemoteFile, to: BinaryIO) -> None:
        """Goes on after what is there, when the server says that it is the same file (If-Range)."""
        offset = there(to)
        asked = dict(_PLAIN)
        validator = file.version if file.version.startswith('"') else ""
        if offset and file.size == offset:
            return
        if offset and validator:
            asked |= {"range": f"bytes={offset}-", "if-range": validator}
        with self.connection.discreet(), self._answered("GET", asked) as answer:
            if answer.status_code != 206 or not self._goes_on(answer, offset):
                if answer.status_code == 206:
                    raise unreachable(self.connection, "le serveur a donné un autre morceau que demandé")
                anew(to)
                offset = 0
            if offset == 0 and _differs(file.version, answer.headers):
                raise changed(file)
            length = answer.headers.get("content-length", "")
            expected = offset + int(length) if length.isdecimal() else file.size
            if "content-encoding" in answer.headers:
                expected = None
            seen = RemoteFile(file.path, file.name, expected, file.version, file.modified)
            written(self._chunks(answer, seen, to), to, self.connection, seen)

    def _goes_on(self, answer: httpx.Response, offset: int) -> bool:
        given: str = answer.headers.get("content-range", "")
        return given.startswith(f"bytes {offset}-")

    def _chunks(self, answer: httpx.Response, file: RemoteFile, to: BinaryIO) -> Iterator[bytes]:
        import httpx

        # Without a size: what comes is written at once, and nothing of it is lost when it is cut.
        pieces = answer.iter_bytes() if file.size is None else answer.iter_raw()
        while True:
            try:
                chunk = next(pieces, None)
            except httpx.RemoteProtocolError:
                raise ended_early(self.connection, file, to.tell()) from None
            except httpx.TransportError as error:
                raise unreachable(self.connection, _why(error)) from None
            except httpx.DecodingError:
                raise unreachable(self.connection, "contenu compressé abîmé") from None
            if chunk is None:
                return
            yield chunk

    @contextmanager
    def _answered(
        self, method: str, headers: Mapping[str, str], checked: bool = True
    ) -> Iterator[httpx.Response]:
        """An answer whose content is not read yet; what it is redirected to, secrets left out elsewhere.

        Raises:
            PassingFault: no answer, or one that says to come back later.
            PlatformError: a refusal.
        """
        import httpx

        address = self._address
        for _ in range(_REDIRECTS + 1):
            here = httpx.URL(address)
            first = httpx.URL(self._address)
            home = (here.scheme, here.host, here.port) == (first.scheme, first.host, first.port)
            request = self._client.build_request(
                method, address, headers={**headers, **(self._secrets if home else {})}
            )
            try:
                answer = self._client.send(request, stream=True)
            except httpx.ConnectError as error:
                raise self._not_entered(error) from None
            except httpx.TransportError as error:
                raise unreachable(self.connection, _why(error)) from None
            try:
                if not answer.has_redirect_location:
                    if checked:
                        self._check_status(answer)
                    yield answer
                    return
                address = urljoin(address, answer.headers["location"])
                if first.scheme == "https" and not address.startswith("https://"):
                    raise PlatformError(
                        f"L'adresse de la connexion « {self.connection.shown} » renvoie vers une autre, qui "
                        "n'est pas en https.",
                        "Demandez la nouvelle adresse à qui tient le serveur.",
                    )
            finally:
                answer.close()
        raise PlatformError(
            f"L'adresse de la connexion « {self.connection.shown} » renvoie sans fin d'une à l'autre.",
            "Demandez la bonne adresse à qui tient le serveur.",
        )

    def _not_entered(self, error: BaseException) -> PlatformError:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return unverified(self.connection, cause.verify_message)
            cause = cause.__cause__ or cause.__context__
        return unreachable(self.connection, _why(error))

    def _check_status(self, answer: httpx.Response) -> None:
        status, connection = answer.status_code, self.connection
        if status < 300:
            return
        if status == 401:
            names = ", ".join(connection.variable(name) for name in ("token", "api_key", "password"))
            raise refused(connection, f"le compte, et {names}")
        if status == 403:
            raise forbidden(connection, self._path)
        if status in (404, 410):
            raise absent(connection, self._path)
        if status in (408, 425, 429) or status >= 500:
            raise unreachable(connection, f"HTTP {status}", _asked_wait(answer.headers))
        raise PlatformError(
            f"Le serveur de la connexion « {connection.shown} » refuse « {self._path} » (HTTP {status}).",
            "Vérifiez l'adresse et `folder` ; sinon, adressez-vous à qui tient le serveur.",
        )


def _why(error: BaseException) -> str:
    return {
        "ConnectTimeout": "délai dépassé",
        "ReadTimeout": "délai dépassé",
        "ConnectError": "connexion impossible",
    }.get(type(error).__name__, "connexion coupée")


def _differs(version: str, headers: Mapping[str, str]) -> bool:
    """Whether what comes is not what was seen; servers do not say as much of it each time."""
    etag, stamp = headers.get("etag"), headers.get("last-modified")
    if version.startswith(('"', "W/")):
        return etag is not None and etag != version
    return bool(version and stamp) and stamp != version.rpartition(":")[0]


def _date(given: str) -> datetime | None:
    try:
        return parsedate_to_datetime(given)
    except (TypeError, ValueError):
        return None


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait."""
    given = headers.get("retry-after", "").strip()
    if given.isdecimal():
        return float(given)
    when = _date(given)
    return max(0.0, (when - datetime.now(when.tzinfo)).total_seconds()) if when else None


KIND = Http
