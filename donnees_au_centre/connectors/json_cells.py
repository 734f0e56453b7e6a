"""The one way from JSON to text cells, for files and for APIs alike: nothing that was received is lost."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

_TOO_DEEP = "trop de niveaux imbriqués"


class Number(str):
    """A number as written by the source."""

    __slots__ = ()


class Repeated(dict[str, Any]):
    """An object in which a key comes twice.

    Attributes:
        pairs: all its members, as they came.
    """

    pairs: list[tuple[str, Any]]


class Refused(Exception):
    """A record that cannot be a row.

    Attributes:
        motif: a key of `landing.rejects.MOTIFS`.
        detail: the reason in a French sentence, without a received value.
    """

    def __init__(self, motif: str, detail: str) -> None:
        """Keeps both."""
        super().__init__(detail)
        self.motif = motif
        self.detail = detail


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    repeated = Repeated(members)
    repeated.pairs = pairs
    return repeated


DECODER = json.JSONDecoder(
    parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=_object
)


def problem(error: json.JSONDecodeError) -> str:
    """Says in French what Python's decoder says in English."""
    for start, said in (
        ("Expecting value", "une valeur est attendue"),
        ("Expecting ',' delimiter", "« , » ou la fin de l'objet ou de la liste est attendu"),
        ("Expecting ':' delimiter", "« : » est attendu"),
        ("Expecting property name", "une clé entre guillemets est attendue"),
        ("Unterminated string", "un texte s'ouvre et ne se ferme pas"),
        ("Invalid control character", "un caractère de contrôle dans un texte"),
        ("Invalid", "une séquence d'échappement est invalide"),
    ):
        if error.msg.startswith(start):
            return said
    return "syntaxe invalide"


def decoded(record: str) -> Any:
    """The value of a record that stands alone, as a line.

    Raises:
        Refused: it is no JSON.
    """
    try:
        return DECODER.decode(record)
    except json.JSONDecodeError as error:
        raise Refused("json_illisible", f"colonne {error.pos + 1} : {problem(error)}") from error
    except RecursionError as error:
        raise Refused("json_illisible", _TOO_DEEP) from error


def too_deep() -> Refused:
    """The refusal of a record nested too deep to be read."""
    return Refused("json_illisible", _TOO_DEEP)


def leaves(
    row: dict[str, Any], aside: Collection[tuple[str, ...]] = (), path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The values of a row that have a column each, with their paths: objects are gone through, lists are not.

    Args:
        row: an object.
        aside: paths that are left out.
        path: where the row stands.

    Raises:
        Refused: a key comes twice.
    """
    check_keys(row)
    for key, value in row.items():
        here = (*path, key)
        if here in aside:
            continue
        if isinstance(value, dict) and value:
            yield from leaves(value, aside, here)
        else:
            yield here, value


def check_keys(row: dict[str, Any]) -> None:
    """Raises Refused for an object in which a key comes twice."""
    if isinstance(row, Repeated):
        raise Refused("cle_en_double", "une clé apparaît deux fois dans le même objet")


def check_characters(cells: Iterable[str | None]) -> None:
    """Raises Refused for cells that PostgreSQL cannot keep."""
    text = "".join(cell for cell in cells if cell)
    if "\0" in text:
        raise Refused("caractere_nul", "un caractère nul (\\u0000), que PostgreSQL ne peut pas garder")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise Refused(
                "caractere_invalide", "une moitié de caractère (\\ud800 à \\udfff) isolée"
            ) from error


def follow(value: Any, path: Iterable[str]) -> Any:
    """The value at a path of keys and list positions, None where the path leads nowhere."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def cell(value: Any) -> str | None:
    """A value as the text of a column: strings and numbers as received, lists and objects as JSON."""
    if value is None or type(value) is str:
        return value
    return str(value) if isinstance(value, Number) else as_json(value)


def as_json(value: Any, whole: bool = False) -> str:
    """A decoded value as JSON again, its numbers as received.

    Args:
        value: as DECODER gave it.
        whole: with every member of a key that comes twice, and what is not ASCII as escapes: what a record
            was, whatever is wrong in it.
    """
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(as_json(element, whole) for element in value)}]"
    if isinstance(value, dict):
        pairs = value.pairs if whole and isinstance(value, Repeated) else value.items()
        members = (
            f"{json.dumps(key, ensure_ascii=whole)}: {as_json(member, whole)}" for key, member in pairs
        )
        return f"{{{', '.join(members)}}}"
    return json.dumps(value, ensure_ascii=whole)
