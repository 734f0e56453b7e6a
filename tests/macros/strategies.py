"""Random inputs for macros, by PostgreSQL type, within the limits that a case file gives and justifies.

    domain:
      n: {min: -500, max: 500, why: "…"}      numbers, dates, timestamps
      t: {values: ['a', 'b'], why: "…"}       only these
      t: {pattern: '[0-9]{1,9}', why: "…"}    texts that this regular expression matches whole
      t: {alphabet: 'abc', max_length: 5}     texts of these characters
      t: {near: 'abc'}                        texts mostly of these characters, which the macro looks for;
                                              with `pattern`, some texts follow it and some do not
      x: {scale: 2}                           digits after the point
      x: {nullable: false}                    never null

Dates go from 1583, the first whole year of the Gregorian calendar (Java counts older days in the Julian one),
to 9999, the last one that both engines write with four digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.macros.casefiles import INPUT_TABLE, Entry

FIRST, LAST = date(1583, 1, 1), date(9999, 12, 31)
# What SQL, LIKE, regular expressions and Jinja give a meaning to; accents, composed or not; other scripts.
CHARACTERS = (
    "aAbBzZ019 '\"$\\%_~.,;:-+*?|()[]{}^&#/@!<>=\t\n"
    "éèêëàâäçîïôöùûüÿñÉÈÀÇÔŒœÆæßØøÅåŁłİıſ´`¨’«»…–\u00a0\u0301\u200d€µ"
    "αΩЖкאبदि中文日本한국😀👩\U0001d54f"
)
INTEGERS = {"smallint": 15, "integer": 31, "bigint": 63}
SYNONYMS = {
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "int2": "smallint",
    "float8": "double precision",
}
# Days that calendars are wrong about: ends of months and years, leap days, ISO weeks that start another year.
AWKWARD_DAYS = [
    date(year, month, day)
    for year in (1583, 1600, 1900, 1999, 2000, 2004, 2009, 2015, 2020, 2021, 2024, 2025, 2100, 9999)
    for month, day in [
        *((1, 1), (1, 3), (1, 4), (1, 31), (2, 28), (3, 1), (3, 31), (4, 30), (6, 30), (7, 1), (9, 30)),
        *((10, 31), (12, 28), (12, 29), (12, 31)),
    ]
] + [date(year, 2, 29) for year in (1584, 1600, 2000, 2004, 2020, 2024, 9996)]


def batches(entry: Entry, most: int) -> st.SearchStrategy[list[Mapping[str, list[dict[str, Any]]]]]:
    """Lists of inputs of an entry's call, as its cases give them.

    Args:
        most: the longest list.
    """
    # The length is drawn first: a list of its own accord is nearly always short, and one query takes many.
    return st.integers(1, most).flatmap(lambda size: st.lists(_inputs(entry), min_size=size, max_size=size))


def _inputs(entry: Entry) -> st.SearchStrategy[Mapping[str, list[dict[str, Any]]]]:
    rows = {
        table: st.fixed_dictionaries(
            {column: values(kind, entry.domain.get(column, {})) for column, kind in types.items()}
        )
        for table, types in entry.tables.items()
    }
    if entry.kind in ("aggregate", "relation"):
        return st.fixed_dictionaries({table: st.lists(row, max_size=8) for table, row in rows.items()})
    return st.fixed_dictionaries({INPUT_TABLE: rows[INPUT_TABLE].map(lambda row: [row])})


def values(kind: str, limits: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values of a PostgreSQL type, null among them unless `nullable` is false.

    Raises:
        ValueError: no strategy for the type.
    """
    drawn = st.sampled_from(limits["values"]) if "values" in limits else _values(kind, limits)
    return drawn if limits.get("nullable") is False else st.one_of(drawn, drawn, drawn, drawn, st.none())


def _values(kind: str, limits: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    name = kind.split("(")[0].strip().lower()
    name = SYNONYMS.get(name, name)
    if name in ("text", "varchar", "character varying"):
        return _texts(limits)
    if name in INTEGERS:
        least = limits.get("min", -(2 ** INTEGERS[name]))
        most = limits.get("max", 2 ** INTEGERS[name] - 1)
        near = st.integers(max(least, -12), min(most, 12)) if least <= 12 and most >= -12 else st.nothing()
        return st.one_of(near, st.integers(least, most))
    if name in ("numeric", "decimal"):
        least, most = Decimal(str(limits.get("min", "-1e9"))), Decimal(str(limits.get("max", "1e9")))
        return st.decimals(least, most, places=limits.get("scale", 4))
    if name in ("double precision", "real"):
        width = 64 if name == "double precision" else 32
        drawn = st.floats(limits.get("min", -1e9), limits.get("max", 1e9), width=width)
        # PostgreSQL takes a result too small for a double for an error; nothing here counts so finely.
        return drawn.map(lambda value: 0.0 if abs(value) < 1e-12 else value)
    if name == "boolean":
        return st.booleans()
    if name == "date":
        return _dates(limits)
    if name == "time":
        return st.times()
    if name in ("timestamp", "timestamptz"):
        return st.builds(datetime.combine, _dates(limits), _times(limits))
    raise ValueError(f"no random values of type {kind}")


def _texts(limits: Mapping[str, Any]) -> st.SearchStrategy[str]:
    longest = limits.get("max_length", 12)
    drawn = []
    if "pattern" in limits:
        drawn.append(st.from_regex(limits["pattern"], fullmatch=True))
    if "alphabet" in limits:
        drawn.append(st.text(st.sampled_from(list(limits["alphabet"])), max_size=longest))
    if "near" in limits:
        near, any_of_them = st.sampled_from(list(limits["near"])), st.sampled_from(list(CHARACTERS))
        drawn.append(st.text(near, max_size=longest))
        drawn.append(st.text(st.one_of(near, near, near, near, any_of_them), max_size=longest))
    if not drawn:
        # PostgreSQL's text holds every character but NUL.
        anything = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
        drawn.append(st.text(st.one_of(st.sampled_from(list(CHARACTERS)), anything), max_size=longest))
    return st.one_of(drawn)


def _dates(limits: Mapping[str, Any]) -> st.SearchStrategy[date]:
    least, most = _day(limits.get("min", FIRST)), _day(limits.get("max", LAST))
    awkward = [day for day in AWKWARD_DAYS if least <= day <= most]
    anywhere = st.dates(least, most)
    return st.one_of(st.sampled_from(awkward), anywhere) if awkward else anywhere


def _times(limits: Mapping[str, Any]) -> st.SearchStrategy[time]:
    step = {"second": 1_000_000, "millisecond": 1000, "microsecond": 1}[
        limits.get("precision", "microsecond")
    ]
    drawn = st.integers(0, 86_400_000_000 // step - 1).map(
        lambda steps: (datetime.min + timedelta(microseconds=steps * step)).time()
    )
    return st.one_of(st.just(time(0)), drawn)


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
