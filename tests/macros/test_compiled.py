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


@pytest.mark.parametrize(("call", "sql"), read_hand_written().items())
def test_is_what_a_person_would_write(call: str, sql: str, renderings: Renderings) -> None:
    assert without_spaces(renderings.sql("postgres", call)) == without_spaces(sql)


@pytest.mark.parametrize("macro", public_macros())
def test_every_macro_is_listed(macro: str) -> None:
    assert any(names(call, macro) for call in read_hand_written()), (
        f"{macro} n'est pas dans tests/macros/compiled.yml"
    )


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
