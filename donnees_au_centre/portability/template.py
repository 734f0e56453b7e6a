"""Where each character of compiled SQL comes from: markers that travel through Jinja.

A template is text with tags in it. Before rendering, one character of Unicode's private use goes in front of
every piece whose text reaches the result: literal text as it stands, or the output of a tag. After
rendering the markers tell, wherever they turn up (twice for a loop of two rounds, never for a branch not
taken), which piece made what follows; they are then taken out.

White space that a tag removes (`{{-`, `-%}`) is moved into that tag, so that no marker keeps it alive: the
result without markers is the result of the plain template.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

# Planes 15 and 16: no text, no font, no database has characters there.
FIRST_MARKER, LAST_MARKER = 0xF0000, 0x10FFFD
MARKERS = re.compile(f"[{chr(FIRST_MARKER)}-{chr(LAST_MARKER)}]")

OPENINGS = re.compile(r"\{[{%#]")
RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}")
END_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
STATEMENT = re.compile(r"\{%[-+]?\s*(\w+)")
ASSIGNMENT = re.compile(r"\{%[-+]?\s*set\s+[\w.,()\s]+?=")
# What stands between the two goes to a macro or a variable, not to the result: markers would change it.
CAPTURES = {"set": "endset", "macro": "endmacro", "call": "endcall", "filter": "endfilter"}
WRITING_CAPTURES = {"call", "filter"}
CLOSING = {"{": "}", "(": ")", "[": "]"}


@dataclass(frozen=True)
class Piece:
    """A piece of a template.

    Attributes:
        start, end: offsets in the template.
        text: the piece as it is written, tags with their delimiters.
        kind: text, output ({{ }}), statement ({% %}) or comment ({# #}).
    """

    start: int
    end: int
    text: str
    kind: str

    @property
    def literal(self) -> bool:
        """True when the text reaches the result as it stands."""
        return self.kind == "text"

    @property
    def statement(self) -> str:
        """The word that a statement begins with; empty for another kind."""
        found = STATEMENT.match(self.text) if self.kind == "statement" else None
        return found.group(1) if found else ""


def split(template: str) -> Iterator[Piece]:
    """Cuts a Jinja template into text and tags, which together are the whole of it.

    A tag that is not closed ends with the template; dbt has refused such a file already.
    """
    position = 0
    while position < len(template):
        opening = OPENINGS.search(template, position)
        start = opening.start() if opening else len(template)
        if start > position:
            yield Piece(position, start, template[position:start], "text")
        if opening is None:
            return
        kind = {"{{": "output", "{%": "statement", "{#": "comment"}[opening.group()]
        end = _end_of_tag(template, start, kind)
        yield Piece(start, end, template[start:end], kind)
        if kind == "statement" and RAW.fullmatch(template, start, end):
            close = END_RAW.search(template, end)
            after = close.start() if close else len(template)
            if after > end:
                yield Piece(end, after, template[end:after], "text")
            if close:
                yield Piece(close.start(), close.end(), close.group(), "statement")
            end = close.end() if close else after
        position = end


def _end_of_tag(template: str, start: int, kind: str) -> int:
    """Where a tag ends, delimiter included. A brace in a string or a dictionary ends nothing."""
    if kind == "comment":
        end = template.find("#}", start + 2)
        return len(template) if end < 0 else end + 2
    closing = "}}" if kind == "output" else "%}"
    expected: list[str] = []
    position = start + 2
    while position < len(template):
        if not expected and template.startswith(closing, position):
            return position + 2
        if string := STRING.match(template, position):
            position = string.end()
            continue
        character = template[position]
        if character in CLOSING:
            expected.append(CLOSING[character])
        elif expected and character == expected[-1]:
            expected.pop()
        position += 1
    return len(template)


def mark(template: str) -> tuple[str, list[Piece]]:
    """Puts a marker in front of each piece whose text reaches the result.

    Returns:
        The marked template, and the pieces in the order of their markers: the n-th
        marker stands for the n-th.

    Raises:
        ValueError: the template holds such characters itself.
    """
    if MARKERS.search(template):
        raise ValueError("the template holds characters that serve as markers")
    pieces = list(split(template))
    written: list[str] = []
    marked: list[Piece] = []
    captures: list[str] = []

    def place(piece: Piece) -> str:
        marked.append(piece)
        return chr(FIRST_MARKER + len(marked) - 1)

    for_next_tag = ""
    for piece, after in pairwise([*pieces, None]):
        assert piece is not None
        if piece.literal:
            text = piece.text
            removed = ""
            if written and _trims_after(written[-1]):
                text = text.lstrip()
                removed = piece.text[: len(piece.text) - len(text)]
                written[-1] = written[-1][:-3] + removed + written[-1][-3:]
            if after is not None and _trims_before(after.text):
                text, for_next_tag = text.rstrip(), text[len(text.rstrip()) :]
            if text and not captures:
                start = piece.start + len(removed)
                written.append(place(Piece(start, start + len(text), text, "text")))
            if text:
                written.append(text)
            continue
        word = piece.statement
        if not captures and (piece.kind == "output" or word in WRITING_CAPTURES):
            written.append(place(piece))
        written.append(piece.text[:3] + for_next_tag + piece.text[3:] if for_next_tag else piece.text)
        for_next_tag = ""
        if word in CAPTURES and not ASSIGNMENT.match(piece.text):
            captures.append(CAPTURES[word])
        elif captures and word == captures[-1]:
            captures.pop()
    return "".join(written), marked


def _trims_after(tag: str) -> bool:
    return tag.endswith(("-}}", "-%}", "-#}"))


def _trims_before(tag: str) -> bool:
    return tag.startswith(("{{-", "{%-", "{#-"))


@dataclass(frozen=True)
class Run:
    """A stretch of compiled SQL that one piece made.

    Attributes:
        start, end: offsets in the compiled SQL.
        piece: what made it.
    """

    start: int
    end: int
    piece: Piece


@dataclass(frozen=True)
class SourceMap:
    """The runs of one compiled text, in order, without gaps but perhaps at the very start.

    Attributes:
        runs: none when nothing is known of the text.
    """

    runs: tuple[Run, ...]

    def shifted(self, length: int) -> SourceMap:
        """The same map when the template stands that much further on in its file."""
        moved = (
            replace(run, piece=replace(run.piece, start=run.piece.start + length, end=run.piece.end + length))
            for run in self.runs
        )
        return SourceMap(tuple(moved))

    def run_at(self, offset: int) -> Run | None:
        """The run that holds the character at this offset; the last one for the end of the text."""
        index = bisect_right([run.start for run in self.runs], offset) - 1
        return self.runs[index] if index >= 0 else None

    def source_offset(self, offset: int) -> int | None:
        """Where a compiled character stands in the template; for the output of a tag, where that begins."""
        run = self.run_at(offset)
        if run is None:
            return None
        return run.piece.start + (offset - run.start if run.piece.literal else 0)

    def literal_span(self, start: int, end: int) -> tuple[int, int] | None:
        """The same text in the template, when it stands there word for word and in one piece; else None."""
        run = self.run_at(start)
        if run is None or not run.piece.literal or not run.start <= start <= end <= run.end:
            return None
        shift = run.piece.start - run.start
        return start + shift, end + shift


def unmark(compiled: str, pieces: list[Piece]) -> tuple[str, SourceMap]:
    """Takes the markers out of compiled SQL, and says what they told.

    Args:
        compiled: what dbt made of a marked template.
        pieces: what `mark` returned with it.
    """
    cuts = [*MARKERS.finditer(compiled)]
    parts = [compiled[: cuts[0].start() if cuts else None]]
    length = len(parts[0])
    runs: list[Run] = []
    for cut, following in pairwise([*cuts, None]):
        assert cut is not None
        text = compiled[cut.end() : following.start() if following else None]
        if text:
            runs.append(Run(length, length + len(text), pieces[ord(cut.group()) - FIRST_MARKER]))
            parts.append(text)
            length += len(text)
    return "".join(parts), SourceMap(tuple(runs))
