"""What messages may say of a received text: where it stands and how many there are, never its words.

A header, a title, a key or the name of an archive's member is a value like a cell: where a file has no
header, its first record stands in its place. Messages go far (fct_chargement, alerts, Dagster, logs); the
words themselves stay in raw_<ag>.rejets_chargement, which only that administration reads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.refusals import HIDDEN

_LIKE = 0.8
_SHOWN = 8


class Received:
    """A received text that no message can show: printed or formatted, it is « … ».

    Attributes:
        text: its words, for what compares, stores or looks them up.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        """Wraps the words."""
        self.text = text

    def __eq__(self, other: object) -> bool:
        """Equal to the same words, wrapped or not."""
        return self.text == (other.text if isinstance(other, Received) else other)

    def __hash__(self) -> int:
        """As its words."""
        return hash(self.text)

    def __repr__(self) -> str:
        """Nothing of its words; str() and f-strings come here too."""
        return HIDDEN


class Withheld(PlatformError):
    """A failure that the received words would explain: they are kept for the administration alone.

    Attributes:
        what: what they are, in French.
        words: they, as received.
        line: of the file where they stand; 0 when they stand nowhere.
    """

    def __init__(
        self, message: str, advice: str, what: str, words: Iterable[Received | str], line: int = 0
    ) -> None:
        """Keeps the words apart from the message."""
        super().__init__(message, advice)
        self.what = what
        self.words = tuple(word.text if isinstance(word, Received) else word for word in words)
        self.line = line


def within(error: PlatformError, place: str) -> PlatformError:
    """The same failure, with its place in the file before its message."""
    said = f"{place} : {error.message}"
    if isinstance(error, Withheld):
        return Withheld(said, error.advice, error.what, error.words, error.line)
    return PlatformError(said, error.advice)


def alike(word: str, declared: Collection[str]) -> str | None:
    """The declared name that a received one is, or nearly; None when it is none."""
    found = get_close_matches(word, declared, n=1, cutoff=_LIKE)
    return found[0] if found else None


def ranks(places: Sequence[int]) -> str:
    """« la 2e », « les 2e et 5e »: how a message names columns, sheets or keys that it must not name."""
    shown = [f"{place}{'re' if place == 1 else 'e'}" for place in places[:_SHOWN]]
    left = len(places) - len(shown)
    if left:
        return f"les {', '.join(shown)} et {left} autres"
    return f"les {', '.join(shown[:-1])} et {shown[-1]}" if len(shown) > 1 else f"la {shown[0]}"
