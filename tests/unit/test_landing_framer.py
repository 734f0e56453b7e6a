from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import csv_lines, encodings, framer
from donnees_au_centre.landing.csv_counts import Counts
from donnees_au_centre.landing.declaration import Variant
from donnees_au_centre.landing.encodings import Encoding
from donnees_au_centre.landing.framer import CsvFramer
from donnees_au_centre.landing.rejects import Reject, RejectSpool
from tests.campaigns import campaign, examples

Framed = tuple[list[str] | None, bytes, list[Reject], Counts]


def frame(data: bytes, width: int | None = None, encoding: str = "utf-8", **options: Any) -> Framed:
    """Frames bytes: with a header when no width is given."""
    rejects = RejectSpool()
    options = {"delimiter": ";", "encoding": Encoding.named(encoding), **options}
    framing = CsvFramer(io.BytesIO(data), Variant("essai", "*.csv", "csv", **options), rejects)
    header = framing.header() if width is None else None
    out = b"".join(framing.frame(width or len(header or [])))
    return header, out, list(rejects), framing.counts


def refused(framed: Framed) -> list[tuple[int, str, bytes]]:
    return [(reject.line, reject.motif, reject.raw) for reject in framed[2]]


def test_good_lines_pass_as_they_are() -> None:
    framed = frame(b'a;b\n1;\xc3\xa9\n2;""\n3;\n')
    assert framed[0] == ["a", "b"]
    assert framed[1] == b'2;1;\xc3\xa9\n3;2;""\n4;3;\n'
    assert framed[2] == []


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("final", [True, False])
def test_line_ends(end: bytes, final: bool) -> None:
    data = end.join([b"a;b", b"1;2", b'3;"x', b'y"', b"5;6"]) + (end if final else b"")
    framed = frame(data)
    assert framed[1] == b'2;1;2\n3;3;"x' + end + b'y"\n5;5;6\n'
    assert framed[2] == []
    assert framed[3] == Counts(rows=3, header_lines=1, row_lines=4)


def test_mixed_line_ends() -> None:
    framed = frame(b"a;b\n1;2\r\n3;4\r5;6\n7;8")
    assert framed[1] == b"2;1;2\n3;3;4\n4;5;6\n5;7;8\n"


def test_lone_cr_inside_a_line_is_a_character() -> None:
    assert frame(b"a;b\nx\ry;1\n2;3\n")[1] == b'2;"x\ry";1\n3;2;3\n'


def test_byte_order_marks_are_skipped_even_twice() -> None:
    framed = frame(b"\xef\xbb\xbf\xef\xbb\xbfa;b\n1;2;3\n4;5\n")
    assert framed[0] == ["a", "b"]
    assert framed[2][0].offset == 6 + 4


def test_mark_of_another_encoding_is_refused() -> None:
    with pytest.raises(PlatformError, match="utf-16"):
        frame("a;b\n".encode("utf-16"))
    with pytest.raises(PlatformError, match="utf-8"):
        frame(b"\xef\xbb\xbfa;b\n", encoding="latin-1")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp850", "iso8859-15"])
def test_other_encodings_are_transcoded(encoding: str) -> None:
    data = "é;b\n1;é\n2;é;3\n".encode(encoding)
    framed = frame(data, encoding=encoding)
    assert framed[0] == ["é", "b"]
    assert framed[1] == "2;1;é\n".encode()
    reject = framed[2][0]
    assert reject.text == "2;é;3"
    assert reject.offset is not None
    assert data[reject.offset : reject.offset + len(reject.raw)] == reject.raw


def test_cut_utf16_keeps_the_odd_byte() -> None:
    framed = frame("a;b\n1;2\n".encode("utf-16-le") + b"x", encoding="utf-16-le")
    assert framed[1] == b"2;1;2\n"
    assert refused(framed) == [(3, "octets_invalides", b"x")]


