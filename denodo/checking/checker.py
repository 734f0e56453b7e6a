"""`check` and `fix`: from a text to its findings, and to a text without those that can be mended safely."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator

from denodo.finding import Edit, Finding
from denodo.grammar import deep_calls, read
from denodo.lexer import Lines
from denodo.rules import RULES
from denodo.rules.rule import Reading, by_what_they_visit, key_of
from denodo.tree import Note, Seen, Text

_VISITORS = by_what_they_visit(RULES)
# A mended text may need mending again (an ILIKE inside a FILTER); more rounds than any text has layers.
_ROUNDS = 20


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
    with deep_calls():
        return _findings(read(sql), portable)


def _findings(text: Text, portable: bool) -> list[Finding]:
    reading = Reading(text, portable)
    lines = Lines(text.sql)
    found: dict[tuple[str, int, int], Finding] = {}
    for seen in _seen(text):
        for rule in _VISITORS.get(key_of(seen), ()):
            if rule.portable_only and not portable:
                continue
            for fault in rule.visit(seen, reading):
                why, write = fault.why or rule.why, fault.write or rule.write
                place = (*lines.place(fault.start), fault.start, fault.end)
                found[rule.id, fault.start, fault.end] = Finding(
                    rule.id, rule.severity, *place, fault.message, why, write, fault.edit
                )
    return sorted(found.values(), key=lambda finding: (finding.start, finding.end, finding.rule))


def _seen(text: Text) -> Iterator[Seen]:
    for comment in text.hashes:
        yield Note("hash", comment.start, comment.start + 1, None, {"alone": comment.alone})
    yield from text.seen
    for fault in text.faults:
        yield Note("unreadable", fault.start, fault.end, None, {"reason": fault.reason})


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
