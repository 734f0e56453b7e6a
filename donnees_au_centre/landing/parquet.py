"""Reads the rows of a Parquet file as text that loses nothing; pyarrow, an optional driver, decodes it."""

from __future__ import annotations

import datetime
import json
import re
import uuid
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, BinaryIO

from donnees_au_centre.drivers import missing_driver
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.limits import RATIO_MATTERS, most_from, tick
from donnees_au_centre.landing.rejects import Reject, RejectSpool

# Rows, and bytes of them, that are decoded at once.
_BATCH, _BATCH_BYTES = 8192, 8 << 20
# Rows, where a few bytes of a column may say a long text again in each.
_FEW = 64
_BUFFER = 1 << 20
_DAY = 86_400
_EPOCH = datetime.date(1970, 1, 1).toordinal()
# Digits of a second in the units of Arrow.
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")

Texts = list[Any]


class _Foreign:
    """Stands for a text that is not UTF-8."""


_FOREIGN = _Foreign()


class ParquetRows:
    """The rows of one file.

    Args:
        file: seekable.
        received: bytes of the file, or of the archive that it came in.
        max_unpacked: as declared, in MiB.

    Attributes:
        names: of its columns, as received.

    Raises:
        PlatformError: pyarrow is missing, or the file is cut, damaged, or unpacks to more than it may.
    """

    def __init__(self, file: BinaryIO, received: int, max_unpacked: int | None) -> None:  # noqa: D107
        self._arrow = _driver()
        self._most, self._words = most_from(received, max_unpacked)
        with self._damage():
            source = self._arrow.PythonFile(file, mode="r")
            # No thread, and no more of a column than the buffer: the memory stays flat.
            options = {"pre_buffer": False, "buffer_size": _BUFFER, "coerce_int96_timestamp_unit": "us"}
            described = self._arrow.parquet.ParquetFile(source, **options)
            schema = described.schema_arrow
            # A text said once may be in every row: it is held once.
            types = self._arrow.types
            prefixed = _prefixed(described.metadata)
            said = [
                field.name
                for field in schema
                if (types.is_string(field.type) or types.is_binary(field.type)) and field.name not in prefixed
            ]
            self._file = self._arrow.parquet.ParquetFile(source, read_dictionary=said, **options)
            self.names: list[str] = list(schema.names)
        self._most_rows = _FEW if prefixed else _BATCH
        self._given = 0
        metadata = self._file.metadata
        groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
        self._bytes = sum(group.total_byte_size for group in groups)
        self._rows = max(metadata.num_rows, 1)
        self._check(self._bytes)

    def rows(self, rejects: RejectSpool) -> Iterator[tuple[int, list[str | None]]]:
        """The number of each row, from 1, and its cells; a row that cannot be kept goes to the rejects.

        Raises:
            PlatformError: the file is damaged, or gives more than it may.
        """
        number = 0
        size = max(1, min(self._most_rows, _BATCH_BYTES * self._rows // max(self._bytes, 1)))
        with self._damage():
            for batch in self._file.iter_batches(batch_size=size, use_threads=False):
                columns = [self._texts(column) for column in batch.columns]
                for cells in zip(*columns, strict=True) if columns else ():
                    tick()
                    number += 1
                    self._given += sum(len(cell) for cell in cells if isinstance(cell, str))
                    row = self._accepted(number, cells, rejects)
                    if row is not None:
                        yield number, row
                self._check(self._given)

    def _accepted(self, number: int, cells: Sequence[Any], rejects: RejectSpool) -> list[str | None] | None:
        foreign = any(cell is _FOREIGN for cell in cells)
        if not foreign and not any("\0" in cell for cell in cells if cell):
            return list(cells)
        motif, detail = ("caractere_nul", "un caractère nul")
        if foreign:
            motif, detail = ("octets_invalides", "un texte dont les octets ne sont pas du utf-8")
        text = "\t".join("?" if cell is _FOREIGN else cell or "" for cell in cells)
        raw = text.encode("utf-8", "backslashreplace")
        rejects.add(Reject(number, None, motif, detail, text.replace("\0", "\\x00"), raw))
        return None

    def _check(self, size: int) -> None:
        if size > max(self._most, RATIO_MATTERS):
            raise PlatformError(
                f"Décompressé, le fichier dépasse {self._words}.",
                "S'il est vraiment si grand, écrivez une limite plus haute dans `max_unpacked` (en Mio).",
            )

    @contextmanager
    def _damage(self) -> Iterator[None]:
        faults = (self._arrow.ArrowException, OSError, ValueError, OverflowError, TypeError)
        try:
            yield
        except faults as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise PlatformError(
                "Le fichier Parquet est tronqué ou abîmé, ou d'une forme qui n'est pas lue (chiffré ?).",
                "Vérifiez que le dépôt s'est bien terminé, ou demandez un nouveau fichier.",
            ) from error

    # Values as text

    def _texts(self, array: Any) -> Texts:
        """The values of an array as texts, None for null."""
        types, kind = self._arrow.types, array.type
        if types.is_dictionary(kind):
            places = array.indices.to_pylist()
            used = sorted({place for place in places if place is not None})
            taken = self._texts(array.dictionary.take(self._arrow.array(used, self._arrow.int64())))
            said = dict(zip(used, taken, strict=True))
            return [None if place is None else said[place] for place in places]
        if isinstance(kind, self._arrow.BaseExtensionType):
            texts = self._texts(array.storage)
            if kind.extension_name == "arrow.uuid":
                return [text and str(uuid.UUID(text[2:])) for text in texts]
            return texts
        if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
            return self._strings(array)
        if self._is_nested(kind):
            return self._nested(array)
        return _each(self._writer(kind), self._plain(array))

    def _is_nested(self, kind: Any) -> bool:
        return bool(self._arrow.types.is_nested(kind))

    def _strings(self, array: Any) -> Texts:
        try:
            return list(array.to_pylist())
        except UnicodeDecodeError:
            return _each(_decoded, array.cast(self._arrow.large_binary()).to_pylist())

    def _plain(self, array: Any) -> list[Any]:
        """Values of Python from which the text is made: of times the counts, which Python's own types cut."""
        types, kind = self._arrow.types, array.type
        if types.is_date32(kind) or types.is_time32(kind):
            array = array.cast(self._arrow.int32())
        elif types.is_temporal(kind):
            array = array.cast(self._arrow.int64())
        elif types.is_floating(kind):
            # Shortest digits that give the number back, of its own precision.
            array = (array.cast(self._arrow.float32()) if types.is_float16(kind) else array).cast(
                self._arrow.string()
            )
        return list(array.to_pylist())

    def _writer(self, kind: Any) -> Callable[[Any], str]:
        types = self._arrow.types
        if types.is_boolean(kind):
            return lambda value: "true" if value else "false"
        if types.is_floating(kind):
            return _float
        if types.is_decimal(kind):
            return lambda value: format(value, "f")
        if types.is_date32(kind):
            return _date
        if types.is_date64(kind):
            return lambda value: _date(value // (_DAY * 1000))
        if types.is_timestamp(kind):
            zone = _zone(kind.tz)
            return lambda value: _moment(value, kind.unit, zone)
        if types.is_time(kind):
            return lambda value: _clock(value, kind.unit)
        if types.is_duration(kind):
            return lambda value: ("-" if value < 0 else "") + _clock(abs(value), kind.unit)
        if types.is_integer(kind):
            return str
        return lambda value: "\\x" + value.hex() if isinstance(value, bytes) else str(value)

    # Values as JSON

    def _nested(self, array: Any) -> Texts:
        """Lists, objects and maps as JSON text, numbers with the digits that they have."""
        types, kind = self._arrow.types, array.type
        valid = array.is_valid().to_pylist()
        if types.is_struct(kind):
            names = [json.dumps(field.name, ensure_ascii=False) for field in kind]
            parts = [self._json(part) for part in array.flatten()]
            objects = (
                "{" + ", ".join(f"{name}: {part[row]}" for name, part in zip(names, parts, strict=True)) + "}"
                for row in range(len(array))
            )
            return [text if held else None for text, held in zip(objects, valid, strict=True)]
        if types.is_map(kind):
            # A key may be no text, or come twice: a list of pairs keeps all.
            pairs = zip(self._json(array.keys), self._json(array.items), strict=True)
            members = [f"[{key}, {value}]" for key, value in pairs]
        elif types.is_fixed_size_list(kind):
            return self._nested(array.cast(self._arrow.large_list(kind.value_field)))
        else:
            members = self._json(array.values)
        offsets = array.offsets.to_pylist()
        return [
            "[" + ", ".join(members[start:end]) + "]" if held else None
            for start, end, held in zip(offsets, offsets[1:], valid, strict=False)
        ]

    def _json(self, array: Any) -> list[str]:
        types, kind = self._arrow.types, array.type
        bare = self._is_nested(kind) or types.is_boolean(kind)
        bare = bare or types.is_integer(kind) or types.is_decimal(kind)
        texts = self._texts(array)
        if any(text is _FOREIGN for text in texts):
            raise ValueError("a text that is not UTF-8 inside a list")
        if types.is_floating(kind):
            return ["null" if text is None else text if text[-1].isdigit() else f'"{text}"' for text in texts]
        return [
            "null" if text is None else text if bare else json.dumps(text, ensure_ascii=False)
            for text in texts
        ]


def _driver() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise missing_driver("parquet", "pyarrow") from error
    return pyarrow


def _each(write: Callable[[Any], Any], values: list[Any]) -> Texts:
    return [None if value is None else write(value) for value in values]


def _decoded(value: bytes) -> Any:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return _FOREIGN


def _float(text: str) -> str:
    """A number without exponent, a whole one without `.0`; what is none as PostgreSQL writes it."""
    named = {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text.lower())
    if named:
        return named
    plain = format(Decimal(text), "f") if "e" in text.lower() else text
    return plain.removesuffix(".0")


def _date(days: int) -> str:
    """Args: `days`: since 1970-01-01; years that Python lacks are written by the same calendar."""
    ordinal = days + _EPOCH
    if 1 <= ordinal <= datetime.date.max.toordinal():
        return datetime.date.fromordinal(ordinal).isoformat()
    # The calendar comes back every 400 years.
    cycles, place = divmod(ordinal - 1, 146_097)
    same = datetime.date.fromordinal(place + 1)
    year = same.year + 400 * cycles
    return f"{'-' if year < 0 else ''}{abs(year):04d}-{same:%m-%d}"


def _clock(count: int, unit: str) -> str:
    seconds, rest = divmod(count, 10 ** _DIGITS[unit])
    part = f".{rest:0{_DIGITS[unit]}d}".rstrip("0") if rest else ""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{part}"


def _zone(name: str | None) -> datetime.tzinfo | None:
    """The zone of a column; of one that this machine does not know, the moments are shown in UTC."""
    if name is None:
        return None
    if found := _OFFSET.fullmatch(name):
        sign, hours, minutes = found.groups()
        shift = datetime.timedelta(hours=int(hours), minutes=int(minutes))
        return datetime.timezone(-shift if sign == "-" else shift)
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return datetime.UTC


def _moment(count: int, unit: str, zone: datetime.tzinfo | None) -> str:
    seconds, rest = divmod(count, 10 ** _DIGITS[unit])
    shift = 0
    if zone is not None:
        try:
            moment = datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(seconds=seconds)
            offset = moment.astimezone(zone).utcoffset()
        except OverflowError:
            offset = None
        shift = round(offset.total_seconds()) if offset else 0
    days, seconds = divmod(seconds + shift, _DAY)
    text = f"{_date(days)}T{_clock(seconds * 10 ** _DIGITS[unit] + rest, unit)}"
    if zone is None:
        return text
    hours, left = divmod(abs(shift), 3600)
    seconds_of = f":{left % 60:02d}" if left % 60 else ""
    return f"{text}{'-' if shift < 0 else '+'}{hours:02d}:{left // 60:02d}{seconds_of}"


def _prefixed(metadata: Any) -> set[str]:
    """The columns whose texts are told by what each has after the one before: read without dictionary."""
    return {
        column.path_in_schema.partition(".")[0]
        for group in (metadata.row_group(place) for place in range(metadata.num_row_groups))
        for column in (group.column(place) for place in range(metadata.num_columns))
        if "DELTA_BYTE_ARRAY" in column.encodings
    }
