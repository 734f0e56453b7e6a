"""What reading one file may cost: bytes, columns, memory, seconds. Whoever reads asks here; nobody trusts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from donnees_au_centre.errors import PlatformError

# Size of a file as received and as unpacked, in MiB, where its source declares no other.
MAX_SIZE = {
    **dict.fromkeys(("csv", "json", "fixed", "parquet"), 10_240),
    **{"xlsx": 512, "ods": 512, "xls": 64},
}
MAX_UNPACKED = 4096
# Honest archives and sheets shrink 5 to 60 times; what is small is never refused for that.
MAX_RATIO = 200
RATIO_MATTERS = 64 << 20
# Of PostgreSQL.
MAX_COLUMNS = 1600
# Bytes that one read may ask for: the tables of contents of archives, which are read whole.
MAX_READ = 16 << 20
# What a source does not declare: so long, and so much longer for each MiB received.
SECONDS, SECONDS_A_MIB = 300, 2

_deadline: ContextVar[tuple[float, int, bool] | None] = ContextVar("deadline", default=None)


def seconds_for(size: int, declared: int | None) -> int:
    """How long reading a file may take.

    Args:
        size: of the file as received, in bytes.
        declared: `max_seconds` of its source.
    """
    return declared or SECONDS + SECONDS_A_MIB * (size >> 20)


def most_from(received: int, declared: int | None) -> tuple[int, str]:
    """How many bytes a compressed file may give.

    Args:
        received: its size, in bytes.
        declared: `max_unpacked` of its source, in MiB; the ratio does not matter where a source declares it.

    Returns:
        The bytes, and what they are in French.
    """
    if declared is None and (ratio := max(RATIO_MATTERS, MAX_RATIO * received)) < MAX_UNPACKED << 20:
        return ratio, f"{ratio >> 20} Mio, {MAX_RATIO} fois ce qui est reçu"
    bound = declared or MAX_UNPACKED
    return bound << 20, f"{bound} Mio, la limite de `max_unpacked`"


def too_many_columns() -> PlatformError:
    """The error for a file that would make a table too wide."""
    return PlatformError(
        "Le fichier aurait plus de 1 600 colonnes, ce que PostgreSQL ne permet pas.",
        "Un fichier si large met en colonnes ce qui devrait être en lignes : demandez-le par question ou par "
        "année, ou vérifiez `delimiter` et où est l'en-tête.",
    )


@contextmanager
def at_most(seconds: int, of_system: bool = False) -> Iterator[float]:
    """Stops whatever reads in it, and calls `tick`, after so many seconds.

    Args:
        seconds: how many.
        of_system: what is read is no file.

    Returns:
        The moment, of time.monotonic().
    """
    ends = time.monotonic() + seconds
    token = _deadline.set((ends, seconds, of_system))
    try:
        yield ends
    finally:
        _deadline.reset(token)


def tick() -> None:
    """Called by every loop over what was received.

    Raises:
        PlatformError: the file, or the system, has taken longer than it may.
    """
    deadline = _deadline.get()
    if deadline is None or time.monotonic() <= deadline[0]:
        return
    if deadline[2]:
        raise PlatformError(
            f"La lecture de la source a dépassé {deadline[1]} s, la durée permise : elle est arrêtée.",
            "Demandez à qui tient le système ce qui la ralentit ; si elle est juste, écrivez une durée plus "
            "longue dans `max_seconds`.",
        )
    raise PlatformError(
        f"La lecture du fichier a dépassé {deadline[1]} s, la durée permise à un fichier de sa taille : "
        "elle est arrêtée.",
        "Demandez d'où vient ce fichier, qu'un fichier ordinaire ne fait pas durer ; s'il est juste, "
        "écrivez une durée plus longue dans `max_seconds`.",
    )
