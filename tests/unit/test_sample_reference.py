"""Invented numbers, chance and workbooks of the sample."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import openpyxl
from hypothesis import given
from hypothesis import strategies as st

from dev.sample.reference import (
    Dice,
    broken_number,
    enterprise_number,
    fold_locality,
    has_valid_checksum,
    unit_number,
)
from dev.sample.schools import FIRST_SITE, OFFERS, layout
from dev.sample.xlsx import Cell, Workbook

INDEXES = st.integers(min_value=0, max_value=10_000_000)


@given(INDEXES)
def test_invented_numbers_are_valid_and_in_unused_ranges(index: int) -> None:
    for number, prefix in ((enterprise_number(index), "09"), (unit_number(index), "29")):
        assert len(number) == 10
        assert number.startswith(prefix)
        assert int(number[8:]) == 97 - int(number[:8]) % 97
        assert has_valid_checksum(number)


@given(INDEXES)
def test_broken_numbers_fail_only_by_their_checksum(index: int) -> None:
    number = enterprise_number(index)
    wrong = broken_number(number)
    assert wrong[:8] == number[:8]
    assert len(wrong) == 10
    assert wrong.isdecimal()
    assert not has_valid_checksum(wrong)


@given(st.integers(0, 999_999), st.integers(0, 999_999))
def test_different_indexes_give_different_numbers(one: int, two: int) -> None:
    assert (enterprise_number(one) == enterprise_number(two)) == (one == two)


def test_checksum_of_numbers_in_public_rules() -> None:
    assert has_valid_checksum("0000000097")
    assert not has_valid_checksum("0000000000")
    assert not has_valid_checksum("BE00000097")
    assert not has_valid_checksum("97")


def test_dice_are_the_same_everywhere() -> None:
    dice = Dice(1, "thing")
    assert [dice.below(1000) for _ in range(6)] == [816, 296, 376, 330, 478, 424]
    assert [Dice(1, "thing").below(1000) for _ in range(3)] == [816] * 3
    assert Dice(1, "thing").below(1000) != Dice(2, "thing").below(1000)


@given(st.integers(), st.integers(-50, 50), st.integers(0, 50))
def test_dice_stay_within_bounds(seed: int, low: int, width: int) -> None:
    dice = Dice(seed)
    assert all(low <= dice.between(low, low + width) <= low + width for _ in range(20))
    assert date(2024, 2, 28) <= dice.day(date(2024, 2, 28), date(2024, 3, 1)) <= date(2024, 3, 1)


@given(st.integers(0, 100_000))
def test_sites_of_consecutive_schools_follow_each_other(index: int) -> None:
    here, following = layout(index), layout(index + 1)
    assert following.first_site == here.first_site + here.sites
    assert following.number == here.number + 1
    assert all(here.offers(position) for position in range(here.sites))


def test_hundred_and_twenty_schools_have_two_hundred_sites_of_every_kind() -> None:
    shapes = [layout(index) for index in range(120)]
    assert shapes[0].first_site == FIRST_SITE
    assert sum(shape.sites for shape in shapes) == 200
    assert {shape.kind for shape in shapes} == {*OFFERS, "superieur"}


def test_localities_are_folded_as_in_the_register() -> None:
    assert fold_locality("Liège") == "LIEGE"
    assert fold_locality("Houdeng-Gœgnies") == "HOUDENG-GOEGNIES"
    assert fold_locality("Court-Saint-Étienne") == "COURT-SAINT-ETIENNE"


def test_workbook_is_read_back_and_carries_no_time_of_writing() -> None:
    cells = [
        Cell.number("7", padded=True),
        Cell.text("Île & <côte>"),
        Cell.empty(),
        Cell.day(date(2024, 2, 29)),
        Cell.error("#N/A"),
        Cell.number("0.8"),
    ]
    made = []
    for _ in range(2):
        buffer = io.BytesIO()
        with Workbook(buffer, "Feuille") as sheet:
            sheet.row(cells)
        made.append(buffer.getvalue())
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0])) as archive:
        assert archive.testzip() is None
        assert {member.date_time for member in archive.infolist()} == {(2025, 1, 1, 0, 0, 0)}
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
    (row,) = openpyxl.load_workbook(io.BytesIO(made[0]))["Feuille"].iter_rows()
    assert [cell.value for cell in row][:3] == [7, "Île & <côte>", None]
    assert row[0].number_format == "00000"
    assert row[3].value.date() == date(2024, 2, 29)
    assert (row[4].value, row[4].data_type, row[5].value) == ("#N/A", "e", 0.8)
