"""What a merge request changes for those who read the marts, told to who reviews it."""

from donnees_au_centre.review.changes import (
    BREAKING,
    HARMLESS,
    WORDS,
    Change,
    Changes,
    find_changes,
    to_compile,
)
from donnees_au_centre.review.letter import as_data, letter
from donnees_au_centre.review.note import MARKER, post_note
from donnees_au_centre.review.review import Review, review
from donnees_au_centre.review.rights import find_rights

__all__ = [
    "BREAKING",
    "HARMLESS",
    "MARKER",
    "WORDS",
    "Change",
    "Changes",
    "Review",
    "as_data",
    "find_changes",
    "find_rights",
    "letter",
    "post_note",
    "review",
    "to_compile",
]
