"""What every kind that gives rows must do, whatever system it reads: a test class inherits it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import pytest

from donnees_au_centre.connectors import Column, PassingFault, RecordSource
from donnees_au_centre.errors import PlatformError

SECRET = "s3cret/à-ne+pas dire"
# However a library writes it.
TOLD = "s3cret"
Value = str | int | Decimal | None
Row = Mapping[str, Value]

# `montant` has ten decimals, `grand` none, `id` says which row is which.
AWKWARD: tuple[Row, ...] = tuple(
    {"id": number, "texte": text, "montant": amount, "grand": large}
    for number, (text, amount, large) in enumerate(
        [
            ("", Decimal("1.5000000000"), 0),
            (None, None, None),
            ("é œ ’ 漢字 🎓", Decimal("-0.1000000000"), -1),
            ("« a » ; \"b\", 'c'", Decimal("12345678901234567890.1234567891"), 12345678901234567890123456),
            ("une\nautre\r\nligne", Decimal("0.0000000001"), 9223372036854775807),
            ("tabulation\tbarre \\ \\n \\N", Decimal("1000000.0000000000"), 2**64),
            ("  espaces  ", Decimal("0.0000000000"), 7),
            ("NULL", None, 10),
        ]
    )
)


class System(Protocol):
    """A server under test."""

    def put(self, rows: Sequence[Row]) -> None:
        """Holds these rows, and no others, in the order of their id."""

    def source(self, secret: str = SECRET) -> RecordSource:
        """A reader of them that enters with a secret; SECRET is the right one."""

    def down(self) -> RecordSource:
        """A reader of a server of the same kind that does not answer."""

    def cut(self) -> None:
        """Cuts the next reading in the midst of its rows, every try of it."""

    def mended(self) -> None:
        """Cuts no more."""


def read(source: RecordSource, since: str | None = None) -> list[dict[str, str | None]]:
    """All rows of a source."""
    with source.open():
        columns = source.columns()
        return rows_of(source, columns, since)


def rows_of(
    source: RecordSource, columns: Sequence[Column], since: str | None = None
) -> list[dict[str, str | None]]:
    names = [column.name for column in columns]
    found = []
    for batch in source.batches(columns, since):
        found += [dict(zip(names, row, strict=True)) for row in batch.cells()]
    return found


def cells(rows: Sequence[Row]) -> list[dict[str, str | None]]:
    """The rows as text cells."""
    return [{name: None if value is None else str_of(value) for name, value in row.items()} for row in rows]


def str_of(value: Value) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def everything_said(error: BaseException, caplog: pytest.LogCaptureFixture, *others: object) -> str:
    """All that a failure may show: its message, its traceback, the logs, and what is written of objects."""
    return "\n".join(
        [
            str(error),
            repr(error),
            *map(repr, others),
            *traceback.format_exception(error),
            *(f"{record.getMessage()} {record.__dict__}" for record in caplog.records),
        ]
    )


class RecordConformance:
    """To inherit, with a fixture `system`.

    Attributes:
        page: the most rows that come where five are enough: an API gives a page.
    """

    page = 5

    def test_every_cell_is_as_the_source_has_it(self, system: System) -> None:
        system.put(AWKWARD)
        found = read(system.source())
        assert sorted(found, key=lambda row: int(row["id"] or 0)) == cells(AWKWARD)

    def test_columns_are_in_order(self, system: System) -> None:
        system.put(AWKWARD)
        source = system.source()
        with source.open():
            assert [column.name for column in source.columns()] == ["id", "texte", "montant", "grand"]

    def test_all_rows_come_once(self, system: System) -> None:
        system.put([{"id": n, "texte": f"n° {n}", "montant": None, "grand": n} for n in range(834)])
        source = system.source()
        found = read(source)
        assert sorted(int(row["id"] or 0) for row in found) == list(range(834))

    def test_what_is_announced_is_given(self, system: System) -> None:
        system.put(AWKWARD)
        source = system.source()
        with source.open():
            source.columns()
            assert source.announced() in (None, len(AWKWARD))

    def test_where_a_few_are_enough_no_others_are_asked(self, system: System) -> None:
        system.put([{"id": n, "texte": f"n° {n}", "montant": None, "grand": n} for n in range(834)])
        source = system.source()
        source.few = 5
        assert 5 <= len(read(source)) <= self.page

    def test_two_readings_are_alike(self, system: System) -> None:
        system.put(AWKWARD)
        source = system.source()
        assert read(source) == read(source) == read(system.source())

    def test_a_refused_secret_is_said_nowhere(self, system: System, caplog: pytest.LogCaptureFixture) -> None:
        system.put(AWKWARD)
        wrong = "faux-" + SECRET
        source = system.source(wrong)
        with caplog.at_level(logging.DEBUG), pytest.raises(PlatformError) as refused:
            read(source)
        assert not isinstance(refused.value, PassingFault)
        assert refused.value.advice
        said = everything_said(refused.value, caplog, source, source.connection, source.__dict__)
        assert TOLD not in said

    def test_the_right_secret_is_said_nowhere(self, system: System, caplog: pytest.LogCaptureFixture) -> None:
        system.put(AWKWARD)
        source = system.source()
        with caplog.at_level(logging.DEBUG), source.open():
            list(source.batches(source.columns(), None))
            said = everything_said(ValueError(), caplog, source, source.connection, source.__dict__)
        assert TOLD not in said

    def test_a_server_that_is_down_may_be_asked_again(self, system: System) -> None:
        with pytest.raises(PassingFault) as fault:
            read(system.down())
        assert fault.value.advice

    def test_a_cut_reading_may_be_asked_again(self, system: System) -> None:
        system.put([{"id": n, "texte": "x" * 999, "montant": None, "grand": n} for n in range(300)])
        system.cut()
        source = system.source()
        with pytest.raises(PassingFault):
            read(source)
        system.mended()
        assert len(read(source)) == 300
