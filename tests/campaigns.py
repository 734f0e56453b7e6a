"""Campaigns: tests whose worth grows with their length. Short in `make test`, whole in `make test-long`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

import pytest

from donnees_au_centre.cli.testing import WHOLE_CAMPAIGNS

Thing = TypeVar("Thing")
WHOLE = bool(os.environ.get(WHOLE_CAMPAIGNS))
# One in so many by day.
SHARE = 5
# Played by day, shorter, and by night.
campaign = pytest.mark.campaign
# Played by night alone.
long = pytest.mark.long


def examples(number: int) -> int:
    """How many examples of a property to try."""
    return number if WHOLE else max(25, number // SHARE)


def some(things: Iterable[Thing]) -> list[Thing]:
    """All of them, or one in SHARE spread over the whole."""
    return list(islice(things, None, None, 1 if WHOLE else SHARE))
