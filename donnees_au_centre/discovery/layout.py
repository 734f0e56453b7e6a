"""Where a table stands in a grid of cells: what is above it, its header, what is below or beside it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from donnees_au_centre.discovery.first_names import FIRST_NAMES
from donnees_au_centre.landing.identifiers import joined_names

Row = Sequence[str]

# Lines that may stand above a table, and rows that tell what its columns hold.
_ABOVE = 40
_BODY = 200
# Rows at the end that may be no rows.
_BELOW = 30
# A name of a column that counts it: « Q1 », « Question 12 ».
_COUNTED = re.compile(r"([^\W\d_]+)[ _.-]?([0-9]{1,3})")
# Names or numbers in a row, each the next one or larger, that are a header and no row of values.
_STEPS = 5
# Lines of notes above a header, which leave holes.
_NOTES = 3
# Share of the lines that have a first cell alone in a list.
_LONE = 0.75
# Share of the lines that have a place, and lines that write in it, from which it is a column without a name.
_PLACED, _WRITTEN = 0.9, 5
# « Account: 12 » above a table.
_TOLD = re.compile(r"[^:]*(?:\s:|:\s)\s*\S.*", re.DOTALL)
# Columns from which a line that is the header again is no row that happens to be the same.
_AGAIN = 3
# Share of the columns of numbers under a third line of names.
_TOLD_BY = 0.5
# Share of a column's cells from which they are all said to be alike.
_ALIKE = 0.8
# Signs by which the name of a column of codes is longer than they are; share of first names among others;
# words in the order of the alphabet, of which the first one would be no name but by chance.
_LONGER, _NAMED, _LISTED = 2, 0.3, 10
# What the first cell of a line below a table says.
_FOOTER = re.compile(
    r"(?P<word>total|totaux|sous-total|somme|moyenne|source|sources|note|notes|nb|n\.b\.|remarques?|légende|"
    r"bron|totaal|opmerking|mise à jour|extraction|export|champ|avertissement|calculs|données|©|\*)",
    re.IGNORECASE,
)
_TOTALS = re.compile(r"(?:grand |sous-)?tota(?:l|ux|al)\b", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?[\d.,\s\u00a0\u202f]*\d\s?[%€]?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?")
_ADDRESS = re.compile(r"(?:https?://)?(?:[\w-]+\.)+[a-z]{2,}(?:/\S*)?")
# What machines call a column.
_CODE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
# A year, or two: what names the columns of a table of years.
_YEAR = re.compile(r"(?:19|20)\d\d(?:\s?[-/]\s?(?:(?:19|20)?\d\d))?")
# What refers to a note, or says that a year is not definitive: 2015 *, 2023 (p).
_MARKS = re.compile(r"(?<=\d\d)\s*(?:\*+|\([a-z]{1,3}\)|[¹²³†‡])$")
# Words that name columns, in French, Dutch and English, without accents.
_HEADER_WORDS = frozenset(
    """
    aantal address adres adresse age amount annee bce bedrag begin beneficiaire categorie category city
    class classe code codes comment commentaire commune count country courriel cp dag date datum day debut
    description ecole einde email end etablissement fase fin first fonction gemeente genre geslacht group
    groupe gsm habitants id identifiant identifiantid implantation ins jaar jour kind label land language
    langue last lat latitude leeftijd level libelle localite lon longitude maand mail matricule mois montant
    month municipality n naam naissance name nationalite nis niss niveau no nom nombre noms nr number numero
    nummer omschrijving pays phone plaats population postal postcode prenom prenoms price prix province
    region remarque remarques rue school service sex sexe site soort source start status statut straat
    street taal tel telefoon telephone titel title titre totaal total type url valeur value ville voornaam
    waarde web x y year zip
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Layout:
    """Where a table stands in a grid.

    Attributes:
        header_row: line of the header, or of the first row where there is none; from 1.
        header_rows: lines of the header; 0 for none.
        sure: False where nothing tells whether the first line is a header.
        names: of the columns, as received; empty texts without header.
        rows: of the table.
        end: line after the last row, from 1.
        footer: pattern of the first cell of what stands below; None when nothing does.
        totals: rows that begin with « Total » among the rows.
        left: number of columns of the table, when another stands at its right beyond an empty column; 0
            otherwise.
        tail: last rows that have few cells, and may be notes that no footer could tell.
    """

    header_row: int
    header_rows: int
    sure: bool
    names: list[str]
    rows: list[list[str]]
    end: int
    footer: str | None = None
    totals: int = 0
    left: int = 0
    tail: int = 0


