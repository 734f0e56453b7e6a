"""Where a system is and how to enter it: from the environment, or files outside the checkout.

A declaration names a connection; SOURCE_<NAME> is its address, SOURCE_<NAME>_<SETTING> each of its secrets
and settings, or SOURCE_<NAME>_<SETTING>_FILE the file that holds it. An address that anybody may read,
`https://…`, can stand in the declaration itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.inert import line
from donnees_au_centre.refusals import describe_error

PREFIX = "SOURCE_"
NAME = re.compile(r"[a-z][a-z0-9_]*")
HIDDEN = "***"
# Parameters of an address that nobody may write in a declaration, that all read.
SECRETS = {
    *("access_token", "api_key", "api-key", "apikey", "key", "password", "passwd", "pwd", "sas", "secret"),
    *("sig", "signature", "token"),
}
# Parameters whose value no message may say; and the secrets in a value that is a connection string itself.
_SECRET = re.compile(r"pass|pwd|secret|token|key|sig|sas|auth|cred|code", re.IGNORECASE)
_SETTINGS = re.compile(
    r"(?:pwd|password|accountkey|sharedaccesssignature)\s*=\s*(\{[^}]*\}|[^;]*)", re.IGNORECASE
)
# Schemes of which an address may stand in a declaration.
OPEN_SCHEMES = ("http", "https")
# A secret shorter than this is not looked for in messages: every word would have it.
_LEAST_HIDDEN = 4
# Settings that name a file or a person, and are no secret.
_SHOWN = (
    "user",
    "client_id",
    "ca_file",
    "known_hosts",
    "region",
    "account",
    "token_url",
    "scope",
    "endpoint",
)


class UndefinedConnection(PlatformError):
    """A connection that this machine was never told of."""


@dataclass(frozen=True)
class Connection:
    """A way into a system.

    Attributes:
        name: as the declaration says; the address itself when it stands there.
        address: without user or password.
        user: "" when none is said.
        environ: where its secrets are.
    """

    name: str
    # Not shown whole: what follows its ? may be a secret.
    address: SplitResult = field(repr=False)
    user: str = ""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def shown(self) -> str:
        """How messages name it."""
        return self.name

    @property
    def host(self) -> str:
        """The machine, "" when the address has none."""
        return self.address.hostname or ""

    @property
    def port(self) -> int | None:
        """The port, None for the usual one."""
        return self.address.port

    @property
    def path(self) -> str:
        """What stands behind the machine, `/` first."""
        return unquote(self.address.path)

    def variable(self, setting: str = "") -> str:
        """The environment variable of the address, or of a setting."""
        return f"{PREFIX}{self.name}{'_' if setting else ''}{setting}".upper()

    def setting(self, name: str) -> str | None:
        """A setting or secret of the connection, as `password`; None when it is not given.

        Raises:
            PlatformError: the file that should hold it cannot be read.
        """
        if not NAME.fullmatch(self.name):
            return None
        given = self.environ.get(self.variable(name))
        if given:
            return given
        place = self.environ.get(self.variable(f"{name}_file"))
        if not place or name.endswith("_file"):
            return None
        try:
            return Path(place).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise PlatformError(
                f"Le fichier que nomme {self.variable(f'{name}_file')} ne peut pas être lu "
                f"({getattr(error, 'strerror', None) or 'ce n’est pas du texte'}).",
                "Vérifiez son chemin et ses droits : le compte du chargement doit pouvoir le lire, lui seul.",
            ) from error

    def needed(self, name: str, what: str) -> str:
        """A setting without which nothing can be read.

        Args:
            name: as `client_secret`.
            what: it is, in French: « le secret du client OAuth2 ».

        Raises:
            PlatformError: it is not given.
        """
        found = self.setting(name)
        if found is None:
            variable = self.variable(name)
            raise PlatformError(
                f"La connexion « {self.shown} » a besoin de {what}, que l'environnement ne donne pas.",
                f"Définissez {variable}, ou {variable}_FILE : le chemin d'un fichier qui le contient.",
            )
        return found

    def url(self, scheme: str | None = None, password: bool = True) -> str:
        """The whole address, for a library that takes one; it is never shown.

        Args:
            scheme: in place of the one given.
            password: whether the password stands in it.
        """
        secret = self.setting("password") if password else None
        user = quote(self.user, safe="") + (f":{quote(secret, safe='')}" if secret else "")
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = f"{user}@{host}" if user else host
        place += f":{self.port}" if self.port else ""
        return self.address._replace(scheme=scheme or self.address.scheme, netloc=place).geturl()

    def secrets(self) -> Iterator[str]:
        """What no message may say, in every form in which a library may quote it."""
        start = f"{self.variable()}_"
        for name, value in self.environ.items():
            if not name.startswith(start):
                continue
            setting = name.removeprefix(start).lower()
            if setting in _SHOWN:
                continue
            if setting.endswith("_file"):
                try:
                    value = self.setting(setting.removesuffix("_file")) or ""
                except PlatformError:
                    continue
            yield from _written(value)
        for part in re.split("[&;]", self.address.query):
            parameter, _, value = part.partition("=")
            if _SECRET.search(unquote(parameter)):
                yield from (value, *_written(unquote(value)), *_written(unquote_plus(value)))
            for found in _SETTINGS.findall(unquote_plus(value)):
                yield from _written(found.strip("{}"))

    def _hidden(self) -> set[str]:
        return {secret for secret in self.secrets() if len(secret) >= _LEAST_HIDDEN}

    def hides(self, said: str) -> str:
        """A text on one line, without the secrets of this connection."""
        for secret in sorted(self._hidden(), key=len, reverse=True):
            said = said.replace(secret, HIDDEN)
        return line(re.sub(r"(?<=://)[^/@\s]+@", f"{HIDDEN}@", said))

    @contextmanager
    def discreet(self) -> Iterator[None]:
        """Takes the secrets of this connection out of the errors that people are told, with their causes.

        Raises:
            PlatformError: in place of an error of a library that quotes a secret.
        """
        try:
            yield
        except PlatformError as error:
            error.message, error.advice = self.hides(error.message), self.hides(error.advice)
            error.args = (error.message,)
            # Whoever prints an error whole prints what it came from too, in the words of a library.
            error.__cause__ = error.__context__ = None
            raise
        except Exception as error:
            said = _words(error)
            if not any(secret in said for secret in self._hidden()):
                raise
            raise unexpected(self, error) from None


def connection_named(name: str, environ: Mapping[str, str] = os.environ) -> Connection:
    """The connection that a declaration names, or the address that stands in it.

    Raises:
        UndefinedConnection: the environment does not give it.
        PlatformError: it is no name and no open address, or what the environment gives is no address.
    """
    if "://" in name:
        check_open(name)
        return Connection(name, _address(name, name))
    check_connection(name)
    variable = f"{PREFIX}{name}".upper()
    given = (environ.get(variable) or "").strip()
    if not given:
        raise UndefinedConnection(
            f"La connexion « {name} » n'est pas définie sur cette machine : {variable} est absente.",
            f"Définissez {variable} (son adresse, sans mot de passe) et {variable}_PASSWORD, ou "
            f"{variable}_PASSWORD_FILE ; docs/exploitant/connexions.md donne un exemple par genre.",
        )
    address = _address(given, name)
    if address.password is not None:
        raise PlatformError(
            f"{variable} contient un mot de passe, qui se lirait partout où l'adresse se lit.",
            f"Ôtez-le de l'adresse, et donnez-le par {variable}_PASSWORD ou {variable}_PASSWORD_FILE.",
        )
    user = unquote(address.username or "") or environ.get(f"{variable}_USER", "")
    return Connection(name, address._replace(netloc=address.netloc.rpartition("@")[2]), user, environ)


def check_connection(name: str) -> None:
    """Refuses what a declaration cannot say of a connection, without asking the environment.

    Raises:
        PlatformError: it is no name, or an address that may not stand in a declaration.
    """
    if "://" in name:
        check_open(name)
    elif name and not NAME.fullmatch(name):
        raise PlatformError(
            f"« {line(name)} » ne peut pas nommer une connexion.",
            "Écrivez des minuscules sans accent, des chiffres et _ ; ou une adresse publique https://…",
        )


def check_open(address: str) -> None:
    """Refuses an address that may not stand in a declaration.

    Raises:
        PlatformError: it is not one of the web, or has a user, a password or a key in it.
    """
    parts = _address(address, "")
    secret = any(name.lower() in SECRETS for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme not in OPEN_SCHEMES or "@" in parts.netloc or secret:
        raise PlatformError(
            "Cette adresse ne peut pas être écrite dans une déclaration, que tous lisent.",
            "Écrivez le nom d'une connexion, et donnez l'adresse par la variable SOURCE_<NOM> ; seule une "
            "adresse publique http(s)://, sans compte, mot de passe ni clé, peut rester ici.",
        )


def unexpected(connection: Connection, error: Exception) -> PlatformError:
    """What is said of an error that no kind foresaw: its sort and its place, its words may be a secret."""
    return PlatformError(
        f"La lecture de la connexion « {connection.shown} » s'est arrêtée sans savoir le dire "
        f"({connection.hides(describe_error(error))}).",
        "Donnez ce message à l'équipe de la plateforme.",
    )


def _words(error: BaseException | None) -> str:
    """What an error and those it came from say."""
    said = ""
    while error is not None:
        said += f"{error} {error.args!r}\n"
        error = error.__cause__ or error.__context__
    return said


def _written(value: str) -> set[str]:
    """The forms in which a library may quote a value."""
    return {value, value.strip(), quote(value, safe=""), quote(value), quote_plus(value)}


def _address(given: str, name: str) -> SplitResult:
    try:
        found = urlsplit(given)
        _ = found.port
    except ValueError:
        raise PlatformError(
            f"L'adresse de la connexion « {line(name)} » ne se lit pas.",
            "Écrivez genre://machine:port/chemin ; un caractère spécial du compte s'écrit en %XX.",
        ) from None
    return found
