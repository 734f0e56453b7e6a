"""What the checker tells an analyst to write compiles for both engines, and passes the checker itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from denodo import check
from denodo.checking import RULES
from denodo.rules.advice import FUNCTION_ADVICE
from tests.macros.rendering import ENGINES, Rendered, render
from tests.unit.denodo_snippets import snippets

CALL = re.compile(r"\{\{ .*? \}\}")
CONDITION = re.compile(r" (like|regexp_like) | end = 1$")
# Of dbt itself, and of the model where it stands.
CONTEXT = ("{{ ref(", "{{ var(")
# What stands alone where a query does, or between two queries.
QUERIES = ("{{ calendar_spine(", "{{ deduplicate(")
OPERATIONS = ("{{ dbt.except(",)


def advice() -> Iterator[str]:
    """Every sentence that says what to write."""
    yield from (rule.write for rule in RULES.values())
    yield from FUNCTION_ADVICE.values()
    for snippet in snippets("refuses"):
        yield from (found.portable_form for found in check(snippet.sql, portable=snippet.portable))


def calls() -> list[str]:
    """The macro calls in them, each once; those whose arguments are the reader's to find are left out."""
    found = {call for text in advice() for call in CALL.findall(text)}
    return sorted(call for call in found if "…" not in call and not call.startswith(CONTEXT))


def query(call: str, sql: str) -> str:
    """The query in which the SQL of a call can stand."""
    if call.startswith(QUERIES):
        return sql
    if call.startswith(OPERATIONS):
        return f"select a from t {sql} select a from u"
    return f"select 1 as un from t where {sql}" if CONDITION.search(sql) else f"select {sql} as y from t"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Rendered]]:
    folder: Path = tmp_path_factory.mktemp("conseils")
    return {engine: {one.call: one for one in render(calls(), engine, folder / engine)} for engine in ENGINES}


def test_many_calls_are_advised() -> None:
    assert len(calls()) > 45


@pytest.mark.parametrize("call", calls())
def test_what_is_advised_compiles_and_is_documented(
    call: str, compiled: dict[str, dict[str, Rendered]]
) -> None:
    for engine in ENGINES:
        assert compiled[engine][call].refusal is None
    sql = compiled["denodo"][call].sql or ""
    assert [found for found in check(query(call, sql), portable=False) if found.is_error] == []
