from __future__ import annotations

import datetime
import io
import re
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import spreadsheet
from donnees_au_centre.landing.blocks import Copied
from donnees_au_centre.landing.cells import reader_of, unescaped
from donnees_au_centre.landing.received import Withheld
from donnees_au_centre.landing.rejects import Reject, RejectSpool
from donnees_au_centre.landing.workbook import SHEET_STRIDE, SheetTable, Workbook
from tests.campaigns import examples
from tests.unit.landing_sources import table

Read = tuple[list[str] | None, list[Any], list[Reject], SheetTable]

STRICT = (("schemas.openxmlformats.org/(spreadsheetml|officeDocument)/2006", r"purl.oclc.org/ooxml/\1"),)


def sheets(**lines: list[list[Any]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, content in lines.items():
        sheet = book.create_sheet(title)
        for line in content:
            sheet.append(line)
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def workbook(lines: list[list[Any]], formats: dict[str, str] | None = None) -> bytes:
    book = sheets(Agents=lines)
    for cell, number_format in (formats or {}).items():
        book["Agents"][cell].number_format = number_format
    return saved(book)


def rewritten(data: bytes, *changes: tuple[str, str], part: str = "") -> bytes:
    """The workbook with the text of its parts changed, by regular expressions."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new, zipfile.ZipFile(io.BytesIO(data)) as old:
        for name in old.namelist():
            content = old.read(name).decode()
            for pattern, replacement in changes if part in name else ():
                content = re.sub(pattern, replacement, content)
            new.writestr(name, content)
    return file.getvalue()


def opened(data: bytes, **options: Any) -> Workbook:
    variant = table("age/essai/*.xlsx", file_format="xlsx", options=options).variants[0]
    return Workbook(io.BytesIO(data), variant)


def read(data: bytes, **options: Any) -> Read:
    rejects = RejectSpool()
    (sheet,) = opened(data, **options).tables(rejects)
    header = sheet.header() if options.get("header", True) else None
    return header, list(sheet.rows(len(header or ["a", "b"]))), list(rejects), sheet


def test_cells_come_as_received() -> None:
    moment = datetime.datetime(2024, 3, 1, 8, 30)
    data = workbook(
        [
            ["Matricule", "Part", "Né le", "Vu le", "Heure", "Actif", "Erreur", "Texte"],
            [42, 0.1, datetime.datetime(1970, 5, 6), moment, datetime.time(7, 5), True, "#DIV/0!", "00 12"],
            [7.0, 1 / 3, None, None, None, False, "#N/A", ""],
        ],
        {"A2": "00000"},
    )
    header, rows, rejects, sheet = read(data)
    assert header == ["Matricule", "Part", "Né le", "Vu le", "Heure", "Actif", "Erreur", "Texte"]
    assert rows[0] == (
        2,
        ["00042", "0.1", "1970-05-06", "2024-03-01T08:30:00", "07:05:00", "true", "#DIV/0!", "00 12"],
    )
    assert rows[1][1] == ["7", "0.333333333333333", None, None, None, "false", "#N/A", None]
    assert rejects == []
    assert sheet.warnings() == [
        "Cellules en erreur dans Excel, nulles au typage : #DIV/0! 1 fois, #N/A 1 fois."
    ]


@pytest.mark.parametrize(
    ("code", "kept", "shown"),
    [
        ("General", "5.0000000000000002E-5", "0.00005"),
        ("General", "1E+16", "10000000000000000"),
        ("General", "0.30000000000000004", "0.3"),
        ("General", "100.00000000000001", "100"),
        ("General", "12345678901234567", "12345678901234567"),
        ("General", "-0.0", "0"),
        ("General", "1e999999999", "1e999999999"),
        ("0%", "0.12", "0.12"),
        ("#,##0.00", "1234.5", "1234.5"),
        ("0", "7", "7"),
        ("00000", "7", "00007"),
        ("[$-80C]00000", "7", "00007"),
        ("00000", "-7", "-00007"),
        ("00000", "7.5", "7.5"),
        ("0000\\-00", "123", "0001-23"),
        ('"BE"0000000000', "123456789", "BE0123456789"),
        ("000", "123456", "123456"),
        ('0#" "##" "##" "##" "##', "470123456", "04 70 12 34 56"),
        ('00"."00"."00"-"000"."00', "5073003328", "05.07.30-033.28"),
        ("#\\ ##0", "12345", "12345"),
        ('00" ans"', "7", "7"),
        ("dd/mm/yyyy", "1", "1900-01-01"),
        ("dd/mm/yyyy", "59", "1900-02-28"),
        ("dd/mm/yyyy", "60", "60"),
        ("dd/mm/yyyy", "61", "1900-03-01"),
        ("dd/mm/yyyy", "2958465", "9999-12-31"),
        ("dd/mm/yyyy", "2958466", "2958466"),
        ("dd/mm/yyyy", "-1", "-1"),
        ("dd/mm/yyyy", "0", "0"),
        ("dd/mm/yyyy hh:mm", "45351.9999999999", "2024-03-01"),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "45351", "2024-02-29"),
        ("mmm\\-yy", "45351", "2024-02-29"),
        ("h:mm", "0.4375", "10:30:00"),
        ("h:mm:ss", "45351.4375", "2024-02-29T10:30:00"),
        ("[h]:mm", "1.5", "36:00:00"),
    ],
)
def test_number_is_what_its_format_means(code: str, kept: str, shown: str) -> None:
    assert reader_of(code, False)(kept) == shown


@given(st.floats(-1e307, 1e307) | st.integers(-(10**20), 10**20))
def test_numbers_are_plain_and_keep_fifteen_digits(number: float) -> None:
    shown = reader_of("General", False)(repr(number))
    assert re.fullmatch(r"-?(0|[1-9]\d*)(\.\d*[1-9])?", shown)
    if isinstance(number, int):
        assert int(shown) == number
    else:
        assert float(shown) == pytest.approx(number, rel=1e-14)


def test_dates_may_count_from_1904() -> None:
    assert reader_of("dd/mm/yyyy", True)("0") == "1904-01-01"
    data = workbook([["a"], [datetime.datetime(2024, 2, 29)]])
    old_mac = rewritten(data, (r"<workbookPr\b", '<workbookPr date1904="1"'), part="xl/workbook.xml")
    assert [cells for _, cells in read(old_mac)[1]] == [["2028-03-01"]]


@pytest.mark.parametrize(
    ("kept", "meant"),
    [
        ("Rue du Pont_x000D_\nbte 3", "Rue du Pont\nbte 3"),
        ("a_x000d_b", "a\nb"),
        ("_x005F_x000D_", "_x000D_"),
        ("_xD83D__xDE00_", "\U0001f600"),
        ("_xD83D_ seule", "_xD83D_ seule"),
        ("mon_x_champ", "mon_x_champ"),
    ],
)
def test_escapes_of_xml_are_read(kept: str, meant: str) -> None:
    assert unescaped(kept) == meant


def test_blank_rows_are_one_range_and_cells_beyond_the_header_are_refused() -> None:
    data = workbook(
        [["a", "b"], [1, 2], [], [" ", "\u202f"], [], [3, 4, "de trop"], [5, None, " "], ["\xa0"], []]
    )
    _, rows, rejects, sheet = read(data)
    assert rows == [(2, ["1", "2"]), (7, ["5", None])]
    assert [(reject.line, reject.motif, reject.detail, reject.text) for reject in rejects] == [
        (3, "ligne_vide", "3 lignes vides au milieu de la feuille, jusqu'à la ligne 5", ""),
        (6, "nombre_de_champs", "3 cellules au lieu de 2 au plus", "3\t4\tde trop"),
    ]
    assert sheet.blank_rows == 1
    assert "`range: 'A:B'`" in sheet.warnings()[0]


def test_space_in_the_last_row_of_all_costs_nothing() -> None:
    book = sheets(Agents=[["a", "b"], [1, 2]])
    book["Agents"]["B1048576"] = " "
    data = saved(book)
    tracemalloc.start()
    _, rows, rejects, sheet = read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (rows, rejects, sheet.blank_rows) == ([(2, ["1", "2"])], [], 1_048_574)
    assert peak < 4 << 20


def test_title_block_two_header_rows_footer_and_side_notes_are_out_of_the_table() -> None:
    data = workbook(
        [
            ["Élèves au 15 janvier"],
            [],
            ["Province", "Filles", None, "Garçons", None, None, "voir p. 3"],
            [None, "P", "S", "P", "S"],
            ["Liège", 1, 2, 3, 4],
            ["Namur", 5, 6, 7, 8, None, "provisoire"],
            [],
            ["Total", 6, 8, 10, 12],
            ["Source : comptage"],
        ]
    )
    header, rows, rejects, sheet = read(
        data, header_row=3, header_rows=2, footer="Total|Source.*", range="A:E"
    )
    assert header == ["Province", "Filles P", "Filles S", "Garçons P", "Garçons S"]
    assert rows == [(5, ["Liège", "1", "2", "3", "4"]), (6, ["Namur", "5", "6", "7", "8"])]
    assert [(reject.line, reject.motif, reject.text.strip()) for reject in rejects] == [
        (1, "hors_tableau", "Élèves au 15 janvier"),
        (3, "hors_tableau", "voir p. 3"),
        (6, "hors_tableau", "provisoire"),
        (8, "hors_tableau", "Total\t6\t8\t10\t12"),
        (9, "hors_tableau", "Source : comptage"),
    ]
    assert (sheet.out_of_table, sheet.blank_rows) == (5, 1)


def test_blank_header_row_says_where_the_first_row_is() -> None:
    with pytest.raises(PlatformError, match=r"ligne d'en-tête \(1\).*est la 3"):
        read(workbook([[], [], ["a", "b"], [1, 2]]))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "La ligne 3 de la feuille n° 1 porte ces colonnes : écrivez `header_row: 3`. "),
        ({"header_row": 3, "sheet": "Notes"}, "écrivez `sheet: 1`. "),
        ({"header_row": 3}, ""),
    ],
)
def test_hint_says_where_the_header_is(options: dict[str, Any], said: str) -> None:
    book = sheets(Agents=[["Titre"], [], ["Code", "Nom"], [1, "x"]], Notes=[["?"]])
    (found,) = opened(saved(book), **options).tables(RejectSpool())
    hint = found.hint(["code", "nom"])
    assert said in hint if said else hint == ""


def test_hint_joins_two_header_rows() -> None:
    book = sheets(Agents=[["Filles", None], ["P", "S"], [1, 2]])
    (found,) = opened(saved(book)).tables(RejectSpool())
    assert "écrivez `header_rows: 2`" in found.hint(["filles_p", "filles_s"])


def test_without_header_rows_start_where_declared() -> None:
    data = workbook([["titre"], [1, 2]])
    _, rows, rejects, _ = read(data, header=False, header_row=2)
    assert (rows, [reject.motif for reject in rejects]) == ([(2, ["1", "2"])], ["hors_tableau"])


def test_merged_cells_repeat_their_value_when_asked() -> None:
    book = sheets(
        Agents=[["province", "commune", "n"], ["Liège", "Huy", 1], [None, "Ans", 2], ["Namur", "x"]]
    )
    book["Agents"].merge_cells("A2:A3")
    book["Agents"].merge_cells("B4:C4")
    data = saved(book)
    assert [cells for _, cells in read(data, fill_merged=True)[1]] == [
        ["Liège", "Huy", "1"],
        ["Liège", "Ans", "2"],
        ["Namur", "x", "x"],
    ]
    assert [cells for _, cells in read(data, fill_merged=True, range="B:C")[1]][2] == ["x", "x"]
    _, rows, _, sheet = read(data)
    assert rows[1][1] == [None, "Ans", "2"]
    assert "d'abord à la ligne 2" in sheet.warnings()[0]
    assert "`fill_merged: true`" in sheet.warnings()[0]


def test_sheet_by_title_place_or_the_first_that_people_see() -> None:
    book = sheets(Anciens=[["vieux"]], Agents=[["a"]], Notes=[["x"]], Feuil4=[])
    book.create_sheet("2024").append(["neuf"])
    book["Anciens"].sheet_state = "hidden"
    data = saved(book)
    assert read(data)[0] == ["a"]
    assert read(data, sheet=2)[0] == ["x"]
    assert read(data, sheet=2024)[0] == read(data, sheet=4)[0] == ["neuf"]
    assert read(data, sheet="anciens")[0] == ["vieux"]
    assert opened(data, sheet="Agents").warnings() == [
        "Feuilles non lues : n° 3, n° 5.",
        "Feuilles masquées non lues : n° 1.",
    ]
    assert opened(data, sheets=["*"]).warnings() == ["Feuilles masquées non lues : n° 1."]
    assert opened(data, sheet="anciens").warnings()[-1] == "Feuilles masquées lues : « anciens »."
    with pytest.raises(Withheld, match=r"feuille « Feuil1 »\. Il en a 5, dont 1 masquée") as caught:
        read(data, sheet="Feuil1")
    assert caught.value.words == ("Anciens", "Agents", "Notes", "Feuil4", "2024")


def test_sheets_one_after_the_other_keep_their_place() -> None:
    data = saved(sheets(**{"2023": [["a"], [1]], "Notes": [["?"]], "2024": [["a"], [], [2]]}))
    rejects = RejectSpool()
    tables = opened(data, sheets="20*", sheet_column="annee").tables(rejects)
    assert [(one.sheet.title, one.header(), list(one.rows(1))) for one in tables] == [
        ("2023", ["a"], [(SHEET_STRIDE + 2, ["1"])]),
        ("2024", ["a"], [(3 * SHEET_STRIDE + 3, ["2"])]),
    ]
    assert [(reject.line, reject.detail[:28]) for reject in rejects] == [
        (3 * SHEET_STRIDE + 2, "feuille « 2024 », ligne 2 : ")
    ]


def test_formula_without_its_value_is_refused() -> None:
    _, rows, rejects, _ = read(workbook([["a", "b"], [1, "=A2+1"], [3, 4]]))
    assert rows == [(3, ["3", "4"])]
    assert [(reject.line, reject.motif) for reject in rejects] == [(2, "formule_sans_valeur")]
    beside = workbook([["a", "b", "note"], [1, 2, "=A2+1"]])
    assert read(beside, range="A:B")[1] == [(2, ["1", "2"])]


def test_what_other_writers_do_is_read() -> None:
    data = workbook([["a", "b"], ["é", 2], [datetime.datetime(2024, 2, 29), "x"]])
    expected = [(2, ["é", "2"]), (3, ["2024-02-29", "x"])]
    assert read(rewritten(data, *STRICT))[1] == expected
    assert read(rewritten(data, (r'(<(?:c|row)\b[^>]*?) r="\w+"', r"\1"), part="sheet1"))[1] == expected
    prefixed = rewritten(
        data,
        (r"<(/?)(?=[a-zA-Z])", r"<\1x:"),
        ("xmlns=", "xmlns:x="),
        part="sheet1",
    )
    assert read(prefixed)[1] == expected
    assert read(rewritten(data, ('Target="/xl/', 'Target="'), part="workbook.xml.rels"))[1] == expected


CELLS = (
    '<c r="{0}"/>',
    '<c r="{0}" s="1"><v>7</v></c>',
    '<c r="{0}" s="2" t="n"><v>45351.5</v></c>',
    '<c r="{0}"><v>0.30000000000000004</v></c>',
    '<c r="{0}" s="1"><f>A1&lt;2</f><v>-0.50</v></c>',
    '<c r="{0}" t="b"><v>1</v></c>',
    '<c r="{0}" t="e"><v>#N/A</v></c>',
    '<c r="{0}" t="str"><v>_x000D_\n&#233;</v></c>',
    '<c r="{0}" t="inlineStr"><is><t xml:space="preserve"> é\t</t></is></c>',
    # Of these, a chunk is for the parser.
    '<c r="{0}"><f>A1</f></c>',
    '<c r="{0}"><v>1<!-- 2 --></v></c>',
    '<c r="{0}"><v><![CDATA[12]]></v></c>',
    '<c s="1" r="{0}"><v>3</v></c>',
    '<c r="{0}" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c>',
    '<c r="{0}" t="str"><v>a\rb</v></c>',
    "<!-- </row> -->",
    '</row><row r="900"></row><row r="901">',
    # And these are faults.
    '<c r="{0}" s="1" s="1"><v>1</v></c>',
    '<c r="{0}" s="99"><v>1</v></c>',
    '<c r="{0}" x:y="1"><v>1</v></c>',
    '<c r="A1"><v>1</v></c>',
    '<c r="XFE1"/>',
    '<c r="{0}"><v>&nbsp;</v></c>',
    '<c r="{0}"><v>1</t></is></c>',
    '<c r="{0}"><v>]]></v></c>',
    '<c r="{0}" t="str"><v>\x01\ufffe</v></c>',
    '<c r="{0}"><v>1</v>',
    "<c/ ><v>1</v></c>",
    "texte</sheetData>",
)


_COPIED = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}


def as_read(copied: Copied) -> Iterator[tuple[int, list[str | None]]]:
    """The rows that COPY would make of its lines."""
    lines = copied.text.decode().split("\n")
    assert (len(lines) - 1, lines[-1]) == (copied.rows, "")
    for place, line in enumerate(lines[:-1]):
        number, *cells = line.split("\t")
        assert int(number) == copied.first + place
        yield (
            int(number),
            [
                None if cell == r"\N" else re.sub(r"\\.", lambda found: _COPIED[found[0]], cell)
                for cell in cells
            ],
        )


def landed(data: bytes, many: bool, **options: Any) -> list[Any]:
    """All that comes of the table in a sheet without header: rows, rejects, warnings, the error."""
    rejects, found = RejectSpool(), []
    try:
        (sheet,) = opened(data, header=False, **options).tables(rejects)
        for piece in sheet.pieces(4) if many else sheet.rows(4):
            found.extend(as_read(piece) if isinstance(piece, Copied) else [piece])
        found += [sheet.warnings(), sheet.blank_rows, sheet.out_of_table]
    except PlatformError as error:
        found.append(str(error))
    return [*found, *rejects]


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 8), max_size=4), min_size=1, max_size=12), st.data())
def test_many_rows_at_a_time_are_what_the_parser_reads(lines: list[list[int]], source: st.DataObject) -> None:
    odd = source.draw(st.dictionaries(st.integers(0, len(lines) - 1), st.integers(0, len(CELLS) - 1)))
    rows = "".join(
        f'<row r="{number}" spans="1:5">'
        + "".join(CELLS[kind].format(f"{'ABCDE'[place]}{number}") for place, kind in enumerate(kinds))
        + (CELLS[odd[number - 1]].format(f"E{number}") if number - 1 in odd else "")
        + "</row>"
        for number, kinds in enumerate(lines, start=1)
    )
    data = rewritten(
        workbook([[7, datetime.datetime(2024, 2, 29)]], {"A1": "00000"}),
        ("(?s)<sheetData>.*</sheetData>", f"<sheetData>{rows}</sheetData>".replace("\\", r"\\")),
        part="sheet1",
    )

    def parser_only(*_: Any) -> None:
        raise ValueError

    def given_rows() -> list[Any]:
        book = spreadsheet.Book(io.BytesIO(data))
        found: list[Any] = []
        try:
            found.extend(book.rows(book.sheets[0]))
        except PlatformError as error:
            found.append(str(error))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spreadsheet, "_BLOCK", source.draw(st.sampled_from([64, 512, 1 << 15])))
        patch.setattr(spreadsheet, "MAX_PROLOG", 600)
        many = given_rows()
        assert landed(data, many=True) == landed(data, many=False)
        patch.setattr(spreadsheet, "PlainRows", parser_only)
        assert many == given_rows()


_STRINGS = (
    "<si><t>é</t></si>", "<si><t/></si>", "<si><t></t></si>", '<si><t xml:space="preserve"> a\n </t></si>',
    "<si><t>a &amp; b_x0041_</t></si>", "<si><t>_x0026_amp;</t></si>",
    "<si><r><t>a</t></r><r><rPr><b/></rPr><t> b</t></r></si>", "<si><t>a</t><phoneticPr fontId='1'/></si>",
    "<si/>", "<!-- </si> -->", "<si><t><![CDATA[<si>]]></t></si>", "\n",
    # And these are faults.
    "<si><t>a</si>", "<si><t>&nbsp;</t></si>", "<si><t>\x01</t></si>", "<si><t>]]></t></si>", "</sst>",
)  # fmt: skip


@settings(deadline=None, max_examples=examples(100))
@given(
    st.lists(st.integers(0, 3) | st.integers(0, len(_STRINGS) - 1), max_size=20),
    st.sampled_from([16, 128, 1 << 15]),
)
def test_many_strings_at_a_time_are_what_the_parser_reads(kinds: list[int], block: int) -> None:
    texts = "".join(_STRINGS[kind] for kind in kinds)
    data = rewritten(
        workbook([["a"], *(["b"] for _ in kinds)]),
        ("(?s)(<sst[^>]*>).*", f"\\1{texts}</sst>"),
        part="sharedStrings",
    )

    def strings() -> list[str | None] | str:
        try:
            held = spreadsheet.Book(io.BytesIO(data))._strings
            return [held[place] for place in range(len(held._ends) - 1)]
        except PlatformError as error:
            return str(error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spreadsheet, "_BLOCK", block)
        patch.setattr(spreadsheet, "MAX_PROLOG", 128)
        many = strings()
        patch.setattr(spreadsheet, "are_strings", lambda head: False)
        assert many == strings()


def test_plain_rows_need_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        [k, f"é & {k}", datetime.datetime(2024, 2, 29), k / 8, None, k % 2 == 0, "#N/A"] for k in range(900)
    ]
    data = workbook([["a", "b", "c", "d", "e", "f", "g"], *lines], {"A2": "00000"})
    read_by_parser: list[str | None] = []
    monkeypatch.setattr(spreadsheet.Book, "_row", lambda _, number, __: read_by_parser.append(number))
    monkeypatch.setattr(spreadsheet, "_parsed_strings", lambda source: read_by_parser.append("texts"))
    rows = read(data)[1]
    assert (len(rows), read_by_parser) == (900, [])
    (sheet,) = opened(data).tables(RejectSpool())
    sheet.header()
    assert sum(piece.rows for piece in sheet.pieces(7) if isinstance(piece, Copied)) > 0
    assert rows[0] == (2, ["00000", "é & 0", "2024-02-29", "0", None, "true", "#N/A"])


_TEXTS = (
    "é",
    "a\tb",
    "c\\N",
    "\\N",
    "l\nm",
    "l\r\nm",
    "  ",
    "\u2028",
    "x_x0041_",
    "_x0000_",
    "1\n2",
    "Ã©",
    "&<",
    "",
)
_VALUES = st.one_of(
    st.sampled_from(_TEXTS), st.none(), st.integers(-9, 10**17), st.floats(allow_nan=False), st.booleans(),
    st.sampled_from(["#N/A", "#DIV/0!", "7", "00"]), st.dates(datetime.date(1900, 1, 1)),
)  # fmt: skip


@settings(deadline=None, max_examples=examples(60))
@given(st.lists(st.lists(_VALUES, min_size=1, max_size=6), min_size=4, max_size=30), st.data())
def test_rows_written_many_at_a_time_are_those_given_one_by_one(
    lines: list[list[Any]], source: st.DataObject
) -> None:
    formats = source.draw(
        st.dictionaries(
            st.sampled_from([f"{column}{row}" for column in "ABCDE" for row in range(1, 9)]),
            st.sampled_from(["00000", "0%", "[h]:mm", "0000\\-00", "dd/mm/yyyy"]),
        )
    )
    # Rows alike, so that their forms are known; then odd ones among them.
    data = workbook(
        [[k, "é", None, k / 4] for k in range(1, 40)] + lines + [[k, "b", 1, 2] for k in range(40)], formats
    )
    options = source.draw(
        st.sampled_from([{}, {"sheets": "Ag*", "sheet_column": "feuille"}, {"header_row": 3}])
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spreadsheet, "_BLOCK", source.draw(st.sampled_from([256, 1024, 1 << 15])))
        many = landed(data, many=True, **options)
        assert many == landed(data, many=False, **options)


@pytest.mark.parametrize("damage", ["cut", "broken sheet", "lost sheet", "not a workbook"])
def test_damaged_workbook_fails_in_french(damage: str) -> None:
    data = workbook([["a", "b"], *([k, k] for k in range(200))])
    if damage == "cut":
        data = data[: len(data) // 2]
    elif damage == "broken sheet":
        data = rewritten(data, ("(?s)<row r=.150.*", ""), part="sheet1")
    elif damage == "lost sheet":
        data = rewritten(data, ("sheet1.xml", "sheet9.xml"), part="workbook.xml.rels")
    else:
        data = rewritten(data, ("officeDocument", "x"), part=".rels")
    with pytest.raises(PlatformError) as caught:
        read(data)
    assert "illisible" in caught.value.message
    assert not re.search("Error|Bad|File|None|item", caught.value.message + caught.value.advice)
    assert ".xlsx" in caught.value.advice


@pytest.mark.parametrize(
    ("pattern", "before", "filler", "after", "said"),
    [
        ("<sheetData>", "", " ", "<sheetData>", r"se déplie en 2 Mio pour \d+ Kio"),
        ("<sheetData>", "<sheetData><row>", "<c/>", "</row>", "une ligne ou un texte"),
        ("<v>0</v>", "<v>", "0", "</v>", "une ligne ou un texte"),
        ("<sheetData>", "<cols>", "<col/>", "</cols><sheetData>", None),
    ],
)
def test_workbook_that_unpacks_too_far_costs_little(
    monkeypatch: pytest.MonkeyPatch, pattern: str, before: str, filler: str, after: str, said: str | None
) -> None:
    monkeypatch.setattr(spreadsheet, "MAX_PIECE", 1 << 16)
    monkeypatch.setattr(spreadsheet, "RATIO_MATTERS", (2 if "Mio" in (said or "") else 20) << 20)
    piece = before + filler * ((2 << 20 if filler == " " else 1 << 19) // len(filler) + 1) + after
    data = rewritten(workbook([["a"], [0]]), (pattern, piece), part="sheet1")
    tracemalloc.start()
    if said:
        with pytest.raises(PlatformError, match=said):
            read(data)
    else:
        assert [cells for _, cells in read(data)[1]] == [["0"]]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 << 20


CASES = Path(__file__).resolve().parents[3] / "shared/cases/files/inputs"


@pytest.mark.skipif(not CASES.is_dir(), reason="fichiers reçus d'autres personnes absents")
def test_files_of_other_people_are_read() -> None:
    for path in CASES.glob("[!~]*.xlsx"):
        if path.name != "x13a_ods.xlsx":
            assert read(path.read_bytes())[0], path.name
