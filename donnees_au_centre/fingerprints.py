"""What stands for a person where the value itself must not be kept: a keyed hash, by administration.

The list of erased people, holds and the audit journal have fingerprints only; the key, DAC_CLE_<AG>_DROITS,
is in the environment and reaches no database.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from donnees_au_centre.keys import Need, read_keys
from donnees_au_centre.settings import Settings

PURPOSE = "droits"


def normalise(value: str) -> str:
    """One writing of an identifier: single spaces, capitals."""
    return " ".join(value.split()).upper()


def digest(key: bytes, value: str) -> str:
    """The keyed hash of a text, 64 hexadecimal digits."""
    return hmac.new(key, value.encode("utf-8"), hashlib.sha256).hexdigest()


def fingerprint(key: bytes, value: str) -> str:
    """What stands for a person."""
    return digest(key, normalise(value))


def witness(key: bytes) -> str:
    """Tells one key from another without saying anything of it."""
    return digest(key, "temoin")[:16]


def rights_key(domain: str, settings: Settings | None = None) -> bytes:
    """The key of fingerprints of an administration.

    Raises:
        PlatformError: it is missing or unreadable.
    """
    need = Need(domain, PURPOSE)
    return read_keys(settings or Settings.load(), [need], os.environ)[need]
