"""Reads the snippets: one file a subject, one `---` line before each snippet.

In refuses/, the line names the rules expected, in the order of the text, and each place they must point at
stands between « and », which are not part of the SQL. In admis/, the line says what the snippet shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Snippet:
    """A text and the (start, end, rule) expected of it, none when it is accepted."""

    file: str
    line: int
    title: str
    sql: str
    expected: tuple[tuple[int, int, str], ...]
    portable: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def snippets(folder: str) -> list[Snippet]:
    """Every snippet of a folder."""
    return [snippet for path in sorted((FOLDER / folder).glob("*.sql")) for snippet in _of_file(path)]


def _of_file(path: Path) -> list[Snippet]:
    found = []
    lines = path.read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("--- ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        title = lines[start].removeprefix("--- ")
        marked = "\n".join(lines[start + 1 : end]).strip("\n")
        words = [word for word in title.split() if word != "portable=non"]
        places = path.parent.name == "refuses"
        sql, spans = _unmarked(marked) if places else (marked, [])
        expected = tuple((*span, rule) for span, rule in zip(spans, words, strict=True)) if places else ()
        found.append(Snippet(path.name, start + 1, title, sql, expected, "portable=non" not in title))
    return found


def _unmarked(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without its marks, and the places they held, in the order of the text."""
    plain: list[str] = []
    open_at: list[int] = []
    spans: list[tuple[int, int]] = []
    for letter in text:
        if letter == "«":
            open_at.append(len(plain))
        elif letter == "»":
            spans.append((open_at.pop(), len(plain)))
        else:
            plain.append(letter)
    return "".join(plain), sorted(spans)
