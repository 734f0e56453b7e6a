"""What fails in a step of Dagster, as its history keeps it: no word of an error that may quote a value.

What passes by itself (a lost connection, a server that restarts, two sessions in each other's way) is tried
again, in the same run; nothing else is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from donnees_au_centre.connectors import PassingFault
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.refusals import describe_error, is_passing

# Seconds before each of the tries after the first.
PAUSES = (60, 300)


class Passing(Exception):
    """Everything that failed in a step passes by itself."""


@contextmanager
def told_failures(again: bool = True) -> Iterator[None]:
    """Turns any error into a failure in French; Dagster would keep the text and the chain of the others.

    Args:
        again: False where somebody waits for the answer: nothing is tried again.

    Raises:
        dagster.Failure: in place of the error; a failure that is one already passes as it is.
        dagster.RetryRequested: of what passes by itself, until it was tried as often as PAUSES says.
    """
    try:
        yield
    except (dg.Failure, dg.RetryRequested):
        raise
    except Exception as error:
        passing = isinstance(error, Passing | PassingFault) or is_passing(error)
        failure = dg.Failure(_said(error), allow_retries=False)
    else:
        return
    tried = _tried() if again and passing else len(PAUSES)
    if tried >= len(PAUSES):
        raise failure from None
    raise dg.RetryRequested(max_retries=len(PAUSES), seconds_to_wait=PAUSES[tried]) from failure


def _said(error: Exception) -> str:
    if isinstance(error, PlatformError | Passing):
        return str(error)
    return (
        f"Erreur imprévue de la plateforme : {describe_error(error)}\n"
        "Que faire : relancez ; si cela dure, donnez ce message à l'équipe Plateforme."
    )


def _tried() -> int:
    """How many times the step under way was tried again; outside of a step, as often as it may be."""
    try:
        return dg.OpExecutionContext.get().retry_number
    except dg.DagsterInvariantViolationError:
        return len(PAUSES)
