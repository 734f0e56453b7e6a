"""How many rows a raw table has, without reading all of a large one."""

from __future__ import annotations

import psycopg
from psycopg import sql

from donnees_au_centre.landing.audit import placed
from donnees_au_centre.landing.declaration import SourceTable
from donnees_au_centre.landing.identifiers import CHANGED_TABLE
from donnees_au_centre.landing.tables import is_watched, present_table, raw_table

# Below so many bytes, counting is as cheap as asking what is known.
SMALL = 64 << 20
# What a file's load counted stands while no row of its loads was changed or taken away.
_FILES = """
select
    presents.source_fichier,
    array_agg(presents.chargement_id),
    bool_and(not exists (
        select from {changed} as modifiees
        where
            modifiees.table_nom = {name}
            and coalesce(modifiees.chargement_id, presents.chargement_id) = presents.chargement_id
    ))
from {present} as presents
where presents.table_nom = {name}
group by presents.source_fichier
"""


def count_rows(connection: psycopg.Connection, table: SourceTable) -> int:
    """Counts the rows of a raw table.

    Of a large one, only the files that are not as their load left them are counted.

    Raises:
        psycopg.Error: the table cannot be read.
    """
    raw = raw_table(table)
    whole = sql.SQL("select count(*) from {}").format(raw)
    few = sql.SQL("select case when pg_relation_size({}::regclass) < {} then ({}) end").format(
        sql.Literal(raw.as_string(connection)), sql.Literal(SMALL), whole
    )
    number = _number(connection, few)
    if number is not None:
        return number
    files = _known_files(connection, table)
    known = {entry.fichier: entry for entry in placed(connection, table)} if files else {}
    counted = {
        file: known[file].lignes
        for file, loads, untouched in files
        # Of several loads of a file the last one counted all, and one may be gone since.
        if untouched and file in known and loads == [known[file].chargement_id]
    }
    doubtful = {file: loads for file, loads, _ in files if file not in counted}
    if 2 * len(doubtful) >= len(files):
        return _number(connection, whole) or 0
    total = sum(counted.values())
    if doubtful:
        loads = [load for found in doubtful.values() for load in found]
        some = sql.SQL("{} where chargement_id = any({}) and source_fichier = any({})").format(
            whole, sql.Literal(loads), sql.Literal([*doubtful])
        )
        total += _number(connection, some) or 0
    return total


def _known_files(connection: psycopg.Connection, table: SourceTable) -> list[tuple[str, list[int], bool]]:
    """Each file of a table, its loads, and whether they are as they came; none where that is not known."""
    changed, present = sql.Identifier(table.schema, CHANGED_TABLE), present_table(table)
    needed = [changed.as_string(connection), present.as_string(connection), "plateforme.chargements"]
    readable = connection.execute(
        "select bool_and(coalesce(has_table_privilege(to_regclass(name)::oid, 'select'), false)) "
        "from unnest(%s::text[]) as name",
        [needed],
    ).fetchone()
    if readable != (True,) or not is_watched(connection, table):
        return []
    names = {"changed": changed, "present": present, "name": sql.Literal(table.identifier)}
    files = connection.execute(sql.SQL(_FILES).format(**names)).fetchall()
    # Rows that came without a load, or without a file.
    return [] if any(file is None or None in loads for file, loads, _ in files) else files


def _number(connection: psycopg.Connection, query: sql.Composed) -> int | None:
    found = connection.execute(query).fetchone()
    return None if found is None or found[0] is None else int(found[0])