def layout_of(grid: Sequence[Row]) -> Layout | None:
    """Finds the table in a grid.

    Args:
        grid: cells line by line, from the first one of the file or sheet; blank lines are empty.

    Returns:
        Where it stands; None when nothing is filled.
    """
    filled = [[place for place, cell in enumerate(row) if cell.strip()] for row in grid]
    lines = [place for place, places in enumerate(filled) if places]
    if not lines:
        return None
    width = _wider(grid, filled, lines, _width(filled, lines))
    start = _start(grid, filled, lines, width)
    height, sure = _header(grid, start, width)
    # A column that is named is one, be it empty.
    width = max([width, *(filled[line][-1] + 1 for line in range(start, start + height) if filled[line])])
    end, footer = _end(grid, filled, start + height, width)
    body = [
        [*row, *[""] * (width - len(row))] for row in grid[start + height : end] if any(map(str.strip, row))
    ]
    names = _names(grid, start, height, width)
    return Layout(
        header_row=start + 1,
        header_rows=height,
        sure=sure,
        names=names,
        rows=body,
        end=end + 1,
        footer=footer,
        totals=sum(bool(_TOTALS.match(_first(row))) for row in body),
        left=_left(names, body),
        tail=_tail(body),
    )


def _width(filled: Sequence[Sequence[int]], lines: Sequence[int]) -> int:
    """The columns of most lines: titles and notes are narrower, a stray cell at the right is rare."""
    widths = Counter(filled[line][-1] + 1 for line in lines)
    body = lines[-max(1, len(lines) * 3 // 4) :]
    widest = max(filled[line][-1] + 1 for line in body)
    # A last column that is often empty is a column all the same.
    common = [width for width, times in widths.items() if times >= max(2, len(lines) * 0.02)]
    return max(common, default=widest)


def _wider(grid: Sequence[Row], filled: Sequence[Sequence[int]], lines: Sequence[int], width: int) -> int:
    """One column more, where nearly all lines have its place and a few a cell in it: it has no name."""
    placed = sum(len(grid[line]) == width + 1 for line in lines)
    written = sum(filled[line][-1] == width for line in lines)
    return width + 1 if placed >= _PLACED * len(lines) and written >= _WRITTEN else width


def _tail(rows: Sequence[Row]) -> int:
    """The last rows that have less than half the cells of most, and of the width."""
    counts = [sum(bool(cell.strip()) for cell in row) for row in rows]
    if len(counts) < _WRITTEN or len(rows[0]) < _AGAIN:
        return 0
    most = min(median(counts), len(rows[0])) / 2
    tail = 0
    while tail < min(_BELOW, len(counts) // 2) and counts[-1 - tail] < most:
        tail += 1
    return tail


def _start(grid: Sequence[Row], filled: Sequence[Sequence[int]], lines: Sequence[int], width: int) -> int:
    """The first line of the table: the first one nearly as wide as it, and named all along."""
    if width == 1:
        return lines[0]
    if sum(filled[line] == [0] for line in lines) >= _LONE * len(lines):
        # A list, with a remark here and there.
        return lines[0]
    if beneath := _beneath_notes(grid, filled, lines, width):
        return beneath
    typical = median(len(filled[line]) for line in lines[len(lines) // 4 :])
    least = max(2, min(width, typical) * 0.6)
    for line in lines[:_ABOVE]:
        if len(filled[line]) >= least and not _tells(grid[line]):
            return _upper(grid, filled, _over(grid, filled, line, width), width)
    return lines[0]


def _tells(row: Row) -> bool:
    """Whether most cells of a line say something of the file, each with its name: « Account: 12 »."""
    cells = [cell.strip() for cell in row if cell.strip()]
    return len(cells) > 1 and sum(bool(_TOLD.fullmatch(cell)) for cell in cells) > len(cells) / 2


def _beneath_notes(
    grid: Sequence[Row], filled: Sequence[Sequence[int]], lines: Sequence[int], width: int
) -> int | None:
    """The line that names every column just above the first values, beneath notes strewn over the cells.

    More lines with holes than titles of groups would fill; None where it is not so.
    """
    first = next(
        (line for line in lines[:_ABOVE] if any(_is_value(grid[line][at]) for at in filled[line])), 0
    )
    line = first - 1
    if line < _NOTES or len(filled[line]) < max(_AGAIN, width):
        return None
    if len({grid[line][at].strip() for at in filled[line]}) < width:
        return None
    above = [len(filled[one]) for one in range(line - _NOTES, line)]
    # A title fills one cell.
    return line if all(1 < cells < width for cells in above) else None


def _over(grid: Sequence[Row], filled: Sequence[Sequence[int]], line: int, width: int) -> int:
    """The line above a row of values, where it names columns over half of them: merged cells leave holes."""
    above = line - 1
    if above < 0 or _named(grid[line], width) or not _named(grid[above], width):
        return line
    return above if len(filled[above]) > 2 and filled[above][-1] >= width // 2 else line


def _upper(grid: Sequence[Row], filled: Sequence[Sequence[int]], line: int, width: int) -> int:
    """The first of the lines above a header that are of it too: titles of groups, spread over the table."""
    while line and len(filled[line - 1]) >= 2 and _named(grid[line], width):
        above = filled[line - 1]
        spread = above[-1] >= max(2, width // 2) and not any(_is_value(grid[line - 1][at]) for at in above)
        if not spread:
            break
        line -= 1
    return line


def _named(row: Row, width: int) -> bool:
    cells = [cell for cell in row[:width] if cell.strip()]
    return bool(cells) and not any(_is_value(cell) for cell in cells)


def _is_value(cell: str) -> bool:
    """Whether a cell is a number or a date, other than a year."""
    text = cell.strip()
    return bool(_NUMBER.fullmatch(text) or _DATE.fullmatch(text)) and not _YEAR.fullmatch(text)


def _header(grid: Sequence[Row], start: int, width: int) -> tuple[int, bool]:
    """How many lines of header there are at a line, and whether that is sure."""
    votes, doubts = _votes(grid, start, width)
    if votes < 0:
        return 0, True
    lower = grid[start + 1][:width] if start + 1 < len(grid) else []
    upper = grid[start][:width]
    if width > 1 and lower and _is_group(upper, lower, width) and _names_columns(grid, start + 1, width):
        return 2 + _more(grid, start + 2, width), True
    if lower and _are_codes(lower, width) and _votes(grid, start + 1, width)[0] >= _TOLD_BY * width:
        # What machines call the columns, beneath what people do.
        return 2, True
    if votes == 0 and doubts and not {word for cell in upper for word in _words(cell)} & _HEADER_WORDS:
        return 1, False
    return 1, True


def _are_codes(row: Row, width: int) -> bool:
    """Whether a line gives each of several columns a name of its own, of capitals: « DENS_MED »."""
    cells = [cell.strip() for cell in row[:width] if cell.strip()]
    return width >= _AGAIN and len({*cells}) == len(cells) == width and all(map(_CODE.fullmatch, cells))


def _names_columns(grid: Sequence[Row], line: int, width: int) -> bool:
    """Whether a line under titles of groups is of names: years, or what the columns say are names."""
    years = all(_YEAR.fullmatch(cell.strip()) for cell in grid[line][:width] if cell.strip())
    return years or _votes(grid, line, width)[0] > 0


def _more(grid: Sequence[Row], line: int, width: int) -> int:
    """How many lines of names follow two of them: texts over columns of which nearly all are numbers."""
    count = 0
    named = _places(grid[line - 2], width) | _places(grid[line - 1], width)
    while line + count < len(grid) and _named(grid[line + count], width):
        places = _places(grid[line + count], width)
        votes = _votes(grid, line + count, width)[0]
        # It names columns of numbers, or those that no line above does.
        if votes < _TOLD_BY * len(places) if len(places) >= _AGAIN else votes < 1 or places & named:
            break
        named |= places
        count += 1
    return count


def _places(row: Row, width: int) -> set[int]:
    return {place for place, cell in enumerate(row[:width]) if cell.strip()}


def _is_group(upper: Row, lower: Row, width: int) -> bool:
    """Whether a line names groups of the columns that the next one names."""
    holes = sum(not cell.strip() for cell in [*upper, *[""] * (width - len(upper))])
    named = [cell.strip() for cell in lower if cell.strip()]
    texts = not any(_is_value(cell) for cell in named)
    repeated = len(set(named)) < len(named)
    names = [cell.strip() for cell in upper if cell.strip()]
    twice = len(set(names)) < len(names)
    return texts and bool(named) and (holes > 0 or twice) and (repeated or holes >= width / 3 or twice)


def _votes(grid: Sequence[Row], start: int, width: int) -> tuple[int, bool]:
    """What the columns say of a line: above 0 it is a header, below a row; and whether few could tell."""
    # A header may come again, page after page.
    body = [
        row
        for row in grid[start + 1 : start + 1 + _BODY]
        if any(map(str.strip, row)) and (width < _AGAIN or list(row) != list(grid[start]))
    ]
    total, named, silent = 0, 0, True
    first = [*grid[start], *[""] * width][:width]
    if _is_series([cell for cell in first if cell.strip()]):
        return 1, False
    for place, cell in enumerate(map(str.strip, first)):
        cells = [row[place].strip() for row in body if place < len(row) and row[place].strip()]
        if not cell or not cells:
            continue
        vote = _vote(cell, cells)
        total += vote
        named += vote > 0
        silent = silent and not vote
    if total < 0 and named and _is_ladder(first):
        return 1, False
    return total, silent


def _is_ladder(cells: Sequence[str]) -> bool:
    """Whether a line counts its columns, « Q1, Q2, Q3 », or its numbers are as long, each larger: codes."""
    counted = [found for cell in cells if (found := _COUNTED.fullmatch(cell.strip()))]
    if (
        len(counted) >= _STEPS
        and len({found[1].lower() for found in counted}) == 1
        and all(int(following[2]) == int(found[2]) + 1 for found, following in pairwise(counted))
    ):
        return True
    numbers = [cell.strip() for cell in cells if cell.strip().isdecimal()]
    return (
        len(numbers) >= _STEPS
        and len({len(one) for one in numbers}) == 1
        and all(int(one) < int(other) for one, other in pairwise(numbers))
    )


def _is_series(cells: Sequence[str]) -> bool:
    """Whether cells, the first one or two aside, are years or numbers that follow one another."""
    for skipped in (0, 1, 2):
        rest = [_MARKS.sub("", cell.strip()) for cell in cells[skipped:]]
        if len(rest) > 2 and all(map(_YEAR.fullmatch, rest)):
            years = [int(cell[:4]) for cell in rest]
            steps = {following - year for year, following in pairwise(years)}
            if len(steps) == 1 and steps <= {1, -1, 2, 5, 10}:
                return True
    return False


def _vote(cell: str, cells: Sequence[str]) -> int:
    """What one column says of the cell above it: 1 a name, -1 a value like the others, 0 nothing."""
    if _YEAR.fullmatch(cell) and sum(bool(_YEAR.fullmatch(one)) for one in cells) < len(cells) / 2:
        return 0
    for test in (_number, _day, _mail, _web):
        if sum(map(test, cells)) >= _ALIKE * len(cells):
            return -2 if test(cell) else 1
    if cell in cells and len(set(cells)) < len(cells):
        return -2
    shape, times = Counter(map(_shape, cells)).most_common(1)[0]
    # Words alone are of any shape: « Jean-Marc X » among « Anne Y » is no name of a column.
    if times >= _ALIKE * len(cells) and len(cells) > 1 and any(sign.isdigit() for sign in shape):
        return -1 if _shape(cell) == shape and len(cell) <= max(map(len, cells)) + _LONGER else 1
    if _begins_list(cell, cells):
        return -1
    if any(sign.isdigit() for sign in cell) and not any(word in _HEADER_WORDS for word in _words(cell)):
        return -1 if sum(any(map(str.isdigit, one)) for one in cells) > len(cells) / 2 else 0
    return 1 if set(_words(cell)) & _HEADER_WORDS else 0


def _begins_list(cell: str, cells: Sequence[str]) -> bool:
    """Whether a cell is a first name above others, or the first of words in the order of the alphabet."""
    if plain(cell) in FIRST_NAMES:
        return sum(plain(one) in FIRST_NAMES for one in cells) >= _NAMED * len(cells)
    return (
        len(cells) >= _LISTED
        and not set(_words(cell)) & _HEADER_WORDS
        and all(one < other for one, other in pairwise([plain(one) for one in (cell, *cells)]))
    )


def _number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None


def _day(cell: str) -> bool:
    return _DATE.fullmatch(cell) is not None


def _mail(cell: str) -> bool:
    return "@" in cell


def _web(cell: str) -> bool:
    return _ADDRESS.fullmatch(cell) is not None


def _shape(cell: str) -> str:
    """What kinds of signs a cell is made of, in order: « AB-12 » is « a-9 »."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell))


def _words(cell: str) -> list[str]:
    return [word for word in re.split("[^a-z0-9]+", plain(cell)) if word]


def plain(cell: str) -> str:
    """A text in small letters without accents."""
    table = str.maketrans("àâäáãéèêëíìîïóòôöõúùûüçñœæ", "aaaaaeeeeiiiiooooouuuucnea")
    return cell.lower().translate(table)


def _end(
    grid: Sequence[Row], filled: Sequence[Sequence[int]], start: int, width: int
) -> tuple[int, str | None]:
    """Where the rows end, and the pattern of the first cell of what stands below."""
    lines = [line for line in range(start, len(grid)) if filled[line]]
    if not lines:
        return start, None
    end, below = lines[-1] + 1, None
    for line in reversed(lines[1:][-_BELOW:]):
        first = _first(grid[line])
        found = _FOOTER.match(first)
        # A note fills one cell of several; a total has the figures of a row.
        note = bool(found) and (len(filled[line]) <= max(1, width // 3) or bool(_TOTALS.match(first)))
        lone = width > 2 and len(filled[line]) == 1 and len(first) > 1 and filled[line][0] == 0
        if not (note or lone):
            break
        end, below = line, found["word"].lower() if found else below and None
    if below is None and end < lines[-1] + 1:
        # What begins it is nothing known: no pattern could be written without quoting it.
        found = next(
            (one for line in lines if line >= end and (one := _FOOTER.match(_first(grid[line])))), None
        )
        below = found["word"].lower() if found else None
        end = next(
            (line for line in lines if line >= end and _FOOTER.match(_first(grid[line]))), lines[-1] + 1
        )
    return end, f"(?i){re.escape(below)}.*" if below else None


def _first(row: Row) -> str:
    return next((cell.strip() for cell in row if cell.strip()), "")


def _names(grid: Sequence[Row], start: int, height: int, width: int) -> list[str]:
    if not height:
        return [""] * width
    lines = [[*row, *[""] * width][:width] for row in grid[start : start + height]]
    return [name.strip() for name in (joined_names(lines) if height > 1 else lines[0])]


def _left(names: Sequence[str], rows: Sequence[Row]) -> int:
    """The columns at the left of an empty one, when others stand beyond it under names of their own."""
    for place in range(1, len(names) - 1):
        if not names[place] and not any(row[place].strip() for row in rows):
            rest = [name for name in names[place + 1 :] if name]
            return place if len(rest) > 1 and all(names[:place]) and place > 1 else 0
    return 0
