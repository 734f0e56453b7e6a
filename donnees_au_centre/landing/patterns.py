"""Where a source's files are: a pattern below the landing root, and what it takes from their names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from functools import cache

# Of a date's form, as to_date writes it; a year is of our time, so that a count is not taken for one.
_PARTS = {"yyyy": "(?:19|20|21)[0-9]{2}", "MM": "(?:0[1-9]|1[0-2])", "dd": "(?:0[1-9]|[12][0-9]|3[01])"}
_DATE_FORM = re.compile(r"(?:yyyy|MM|dd)(?:[-_.]?(?:yyyy|MM|dd))*")
_PIECE = re.compile(r"(\{[^}]*\})")


def captures(location: str) -> dict[str, str]:
    """What a location takes from the names of files.

    Args:
        location: as `age/ise/ise_{edition:v0|yyyy}.csv`.

    Returns:
        The form of each capture by its name, in order; "" for one that takes anything.
    """
    return dict(_capture(piece) for piece in _PIECE.findall(location))


def takes_several_files(location: str) -> bool:
    """Whether a location may match more than one file."""
    return re.search(r"[*?{]|\[[^\]/]+\]", location) is not None


def is_date(form: str) -> bool:
    """Whether every value of a form can be told earlier or later: a year at least."""
    return all("yyyy" in _parts(alternative) for alternative in form.split("|"))


@cache
def compiled(location: str, any_case: bool = False, loose: bool = False) -> re.Pattern[str]:
    """Translates a location.

    Args:
        location: `*`, `?` and `[0-3]` stay within a folder; `{name:form}` is a group of that name.
        any_case: whether capitals and small letters are the same.
        loose: takes anything within a folder where a form is given.

    Raises:
        re.error: it cannot be a pattern.
    """
    pattern = ""
    for piece in _PIECE.split(_composed(location)):
        if piece.startswith("{"):
            name, form = _capture(piece)
            pattern += f"(?P<{name}>{'[^/]+' if loose or not form else _form_pattern(form)})"
        else:
            pattern += _glob_pattern(piece)
    return re.compile(pattern, re.IGNORECASE if any_case else 0)


def match(location: str, path: str, any_case: bool = False) -> dict[str, str] | None:
    """The captures of a path by name, its accents written either way, or None when it does not match."""
    found = compiled(location, any_case).fullmatch(_composed(path))
    if found is None:
        return None
    taken = found.groupdict()
    forms = captures(location)
    return taken if all(fits(value, forms[name]) for name, value in taken.items()) else None


def is_above(folder: str, location: str) -> bool:
    """Whether files of a location may be in a folder, or in folders of it."""
    parts, above = location.split("/"), folder.count("/") + 1
    return above < len(parts) and match("/".join(parts[:above]), folder, any_case=True) is not None


def fits(value: str, form: str) -> bool:
    """Whether a text has a form: one of its alternatives, and a day that exists."""
    return not form or any(_fits_one(value, alternative) for alternative in form.split("|"))


def misfits(location: str, path: str) -> Iterator[str]:
    """Says in French, capture by capture, why a path that a location would take is not taken."""
    found = compiled(location, any_case=True, loose=True).fullmatch(_composed(path))
    for name, form in captures(location).items() if found else ():
        value = found[name] if found else ""
        if not fits(value, form):
            yield f"{name} « {value} » n'a pas la forme « {form} »"


def _composed(text: str) -> str:
    """Text whose accents are part of their letters, as most systems write names; a Mac does not."""
    return unicodedata.normalize("NFC", text)


def _capture(piece: str) -> tuple[str, str]:
    name, _, form = piece[1:-1].partition(":")
    return name, form


def _parts(form: str) -> list[str]:
    """The parts of a date's form, in order; none for another form."""
    return re.findall("yyyy|MM|dd", form) if _DATE_FORM.fullmatch(form) else []


def _form_pattern(form: str) -> str:
    return "|".join(_alternative_pattern(alternative) for alternative in form.split("|"))


def _alternative_pattern(alternative: str) -> str:
    if not _parts(alternative):
        return _glob_pattern(alternative)
    return re.sub("yyyy|MM|dd", lambda part: _PARTS[part[0]], alternative.replace(".", r"\."))


def _fits_one(value: str, alternative: str) -> bool:
    if re.fullmatch(_alternative_pattern(alternative), value) is None:
        return False
    parts = _parts(alternative)
    digits = "".join(filter(str.isdigit, value))
    numbers = []
    for part in parts:
        numbers.append(int(digits[: len(part)]))
        digits = digits[len(part) :]
    if sorted(parts) == ["MM", "dd", "yyyy"]:
        return _exists(**dict(zip(parts, numbers, strict=True)))
    years = [number for part, number in zip(parts, numbers, strict=True) if part == "yyyy"]
    return years == sorted(years)


def _exists(yyyy: int, MM: int, dd: int) -> bool:
    try:
        date(yyyy, MM, dd)
    except ValueError:
        return False
    return True


def _glob_pattern(glob: str) -> str:
    pattern = ""
    for piece in re.split(r"(\*|\?|\[[^\]/]+\])", glob):
        if piece in ("*", "?"):
            pattern += "[^/]*" if piece == "*" else "[^/]"
        elif piece.startswith("[") and piece.endswith("]"):
            pattern += piece.replace("\\", r"\\").replace("[!", "[^", 1)
        else:
            pattern += re.escape(piece)
    return pattern
