"""What every text format does with the lines that are no rows: kept whole, with their place and reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import BinaryIO

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.landing.csv_counts import Counts
from donnees_au_centre.landing.csv_lines import MAX_LINE, LineReader
from donnees_au_centre.landing.declaration import Variant
from donnees_au_centre.landing.encodings import CHUNK
from donnees_au_centre.landing.rejects import OUT_OF_TABLE, Reject, RejectSpool

COMMENT = "un commentaire (`comment`)"
BELOW = "sous le tableau (`footer`)"


@dataclass(frozen=True)
class Problem:
    """Why a record was refused.

    Attributes:
        motif: of the reject.
        detail: in French.
        reason: what Counts knows it by, where a declaration may mend it.
        open: whether more of the file might still close its quote.
        end: where the refused record ends, when it is more than its first line.
    """

    motif: str
    detail: str
    reason: str = ""
    open: bool = False
    end: int | None = None


@dataclass
class Blanks:
    """Blank lines in a row: numbers of the first and the last, where the first one is, how many they are."""

    line: int
    offset: int
    piece: bytes
    last: int = 0
    count: int = 0


class LineFramer(LineReader):
    """Sorts the lines of one file.

    Args:
        file: opened at its start.
        variant: how it is declared.
        rejects: receives what is no record, and what is out of the table.

    Attributes:
        counts: what became of the lines.
        warnings: French sentences about the file as a whole.

    Raises:
        PlatformError: a byte order mark of another encoding.
    """

    def __init__(self, file: BinaryIO, variant: Variant, rejects: RejectSpool) -> None:  # noqa: D107
        super().__init__(file, variant.encoding)
        self.variant = variant
        self._comment = self.encoding.buffered(variant.comment)
        self._footer = re.compile(variant.footer) if variant.footer is not None else None
        self.counts = Counts()
        self.rejects = rejects
        self.warnings: list[str] = []
        self._blanks: Blanks | None = None
        self._table_ended = False

    def _is_empty(self, line: bytes) -> bool:
        """Whether nothing is written on a line."""
        return not line.strip(b" \t")

    def skip_above(self) -> None:
        """Leaves out what stands above the line `header_row`."""
        while self._line < self.variant.header_row and self._whole_line():
            self._leave_out(
                "une ligne au-dessus du tableau (`header_row`)", self._line_end(self._position)[1]
            )

    def _whole_line(self) -> bool:
        """Reads on until the line at the current position is whole; False at the end of the file."""
        while self._buffer.find(b"\n", self._position) < 0 and not self._end_of_file:
            if len(self._buffer) - self._position > MAX_LINE:
                raise self._bad_header("la ligne dépasse 16 Mio sans fin de ligne")
            self._fill()
        return self._position < len(self._buffer)

    def _bad_header(self, problem: str) -> PlatformError:
        return PlatformError(
            f"L'en-tête (ligne {self._line}) est illisible : {problem}.",
            "Vérifiez `encoding`, `delimiter`, `quote` et `header_row` dans la déclaration.",
        )

    def _byte_problem(self, refused: list[int], end: int) -> Problem | None:
        nul, invalid = refused
        if nul < end:
            return Problem("octet_nul", "un octet nul, que PostgreSQL ne peut pas garder")
        if invalid < end:
            return Problem(
                "octets_invalides", f"des octets qui ne sont pas du {self.encoding.codec}", "octets"
            )
        return None

    def _refuse(self, problem: Problem, length: int, following: int, lines: int) -> None:
        """Puts `length` bytes from the current position into the rejects and goes on at `following`."""
        start = self._position
        self._end_blanks()
        self._add_reject(problem, start, self._raw[start : start + length])
        self.counts.refused_lines += lines
        if problem.reason:
            self.counts.refused[problem.reason] += 1
            self.counts.first.setdefault(problem.reason, self._line)
        self._advance(following, lines)

    def _add_reject(self, problem: Problem, start: int, piece: bytes) -> None:
        self.rejects.add(
            Reject(
                self._line,
                self._offset_of(start),
                problem.motif,
                problem.detail,
                self.encoding.readable(piece),
                self.encoding.original(piece),
            )
        )

    def _blank(self, following: int, line: bytes) -> None:
        """Adds a blank line to those before it: one reject for all, none at the end of the table."""
        if self._blanks is None:
            self._blanks = Blanks(self._line, self._offset_of(self._position), line)
        self._blanks.count += 1
        self._blanks.last = self._line
        self._advance(following, 1)

    def _end_blanks(self) -> None:
        """Refuses the blank lines that something follows."""
        blanks, self._blanks = self._blanks, None
        if blanks is None:
            return
        problem = Problem("ligne_vide", "une ligne vide au milieu du fichier")
        if blanks.count > 1:
            lines = counted(blanks.count, "ligne vide", "lignes vides")
            problem = replace(problem, detail=f"{lines} au milieu du fichier, jusqu'à la ligne {blanks.last}")
        piece, original = self.encoding.readable(blanks.piece), self.encoding.original(blanks.piece)
        self.rejects.add(Reject(blanks.line, blanks.offset, problem.motif, problem.detail, piece, original))
        self.counts.refused_lines += blanks.count

    def _forget_last_blanks(self) -> None:
        if self._blanks is not None:
            self.counts.blank_lines += self._blanks.count
            self._blanks = None

    def _is_comment(self, start: int) -> bool:
        return bool(self._comment) and self._buffer.startswith(self._comment, start)

    def _leave_out(self, why: str, following: int) -> None:
        """Keeps the line at the current position beside the rejects, unless it is blank; goes on after it."""
        start = self._position
        content, _ = self._line_end(start)
        if not self._is_empty(self._buffer[start:content]):
            self._add_reject(Problem(OUT_OF_TABLE, why), start, self._raw[start:content])
        self.counts.outside_lines += 1
        self._advance(following, 1)

    def _refuse_long_line(self) -> None:
        """Puts an endless line into the rejects, 1 MiB a reject, under one line number."""
        piece_number = 0
        self._end_blanks()
        while True:
            found = self._buffer.find(b"\n", self._position)
            end = len(self._buffer) if found < 0 else found
            while end - self._position > (0 if found >= 0 or self._end_of_file else CHUNK):
                piece_number += 1
                cut = self._character_start(min(self._position + CHUNK, end))
                detail = f"une ligne de plus de 16 Mio, en morceaux d'au plus 1 Mio : morceau {piece_number}"
                self._add_reject(
                    Problem("ligne_trop_longue", detail), self._position, self._raw[self._position : cut]
                )
                self._position = cut
            if found >= 0 or self._end_of_file:
                break
            self._fill()
        self.counts.refused_lines += 1
        self._advance(min(end + 1, len(self._buffer)), 1)

    def _character_start(self, position: int) -> int:
        """Steps back from the middle of a transcoded character."""
        while (
            self.encoding.transcoded
            and self._buffer[position : position + 1]
            and (self._buffer[position] & 0xC0 == 0x80)
        ):
            position -= 1
        return position

    def _advance(self, position: int, lines: int) -> None:
        self._position = position
        self._line += lines
