"""Asks an API over HTTP: who may see the secrets, what an answer that is none means, when to ask again.

Secrets are put on a request by the last layer before the network, and only for the machine and port of the
connection: no log of a library and no redirect takes them elsewhere.
"""

from __future__ import annotations

import base64
import ssl
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import reduce
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from donnees_au_centre.connectors.connections import Connection
from donnees_au_centre.connectors.interface import PassingFault
from donnees_au_centre.connectors.json_cells import DECODER, follow
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.inert import line

# Seconds between two tries of one request, within a reading that goes on.
PAUSES = (0.5, 2.0, 8.0)
# Of one answer that is held in the memory, and of one line of a stream, in bytes.
LARGEST_PAGE, LONGEST_LINE = 32 << 20, 8 << 20
# A token is asked anew so many seconds before it expires.
_LEEWAY = 5
_REDIRECTS = 5
# Characters of a refusal that are shown, and bytes that are read for them.
_SAID, _LONGEST_REFUSAL = 200, 1 << 16
# Seconds: beyond the one, a moment is clearer than a span; beyond the other, a number is a moment.
_A_WHILE, _AN_EPOCH = 120, 1e8
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_BUSY = {408, 425, 429, 500, 502, 503, 504}
# Where APIs say what they refuse, in their JSON.
_REASONS = ("message", "error_description", "detail", "error", "title", "error_code", "errorcode")


class Signature(Protocol):
    """What proves who asks."""

    def headers(self) -> Mapping[str, str]:
        """Those that carry the proof."""

    def params(self) -> Mapping[str, str]:
        """Parameters of the address that carry it."""

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Told that a proof was refused; whether another is worth a try."""


@dataclass(frozen=True)
class Key:
    """A proof that does not change.

    Attributes:
        header, value: of the header; the header is "" where the proof stands in the address.
        param: of the address.
    """

    value: str
    header: str = ""
    param: str = ""

    def __repr__(self) -> str:
        """Nothing of the value."""
        return "Key(…)"

    def headers(self) -> Mapping[str, str]:
        """The header, if it is one."""
        return {self.header: self.value} if self.header else {}

    def params(self) -> Mapping[str, str]:
        """The parameter, if it is one."""
        return {self.param: self.value} if self.param else {}

    def refused(self, headers: Mapping[str, str]) -> bool:
        """There is no other."""
        return False


def basic(connection: Connection) -> Key:
    """The proof by user and password.

    Raises:
        PlatformError: they are not given.
    """
    user = connection.user or connection.needed("user", "un compte")
    password = connection.needed("password", "un mot de passe")
    return Key("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii"), "Authorization")


def _client_of_tokens() -> Any:
    """Authlib's client over httpx, whose transports ours are, also where something else brought httpx2."""
    other = sys.modules.get("httpx2")
    with warnings.catch_warnings():
        # Its word on which HTTP library it likes better; importing it says that such words always show.
        import authlib.deprecate

        warnings.simplefilter("ignore", authlib.deprecate.AuthlibDeprecationWarning)
        sys.modules["httpx2"] = None  # type: ignore[assignment]
        try:
            from authlib.integrations.httpx_client import OAuth2Client
        finally:
            del sys.modules["httpx2"]
            if other is not None:
                sys.modules["httpx2"] = other
    return OAuth2Client


