"""Keeps the rows of an API on disk until all of them are in: their columns are known at the end only.

What is counted is counted before anything is written, and a reading that is cut leaves nothing half-given.
The memory holds one page.
"""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from donnees_au_centre.connectors.interface import Batch, Column, Unreadable
from donnees_au_centre.connectors.json_cells import (
    Refused,
    as_json,
    cell,
    check_characters,
    check_keys,
    leaves,
    too_deep,
)
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.temporary import Overflow

# Of PostgreSQL: a table has no more.
_MOST_COLUMNS = 1600
# Of marshal: the one in which equal rows are written alike, whatever they share.
_FORMAT = 0


class Spool:
    """Rows as cells, page by page, in a file without a name that disappears with the process.

    Attributes:
        columns: names in the order of their first appearance; those of objects in objects are joined by `_`.
        found: records kept, refused ones included.
    """

    def __init__(self) -> None:  # noqa: D107
        self._file = Overflow()
        self._places: dict[tuple[str, ...], int] = {}
        # Of those that lie in no object: the short way to most cells.
        self._simple: dict[str, int] = {}
        self._digests: set[bytes] = set()
        self._pages = 0
        self.columns: list[str] = []
        self.found = 0

    @property
    def paths(self) -> list[tuple[str, ...]]:
        """Where each column comes from: the keys that lead to it."""
        return list(self._places)

    def close(self) -> None:
        """Frees the disk."""
        self._file.close()

    def keep(self, values: Iterable[Any], escaped: bool = True, texts: Sequence[bytes] = ()) -> bool:
        """Adds a page.

        Args:
            values: the records, as DECODER gave them; Refused in place of one that it could not read.
            escaped: whether a text of the page may have been written with an escape: without any, no cell
                holds what PostgreSQL refuses.
            texts: what each record came as; without them a refused one is kept as JSON written anew.

        Returns:
            False when the very same rows came before: they are kept once more, and said by the caller.

        Raises:
            PlatformError: the rows have more columns than a table can, or the disk is full.
        """
        rows: list[list[str | None]] = []
        refused: list[tuple[str, str, bytes, int]] = []
        for number, value in enumerate(values):
            try:
                rows.append(self._cells(value, escaped))
            except Refused as error:
                raw = texts[number] if texts else as_json(value, whole=True).encode()
                refused.append((error.motif, error.detail, raw, len(rows)))
        page = marshal.dumps((rows, refused), _FORMAT)
        self._file.write(marshal.dumps(page))
        self.found += len(rows) + len(refused)
        self._pages += 1
        digest = hashlib.blake2b(page, digest_size=16).digest()
        known = bool(rows) and digest in self._digests
        self._digests.add(digest)
        return not known

    def _cells(self, value: Any, escaped: bool) -> list[str | None]:
        if isinstance(value, Refused):
            raise value
        if not isinstance(value, dict):
            raise Refused("pas_un_objet", "un objet est attendu, un texte, un nombre ou une liste est trouvé")
        check_keys(value)
        cells: list[str | None] = [None] * len(self.columns)
        places = self._simple
        try:
            for key, member in value.items():
                place = places.get(key)
                if place is None or isinstance(member, dict):
                    self._spread({key: member}, cells)
                else:
                    cells[place] = member if type(member) is str else cell(member)
        except RecursionError:
            raise too_deep() from None
        if escaped:
            check_characters(cells)
        while cells and cells[-1] is None:
            cells.pop()
        return cells

    def _spread(self, member: dict[str, Any], cells: list[str | None]) -> None:
        """Fills the cells of a member that is an object, or new."""
        for path, leaf in leaves(member):
            place = self._places.get(path)
            if place is None:
                place = self._place(path)
                cells.append(None)
            cells[place] = cell(leaf)

    def _place(self, path: tuple[str, ...]) -> int:
        name = "_".join(path)
        if name in self.columns:
            raise Refused("nom_de_colonne", "deux champs du même enregistrement donnent la même colonne")
        check_characters([name])
        if len(self.columns) >= _MOST_COLUMNS:
            raise PlatformError(
                f"L'API donnerait plus de {_MOST_COLUMNS} colonnes, ce que PostgreSQL ne permet pas.",
                "Vérifiez `rows` : des clés qui changent d'un enregistrement à l'autre sont des données.",
            )
        self._places[path] = place = len(self.columns)
        if len(path) == 1:
            self._simple[name] = place
        self.columns.append(name)
        return place

    def batches(self, columns: Sequence[Column]) -> Iterator[Batch]:
        """Gives all that is kept, a page at a time.

        Args:
            columns: the order of the cells; one that no row has is null everywhere.

        Raises:
            PlatformError: a row has a field that is none of them.
        """
        names = [column.name for column in columns]
        if set(self.columns) - set(names):
            raise PlatformError(
                "L'API donne des champs qu'elle ne donnait pas au début de la lecture.",
                "Relancez le chargement : il les prendra.",
            )
        known = {name: place for place, name in enumerate(self.columns)}
        # The place behind the last is that of a cell that is always null.
        order = [known.get(name, len(known)) for name in names]
        same, width = order == list(range(len(known))), len(known) + 1
        self._file.seek(0)
        for _ in range(self._pages):
            rows, refused = marshal.loads(marshal.load(self._file))
            for row in rows:
                row += [None] * (width - same - len(row))
            yield Batch(
                rows if same else [[row[place] for place in order] for row in rows],
                unreadable=[
                    Unreadable(motif, detail, raw.decode(errors="backslashreplace"), raw, before)
                    for motif, detail, raw, before in refused
                ],
            )
        self._file.seek(0, 2)
