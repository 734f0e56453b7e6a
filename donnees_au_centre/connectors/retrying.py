"""What passes by itself is tried again, later and later; what does not is said at once."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import TypeVar

from donnees_au_centre.connectors.interface import PassingFault

T = TypeVar("T")

# Seconds between two tries: what is cut is there again, what restarts has had its time.
PAUSES = (1.0, 5.0, 20.0)
# The longest that a system may ask to wait, in seconds: beyond, the next run comes sooner.
LONGEST = 120.0
_TRIED = re.compile(r" Essayé \d+ fois\.$")


def retried(
    work: Callable[[], T],
    pauses: tuple[float, ...] = PAUSES,
    say: Callable[[str], None] | None = None,
) -> T:
    """Does a work, and again after each passing fault, as long as there are pauses left.

    Args:
        work: leaves nothing behind when it fails.
        pauses: seconds before each new try, a little longer at random: many may have been cut at once.
        say: told each fault that is tried again, in French.

    Raises:
        PassingFault: the last one, saying how often it was tried.
        PlatformError: any other fault, at once.
    """
    tries = 0
    for pause in pauses:
        try:
            return work()
        except PassingFault as fault:
            tries += fault.tries
            wait = pause if fault.wait is None else max(pause, fault.wait)
            if wait > LONGEST:
                raise
            if say:
                say(f"{fault.message} Nouvel essai dans {wait:.0f} s.")
            time.sleep(wait * random.uniform(1, 1.2))
    try:
        return work()
    except PassingFault as fault:
        tries += fault.tries
        # What was tried within is counted here too, and said once.
        message = _TRIED.sub("", fault.message) + (f" Essayé {tries} fois." if tries > 1 else "")
        last = PassingFault(message, fault.advice, fault.wait)
        last.tries = tries
    raise last
