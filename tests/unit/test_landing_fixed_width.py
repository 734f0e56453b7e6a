"""Fixed-width texts: each column has its place, counted in characters."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.csv_counts import Counts
from donnees_au_centre.landing.fixed_width import FixedWidthFramer
from donnees_au_centre.landing.rejects import Reject, RejectSpool
from tests.unit.landing_sources import table

WIDTHS = {"a": 3, "b": 5}


def read(data: bytes, **options: Any) -> tuple[list[tuple[int, list[str | None]]], list[Reject], Counts]:
    declared = table(file_format="fixed", options={"widths": WIDTHS, **options})
    rejects = RejectSpool()
    framer = FixedWidthFramer(io.BytesIO(data), declared.variants[0], rejects)
    return list(framer.rows()), list(rejects), framer.counts


def test_cells_lose_the_blanks_that_fill_them_at_the_right_and_no_others() -> None:
    rows, rejects, _ = read("1  Liège\r\n  2  x  \r\n3       \r\n".encode())
    assert rows == [(1, ["1", "Liège"]), (2, ["  2", "  x"]), (3, ["3", None])]
    assert rejects == []


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "utf-16", "cp500"])
def test_widths_count_characters_in_every_encoding(encoding: str) -> None:
    assert read("é1 Élan \nè2 Hêtre\n".encode(encoding), encoding=encoding)[0] == [
        (1, ["é1", "Élan"]),
        (2, ["è2", "Hêtre"]),
    ]


@pytest.mark.parametrize(
    ("line", "motif", "detail"),
    [
        (b"1  abc", "longueur_de_ligne", "6 caractères au lieu de 8 : les derniers manquent (`short_rows`)"),
        (b"1  abcdef", "longueur_de_ligne", "9 caractères au lieu de 8"),
        (b"1  abcde  ", "longueur_de_ligne", "10 caractères au lieu de 8 : des blancs en trop (`long_rows`)"),
        (b"1  ab\0de", "octet_nul", "un octet nul, que PostgreSQL ne peut pas garder"),
        (b"1  ab\xe9de", "octets_invalides", "des octets qui ne sont pas du utf-8"),
        (b"1\0 ab\xe9de", "octet_nul", "un octet nul, que PostgreSQL ne peut pas garder"),
    ],
)
def test_a_line_that_does_not_fit_is_refused_alone_with_its_place(
    line: bytes, motif: str, detail: str
) -> None:
    rows, rejects, _ = read(b"0  aaaaa\n" + line + b"\n2  ccccc\n")
    assert [number for number, _ in rows] == [1, 3]
    assert [(one.line, one.offset, one.motif, one.detail, one.raw) for one in rejects] == [
        (2, 9, motif, detail, line)
    ]


def test_short_and_long_rows_are_taken_where_declared() -> None:
    content = b"1  abc\n2\n3  abcde   \n4  abcdef\n"
    rows, rejects, counts = read(content, short_rows=True, long_rows=True)
    assert rows == [(1, ["1", "abc"]), (2, ["2", None]), (3, ["3", "abcde"])]
    assert [one.line for one in rejects] == [4]
    assert "`widths`" in counts.warnings("utf-8")[0]


def test_what_stands_around_the_table_is_kept_apart() -> None:
    content = b"00 header\n1  aaaaa\n\n# note\n2  bbbbb\n\n99000002\nx\n"
    rows, rejects, counts = read(content, header_row=2, comment="#", footer="99.*")
    assert [number for number, _ in rows] == [2, 5]
    assert [(one.line, one.motif) for one in rejects] == [
        *((1, "hors_tableau"), (4, "hors_tableau"), (3, "ligne_vide")),
        *((7, "hors_tableau"), (8, "hors_tableau")),
    ]
    assert (counts.blank_lines, counts.outside_lines) == (1, 4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "largeur de chaque colonne"),
        ({"widths": {"a": 0, "b": 1}}, "n'est pas une largeur"),
        ({"widths": {"a": 1, "b": 1, "c": 1}}, "« c » n'est pas une colonne déclarée"),
        ({"widths": {"a": 1}}, "ne dit pas la largeur de b"),
        ({"widths": WIDTHS, "header": False}, "cette option n'existe pas"),
    ],
)
def test_a_layout_is_whole(options: dict[str, Any], words: str) -> None:
    with pytest.raises(PlatformError, match=words):
        table(file_format="fixed", options=options)


def test_the_order_of_the_widths_decides_the_rows() -> None:
    one, other = (
        table(file_format="fixed", options={"widths": widths}) for widths in (WIDTHS, {"b": 5, "a": 3})
    )
    assert one.fingerprint(one.variants[0]) != other.fingerprint(other.variants[0])


CELL = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=5)


@given(st.lists(st.tuples(CELL, CELL).filter(lambda row: any(cell.strip() for cell in row))))
def test_what_is_written_is_read_back(records: list[tuple[str, str]]) -> None:
    content = "".join(f"{a:5}{b:5}\n" for a, b in records)
    rows, rejects, _ = read(content.encode(), widths={"a": 5, "b": 5})
    wanted = [[cell.rstrip(" ") or None for cell in record] for record in records]
    assert ([cells for _, cells in rows], rejects) == (wanted, [])
