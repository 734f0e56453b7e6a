"""From a header as received to a column name that PostgreSQL and VQL accept unquoted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.received import Withheld, ranks

MAX_LENGTH = 63
# Characters of a header that are looked at: putting many accents of one letter in order takes long.
_LOOKED_AT = 1000
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
METADATA_COLUMNS = ("source_fichier", "source_ligne", "chargement_id", "charge_le", "source_recu_le")

# Letters that Unicode does not decompose into a base letter and an accent.
_LIGATURES = str.maketrans(
    {"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "ß": "ss", "ẞ": "ss", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l"}
)

# What the received words of a failure are, in raw_<ag>.rejets_chargement.
HEADER = "les noms de colonnes reçus"
_BY_POSITION = (
    "Déclarez `names: position` : les colonnes sont alors celles de `columns:`, dans l'ordre du fichier."
)

# The loader's own tables of a raw schema: what was refused, the loads that changed, those that have rows.
REJECTS_TABLE, CHANGED_TABLE, PRESENT_TABLE = "rejets_chargement", "lignes_modifiees", "chargements_presents"
OWN_TABLES = (REJECTS_TABLE, CHANGED_TABLE, PRESENT_TABLE)

# Reserved in PostgreSQL (categories R and T of pg_get_keywords) or in Denodo's VQL.
RESERVED = frozenset(
    """
    add all analyse analyze and any arn array as asc asymmetric authorization base binary both call case
    cast check collate collation column concurrently connect constraint context create cross
    current_catalog current_date current_role current_schema current_time current_timestamp current_user
    custom database default deferrable desc df distinct do drop else end except exists false fetch flatten
    for foreign freeze from full grant group gs hash having html if ilike in initially inner intersect
    into is isnull jdbc join lateral ldap leading left like limit localtime localtimestamp merge minus my
    natural nested nos not notnull null obl odbc of off offset on one only opt or order ordered outer
    overlaps placing primary privileges read references returning reverseorder right row select
    session_user similar some swap symmetric system_user table tablesample then to trace trailing true
    union unique user using variadic verbose view when where window with write ws zero
    """.split()  # noqa: SIM905
)


def to_identifier(header: str, position: int) -> str:
    """Turns one header into an identifier.

    Args:
        header: the text as received, of any length.
        position: its place in the file, from 1; it names an empty header (`colonne_3`).

    Returns:
        An identifier of 1 to 63 characters that matches `^[a-z][a-z0-9_]*$` and is not reserved.
    """
    decomposed = unicodedata.normalize("NFKD", header[:_LOOKED_AT].translate(_LIGATURES))
    letters = "".join(character for character in decomposed if not unicodedata.combining(character)).lower()
    name = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")
    if not name:
        return f"colonne_{position}"
    if name[0].isdigit():
        name = f"c_{name}"
    name = name[:MAX_LENGTH].rstrip("_")
    return f"{name}_champ" if name in RESERVED else name


def to_identifiers(headers: Sequence[str]) -> list[str]:
    """Turns a whole header into identifiers, in order.

    Raises:
        PlatformError: two headers give the same identifier, or one gives the name of a metadata column.
    """
    origin: dict[str, int] = {}
    for position, header in enumerate(headers, start=1):
        name = to_identifier(header, position)
        if name in origin:
            raise collision(origin[name], position, headers)
        if name in METADATA_COLUMNS:
            raise metadata_collision(position, headers)
        origin[name] = position
    return list(origin)


def joined_names(rows: Sequence[Sequence[str]]) -> list[str]:
    """Joins the lines of one header, column by column.

    Args:
        rows: the cells of each line, from the top; an empty cell of an upper line takes the value at its
            left, as under a merged title.

    Returns:
        One name a column, the parts separated by a space.
    """
    width = max(map(len, rows))
    *upper, last = ([*row, *[""] * (width - len(row))] for row in rows)
    parts = []
    for row in upper:
        title = ""
        parts.append([title := cell.strip() or title for cell in row])
    return [" ".join(filter(None, column)).strip() for column in zip(*parts, last, strict=True)]


def collision(first: int, second: int, headers: Sequence[str]) -> PlatformError:
    """The error for two received names that become one column.

    Args:
        first: place of one in the file, from 1.
        second: place of the other.
        headers: all of them, as received.
    """
    return Withheld(
        f"Deux colonnes reçues donnent le même nom : {ranks([first, second])}.",
        _BY_POSITION,
        HEADER,
        headers,
    )


def metadata_collision(place: int, headers: Sequence[str]) -> PlatformError:
    """The error for a received name, at a place from 1, that the loader keeps for itself."""
    return Withheld(
        f"Une colonne reçue, {ranks([place])}, porte un nom que le chargement se réserve "
        f"({', '.join(METADATA_COLUMNS)}).",
        _BY_POSITION,
        HEADER,
        headers,
    )
