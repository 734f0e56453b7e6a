"""What `staging` and its columns compile to, and how they refuse a declaration that says too little."""

from __future__ import annotations

import pytest

from tests.macros.declarations import DECLARED, REFUSED, TYPES, WRITTEN, read, typed
from tests.macros.rendering import Renderings


def words(sql: str | None) -> str:
    for sign in "(),":
        sql = (sql or "").replace(sign, f" {sign} ")
    return " ".join((sql or "").split())


@pytest.mark.parametrize("call", sorted(REFUSED))
def test_a_declaration_that_says_too_little_is_refused(
    call: str, engine: str, renderings: Renderings
) -> None:
    found = renderings.find(engine, call)
    assert REFUSED[call] in (found.refusal or ""), found
    assert "Que faire : " in (found.refusal or "")


def test_a_declaration_compiles_to_what_a_person_would_write(engine: str, renderings: Renderings) -> None:
    assert words(renderings.find(engine, DECLARED).sql) == words(renderings.find(engine, WRITTEN).sql)


@pytest.mark.parametrize("declared", sorted(TYPES))
def test_a_type_reads_as_its_macro_does(declared: str, engine: str, renderings: Renderings) -> None:
    found = renderings.find(engine, typed(declared))
    assert found.refusal is None
    assert words(found.sql) == words(renderings.find(engine, read(TYPES[declared])).sql)