@pytest.mark.parametrize(
    ("line", "motif"),
    [
        (b"1", "nombre_de_champs"),
        (b"1;2;3", "nombre_de_champs"),
        (b'"x;1', "guillemet_isole"),
        (b'1;"x', "guillemet_isole"),
        (b'"x" y;1', "texte_apres_guillemet"),
        (b"1;\0", "octet_nul"),
        (b'"\0";1', "octet_nul"),
        (b"1;\xff", "octets_invalides"),
        (b"1;\xed\xa0\x80", "octets_invalides"),
        (b"", "ligne_vide"),
    ],
)
def test_bad_line_is_refused_alone(line: bytes, motif: str) -> None:
    data = b'a;b\n1;2\n"3";4\n' + line + b'\n5;6\n7;"8\n9"\n'
    framed = frame(data)
    assert framed[1] == b'2;1;2\n3;"3";4\n5;5;6\n6;7;"8\n9"\n'
    assert refused(framed) == [(4, motif, line)]
    assert framed[2][0].offset == 14
    assert "\0" not in framed[2][0].text


def test_undefined_bytes_of_cp1252_are_refused() -> None:
    framed = frame(b"a;b\n1;\x80\n2;\x81\n", encoding="cp1252")
    assert framed[1] == b"2;1;\x80\n"
    assert refused(framed) == [(3, "octets_invalides", b"2;\x81")]


def test_quote_inside_an_unquoted_field_is_a_character() -> None:
    assert frame(b'a;b\n5" x;"2"\n')[1] == b'2;"5"" x";"2"\n'


def test_blank_lines_are_one_range_and_at_the_end_counted_only() -> None:
    framed = frame(b"a;b\n\n1;2\n\n;\n\n3;4\n\n;\n\n")
    assert [(reject.line, reject.detail.split(" au")[0]) for reject in framed[2]] == [
        (2, "une ligne vide"),
        (4, "3 lignes vides"),
    ]
    assert framed[2][1].detail.endswith("ligne 6")
    assert framed[3] == Counts(rows=2, header_lines=1, row_lines=2, refused_lines=4, blank_lines=3)


def two_quotes(width: int, between: int) -> bytes:
    """A quote opens a line, one closes another, and all lines are records if these mean nothing."""
    record = b";".join([b"v"] * width)
    return b"\n".join([b'"' + record, *[record] * between, b'v"' + b";v" * (width - 1), record]) + b"\n"


@pytest.mark.parametrize("width", [2, 3, 5, 6])
def test_a_record_that_parses_is_trusted_and_said_where_a_stray_quote_may_have_made_it(width: int) -> None:
    framed = frame(two_quotes(width, 20), width)
    assert (framed[3].rows, framed[3].row_lines, framed[2]) == (2, 23, [])
    assert framed[3].doubtful == 1
    assert "dès la ligne 1" in framed[3].warnings("utf-8")[0]


@pytest.mark.parametrize("width", [2, 5])
def test_stray_quotes_never_swallow_more_than_a_hundred_records(width: int) -> None:
    data = two_quotes(width, 120)
    framed = frame(data, width)
    assert framed[3].rows == 122
    assert refused(framed) == [(1, "guillemet_isole", data.split(b"\n")[0])]
    assert "100 lignes" in framed[2][0].detail


MULTILINE = [
    (b'1;"a\nb;c\nd;e\nf";g\n', 3, 4),
    (b'0101;"Ligne 1\nLigne 2\n\nLigne 3";Ath;1;a\n', 5, 4),
    (b'0102;"avec ; dedans\n;;;;\nfin";Huy;2;b\n', 5, 3),
    (b'0103;"tableau\nx;1;2;3;4\nx;1;2;3;4\nfin";Ath;3;c\n', 5, 4),
    (b'1;"' + b"x" * 20 + b"\nx;y;z" * 3000 + b'"\n', 2, 3001),
]


@pytest.mark.parametrize(("record", "width", "lines"), MULTILINE)
def test_a_quoted_cell_of_several_lines_is_one_record(record: bytes, width: int, lines: int) -> None:
    last = b";".join([b"z"] * width) + b"\n"
    framed = frame(record + last, width)
    assert framed[1] == b"1;" + record + b"%d;" % (lines + 1) + last
    assert (framed[2], framed[3].doubtful) == ([], 0)


def test_a_short_record_is_refused_whole_though_its_first_line_looks_complete() -> None:
    assert refused(frame(b'1;"a;b\nx;y;z\nc"\n', 3)) == [(1, "nombre_de_champs", b'1;"a;b\nx;y;z\nc"')]