class ClientCredentials:
    """OAuth2 for a machine: a token that is asked with a secret, and asked anew when it ends."""

    def __init__(self, connection: Connection) -> None:
        """Reads what is needed; nothing is asked yet.

        Raises:
            PlatformError: a setting is missing, or the address of the tokens would let the secret be read.
        """
        self._connection = connection
        self._url = connection.needed("token_url", "l'adresse qui donne les jetons OAuth2")
        self._id = connection.needed("client_id", "le nom du client OAuth2")
        self._secret = connection.needed("client_secret", "le secret du client OAuth2")
        self._scope = connection.setting("scope")
        self._lock = threading.Lock()
        self._token: Mapping[str, Any] = {}
        _check_hidden(self._url, connection)

    def params(self) -> Mapping[str, str]:
        """None."""
        return {}

    def headers(self) -> Mapping[str, str]:
        """The header of a token that is valid now.

        Raises:
            PassingFault: the server of tokens does not answer.
            PlatformError: it refuses.
        """
        with self._lock:
            ends = self._token.get("expires_at")
            if not self._token or (ends is not None and float(ends) - _LEEWAY < time.time()):
                self._token = self._asked()
            return {"Authorization": f"Bearer {self._token['access_token']}"}

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Forgets the token, unless another request has done so; there is one more try."""
        with self._lock:
            if headers.get("Authorization") == f"Bearer {self._token.get('access_token')}":
                self._token = {}
        return True

    def _asked(self) -> Mapping[str, Any]:
        from authlib.integrations.base_client import OAuthError

        client_of_tokens = _client_of_tokens()
        place = f"le serveur de jetons de « {self._connection.shown} » ({urlsplit(self._url).hostname})"
        transport = _transport(self._url, self._connection)
        try:
            with client_of_tokens(
                self._id, self._secret, scope=self._scope, transport=transport, timeout=60
            ) as client:
                token: dict[str, Any] = dict(client.fetch_token(self._url, grant_type="client_credentials"))
        except OAuthError as error:
            raise PlatformError(
                f"{_capital(place)} refuse le client : {_short(self._connection, str(error.error))}.",
                f"Vérifiez {self._connection.variable('client_id')}, "
                f"{self._connection.variable('client_secret')} et {self._connection.variable('scope')}.",
            ) from None
        except httpx.HTTPStatusError as error:
            raise _passing(place, f"est en panne ({error.response.status_code})") from None
        except httpx.TransportError as error:
            raise fault(error, place) from None
        except ValueError:
            raise PlatformError(
                f"{_capital(place)} ne répond pas par un jeton.",
                f"Vérifiez {self._connection.variable('token_url')}.",
            ) from None
        if not isinstance(token.get("access_token"), str):
            raise PlatformError(
                f"{_capital(place)} n'a donné aucun jeton.",
                f"Vérifiez {self._connection.variable('token_url')}, et que le client est actif.",
            )
        return token


@dataclass(frozen=True)
class Answer:
    """An answer that was taken whole.

    Attributes:
        url: where it came from at last.
        body: unpacked.
        headers: names in small letters.
        next: the address of a Link header whose rel is next; None without one.
    """

    url: str
    body: bytes
    headers: Mapping[str, str]
    next: str | None = None


class Web:
    """The API of one connection, from the first request to the last.

    Args:
        connection: where.
        signature: what proves who asks; None for what is public.
        timeout: seconds without a byte that count as a cut.
        parallel: requests at a time.

    Raises:
        PlatformError: a secret would cross the network in clear, or the authority's file cannot be read.
    """

    def __init__(  # noqa: D107
        self, connection: Connection, signature: Signature | None, timeout: float = 60, parallel: int = 1
    ) -> None:
        self.connection = connection
        self._base = connection.address.geturl().rstrip("/")
        self._keys = sorted(signature.params()) if signature is not None else []
        if signature is not None:
            _check_hidden(self._base, connection)
        self._client = httpx.Client(
            transport=_Signing(_transport(self._base, connection, parallel), signature, self._home),
            timeout=httpx.Timeout(timeout, connect=min(timeout, 15)),
            headers={"Accept": "application/json", "User-Agent": "donnees-au-centre"},
        )

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def url(self, path: str) -> str:
        """The address of a path below that of the connection."""
        return f"{self._base}/{path.lstrip('/')}" if path else self._base

    def get(self, url: str, params: Sequence[tuple[str, str]] = ()) -> Answer:
        """Asks for what is held in the memory: a page.

        Raises:
            PassingFault: no answer, a cut one, or one that says to come later.
            PlatformError: it is refused, elsewhere, or too large.
        """
        with self._answer(url, params) as response:
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > LARGEST_PAGE:
                    raise PlatformError(
                        f"Une réponse de « {self.connection.shown} » dépasse {LARGEST_PAGE >> 20} Mio.",
                        "Demandez de plus petites pages (`paging`) ; une réponse unique et grande est un "
                        "fichier : déclarez `kind: http` et un `location` en .json.",
                    )
            following = response.links.get("next", {}).get("url")
            return Answer(str(response.url), bytes(body), dict(response.headers), following)

    def lines(self, url: str, params: Sequence[tuple[str, str]] = ()) -> Iterator[bytes]:
        """Asks for what is read as it comes: the lines of an export, without their ends.

        Raises:
            PassingFault, PlatformError: as `get`; a cut may come after any line.
        """
        with self._answer(url, params) as response:
            _check_json(response.headers, b"", self.connection)
            held = b""
            for piece in response.iter_bytes(1 << 16):
                *lines, held = (held + piece).split(b"\n")
                yield from lines
                if len(held) > LONGEST_LINE:
                    raise PlatformError(
                        f"Un enregistrement de « {self.connection.shown} » dépasse {LONGEST_LINE >> 20} Mio.",
                        "Ôtez par `select` le champ qui pèse, ou demandez au fournisseur ce qui a changé.",
                    )
            if held:
                yield held

    def json(self, answer: Answer) -> Any:
        """The value of an answer, its numbers as received.

        Raises:
            PassingFault: it ends early.
            PlatformError: it is something else, as a page for people.
        """
        _check_json(answer.headers, answer.body, self.connection)
        text = self._text(answer)
        try:
            return DECODER.decode(text)
        except RecursionError:
            what = "a trop de niveaux imbriqués"
        except ValueError as error:
            position = getattr(error, "pos", 0)
            if position >= len(text.rstrip()) - 1 or str(error).startswith("Unterminated"):
                raise self.cut() from None
            what = f"n'est pas du JSON à partir du caractère {position + 1}"
        raise PlatformError(
            f"Une réponse de « {self.connection.shown} » {what}.",
            "Signalez-le au fournisseur ; rien n'est chargé.",
        )

    def cut(self) -> PassingFault:
        """The fault of an answer that ends before its end."""
        return _passing(f"« {self.connection.shown} »", "a donné une réponse qui s'arrête avant sa fin")

    def _text(self, answer: Answer) -> str:
        charset = answer.headers.get("content-type", "").lower().partition("charset=")[2].strip(' "')
        try:
            return answer.body.decode(charset if charset and charset != "utf-8" else "utf-8-sig")
        except (UnicodeDecodeError, LookupError):
            raise PlatformError(
                f"Une réponse de « {self.connection.shown} » n'est pas dans l'encodage qu'elle annonce "
                f"({line(charset[:30]) or 'utf-8'}).",
                "Signalez-le au fournisseur : du JSON est en UTF-8.",
            ) from None

    def _home(self, url: httpx.URL | str) -> bool:
        """Whether an address is of the connection's machine, port and scheme."""
        return _origin(str(url)) == _origin(self._base)

    @contextmanager
    def _answer(self, url: str, params: Sequence[tuple[str, str]]) -> Iterator[httpx.Response]:
        place = f"« {self.connection.shown} »"
        try:
            for _ in range(_REDIRECTS):
                # An address that was given to us has its parameters: asking with none takes them away.
                given: dict[str, Any] = {"params": list(params)} if params else {}
                with self._client.stream("GET", self._own(url), **given) as response:
                    if response.is_redirect and "location" in response.headers:
                        url, params = str(response.url.join(response.headers["location"])), ()
                        continue
                    if response.status_code != httpx.codes.OK:
                        raise self._refusal(response)
                    yield response
                    return
        except httpx.TransportError as error:
            raise fault(error, place) from None
        except httpx.DecodingError:
            raise self.cut() from None
        except (httpx.InvalidURL, UnicodeError):
            raise PlatformError(
                f"L'adresse à demander à {place} ne se lit pas.", "Vérifiez `connection` et `location`."
            ) from None
        raise PlatformError(
            f"{place} renvoie d'une adresse à l'autre, sans fin.", "Vérifiez `connection` et `location`."
        )

    def _own(self, url: str) -> str:
        if self._home(url):
            # What an API writes of our key in the address of its next page would be logged.
            return str(reduce(httpx.URL.copy_remove_param, self._keys, httpx.URL(url)))
        scheme, host, port = _origin(url)
        raise PlatformError(
            f"« {self.connection.shown} » renvoie vers une autre adresse "
            f"({line(f'{scheme}://{host}:{port}'[:100])}), qui n'est pas demandée.",
            f"Si le service a déménagé, donnez sa nouvelle adresse dans {self._where()}.",
        )

    def _where(self) -> str:
        return "`connection`" if "://" in self.connection.name else self.connection.variable()

    def _refusal(self, response: httpx.Response) -> PlatformError:
        """What an answer that is none means, and what to do."""
        shown, status = f"« {self.connection.shown} »", response.status_code
        body = _body(response)
        reason = next((found for key in _REASONS if isinstance(found := follow(body, (key,)), str)), "")
        reason = _short(self.connection, reason)
        # Who refuses a secret may repeat it, in whatever form.
        said = f" : {reason}" if reason and status not in (401, 403) else ""
        if status in _BUSY:
            wait = _asked_to_wait(response.headers, body)
            if status == 429:
                when = f" : à demander à nouveau {_moment(wait)}" if wait is not None else ""
                return PassingFault(
                    f"{shown} a reçu trop de demandes (429{said}){when}.",
                    "Le prochain chargement reprendra ; si cela revient, baissez `max_parallel`, chargez "
                    "moins souvent, ou demandez un quota plus large.",
                    wait,
                )
            return PassingFault(
                f"{shown} est en panne ou trop occupé ({status}{said}).",
                "Attendez et relancez ; si cela dure, prévenez le fournisseur.",
                wait,
            )
        name = self.connection.variable()
        advice = {
            400: "La demande est mal faite : corrigez les `options` de la déclaration.",
            401: f"Les accès ne sont pas reconnus : vérifiez l'option `auth` et les variables {name}_…, et "
            "que le compte ou la clé n'a pas expiré.",
            403: "Les accès sont reconnus, mais n'ouvrent pas ces données : demandez-en le droit.",
            404: f"Rien n'est à cette adresse : vérifiez `location`, et l'adresse dans {self._where()}.",
        }
        return PlatformError(
            f"{shown} refuse la demande ({status}{said}).",
            advice.get(status, "Vérifiez `location` et les `options`, ou demandez au fournisseur."),
        )


