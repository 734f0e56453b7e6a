"""Cuts a CSV file into the records that COPY accepts and the lines that are no records.

COPY stops at the first bad line. The framer stands in front of it: lines without quotes are accepted by
counting delimiters, many at a time, and go on as the bytes they are; the others go through a strict parse
(RFC 4180). A record that parses is a record, whatever stands inside its quotes; only where the parse fails is
a quote taken for a stray one, and the lines for what they are. Whatever is refused is kept whole, with its
line, position and reason; so is what stands around the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate, repeat
from typing import BinaryIO

from donnees_au_centre.landing.csv_lines import LONE_CR, MAX_LINE
from donnees_au_centre.landing.declaration import Variant
from donnees_au_centre.landing.identifiers import joined_names
from donnees_au_centre.landing.line_framer import BELOW, COMMENT, LineFramer, Problem
from donnees_au_centre.landing.misread import Misread
from donnees_au_centre.landing.rejects import OUT_OF_TABLE, Reject, RejectSpool
from donnees_au_centre.numbered_lines import Numbering

# What a file's own delimiter is called.
DELIMITERS = {";": "« ; »", ",": "« , »", "|": "« | »", "\t": "la tabulation", " ": "l'espace"}
# How far a quoted cell may reach below its first line; and beyond how many lines, when these are records by
# themselves, its quotes are taken for stray ones.
LOOKAHEAD = 1 << 20
LOOKAHEAD_LINES = 100
# Quoted lines are matched this many bytes at a time: quote-free lines after them are faster counted.
_BLOCK = 4096


_OPEN_QUOTE = Problem(
    "guillemet_isole",
    "un guillemet s'ouvre et ne se ferme pas (une cellule s'étend sur 1 Mio au plus)",
    "guillemet",
    open=True,
)
_STRAY_QUOTE = Problem(
    "guillemet_isole", "un guillemet s'ouvre et ne se ferme que dans d'autres lignes", "guillemet"
)
_LONG_STRAY_QUOTE = Problem(
    "guillemet_isole",
    f"un guillemet ne se ferme que plus de {LOOKAHEAD_LINES} lignes plus bas, qui sont des enregistrements",
    "guillemet",
)


class _NeedMore(Exception):
    """The record may go on beyond what was read."""


class CsvFramer(LineFramer):
    """Frames one CSV file.

    Args:
        file: opened at its start.
        variant: how it is declared.
        rejects: receives what is no record, and what is out of the table.

    Attributes:
        delimiter: one ASCII byte; the one of the file's own `sep=` line where it has one.
        warnings: French sentences about the file as a whole.

    Raises:
        PlatformError: a byte order mark of another encoding.
    """

    def __init__(self, file: BinaryIO, variant: Variant, rejects: RejectSpool) -> None:  # noqa: D107
        super().__init__(file, variant, rejects)
        self.delimiter = variant.delimiter.encode("ascii")
        self.quoting = bool(variant.quote)
        # Without quoting, COPY still wants a quote: a control character, escaped where it occurs.
        self.quote = variant.quote.encode("ascii") or b"\x01"
        self._quoted_field = _quoted_field(self.quote)
        self._width = 1
        self._follow_directive()

    # What stands above the rows

    def _is_empty(self, line: bytes) -> bool:
        return not line.strip(self.delimiter + b" \t")

    def _follow_directive(self) -> None:
        """Takes the delimiter from a first line `sep=;`, as Excel does."""
        while len(self._buffer) < 64 and b"\n" not in self._buffer and not self._end_of_file:
            self._fill()
        content, following = self._line_end(0)
        said = _SEPARATOR.fullmatch(self._buffer, 0, content)
        if not said:
            return
        if said.group(1) != self.delimiter:
            name = DELIMITERS.get(said.group(1).decode("ascii"), "un autre signe")
            self.warnings.append(
                f"La première ligne (`sep=`) donne le délimiteur ({name}) : "
                f"il est suivi, et non celui de la déclaration, « {self.variant.delimiter} »."
            )
            self.delimiter = said.group(1)
        self._leave_out("la ligne qui donne le délimiteur", following)

    def header(self) -> list[str] | None:
        """Reads the header as column names, as received; blank lines and comments before it are left out.

        Returns:
            The names, or None when the file holds nothing below `header_row`.

        Raises:
            PlatformError: the header cannot be read.
        """
        self.skip_above()
        while self._whole_line():
            content, following = self._line_end(self._position)
            if self._is_comment(self._position):
                self._leave_out(COMMENT, following)
            elif self._is_empty(self._buffer[self._position : content]):
                self._leave_out("une ligne vide au-dessus du tableau", following)
            else:
                break
        rows: list[list[str]] = []
        while len(rows) < self.variant.header_rows and self._whole_line():
            rows.append(self._header_row())
        if not rows:
            return None
        names = joined_names(rows) if len(rows) > 1 else rows[0]
        return self._without_empty_end(names) if self.variant.long_rows else names

    @staticmethod
    def _without_empty_end(names: list[str]) -> list[str]:
        while names and not names[-1].strip():
            names = names[:-1]
        return names

    def table_names(self, names: list[str]) -> list[str]:
        """The names of the table itself, without what stands at its right, which is left out (`beside`)."""
        width = next((place for place, name in enumerate(names) if not name.strip()), len(names))
        notes = [name for name in names[width:] if name.strip()]
        if notes:
            text = self.variant.delimiter.join(notes)
            detail = "à droite du tableau, sur la ligne de l'en-tête (`beside`)"
            self.rejects.add(Reject(self._line - 1, None, OUT_OF_TABLE, detail, text, text.encode()))
        return names[:width]

    def _header_row(self) -> list[str]:
        content, _ = self._line_end(self._position)
        if b"\0" in self._buffer[self._position : content]:
            raise self._bad_header("il contient des octets nuls, comme un fichier UTF-16 lu autrement")
        fields, end = self._header_fields()
        try:
            names = [self.encoding.text(field) for field in fields]
        except UnicodeDecodeError as error:
            raise self._bad_header(f"il n'est pas du {self.encoding.codec}") from error
        _, following = self._line_end(end)
        lines = self._buffer.count(b"\n", self._position, end) + 1
        self.counts.header_lines += lines
        self._advance(following, lines)
        return names

    def _header_fields(self) -> tuple[list[bytes], int]:
        """The header's fields without their quotes, and where its content ends."""
        while True:
            parsed = self._parse(self._position, self._window(self._position))
            if not isinstance(parsed, Problem):
                fields, end = parsed
                return [self._unquoted(field) for field in fields], end
            if not parsed.open or not self._can_extend(self._position):
                raise self._bad_header(parsed.detail)
            self._fill()

    def _unquoted(self, field: bytes) -> bytes:
        if self.quoting and field.startswith(self.quote):
            return field[1:-1].replace(self.quote * 2, self.quote)
        return field

    # The records

    def frame(self, width: int) -> Iterator[bytes]:
        """Gives the records as COPY input, the number of their first line in front of their fields.

        Args:
            width: number of fields of a record, without the one for what stands beside the table.

        Yields:
            Whole records, about 1 MiB at a time, in the encoding `self.encoding.postgres`.
        """
        self.skip_above()
        self._width = width
        self._blank_row = self.delimiter * (width - 1)
        self._pattern = _record_pattern(self.delimiter, self.quote, width)
        self._block = _block_pattern(self.delimiter, self.quote, width)
        self._misread = Misread(self.encoding, self.delimiter)
        # What is left of a plain line without all but its signs: delimiters and its end, no rare byte.
        self._signs = self._blank_row + b"\n"
        self._no_signs = bytes({*range(256)} - {*self.delimiter, *b"\n", *self._misread.rare})
        self._numbering = Numbering(self.delimiter)
        while True:
            end = len(self._buffer) if self._end_of_file else self._buffer.rfind(b"\n") + 1
            if end > self._position:
                yield b"".join(self._region(end))
            if self._end_of_file and self._position >= len(self._buffer):
                break
            if len(self._buffer) - self._position > MAX_LINE and self._buffer.find(b"\n", self._position) < 0:
                self._refuse_long_line()
            else:
                self._fill()
        self._forget_last_blanks()
        self.warnings += self.counts.warnings(self.encoding.codec)

    def _region(self, end: int) -> Iterator[bytes]:
        """Frames the whole lines up to `end`; stops early where a record may go on beyond the buffer."""
        find_cr = b"\r" in self._buffer
        finders: list[Callable[[int], int]] = [
            partial(self._find, self.quote, end),
            partial(self._find, b"\0", end),
            lambda start: _or(self.encoding.first_invalid(self._buffer, start, end), end),
            lambda start: _or(_start(LONE_CR.search(self._buffer, start, end)), end) if find_cr else end,
        ]
        if self._comment:
            finders.append(lambda start: self._next_comment(start, end))
        if self._footer:
            finders.append(lambda start: self._next_footer(start, end))
        spots = [-1] * len(finders)
        while self._position < end:
            if self._table_ended:
                self._leave_out(BELOW, self._line_end(self._position)[1])
                continue
            for place, find in enumerate(finders):
                if spots[place] < self._position:
                    spots[place] = find(self._position)
            spot = min(spots)
            run_end = end if spot == end else self._buffer.rfind(b"\n", self._position, spot) + 1
            if run_end > self._position:
                yield self._run(run_end)
                continue
            if self.quoting and spots[0] == spot:
                block = self._block.match(self._buffer, self._position, min(*spots[1:], spot + _BLOCK))
                if block:
                    yield self._run(block.end(), checked=True)
                    continue
            try:
                yield self._special(refused=spots[1:3])
            except _NeedMore:
                return

    def _find(self, what: bytes, end: int, start: int) -> int:
        found = self._buffer.find(what, start, end)
        return end if found < 0 else found

    def _run(self, end: int, checked: bool = False) -> bytes:
        """Frames lines that hold no troublesome byte, or that were matched already (`checked`)."""
        start = self._position
        run = self._buffer[start:end]
        lines = (run.replace(b"\r\n", b"\n") if b"\r" in run else run).split(b"\n")
        if not lines[-1]:
            lines.pop()
        wanted = self._width - 1
        blank = run.startswith(self._blank_row) or b"\n" + self._blank_row in run
        even = self.variant.beside is None and not (blank and self._blank_row in lines)
        if even and not checked and self._is_plain(run, len(lines)):
            return self._accept(lines, end, plain=True)
        counts = [wanted] * len(lines) if checked else list(map(bytes.count, lines, repeat(self.delimiter)))
        if even and counts.count(wanted) == len(lines):
            return self._accept(lines, end)
        odd = [
            place
            for place, (line, count) in enumerate(zip(lines, counts, strict=True))
            if count != wanted or line == self._blank_row or self.variant.beside is not None
        ]
        starts = [0, *accumulate(len(line) + 1 for line in run.split(b"\n"))]
        framed, done = [], 0
        for place in odd:
            if place > done:
                framed.append(self._accept(lines[done:place], start + starts[place]))
            framed.append(self._odd_line(lines[place], min(start + starts[place + 1], end)))
            done = place + 1
        if done < len(lines):
            framed.append(self._accept(lines[done:], end))
        return b"".join(framed)

    def _is_plain(self, run: bytes, lines: int) -> bool:
        """Whether whole lines have just the delimiters wanted, and no byte that begins a misread letter."""
        return run.translate(None, self._no_signs) == self._signs * lines

    def _odd_line(self, line: bytes, following: int) -> bytes:
        """Frames a line without troublesome byte that is blank, or has not just the fields wanted."""
        if not line or line == self._blank_row:
            self._blank(following, line)
            return b""
        fields = line.split(self.delimiter)
        record = self._record(fields)
        if record is not None:
            return self._accept([record], following)
        self._refuse(self._width_problem(fields), len(line), following, 1)
        return b""

    def _record(self, fields: list[bytes]) -> bytes | None:
        """Fields as one record for COPY, filled or cut as declared; None when there are not just enough."""
        missing, extra = self._width - len(fields), fields[self._width :]
        if missing > 0 and not self.variant.short_rows:
            return None
        self.counts.filled += missing > 0
        cells = [*map(self._safe, fields[: self._width]), *[b""] * missing]
        if self.variant.beside is not None:
            cells.append(self._note(extra))
        elif extra and not (self.variant.long_rows and self._all_empty(extra)):
            return None
        return self.delimiter.join(cells)

    def _all_empty(self, fields: list[bytes]) -> bool:
        return all(field in (b"", self.quote * 2) for field in fields)

    def _note(self, fields: list[bytes]) -> bytes:
        """What stands beside the table, as one quoted field, without the empty cells around it."""
        text = self.delimiter.join(map(self._unquoted, fields)).strip(self.delimiter)
        return self.quote + text.replace(self.quote, self.quote * 2) + self.quote if text else b""

    def _accept(self, lines: list[bytes], following: int, plain: bool = False) -> bytes:
        """Numbers single-line records that follow one another; `plain`, they have no rare byte."""
        self._end_blanks()
        first = self._line
        self._count_misread(following, plain)
        self.counts.rows += len(lines)
        self.counts.row_lines += len(lines)
        self._advance(following, len(lines))
        return self._numbering.all(first, lines)

    def _count_misread(self, end: int, plain: bool = False) -> None:
        """Counts the cells in another encoding from the current position to the end of records."""
        run = self._raw[self._position : end]
        cells, first = self._misread.cells(run, plain)
        if cells:
            line = self._line + self._with_line_feeds(run).count(b"\n", 0, first)
            self.counts.first.setdefault("misencoded", line)
        self.counts.misencoded += cells

    def _special(self, refused: list[int]) -> bytes:
        """Frames one record with a quote, or one line with a byte that cannot pass.

        Args:
            refused: positions of the next NUL and of the next invalid byte.
        """
        start = self._position
        content, following = self._line_end(start)
        if self._is_outside(start, content, following):
            return b""
        quoted = self.quoting and self._buffer.find(self.quote, start, content) >= 0
        if not quoted and self._buffer.find(b"\r", start, content) >= 0 and min(refused) >= content:
            split = self._split_at_cr(content, following)
            if split is not None:
                return split
        parsed = self._parse_record(start)
        if isinstance(parsed, Problem):
            if parsed.open and self._can_extend(start):
                raise _NeedMore
            content, following = self._line_end(content if parsed.end is None else parsed.end)
            lines = self._buffer.count(b"\n", start, content) + 1
            self._refuse(self._byte_problem(refused, content) or parsed, content - start, following, lines)
            return b""
        record, end = parsed
        end_of_record, following = self._line_end(end)
        lines = self._buffer.count(b"\n", start, end) + 1
        problem = self._byte_problem(refused, end)
        if problem:
            self._refuse(problem, end_of_record - start, following, lines)
            return b""
        self._end_blanks()
        self._count_misread(end)
        framed = self._numbering.one(self._line, record)
        self.counts.rows += 1
        self.counts.row_lines += lines
        self._advance(following, lines)
        return framed

    def _parse_record(self, start: int) -> tuple[bytes, int] | Problem:
        """Strictly parses the record at `start`, over several lines if need be.

        Returns:
            (the record for COPY, end of its content), or what is wrong.
        """
        window = self._window(start)
        match = self._pattern.match(self._buffer, start, window) if self.quoting else None
        at_end = self._end_of_file and window == len(self._buffer)
        if match and self.variant.beside is None and (at_end or b"\n" in match.group(2)):
            return self._doubted(start, match.end(1)) or (self._raw[start : match.end(1)], match.end(1))
        parsed = self._parse(start, window)
        if isinstance(parsed, Problem):
            return parsed
        fields, end = parsed
        record = self._record(fields)
        if record is not None and (len(fields) == self._width or not self._is_lines(start, end)):
            return self._doubted(start, end) or (record, end)
        if self._is_lines(start, end):
            return _STRAY_QUOTE
        return self._width_problem(fields, end)

    def _right_lines(self, start: int, end: int) -> list[bool]:
        """For each line between two positions, whether it is a record by itself if quotes mean nothing."""
        lines = self._buffer[start:end].split(b"\n")
        return [line.count(self.delimiter) == self._width - 1 for line in lines]

    def _doubted(self, start: int, end: int) -> Problem | None:
        """Notes a record made of nothing but lines like records; refuses its first line if it is endless."""
        if self._width == 1 or self._buffer.find(b"\n", start, end) < 0:
            return None
        right = self._right_lines(start, end)
        if len(right) < 3 or not (right[0] and right[-1] and sum(right) * 2 > len(right)):
            return None
        if len(right) > LOOKAHEAD_LINES:
            return _LONG_STRAY_QUOTE
        self.counts.doubtful += 1
        self.counts.first.setdefault("doubtful", self._line)
        return None

    def _is_lines(self, start: int, end: int) -> bool:
        """Whether a record of the wrong shape is rather a stray quote and the records of the lines below."""
        if self._width == 1 or self._buffer.find(b"\n", start, end) < 0:
            return False
        right = self._right_lines(start, self._line_end(end)[0])
        return (right[0] and right[-1]) or (sum(right) > 3 and sum(right) * 2 > len(right))

    def _parse(self, start: int, window: int) -> tuple[list[bytes], int] | Problem:
        """Parses the record at `start` field by field; a quote inside an unquoted field is a character.

        Returns:
            (fields with their quotes, end of content), or the first thing that is wrong.
        """
        fields = []
        position = start
        at_end = self._end_of_file and window == len(self._buffer)
        while True:
            if self.quoting and self._buffer.startswith(self.quote, position):
                closed = self._quoted_field.match(self._buffer, position, window)
                # At the edge of what was read, the next byte may double the quote.
                if not closed or (closed.end() + 2 > window and not at_end):
                    return _OPEN_QUOTE
                end = closed.end()
                after = self._buffer[end : end + 2]
                if not after.startswith((self.delimiter, b"\n")) and after not in (b"", b"\r", b"\r\n"):
                    # After a delimiter it rather opens a cell: the quote before it is the stray one.
                    opens = self._buffer[end - 2 : end - 1] in (self.delimiter, b"\n")
                    several = self._buffer.find(b"\n", start, end) >= 0
                    if several and not at_end and self._buffer.find(b"\n", end, window) < 0:
                        return _OPEN_QUOTE
                    if several and (opens or self._is_lines(start, end)):
                        return _STRAY_QUOTE
                    return Problem(
                        "texte_apres_guillemet", "du texte suit un guillemet fermant", "guillemet", end=end
                    )
                fields.append(self._raw[position:end])
                if not after.startswith(self.delimiter):
                    return fields, end
            else:
                line_end, following = self._line_end(position)
                if (
                    following == len(self._buffer)
                    and not self._buffer.endswith(b"\n")
                    and not self._end_of_file
                ):
                    return _OPEN_QUOTE
                end = self._buffer.find(self.delimiter, position, line_end)
                fields.append(self._raw[position : end if end >= 0 else line_end])
                if end < 0:
                    return fields, line_end
            position = end + 1

    def _split_at_cr(self, content: int, following: int) -> bytes | None:
        """Frames a line with lone CRs: characters of a record, or ends of several; None when neither."""
        line = self._raw[self._position : content]
        wanted = self._width - 1
        lines = [line] if line.count(self.delimiter) == wanted else line.removesuffix(b"\r").split(b"\r")
        several = len(lines) > 1 and wanted and self.quote not in line
        if (lines == [line] or several) and all(part.count(self.delimiter) == wanted for part in lines):
            records = [self._record(part.split(self.delimiter)) or b"" for part in lines]
            return self._accept(records, following)
        return None

    def _safe(self, field: bytes) -> bytes:
        """A field as COPY must receive it to read what the file says."""
        if self.quoting and field.startswith(self.quote):
            return field
        if self.quote in field or b"\r" in field:
            return self.quote + field.replace(self.quote, self.quote * 2) + self.quote
        return field

    def _window(self, start: int) -> int:
        """How far a record that starts at `start` may be looked for: its first line, then 1 MiB."""
        _, following = self._line_end(start)
        return min(len(self._buffer), following + LOOKAHEAD)

    def _can_extend(self, start: int) -> bool:
        return not self._end_of_file and self._window(start) == len(self._buffer)

    # What is refused

    def _width_problem(self, fields: list[bytes], end: int | None = None) -> Problem:
        detail = f"{len(fields)} champ(s) au lieu de {self._width}"
        reason = "large"
        if len(fields) < self._width:
            reason = "court"
            detail += " : les derniers manquent (`short_rows`)"
        elif self._all_empty(fields[self._width :]):
            reason = "long"
            detail += " : ceux en trop sont vides (`long_rows`)"
        return Problem("nombre_de_champs", detail, reason, end=end)

    # What stands out of the table

    def _next_comment(self, start: int, end: int) -> int:
        if self._is_comment(start):
            return start
        found = self._buffer.find(b"\n" + self._comment, start, end)
        return end if found < 0 else found + 1

    def _next_footer(self, start: int, end: int) -> int:
        for line in self._buffer[start:end].split(b"\n"):
            if self._is_footer(line):
                return start
            start += len(line) + 1
        return end

    def _is_footer(self, line: bytes) -> bool:
        """Whether the first cell with a text matches `footer`."""
        if self._footer is None:
            return False
        cells = (self.encoding.readable(cell).strip() for cell in self._cells(line))
        first = next(filter(None, cells), "")
        return bool(first) and self._footer.fullmatch(first) is not None

    def _cells(self, line: bytes) -> Iterator[bytes]:
        """The cells of one line, without their quotes; a quote that does not close is a character."""
        position = 0
        while position <= len(line):
            closed = self._quoted_field.match(line, position) if self.quoting else None
            if closed:
                yield self._unquoted(closed.group())
                position = closed.end()
            end = line.find(self.delimiter, position)
            end = len(line) if end < 0 else end
            if not closed:
                yield line[position:end]
            position = end + 1

    def _is_outside(self, start: int, content: int, following: int) -> bool:
        """Leaves out the line at the current position where the declaration says so."""
        if self._is_comment(start):
            self._leave_out(COMMENT, following)
        elif self._is_footer(self._buffer[start:content]):
            self._table_ended = True
            self._forget_last_blanks()
            self._leave_out(BELOW, following)
        else:
            return False
        return True


