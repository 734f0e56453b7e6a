"""What the checker tells an analyst to write."""

from __future__ import annotations

import re
from collections.abc import Iterator

from denodo import check
from denodo.checking import RULES
from denodo.rules.advice import FUNCTION_ADVICE
from tests.unit.denodo_snippets import snippets

CALL = re.compile(r"\{\{ .*? \}\}")
# Of dbt itself, and of the model where it stands.
CONTEXT = ("{{ ref(", "{{ var(")


def advice() -> Iterator[str]:
    """Every sentence that says what to write."""
    yield from (rule.write for rule in RULES.values())
    yield from FUNCTION_ADVICE.values()
    for snippet in snippets("refuses"):
        yield from (found.portable_form for found in check(snippet.sql, portable=snippet.portable))


def advised_calls() -> list[str]:
    """The macro calls in them, each once; those whose arguments are the reader's to find are left out."""
    found = {call for text in advice() for call in CALL.findall(text)}
    return sorted(call for call in found if "…" not in call and not call.startswith(CONTEXT))
