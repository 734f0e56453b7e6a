"""Files of the synthetic landing zone, written as a stream, with a count of the dirt put into each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from donnees_au_centre.errors import PlatformError

Quoting = Literal["minimal", "all", "strings"]


@dataclass
class FileTally:
    """What one file holds, by reason; counts are rows except where noted.

    Attributes:
        lignes: records that a loader must accept (headers, blank and broken lines left out).
        lignes_vides: blank lines at the end of the file; elsewhere they cannot be parsed.
        rejets_chargement: lines that cannot be parsed.
        rejets: records with a bad key or a bad required measure.
        exclusions: records that are no rows of the table, such as totals.
        anomalies: bad optional cells (cells, not rows), by column.
        particularites: oddities that a reader must cope with and that are no error.
    """

    lignes: int = 0
    lignes_vides: int = 0
    rejets_chargement: Counter[str] = field(default_factory=Counter)
    rejets: Counter[str] = field(default_factory=Counter)
    exclusions: Counter[str] = field(default_factory=Counter)
    anomalies: Counter[str] = field(default_factory=Counter)
    particularites: Counter[str] = field(default_factory=Counter)

    def count(
        self, *, reject: str = "", exclude: str = "", anomalies: Iterable[str] = (), notes: Iterable[str] = ()
    ) -> None:
        """Counts one record and what is wrong with it."""
        self.lignes += 1
        if reject:
            self.rejets[reject] += 1
        if exclude:
            self.exclusions[exclude] += 1
        self.anomalies.update(anomalies)
        self.particularites.update(notes)

    def as_dict(self) -> dict[str, Any]:
        """The tally as plain, sorted JSON values."""
        return {
            name: dict(sorted(value.items())) if isinstance(value, Counter) else value
            for name, value in vars(self).items()
        }


class ZoneFile:
    """A file being written; text goes through `encoding`."""

    def __init__(self, handle: BinaryIO, encoding: str, tally: FileTally) -> None:
        """Wraps an open binary handle."""
        self.handle = handle
        self.encoding = encoding
        self.tally = tally

    def write(self, text: str) -> None:
        """Writes text as it is."""
        self.handle.write(text.encode(self.encoding))


class CsvFile:
    """A delimited file whose separators, quotes and line ends are chosen, dirt included."""

    def __init__(self, file: ZoneFile, delimiter: str, newline: str, quoting: Quoting) -> None:
        """Starts an empty table; the line end goes before each line but the first."""
        self._file = file
        self._delimiter = delimiter
        self._newline = newline
        self._quoting = quoting
        self._pending = ""

    def header(self, names: Sequence[str]) -> None:
        """Writes the header line."""
        self._line(self._render(names))

    def row(
        self,
        values: Sequence[str | int | None],
        *,
        reject: str = "",
        exclude: str = "",
        anomalies: Iterable[str] = (),
        notes: Iterable[str] = (),
    ) -> None:
        """Writes one record; None is an empty field without quotes whatever the quoting."""
        self._line(self._render(values))
        self._file.tally.count(reject=reject, exclude=exclude, anomalies=anomalies, notes=notes)

    def broken(self, text: str, reason: str) -> None:
        """Writes a line that no CSV reader can accept."""
        self._line(text)
        self._file.tally.rejets_chargement[reason] += 1

    def blank(self, *, last: bool = False) -> None:
        """Writes a blank line; `last` when nothing but blank lines follows."""
        self._line("")
        if last:
            self._file.tally.lignes_vides += 1
        else:
            self._file.tally.rejets_chargement["ligne_vide"] += 1

    def end(self) -> None:
        """Writes the last line end."""
        self._file.write(self._pending)

    def _line(self, text: str) -> None:
        self._file.write(self._pending + text)
        self._pending = self._newline

    def _render(self, values: Sequence[str | int | None]) -> str:
        return self._delimiter.join(self._cell(value) for value in values)

    def _cell(self, value: str | int | None) -> str:
        if value is None:
            return ""
        text = str(value)
        quoted = (
            self._quoting == "all"
            or (self._quoting == "strings" and isinstance(value, str))
            or any(mark in text for mark in (self._delimiter, '"', "\n", "\r"))
        )
        return '"' + text.replace('"', '""') + '"' if quoted else text


class JsonFile:
    """A JSON list or object written element by element."""

    def __init__(self, file: ZoneFile, indent: int | None) -> None:
        """Elements are laid out with `indent` spaces a level, or all on one line."""
        self._file = file
        self._indent = indent
        self._pending = ""

    def add(self, value: Any, key: str | None = None, records: int = 1, **marks: Any) -> None:
        """Writes one element (a member of an object when `key` is given) and counts its records."""
        member = "" if key is None else json.dumps(key, ensure_ascii=False) + ": "
        text = member + json.dumps(value, ensure_ascii=False, indent=self._indent)
        if self._indent is None:
            self._file.write(self._pending + text)
            self._pending = ", "
        else:
            margin = "\n" + " " * self._indent
            self._file.write(self._pending + margin + text.replace("\n", margin))
            self._pending = ","
        for position in range(records):
            self._file.tally.count(**(marks if position == 0 else {}))

    def note(self, reason: str) -> None:
        """Counts an oddity of the file that belongs to no record."""
        self._file.tally.particularites[reason] += 1


class Zone:
    """A landing zone being written: `<root>/<domain>/<source>/<file>`."""

    def __init__(self, root: Path) -> None:
        """Nothing is created before the first file."""
        self.root = root
        self.tallies: dict[str, FileTally] = {}

    @contextmanager
    def open(self, path: str, encoding: str = "utf-8") -> Iterator[ZoneFile]:
        """Opens a file of the zone for writing and starts its tally.

        Raises:
            PlatformError: the file cannot be written.
        """
        tally = self.tallies.setdefault(path, FileTally())
        target = self.root / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as handle:
                yield ZoneFile(handle, encoding, tally)
        except OSError as error:
            raise PlatformError(
                f"Le fichier {target} n'a pas pu être écrit : {error.strerror or error}.",
                "Vérifiez la place libre et vos droits, ou choisissez un autre dossier avec --sortie.",
            ) from error

    @contextmanager
    def csv(
        self,
        path: str,
        *,
        delimiter: str = ",",
        newline: str = "\n",
        quoting: Quoting = "minimal",
        encoding: str = "utf-8",
        boms: int = 0,
        final_newline: bool = True,
    ) -> Iterator[CsvFile]:
        """Opens a CSV file; `boms` byte order marks go first."""
        with self.open(path, encoding) as file:
            file.write("\ufeff" * boms)
            table = CsvFile(file, delimiter, newline, quoting)
            yield table
            if final_newline:
                table.end()

    @contextmanager
    def json(
        self, path: str, brackets: str = "[]", *, indent: int | None = 2, head: str = "", tail: str = ""
    ) -> Iterator[JsonFile]:
        """Opens a JSON file of one list `[]` or object `{}`, between `head` and `tail`."""
        with self.open(path) as file:
            file.write(head + brackets[0])
            yield JsonFile(file, indent)
            file.write(("" if indent is None else "\n") + brackets[1] + tail)
