from __future__ import annotations

import csv
import io
from dataclasses import astuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.errors import PlatformError
from orchestration.landing import encodings, framer
from orchestration.landing.encodings import Encoding
from orchestration.landing.framer import Counts, CsvFramer
from orchestration.landing.rejects import Reject, RejectSpool

Framed = tuple[list[str] | None, bytes, list[Reject], Counts]


def frame(
    data: bytes, width: int | None = None, encoding: str = "utf-8", delimiter: str = ";", quote: str = '"'
) -> Framed:
    """Frames bytes: with a header when no width is given."""
    rejects = RejectSpool()
    framing = CsvFramer(io.BytesIO(data), Encoding.named(encoding), delimiter, quote, rejects)
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
    assert astuple(framed[3]) == (3, 1, 4, 0, 0)


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


def test_blank_lines_at_the_end_are_counted_only() -> None:
    framed = frame(b"a;b\n\n1;2\n\n\n3;4\n\n\n\n")
    assert [reject.line for reject in framed[2]] == [2, 4, 5]
    assert framed[3].blank_lines == 3


@pytest.mark.parametrize("width", [2, 3, 5, 6])
def test_lone_quote_never_swallows_records(width: int) -> None:
    record = b";".join([b"v"] * width)
    lone = b'"' + record
    # The lone quote of the last line closes what the first one opened, with the right number of fields.
    closing = b'v"' + b";v" * (width - 1)
    data = b"\n".join([lone, *[record] * 20, closing, *[record] * 20]) + b"\n"
    framed = frame(data, width)
    assert framed[3].rows >= 40
    assert refused(framed)[0] == (1, "guillemet_isole", lone)


def test_a_text_that_looks_like_a_record_or_two_stays_whole() -> None:
    data = b'1;"a\nb;c\nd;e\nf";g\n'
    framed = frame(data, 3)
    assert framed[3].rows == 1
    assert framed[3].row_lines == 4


def test_look_ahead_is_bounded() -> None:
    lines = [b"x" * 20] * 3000
    framed = frame(b'1;"' + b"\n".join(lines) + b'"\n2;3\n', 2)
    assert framed[1] == b"3001;2;3\n"
    assert framed[3].refused_lines == 3000


def test_endless_line_is_kept_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framer, "MAX_LINE", 3 << 20)
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
        ]
    ),
    max_size=60,
).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(
    BYTES,
    st.integers(1, 5),
    st.sampled_from(["utf-8", "latin-1", "cp1252", "utf-16-le", "cp850"]),
    st.sampled_from(['"', "'", ""]),
    st.integers(1, 9),
)
def test_nothing_depends_on_where_chunks_end(
    data: bytes, width: int, encoding: str, quote: str, size: int
) -> None:
    data = b"x" + data
    whole = frame(data, width, encoding, quote=quote)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "CHUNK", size)
        patch.setattr(framer, "_BLOCK", size)
        assert frame(data, width, encoding, quote=quote) == whole
    for reject in whole[2]:
        assert reject.offset is not None
        assert data[reject.offset : reject.offset + len(reject.raw)] == reject.raw


@settings(max_examples=200, deadline=None)
@given(BYTES.map(lambda data: data.replace(b"\r", b"")), st.integers(1, 5))
def test_every_line_is_accounted_for(data: bytes, width: int) -> None:
    counts = frame(data, width)[3]
    lines = data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))
    assert counts.row_lines + counts.refused_lines + counts.blank_lines == lines


CELLS = st.text(st.sampled_from('ab;"\n\ré€'), max_size=6)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=8),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_csv_writer_writes_is_read_back(records: list[list[str]], end: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator=end, quoting=csv.QUOTE_ALL).writerows(
        [["a", "b"], *records]
    )
    framed = frame(text.getvalue().encode())
    back = list(csv.reader(io.StringIO(framed[1].decode(), newline=""), delimiter=";", strict=True))
    assert [fields[1:] for fields in back] == records
    assert framed[2] == []
