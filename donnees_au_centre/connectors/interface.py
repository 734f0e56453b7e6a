"""What a kind of source is: the one interface that every system is read by.

A kind is one file of `kinds/`, whose name is what `kind:` says in a declaration. It defines one class, KIND,
of one of two sorts: RecordSource, which gives rows, or FileSource, which gives files for the landing zone.
Its docstring is what people read of it, its `Options` are what they may write; `tests/conformance/` has the
tests that each inherits.
"""

from __future__ import annotations

import math
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from donnees_au_centre.connectors.connections import Connection
from donnees_au_centre.errors import PlatformError


class PassingFault(PlatformError):
    """A failure that passes by itself: a lost connection, a server too busy. What it stopped is tried again.

    Attributes:
        wait: seconds that the system asked to wait; None when it did not say.
        tries: how often it was met.
    """

    tries = 1

    def __init__(self, message: str, advice: str, wait: float | None = None) -> None:
        """Keeps how long to wait."""
        super().__init__(message, advice)
        self.wait = wait


class Options(BaseModel):
    """What a declaration may say to a kind, under `options:`; each field described in French."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Incremental:
    """How a source is read from where the last reading ended, and no longer whole.

    Attributes:
        cursor: column, as the source writes it, that grows with every change of a row.
        type: how its values compare.
        look_back: how far before the highest value seen to begin again, for rows that come late: an interval
            of PostgreSQL, « 2 days », or a number; None for not at all.
        key: columns that say which row is which: one that is read again replaces itself.
    """

    cursor: str
    type: Literal["time", "number", "text"]
    look_back: str | None
    key: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """A column, as its source describes it.

    Attributes:
        name: as the source writes it.
        type: as the source names it, "" where it has no types.
    """

    name: str
    type: str = ""


@dataclass(frozen=True)
class Described:
    """What those who hold a source say of it, in their own words, of any length.

    Attributes:
        table: of the whole of it; "" for nothing.
        columns: name as the source writes it -> its label and its description; "" for none.
    """

    table: str = ""
    columns: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Unreadable:
    """A record that is no row: it is kept among the rejects, and counted.

    Attributes:
        motif: a key of `landing.rejects.MOTIFS`.
        detail: the reason in a French sentence, without a received word.
        text: what the source gave, as readable as can be.
        raw: the same, byte for byte.
        before: rows of the batch that stand before it.
    """

    motif: str
    detail: str
    text: str
    raw: bytes
    before: int = 0


@dataclass(frozen=True)
class Batch:
    """Some records, in the order of the columns.

    Attributes:
        rows: cells as text, exactly as the source writes them; None for null. "" is not null.
        copied: in place of rows: whole lines in the text format of PostgreSQL's COPY, UTF-8, each beginning
            with its number from 1.
        unreadable: what is no row.
    """

    rows: Sequence[Sequence[str | None]] = ()
    copied: bytes = b""
    unreadable: Sequence[Unreadable] = ()

    def cells(self) -> Sequence[Sequence[str | None]]:
        """The rows, read back from `copied` where they came so."""
        return self.rows or _copied_rows(self.copied)


# What COPY writes after a backslash -> what it is.
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _copied_rows(piece: bytes) -> list[list[str | None]]:
    def cell(text: str) -> str | None:
        if text == "\\N":
            return None
        return re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[1]), text)

    rows = piece.decode("utf-8").split("\n")[:-1]
    return [[cell(text) for text in row.split("\t")[1:]] for row in rows]


@dataclass(frozen=True)
class RemoteFile:
    """A file that lies elsewhere.

    Attributes:
        path: where the source has it.
        name: what it is called, without folders.
        size: in bytes; None where the source does not say before it is read.
        version: what changes when the content does: a date and a size, an ETag; "" where the source has none.
        modified: when it was last written; None where the source does not say.
    """

    path: str
    name: str
    size: int | None
    version: str
    modified: datetime | None = None


class Source(ABC):
    """One declared source, of one kind.

    Attributes:
        title: what the kind is called in French: « base PostgreSQL ».
        driver: the group of `make drivers` that it needs; "" when it needs none.
        schemes: what an address of its connection may begin with, as people read it.
        options_class: its Options.
        tried: what it was played against: a real server, or what stood for one.
    """

    title: ClassVar[str]
    driver: ClassVar[str] = ""
    schemes: ClassVar[tuple[str, ...]] = ()
    options_class: ClassVar[type[Options]] = Options
    tried: ClassVar[str] = ""

    def __init__(self, connection: Connection, location: str, options: Any) -> None:
        """Keeps what it was given; nothing is asked of the system yet.

        Args:
            connection: where, and with which secrets.
            location: what to read there: a table, a path, a data set.
            options: an instance of `options_class`.
        """
        self.connection, self.location, self.options = connection, location, options

    @classmethod
    def takes(cls, scheme: str) -> bool:
        """Whether an address of its connection may begin so."""
        return scheme in cls.schemes

    @classmethod  # noqa: B027
    def check(cls, location: str, options: Any) -> None:
        """Refuses, without asking the system, what a declaration cannot mean.

        Args:
            location: as in `__init__`.
            options: as in `__init__`.

        Raises:
            PlatformError: what to write instead.
        """

    @abstractmethod
    def open(self) -> AbstractContextManager[None]:
        """Holds the connection open while it is read; asks for what must be there, and the right to read it.

        Raises:
            PassingFault: the system does not answer.
            PlatformError: it refuses, or has nothing at this place; the message names no secret.
        """


class RecordSource(Source):
    """A source of rows: a table, a query, an API. Its methods are called while it is open.

    Attributes:
        incremental: what `since` is compared with; None when the source is read whole each time.
        since: what `batches` will most likely be asked from, said before it is opened: a source that learns
            its columns from its rows, as an API, then reads no others.
        few: how many rows are enough, said before it is opened: the system is asked for no more, an API for
            its first page, and nothing is counted that takes a while; None for all of them.
        deadline: of time.monotonic(), after which nobody waits any longer, said before it is opened; None for
            as long as it takes.
    """

    incremental: Incremental | None = None
    since: str | None = None
    few: int | None = None
    deadline: float | None = None

    def left(self, most: int) -> int:
        """Whole seconds that the system may take for one answer.

        Args:
            most: where the deadline is further away, or there is none.
        """
        if self.deadline is None:
            return most
        return max(1, min(most, math.ceil(self.deadline - time.monotonic())))

    def check_time(self) -> None:
        """Called between two answers.

        Raises:
            PassingFault: the deadline has passed; whoever set it says so in its place.
        """
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise PassingFault(
                f"La lecture de la connexion « {self.connection.shown} » a duré trop longtemps.",
                "Demandez à qui tient le système ce qui le ralentit.",
                # No other try has any time left.
                math.inf,
            )

    def places(self) -> list[str]:
        """What its connection could read, each as `location` names it; it may be asked without a location.

        It opens what it needs by itself. Empty where the source has no such list.
        """
        return []

    @abstractmethod
    def columns(self) -> list[Column]:
        """The columns, in order, as the source describes them now."""

    def described(self) -> Described:
        """What is said of it where it lies, as the comments of a database; no reading of the rows asks it."""
        return Described()

    def announced(self) -> int | None:
        """How many records the source says that a whole reading will give; None where it does not say."""
        return None

    @abstractmethod
    def batches(self, columns: Sequence[Column], since: str | None) -> Iterator[Batch]:
        """Reads the records; a second call reads them anew.

        Args:
            columns: as `columns` gave them: the order of the cells.
            since: records whose cursor (`incremental` of the declaration) is this or later, as the source
                writes it; None for all of them.

        Raises:
            PassingFault: it stopped on the way, and may be asked again.
            PlatformError: it stopped for good, or gave less than it announced.
        """


class FileSource(Source):
    """A place where files lie. Its methods are called while it is open.

    Attributes:
        single: whether its location is one file, of which the name says nothing where the landing zone says
            how it is called.
    """

    single: ClassVar[bool] = False

    def warnings(self) -> list[str]:
        """What people are told at each reading, in French."""
        return []

    @abstractmethod
    def files(self) -> Iterator[RemoteFile]:
        """The files at the location, those of folders below left out."""

    @abstractmethod
    def fetch(self, file: RemoteFile, to: BinaryIO) -> None:
        """Writes the content of a file.

        Args:
            file: as `files` gave it.
            to: open for writing. Bytes that are there already are the beginning of this very file: what the
                system can go on with is not asked again.

        Raises:
            PassingFault: it was cut on the way, and may be asked again.
            PlatformError: it cannot be had, or is no longer the file that was seen.
        """
