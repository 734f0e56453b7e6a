"""Reads the rows of a JSON file one by one: the memory holds one record, never the file."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from donnees_au_centre.connectors.json_cells import (
    DECODER,
    Number,
    Refused,
    cell,
    check_characters,
    check_keys,
    decoded,
    follow,
    leaves,
    problem,
    too_deep,
)
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.landing.declaration import ENVELOPES, JSON_LINES, Variant
from donnees_au_centre.landing.encodings import CHUNK, Encoding
from donnees_au_centre.landing.identifiers import METADATA_COLUMNS, to_identifier
from donnees_au_centre.landing.limits import MAX_COLUMNS, too_many_columns
from donnees_au_centre.landing.received import Withheld
from donnees_au_centre.landing.rejects import Reject

# Once it is read, a record takes up to 40 times as much memory.
MAX_RECORD = 8 << 20
_LONGEST_READ = 4 << 20
SCALAR_COLUMN = "valeur"
# What the received words of a failure are, in raw_<ag>.rejets_chargement.
_MEMBERS = "les clés reçues"
_LONGEST_COUNT = 10
_TOO_DEEP = "trop de niveaux imbriqués"
_NO_SPACE = re.compile(r"[^ \t\r\n]")
# Longest literal of the decoder (-Infinity) and escape (\ud83d\ude00) that a buffer may cut.
_CUT_MARGIN = 16
# A first line longer than this is taken for one document, unless the declaration says `rows: lines`.
_FIRST_LINE = 4 << 20

Row = tuple[int, dict[str, str | None]]


class MisplacedRows(Withheld):
    """The rows are not where the declaration looks for them."""


class _Place(NamedTuple):
    """Where a record stands: its first byte, its text and its bytes."""

    offset: int | None
    text: str
    raw: bytes


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
        # A position in the buffer and the byte of the file there: offsets are counted from there on.
        self._offset_base = (0, self._bytes)
        self.span = (0, 0)

    def _more(self) -> None:
        """Appends at least 1 MiB to the buffer, after dropping what was consumed."""
        dropped = self._buffer[: self._position]
        self._bytes = self.offset()
        self._offset_base = (0, self._bytes)
        self._line += dropped.count("\n")
        newline = dropped.rfind("\n")
        self._column = self._column + len(dropped) if newline < 0 else len(dropped) - newline - 1
        kept = self._buffer[self._position :]
        self._position = 0
        start = self._file.tell()
        chunk = self._file.read(min(max(CHUNK, len(kept)), _LONGEST_READ))
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
            found = _NO_SPACE.search(self._buffer, self._position)
            self._position = found.start() if found else len(self._buffer)
            if found:
                return found[0]
            if self._end_of_file:
                return ""
            self._more()

    def offset(self) -> int:
        """Byte position of the cursor in the file."""
        known, offset = self._offset_base
        offset += len(self._buffer[known : self._position].encode(self.codec))
        self._offset_base = (self._position, offset)
        return offset

    def take(self, expected: str) -> None:
        """Steps over one character.

        Raises:
            PlatformError: another one comes next.
        """
        found = self.peek()
        if found != expected:
            raise self.fail(f"« {expected} » attendu, {'autre chose' if found else 'fin du fichier'} trouvé")
        self._position += 1

    def value(self) -> Any:
        """Decodes the value at the cursor and steps over it; `text()` then gives it as received.

        Raises:
            PlatformError: it is malformed, cut, or larger than 8 MiB.
        """
        self.peek()
        while True:
            try:
                value, end = DECODER.raw_decode(self._buffer, self._position)
                # A number near the end of the buffer may go on: 1 then 5, 1 then .5, 1e+ then 5.
                if end + 2 < len(self._buffer) or self._end_of_file:
                    self.span = (self._position, end)
                    self._position = end
                    return value
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos > len(self._buffer) - _CUT_MARGIN
                if self._end_of_file or not cut:
                    raise self.fail(problem(error), error.pos) from error
            except RecursionError as error:
                raise self.fail(_TOO_DEEP) from error
            if len(self._buffer) - self._position > MAX_RECORD:
                raise self.fail(f"un enregistrement dépasse {MAX_RECORD >> 20} Mio ou n'est pas fermé")
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
        """Steps over the value at the cursor without holding more of it than a scalar.

        Raises:
            PlatformError: it is malformed, or nested too deep.
        """
        try:
            self._skip()
        except RecursionError as error:
            raise self.fail(_TOO_DEEP) from error

    def _skip(self) -> None:
        kind = self.peek()
        if kind in ("{", "["):
            for _ in self.members() if kind == "{" else self.elements():
                self._skip()
        else:
            self.value()

    def finish(self) -> None:
        """Checks that nothing follows the root.

        Raises:
            PlatformError: something does.
        """
        if self.peek():
            error = self.fail("du texte suit la fin du document")
            error.advice += " S'il a un objet JSON par ligne, écrivez `rows: lines`."
            raise error


class JsonRecords:
    """The rows of one JSON file.

    Args:
        variant: how the file is declared.
        scalar_rows: whether a row may be a scalar, kept in the column `valeur`.

    Attributes:
        columns: columns met so far, in the order of their first appearance.
        found: records met in the last reading, refused ones included.
        announced: number of rows that the envelope announces, or None.
        blank_lines: blank lines met in a file of one object a line.
        taken: how many records have a member whose column another member has.
        keys_lost: whether a `*` step went through the keys of an object that no column receives.
    """

    def __init__(self, variant: Variant, scalar_rows: bool) -> None:  # noqa: D107
        self.variant = variant
        self.scalar_rows = scalar_rows
        self.found = self.blank_lines = 0
        self.announced: int | None = None
        self.keys_lost = False
        self.taken = 0
        self._parents = variant.parents or {}
        self._names: dict[tuple[str, ...], str] = {}
        self._origins: dict[str, tuple[str, ...]] = {
            name: (f"clé {name}",) for name in (*variant.keys, *self._parents, *variant.fields)
        }
        self._declared_paths = set(variant.fields.values())
        self._count_member = ENVELOPES[variant.envelope][1] if variant.envelope else None
        # Simple members of the objects that stand around all rows: complete at the end of a reading.
        self._around: dict[str, Any] = {}
        # Steps that some object lacked, with the keys it had, and steps that some object had.
        self._lacked: dict[str, list[str]] = {}
        self._met: set[str] = set()

    @property
    def columns(self) -> list[str]:
        """Columns met so far, keys and declared fields first."""
        return list(self._origins)

    @property
    def paths(self) -> list[str]:
        """Where each column comes from, as the file writes it."""
        return [".".join(path) for path in self._origins.values()]

    def read(self, file: BinaryIO) -> Iterator[Row | Reject]:
        """Reads the file from its start; values around all rows are known from the second reading on.

        Yields:
            (ordinal, values by column) for a row, a Reject for a record that cannot be one. The ordinal is
            the line in a file of one object a line.

        Raises:
            PlatformError: malformed text, or a missing step.
        """
        self.found = self.blank_lines = 0
        self.taken = 0
        if self._has_lines(file):
            yield from self._read_lines(file)
        else:
            file.seek(0)
            self._reader = JsonReader(file, self.variant.encoding)
            if not self._reader.peek():
                raise PlatformError(
                    "Le fichier est vide.", "Vérifiez le dépôt ou demandez un nouveau fichier."
                )
            yield from self._walk(self.variant.rows, (), False)
            self._reader.finish()
        for step, seen in self._lacked.items():
            if not self.found and step not in self._met:
                raise self._missing_step(step, seen)

    # One object a line

    def _has_lines(self, file: BinaryIO) -> bool:
        """Whether the file has one object a line: declared, or plain from its first two lines."""
        if self.variant.rows == (JSON_LINES,):
            return True
        file.seek(0)
        encoding = self.variant.encoding.skip_marks(file)
        if self.variant.rows[:1] != ("*",) or not _starts_object(encoding, file):
            return False
        lines = (line for line in _lines(encoding, file, _FIRST_LINE) if line.strip())
        try:
            first, second = islice(lines, 2)
            return type(DECODER.decode(encoding.text(first))) is dict and second.lstrip().startswith(b"{")
        except (ValueError, PlatformError, RecursionError):
            return False

    def _read_lines(self, file: BinaryIO) -> Iterator[Row | Reject]:
        file.seek(0)
        encoding = self.variant.encoding.skip_marks(file)
        offset, steps = file.tell(), self.variant.rows[1:]
        for number, line in enumerate(_lines(encoding, file, MAX_RECORD), start=1):
            place = partial(_line_place, encoding, line, offset)
            offset += len(encoding.original(line + b"\n"))
            if not line.strip():
                self.blank_lines += 1
                continue
            if not steps:
                self.found = number - 1
            try:
                value = self._decoded(encoding, line)
            except Refused as refused:
                self.found += 1
                yield self._reject(refused, place)
                continue
            yield from self._inside(value, steps, (), (), place)

    def _decoded(self, encoding: Encoding, line: bytes) -> Any:
        try:
            text = encoding.text(line)
        except UnicodeDecodeError as error:
            raise Refused("octets_invalides", f"des octets qui ne sont pas du {encoding.codec}") from error
        return decoded(text)

    # One document

    def _walk(
        self, steps: tuple[str, ...], keys: tuple[str, ...], below_star: bool
    ) -> Iterator[Row | Reject]:
        reader = self._reader
        if not steps or (self._parents and below_star):
            value = reader.value()
            yield from self._inside(value, steps, keys, (), self._here)
            return
        step, rest = steps[0], steps[1:]
        kind = reader.peek()
        if step == "*" and kind == "[":
            for _ in reader.elements():
                yield from self._walk(rest, keys, True)
        elif step == "*" and kind == "{":
            self._pass_key(keys)
            for key in reader.members():
                yield from self._walk(rest, (*keys, key), True)
        elif kind == "{":
            yield from self._step(step, rest, keys, below_star)
        elif below_star:
            yield from self._misfit(step, reader.value(), self._here)
        else:
            wanted = (
                "une liste ou un objet est attendu" if step == "*" else f"l'étape « {step} » attend un objet"
            )
            raise self._path_error(wanted, ())

    def _step(
        self, step: str, rest: tuple[str, ...], keys: tuple[str, ...], below_star: bool
    ) -> Iterator[Row | Reject]:
        seen = []
        for key in self._reader.members():
            seen.append(key)
            if key == step:
                yield from self._walk(rest, keys, below_star)
            elif below_star or self._reader.peek() in ("[", "{"):
                self._reader.skip()
            else:
                self._around[key] = self._reader.value()
        if step not in seen and not below_star:
            raise self._missing_step(step, seen)
        self._check_step(step, rest, keys, seen, below_star)
        if not below_star:
            self._announce()

    def _check_step(
        self, step: str, rest: tuple[str, ...], keys: tuple[str, ...], seen: list[str], below_star: bool
    ) -> None:
        """Notes a step that an object lacks, and refuses rows that would lose whose they are."""
        others = [key for key in seen if key != step]
        if step not in seen:
            self._lacked[step] = seen
            return
        self._met.add(step)
        if below_star and "*" in rest and others and not keys and self.variant.parents is None:
            raise Withheld(
                f"Les lignes sont dans « {step} », une liste d'objets qui ont "
                f"{counted(len(others), 'autre membre')} : rien ne dirait plus à qui elles sont.",
                "Déclarez `parents: {<colonne>: <membre>}` pour garder un membre à chaque ligne, ou "
                "`parents: {}` si aucun ne compte. Une autre table peut lire les objets eux-mêmes, du même "
                f"fichier, avec `rows: {self._steps_before(step)}`.",
                _MEMBERS,
                others,
            )

    def _steps_before(self, step: str) -> str:
        return "'" + ".".join(self.variant.rows[: self.variant.rows.index(step)]) + "'"

    def _announce(self) -> None:
        count = self._around.get(self._count_member) if self._count_member else None
        if count is not None:
            # No table of a service has more rows: a longer number counts nothing, and is not repeated.
            counts = isinstance(count, Number) and count.isdecimal() and len(count) < _LONGEST_COUNT
            self.announced = int(count) if counts else None

    def _pass_key(self, keys: tuple[str, ...]) -> None:
        self.keys_lost = self.keys_lost or len(keys) >= len(self.variant.keys)

    def _missing_step(self, step: str, seen: list[str]) -> PlatformError:
        return self._path_error(f"l'étape « {step} » manque ; l'objet a {counted(len(seen), 'clé')}", seen)

    def _path_error(self, problem: str, seen: Sequence[str]) -> PlatformError:
        return MisplacedRows(
            "Les lignes ne sont pas là où la déclaration les cherche "
            f"({'.'.join(self.variant.rows)}) : {problem}.",
            "Corrigez `rows` ou `envelope` dans la déclaration, ou demandez au fournisseur ce qui a changé.",
            _MEMBERS,
            seen,
        )

    def _here(self) -> _Place:
        """Where the value stands that was read last."""
        text, codec = self._reader.text(), self._reader.codec
        raw = text.encode(codec)
        return _Place(self._reader.offset() - len(raw), text, raw)

    # One value

    def _inside(
        self,
        value: Any,
        steps: tuple[str, ...],
        keys: tuple[str, ...],
        around: tuple[dict[str, Any], ...],
        place: Callable[[], _Place],
    ) -> Iterator[Row | Reject]:
        """The rows in a value that is in memory; `around` has the objects passed through, nearest last."""
        if not steps:
            yield self._record(value, keys, around, place)
            return
        step, rest = steps[0], steps[1:]
        if step == "*" and isinstance(value, list):
            for element in value:
                yield from self._inside(element, rest, keys, around, place)
        elif step == "*" and isinstance(value, dict):
            self._pass_key(keys)
            for key, member in value.items():
                yield from self._inside(member, rest, (*keys, key), around, place)
        elif isinstance(value, dict):
            self._check_step(step, rest, keys, list(value), True)
            if value.get(step) is not None:
                yield from self._inside(value[step], rest, keys, (*around, value), place)
        else:
            yield from self._misfit(step, value, place)

    def _misfit(self, step: str, value: Any, place: Callable[[], _Place]) -> Iterator[Reject]:
        """Refuses a value that is neither list nor object; null is an empty list."""
        if value is not None:
            self.found += 1
            yield self._reject(
                Refused("pas_un_objet", f"un objet ou une liste est attendu à l'étape « {step} »"), place
            )

    def _record(
        self,
        value: Any,
        keys: tuple[str, ...],
        around: tuple[dict[str, Any], ...],
        place: Callable[[], _Place],
    ) -> Row | Reject:
        self.found += 1
        try:
            return self.found, self._values(value, keys, around)
        except Refused as refused:
            return self._reject(refused, place)
        except RecursionError:
            return self._reject(too_deep(), place)

    def _reject(self, refused: Refused, place: Callable[[], _Place]) -> Reject:
        offset, text, raw = place()
        return Reject(self.found, offset, refused.motif, refused.detail, text, raw)

    def _values(
        self, value: Any, keys: tuple[str, ...], around: tuple[dict[str, Any], ...]
    ) -> dict[str, str | None]:
        values: dict[str, str | None] = dict(zip(self.variant.keys, keys, strict=False))
        for column, path in self._parents.items():
            values[column] = cell(self._above(path, around))
        if isinstance(value, dict):
            row = self._lifted(value)
            for column, path in self.variant.fields.items():
                values[column] = cell(follow(row, path))
            for place, member in leaves(row, self._declared_paths):
                values[self._column(place)] = cell(member)
        elif self.scalar_rows and not isinstance(value, list):
            values[self._column((SCALAR_COLUMN,))] = cell(value)
        else:
            raise Refused("pas_un_objet", "un objet est attendu, un texte, un nombre ou une liste est trouvé")
        check_characters(values.values())
        return values

    def _above(self, path: tuple[str, ...], around: tuple[dict[str, Any], ...]) -> Any:
        """A value of the nearest object around a row that has the first step of the path."""
        holder = next((one for one in reversed(around) if path[0] in one), self._around)
        return follow(holder, path)

    def _lifted(self, row: dict[str, Any]) -> dict[str, Any]:
        """Brings the members of `fields` up in an Opendatasoft v1 record."""
        fields = row.get("fields")
        if self.variant.envelope != "opendatasoft_v1" or not isinstance(fields, dict):
            return row
        check_keys(row)
        lifted = {key: value for key, value in row.items() if key != "fields"}
        for key, value in fields.items():
            if key in lifted:
                raise self._collision(key, f"fields.{key}", to_identifier(key, 1))
            lifted[key] = value
        check_keys(fields)
        return lifted

    def _column(self, path: tuple[str, ...]) -> str:
        """The column of a member, the same for the whole file."""
        name = self._names.get(path)
        if name is None:
            received = "_".join(path)
            name = to_identifier(received, len(self._names) + 1)
            name = self.variant.renames.get(name, name)
            if name in METADATA_COLUMNS:
                raise self._collision("le chargement", ".".join(path), name)
            if name in self._origins:
                raise self._collision(".".join(self._origins[name]), ".".join(path), name)
            if len(self._origins) >= MAX_COLUMNS:
                raise too_many_columns()
            self._names[path] = name
            self._origins[name] = path
        return name

    def _collision(self, first: str, second: str, name: str) -> Refused:
        self.taken += 1
        return Refused(
            "nom_de_colonne",
            f"« {second} » donnerait la colonne « {name} », déjà prise par « {first} » : "
            f"`fields: {{<colonne>: {second}}}` lui en donne une autre",
        )


def _line_place(encoding: Encoding, line: bytes, offset: int) -> _Place:
    line = line.removesuffix(b"\r")
    return _Place(offset, encoding.readable(line), encoding.original(line))


def _starts_object(encoding: Encoding, file: BinaryIO) -> bool:
    place = file.tell()
    start = next((text for chunk in encoding.chunks(file) if (text := chunk.lstrip())), b"")
    file.seek(place)
    return start.startswith(b"{")


def _lines(encoding: Encoding, file: BinaryIO, longest: int) -> Iterator[bytes]:
    """The lines of a file without their LF, in UTF-8 where the encoding is transcoded."""
    held = b""
    for chunk in encoding.chunks(file):
        *lines, held = (held + chunk).split(b"\n")
        yield from lines
        if len(held) > longest:
            raise PlatformError(
                f"Une ligne dépasse {longest >> 20} Mio.",
                "Le fichier n'a sans doute pas un objet par ligne : corrigez `rows`.",
            )
    if held:
        yield held
