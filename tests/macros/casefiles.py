"""The cases of the portable macros: `tests/macros/cases/<macro>.yml`, each a list of entries.

    - macro: "{{ dbt.dateadd('month', 'n', 'd') }}"      a call; its columns are those of `columns`
      columns: {d: date, n: integer}                     names and PostgreSQL types of the inputs
      cases:                                             inputs, then what both engines must give, as text
        - [{d: '2024-01-31', n: 1}, '2024-02-29 00:00:00']
      fails: [{d: '2024-01-31', n: 999999999}]           inputs for which both engines must raise an error
      refuses: [["{{ dbt.dateadd('era', 'n', 'd') }}", "era"]]     calls that do not compile, with part of the
                                                         message; a third item limits it to one engine
      domain: {n: {min: -500, max: 500, why: "…"}}       limits of the random inputs (see strategies.py)

The macro gives an expression, unless the entry says otherwise:

    condition: true     a condition: true, false or null is expected
    aggregate: true     an aggregate: the inputs of a case are a list of rows
    relation: true      a query: `tables` gives the tables that it names and the types of their columns; the
                        inputs of a case are the rows of each table, and rows are expected, in any order
    unordered: ', '     a text made of parts, in any order
    random: false       never tried with random inputs; `why` says the reason
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.macros.rendering import ENGINES

FOLDER = Path(__file__).parent / "cases"
KEYS = {
    *("macro", "columns", "cases", "fails", "refuses", "domain", "condition", "aggregate", "relation"),
    *("tables", "unordered", "random", "why"),
}
# The one table that expressions read, and its number of the case.
INPUT_TABLE = "entrees"
NUMBER = "numero"

Row = dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """A call that must not compile.

    Attributes:
        call: the call.
        message: part of the message, in French.
        engines: where it is refused.
    """

    call: str
    message: str
    engines: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One call of a macro, and what it must give.

    Attributes:
        file: the case file.
        call: Jinja text; empty for an entry that only refuses.
        kind: `expression`, `condition`, `aggregate` or `relation`.
        tables: columns and PostgreSQL types of each table the call reads.
        cases: rows of each table, then the expected value (rows of a relation).
        fails: rows of each table, that make both engines raise an error.
        refuses: calls that must not compile.
        domain: limits of the random inputs, by column.
        separator: what separates parts that come in any order; None when the text is compared as it is.
        random: False when random inputs make no sense.
    """

    file: Path
    call: str
    kind: str
    tables: Mapping[str, Mapping[str, str]]
    cases: Sequence[tuple[Mapping[str, list[Row]], Any]]
    fails: Sequence[Mapping[str, list[Row]]]
    refuses: Sequence[Refusal]
    domain: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    separator: str | None = None
    random: bool = True

    @cached_property
    def title(self) -> str:
        """Names the entry in messages and in the names of tests."""
        return f"{self.file.stem}: {self.call}"


@cache
def read_entries(folder: Path = FOLDER) -> list[Entry]:
    """Reads every case file.

    Raises:
        ValueError: an entry is not written as it should be; the message, in French, names it.
    """
    entries = []
    for file in sorted(folder.glob("*.yml")):
        listed = yaml.safe_load(file.read_text(encoding="utf-8"))
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            raise ValueError(f"{file.name} : une liste d'entrées est attendue.")
        entries += [_read(file, entry) for entry in listed]
    return entries


def _read(file: Path, entry: Mapping[str, Any]) -> Entry:
    where = f"{file.name}, {entry.get('macro', 'entrée sans macro')}"
    if unknown := set(entry) - KEYS:
        raise ValueError(f"{where} : clé inconnue : {', '.join(sorted(unknown))}.")
    kinds = [kind for kind in ("condition", "aggregate", "relation") if entry.get(kind)]
    if len(kinds) > 1:
        raise ValueError(f"{where} : {' et '.join(kinds)} s'excluent.")
    kind = kinds[0] if kinds else "expression"
    if "macro" not in entry and set(entry) - {"refuses"}:
        raise ValueError(f"{where} : « macro » manque.")
    if entry.get("random") is False and not entry.get("why"):
        raise ValueError(f"{where} : « why » doit dire pourquoi rien n'est tiré au hasard.")
    domain = entry.get("domain") or {}
    for column, limits in domain.items():
        if not isinstance(limits, dict) or not limits.get("why"):
            raise ValueError(f"{where} : « why » doit dire pourquoi {column} est limité.")
    tables = entry.get("tables") or {}
    if kind != "relation":
        tables = {INPUT_TABLE: entry.get("columns") or {}}
    known = {column for types in tables.values() for column in types}
    if stray := set(domain) - known:
        raise ValueError(f"{where} : domaine d'une colonne inconnue : {', '.join(sorted(stray))}.")

    def rows(inputs: Any) -> dict[str, list[Row]]:
        listed = inputs
        if kind != "relation":
            listed = {INPUT_TABLE: inputs if kind == "aggregate" else [inputs]}
        return {name: [row(name, cells) for cells in of] for name, of in listed.items()}

    def row(table: str, cells: Any) -> Row:
        columns = tables[table]
        found = cells if isinstance(cells, dict) else dict(zip(columns, cells, strict=False))
        if set(found) != set(columns) or len(cells) != len(columns):
            raise ValueError(f"{where} : {cells} n'a pas les colonnes {', '.join(columns)}.")
        return found

    return Entry(
        file=file,
        call=entry.get("macro", ""),
        kind=kind,
        tables=tables,
        cases=[(rows(inputs), expected) for inputs, expected in entry.get("cases") or ()],
        fails=[rows(inputs) for inputs in entry.get("fails") or ()],
        refuses=[
            Refusal(call, message, tuple(engines) or ENGINES)
            for call, message, *engines in entry.get("refuses") or ()
        ],
        domain=domain,
        separator=entry.get("unordered"),
        random=entry.get("random", True),
    )