class _Signing(httpx.BaseTransport):
    """Signs the requests to one place, after all that logs or keeps them; signs again after a refusal."""

    def __init__(
        self, network: httpx.BaseTransport, signature: Signature | None, home: Callable[[httpx.URL], bool]
    ) -> None:
        self._network, self._signature, self._home = network, signature, home

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        signature = self._signature if self._home(request.url) else None
        if signature is None:
            return self._network.handle_request(request)
        headers = signature.headers()
        response = self._network.handle_request(_signed(request, headers, signature.params()))
        if response.status_code == httpx.codes.UNAUTHORIZED and signature.refused(headers):
            response.close()
            response = self._network.handle_request(_signed(request, signature.headers(), {}))
        return response

    def close(self) -> None:
        self._network.close()


def _signed(request: httpx.Request, headers: Mapping[str, str], params: Mapping[str, str]) -> httpx.Request:
    url = request.url.copy_merge_params(dict(params)) if params else request.url
    copy = httpx.Request(request.method, url, headers=request.headers, extensions=request.extensions)
    copy.headers.update({name.encode(): value.encode() for name, value in headers.items()})
    return copy


def _body(response: httpx.Response) -> Any:
    """The JSON that comes with a refusal, None when it is none."""
    body = b""
    try:
        for piece in response.iter_bytes():
            body += piece
            if len(body) > _LONGEST_REFUSAL:
                return None
        return DECODER.decode(body.decode("utf-8"))
    except (ValueError, RecursionError, httpx.TransportError, httpx.DecodingError):
        return None


