"""Where the rows of a JSON document are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from donnees_au_centre.landing.declaration import ENVELOPES, JSON_LINES

_DEEPEST = 3
# Values that are looked at in one place; share of the keys that objects alike have in common.
_SEEN = 200
_ALIKE = 0.5
# Keys of an object that are values: more of them than a record has members, or digits.
_MANY = 25


@dataclass(frozen=True)
class Rows:
    """Where rows are.

    Attributes:
        path: as `rows` says it: `*`, `data.*`, `*.*`, `lines`.
        keys: how many of its `*` steps go through the keys of an object, which columns receive.
        envelope: the service whose answer it is; None for none.
        count: how many rows are there.
        others: paths of other lists of objects.
    """

    path: str
    keys: int = 0
    envelope: str | None = None
    count: int = 0
    others: tuple[str, ...] = ()


def rows_of(text: str) -> Rows | None:
    """Finds the rows of a JSON document: the largest collection of objects that are alike.

    Args:
        text: the whole document, or one object a line.

    Returns:
        None when it holds no collection of objects.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        document = json.loads(text)
    except ValueError:
        return _lines(text)
    if isinstance(document, Mapping):
        for envelope, (path, count) in ENVELOPES.items():
            inside = document.get(path.split(".")[0])
            if isinstance(inside, list) and count in document:
                return Rows(path, envelope=envelope, count=len(inside))
    found = sorted(_collections(document, (), 0), key=lambda one: -one.count)
    if not found:
        return None
    # Of two readings of the same objects, the deeper one has more rows.
    best = found[0]
    return Rows(best.path, best.keys, None, best.count, tuple(one.path for one in found[1:] if one.keys == 0))


def _lines(text: str) -> Rows:
    lines = [line for line in text.splitlines() if line.strip()]
    read = [json.loads(line) for line in lines[:-1] or lines]
    if not all(isinstance(one, Mapping) for one in read):
        raise ValueError("not one object a line")
    return Rows(JSON_LINES, count=len(lines))


def _collections(value: Any, path: tuple[str, ...], keys: int) -> Iterator[Rows]:
    """The collections of objects in a value: a list of them, or an object whose keys are values."""
    if len(path) > _DEEPEST:
        return
    if isinstance(value, list):
        if _objects(value[:_SEEN]):
            yield Rows(".".join((*path, "*")), keys, None, len(value))
        return
    if not isinstance(value, Mapping) or not value:
        return
    members = list(value.values())
    if _is_map(value):
        yield from _of_map(members, (*path, "*"), keys + 1)
        return
    for name, member in value.items():
        if isinstance(member, list | Mapping) and "." not in name and name != "*":
            yield from _collections(member, (*path, name), keys)


def _of_map(members: Sequence[Any], path: tuple[str, ...], keys: int) -> Iterator[Rows]:
    """The rows behind the keys of an object: its members, or what is in them."""
    lists = [member for member in members if isinstance(member, list)]
    if len(lists) == len(members):
        rows = [one for member in lists for one in member]
        if _objects(rows[:_SEEN]):
            yield Rows(".".join((*path, "*")), keys, None, len(rows))
        return
    inner = [member for member in members[:_SEEN] if isinstance(member, Mapping)]
    if inner and _is_map_of_all(inner):
        yield Rows(".".join((*path, "*")), keys + 1, None, sum(map(len, filter(_is_object, members))))
    else:
        yield Rows(".".join(path), keys, None, len(members))


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _objects(values: Sequence[Any]) -> bool:
    """Whether values are objects, nearly all."""
    return bool(values) and sum(map(_is_object, values)) >= 0.9 * len(values)


def _is_map(value: Mapping[str, Any]) -> bool:
    """Whether the keys of an object are values, and its members alike: not the members of a record."""
    members = list(value.values())[:_SEEN]
    if len(value) < 2:
        return False
    if all(isinstance(member, list) for member in members):
        longest = sorted(members, key=len, reverse=True)
        keys = [{key for one in member[:5] if _is_object(one) for key in one} for member in longest]
        told = [one for one in keys if one]
        # Lists of books and of publishers both have an `id`: they are of one kind by most of their keys.
        alike = sum(len(one & told[0]) >= _ALIKE * len(one | told[0]) for one in told)
        return bool(told) and alike >= 0.9 * len(told)
    if not all(map(_is_object, members)):
        return False
    coded = all(any(map(str.isdigit, key)) for key in list(value)[:_SEEN])
    return (coded or len(value) > _MANY) and _share_keys([set(member) for member in members])


def _is_map_of_all(members: Sequence[Mapping[str, Any]]) -> bool:
    """Whether each object is a map by itself, of objects or of values: « 2020 », « 2021 »…"""
    keys = Counter(key for member in members for key in member)
    numbers = all(key.isdigit() for key in keys)
    nested = all(isinstance(one, Mapping) for member in members for one in member.values())
    return numbers and (nested or len(keys) > 1)


def _share_keys(sets: Sequence[set[str]]) -> bool:
    """Whether objects have keys in common: most of the usual ones in each."""
    counts = Counter(key for one in sets for key in one)
    usual = {key for key, times in counts.items() if times >= _ALIKE * len(sets)}
    return bool(usual) and sum(bool(one & usual) for one in sets) >= 0.9 * len(sets)


def key_names(count: int) -> list[str]:
    """Columns for the keys that `*` steps go through."""
    return ["cle"] if count == 1 else [f"cle_{place}" for place in range(1, count + 1)]