@pytest.mark.parametrize("more", [b";de trop", b'" ;fin'])
def test_a_malformed_record_of_several_lines_is_refused_whole(more: bytes) -> None:
    record = b'0103;"tableau\nx;1;2;3;4\nfin";Ath;3;c' + more
    framed = frame(record + b"\n1;2;3;4;5\n", 5)
    assert framed[1] == b"4;1;2;3;4;5\n"
    assert [reject[2] for reject in refused(framed)] == [record]


def test_a_cell_ends_within_a_mebibyte() -> None:
    framed = frame(b'1;"' + (b"x" * 99 + b"\n") * 11_000 + b'"\n2;3\n', 2)
    assert framed[1] == b"11002;2;3\n"
    assert framed[3].refused_lines == 11_001
    assert "1 Mio au plus" in framed[2][0].detail


def test_endless_line_is_kept_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (framer, csv_lines):
        monkeypatch.setattr(module, "MAX_LINE", 3 << 20)
    endless = b"y" * (5 << 20)
    framed = frame(b"a;b\n1;2\n" + endless + b"\n3;4\n")
    assert framed[1] == b"2;1;2\n4;3;4\n"
    assert {reject.line for reject in framed[2]} == {3}
    assert b"".join(reject.raw for reject in framed[2]) == endless
    assert [reject.offset for reject in framed[2]][:2] == [8, 8 + (1 << 20)]
    assert max(len(reject.raw) for reject in framed[2]) <= 1 << 20
    assert len(framed[2][0].text) < 11_000


def test_header_may_be_quoted_and_span_lines() -> None:
    framed = frame(b'"a ""x""";" b\nc"\r\n1;2\r\n')
    assert framed[0] == ['a "x"', " b\nc"]
    assert framed[1] == b"3;1;2\n"
    assert framed[3].header_lines == 2


@pytest.mark.parametrize("data", [b"a\0;b\n1;2\n", b"a;\xff\n", b'"a;b\n1;2\n'])
def test_unreadable_header_fails_the_file(data: bytes) -> None:
    with pytest.raises(PlatformError, match=r"en-tête \(ligne 1\)"):
        frame(data)


def test_only_a_header_or_nothing() -> None:
    assert frame(b"a;b")[:2] == (["a", "b"], b"")
    assert frame(b"\n\n")[0] is None


def test_without_quoting_quotes_are_characters() -> None:
    # COPY's quote is then \x01, doubled inside a field that it surrounds.
    assert frame(b'a;b\n"x;1\n\x01;2\n', quote="")[1] == b'2;"x;1\n3;\x01\x01\x01\x01;2\n'


def outside(framed: Framed) -> list[tuple[int, str]]:
    return [(reject.line, reject.text) for reject in framed[2] if reject.motif == "hors_tableau"]


def test_what_stands_around_the_table_is_kept_apart() -> None:
    data = (
        'Population 2024;\n\nChiffres au 15 janvier;\ncode;nom\n# provisoire\n1;A\n\n# "2\n2;B\n;\n'
        ";Source : x\n* note\n3;C\n"
    )
    framed = frame(data.encode(), header_row=4, comment="#", footer="Source.*")
    assert framed[:2] == (["code", "nom"], b"6;1;A\n9;2;B\n")
    assert outside(framed) == [
        *((1, "Population 2024;"), (3, "Chiffres au 15 janvier;"), (5, "# provisoire"), (8, '# "2')),
        *((11, ";Source : x"), (12, "* note"), (13, "3;C")),
    ]
    assert [reject.motif for reject in framed[2]].count("ligne_vide") == 1
    assert (framed[3].outside_lines, framed[3].refused_lines, framed[3].blank_lines) == (8, 1, 1)


@pytest.mark.parametrize("foot", ['"Total";12', "Total", " ; Total ;x"])
def test_a_footer_is_the_first_cell_with_a_text(foot: str) -> None:
    framed = frame(f"a;b\n1;Total\nTotalité;2\n{foot}\n".encode(), footer="Total")
    assert framed[1] == "2;1;Total\n3;Totalité;2\n".encode()
    assert outside(framed) == [(4, foot)]


def test_comments_and_footers_inside_quotes_are_text() -> None:
    data = b'1;"a\n#b\nTotal;c"\n'
    assert frame(data, 2, comment="#", footer="Total.*")[1] == b"1;" + data


def test_without_header_the_rows_start_at_header_row() -> None:
    framed = frame(b"titre\n1;2\n", 2, header=False, header_row=2)
    assert (framed[1], outside(framed)) == (b"2;1;2\n", [(1, "titre")])


