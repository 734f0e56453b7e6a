"""The twenty traps of docs/analyste/sql-portable.md: what they refuse is refused, the rest passes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from denodo import check
from donnees_au_centre.settings import ROOT
from tests.macros.rendering import render

GUIDE = ROOT / "docs/analyste/sql-portable.md"
# `{{ deduplicate(…) }}` leaves its arguments to the reader.
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| `([^`]+)` \| ([^|]+) \| `([^`]+)`[^|]*\|$", re.MULTILINE)
# These stand where a condition does.
CONDITIONS = (" ~ ", " ilike ", "!=", "<>", "{{ ilike", "{{ regexp_like")


def rows() -> list[tuple[int, str, str, str]]:
    """Number, trap, what not to write, what to write."""
    found = ROW.findall(GUIDE.read_text("utf-8"))
    return [(int(number), trap.strip(), wrong, right) for number, trap, wrong, _, right in found]


def query(fragment: str, original: str) -> str:
    if original.startswith("select "):
        return fragment
    if any(mark in original for mark in CONDITIONS):
        return f"select 1 as un from t where {fragment}"
    return f"select {fragment} as x from t"


def faults(text: str, *, portable: bool) -> list[str]:
    return [found.rule for found in check(text, portable=portable) if found.is_error]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Engine -> what is to be written -> its SQL."""
    folder: Path = tmp_path_factory.mktemp("guide")
    texts = [right for *_, right in rows()]
    return {
        engine: {one.call: one.sql or "" for one in render(texts, engine, folder / engine)}
        for engine in ("postgres", "denodo")
    }


def test_there_are_twenty_traps() -> None:
    assert [number for number, *_ in rows()] == list(range(1, 21))


@pytest.mark.parametrize("row", rows(), ids=[trap for _, trap, *_ in rows()])
def test_the_left_side_is_refused_and_the_right_side_passes(
    row: tuple[int, str, str, str], compiled: dict[str, dict[str, str]]
) -> None:
    _, _, wrong, right = row
    assert faults(query(wrong, wrong), portable=True) != []
    assert faults(query(compiled["denodo"][right], right), portable=False) == []
    # What a person writes by hand must also mean the same on PostgreSQL.
    if "{{" not in right:
        assert faults(query(right, right), portable=True) == []


def test_the_macro_in_two_minutes_is_what_dbt_gives(tmp_path: Path) -> None:
    (call, postgresql, denodo), *_ = re.findall(
        r"^\| `(\{\{[^`]+\}\})` \| `([^`]+)` \| `([^`]+)` \|$", GUIDE.read_text("utf-8"), re.MULTILINE
    )
    for engine, expected in {"postgres": postgresql, "denodo": denodo}.items():
        assert render([call], engine, tmp_path / engine)[0].sql == expected
