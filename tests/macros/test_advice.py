"""What the checker tells an analyst to write compiles for both engines, and passes the checker itself."""

from __future__ import annotations

import re

from denodo import check
from tests.macros.advice import advised_calls
from tests.macros.rendering import Renderings

CONDITION = re.compile(r" (like|regexp_like) | end = 1$")
# What stands alone where a query does, or between two queries.
QUERIES = ("{{ calendar_spine(", "{{ deduplicate(")
OPERATIONS = ("{{ dbt.except(",)


def query(call: str, sql: str) -> str:
    """The query in which the SQL of a call can stand."""
    if call.startswith(QUERIES):
        return sql
    if call.startswith(OPERATIONS):
        return f"select a from t {sql} select a from u"
    return f"select 1 as un from t where {sql}" if CONDITION.search(sql) else f"select {sql} as y from t"


def test_many_calls_are_advised() -> None:
    assert len(advised_calls()) > 45


def test_what_is_advised_compiles(engine: str, renderings: Renderings) -> None:
    refused = {call: renderings.find(engine, call).refusal for call in advised_calls()}
    assert {call: refusal for call, refusal in refused.items() if refusal is not None} == {}


def test_what_is_advised_is_documented(renderings: Renderings) -> None:
    texts = {call: query(call, renderings.find("denodo", call).sql or "") for call in advised_calls()}
    faults = {
        call: [f"{found.rule} : {text}" for found in check(text, portable=False) if found.is_error]
        for call, text in texts.items()
    }
    assert {call: found for call, found in faults.items() if found} == {}