def test_lines_of_a_header_are_joined() -> None:
    framed = frame(b"code;2023;;2024;\n;F;G;F;G\n1;2;3;4;5\n", header_rows=2)
    assert framed[0] == ["code", "2023 F", "2023 G", "2024 F", "2024 G"]
    assert framed[1] == b"3;1;2;3;4;5\n"


def test_a_first_line_like_a_directive_is_none() -> None:
    for line in (b"sep=\xe9", b"sep=ab", b"sep=1", b"sep;=;", b"separe=;"):
        assert frame(line + b"\n", encoding="latin-1", delimiter="|")[3].outside_lines == 0


@pytest.mark.parametrize("declared", [";", ","])
def test_a_first_line_sep_gives_the_delimiter(declared: str) -> None:
    rejects = RejectSpool()
    variant = Variant("essai", "*.csv", "csv", delimiter=declared)
    framing = CsvFramer(io.BytesIO(b"sep=;\r\na;b\r\n1;2\r\n"), variant, rejects)
    assert (framing.header(), b"".join(framing.frame(2))) == (["a", "b"], b"3;1;2\n")
    assert [(reject.motif, reject.text) for reject in rejects] == [("hors_tableau", "sep=;")]
    assert ["le délimiteur (« ; »)" in warning for warning in framing.warnings] == [True] * (declared != ";")


RAGGED = b'a;b;c\n1;2;3\n2;"x"\n3\n4;5;6;\n7;"8";9;""\n1;2;3;4\n"1\n2";3\n'


def test_short_and_long_rows_are_refused_with_the_option_that_takes_them() -> None:
    framed = frame(RAGGED)
    assert framed[1] == b"2;1;2;3\n"
    named = [
        (reject.line, "short_rows" in reject.detail, "long_rows" in reject.detail) for reject in framed[2]
    ]
    assert named == [(3, 1, 0), (4, 1, 0), (5, 0, 1), (6, 0, 1), (7, 0, 0), (8, 1, 0)]
    said = framed[3].warnings("utf-8")
    assert [re.findall(r"^\d|ligne \d|`\w+", text) for text in said] == [
        *(["3", "ligne 3", "`short_rows"], ["2", "ligne 5", "`long_rows"], ["1", "ligne 7", "`beside"]),
    ]


def test_short_and_long_rows_are_filled_and_cut_where_declared() -> None:
    framed = frame(RAGGED, short_rows=True, long_rows=True)
    assert framed[1] == b'2;1;2;3\n3;2;"x";\n4;3;;\n5;4;5;6\n6;7;"8";9\n8;"1\n2";3;\n'
    assert refused(framed) == [(7, "nombre_de_champs", b"1;2;3;4")]
    assert framed[3].warnings("utf-8")[1:] == []
    assert "`delimiter`" in frame(b"1,2\n3,4\n", 2, short_rows=True)[3].warnings("utf-8")[0]
    assert frame(b"a;b;;\n1;2\n3;4;;\n", long_rows=True)[:2] == (["a", "b"], b"2;1;2\n3;3;4\n")


def test_what_stands_beside_the_table_goes_to_its_column() -> None:
    rejects = RejectSpool()
    variant = Variant("essai", "*.csv", "csv", delimiter=";", beside="notes")
    data = b'a;b;;Lire :\n1;2\n3;4;;\n5;6;;"le ""8"""\n"7";8;x;y\n9\n'
    framing = CsvFramer(io.BytesIO(data), variant, rejects)
    names = framing.table_names(framing.header() or [])
    assert names == ["a", "b"]
    out = b"".join(framing.frame(2)).decode()
    back = list(csv.reader(io.StringIO(out, newline=""), delimiter=";", strict=True))
    assert [fields[1:] for fields in back] == [
        *(["1", "2", ""], ["3", "4", ""], ["5", "6", 'le "8"'], ["7", "8", "x;y"]),
    ]
    assert [(reject.line, reject.motif, reject.text) for reject in rejects] == [
        (1, "hors_tableau", "Lire :"),
        (6, "nombre_de_champs", "9"),
    ]


