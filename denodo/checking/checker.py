"""`check` and `fix`: from a text to its findings, and to a text without those that can be mended safely."""

from __future__ import annotations

import sys
from bisect import bisect
from collections.abc import Iterator
from contextlib import contextmanager

from denodo.checking.cursor import ReadingError
from denodo.checking.finding import ERROR, Edit, Finding
from denodo.checking.lexer import LexicalError
from denodo.checking.rules import RULES
from denodo.checking.statements import Statements
from denodo.lexer import Lines

# A mended text may need mending again (an ILIKE inside a FILTER); more rounds than any text has layers.
_ROUNDS = 20
_CALLS = 10_000


def check(sql: str, *, portable: bool = True) -> list[Finding]:
    """Holds a SQL text against documented VQL.

    Args:
        sql: one statement or several, separated by `;`, without Jinja.
        portable: the text is for PostgreSQL as well, so what VQL understands otherwise counts too; False
            for a text that only Denodo will see.

    Returns:
        The findings in the order of the text; empty when nothing is refused. Never raises on a text: what
        cannot be read is one finding `vql-syntaxe` at the place where reading stops.
    """
    try:
        reader = Statements(sql, portable=portable)
    except LexicalError as error:
        return [_unreadable(sql, error.start, error.end, str(error))]
    with _deep_reading():
        return _findings(sql, reader)


def _findings(sql: str, reader: Statements) -> list[Finding]:
    for comment in reader.hashes:
        edit = (comment.start, comment.start + 1, "--") if comment.alone else None
        reader.report(
            "sens-diese",
            comment.start,
            comment.start + 1,
            "`#` ouvre un commentaire sur Denodo seulement.",
            edit=edit,
        )
    findings = reader.findings
    while reader.peek().value or not reader.at_end():
        if reader.accept_sign(";"):
            continue
        first = len(findings)
        try:
            reader.statement()
            if not reader.at_end():
                reader.fail("la fin de la requête était attendue")
        except ReadingError as error:
            findings.append(_unreadable(sql, error.token.start, error.token.end, str(error)))
            while not reader.at_end():
                reader.take()
        except RecursionError:
            del findings[first:]
            findings.append(
                _unreadable(sql, reader.peek().start, reader.peek().end, "trop de parenthèses emboîtées")
            )
            break
    unique = {(finding.rule, finding.start, finding.end): finding for finding in findings}
    return sorted(unique.values(), key=lambda finding: (finding.start, finding.end, finding.rule))


def fix(sql: str, *, portable: bool = True) -> str:
    """Writes the portable form of everything that has one with surely the same meaning on PostgreSQL.

    Returns:
        The text with those changes made and every other character kept; the text itself when there are none.
    """
    for _ in range(_ROUNDS):
        edits = [finding.edit for finding in check(sql, portable=portable) if finding.edit]
        if not edits:
            break
        sql = apply(sql, edits)
    return sql


def apply(sql: str, edits: list[Edit]) -> str:
    """Makes the changes that do not overlap; of two that do, the shorter, which lies inside."""
    chosen: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit[1] - edit[0], edit[0])):
        at = bisect(chosen, edit)
        if (not at or chosen[at - 1][1] <= edit[0]) and (at == len(chosen) or edit[1] <= chosen[at][0]):
            chosen.insert(at, edit)
    parts: list[str] = []
    kept = 0
    for start, end, text in chosen:
        parts += [sql[kept:start], text]
        kept = end
    return "".join([*parts, sql[kept:]])


@contextmanager
def _deep_reading() -> Iterator[None]:
    """Room for some hundreds of brackets or CASE inside each other: each takes a dozen calls."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _CALLS))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _unreadable(sql: str, start: int, end: int, message: str) -> Finding:
    rule = RULES["vql-syntaxe"]
    line, column = Lines(sql).place(start)
    sentence = f"Texte illisible : {message}."
    return Finding(rule.id, ERROR, line, column, start, end, sentence, rule.why, rule.write)
