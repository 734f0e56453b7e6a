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
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.inert import line

PREFIX = "SOURCE_"
NAME = re.compile(r"[a-z][a-z0-9_]*")
HIDDEN = "***"
# Parameters of an address that nobody may write in a declaration, that all read.
SECRETS = {"access_token", "api_key", "api-key", "apikey", "key", "password", "secret", "sig", "token"}
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
    address: SplitResult
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
            for written in {value, value.strip(), quote(value, safe=""), quote(value)}:
                if len(written) >= _LEAST_HIDDEN:
                    yield written

    def hides(self, said: str) -> str:
        """A text on one line, without the secrets of this connection."""
        for secret in sorted(set(self.secrets()), key=len, reverse=True):
            said = said.replace(secret, HIDDEN)
        return line(re.sub(r"(?<=://)[^/@\s]+@", f"{HIDDEN}@", said))

    @contextmanager
    def discreet(self) -> Iterator[None]:
        """Takes the secrets of this connection out of the errors that people are told."""
        try:
            yield
        except PlatformError as error:
            error.message, error.advice = self.hides(error.message), self.hides(error.advice)
            error.args = (error.message,)
            raise


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


def _address(given: str, name: str) -> SplitResult:
    try:
        found = urlsplit(given)
        _ = found.port
    except ValueError as error:
        raise PlatformError(
            f"L'adresse de la connexion « {line(name)} » ne se lit pas.",
            "Écrivez genre://machine:port/chemin ; un caractère spécial du compte s'écrit en %XX.",
        ) from error
    return found
