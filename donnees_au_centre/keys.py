"""The keys of pseudonyms: from the environment to the database sessions that need them, and nowhere else.

A key belongs to one administration and one purpose: DAC_CLE_<AG>_<FINALITE>. PostgreSQL has no HMAC of its
own; the two padded keys of RFC 2104 are worked out here, and reach a session as settings in PGOPTIONS, where
the macro `pseudonymise` reads them. They stand in no SQL text, hence in no artefact, log or catalogue.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import Settings

PREFIX = "DAC_CLE_"
# Bytes: a shorter key than the digest would weaken it (RFC 2104, section 3).
LEAST = 32
BLOCK = 64
# Made once in a checkout that runs its own server; git ignores it.
KEY_FILE = ".cles"
# A call of the macro in a model; what an administration is, is the folder of the model.
CALL = re.compile(r"\bpseudonymise\(.*?,\s*'([a-z][a-z0-9_]*)'\s*,\s*'([a-z][a-z0-9_]*)'\s*\)", re.DOTALL)
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
# Settings that an earlier command exported.
OURS = re.compile(r"\s*-c\s+dac\.[io]_\w+=\S*")


@dataclass(frozen=True, order=True)
class Need:
    """A key that models ask for.

    Attributes:
        domain: the administration.
        purpose: what its pseudonyms serve.
    """

    domain: str
    purpose: str

    @property
    def variable(self) -> str:
        """The environment variable that holds the key."""
        return f"{PREFIX}{self.domain}_{self.purpose}".upper()


def needs(root: Path, domains: Collection[str] | None = None) -> list[Need]:
    """The keys that the models of some domains ask for, read in their calls of `pseudonymise`.

    The files are read, not the manifest: a model that was just written has its key at once.

    Args:
        root: the checkout.
        domains: folders of models/; all of them if None.
    """
    found = set()
    for path in sorted((root / "models").glob("*/**/*.sql")):
        domain = path.relative_to(root / "models").parts[0]
        if domains is None or domain in domains:
            text = COMMENT.sub("", path.read_text(encoding="utf-8"))
            found |= {Need(ag, purpose) for ag, purpose in CALL.findall(text) if ag == domain}
    return sorted(found)


def pgoptions(
    domains: Collection[str] | None,
    settings: Settings,
    environ: Mapping[str, str] = os.environ,
) -> str:
    """The value of PGOPTIONS that gives a session the keys of some domains, those of no other one.

    Args:
        domains: folders of models/; all of them if None.
        settings: where the keys of the embedded server are.
        environ: where the keys are, and what PGOPTIONS holds already, which is kept.

    Returns:
        PGOPTIONS as it was, without keys, when the models of these domains need none.

    Raises:
        PlatformError: a key is missing, too short or unreadable; its value is never shown.
    """
    others = OURS.sub("", environ.get("PGOPTIONS", "")).strip()
    parts = [others] if others else []
    for need, key in read_keys(settings, needs(settings.root, domains), environ).items():
        inner, outer = pads(key)
        parts.append(f"-c dac.i_{need.domain}_{need.purpose}={inner}")
        parts.append(f"-c dac.o_{need.domain}_{need.purpose}={outer}")
    return " ".join(parts)


@contextmanager
def session_keys(
    domains: Collection[str] | None,
    settings: Settings,
    environ: MutableMapping[str, str] = os.environ,
) -> Iterator[None]:
    """Gives the keys of some domains to the sessions that this process opens meanwhile.

    Raises:
        PlatformError: see `pgoptions`.
    """
    before = environ.get("PGOPTIONS")
    options = pgoptions(domains, settings, environ)
    if options:
        environ["PGOPTIONS"] = options
    else:
        environ.pop("PGOPTIONS", None)
    try:
        yield
    finally:
        if before is None:
            environ.pop("PGOPTIONS", None)
        else:
            environ["PGOPTIONS"] = before


def keep_only(domain: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Takes from a process the keys of every domain but one: a code location has its own only."""
    for name in [name for name in environ if name.startswith(PREFIX)]:
        if not name.startswith(f"{PREFIX}{domain}_".upper()):
            del environ[name]
    if "PGOPTIONS" in environ:
        environ["PGOPTIONS"] = OURS.sub("", environ["PGOPTIONS"]).strip()


def read_keys(settings: Settings, wanted: Collection[Need], environ: Mapping[str, str]) -> dict[Need, bytes]:
    """Reads keys from the environment; on the embedded server, makes those that are missing.

    Raises:
        PlatformError: see `pgoptions`.
    """
    given = {need: environ.get(need.variable, "").strip() for need in wanted}
    missing = [need for need, text in given.items() if not text]
    if missing and settings.embedded:
        made = keys_of_checkout(settings.root / KEY_FILE, missing)
        given |= {need: made[need.variable] for need in missing}
    elif missing:
        raise PlatformError(
            f"Des clés de pseudonymisation manquent : {', '.join(need.variable for need in missing)}.",
            f"Définissez ces variables dans le coffre de l'environnement {settings.target} (32 octets au "
            "moins, en hexadécimal ou en base64 : openssl rand -hex 32). Une clé perdue ne se refait pas : "
            "docs/gestionnaire/donnees-personnelles.md, « Les clés ».",
        )
    return {need: decode(need.variable, given[need]) for need in wanted}


def decode(variable: str, text: str) -> bytes:
    """Reads a key written in hexadecimal or in base64.

    Raises:
        PlatformError: it is neither, or has fewer than 32 bytes.
    """
    try:
        if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", text):
            key = bytes.fromhex(text)
        else:
            key = base64.b64decode(text, altchars=b"-_" if re.search("[-_]", text) else None, validate=True)
    except (binascii.Error, ValueError):
        # From None: the cause would cite the key.
        raise PlatformError(
            f"La clé {variable} n'est ni de l'hexadécimal, ni du base64.",
            "Faites-en une par openssl rand -hex 32, sans guillemets ni espaces.",
        ) from None
    if len(key) < LEAST:
        raise PlatformError(
            f"La clé {variable} n'a que {len(key)} octets sur {LEAST}.",
            "Faites-en une par openssl rand -hex 32.",
        )
    return key


def pads(key: bytes) -> tuple[str, str]:
    """The inner and outer padded keys of HMAC-SHA-256, in hexadecimal."""
    block = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\0")
    return bytes(byte ^ 0x36 for byte in block).hex(), bytes(byte ^ 0x5C for byte in block).hex()


def keys_of_checkout(path: Path, wanted: Collection[Need]) -> dict[str, str]:
    """Reads the keys of a checkout with its own server, after making those that it has not yet.

    Args:
        path: a file that its owner alone may read; one line a key, variable=hexadecimal.
        wanted: the keys that must be there.

    Returns:
        variable -> key in hexadecimal.

    Raises:
        PlatformError: the file belongs to another account.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise PlatformError(
            f"Le fichier des clés {path} ne peut pas être ouvert : {error.strerror}.",
            "Relancez avec le compte qui l'a créé.",
        ) from error
    with os.fdopen(descriptor, "r+", encoding="ascii") as file:
        # Several code locations may begin at once.
        fcntl.flock(file, fcntl.LOCK_EX)
        os.fchmod(file.fileno(), 0o600)
        found = dict(line.split("=", 1) for line in file.read().split())
        for need in wanted:
            if need.variable not in found:
                found[need.variable] = secrets.token_hex(LEAST)
                file.write(f"{need.variable}={found[need.variable]}\n")
        file.flush()
        os.fsync(file.fileno())
    return found
