"""Which declarations a file's name answers, and what a name that answers none looks like."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import PurePosixPath

from donnees_au_centre.landing import patterns
from donnees_au_centre.landing.declaration import SourceTable, Variant

Owner = tuple[SourceTable, Variant, dict[str, str]]
# Names alike from this share on are said to be near.
_NEAR = 0.75


def owners(path: str, tables: Sequence[SourceTable]) -> list[Owner]:
    """The declarations that a path answers, however its accents are written.

    Args:
        path: relative to the landing root.
        tables: the declarations.

    Returns:
        The tables, each with its variant and what the name gives; where none answers, the one that does in
        another case, if it is the only one.
    """
    for any_case in (False, True):
        found = [(table, *match) for table in tables if (match := table.match(path, any_case))]
        if found:
            return found if not any_case or len(found) == 1 else []
    return []


def twins(paths: Sequence[str]) -> dict[str, str]:
    """Files of one table whose names are one: two writings of an accent, or of a case nobody declared.

    Args:
        paths: the files that one table reads.

    Returns:
        By path, another path of the same name.
    """
    named: dict[str, str] = {}
    found: dict[str, str] = {}
    for path in paths:
        name = unicodedata.normalize("NFC", path).casefold()
        if name in named:
            found[path] = named[name]
            found.setdefault(named[name], path)
        named.setdefault(name, path)
    return found


def resemblance(path: str, tables: Sequence[SourceTable]) -> str:
    """What an undeclared file looks like, as a French sentence; "" when it looks like nothing declared.

    Args:
        path: relative to the landing root.
        tables: the declarations.
    """
    found = [
        (rank, f"ressemble à {variant.location} ({table.label}) : {difference}")
        for table in tables
        for variant in table.variants
        for rank, difference in _differences(path, variant)
    ]
    return min(found, default=(0, ""))[1]


def _differences(path: str, variant: Variant) -> Iterator[tuple[int, str]]:
    """What separates a path from a location, the nearest kinds of difference ranked first."""
    location = variant.location
    folder, name = _split(path)
    wanted_folder, wanted = _split(location)

    misfits = " et ".join(patterns.misfits(location, path))
    if misfits:
        yield 0, misfits

    def fits(other: str) -> bool:
        return variant.match(other, any_case=True) is not None

    if fits(path):
        yield 0, "à la casse près, et une autre source aussi ; renommez l'une des déclarations"
    if fits(f"{wanted_folder}/{name}"):
        yield 1, f"ce nom est attendu dans le dossier {wanted_folder}/"
    if folder.casefold() != wanted_folder.casefold():
        return
    suffix = PurePosixPath(wanted).suffix
    for stem in (name, *_stems(name)):
        if suffix and fits(f"{wanted_folder}/{stem}{suffix}"):
            given = name[len(stem) :] or "rien"
            yield 2, f"l'extension diffère ({given} au lieu de {suffix}) ; ajoutez une variante à la source"
    if fits(f"{wanted_folder}/{_COPY.sub('', name)}"):
        yield 3, "c'est sans doute une copie ; gardez l'un des deux fichiers"
    if _loosened(wanted).fullmatch(_plain(name)):
        yield 4, "les accents, les espaces ou la ponctuation diffèrent ; corrigez `location`"
    likeness = SequenceMatcher(None, _plain(name), _plain(re.sub(r"\{[^}]*\}", "", wanted))).ratio()
    if likeness >= _NEAR:
        yield 5, "le nom est proche ; corrigez `location`, ou ajoutez une variante à la source"


_COPY = re.compile(r"( ?\(\d+\)| - [Cc]opie.*?| - [Cc]opy.*?)(?=\.[^.]*$)")


def _stems(name: str) -> Iterator[str]:
    """The name without its last suffixes, one by one."""
    while "." in name[1:]:
        name = name.rsplit(".", 1)[0]
        yield name


def _split(path: str) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    return folder, name


def _plain(text: str) -> str:
    """Letters and digits alone, without accents and case."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9*]+", "", decomposed)


def _loosened(name: str) -> re.Pattern[str]:
    """A pattern of the name where only letters and digits matter."""
    pieces = re.split(r"(\{[^}]*\}|\*|\?)", name)
    return re.compile(
        "".join("[a-z0-9]+" if place % 2 else _plain(piece) for place, piece in enumerate(pieces))
    )
