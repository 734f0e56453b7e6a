"""The dictionary of a provider, as the commands take it (DICTIONNAIRE=…) and say what it gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from donnees_au_centre.discovery.dictionary import Words, describing, tables_of, words_of
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.inert import line
from donnees_au_centre.settings import Settings

OPTION = "DICTIONNAIRE"
# Names that are told; the others are counted.
_TOLD = 8


def dictionary_of(
    settings: Settings, options: Mapping[str, str], columns: Mapping[str, str], about: Sequence[str]
) -> Words:
    """What the dictionary that the options give says of the columns of a table.

    Args:
        settings: of the checkout.
        options: DICTIONNAIRE, a path, from where the user is or below the landing zone; NOMS and COLONNE,
            headers in it.
        columns: name -> header as received, "" where it is not known.
        about: what the table may be called in it, the surest first.

    Raises:
        PlatformError: no such file, or it says nothing surely.
    """
    given = options[OPTION].strip()
    folders = (Path(options.get("CALLER_FOLDER") or settings.root), settings.landing, settings.root)
    file = next((one / given for one in folders if (one / given).is_file()), None)
    if file is None:
        raise PlatformError(
            f"Aucun dictionnaire de ce nom : {line(given)}.",
            f"Donnez son chemin, d'ici ou sous la zone de dépôt : {OPTION}=<fichier>.",
        )
    with file.open("rb") as content:
        tables = tables_of(content)
    names, texts = ((options.get(one) or "").strip() for one in ("NOMS", "COLONNE"))
    return words_of(tables, columns, about, names, texts)


def described_by_a_sheet(file: Path, columns: Mapping[str, str]) -> str:
    """The title of the sheet of a workbook that seems to describe its columns; "" for none.

    Args:
        file: a workbook.
        columns: name -> header, of the sheet that is read.
    """
    try:
        with file.open("rb") as content:
            return describing(tables_of(content), columns)
    except PlatformError:
        return ""


def words_told(words: Words, columns: Sequence[str]) -> str:
    """How much a provider says, in French.

    Args:
        words: of a dictionary, or of a system.
        columns: all that the table has.
    """
    start = "La source décrit"
    if words.named:
        sheet = f", « {line(words.title)} »" if words.title else ""
        start = (
            f"Dictionnaire{sheet} : les noms sous {words.named}, les descriptions sous {words.described} ; "
            "il décrit"
        )
    given = [one for one in columns if one in words.texts]
    parts = [f"{start} {len(given)} des {counted(len(columns), 'colonne')}", *_left(words, columns)]
    return f"{' ; '.join(parts)}."


def _left(words: Words, columns: Sequence[str]) -> Iterator[str]:
    if not words.named:
        return
    met = {*words.texts, *words.silent, *words.disputed}
    for what, names in (
        ("nommées sans description", words.silent),
        ("décrites de deux façons, donc d'aucune", words.disputed),
        ("absentes du dictionnaire", [one for one in columns if one not in met]),
        ("noms du dictionnaire que la table n'a pas", words.unknown),
    ):
        if names:
            shown = ", ".join(line(one[:60]) for one in names[:_TOLD])
            yield f"{what} : {len(names)} ({shown}{'…' if len(names) > _TOLD else ''})"