def _transport(url: str, connection: Connection, parallel: int = 1) -> httpx.HTTPTransport:
    """The network, with verified certificates, through the proxy that the environment names."""
    parts, proxies = urlsplit(url), getproxies()
    # Without https there is nothing to verify: reading the authorities takes a while.
    secure = parts.scheme == "https"
    context = httpx.create_ssl_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority = connection.setting("ca_file")
    if authority:
        try:
            context.load_verify_locations(authority)
        except (OSError, ssl.SSLError):
            raise PlatformError(
                f"L'autorité que nomme {connection.variable('ca_file')} ne peut pas être lue.",
                "Vérifiez le chemin et les droits : c'est un fichier PEM.",
            ) from None
    proxy = None if proxy_bypass(parts.netloc) else proxies.get(parts.scheme, proxies.get("all"))
    limits = httpx.Limits(max_connections=parallel + 1, max_keepalive_connections=parallel + 1)
    return httpx.HTTPTransport(verify=context, proxy=proxy, limits=limits)


def fault(error: httpx.TransportError, place: str) -> PlatformError:
    """What a failure of the network means.

    Args:
        error: of the library.
        place: what was asked, as messages name it.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return PlatformError(
                f"Le certificat de {place} n'est pas reconnu ({line(cause.verify_message)}).",
                "S'il vient d'une autorité interne, donnez son fichier PEM par SOURCE_<NOM>_CA_FILE ; sinon, "
                "n'envoyez rien : demandez au fournisseur.",
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.LocalProtocolError):
        return PlatformError(
            f"La demande à {place} ne peut pas être écrite.",
            "Un de ses accès a sans doute une fin de ligne ou un autre caractère de contrôle : ôtez-le.",
        )
    if isinstance(error, httpx.UnsupportedProtocol):
        return PlatformError(f"L'adresse de {place} n'est pas en http(s)://.", "Corrigez-la.")
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return _passing(place, "ne répond pas")
    if isinstance(error, httpx.TimeoutException):
        return _passing(place, "s'est tu au milieu d'une réponse")
    return _passing(place, "a coupé la réponse")


def _passing(place: str, what: str) -> PassingFault:
    return PassingFault(
        f"{_capital(place)} {what}.",
        "Vérifiez l'adresse et le réseau, puis relancez ; si cela dure, prévenez le fournisseur.",
    )


def _capital(place: str) -> str:
    return place[:1].upper() + place[1:]


def _short(connection: Connection, said: str) -> str:
    hidden = connection.hides(said)
    return hidden if len(hidden) <= _SAID else f"{hidden[:_SAID]}…"


def _origin(url: str) -> tuple[str, str, int]:
    parts = httpx.URL(url)
    return parts.scheme, parts.host, parts.port or {"http": 80}.get(parts.scheme, 443)


def _check_hidden(url: str, connection: Connection) -> None:
    scheme, host, _ = _origin(url)
    if scheme != "https" and host not in _LOOPBACK:
        raise PlatformError(
            f"Les accès de « {connection.shown} » passeraient en clair : {line(host)} est demandé en http://.",
            "Donnez une adresse https:// ; une donnée publique se lit sans accès.",
        )


def _check_json(headers: Mapping[str, str], body: bytes, connection: Connection) -> None:
    if body.lstrip()[:1] == b"<" or "html" in headers.get("content-type", "").lower():
        raise PlatformError(
            f"« {connection.shown} » donne une page pour des personnes (HTML) à la place de données.",
            "Vérifiez l'adresse et `location`, et l'option `auth` : c'est souvent une page de connexion, ou "
            "celle d'un proxy.",
        )


def _asked_to_wait(headers: Mapping[str, str], body: Any) -> float | None:
    """How many seconds an answer asks to wait; None when it does not say."""
    given = (headers.get("retry-after"), headers.get("x-ratelimit-reset"), follow(body, ("reset_time",)))
    for said in given:
        found = _seconds(str(said).strip()) if said else None
        if found is not None:
            return max(0.0, found)
    return None


def _seconds(said: str) -> float | None:
    now = datetime.now(UTC)
    try:
        number = float(said)
        return number - now.timestamp() if number > _AN_EPOCH else number
    except ValueError:
        pass
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(said)
        except (ValueError, TypeError):
            continue
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    return None


def _moment(wait: float) -> str:
    if wait < _A_WHILE:
        return f"dans {wait:.0f} s"
    return f"à partir du {datetime.now().astimezone() + timedelta(seconds=wait):%d/%m/%Y à %H:%M}"
