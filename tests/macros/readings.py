"""What a cell says, read by plain Python: what the typing macros are compared with on random cells."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

# White space of Unicode, and what takes no room.
BLANKS = "\t\n\v\f\r\x85\u00a0\u1680\u2028\u2029\u202f\u205f\u2060\u3000\ufeff\u200b\u200e\u200f " + "".join(
    map(chr, range(0x2000, 0x200B))
)
SPACES = " \u00a0\u202f"
DIGITS = set("0123456789")

Reading = Callable[[str], object]


def number(
    precision: int, scale: int, decimal_sign: str = ".", groups: str = "", rounded: bool = False
) -> Reading:
    """How a number of a numeric(precision, scale) is read; a cell that is none gives None."""
    room = precision - scale - (1 if rounded else 0)

    def read(cell: str) -> Decimal | None:
        text = cell.strip(BLANKS)
        whole, sign, fraction = text.removeprefix("-").partition(decimal_sign)
        digits = _ungrouped(whole, groups)
        if (
            digits is None
            or len(digits) > room
            or bool(sign) != bool(fraction)
            or not set(fraction) <= DIGITS
        ):
            return None
        if not rounded and len(fraction) > scale:
            return None
        value = Decimal(f"{'-' if text.startswith('-') else ''}{digits}.{fraction or 0}")
        return value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)

    return read


def _ungrouped(whole: str, groups: str) -> str | None:
    plain = "".join(" " if sign in SPACES else sign for sign in whole)
    if set(plain) <= DIGITS:
        return plain or None
    for sign in groups:
        first, *others = plain.split(sign)
        if (
            others
            and 1 <= len(first) <= 3
            and all(len(other) == 3 for other in others)
            and set("".join([first, *others])) <= DIGITS
        ):
            return "".join([first, *others])
    return None


def day(order: str, sign: str, padded: bool, first_year: int | None = None) -> Reading:
    """How a day is read: `order` of y, M, d, parted by `sign`; two-digit years when first_year is given."""

    def read(cell: str) -> date | None:
        parts = cell.strip(BLANKS).split(sign)
        if len(parts) != 3 or not set("".join(parts)) <= DIGITS:
            return None
        told = dict(zip(order, parts, strict=True))
        lengths = {2} if padded else {1, 2}
        if len(told["M"]) not in lengths or len(told["d"]) not in lengths:
            return None
        if len(told["y"]) != (4 if first_year is None else 2):
            return None
        year = int(told["y"])
        if first_year is not None:
            year = first_year + (year - first_year) % 100
        try:
            return date(year, int(told["M"]), int(told["d"]))
        except ValueError:
            return None

    return read


def excel_day(cell: str) -> date | None:
    """The day of a serial number of Excel; None for the 29 February 1900 that it invents."""
    whole, sign, fraction = cell.strip(BLANKS).partition(".")
    if not whole or not set(whole + fraction) <= DIGITS or bool(sign) != bool(fraction) or len(whole) > 7:
        return None
    days = int(whole)
    if not 1 <= days <= 2958465 or days == 60:
        return None
    return date(1899, 12, 31 if days < 60 else 30) + timedelta(days=days)


def moment(cell: str) -> str | None:
    """A moment of ISO 8601 as PostgreSQL shows it, at universal time where it says its zone."""
    read = _moment(cell)
    if read is None:
        return None
    shown = read.isoformat(" ")
    return shown.rstrip("0") if "." in shown else shown


def _moment(cell: str) -> datetime | None:
    text = cell.strip(BLANKS)
    found = _ISO.fullmatch(text)
    if not found:
        return None
    seconds = (found["seconds"] or ":00")[1:3]
    thousandths = ((found["decimals"] or ".")[1:] + "000")[:3]
    zone = (found["zone"] or "Z").strip()
    try:
        read = datetime.fromisoformat(f"{found['day']}T{found['time']}:{seconds}.{thousandths}")
    except ValueError:
        return None
    if zone in "Zz":
        return read
    digits = (zone[1:].replace(":", "") + "00")[:4]
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    try:
        return read + shift if zone[0] == "-" else read - shift
    except OverflowError:
        return None


_ISO = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[ T](?P<time>[0-9]{2}:[0-9]{2})"
    r"(?P<seconds>:[0-9]{2}(?P<decimals>[.][0-9]{1,9})?)?"
    r"(?P<zone> ?(?:[Zz]|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?))?"
)
READINGS: dict[str, Reading] = {
    "{{ trim_blanks('t') }}": lambda cell: cell.strip(BLANKS),
    "{{ to_integer('t') }}": number(9, 0, decimal_sign="!"),
    "{{ to_integer('t', [',', ' ']) }}": number(9, 0, decimal_sign="!", groups=", "),
    "{{ to_decimal('t', 9, 6) }}": number(9, 6),
    "{{ to_decimal('t', 9, 6, round=true) }}": number(9, 6, rounded=True),
    "{{ to_decimal('t', 14, 2, ',', ['.', ' ']) }}": number(14, 2, ",", ". "),
    "{{ to_date('t') }}": day("yMd", "-", padded=True),
    "{{ to_date('t', 'dd/MM/yyyy') }}": day("dMy", "/", padded=True),
    "{{ to_date('t', 'd/M/yyyy') }}": day("dMy", "/", padded=False),
    "{{ to_date('t', 'dd-MM-yy') }}": day("dMy", "-", padded=True, first_year=1930),
    "{{ to_excel_date('t') }}": excel_day,
    "{{ to_moment('t') }}": moment,
}
