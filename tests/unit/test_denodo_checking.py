"""The checker refuses what it must, where it must, accepts the rest, and says in French what to write."""

from __future__ import annotations

import re

import pytest

from denodo.checking import RULES, Finding, check, fix
from denodo.checking.advice import FUNCTION_ADVICE, advice_for
from denodo.checking.rules import CHAPTERS
from tests.unit.denodo_snippets import Snippet, snippets

REFUSED = snippets("refuses")
ACCEPTED = snippets("admis")


def told(findings: list[Finding]) -> list[tuple[int, int, str]]:
    return sorted((finding.start, finding.end, finding.rule) for finding in findings)


@pytest.mark.parametrize("snippet", REFUSED, ids=str)
def test_refused_exactly_there(snippet: Snippet) -> None:
    assert told(check(snippet.sql, portable=snippet.portable)) == sorted(snippet.expected)


@pytest.mark.parametrize("snippet", ACCEPTED, ids=str)
def test_accepted(snippet: Snippet) -> None:
    assert told(check(snippet.sql, portable=snippet.portable)) == []
