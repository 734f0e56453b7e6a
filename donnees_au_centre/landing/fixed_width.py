"""Cuts the lines of a fixed-width text into cells: no delimiter and no quote, each column has its place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import BinaryIO

from donnees_au_centre.landing.csv_lines import MAX_LINE
from donnees_au_centre.landing.declaration import Variant
from donnees_au_centre.landing.limits import tick
from donnees_au_centre.landing.line_framer import BELOW, COMMENT, LineFramer, Problem
from donnees_au_centre.landing.rejects import RejectSpool


class FixedWidthFramer(LineFramer):
    """Reads one fixed-width file.

    Args:
        file: opened at its start.
        variant: how it is declared; `widths` count characters, whatever their bytes.
        rejects: receives what is no record, and what is out of the table.

    Raises:
        PlatformError: a byte order mark of another encoding.
    """

    def __init__(self, file: BinaryIO, variant: Variant, rejects: RejectSpool) -> None:  # noqa: D107
        super().__init__(file, variant, rejects)
        edges = [0, *accumulate(width for _, width in variant.widths)]
        self._places = [slice(start, end) for start, end in pairwise(edges)]
        self._length = edges[-1]

    def rows(self) -> Iterator[tuple[int, list[str | None]]]:
        """The number of each record's line, and its cells without the blanks that fill them at the right.

        A cell of blanks alone is None.
        """
        self.skip_above()
        while not (self._end_of_file and self._position >= len(self._buffer)):
            tick()
            found = self._buffer.find(b"\n", self._position)
            if found < 0 and not self._end_of_file:
                if len(self._buffer) - self._position > MAX_LINE:
                    self._refuse_long_line()
                else:
                    self._fill()
                continue
            row = self._line_at(*self._line_end(self._position))
            if row is not None:
                yield row
        self._forget_last_blanks()
        self.warnings += self.counts.warnings(self.encoding.codec)

    def _line_at(self, content: int, following: int) -> tuple[int, list[str | None]] | None:
        """The record on the line at the current position; None where there is none."""
        piece = self._raw[self._position : content]
        if self._table_ended:
            self._leave_out(BELOW, following)
        elif self._is_comment(self._position):
            self._leave_out(COMMENT, following)
        elif self._footer and piece.strip() and self._footer.fullmatch(self.encoding.readable(piece).strip()):
            self._table_ended = True
            self._forget_last_blanks()
            self._leave_out(BELOW, following)
        elif self._is_empty(piece):
            self._blank(following, piece)
        else:
            text = self._text(piece)
            problem = text if isinstance(text, Problem) else self._length_problem(text)
            if isinstance(text, str) and problem is None:
                return self._accepted(text, following)
            assert problem is not None
            self._refuse(problem, len(piece), following, 1)
        return None

    def _text(self, piece: bytes) -> str | Problem:
        nul, end = piece.find(b"\0"), len(piece)
        try:
            text = self.encoding.text(piece)
            invalid = end
        except UnicodeDecodeError as error:
            text, invalid = "", error.start
        return self._byte_problem([nul if nul >= 0 else end, invalid], end) or text

    def _length_problem(self, text: str) -> Problem | None:
        extra = len(text) - self._length
        if extra == 0:
            return None
        detail = f"{len(text)} caractères au lieu de {self._length}"
        if extra < 0:
            if self.variant.short_rows:
                return None
            detail += " : les derniers manquent (`short_rows`)"
            return Problem("longueur_de_ligne", detail, "court")
        if text[self._length :].strip(" "):
            return Problem("longueur_de_ligne", detail, "largeurs")
        if self.variant.long_rows:
            return None
        return Problem("longueur_de_ligne", f"{detail} : des blancs en trop (`long_rows`)", "long")

    def _accepted(self, text: str, following: int) -> tuple[int, list[str | None]]:
        self._end_blanks()
        line = self._line
        self.counts.rows += 1
        self.counts.row_lines += 1
        self._advance(following, 1)
        return line, [text[place].rstrip(" ") or None for place in self._places]