@pytest.mark.parametrize(
    ("encoding", "wrong"),
    [
        ("cp1252", "École d’été".encode()),
        ("latin-1", "École".encode()),
        ("latin-1", "d’été".encode("cp1252")),
        ("iso8859-15", "École".encode()),
        ("cp850", "École".encode()),
        ("utf-8", "Ã‰cole".encode()),
        ("utf-8", "dâ€™été".encode()),
        ("utf-8", "cole\ufffd".encode()),
        ("utf-16-le", "Ã©cole".encode("utf-16-le")),
    ],
)
def test_cells_in_another_encoding_are_counted(encoding: str, wrong: bytes) -> None:
    good = "code;nom\n1;« CAFÉ », 20 °C, naïf, Å\n".encode(encoding, "ignore")
    framed = frame(
        good * 20 + b'2;"x"\n'.decode().encode(encoding) + "3;".encode(encoding) + wrong, 2, encoding
    )
    assert (framed[3].misencoded, framed[3].rows) == (1, 42)
    assert "dès la ligne 42" in framed[3].warnings(encoding)[0]


@given(
    st.text(
        st.characters(codec="latin-1", exclude_categories=["Cc"], exclude_characters="ÃÂÄÅâï"), max_size=60
    )
)
def test_no_cell_of_one_encoding_is_counted(text: str) -> None:
    for encoding in ("utf-8", "latin-1", "cp1252", "utf-16-le", "iso8859-15"):
        assert frame(f"x{text}".encode(encoding, "ignore"), 1, encoding)[3].misencoded == 0


BYTES = st.lists(
    st.sampled_from(
        [
            b"a",
            b";",
            b";",
            b'"',
            b'"',
            b'""',
            b"\n",
            b"\n",
            b"\r",
            b"\r\n",
            b"\0",
            b"\xe9",
            b"\xc3\xa9",
            b"\\.",
            b"#",
            b"T",
        ]
    ),
    max_size=60,
).map(b"".join)


SHAPES = st.fixed_dictionaries(
    {},
    optional={
        "comment": st.just("#"),
        "footer": st.just("T"),
        "header_row": st.just(2),
        "short_rows": st.just(True),
        "long_rows": st.just(True),
        "beside": st.just("notes"),
    },
)


@campaign
@settings(max_examples=examples(400), deadline=None)
@given(
    BYTES,
    st.integers(1, 5),
    st.sampled_from(["utf-8", "latin-1", "cp1252", "utf-16-le", "cp850"]),
    st.sampled_from(['"', "'", ""]),
    st.integers(1, 9),
    SHAPES,
)
def test_nothing_depends_on_where_chunks_end(
    data: bytes, width: int, encoding: str, quote: str, size: int, shape: dict[str, Any]
) -> None:
    data = b"x" + data
    whole = frame(data, width, encoding, quote=quote, **shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "CHUNK", size)
        patch.setattr(framer, "_BLOCK", size)
        assert frame(data, width, encoding, quote=quote, **shape) == whole
    for reject in whole[2]:
        assert reject.offset is not None
        assert data[reject.offset : reject.offset + len(reject.raw)] == reject.raw


@campaign
@settings(max_examples=examples(200), deadline=None)
@given(BYTES.map(lambda data: data.replace(b"\r", b"")), st.integers(1, 5), SHAPES)
def test_every_line_is_accounted_for(data: bytes, width: int, shape: dict[str, Any]) -> None:
    counts = frame(data, width, **shape)[3]
    lines = data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))
    known = counts.row_lines + counts.refused_lines + counts.blank_lines + counts.outside_lines
    assert known == lines


CELLS = st.text(st.sampled_from('ab;"\n\ré€'), max_size=14)


@campaign
@settings(max_examples=examples(300), deadline=None)
@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=8)
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_a_csv_writer_writes_is_read_back(records: list[list[str]], end: str, quoting: Any) -> None:
    records = [[f"x{first}", *others] for first, *others in records]
    if quoting == csv.QUOTE_MINIMAL:
        # Python's writer leaves a lone CR without quotes.
        records = [[cell.replace("\r", "") for cell in record] for record in records]
    width = len(records[0]) if records else 2
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator=end, quoting=quoting)
    writer.writerows([["h"] * width, *records])
    framed = frame(text.getvalue().encode())
    back = list(csv.reader(io.StringIO(framed[1].decode(), newline=""), delimiter=";", strict=True))
    assert [fields[1:] for fields in back] == records
    assert framed[2] == []
