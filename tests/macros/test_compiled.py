"""On PostgreSQL the macros cost nothing: they give the text that a person would write.

Two equal texts have one plan; that is why nothing is timed here.
"""

from __future__ import annotations

import re

import pytest

from tests.macros.compiled import read_hand_written
from tests.macros.inventory import public_macros
from tests.macros.rendering import Renderings
from tests.macros.report import names


def test_is_what_a_person_would_write(renderings: Renderings) -> None:
    given = {call: without_spaces(renderings.sql("postgres", call)) for call in read_hand_written()}
    wanted = {call: without_spaces(sql) for call, sql in read_hand_written().items()}
    assert {call: sql for call, sql in given.items() if sql != wanted[call]} == {}


def test_every_macro_is_listed() -> None:
    calls = read_hand_written()
    absent = [macro for macro in public_macros() if not any(names(call, macro) for call in calls)]
    assert absent == [], "absents de tests/macros/compiled.yml"


def without_spaces(sql: str) -> str:
    """The text with one space where there are some, and none beside brackets: line breaks mean nothing.

    What stands between quotes is kept as it is.
    """
    parts = re.split(r"('(?:[^']|'')*')", sql.strip())
    for number in range(0, len(parts), 2):
        spaced = re.sub(r"\s+", " ", parts[number])
        parts[number] = re.sub(r"(?<=[(\[]) | (?=[)\],])", "", spaced)
    return "".join(parts).strip()


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("trim(  both ' ' from\n t )", "trim(both ' ' from t)", True),
        ("trim(both '  ' from t)", "trim(both ' ' from t)", False),
        ("a + b", "(a + b)", False),
        ("'it''s  so'", "'it''s so'", False),
    ],
)
def test_only_spaces_are_forgotten(one: str, other: str, equal: bool) -> None:
    assert (without_spaces(one) == without_spaces(other)) == equal
