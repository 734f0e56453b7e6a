"""The text of a workbook's cell, from what its XML keeps and the number format that shows it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache, partial

from openpyxl.styles.numbers import is_date_format, is_timedelta_format

Texts = list[str | None]
_DAY = 86_400
_LAST_DAY = datetime.date.max.toordinal()
_START_1900, _START_1904 = datetime.date(1899, 12, 30).toordinal(), datetime.date(1904, 1, 1).toordinal()
# Excel believes that 29 February 1900 (serial 60) existed: earlier days count from another start.
_NO_SUCH_DAY = 60
_LAST_SERIAL = 10_000_000
# Of a number format, for Excel.
_LONGEST_FORMAT = 255
_FIFTEEN = Context(prec=15, rounding=ROUND_HALF_UP)
_LARGEST_EXPONENT = 330
# Whole, or short enough for 15 digits: what Excel would show too.
_AS_KEPT = re.compile(r"-?[1-9]\d*|0|-?(?=.{3,16}\Z)(?:0|[1-9][0-9]*)\.[0-9]*[1-9]", re.S)
# Many such numbers, or whole ones, a line each: possessive, so that a text is read once.
_DECIMALS = r"-?(?=[0-9.]{3,16}+(?![0-9.]))(?:0|[1-9][0-9]*+)\.[0-9]*[1-9](?![0-9])"
_AS_KEPT_MANY = re.compile(rf"(?:(?>-?[1-9][0-9]*+(?!\.)|0(?!\.)|{_DECIMALS})(?:\n|\Z))*+")
_WHOLE = re.compile(r"(?:[1-9][0-9]*+(?:\n|\Z))*+")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_FORMAT_PART = re.compile(r'"([^"]*)"|\\(.)|(\[[^\]]*\]|[_*].)|([0#?])|([-+/():\' ])|(.)', re.S)


def unescaped(text: str) -> str:
    """A text without the `_xHHHH_` that stand for characters XML cannot hold; line ends become LF."""
    if "_x" in text:
        decoded = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        try:
            text = decoded.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            return text
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def escaped(text: str) -> str:
    """A text as a workbook keeps it, so that what looks like `_xHHHH_` in it stays so."""
    return _LOOKS_ESCAPED.sub("_x005F_", text)


def plain_number(text: str) -> str:
    """A number as Excel shows it in full: no exponent, no more than 15 significant digits.

    Args:
        text: as the workbook keeps it; whole numbers written out stay as they are, and so does what is none.
    """
    if _AS_KEPT.fullmatch(text):
        return text
    try:
        number = _FIFTEEN.plus(Decimal(text.strip()))
    except ArithmeticError:
        return text
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        return text
    if not number:
        return "0"
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


@lru_cache(maxsize=4096)
def reader_of(code: str, since_1904: bool) -> Callable[[str], str]:
    """What makes text of the numbers under a format.

    Args:
        code: as the workbook keeps it, always in its English form.
        since_1904: whether the workbook counts its days from 1904, as old Macs did.
    """
    if len(code) > _LONGEST_FORMAT:
        return plain_number
    if is_timedelta_format(code):
        return duration
    if is_date_format(code):
        shown = _without_literals(code)
        dated = bool(re.search("[dy]", shown)) or not re.search("[hs]", shown)
        return partial(moment, dated=dated, since_1904=since_1904)
    parts = _code_parts(code)
    if parts and set(parts) == {"0"}:
        return partial(_padded, width=len(parts))
    return partial(_coded, parts=parts) if parts else plain_number


def of_many(meaning: Callable[[str], str | None]) -> Callable[[Texts], Texts]:
    """What makes texts of many numbers at once, as a meaning of `reader_of` does of each; None stays.

    Args:
        meaning: any; those of plain numbers and of codes are faster for many.
    """
    width = meaning.keywords["width"] if isinstance(meaning, partial) and meaning.func is _padded else 0
    usual = _WHOLE if width else _AS_KEPT_MANY if meaning is plain_number else None

    def of_each(texts: Texts) -> Texts:
        filled = [*filter(None, texts)] if usual else []
        lines = "\n".join(filled)
        if usual and usual.fullmatch(lines) and lines.count("\n") < max(len(filled), 1):
            return [text and text.zfill(width) for text in texts] if width else texts
        if usual and not width:
            return [text if text is None or _AS_KEPT.fullmatch(text) else meaning(text) for text in texts]
        return [text if text is None else meaning(text) for text in texts]

    return of_each


def moment(text: str, *, dated: bool, since_1904: bool) -> str:
    """A serial number as an ISO date, time, or both; one that is no date keeps its number.

    Args:
        text: days, as the workbook keeps them.
        dated: whether the format shows a day, not an hour only.
        since_1904: as in `reader_of`.
    """
    try:
        serial = float(text)
    except ValueError:
        return text
    if not abs(serial) < _LAST_SERIAL:
        return plain_number(text)
    days, seconds = divmod(round(serial * _DAY), _DAY)
    if not dated and 0 <= serial < 1:
        return _time(seconds)
    date = _date(days, since_1904)
    if date is None:
        return plain_number(text)
    return f"{date.isoformat()}T{_time(seconds)}" if seconds else date.isoformat()


def _time(seconds: int) -> str:
    return (datetime.datetime.min + datetime.timedelta(seconds=seconds)).time().isoformat()


def _date(days: int, since_1904: bool) -> datetime.date | None:
    if since_1904:
        first, start = 0, _START_1904
    else:
        first, start = 1, _START_1900 + (days < _NO_SUCH_DAY)
    if days < first or days > _LAST_DAY - start or (days == _NO_SUCH_DAY and not since_1904):
        return None
    return datetime.date.fromordinal(start + days)


def duration(text: str) -> str:
    """Hours, minutes and seconds, as the format [h]:mm:ss shows a number of days."""
    try:
        seconds = round(float(text) * _DAY)
    except (ValueError, OverflowError):
        return text
    minutes, rest = divmod(abs(seconds), 60)
    return f"{'-' if seconds < 0 else ''}{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _without_literals(code: str) -> str:
    """The first part of a format, in lower case, without its texts, colours and languages."""
    first = re.sub(r'"[^"]*"|\\.|[_*].', "", code).split(";")[0].lower()
    return re.sub(r"\[[^\]]*\]", "", first)


def _code_parts(code: str) -> tuple[str, ...]:
    """The digits (0, # and ?) and texts of a format that shows a code, () for another.

    A code starts with a zero and has a second one or a separator (`00000`, `0000\\-00`, `"BE"0000000000`,
    `0#" "##" "##`), and neither decimals, thousands, nor a unit at its end.
    """
    parts = []
    for quoted, escaped, ignored, digit, mark, other in _FORMAT_PART.findall(code.split(";")[0]):
        if other or (ignored.startswith("[$") and not ignored.startswith("[$-")):
            return ()
        if not ignored:
            parts.append(digit or f"'{quoted or escaped or mark}")
    shown = "".join(part[0] for part in parts).lstrip("'")
    coded = shown.startswith("0") and not shown.endswith("'") and (shown.count("0") > 1 or "'" in shown)
    return tuple(parts) if coded else ()


def _padded(text: str, *, width: int) -> str:
    """A whole number under a code's format of zeros; another number stays plain."""
    if text.isdecimal() and "1" <= text[0] <= "9":
        return text.zfill(width)
    number = plain_number(text)
    negative = number.startswith("-")
    return number.zfill(width + negative) if number[negative:].isdecimal() else number


def _coded(text: str, *, parts: tuple[str, ...]) -> str:
    """A whole number under a code's format; another number stays plain."""
    number = plain_number(text)
    digits = number.removeprefix("-")
    if not digits.isdecimal():
        return number
    shown: list[str] = []
    places = sum(not part.startswith("'") for part in parts)
    for part in reversed(parts):
        if part.startswith("'"):
            shown.append(part[1:])
            continue
        places -= 1
        taken = digits if not places else digits[-1:]
        shown.append(taken or ("0" if part == "0" else ""))
        digits = digits[: len(digits) - len(taken)]
    return ("-" if number.startswith("-") else "") + "".join(reversed(shown))
