"""Cuts a CSV file into the records that COPY accepts and the lines that are no records.

COPY stops at the first bad line. The framer stands in front of it: lines without quotes are accepted by
counting delimiters, many at a time, and go on as the bytes they are; the others go through a strict parse
(RFC 4180). Whatever is refused is kept whole, with its line, position and reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, groupby, repeat
from typing import BinaryIO

from orchestration.errors import PlatformError
from orchestration.landing.encodings import CHUNK, Encoding
from orchestration.landing.rejects import Reject, RejectSpool

MAX_LINE = 16 << 20
LOOKAHEAD = 1 << 20
LOOKAHEAD_LINES = 1000
# Quoted lines are matched this many bytes at a time: quote-free lines after them are faster counted.
_BLOCK = 4096
_LONE_CR = re.compile(rb"\r(?!\n)")


@dataclass
class Counts:
    """Physical lines of one file: lines = header + in rows + refused + blank.

    Attributes:
        rows: records given to COPY.
        header_lines: lines of the header.
        row_lines: lines of those records.
        refused_lines: lines in the rejects.
        blank_lines: blank lines at the end of the file.
    """

    rows: int = 0
    header_lines: int = 0
    row_lines: int = 0
    refused_lines: int = 0
    blank_lines: int = 0


@dataclass(frozen=True)
class _Problem:
    """Why a record was refused; `open` when more of the file might still close its quote."""

    motif: str
    detail: str
    open: bool = False


_OPEN_QUOTE = _Problem("guillemet_isole", "un guillemet s'ouvre et ne se ferme pas", open=True)
_STRAY_QUOTE = _Problem("guillemet_isole", "un guillemet s'ouvre et ne se ferme que dans d'autres lignes")


class _NeedMore(Exception):
    """The record may go on beyond what was read."""


class CsvFramer:
    """Frames one CSV file.

    Args:
        file: opened at its start.
        encoding: as declared.
        delimiter: one ASCII character.
        quote: one ASCII character, or "" when nothing is quoted.
        rejects: receives what is no record.

    Raises:
        PlatformError: a byte order mark of another encoding.
    """

    def __init__(  # noqa: D107
        self, file: BinaryIO, encoding: Encoding, delimiter: str, quote: str, rejects: RejectSpool
    ) -> None:
        self.encoding = encoding.skip_marks(file)
        self.delimiter = delimiter.encode("ascii")
        self.quoting = bool(quote)
        # Without quoting, COPY still wants a quote: a control character, escaped where it occurs.
        self.quote = quote.encode("ascii") or b"\x01"
        self._quoted_field = _quoted_field(self.quote)
        self.counts = Counts()
        self.rejects = rejects
        # A position in the buffer, and where that byte is in the file: offsets are counted from there on.
        self._offset_base = (0, file.tell())
        self._chunks = self.encoding.chunks(file)
        # What was read: as received, and with every line ended by LF; positions are the same in both.
        self._raw = b""
        self._buffer = b""
        self._cr_ends_lines = False
        self._held = b""
        self._position = 0
        self._end_of_file = False
        self._line = 1
        self._blank_mark: tuple[int, int] | None = None
        self._blank_lines = 0
        self._fill()
        self._settle_line_ends()

    # Reading

    def _fill(self) -> None:
        """Drops what was consumed and appends the next chunk."""
        self._offset_base = (0, self._offset_of(self._position))
        chunk = next(self._chunks, None)
        self._end_of_file = chunk is None
        fresh = self._held + (chunk or b"")
        self._held = b""
        if self._cr_ends_lines and not self._end_of_file and fresh.endswith(b"\r"):
            fresh, self._held = fresh[:-1], b"\r"
        self._raw = self._raw[self._position :] + fresh
        self._buffer = self._with_line_feeds(self._raw)
        self._position = 0

    def _with_line_feeds(self, raw: bytes) -> bytes:
        return _LONE_CR.sub(b"\n", raw) if self._cr_ends_lines else raw

    def _settle_line_ends(self) -> None:
        """Looks at the first line end: where it is a lone CR, every CR ends a line."""
        start = 0
        while True:
            first = re.compile(rb"\r\n|\n|\r(?!\Z)").search(self._raw, start)
            if first or self._end_of_file or len(self._raw) > MAX_LINE:
                break
            start = max(0, len(self._raw) - 1)
            self._fill()
        lone_cr = first.group() == b"\r" if first else self._raw.endswith(b"\r")
        if lone_cr:
            self._cr_ends_lines = True
            if not self._end_of_file and self._raw.endswith(b"\r"):
                self._raw, self._held = self._raw[:-1], b"\r"
            self._buffer = self._with_line_feeds(self._raw)

    def _offset_of(self, position: int) -> int:
        known, offset = self._offset_base
        offset += (
            len(self.encoding.original(self._raw[known:position]))
            if self.encoding.transcoded
            else (position - known)
        )
        self._offset_base = (position, offset)
        return offset

    def _line_end(self, position: int) -> tuple[int, int]:
        """Where the content of the physical line ends, and where the next line starts."""
        found = self._buffer.find(b"\n", position)
        content = len(self._buffer) if found < 0 else found
        following = min(content + 1, len(self._buffer))
        if content > position and self._buffer[content - 1 : content] == b"\r":
            content -= 1
        return content, following

    # The header

    def header(self) -> list[str] | None:
        """Reads the first record as column names, as received; blank lines before it are refused.

        Returns:
            The names, or None when the file holds nothing but blank lines.

        Raises:
            PlatformError: the header cannot be read.
        """
        while True:
            while self._buffer.find(b"\n", self._position) < 0 and not self._end_of_file:
                if len(self._buffer) > MAX_LINE:
                    raise self._bad_header("il dépasse 16 Mio sans fin de ligne")
                self._fill()
            if self._position >= len(self._buffer):
                return None
            content, following = self._line_end(self._position)
            if content > self._position:
                break
            self._blank(self._position, following)
        if b"\0" in self._buffer[self._position : content]:
            raise self._bad_header("il contient des octets nuls, comme un fichier UTF-16 lu autrement")
        fields, end = self._header_fields()
        try:
            names = [self.encoding.text(field) for field in fields]
        except UnicodeDecodeError as error:
            raise self._bad_header(f"il n'est pas du {self.encoding.codec} ({error.reason})") from error
        _, following = self._line_end(end)
        self._blank_mark = None
        self.counts.header_lines = self._buffer.count(b"\n", self._position, end) + 1
        self._advance(following, self.counts.header_lines)
        return names

    def _header_fields(self) -> tuple[list[bytes], int]:
        """The header's fields without their quotes, and where its content ends."""
        while True:
            parsed = self._parse(self._position, self._window(self._position))
            if not isinstance(parsed, _Problem):
                fields, end = parsed
                return [self._unquoted(field) for field in fields], end
            if not parsed.open or not self._can_extend(self._position):
                raise self._bad_header(parsed.detail)
            self._fill()

    def _bad_header(self, problem: str) -> PlatformError:
        return PlatformError(
            f"L'en-tête (ligne {self._line}) est illisible : {problem}.",
            "Vérifiez `encoding`, `delimiter` et `quote` dans la déclaration, ou redemandez le fichier.",
        )

    def _unquoted(self, field: bytes) -> bytes:
        if self.quoting and field.startswith(self.quote):
            return field[1:-1].replace(self.quote * 2, self.quote)
        return field

    # The records

    def frame(self, width: int) -> Iterator[bytes]:
        """Gives the records as COPY input, the number of their first line in front of their fields.

        Args:
            width: number of fields of a record.

        Yields:
            Whole records, about 1 MiB at a time, in the encoding `self.encoding.postgres`.
        """
        self._width = width
        self._pattern = _record_pattern(self.delimiter, self.quote, width)
        self._block = _block_pattern(self.delimiter, self.quote, width)
        self._numbered: Callable[[tuple[int, bytes]], bytes] = (
            b"%d" + self.delimiter.replace(b"%", b"%%") + b"%b\n"
        ).__mod__
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

    def _region(self, end: int) -> Iterator[bytes]:
        """Frames the whole lines up to `end`; stops early where a record may go on beyond the buffer."""
        find_cr = b"\r" in self._buffer
        finders: list[Callable[[int], int]] = [
            partial(self._find, self.quote, end),
            partial(self._find, b"\0", end),
            lambda start: _or(self.encoding.first_invalid(self._buffer, start, end), end),
            lambda start: _or(_start(_LONE_CR.search(self._buffer, start, end)), end) if find_cr else end,
        ]
        spots = [-1] * len(finders)
        while self._position < end:
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
        counts = [] if checked else list(map(bytes.count, lines, repeat(self.delimiter)))
        wanted = self._width - 1
        if checked or (counts.count(wanted) == len(lines) and (wanted or b"" not in lines)):
            return self._accept(lines, end)
        starts = [0, *accumulate(len(line) + 1 for line in run.split(b"\n"))]
        good = (bool(line) and count == wanted for line, count in zip(lines, counts, strict=True))
        framed = []
        for is_good, group in groupby(enumerate(good), key=lambda item: item[1]):
            places = [place for place, _ in group]
            if is_good:
                framed.append(self._accept(lines[places[0] : places[-1] + 1], start + starts[places[-1] + 1]))
                continue
            for place in places:
                following = min(start + starts[place + 1], end)
                if lines[place]:
                    self._refuse(self._width_problem(counts[place] + 1), len(lines[place]), following, 1)
                else:
                    self._blank(self._position, following)
        return b"".join(framed)

    def _accept(self, lines: list[bytes], following: int) -> bytes:
        """Numbers single-line records that follow one another."""
        first, self._blank_mark = self._line, None
        self.counts.rows += len(lines)
        self.counts.row_lines += len(lines)
        self._advance(following, len(lines))
        return b"".join(map(self._numbered, zip(range(first, self._line), lines, strict=True)))

    def _special(self, refused: list[int]) -> bytes:
        """Frames one record with a quote, or one line with a byte that cannot pass.

        Args:
            refused: positions of the next NUL and of the next invalid byte.
        """
        start = self._position
        content, following = self._line_end(start)
        quoted = self.quoting and self._buffer.find(self.quote, start, content) >= 0
        if not quoted and self._buffer.find(b"\r", start, content) >= 0 and min(refused) >= content:
            split = self._split_at_cr(content, following)
            if split is not None:
                return split
        parsed = self._parse_record(start)
        if isinstance(parsed, _Problem):
            if parsed.open and self._can_extend(start):
                raise _NeedMore
            problem = self._byte_problem(refused, content) or parsed
            self._refuse(problem, content - start, following, 1)
            return b""
        fields, end = parsed
        end_of_record, following = self._line_end(end)
        lines = self._buffer.count(b"\n", start, end) + 1
        problem = self._byte_problem(refused, end)
        if problem:
            self._refuse(problem, end_of_record - start, following, lines)
            return b""
        record = self._raw[start:end] if fields is None else self.delimiter.join(map(self._safe, fields))
        framed = self._numbered((self._line, record))
        self._blank_mark = None
        self.counts.rows += 1
        self.counts.row_lines += lines
        self._advance(following, lines)
        return framed

    def _parse_record(self, start: int) -> tuple[list[bytes] | None, int] | _Problem:
        """Strictly parses the record at `start`, over several lines if need be.

        Returns:
            (fields, end of content); fields is None when the bytes can go on as they are.
        """
        window = self._window(start)
        match = self._pattern.match(self._buffer, start, window) if self.quoting else None
        parsed: tuple[list[bytes] | None, int] | _Problem
        at_end = self._end_of_file and window == len(self._buffer)
        if match and (at_end or b"\n" in match.group(2)):
            parsed = (None, match.end(1))
        else:
            parsed = self._parse(start, window)
        if isinstance(parsed, _Problem):
            return parsed
        fields, end = parsed
        if fields is not None and len(fields) != self._width:
            return self._width_problem(len(fields))
        lines = self._buffer[start:end].split(b"\n")
        if len(lines) > LOOKAHEAD_LINES or self._holds_records(lines[1:-1]):
            return _STRAY_QUOTE
        return parsed

    def _holds_records(self, lines: list[bytes]) -> bool:
        """Whether lines inside a quoted field are records by themselves: then the quote is a stray one."""
        if self._width == 1:
            return False
        complete = sum(
            self.quote not in line and line.count(self.delimiter) == self._width - 1 for line in lines
        )
        return complete >= (1 if self._width >= 5 else 3)

    def _parse(self, start: int, window: int) -> tuple[list[bytes], int] | _Problem:
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
                    if self._buffer.find(b"\n", position, end) >= 0:
                        return _STRAY_QUOTE
                    return _Problem("texte_apres_guillemet", "du texte suit un guillemet fermant")
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
        if line.count(self.delimiter) == wanted:
            fields = map(self._safe, line.split(self.delimiter))
            return self._accept([self.delimiter.join(fields)], following)
        lines = line.removesuffix(b"\r").split(b"\r")
        if wanted and self.quote not in line and all(part.count(self.delimiter) == wanted for part in lines):
            return self._accept(lines, following)
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

    def _width_problem(self, width: int) -> _Problem:
        return _Problem("nombre_de_champs", f"{width} champ(s) au lieu de {self._width}")

    def _byte_problem(self, refused: list[int], end: int) -> _Problem | None:
        nul, invalid = refused
        if nul < end:
            return _Problem("octet_nul", "un octet nul, que PostgreSQL ne peut pas garder")
        if invalid < end:
            return _Problem("octets_invalides", f"des octets qui ne sont pas du {self.encoding.codec}")
        return None

    def _refuse(self, problem: _Problem, length: int, following: int, lines: int) -> None:
        """Puts `length` bytes from the current position into the rejects and goes on at `following`."""
        start = self._position
        piece = self._raw[start : start + length]
        self._add_reject(problem, start, piece)
        self.counts.refused_lines += lines
        self._blank_mark = None
        self._advance(following, lines)

    def _add_reject(self, problem: _Problem, start: int, piece: bytes) -> None:
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

    def _blank(self, start: int, following: int) -> None:
        """Refuses a blank line, unless nothing but blank lines follows it to the end."""
        if self._blank_mark is None:
            self._blank_mark, self._blank_lines = self.rejects.mark(), 0
        self._add_reject(_Problem("ligne_vide", "une ligne vide au milieu du fichier"), start, b"")
        self._blank_lines += 1
        self.counts.refused_lines += 1
        self._advance(following, 1)

    def _forget_last_blanks(self) -> None:
        if self._blank_mark is not None:
            self.rejects.back_to(self._blank_mark)
            self.counts.refused_lines -= self._blank_lines
            self.counts.blank_lines = self._blank_lines
            self._blank_mark = None

    def _refuse_long_line(self) -> None:
        """Puts an endless line into the rejects, 1 MiB a reject, under one line number."""
        piece_number = 0
        while True:
            found = self._buffer.find(b"\n", self._position)
            end = len(self._buffer) if found < 0 else found
            while end - self._position > (0 if found >= 0 or self._end_of_file else CHUNK):
                piece_number += 1
                cut = self._character_start(min(self._position + CHUNK, end))
                detail = f"une ligne de plus de 16 Mio, en morceaux d'au plus 1 Mio : morceau {piece_number}"
                self._add_reject(
                    _Problem("ligne_trop_longue", detail), self._position, self._raw[self._position : cut]
                )
                self._position = cut
            if found >= 0 or self._end_of_file:
                break
            self._fill()
        self.counts.refused_lines += 1
        self._blank_mark = None
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
