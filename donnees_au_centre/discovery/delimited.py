"""The delimiter and the quotation mark of a text, and its cells."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from donnees_au_centre.landing.limits import MAX_COLUMNS

# The comma last: of two that part as well, it may be the decimal one.
DELIMITERS = (";", "\t", "|", ",")
# Where none of those parts anything: spaces as R writes them, beside quotation marks; what somebody chose.
_RARE = (" ", "/", "^", "~")
_WORD = re.compile(r"[^\W\d_]{3}")
# Characters of a text by which its delimiter is told.
_LOOKED_AT = 1 << 18
_DIRECTIVE = re.compile(r'"?sep=([^\w"\r\n])"?(?:\r\n|\n|\r)', re.IGNORECASE)
_DECIMAL = re.compile(r"-?\d[\d .]*,\d+")


@dataclass(frozen=True)
class Delimited:
    """How the cells of a text are parted.

    Attributes:
        delimiter: one character; for a single column, one that is not in it.
        quote: one character, or "" where quotation marks are letters.
        directive: whether a first line `sep=;` says the delimiter.
        lines: the line of each record, from 1.
        grid: the cells of each record; a record of a blank line is empty.
        whole: False when the end of the text was not read.
    """

    delimiter: str
    quote: str
    directive: bool
    lines: list[int]
    grid: list[list[str]]
    whole: bool = True


def delimited(text: str, most: int, whole: bool = True) -> Delimited:
    """Reads a text as a CSV.

    Args:
        text: without byte order mark, maybe cut.
        most: records that are read.
        whole: False when the text is cut: its last record is then left out.
    """
    said = _DIRECTIVE.match(text)
    body = text[said.end() :] if said else text
    delimiter = said[1] if said else _delimiter(body[:_LOOKED_AT])
    quote = _quote(body[:_LOOKED_AT], delimiter)
    lines, grid, all_read = _records(body, delimiter, quote, most)
    if said:
        # The directive is a line of the file, above the table.
        lines, grid = [1, *(line + 1 for line in lines)], [[], *grid]
    if not whole and all_read:
        lines, grid = lines[:-1], grid[:-1]
    return Delimited(delimiter, quote, said is not None, lines, grid, whole and all_read)


def _delimiter(text: str) -> str:
    scores = {one: _score(text, one) for one in DELIMITERS}
    best = max(DELIMITERS, key=lambda one: scores[one])
    if scores[best] > 0:
        return best
    if found := next((one for one in _RARE if _parts_all(text, one)), None):
        return found
    # A single column: of the usual ones, one that is nowhere in it.
    return next((one for one in (",", ";", "\t", "|") if one not in text), ",")


def _parts_all(text: str, delimiter: str) -> bool:
    """Whether a rare delimiter gives every record as many cells, words among them: no dates, no addresses."""
    if (delimiter == " " and '"' not in text) or "://" in text:
        return False
    _, grid, _ = _records(text, delimiter, '"', 2000)
    rows = [row for row in (grid[:-1] if len(grid) > 3 else grid) if row]
    if len({len(row) for row in rows}) != 1:
        return False
    columns = [*zip(*rows, strict=True)]
    if delimiter == " ":
        return len(columns) > 1
    return len(columns) > 2 and any(all(map(_WORD.search, column)) for column in columns)


def _score(text: str, delimiter: str) -> float:
    """How steadily a delimiter parts the records of a text, wide ones above narrow ones."""
    _, grid, _ = _records(text, delimiter, '"', 2000)
    rows = [row for row in (grid[:-1] if len(grid) > 3 else grid) if any(map(str.strip, row))]
    widths = Counter(len(row) for row in rows)
    if not rows or max(widths) == 1:
        return 0
    width, times = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
    if width == 1 or _is_decimals(rows, delimiter):
        return 0
    share = times / len(rows)
    # Commas stand in texts too: a row parted by them alone is one when nearly all are.
    steady = share**2 if delimiter != "," else share**3
    return steady * (1 + min(width, 20) / 20)


def _is_decimals(rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Whether the commas of a single column are decimal ones, its first line being its name."""
    return (
        delimiter == ","
        and len(rows) > 1
        and len(rows[0]) == 1
        and all(_DECIMAL.fullmatch(",".join(row).strip()) for row in rows[1:] if len(row) > 1)
    )


def _quote(text: str, delimiter: str) -> str:
    """The quotation mark: none where those of the text open nothing at the start of a cell."""
    if '"' not in text:
        return '"'
    part = re.escape(delimiter)
    opening = len(re.findall(rf'(?:^|{part})[ \t]*"', text, re.MULTILINE))
    closing = len(re.findall(rf'"[ \t]*(?:$|{part}|\r)', text, re.MULTILINE))
    if opening and not closing:
        return ""
    return '"'


def _records(text: str, delimiter: str, quote: str, most: int) -> tuple[list[int], list[list[str]], bool]:
    """The line and the cells of each record, and whether all were read."""
    source = io.StringIO(text, newline="")
    reader = csv.reader(
        source,
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    lines, grid, following = [], [], 1
    try:
        for row in reader:
            lines.append(following)
            following = reader.line_num + 1
            grid.append(row if len(row) <= MAX_COLUMNS else row[:MAX_COLUMNS])
            if len(grid) >= most:
                return lines, grid, not source.read(1)
    except csv.Error:
        # A field longer than the module reads: what comes before it tells enough.
        return lines, grid, False
    return lines, grid, True
