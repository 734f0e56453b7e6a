"""What the type that a source names says of a column, beyond the cells that were looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from donnees_au_centre.discovery.typings import ENOUGH, TEXT, Typing, decimal_of, is_moment

_NAMED = re.compile(r"([a-z][a-z0-9]*)[a-z ]*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?[a-z ]*")
_WHOLE = ("int2", "int4", "smallint", "int", "integer", "tinyint", "mediumint", "smallserial", "serial")
_LONG = ("int8", "bigint", "bigserial", "long")
_EXACT = ("numeric", "decimal", "dec", "number", "money", "smallmoney")
_FLOAT = ("float", "float4", "float8", "real", "double")
_YES_NO = ("bool", "boolean")
_MOMENTS = ("timestamp", "timestamptz", "datetimeoffset", "datetime2", "smalldatetime")
# What the type of a column may correct.
_LOOSE = (TEXT.macro, "to_integer", "to_decimal", "to_boolean", "to_date", "to_moment")
# Digits of the largest number of 64 bits, and those that a whole number is read with.
_LONGEST, _INTEGER = 19, 9
_NUMBER = re.compile(r"-?(\d+)(?:\.(\d+))?")
# What a source that knows a column to be yes or no writes.
_SAID = {"t", "f", "true", "false", "1", "0"}


def typed(named: str, guessed: Typing, cells: Mapping[str, int]) -> Typing:
    """How a column is read, of which its source names the type.

    Args:
        named: as the source writes it: `numeric(10, 2)`, `timestamptz`; "" where it names none.
        guessed: from the cells alone: it stays where the type says no more, or where the cells do not follow
            it; a code stays a code.
        cells: the filled ones, with how often each comes.
    """
    found = _NAMED.fullmatch(named.strip().lower())
    if not found or guessed.macro not in _LOOSE:
        return guessed
    word, precision, scale = found[1], int(found[2] or 0), int(found[3] or 0)
    told = {cell: times for cell, times in cells.items() if cell not in guessed.nulls}
    typing = _of_type(word, precision, scale, "unsigned" in named.lower(), guessed, told)
    read = sum(times for cell, times in told.items() if typing.fits(cell))
    share = read / sum(told.values()) if told else 1.0
    return replace(typing, share=share, nulls=guessed.nulls) if share >= ENOUGH else guessed


def _of_type(
    word: str, precision: int, scale: int, unsigned: bool, guessed: Typing, cells: Mapping[str, int]
) -> Typing:
    if word in _YES_NO or (word == "bit" and precision < 2) or (word == "tinyint" and precision == 1):
        fits = {cell.lower() for cell in cells} <= _SAID
        return Typing("to_boolean", fits=lambda cell: cell.lower() in _SAID) if fits else guessed
    if word == "date" and not cells:
        return Typing("to_date", ("'yyyy-MM-dd'",))
    if word in _MOMENTS:
        # A day that is kept as a moment may have a time tomorrow; a day stays one where people wrote it so.
        return Typing("to_moment", fits=is_moment) if all(map(is_moment, cells)) else guessed
    if word in _EXACT and scale:
        return _decimal(max(precision, scale + 1), scale)
    if word in (*_FLOAT, *_EXACT) and any("." in cell for cell in cells):
        # « 1.234 » of a column of numbers is never a thousand.
        return _plain_decimal(cells) or guessed
    if word not in (*_WHOLE, *_LONG, *_EXACT) or (cells and guessed == TEXT):
        return guessed
    if word in _LONG or unsigned:
        return _decimal(_LONGEST, 0)
    if word in _EXACT and not precision:
        return guessed
    return (
        _decimal(precision, 0)
        if word in _EXACT and precision > _INTEGER
        else Typing("to_integer", fits=_fits(0))
    )


def _decimal(precision: int, scale: int) -> Typing:
    return Typing("to_decimal", (str(precision), str(scale)), fits=_fits(scale))


def _fits(scale: int) -> Callable[[str], object]:
    return re.compile(rf"-?\d+(?:\.\d{{1,{scale}}})?" if scale else r"-?\d+").fullmatch


def _plain_decimal(cells: Mapping[str, int]) -> Typing | None:
    numbers = [found for found in map(_NUMBER.fullmatch, cells) if found]
    if not numbers:
        return None
    digits, decimals = (max(len(found[place] or "") for found in numbers) for place in (1, 2))
    return replace(decimal_of(digits, decimals, ".", ""), fits=_NUMBER.fullmatch)
