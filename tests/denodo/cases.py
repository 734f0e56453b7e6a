"""Documented cases of VQL, run on PostgreSQL through the dialect.

A case file is text with tabs between its columns, a header first: doc_page, function, expression,
documented_result, note. The expression is a value or a SELECT whose first row and column count. The database
must have the functions of tests.denodo.engine; the time zone is set to Europe/Brussels, which the manual's
examples with CET and CEST want.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

import psycopg

from denodo.lexer import VqlSyntaxError
from tests.denodo.dialect import Denodo
from tests.denodo.postgresql import NotTranslatable

OK = "conforme"
DIFFERENT = "différent"
EXCUSED = "excusé"

_COLUMNS = ("doc_page", "function", "expression", "documented_result", "note")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
_ZONE = re.compile(r"\s*(Z|[+-]\d\d(:?\d\d)?)\Z")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")
_EXCUSES = (
    "DOC INCONSISTENT",
    "locale-dependent",
    "zone-dependent",
    "depends on the locale",
    "depends on the zone",
)


@dataclass(frozen=True)
class Case:
    """One documented case; `line` is its line in the file, from 1."""

    doc_page: str
    function: str
    expression: str
    documented_result: str
    note: str
    line: int


@dataclass(frozen=True)
class Outcome:
    """What became of a case: `status` is OK, DIFFERENT or EXCUSED, `found` the result or the error's text."""

    case: Case
    status: str
    found: str
    sql: str


def read_cases(file: Path) -> list[Case]:
    """The cases of a file. Raises ValueError when a line has not five columns."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines, delimiter="\t"))
    if not rows or tuple(rows[0]) != _COLUMNS:
        raise ValueError(
            f"{file} : la première ligne doit nommer, entre tabulations : {' '.join(_COLUMNS)} "
            "(voir python -m tests.denodo cases --help)."
        )
    cases = []
    for number, row in enumerate(rows[1:], start=2):
        if not row or row[0].startswith("#"):
            continue
        if len(row) != len(_COLUMNS):
            raise ValueError(f"{file}, ligne {number} : {len(row)} colonnes au lieu de {len(_COLUMNS)}.")
        cases.append(Case(*row, line=number))
    return cases


def run_cases(connection: psycopg.Connection, cases: Iterable[Case]) -> list[Outcome]:
    """Runs cases, each in a transaction of its own that is undone; wants a connection in autocommit."""
    outcomes = []
    for case in cases:
        found, sql = _run(connection, case)
        same = found is not None and same_result(found, case.documented_result)
        excused = any(excuse in case.note for excuse in _EXCUSES)
        status = OK if same else EXCUSED if excused else DIFFERENT
        outcomes.append(Outcome(case, status, "NULL" if found is None else found, sql))
    return outcomes


def to_sql(expression: str) -> str:
    """The PostgreSQL query of a case's value or SELECT, which gives its first column as VQL prints it."""
    query = (
        expression
        if re.match(r"\s*(select|with|\(\s*select)\b", expression, re.I)
        else f"select {expression}"
    )
    (tree,) = Denodo().parse(query)
    text = tree.sql(dialect="postgres") if tree is not None else ""
    return f"select vql.display(result) from ({text}) as documented (result) limit 1"


def _run(connection: psycopg.Connection, case: Case) -> tuple[str | None, str]:
    sql = ""
    try:
        sql = to_sql(case.expression)
        with connection.transaction(force_rollback=True):
            connection.execute("set local time zone 'Europe/Brussels'")
            row = connection.execute(sql).fetchone()
    except (VqlSyntaxError, NotTranslatable) as error:
        return f"erreur : {error}", sql
    except psycopg.Error as error:
        return f"erreur : {str(error).splitlines()[0]}", sql
    value = row[0] if row else None
    return "NULL" if value is None else str(value), sql


def same_result(found: str, documented: str) -> bool:
    """Whether a result is the documented one, as far as the manual prints it.

    Numbers are compared to the decimals that are displayed; trailing blanks, blanks inside `Array { … }` and
    before a time zone do not count, nor does a time zone that the manual does not print.
    """
    found, documented = found.rstrip(), documented.rstrip()
    if found == documented:
        return True
    if _NUMBER.match(found) and _NUMBER.match(documented):
        return _same_number(found, documented)
    if found.startswith(("Array", "Register")):
        return _compound(found) == _compound(documented)
    if _DATETIME.match(found) and _DATETIME.match(documented):
        return _same_datetime(found, documented)
    return False


def _compound(printed: str) -> str:
    """A printed array or register without blanks; the manual prints { { a } { b } } also as { a , b }."""
    text = re.sub(r"\s+", "", printed).replace("}{", ",")
    return re.sub(r"\AArray\{\{(.*)\}\}\Z", r"Array{\1}", text)


def _same_number(found: str, documented: str) -> bool:
    try:
        value, shown = Decimal(found), Decimal(documented)
    except InvalidOperation:
        return False
    if value == shown:
        return True
    if "." not in documented and "e" not in documented.lower():
        return False
    places = shown.as_tuple().exponent
    if not isinstance(places, int):
        return False
    unit = Decimal(1).scaleb(places)
    if len(shown.as_tuple().digits) >= 15:
        return abs(value - shown) <= unit * 4
    return shown in {value.quantize(unit, how) for how in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)}


def _same_datetime(found: str, documented: str) -> bool:
    zone, expected = _ZONE.search(found[16:]), _ZONE.search(documented[16:])
    if expected is None and zone is not None:
        found = found[: 16 + zone.start()]
    pieces = [
        re.sub(r"(\.\d*?)0+(?=\D|\Z)", r"\1", text).replace(" ", "").replace(":", "")
        for text in (found, documented)
    ]
    return pieces[0].replace(".", "", pieces[0].endswith(".")) == pieces[1].replace(
        ".", "", pieces[1].endswith(".")
    )


def summary(outcomes: list[Outcome]) -> str:
    """A French report: the counts, then every case that is not as documented."""
    counts = {
        status: sum(outcome.status == status for outcome in outcomes) for status in (OK, EXCUSED, DIFFERENT)
    }
    lines = [
        f"{len(outcomes)} cas du VQL documenté : {counts[OK]} conforme(s), {counts[DIFFERENT]} différent(s), "
        f"{counts[EXCUSED]} excusé(s)."
    ]
    for status, title in ((DIFFERENT, "Différents"), (EXCUSED, "Excusés")):
        chosen = [outcome for outcome in outcomes if outcome.status == status]
        if chosen:
            lines.append(f"{title} :")
        for outcome in chosen:
            lines.append(
                f"  ligne {outcome.case.line} : {outcome.case.expression}\n"
                f"      documenté : {outcome.case.documented_result}\n"
                f"      obtenu    : {outcome.found}"
            )
            if outcome.case.note:
                lines.append(f"      note      : {outcome.case.note}")
    return "\n".join(lines)