_SEPARATOR = re.compile(rb'"?[sS][eE][pP]=([^\w"\0\x01\r\n\x80-\xff])\1*"?')


def _or(found: int | None, otherwise: int) -> int:
    return otherwise if found is None else found


def _start(match: re.Match[bytes] | None) -> int | None:
    return match.start() if match else None


# No possessive quantifier or atomic group in these: Python 3.11.0 to 3.11.4 matches them wrongly. A closing
# quote is one that no quote follows, so that a doubled one is never taken apart to make a shorter field.


def _quoted_field(quote: bytes) -> re.Pattern[bytes]:
    q = re.escape(quote)
    return re.compile(b"%b[^%b]*(?:%b%b[^%b]*)*%b(?!%b)" % (q, q, q, q, q, q, q))


def _record_pattern(delimiter: bytes, quote: bytes, width: int) -> re.Pattern[bytes]:
    """One record that COPY reads as RFC 4180 does, then its line end or the end of what was read."""
    d, q = re.escape(delimiter), re.escape(quote)
    field = b"(?:%b|[^%b%b\\r\\n]*)" % (_quoted_field(quote).pattern, q, d)
    return re.compile(b"(%b(?:%b%b){%d})(\\r?\\n|\\r?\\Z)" % (field, d, field, width - 1))


def _block_pattern(delimiter: bytes, quote: bytes, width: int) -> re.Pattern[bytes]:
    """Any number of such records of one line each."""
    d, q = re.escape(delimiter), re.escape(quote)
    quoted = b"%b[^%b\\r\\n]*(?:%b%b[^%b\\r\\n]*)*%b(?!%b)" % (q, q, q, q, q, q, q)
    field = b"(?:%b|[^%b%b\\r\\n]%b)" % (quoted, q, d, b"*" if width > 1 else b"+")
    return re.compile(b"(?:%b(?:%b%b){%d}\\r?\\n)+" % (field, d, field, width - 1))
