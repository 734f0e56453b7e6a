"""`source-check`: a declaration tried on its system, without loading anything."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import PurePosixPath

from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.connectors import FileSource, RecordSource, reader_of
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.inert import line
from donnees_au_centre.landing import SourceTable, patterns, read_declarations
from donnees_au_centre.landing.fetching import name_in_zone
from donnees_au_centre.landing.identifiers import to_identifiers
from donnees_au_centre.landing.misread import is_misread
from donnees_au_centre.landing.zone import Zone
from donnees_au_centre.project.nodes import Source
from donnees_au_centre.project.vocabulary import CATEGORY
from donnees_au_centre.settings import Settings

# Rows shown, and rows looked at for what could not be taken.
SHOWN, LOOKED_AT = 5, 1000
WIDTH = 24
NONE = "aucune"
_SIGN = re.compile(r"[^\W_]")


def source_check(settings: Settings, options: Mapping[str, str]) -> int:
    """Tries a declaration: the connection, the columns, the first rows, what would be refused.

    Args:
        settings: of the checkout; the warehouse is not opened.
        options: NAME, the source table as `<source>.<table>`, or `<ag>.<source>.<table>`.

    Raises:
        PlatformError: no such source, or it cannot be read as declared.
    """
    session = Session.without_database(settings)
    manifest = parse_or_fail(session).manifest
    table, node = _chosen(list(manifest.sources.values()), (options.get("NAME") or "").strip())
    origin = table.origin
    if origin is None:
        found = [path for path in Zone.read(settings.landing, [table.domain]).paths if table.match(path)]
        print(f"{table.label} : {counted(len(found), 'fichier')} dans la zone de dépôt.")
        for path in found[-SHOWN:]:
            print(f"  {line(path)}")
        print("Rien d'autre à essayer : make load les lit, et dit ce qui n'a pas pu l'être.")
        return 0
    with session.sample_systems():
        source = reader_of(origin.kind, origin.connection, origin.location, origin.options)
        print(f"{table.label} : {source.title}, connexion « {source.connection.shown} ».")
        if isinstance(source, RecordSource):
            source.few = LOOKED_AT
        with source.connection.discreet(), source.open():
            print("  La connexion s'ouvre.")
            if isinstance(source, RecordSource):
                _try_records(source, table, node)
            elif isinstance(source, FileSource):
                _try_files(source, table)
    print("Rien n'a été chargé. Pour charger : make load.")
    return 0


def _chosen(nodes: Sequence[Source], name: str) -> tuple[SourceTable, Source]:
    tables = {table.label: table for table in read_declarations(nodes, [])}
    found = [label for label in tables if name and (label == name or label.split(".", 1)[1] == name)]
    if len(found) != 1:
        listed = ", ".join(sorted(tables))
        raise PlatformError(
            f"NAME={line(name)} désigne {counted(len(found), 'source')}." if name else "Quelle source ?",
            f"Donnez NAME=<source>.<table>, ou <ag>.<source>.<table>. Déclarées : {listed}.",
        )
    table = tables[found[0]]
    node = next(node for node in nodes if (node.schema, node.relation) == (table.schema, table.identifier))
    return table, node


def _try_records(source: RecordSource, table: SourceTable, node: Source) -> None:
    described = source.columns()
    variant = table.variants[0]
    received = to_identifiers([column.name for column in described])
    names = [variant.renames.get(name, name) for name in received]
    missing = [name for name in table.required_columns(variant) if name not in names]
    new = [name for name in names if name not in table.columns]
    print(f"  {counted(len(names), 'colonne')} :")
    for name, column in zip(names, described, strict=True):
        remark = "non déclarée, serait gardée" if name in new else ""
        print(f"    {name:30} {line(column.type):30} {remark}".rstrip())
    announced = source.announced()
    if announced is not None:
        print(f"  {counted(announced, 'ligne annoncée', 'lignes annoncées')}.")
    rows: list[Sequence[str | None]] = []
    refused: dict[str, int] = {}
    for batch in source.batches(described, None):
        rows += batch.cells()
        for one in batch.unreadable:
            refused[one.detail] = refused.get(one.detail, 0) + 1
        if len(rows) >= LOOKED_AT:
            break
    rows = rows[:LOOKED_AT]
    print("  Les premières lignes ; ce qui peut être personnel est remplacé par sa forme (X, x, 9) :")
    open_columns = {name for name in names if _is_open(node, name)}
    print("    " + " | ".join(name[:WIDTH] for name in names))
    for row in islice(rows, SHOWN):
        print(
            "    "
            + " | ".join(_shown(cell, name in open_columns) for name, cell in zip(names, row, strict=True))
        )
    misread = sum(any(cell is not None and is_misread(cell) for cell in row) for row in rows)
    looked = f"Sur les {counted(len(rows), 'première ligne', 'premières lignes')}"
    for detail, count in sorted(refused.items()):
        print(f"  {looked}, {count} seraient refusées : {detail}")
    if misread:
        print(f"  {looked}, {misread} ont des lettres lues dans un autre encodage que le leur.")
    if not refused and not misread:
        print(f"  {looked}, aucune ne serait refusée.")
    if missing:
        raise PlatformError(
            f"Il manque {', '.join(missing)}, que la source {table.label} déclare. Colonnes reçues : "
            f"{', '.join(names)}.",
            "Si le fournisseur a renommé une colonne, ajoutez-la à `renames` ; s'il ne l'envoie plus, à "
            "`optional`.",
        )


def _try_files(source: FileSource, table: SourceTable) -> None:
    wanted = {PurePosixPath(variant.location).name for variant in table.variants}
    listed = list(source.files())
    names = {file: name_in_zone(source, file, [table]) for file in listed}
    found = [file for file in listed if any(patterns.match(one, names[file]) is not None for one in wanted)]
    named = ", ".join(sorted(wanted))
    print(f"  {counted(len(listed), 'fichier')}, dont {len(found)} au nom déclaré ({named}).")
    for file in sorted(found, key=lambda one: one.name)[-SHOWN:]:
        size = f", {file.size} octets" if file.size is not None else ""
        when = f", du {file.modified:%d/%m/%Y %H:%M}" if file.modified else ""
        print(f"    {line(file.name)}{size}{when}")
    if not found:
        raise PlatformError(
            f"Aucun fichier de cette connexion n'a le nom que {table.label} déclare.",
            "Vérifiez `folder`, et la dernière partie de `location`.",
        )


def _is_open(node: Source, name: str) -> bool:
    """Whether the YAML says of a column, or of the whole table, that it holds nothing personal."""
    column = node.columns.get(name)
    said = (column.meta if column else {}).get(CATEGORY) or node.meta.get(CATEGORY)
    return said == NONE


def _form(found: re.Match[str]) -> str:
    if found[0].isdigit():
        return "9"
    return "X" if found[0].isupper() else "x"


def _shown(cell: str | None, is_open: bool) -> str:
    if cell is None:
        return "∅"
    if not is_open:
        cell = _SIGN.sub(_form, cell)
    shown = line(cell)
    return shown if len(shown) <= WIDTH else f"{shown[: WIDTH - 1]}…"
