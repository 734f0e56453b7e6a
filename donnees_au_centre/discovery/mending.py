"""Where a declaration and a file differ: what a load that failed for its declaration can be told."""

from __future__ import annotations

import json
from collections.abc import Iterator

from donnees_au_centre.discovery.look import FileLook
from donnees_au_centre.landing.declaration import ENVELOPES, JSON_LINES, Variant


def mending(found: FileLook, variant: Variant) -> str:
    """What the file is, and the options that would read it, in French.

    Args:
        found: a look at the file.
        variant: how it is declared.

    Returns:
        A sentence without a word of the file; "" when nothing of what was found differs.
    """
    written = list(_options(found, variant))
    if not written:
        return ""
    where = ""
    if found.first_line:
        where = ", l'en-tête est" if found.has_header else ", sans en-tête, les lignes commencent"
        where += f" à la ligne {found.first_line}"
    return f"Le fichier est {found.named}{where} : écrivez {', '.join(written)}."


def _options(found: FileLook, variant: Variant) -> Iterator[str]:
    if found.file_format != variant.file_format:
        yield f"`file_format: {found.file_format}`"
    if found.charset and found.charset.codec != variant.encoding.codec and _matters(found, variant):
        yield f"`encoding: {found.charset.codec}`"
    if found.file_format == "json":
        yield from _rows(found, variant)
    if not found.first_line:
        return
    delimiter = found.options.get("delimiter", ",")
    if found.file_format == "csv" and delimiter != variant.delimiter and len(found.table.columns) > 1:
        yield f"`delimiter: {json.dumps(delimiter)}`"
    if found.has_header != variant.header and found.sure:
        yield f"`header: {str(found.has_header).lower()}`"
    for option, value in (
        ("header_row", found.first_line),
        ("header_rows", found.options.get("header_rows", 1)),
    ):
        if found.has_header and value != getattr(variant, option):
            yield f"`{option}: {value}`"


def _matters(found: FileLook, variant: Variant) -> bool:
    """Whether another encoding would read other letters: « latin-1 » and « cp1252 » read most alike."""
    names = {found.charset.codec if found.charset else "", variant.encoding.codec}
    return names != {"cp1252", "iso8859-1"} and not (names <= {"utf-8", "ascii"})


def _rows(found: FileLook, variant: Variant) -> Iterator[str]:
    if envelope := found.options.get("envelope"):
        if variant.envelope != envelope:
            yield f"`envelope: {envelope}`"
        return
    path = found.options.get("rows", "*")
    declared = ENVELOPES[variant.envelope][0] if variant.envelope else ".".join(variant.rows)
    # A key of the file is a word of it.
    if path != declared and all(step in ("*", JSON_LINES) for step in path.split(".")):
        yield f'`rows: "{path}"`'
