"""What fails in a step of Dagster, as its history keeps it: no word of an error that may quote a value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.refusals import describe_error


@contextmanager
def told_failures() -> Iterator[None]:
    """Turns any error into a failure in French; Dagster would keep the text and the chain of the others.

    Raises:
        dagster.Failure: in place of the error; a failure that is one already passes as it is.
    """
    try:
        yield
    except (dg.Failure, dg.RetryRequested):
        raise
    except PlatformError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    except Exception as error:
        raise dg.Failure(
            f"Erreur imprévue de la plateforme : {describe_error(error)}\n"
            "Que faire : relancez ; si cela dure, donnez ce message à l'équipe Plateforme.",
            allow_retries=False,
        ) from None
