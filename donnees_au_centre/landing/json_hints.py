"""What a JSON file is, when its rows are not where the declaration looks for them."""

from __future__ import annotations

from typing import BinaryIO

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.declaration import ENVELOPES, Variant
from donnees_au_centre.landing.json_records import JsonReader

_DEEPEST = 3
# What services call their rows: ordinary words, which are nobody's.
_ORDINARY = {
    "data",
    "donnees",
    "elements",
    "entries",
    "features",
    "fields",
    "items",
    "lignes",
    "list",
    "liste",
}
_ORDINARY |= {"objects", "payload", "properties", "records", "response", "result", "results", "rows", "value"}
_ORDINARY |= {"values"}
# Keys that tell an error body alone, and those that only go with them: `message` is an ordinary word.
_ERROR_SIGNS = {"error", "errors", "erreur", "erreurs", "error_code", "errorcode", "exception", "fault"}
_ERROR_KEYS = _ERROR_SIGNS | {
    "error_description",
    "detail",
    "message",
    "status",
    "statuscode",
    "title",
    "type",
}


def shape_hint(file: BinaryIO, variant: Variant) -> str:
    """Says in French where the rows seem to be, or that the file is the error page of a service.

    Args:
        file: a JSON file, seekable.
        variant: how it is declared.

    Returns:
        Sentences that end with a space, or "" when the file shows nothing.
    """
    lists: list[tuple[str, ...]] = []
    file.seek(0)
    try:
        reader = JsonReader(file, variant.encoding)
        if reader.peek() != "{":
            return ""
        keys = _explore(reader, (), lists)
    except PlatformError:
        return ""
    return _said(keys, lists, variant)


def _said(keys: list[str], lists: list[tuple[str, ...]], variant: Variant) -> str:
    paths = [".".join((*path, "*")) for path in lists]
    for envelope, (rows, count) in ENVELOPES.items():
        if rows in paths and count in keys and variant.envelope != envelope:
            return f"Le fichier a la forme d'Opendatasoft : écrivez `envelope: {envelope}`. "
    wanted = [path for path in paths if path != ".".join(variant.rows)]
    if wanted:
        told = [path for path in wanted if _is_ordinary(path, variant)]
        if told:
            values = " ou ".join(f"`rows: {path}`" for path in told[:5])
            return f"Le fichier a une liste d'objets sous « {told[0][:-2]} » : écrivez {values}. "
        return "Le fichier a une liste d'objets sous une autre clé : ouvrez-le, et écrivez `rows: <clé>.*`. "
    folded = {key.casefold() for key in keys}
    if folded & _ERROR_SIGNS or (folded and folded <= _ERROR_KEYS):
        return (
            "C'est sans doute la réponse d'erreur d'un service (clés : "
            f"{', '.join(sorted(folded & _ERROR_KEYS))}), enregistrée à la place des données : redemandez le "
            "fichier. "
        )
    if keys and variant.rows == ("*",):
        return (
            "Le fichier est un seul objet : écrivez `rows: lines` s'il a un objet par ligne, `rows: ''` si "
            "cet objet est la seule ligne. "
        )
    return ""


def _is_ordinary(path: str, variant: Variant) -> bool:
    """Whether a path may be told: its keys are ordinary words, or the declaration's own."""
    return all(step in _ORDINARY or step in variant.rows for step in path.split(".")[:-1])


def _explore(reader: JsonReader, path: tuple[str, ...], lists: list[tuple[str, ...]]) -> list[str]:
    """The keys of the object at the cursor; the paths of the lists of objects in it go to `lists`."""
    keys = []
    for key in reader.members():
        keys.append(key)
        here = (*path, key)
        kind = reader.peek()
        if kind == "[":
            if _list_of_objects(reader):
                lists.append(here)
        elif kind == "{" and len(here) < _DEEPEST:
            _explore(reader, here, lists)
        else:
            reader.skip()
    return keys


def _list_of_objects(reader: JsonReader) -> bool:
    kinds = set()
    for _ in reader.elements():
        kinds.add(reader.peek())
        reader.skip()
    return kinds == {"{"}
