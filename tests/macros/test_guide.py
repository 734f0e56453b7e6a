"""The twenty traps of docs/analyste/sql-portable.md: what they refuse is refused, the rest passes."""

from __future__ import annotations

from denodo import check
from tests.macros.guide import macro_in_two_minutes, rows
from tests.macros.rendering import Renderings

# These stand where a condition does.
CONDITIONS = (" ~ ", " ilike ", "!=", "<>", "{{ ilike", "{{ regexp_like")


def query(fragment: str, original: str) -> str:
    if original.startswith("select "):
        return fragment
    if any(mark in original for mark in CONDITIONS):
        return f"select 1 as un from t where {fragment}"
    return f"select {fragment} as x from t"


def faults(text: str, *, portable: bool) -> list[str]:
    return [found.rule for found in check(text, portable=portable) if found.is_error]


def test_there_are_twenty_traps() -> None:
    assert [number for number, *_ in rows()] == list(range(1, 21))


def test_the_left_side_is_refused() -> None:
    assert [trap for _, trap, wrong, _ in rows() if not faults(query(wrong, wrong), portable=True)] == []


def test_the_right_side_passes(renderings: Renderings) -> None:
    found = {}
    for _, trap, _, right in rows():
        compiled = renderings.find("denodo", right).sql or ""
        found[trap] = faults(query(compiled, right), portable=False)
        # What a person writes by hand must also mean the same on PostgreSQL.
        if "{{" not in right:
            found[trap] += faults(query(right, right), portable=True)
    assert {trap: rules for trap, rules in found.items() if rules} == {}


def test_the_macro_in_two_minutes_is_what_dbt_gives(renderings: Renderings) -> None:
    call, postgresql, denodo = macro_in_two_minutes()
    assert renderings.sql("postgres", call) == postgresql
    assert renderings.sql("denodo", call) == denodo
