"""The twenty traps of docs/analyste/sql-portable.md, and the macro that it explains."""

from __future__ import annotations

import re

from donnees_au_centre.settings import ROOT

GUIDE = ROOT / "docs" / "analyste" / "sql-portable.md"
# `{{ deduplicate(…) }}` leaves its arguments to the reader.
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| `([^`]+)` \| ([^|]+) \| `([^`]+)`[^|]*\|$", re.MULTILINE)
MACRO = re.compile(r"^\| `(\{\{[^`]+\}\})` \| `([^`]+)` \| `([^`]+)` \|$", re.MULTILINE)


def rows() -> list[tuple[int, str, str, str]]:
    """Number, trap, what not to write, what to write."""
    found = ROW.findall(GUIDE.read_text("utf-8"))
    return [(int(number), trap.strip(), wrong, right) for number, trap, wrong, _, right in found]


def macro_in_two_minutes() -> tuple[str, str, str]:
    """A call, and what it is for PostgreSQL and for Denodo."""
    return MACRO.findall(GUIDE.read_text("utf-8"))[0]


def calls() -> list[str]:
    """Everything that the guide tells to write, and the call that it explains."""
    return [*(right for *_, right in rows()), macro_in_two_minutes()[0]]
