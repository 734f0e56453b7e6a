"""Reads the rows of a JSON file one by one: the memory holds one record, never the file."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from orchestration.errors import PlatformError
from orchestration.landing.declaration import ENVELOPES, Variant
from orchestration.landing.encodings import CHUNK, Encoding
from orchestration.landing.identifiers import (
    METADATA_COLUMNS,
    collision,
    metadata_collision,
    to_identifier,
)
from orchestration.landing.rejects import Reject

MAX_RECORD = 64 << 20
SCALAR_COLUMN = "valeur"
_WHITESPACE = " \t\r\n"
# Longest literal of the decoder (-Infinity) and escape (\ud83d\ude00) that a buffer may cut.
_CUT_MARGIN = 16

Row = tuple[int, dict[str, str | None]]


class _Number(str):
    """A number as written in the file."""

    __slots__ = ()


class _Repeated(dict[str, Any]):
    """An object in which a key comes twice."""


class _Refused(Exception):
    """A record that cannot be a row: motif and French detail."""

    def __init__(self, motif: str, detail: str) -> None:
        super().__init__(detail)
        self.motif = motif
        self.detail = detail


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else _Repeated(members)


_DECODER = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=_Number, object_pairs_hook=_object
)


class JsonReader:
    """A cursor over JSON text that is read as it advances.

    Args:
        file: opened at its start.
        encoding: as declared; byte order marks are honoured.

    Raises:
        PlatformError: a byte order mark of another encoding.
    """

    def __init__(self, file: BinaryIO, encoding: Encoding) -> None:  # noqa: D107
        settled = encoding.skip_marks(file)
        self.codec = settled.codec
        self._decoder = codecs.getincrementaldecoder(settled.codec)("strict")
        self._file = file
        self._buffer = ""
        self._position = 0
        self._end_of_file = False
        # Lines and bytes before the buffer, and characters of its first line before it.
        self._line, self._column, self._bytes = 1, 0, file.tell()
        self.span = (0, 0)

    def _more(self) -> None:
        """Appends at least 1 MiB to the buffer, after dropping what was consumed."""
        dropped = self._buffer[: self._position]
        self._bytes += len(dropped.encode(self.codec))
        self._line += dropped.count("\n")
        newline = dropped.rfind("\n")
        self._column = self._column + len(dropped) if newline < 0 else len(dropped) - newline - 1
        kept = self._buffer[self._position :]
        self._position = 0
        start = self._file.tell()
        chunk = self._file.read(max(CHUNK, len(kept)))
        self._end_of_file = not chunk
        try:
            self._buffer = kept + self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise PlatformError(
                f"Le fichier n'est pas du {self.codec} : octet invalide vers {start + error.start}.",
                "Corrigez `encoding` dans la déclaration, ou demandez un nouveau fichier.",
            ) from error

    def fail(self, problem: str, position: int | None = None) -> PlatformError:
        """The error for malformed text at a buffer position (default: the cursor)."""
        position = self._position if position is None else position
        before = self._buffer[:position]
        newline = before.rfind("\n")
        line = self._line + before.count("\n")
        column = (self._column + len(before) if newline < 0 else len(before) - newline - 1) + 1
        offset = self._bytes + len(before.encode(self.codec))
        return PlatformError(
            f"Le JSON est illisible à la ligne {line}, colonne {column} (octet {offset}) : {problem}.",
            "Le fichier est sans doute tronqué ou abîmé : redéposez-le entier, ou demandez un nouvel export.",
        )

    def peek(self) -> str:
        """The next character that is no white space, "" at the end of the file."""
        while True:
            while self._position < len(self._buffer):
                character = self._buffer[self._position]
                if character not in _WHITESPACE:
                    return character
                self._position += 1
            if self._end_of_file:
                return ""
            self._more()

    def offset(self) -> int:
        """Byte position of the cursor in the file."""
        return self._bytes + len(self._buffer[: self._position].encode(self.codec))

    def take(self, expected: str) -> None:
        """Steps over one character.

        Raises:
            PlatformError: another one comes next.
        """
        found = self.peek()
        if found != expected:
            raise self.fail(f"« {expected} » attendu, {f'« {found} »' if found else 'fin du fichier'} trouvé")
        self._position += 1

    def value(self) -> Any:
        """Decodes the value at the cursor and steps over it; `text()` then gives it as received.

        Raises:
            PlatformError: it is malformed, cut, or larger than 64 MiB.
        """
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._position)
                # A number near the end of the buffer may go on: 1 then 5, 1 then .5, 1e+ then 5.
                if end + 2 < len(self._buffer) or self._end_of_file:
                    self.span = (self._position, end)
                    self._position = end
                    return value
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos > len(self._buffer) - _CUT_MARGIN
                if self._end_of_file or not cut:
                    raise self.fail(_problem(error), error.pos) from error
            except RecursionError as error:
                raise self.fail("trop de niveaux imbriqués") from error
            if len(self._buffer) - self._position > MAX_RECORD:
                raise self.fail("un enregistrement dépasse 64 Mio ou n'est pas fermé")
            self._more()

    def text(self) -> str:
        """The last decoded value as received."""
        return self._buffer[slice(*self.span)]

    def elements(self) -> Iterator[None]:
        """Stops at each element of the list at the cursor; the caller consumes it."""
        yield from self._parts("[", "]", lambda: None)

    def members(self) -> Iterator[str]:
        """Stops at the value of each member of the object at the cursor, giving its key."""
        yield from self._parts("{", "}", self._key)

    def _parts(self, opening: str, closing: str, head: Any) -> Iterator[Any]:
        self.take(opening)
        if self.peek() == closing:
            self._position += 1
            return
        while True:
            yield head()
            if self.peek() != ",":
                self.take(closing)
                return
            self._position += 1

    def _key(self) -> str:
        if self.peek() != '"':
            raise self.fail("une clé entre guillemets est attendue")
        key: str = self.value()
        self.take(":")
        return key

    def skip(self) -> None:
        """Steps over the value at the cursor without holding more of it than a scalar."""
        kind = self.peek()
        if kind == "{":
            for _ in self.members():
                self.skip()
        elif kind == "[":
            for _ in self.elements():
                self.skip()
        else:
            self.value()

    def finish(self) -> None:
        """Checks that nothing follows the root.

        Raises:
            PlatformError: something does.
        """
        if self.peek():
            error = self.fail("du texte suit la fin du document")
            error.advice += " Un fichier d'un objet JSON par ligne doit être converti en une seule liste."
            raise error


def _problem(error: json.JSONDecodeError) -> str:
    """Says in French what Python's decoder says in English."""
    for start, problem in (
        ("Expecting value", "une valeur est attendue"),
        ("Expecting ',' delimiter", "« , » ou la fin de l'objet ou de la liste est attendu"),
        ("Expecting ':' delimiter", "« : » est attendu"),
        ("Expecting property name", "une clé entre guillemets est attendue"),
        ("Unterminated string", "un texte s'ouvre et ne se ferme pas"),
        ("Invalid control character", "un caractère de contrôle dans un texte"),
        ("Invalid", "une séquence d'échappement est invalide"),
    ):
        if error.msg.startswith(start):
            return problem
    return "syntaxe invalide"


