"""Parquet values as text: nothing of a value is lost."""

from __future__ import annotations

import datetime
import decimal
import io
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from donnees_au_centre.discovery.look import look
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.parquet import ParquetRows
from donnees_au_centre.landing.rejects import Reject, RejectSpool
from donnees_au_centre.privacy.files import files_with

pa = pytest.importorskip("pyarrow", reason="pyarrow is an optional driver: make drivers NAME=parquet")
pq = pytest.importorskip("pyarrow.parquet")


def written(columns: dict[str, Any], **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def read(data: bytes) -> tuple[list[str], list[list[str | None]], list[Reject]]:
    rejects = RejectSpool()
    held = ParquetRows(io.BytesIO(data), len(data), None)
    rows = list(held.rows(rejects))
    return held.names, [cells for _, cells in rows], list(rejects)


def column(values: list[Any], kind: Any, **options: Any) -> list[str | None]:
    array = values if isinstance(values, pa.Array) else pa.array(values, kind)
    return [cells[0] for cells in read(written({"a": array}, **options))[1]]


UTC, BRUSSELS = pa.timestamp("us", "UTC"), pa.timestamp("ns", "Europe/Brussels")
CASES = [
    (pa.bool_(), [True, False, None], ["true", "false", None]),
    (pa.int64(), [2**63 - 1, -1], ["9223372036854775807", "-1"]),
    (pa.uint64(), [2**64 - 1], ["18446744073709551615"]),
    (pa.float64(), [1.0, 0.1, 1e16, 5e-7, -0.0], ["1", "0.1", "10000000000000000", "0.0000005", "-0"]),
    (pa.float64(), [math.nan, math.inf, -math.inf], ["NaN", "Infinity", "-Infinity"]),
    (pa.float32(), [0.1, 16777216.0], ["0.1", "16777216"]),
    (pa.decimal128(38, 10), [decimal.Decimal("0.1234567890"), decimal.Decimal("0E-10")],
     ["0.1234567890", "0.0000000000"]),
    (pa.decimal256(60, 2), [decimal.Decimal("1" * 50 + ".20")], ["1" * 50 + ".20"]),
    (pa.string(), ["é", "", None], ["é", "", None]),
    (pa.large_string(), ["x"], ["x"]),
    (pa.binary(), [b"\0\xff", b""], ["\\x00ff", "\\x"]),
    (pa.date32(), [0, -719_163, 2_932_897], ["1970-01-01", "0000-12-31", "10000-01-01"]),
    (pa.date32(), [-719_529, 100_000_000], ["-0001-12-31", "275760-09-13"]),
    (pa.timestamp("ns"), [1, 1_000_000_000], ["1970-01-01T00:00:00.000000001", "1970-01-01T00:00:01"]),
    (pa.timestamp("ms"), [253_402_300_800_000], ["10000-01-01T00:00:00"]),
    (UTC, [1_500_000], ["1970-01-01T00:00:01.5+00:00"]),
    (BRUSSELS, [1_709_202_600_000_000_001], ["2024-02-29T11:30:00.000000001+01:00"]),
    (pa.timestamp("s", "-03:30"), [0], ["1969-12-31T20:30:00-03:30"]),
    (pa.time64("ns"), [37_800_000_000_001], ["10:30:00.000000001"]),
    (pa.time32("ms"), [1], ["00:00:00.001"]),
    (pa.duration("us"), [-129_600_000_001], ["-36:00:00.000001"]),
    (pa.list_(pa.decimal128(5, 2)), [[decimal.Decimal("1.10"), None], [], None],
     ["[1.10, null]", "[]", None]),
    (pa.list_(pa.float64()), [[1.0, math.nan]], ['[1, "NaN"]']),
    (pa.list_(pa.int8(), 2), [[1, 2], None], ["[1, 2]", None]),
    (pa.struct({"x": pa.string(), "j": pa.date32()}), [{"x": 'a"é', "j": datetime.date(2024, 2, 29)}, None],
     ['{"x": "a\\"é", "j": "2024-02-29"}', None]),
    (pa.struct({"l": pa.list_(pa.bool_())}), [{"l": [True]}, {"l": None}], ['{"l": [true]}', '{"l": null}']),
    (pa.map_(pa.string(), pa.int32()), [[("k", 1), ("k", None)]], ['[["k", 1], ["k", null]]']),
    (pa.dictionary(pa.int8(), pa.string()), ["a", "b", None, "a"], ["a", "b", None, "a"]),
    (pa.null(), [None], [None]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "texts"), CASES, ids=lambda case: str(case)[:30])
def test_a_value_keeps_all_that_it_says(kind: Any, values: list[Any], texts: list[str | None]) -> None:
    assert column(values, kind) == texts
    # Again, with a page for each value.
    assert column(values * 3, kind, data_page_size=1) == texts * 3


def test_old_timestamps_beyond_nanoseconds_do_not_wrap() -> None:
    moments = [datetime.datetime(9999, 12, 31, 23, 59, 59), datetime.datetime(1, 1, 1)]
    texts = column(moments, pa.timestamp("us"), use_deprecated_int96_timestamps=True)
    assert texts == ["9999-12-31T23:59:59", "0001-01-01T00:00:00"]


def test_rows_that_postgresql_cannot_keep_are_rejects() -> None:
    foreign = pa.Array.from_buffers(
        pa.string(), 3, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xffb")]
    )
    names, rows, rejects = read(written({"Nom": foreign, "n": ["x", "y", "z\0"]}))
    assert (names, rows) == (["Nom", "n"], [["a", "x"]])
    assert [(one.line, one.motif, one.text) for one in rejects] == [
        (2, "octets_invalides", "?\ty"),
        (3, "caractere_nul", "b\tz\\x00"),
    ]


def test_rows_keep_their_number_over_groups_and_batches() -> None:
    data = written({"a": list(range(20_000))}, row_group_size=6_000)
    held = ParquetRows(io.BytesIO(data), len(data), None)
    assert all(cells == [str(number - 1)] for number, cells in held.rows(RejectSpool()))


WHOLE = written({"a": [f"texte {place}" for place in range(5_000)]}, use_dictionary=False)


@pytest.mark.parametrize(
    "data", [WHOLE[:-1], WHOLE[: len(WHOLE) // 2], WHOLE[:4], WHOLE[:2000] + b"\xff" * 2000 + WHOLE[4000:]]
)
def test_a_cut_or_damaged_file_is_said_in_french(data: bytes) -> None:
    with pytest.raises(PlatformError, match="tronqué ou abîmé"):
        read(data)


def test_texts_told_by_what_follows_the_one_before_are_read() -> None:
    texts = [f"Rue du Moulin {place}" for place in range(200)]
    options = {"use_dictionary": False, "column_encoding": {"a": "DELTA_BYTE_ARRAY"}}
    assert column(texts, pa.string(), **options) == texts
    data = written({"a": ["x" * (1 << 20)] * 1000}, compression="zstd", **options)
    assert len(data) < 1 << 20
    with pytest.raises(PlatformError, match="max_unpacked"):
        read(data)


def test_a_text_said_once_does_not_fill_a_million_rows() -> None:
    """A megabyte in a dictionary, in each of a million rows: a terabyte from some kilobytes."""
    array = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), ["x" * (1 << 20)])
    data = written({"a": array}, compression="zstd")
    assert len(data) < 1 << 20
    with pytest.raises(PlatformError, match="max_unpacked"):
        read(data)


def test_the_search_for_a_person_sees_through_the_encoding(tmp_path: Path) -> None:
    folder = tmp_path / "age/essai"
    folder.mkdir(parents=True)
    (folder / "x.parquet").write_bytes(written({"nom": ["A", "DUPRÉ Zoé"] * 9}, compression="zstd"))
    (folder / "y.parquet").write_bytes(written({"nom": ["DUPRÉ Zoénie"]}))
    assert files_with(tmp_path, {"age"}, {"DUPRÉ Zoé"}) == {"age/essai/x.parquet": [*range(2, 19, 2)]}


VALUES = st.one_of(
    st.tuples(st.just(pa.float64()), st.floats(allow_nan=False), st.just(float)),
    st.tuples(st.just(pa.int64()), st.integers(-(2**63), 2**63 - 1), st.just(int)),
    st.tuples(st.just(pa.date32()), st.dates(), st.just(datetime.date.fromisoformat)),
    st.tuples(st.just(pa.timestamp("us")), st.datetimes(), st.just(datetime.datetime.fromisoformat)),
    st.tuples(st.just(pa.binary()), st.binary(), st.just(lambda text: bytes.fromhex(text[2:]))),
    st.tuples(st.just(pa.string()), st.text(st.characters(min_codepoint=1, codec="utf-8")), st.just(str)),
)  # fmt: skip


@given(VALUES)
@settings(max_examples=15)
def test_what_is_written_is_read_back(case: tuple[Any, Any, Any]) -> None:
    kind, value, back = case
    (text,) = column([value], kind)
    assert back(text) == value


def test_new_source_looks_at_it() -> None:
    file = io.BytesIO()
    pq.write_table(
        pa.table({"Ville": ["Ath", "Huy"], "Vus": [3, None], "Le": [datetime.date(2024, 2, 29)] * 2}), file
    )
    found = look(file)
    assert (found.file_format, found.options) == ("parquet", {})
    assert [(one.name, one.typing.macro) for one in found.table.columns] == [
        ("ville", "clean_text"), ("vus", "to_integer"), ("le", "to_date"),
    ]  # fmt: skip
