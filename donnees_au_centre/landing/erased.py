"""People who were erased stay so: a file that holds them again is loaded without them.

`plateforme.personnes_effacees` has keyed hashes only. Without the key nothing of a source with such people
is loaded: better an old table than somebody who comes back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
from psycopg import sql

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.fingerprints import fingerprint, rights_key, witness
from donnees_au_centre.landing.declaration import SourceTable
from donnees_au_centre.landing.limits import tick
from donnees_au_centre.landing.rejects import Reject

LIST = "plateforme.personnes_effacees"
STRUCTURE = """
create table if not exists plateforme.personnes_effacees (
    domaine text not null,
    empreinte text not null,
    cle text not null,
    effacee_le timestamptz not null default now(),
    primary key (domaine, empreinte)
);
comment on table plateforme.personnes_effacees is
    'Les personnes effacées à leur demande, par empreinte à clé : le chargeur ne reprend pas leurs lignes.';
"""
# Longest name, in words, looked for in an unreadable line.
_WORDS = 4


class Erased:
    """The people erased from an administration."""

    def __init__(self, connection: psycopg.Connection, table: SourceTable) -> None:
        """Reads the list.

        Raises:
            PlatformError: it has people of this administration, and their key is missing or another one.
        """
        self.connection, self.table = connection, table
        self.fingerprints: set[str] = set()
        self.key = b""
        if table.person is None or connection.execute("select to_regclass(%s)", [LIST]).fetchone() == (None,):
            return
        rows = connection.execute(
            "select empreinte, cle from plateforme.personnes_effacees where domaine = %s", [table.domain]
        ).fetchall()
        if not rows:
            return
        self.key = rights_key(table.domain)
        if any(written != witness(self.key) for _, written in rows):
            raise PlatformError(
                f"La clé DAC_CLE_{table.domain.upper()}_DROITS n'est plus celle de la liste des personnes "
                "effacées : leurs lignes reviendraient.",
                "Remettez la clé d'avant (docs/gestionnaire/droits-des-personnes.md) ; rien de cette "
                "source n'est chargé.",
            )
        self.fingerprints = {found for found, _ in rows}

    def is_one(self, value: str) -> bool:
        """Whether a value identifies an erased person."""
        tick()
        return fingerprint(self.key, value) in self.fingerprints

    def leave_out(self, load_id: int) -> int:
        """Deletes their rows among those that the load in progress has just written; returns how many."""
        if not self.fingerprints:
            return 0
        raw = sql.Identifier(self.table.schema, self.table.identifier)
        column = sql.Identifier(self.table.person or "")
        mine = sql.SQL("chargement_id = {}").format(sql.Literal(load_id))
        found = self.connection.execute(
            sql.SQL("select distinct {0} from {1} where {2} and {0} is not null").format(column, raw, mine)
        )
        values = [value for (value,) in found if self.is_one(value)]
        if not values:
            return 0
        query = sql.SQL("delete from {} where {} and {} = any(%s)").format(raw, mine, column)
        return self.connection.execute(query, [values]).rowcount

    def concerns(self, reject: Reject) -> bool:
        """Whether an unreadable line speaks of one of them."""
        if not self.fingerprints:
            return False
        texts = {reject.text, *(reject.raw.decode(code, "replace") for code in ("utf-8", "cp1252"))}
        return any(self.is_one(part) for text in texts for part in parts(text))


def ensure_list(connection: psycopg.Connection) -> bool:
    """Makes the list when it is missing, where the schema `plateforme` exists; tells whether it did."""
    if connection.execute("select to_regclass(%s)", [LIST]).fetchone() != (None,):
        return False
    connection.execute(STRUCTURE)
    return True


def parts(text: str) -> Iterator[str]:
    """What may be an identifier in a line: fields, and names of one to four words."""
    for field in re.split(r'[;,\t|"\x00]', text):
        words = re.findall(r"[^\s]+", field)
        if words:
            yield field
        for length in range(1, _WORDS + 1):
            for start in range(len(words) - length + 1):
                yield " ".join(words[start : start + length]).strip(".:()[]{}'")