class JsonRecords:
    """The rows of one JSON file.

    Args:
        variant: how the file is declared.
        scalar_rows: whether a row may be a scalar, kept in the column `valeur`.

    Attributes:
        columns: columns met so far, in the order of their first appearance.
        found: records met in the last reading, refused ones included.
        announced: number of rows that the envelope announces, or None.
    """

    def __init__(self, variant: Variant, scalar_rows: bool) -> None:  # noqa: D107
        self.variant = variant
        self.scalar_rows = scalar_rows
        self.found = 0
        self.announced: int | None = None
        self._names: dict[tuple[str, ...], str] = {}
        self._origins: dict[str, tuple[str, ...]] = {
            name: (f"clé {name}",) for name in (*variant.keys, *variant.fields)
        }
        self._count_member = ENVELOPES[variant.envelope][1] if variant.envelope else None

    @property
    def columns(self) -> list[str]:
        """Columns met so far, keys and declared fields first."""
        return list(self._origins)

    def read(self, file: BinaryIO) -> Iterator[Row | Reject]:
        """Reads the file from its start.

        Yields:
            (ordinal, values by column) for a row, a Reject for a record that cannot be one.

        Raises:
            PlatformError: malformed text, a missing step, or two members with the same column.
        """
        file.seek(0)
        self.found = 0
        self._reader = JsonReader(file, self.variant.encoding)
        if not self._reader.peek():
            raise PlatformError("Le fichier est vide.", "Vérifiez le dépôt ou demandez un nouveau fichier.")
        yield from self._walk(self.variant.rows, (), False)
        self._reader.finish()

    def _walk(
        self, steps: tuple[str, ...], keys: tuple[str, ...], below_star: bool
    ) -> Iterator[Row | Reject]:
        reader = self._reader
        if not steps:
            yield self._record(keys)
            return
        step, rest = steps[0], steps[1:]
        kind = reader.peek()
        if step == "*" and kind == "[":
            for _ in reader.elements():
                yield from self._walk(rest, keys, True)
        elif step == "*" and kind == "{":
            for key in reader.members():
                yield from self._walk(rest, (*keys, key), True)
        elif kind == "{":
            yield from self._step(step, rest, keys, below_star)
        elif below_star:
            yield self._misfit(step)
        else:
            wanted = (
                "une liste ou un objet est attendu" if step == "*" else f"l'étape « {step} » attend un objet"
            )
            raise self._path_error(wanted)

    def _step(
        self, step: str, rest: tuple[str, ...], keys: tuple[str, ...], below_star: bool
    ) -> Iterator[Row | Reject]:
        seen = []
        for key in self._reader.members():
            seen.append(key)
            if key == step:
                yield from self._walk(rest, keys, below_star)
            elif key == self._count_member and not below_star:
                self._announce(self._reader.value())
            else:
                self._reader.skip()
        if step not in seen:
            raise self._path_error(
                f"l'étape « {step} » manque ; clés présentes : {', '.join(seen[:20]) or 'aucune'}"
            )

    def _announce(self, count: Any) -> None:
        self.announced = int(count) if isinstance(count, _Number) and count.isdecimal() else None

    def _path_error(self, problem: str) -> PlatformError:
        return PlatformError(
            "Les lignes ne sont pas là où la déclaration les cherche "
            f"({'.'.join(self.variant.rows)}) : {problem}.",
            "Corrigez `rows` ou `envelope` dans la déclaration, ou demandez au fournisseur ce qui a changé.",
        )

    def _misfit(self, step: str) -> Reject:
        self._reader.value()
        self.found += 1
        return self._reject(
            _Refused("pas_un_objet", f"un objet ou une liste est attendu à l'étape « {step} »")
        )

    def _record(self, keys: tuple[str, ...]) -> Row | Reject:
        value = self._reader.value()
        self.found += 1
        try:
            return self.found, self._values(value, keys)
        except _Refused as refused:
            return self._reject(refused)

    def _reject(self, refused: _Refused) -> Reject:
        text = self._reader.text()
        offset = self._reader.offset() - len(text.encode(self._reader.codec))
        return Reject(
            self.found, offset, refused.motif, refused.detail, text, text.encode(self._reader.codec)
        )

    def _values(self, value: Any, keys: tuple[str, ...]) -> dict[str, str | None]:
        values: dict[str, str | None] = dict(zip(self.variant.keys, keys, strict=False))
        if isinstance(value, dict):
            row = self._lifted(value)
            for column, path in self.variant.fields.items():
                values[column] = _text(_follow(row, path))
            self._flatten(row, (), values)
        elif self.scalar_rows and not isinstance(value, list):
            values[self._column((SCALAR_COLUMN,))] = _text(value)
        else:
            raise _Refused(
                "pas_un_objet", "un objet est attendu, un texte, un nombre ou une liste est trouvé"
            )
        _check_characters(values)
        return values

    def _lifted(self, row: dict[str, Any]) -> dict[str, Any]:
        """Brings the members of `fields` up in an Opendatasoft v1 record."""
        fields = row.get("fields")
        if self.variant.envelope != "opendatasoft_v1" or not isinstance(fields, dict):
            return row
        _check_keys(row)
        lifted = {key: value for key, value in row.items() if key != "fields"}
        for key, value in fields.items():
            if key in lifted:
                raise collision(to_identifier(key, 1), key, f"fields.{key}")
            lifted[key] = value
        _check_keys(fields)
        return lifted

    def _flatten(self, row: dict[str, Any], path: tuple[str, ...], values: dict[str, str | None]) -> None:
        _check_keys(row)
        for key, value in row.items():
            if isinstance(value, dict) and value:
                self._flatten(value, (*path, key), values)
            else:
                values[self._column((*path, key))] = _text(value)

    def _column(self, path: tuple[str, ...]) -> str:
        """The column of a member, the same for the whole file."""
        name = self._names.get(path)
        if name is None:
            received = "_".join(path)
            name = to_identifier(received, len(self._names) + 1)
            name = self.variant.renames.get(name, name)
            if name in METADATA_COLUMNS:
                raise metadata_collision(received)
            if name in self._origins:
                raise collision(name, ".".join(self._origins[name]), ".".join(path))
            self._names[path] = name
            self._origins[name] = path
        return name


def _check_keys(row: dict[str, Any]) -> None:
    if isinstance(row, _Repeated):
        raise _Refused("cle_en_double", "une clé apparaît deux fois dans le même objet")


def _check_characters(values: dict[str, str | None]) -> None:
    text = "".join(value for value in values.values() if value)
    if "\0" in text:
        raise _Refused("caractere_nul", "un caractère nul (\\u0000), que PostgreSQL ne peut pas garder")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise _Refused(
                "caractere_invalide", "une moitié de caractère (\\ud800 à \\udfff) isolée"
            ) from error


def _follow(value: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of keys and list positions, None where the path leads nowhere."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _text(value: Any) -> str | None:
    """A value as the text of a column: strings and numbers as received, lists and objects as JSON."""
    if value is None or type(value) is str:
        return value
    return str(value) if isinstance(value, _Number) else _json(value)


def _json(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    if isinstance(value, dict):
        members = (f"{json.dumps(key, ensure_ascii=False)}: {_json(member)}" for key, member in value.items())
        return f"{{{', '.join(members)}}}"
    return json.dumps(value, ensure_ascii=False)
