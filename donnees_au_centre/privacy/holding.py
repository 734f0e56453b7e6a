"""Whether a file holds one of some values: text, archive, workbook or SQLite database."""

from __future__ import annotations

import html
import json
import lzma
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from donnees_au_centre.landing.kinds import kind_of
from donnees_au_centre.landing.unpacking import OPENERS

_CHUNK = 8 << 20
# What may stand over the edge of two chunks.
_EDGE = 4096
# Of what one archive unpacks to; beyond, nobody knows what it holds.
MOST_UNPACKED = 1 << 30
_DEEPEST = 3
_ENCODINGS = ("utf-8", "cp1252")
_UNREADABLE = (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


class UnreadError(Exception):
    """A file that cannot be looked into: another account's, locked, damaged, or unpacking without end."""


class Words:
    """Some values, to be found as whole words whatever their case and how a file writes them.

    Args:
        values: as sources write them, and pseudonyms.
    """

    def __init__(self, values: Collection[str]) -> None:  # noqa: D107
        written = {form for value in values for form in _forms(value)}
        # A literal is found many times faster than a pattern: it comes first.
        self._looked_for = [
            (
                max(words, key=len),
                re.compile(
                    rb"(?<![0-9a-z])" + rb"\s+".join(map(re.escape, words)) + rb"(?![0-9a-z])", re.DOTALL
                ),
            )
            for words in {tuple(form.lower().split()) for form in written}
            if words
        ]

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._looked_for)

    def are_in(self, data: bytes) -> bool:
        """Whether bytes hold one of the values."""
        data = data.lower()
        return any(literal in data and pattern.search(data) for literal, pattern in self._looked_for)

    def are_in_file(self, path: Path) -> bool:
        """Whether a file holds one of the values, packed or not.

        Raises:
            UnreadError: nobody can tell.
        """
        try:
            with path.open("rb") as file:
                if file.read(16) == b"SQLite format 3\0" and self._in_sqlite(path):
                    return True
                file.seek(0)
                return self._in_stream(file, 0)
        except (*_UNREADABLE, sqlite3.Error) as error:
            raise UnreadError(str(path)) from error

    def _in_stream(self, file: BinaryIO, depth: int) -> bool:
        kind = kind_of(file)
        if depth < _DEEPEST and kind in OPENERS:
            with OPENERS[kind](file) as inner:
                return self._in_packed(inner, depth)
        if depth < _DEEPEST and zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                return any(self._in_member(archive, name, depth) for name in archive.namelist())
        file.seek(0)
        return any(map(self.are_in, _chunks(file)))

    def _in_member(self, archive: zipfile.ZipFile, name: str, depth: int) -> bool:
        with archive.open(name) as member:
            return self.are_in(name.encode()) or self._in_packed(member, depth)

    def _in_packed(self, inner: Any, depth: int) -> bool:
        if inner.seekable() and kind_of(inner) in (*OPENERS, "zip", "xlsx", "ods"):
            inner.seek(0)
            return self._in_stream(cast(BinaryIO, inner), depth + 1)
        inner.seek(0)
        return any(map(self.are_in, _chunks(inner)))

    def _in_sqlite(self, path: Path) -> bool:
        """A long text is cut over several pages: the rows are asked, then the bytes of freed pages."""
        with suppress(sqlite3.DatabaseError), closing(open_sqlite(path)) as database:
            return any(self.are_in(cell) for _, _, _, cell in cells(database))
        return False


def open_sqlite(path: Path, write: bool = False) -> sqlite3.Connection:
    """Opens a SQLite database that is there."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'rw' if write else 'ro'}", uri=True, timeout=30
    )
    connection.text_factory = bytes
    return connection


def cells(database: sqlite3.Connection) -> Iterator[tuple[str, str, int, bytes]]:
    """All texts of a SQLite database: table, column, rowid, content."""
    tables = database.execute("select name from sqlite_master where type = 'table'").fetchall()
    for (table,) in tables:
        name = table.decode()
        quoted = '"' + name.replace('"', '""') + '"'
        columns = [
            column[1].decode() for column in database.execute(f"pragma table_info({quoted})").fetchall()
        ]
        listed = ", ".join('"' + column.replace('"', '""') + '"' for column in columns)
        with suppress(sqlite3.OperationalError):
            for rowid, *row in database.execute(f"select rowid, {listed} from {quoted}"):
                for column, cell in zip(columns, row, strict=True):
                    if isinstance(cell, bytes):
                        yield name, column, rowid, cell


def _chunks(file: Any) -> Iterator[bytes]:
    """The bytes of a file, each piece with the end of the one before.

    Raises:
        UnreadError: there are too many.
    """
    held, read = b"", 0
    while piece := file.read(_CHUNK):
        read += len(piece)
        if read > MOST_UNPACKED:
            raise UnreadError
        yield held + piece
        held = piece[-_EDGE:]


def _forms(value: str) -> Iterator[bytes]:
    """How a file may write a value: in JSON, in HTML and XML, in capitals."""
    value = " ".join(value.split())
    for text in {value, value.lower(), value.upper()}:
        for written in {text, json.dumps(text)[1:-1], html.escape(text), html.escape(text, quote=False)}:
            yield from (written.encode(code, "ignore") for code in _ENCODINGS)
