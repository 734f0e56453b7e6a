"""How a received column is read: the typing macro that nearly all of its filled cells fit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from types import MappingProxyType

from donnees_au_centre.discovery.checks import is_bce_number

# Share of the filled cells that a type must read: the écarts tell the others.
ENOUGH = 0.95
# Decimals past these are noise, of coordinates mostly.
MOST_DECIMALS = 6
SPACES = " \u00a0\u202f"
BOOLEANS = {"oui", "non", "vrai", "faux", "true", "false", "yes", "no", "ja", "nee"}
# Letters that say yes and no where they stand both, and nothing else: alone, an N is any code.
LETTERS = {"y", "n"}
# Words of a name that make numbers as long a code, and others an amount: what a commune gives, « inscrits ».
PLACES = ("commune", "gemeente", "municipality", "region", "province", "ins", "nis")
# Words of a name that make numbers a code, which keeps its zeros and is never added up.
CODES = {
    "code",
    "codes",
    "cp",
    "postal",
    "postcode",
    "postalcode",
    "zip",
    "zipcode",
    "nis",
    "ins",
    "refnis",
    *PLACES,
    "niss",
    "bce",
    "iban",
    "tel",
    "telephone",
    "phone",
    "fax",
    "gsm",
    "siren",
    "siret",
    "insee",
    "fips",
    "matricule",
    "isbn",
    "issn",
    "ean",
}
# What an identifier is called: « id_site », « speaker_id », « idbeneficiaire ».
_IDENTIFIER = re.compile(r"(?:^|_)(?:ids?|identifiants?)(?:_|$)|^id[a-z]{5,}")
# Words of a name that make eight figures a day.
DAYS = {"date", "dates", "jour", "day", "dt", "datum", "time", "le"}
DAYS |= {"debut", "fin", "begin", "start", "einde", "end"}
# Words of a name that make numbers those of a place on the earth: 45.125 is no thousand.
PLACED = {"lat", "latitude", "lon", "lng", "long", "longitude", "ylat", "xlong"}
# What people write in a cell of which they know nothing.
NULL_MARKS = frozenset(
    """
    - -- --- – — . .. ... … ? ?? / // n/a na n.a. n.a nan nc n.c. n.c nd n.d. n.d n/d ns n.s. s.o. null none
    nil néant neant nvt n.v.t. xxx * ** *** **** ***** : [c] [u] [w] [x] [z] (c) (x)
    """.split()  # noqa: SIM905
)
# Different cells from which a code is one of a reference, and not a number that happens to be.
FEW = 5
# Different numbers from which their marks tell thousands from decimals, if one lacks them; if two do.
MANY, SEVERAL = 20, 10
# The sheets of a map are « 72/8 » at most: a key of a school has larger numbers.
LARGEST_MAP = 8
DATES = {
    "yyyy-MM-dd": (r"\d{4}-\d\d-\d\d", "%Y-%m-%d"),
    "yyyy/MM/dd": (r"\d{4}/\d\d/\d\d", "%Y/%m/%d"),
    "dd/MM/yyyy": (r"\d\d/\d\d/\d{4}", "%d/%m/%Y"),
    "dd-MM-yyyy": (r"\d\d-\d\d-\d{4}", "%d-%m-%Y"),
    "dd.MM.yyyy": (r"\d\d\.\d\d\.\d{4}", "%d.%m.%Y"),
    "d/M/yyyy": (r"\d\d?/\d\d?/\d{4}", "%d/%m/%Y"),
    "dd/MM/yy": (r"\d\d/\d\d/\d\d", "%d/%m/%y"),
    "dd-MM-yy": (r"\d\d-\d\d-\d\d", "%d-%m-%y"),
    # The month first, as in the United States: only where no day is the first reads as many cells.
    "MM/dd/yyyy": (r"\d\d/\d\d/\d{4}", "%m/%d/%Y"),
    "M/d/yyyy": (r"\d\d?/\d\d?/\d{4}", "%m/%d/%Y"),
    "MM/dd/yy": (r"\d\d/\d\d/\d\d", "%m/%d/%y"),
    "d/M/yy": (r"\d\d?/\d\d?/\d\d", "%d/%m/%y"),
    "M/d/yy": (r"\d\d?/\d\d?/\d\d", "%m/%d/%y"),
    "yyyy-MM-dd HH:mm:ss": (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "%Y-%m-%d %H:%M:%S"),
    "yyyy-MM-dd'T'HH:mm:ss": (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "%Y-%m-%dT%H:%M:%S"),
    # A day that its system keeps as the moment at which it begins.
    "yyyy-MM-dd' 00:00:00+00'": (r"\d{4}-\d\d-\d\d 00:00:00\+00", "%Y-%m-%d 00:00:00+00"),
    "yyyy-MM-dd'T00:00:00+00:00'": (r"\d{4}-\d\d-\d\dT00:00:00\+00:00", "%Y-%m-%dT00:00:00+00:00"),
    "dd/MM/yyyy HH:mm": (r"\d\d/\d\d/\d{4} \d\d:\d\d", "%d/%m/%Y %H:%M"),
    "dd/MM/yyyy HH:mm:ss": (r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", "%d/%m/%Y %H:%M:%S"),
    "d/M/yyyy H:mm:ss": (r"\d\d?/\d\d?/\d{4} \d\d?:\d\d:\d\d", "%d/%m/%Y %H:%M:%S"),
    "M/d/yyyy H:mm:ss": (r"\d\d?/\d\d?/\d{4} \d\d?:\d\d:\d\d", "%m/%d/%Y %H:%M:%S"),
}
# As to_moment reads it without a pattern.
MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?)(?:(?<=:\d\d:\d\d)\.\d{1,9})?"
    r"(?: ?(?:[Zz]|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?))?"
)
# A month and its year: 3/2024.
_MONTH = re.compile(r"(?:0?[1-9]|1[0-2])/(?:19|20)\d\d")
_MIDNIGHT = re.compile(r"00:00(?::00(?:\.0+)?)?(?![\d:.])")

Cells = Counter[str]
_NUMERIC = re.compile(rf"-?[0-9{SPACES}.,]+")
_MARKED = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[0-9A-Za-z]+")
# Different cells with letters from which numbers are codes.
MARKS = 3


@dataclass(frozen=True)
class Typing:
    """How a column is read.

    Attributes:
        macro: `to_integer`…, or `clean_text`.
        arguments: those that follow the column, as a model writes them.
        share: of the filled cells that it reads, those that say they know nothing aside.
        fits: whether it reads a cell, white space around it aside.
        nulls: what the cells say that say they know nothing.
    """

    macro: str = "clean_text"
    arguments: tuple[str, ...] = ()
    share: float = field(default=1.0, compare=False)
    fits: Callable[[str], object] = field(default=bool, compare=False, repr=False)
    nulls: tuple[str, ...] = field(default=(), compare=False)

    @property
    def condition(self) -> str | None:
        """The macro that tells whether a cell can be read; None for a text."""
        return None if self.macro == "clean_text" else self.macro.replace("to_", "is_", 1)


TEXT = Typing()


def guess(
    name: str,
    received: Mapping[str | None, int] | Mapping[str, int],
    references: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Typing:
    """The typing that reads nearly all the filled cells of a column; a text in doubt.

    Args:
        name: of the column.
        received: how often each cell comes.
        references: codes that others know, by what they are; numbers that are among them are codes too.
    """
    cells: Cells = Counter()
    for cell, times in received.items():
        if cell is not None and (text := cell.strip()) and not text.startswith("#"):
            cells[text] += times
    nulls = tuple(cell for cell in cells if cell.lower() in NULL_MARKS)
    for cell in nulls:
        del cells[cell]
    written = partial(_written_day, name)
    number = partial(_number, bool(PLACED & set(name.split("_"))))
    for guessed in (_boolean, _checked, written, _code(name, references), number, _moment, _date):
        if cells and (typing := guessed(cells)):
            return replace(typing, nulls=nulls)
    return TEXT


def _share(cells: Cells, reads: Callable[[str], object]) -> float:
    """The share of the cells that are read; 0 where it is not enough of them."""
    share = sum(times for cell, times in cells.items() if reads(cell)) / cells.total()
    return share if share >= ENOUGH else 0.0


def _boolean(cells: Cells) -> Typing | None:
    said = {cell.lower() for cell in cells}
    answers = BOOLEANS | LETTERS if said >= LETTERS else BOOLEANS
    return _if_enough(cells, Typing("to_boolean", fits=lambda cell: cell.lower() in answers))


def _if_enough(cells: Cells, typing: Typing) -> Typing | None:
    """The typing with the share of the cells that it reads; None where it is not enough of them."""
    share = _share(cells, typing.fits)
    return replace(typing, share=share) if share else None


def _is_school_year(cell: str) -> bool:
    years = re.fullmatch("((?:19|20)[0-9]{2})-((?:19|20)[0-9]{2})", cell)
    return years is not None and int(years[2]) == int(years[1]) + 1


def _checked(cells: Cells) -> Typing | None:
    """Numbers of enterprises, school years, keys of schools: two FASE numbers, the second a large one."""
    if found := _if_enough(cells, Typing("to_bce_number", fits=is_bce_number)):
        return found
    if found := _if_enough(cells, Typing("school_year", fits=_is_school_year)):
        return found
    form = re.compile(r"[0-9]{1,6}/([0-9]{1,6})")
    if _share(cells, _MONTH.fullmatch):
        return None
    large = [int(key[1]) > LARGEST_MAP for cell in cells if (key := form.fullmatch(cell))]
    if sum(large) <= len(large) * 0.8:
        return None
    return _if_enough(cells, Typing("school_key", fits=form.fullmatch))


def _written_day(name: str, cells: Cells) -> Typing | None:
    """Eight figures that are all days, by their number or by the name of their column: 20240131, 31012024."""
    if len(cells) < MANY and not DAYS & set(name.split("_")):
        return None
    return _if_enough(cells, Typing("to_date", ("'yyyyMMdd'",), fits=_is_written_day)) or _if_enough(
        cells,
        Typing(
            "to_date", ("'ddMMyyyy'",), fits=lambda cell: _is_written_day(cell[4:] + cell[2:4] + cell[:2])
        ),
    )


def _is_written_day(cell: str) -> bool:
    return "1900" <= cell[:4] <= "2100" and _is_day(r"\d{8}", "%Y%m%d", cell)


def _code(name: str, references: Mapping[str, Collection[str]]) -> Callable[[Cells], Typing | None]:
    def guessed(cells: Cells) -> Typing | None:
        if not _share(cells, re.compile("[0-9]+").fullmatch):
            return None
        padded = any(re.fullmatch(r"0[0-9]+", cell) for cell in cells)
        lengths = Counter[int]()
        for cell, often in cells.items():
            lengths[len(cell)] += often
        (length, times), *_ = lengths.most_common(1)
        words = set(name.split("_"))
        coded = bool(CODES & words)
        # Too long for an integer: a number that names something, where all are as long, or it is called one.
        figures = [len(cell) for cell in cells if cell.isdecimal()]
        long = max(figures) > 9 and (len(lengths) == 1 or coded or _IDENTIFIER.search(name) is not None)
        known = len(cells) >= FEW and any(_share(cells, codes.__contains__) for codes in references.values())
        if not (padded or long or known or coded):
            return None
        if times < ENOUGH * cells.total():
            return None if not (padded or long or known or words & (CODES - {*PLACES})) else TEXT
        pattern = f"[0-9]{{{length}}}"
        return Typing("to_code", (f"'{pattern}'",), times / cells.total(), re.compile(pattern).fullmatch)

    return guessed


def _number(parted: bool, cells: Cells) -> Typing | None:
    """The numbers of a column; `parted` where its name says that a sign parts decimals, not thousands."""
    if _are_marked(cells):
        return None
    for sign, groups in ((".", ""), (".", " "), (",", ""), (",", " "), (",", "."), (".", ",")):
        group = f"[{SPACES}]" if groups == " " else re.escape(groups)
        whole = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+" if groups else "[0-9]+"
        form = re.compile(rf"-?(?P<whole>{whole})(?:[{sign}](?P<decimals>[0-9]+))?")
        share = _share(cells, form.fullmatch)
        if not share:
            continue
        found = [match for match in map(form.fullmatch, cells) if match]
        decimals = [match["decimals"] for match in found if match["decimals"]]
        digits = max(len(re.sub("[^0-9]", "", match["whole"])) for match in found)
        separators = f"group_separators=['{groups}']" if groups else ""
        if not decimals and digits <= 9:
            typing = Typing("to_integer", tuple(filter(None, [separators])))
        elif (
            decimals and not (groups or parted or _is_part(found)) and all(len(one) == 3 for one in decimals)
        ):
            # « 1,234 » and nothing else: thousands or thousandths, unless small numbers have neither.
            if not _are_thousands(found):
                return None
            typing = Typing("to_integer", (f"group_separators=['{sign}']",))
        else:
            typing = decimal_of(digits, max(map(len, decimals), default=0), sign, separators)
        return replace(typing, share=share, fits=form.fullmatch)
    return None


def _are_marked(cells: Cells) -> bool:
    """Whether letters are among the figures of codes that are as long: 2B309 beside 1387."""
    lengths = {len(cell) for cell in cells if cell.isdecimal()}
    others = [cell for cell in cells if not _NUMERIC.fullmatch(cell)]
    marked = [cell for cell in others if _MARKED.fullmatch(cell) and len(cell) in lengths and len(cell) > 2]
    return len(marked) >= MARKS and len(marked) >= ENOUGH * len(others)


def _is_part(found: Sequence[re.Match[str]]) -> bool:
    """Whether a number begins with 0 before its decimals, as no thousands do: 0.025."""
    return any(match["whole"] == "0" and match["decimals"] for match in found)


def _are_thousands(found: Sequence[re.Match[str]]) -> bool:
    """Whether numbers with three digits after a sign are whole: small ones lack it, none begins with 0."""
    small = [match for match in found if not match["decimals"]]
    return (
        len(found) >= (SEVERAL if len(small) > 1 else MANY)
        and bool(small)
        and all(len(match["whole"]) <= 3 for match in found)
        and not any(match["decimals"] and match["whole"].startswith("0") for match in found)
    )


def decimal_of(digits: int, scale: int, sign: str, separators: str) -> Typing:
    """The decimal numbers of as many digits and decimals, and of some more.

    Args:
        digits: before the sign, at most.
        scale: digits after it, at most.
        sign: of the decimals.
        separators: of groups, as an argument; "" for none.
    """
    rounded = scale > MOST_DECIMALS
    scale = min(scale, MOST_DECIMALS)
    # Room for numbers a thousand times as large.
    arguments = [str(digits + scale + 3), str(scale)]
    if scale and sign != ".":
        arguments.append(f"decimal_separator='{sign}'")
    return Typing("to_decimal", (*arguments, *filter(None, [separators, "round=true" if rounded else ""])))


def _is_day(shape: str, form: str, cell: str) -> bool:
    try:
        return bool(re.fullmatch(shape, cell)) and bool(datetime.strptime(cell, form))
    except ValueError:
        return False


def is_moment(cell: str) -> bool:
    """Whether a cell is a moment of ISO 8601, as to_moment reads it."""
    found = MOMENT.fullmatch(cell)
    try:
        # Python knows no more than six decimals of a second.
        return found is not None and bool(datetime.fromisoformat(found[1]))
    except ValueError:
        return False


def _moment(cells: Cells) -> Typing | None:
    """Days with a time, unless it is midnight everywhere: that is a day that its system keeps so."""
    if found := _if_enough(cells, Typing("to_moment", fits=is_moment)):
        return found if any(is_moment(cell) and not _MIDNIGHT.match(cell, 11) for cell in cells) else None
    for pattern, (shape, form) in DATES.items():
        if "H" not in pattern or pattern.startswith("yyyy"):
            continue
        typing = Typing("to_moment", (f"'{pattern}'",), fits=partial(_is_day, shape, form))
        times = [cell.partition(" ")[2] for cell in cells]
        if (found := _if_enough(cells, typing)) and any(re.search("[1-9]", time) for time in times):
            return found
    return None


def _date(cells: Cells) -> Typing | None:
    found = None
    for pattern, (shape, form) in DATES.items():
        written = f'"{pattern}"' if "'" in pattern else f"'{pattern}'"
        read = _if_enough(cells, Typing("to_date", (written,), fits=partial(_is_day, shape, form)))
        found = read if read and (found is None or read.share > found.share) else found
        if found and found.share == 1:
            return found
    return found
