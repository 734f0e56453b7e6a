"""The summary, in French, of what the tests of the macros compared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.macros.casefiles import Entry
from tests.macros.inventory import public_macros

NAMES = {"postgres": "PostgreSQL", "denodo": "VQL documenté de Denodo"}
# Differences shown for one entry: the first ones nearly always have one cause.
SHOWN = 3


class Report:
    """What was compared, and what differed."""

    def __init__(self) -> None:
        """Starts with nothing."""
        self.cases: Counter[str] = Counter()
        self.random = 0
        self.differences: Counter[str] = Counter()
        self._calls: set[str] = set()

    def compared(self, entry: Entry, engine: str, cases: int, differences: int) -> None:
        """Notes the cases of one entry on one engine."""
        self.cases[engine] += cases
        self.differences[engine] += differences
        self._calls.add(entry.call)

    def drew(self, entry: Entry, inputs: int) -> None:
        """Notes random inputs for which both engines gave the same."""
        self.random += inputs
        self._calls.add(entry.call)

    def lines(self) -> list[str]:
        """The summary; nothing when nothing was compared."""
        if not self.cases and not self.random:
            return []
        macros = {name for name in public_macros() for call in self._calls if names(call, name)}
        lines = [f"Macros : {len(macros)}, en {len(self._calls)} appels."]
        for engine, cases in sorted(self.cases.items(), reverse=True):
            wrong = self.differences[engine]
            verdict = f"{wrong} différents, nommés ci-dessus" if wrong else "tous comme attendu"
            lines.append(f"{NAMES[engine]} : {cases} cas, {verdict}.")
        if self.random:
            lines.append(f"Entrées tirées au hasard : {self.random} comparées entre les deux moteurs.")
        return lines


def names(call: str, macro: str) -> bool:
    """Tells whether a Jinja text calls a macro."""
    return re.search(rf"(?<![\w]){re.escape(macro)}\(", call) is not None


def differing(title: str, engine: str, sql: str, lines: Sequence[str]) -> str:
    """The message about cases that differ."""
    more = [f"… et {len(lines) - SHOWN} autres cas."] if len(lines) > SHOWN else []
    indented = sql.replace("\n", "\n      ")
    return "\n".join(
        [f"{title}", f"  {NAMES[engine]} : {indented}", *(f"  {line}" for line in lines[:SHOWN]), *more]
    )


def shown(inputs: Mapping[str, Any]) -> str:
    """The inputs of a case, short enough for a line."""
    if len(inputs) == 1:
        (inputs,) = inputs.values()
        inputs = inputs[0] if len(inputs) == 1 else inputs
    return str(inputs)
