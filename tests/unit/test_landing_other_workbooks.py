"""OpenDocument and old Excel workbooks give what the newer Excel workbook of the same table gives."""

from __future__ import annotations

import datetime
import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt

from donnees_au_centre.discovery.look import look
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import spreadsheet
from donnees_au_centre.landing.kinds import kind_of
from donnees_au_centre.landing.rejects import Reject, RejectSpool
from donnees_au_centre.landing.workbook import Workbook
from donnees_au_centre.privacy.files import files_with
from tests.unit.landing_sources import table

NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"'
    for name, space in {
        **{name: name for name in ("office", "table", "text", "style")},
        "number": "datastyle",
    }.items()
)
NAMESPACES += ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
STYLES = """
<number:number-style style:name="N1"><number:number number:decimal-places="0" number:min-integer-digits="5"/>
</number:number-style>
<number:number-style style:name="N2"><number:number number:decimal-places="0" number:min-integer-digits="6">
<number:embedded-text number:position="2">-</number:embedded-text></number:number></number:number-style>
<number:number-style style:name="N3"><number:number number:decimal-places="0" number:min-integer-digits="1"
number:grouping="true"/></number:number-style>
<style:style style:name="code" style:family="table-cell" style:data-style-name="N1"/>
<style:style style:name="red" style:family="table-cell" style:parent-style-name="code"/>
<style:style style:name="dash" style:family="table-cell" style:data-style-name="N2"/>
<style:style style:name="thousands" style:family="table-cell" style:data-style-name="N3"/>
<style:style style:name="hidden" style:family="table"><style:table-properties table:display="false"/>
</style:style>
"""


def cell(value: str = "", kind: str = "string", shown: str = "", more: str = "") -> str:
    name = {"date": "date-value", "time": "time-value", "boolean": "boolean-value"}.get(kind, "value")
    said = f'office:{name}="{value}"' if kind != "string" else ""
    return (
        f'<table:table-cell office:value-type="{kind}" {said} {more}><text:p>{shown or value}</text:p>'
        "</table:table-cell>"
    )


def number(value: object, style: str = "", shown: str = "", kind: str = "float") -> str:
    return cell(str(value), kind, shown, f'table:style-name="{style}"' if style else "")


def row(*cells: str, times: int = 1) -> str:
    repeated = f' table:number-rows-repeated="{times}"' if times > 1 else ""
    return f"<table:table-row{repeated}>{''.join(cells)}</table:table-row>"


def ods(*tables: str, styles: str = STYLES, head: str = "") -> bytes:
    content = (
        f'<?xml version="1.0"?>{head}<office:document-content {NAMESPACES}><office:automatic-styles>{styles}'
        f"</office:automatic-styles><office:body><office:spreadsheet>{''.join(tables)}</office:spreadsheet>"
        "</office:body></office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    return file.getvalue()


def sheet(*rows: str, name: str = "Agents", more: str = "") -> str:
    return f'<table:table table:name="{name}" {more}>{"".join(rows)}</table:table>'


def xls(*rows: list[Any], **sheets: list[list[Any]]) -> bytes:
    """A cell is a value, or a value and its format; an int of one byte and None an error of that code."""
    book = xlwt.Workbook()
    for title, lines in {"Agents": list(rows), **sheets}.items():
        written = book.add_sheet(title)
        for place, line in enumerate(lines):
            for column, value in enumerate(line):
                content, code = value if isinstance(value, tuple) else (value, "General")
                if code is None:
                    written.row(place).set_cell_error(column, content)
                elif content is not None:
                    written.write(place, column, content, xlwt.easyxf(num_format_str=code))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(data: bytes, **options: Any) -> tuple[list[Any], list[Reject], list[str]]:
    """The rows with their header, the rejects and the warnings."""
    file_format = kind_of(io.BytesIO(data))
    variant = table(f"age/essai/*.{file_format}", file_format=file_format, options=options).variants[0]
    rejects, rows, said = RejectSpool(), [], []
    book = Workbook(io.BytesIO(data), variant)
    for found in book.tables(rejects):
        header = found.header()
        rows += [header, *found.rows(len(header or []))]
        said += found.warnings()
    return rows, list(rejects), said + book.warnings()


def test_the_three_workbooks_of_a_table_give_one_text() -> None:
    names = ["Matricule", "Part", "Entier", "Né le", "Vu le", "Durée", "Actif", "Erreur", "Texte", "Code"]
    seen = datetime.datetime(2024, 3, 1, 8, 30)
    new = openpyxl.Workbook()
    new.active.title = "Agents"
    for line in (
        names,
        [42, 1 / 3, 7.0, datetime.date(1970, 5, 6), seen, 1.5, True, "#DIV/0!", "a   b\nc", 123],
        [7, 5e-05, 1e16, None, None, None, False, "#N/A", None, None],
    ):
        new.active.append(line)
    formats = {"A": "00000", "D": "dd/mm/yyyy", "E": "dd/mm/yyyy hh:mm", "F": "[h]:mm:ss", "J": "0000\\-00"}
    for column, code in formats.items():
        for place in (2, 3):
            new.active[f"{column}{place}"].number_format = code
    file = io.BytesIO()
    new.save(file)
    old = xls(
        names,
        [
            *((42, "00000"), 1 / 3, 7.0, (datetime.date(1970, 5, 6), "dd/mm/yyyy")),
            *((seen, "dd/mm/yyyy hh:mm"), (1.5, "[h]:mm:ss"), True, (0x07, None), "a   b\nc"),
            (123, "0000\\-00"),
        ],
        [(7, "00000"), 5e-05, 1e16, None, None, None, False, (0x2A, None), None, None],
    )
    error = 'table:formula="of:=1/0" calcext:value-type="error"'
    opened = ods(
        sheet(
            row(*map(cell, names)),
            row(
                *(number(42, "red", "00042"), number(repr(1 / 3)), number(7), cell("1970-05-06", "date")),
                cell("2024-03-01T08:30:00.000000000", "date"),
                *(cell("PT36H00M00S", "time"), cell("true", "boolean", "VRAI")),
                cell("", "string", "#DIV/0!", error),
                cell(shown='a <text:s text:c="2"/>b</text:p><text:p>c'),
                number(123, "dash", "0001-23"),
            ),
            row(
                *(number(7, "code"), number("5.0000000000000002E-5"), number("1E+016", "thousands")),
                *("<table:table-cell table:number-columns-repeated='3'/>", cell("false", "boolean")),
                cell("0", "float", "#N/A", error),
            ),
            row("<table:table-cell table:number-columns-repeated='1024'/>", times=1_048_573),
        )
    )
    (rows, rejects, said), *others = map(read, (file.getvalue(), old, opened))
    assert rows[1][1] == [
        *("00042", "0.333333333333333", "7", "1970-05-06", "2024-03-01T08:30:00", "36:00:00", "true"),
        *("#DIV/0!", "a   b\nc", "0001-23"),
    ]
    assert said == ["Cellules en erreur dans Excel, nulles au typage : #DIV/0! 1 fois, #N/A 1 fois."]
    assert rejects == []
    assert others == [(rows, [], said)] * 2


def test_first_days_of_1900_and_the_calendar_of_1904() -> None:
    days = [(day, "dd/mm/yyyy") for day in (59, 60, 61)]
    assert read(xls(["a", "b", "c"], days))[0][1] == (2, ["1900-02-28", "60", "1900-03-01"])
    book = xlwt.Workbook()
    book.dates_1904 = True
    written = book.add_sheet("x")
    written.write(0, 0, "a")
    written.write(1, 0, 1, xlwt.easyxf(num_format_str="dd/mm/yyyy"))
    file = io.BytesIO()
    book.save(file)
    assert read(file.getvalue())[0][1] == (2, ["1904-01-02"])


def test_sheets_merges_and_blank_rows_are_those_of_the_newer_workbook() -> None:
    spanned = 'table:number-rows-spanned="2" table:number-columns-spanned="1"'
    covered = "<table:covered-table-cell/>"
    merged = [row(cell("a"), cell("b")), row(cell("x", more=spanned), cell("1")), row(covered, cell("2"))]
    opened = ods(
        sheet(*merged, row(times=2), row(cell("y"), cell("3")), name="2023"),
        sheet(name="Vide"),
        sheet(row(cell("z")), name="Cachée", more='table:style-name="hidden"'),
    )
    book = xlwt.Workbook()
    first = book.add_sheet("2023")
    first.write(0, 0, "a")
    first.write_merge(1, 2, 0, 0, "x")
    for place, (column, value) in enumerate([(1, "b"), (1, "1"), (1, "2"), (0, "y"), (1, "3")]):
        first.write((0, 1, 2, 5, 5)[place], column, value)
    book.add_sheet("Vide")
    hidden = book.add_sheet("Cachée")
    hidden.write(0, 0, "z")
    hidden.visibility = 1
    file = io.BytesIO()
    book.save(file)
    for data in (opened, file.getvalue()):
        rows, rejects, said = read(data)
        assert rows == [["a", "b"], (2, ["x", "1"]), (3, [None, "2"]), (6, ["y", "3"])]
        assert [(one.line, one.motif) for one in rejects] == [(4, "ligne_vide")]
        assert said[0].startswith("Cellules fusionnées dans le tableau, d'abord à la ligne 2")
        assert said[1:] == ["Feuilles masquées non lues : n° 3."]
        assert read(data, fill_merged=True)[0][2] == (3, ["x", "2"])
        assert read(data, sheet="Cachée")[0] == [["z"]]


def test_groups_repeats_and_tables_elsewhere_in_an_opendocument() -> None:
    nested = f"<table:table-cell>{sheet(row(cell('no')))}</table:table-cell>"
    group = f"<table:table-header-rows>{row(cell('a'), cell('b'))}</table:table-header-rows>"
    twice = cell("1", more='table:number-columns-repeated="2"')
    group += f"<table:table-row-group>{row(twice, nested, times=2)}"
    link = f"<table:dde-links><table:dde-link>{sheet(row(cell('no')))}</table:dde-link></table:dde-links>"
    columns = '<table:table-column table:default-cell-style-name="code" table:number-columns-repeated="9"/>'
    last = row(number(5), "<table:table-cell table:formula='of:=A1'/>")
    rows, rejects, _ = read(ods(sheet(columns, group + "</table:table-row-group>", last), link), range="A:B")
    assert rows == [["a", "b"], (2, ["1", "1"]), (3, ["1", "1"])]
    assert [(one.line, one.motif, one.text) for one in rejects] == [(4, "formule_sans_valeur", "00005")]


def test_errors_of_other_writers_are_kept() -> None:
    formula = 'table:formula="of:=X"'
    cells = [cell("0", "float", shown, formula) for shown in ("Err:502", "#VALEUR!", "#N/D", "#NOM ?")]
    rows, _, said = read(ods(sheet(row(*map(cell, "abcd")), row(*cells))))
    assert rows[1][1] == ["Err:502", "#VALEUR!", "#N/D", "#NOM ?"]
    assert said == ["Cellules en erreur dans Excel, nulles au typage : une autre erreur 4 fois."]


@pytest.mark.parametrize(
    ("suffix", "data"),
    [
        ("xls", xls(["n", "nom"], [80_123_456, "DUPRÉ Zoé"])),
        ("ods", ods(sheet(row(cell("n")), row(number(80_123_456), cell("DUPRÉ Zoé"))))),
    ],
)
@pytest.mark.parametrize("value", ["DUPRÉ Zoé", "80123456"])
def test_the_search_for_a_person_looks_into_them(
    tmp_path: Path, suffix: str, data: bytes, value: str
) -> None:
    (tmp_path / "age/essai").mkdir(parents=True)
    (tmp_path / f"age/essai/x.{suffix}").write_bytes(data)
    assert files_with(tmp_path, {"age"}, {value}) == {f"age/essai/x.{suffix}": []}
    assert files_with(tmp_path, {"age"}, {"DUP"}) == {}


DTD = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
HUGE = row(cell("x" * 1000, more='table:number-columns-repeated="9000"'), times=1000)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (ods(sheet(row(cell("&a;"))), head=DTD), "type de document"),
        (ods(sheet(row(cell("a"), times=2_000_000))), "au-delà de la ligne"),
        (ods(sheet(row(cell("a", more='table:number-columns-repeated="99999"')))), "colonne n° 99999"),
        (ods(sheet(row(cell("a", more='table:number-columns-repeated="0"')))), "illisible"),
        (ods(sheet(HUGE)), "Mio de textes"),
        (ods("<table:table/>" * 1001), "1000 feuilles"),
        (ods(sheet(row(cell("x" * (9 << 20))))), "plus de 8 Mio"),
        (ods(sheet(row(cell("a"))))[:-200], "illisible"),
        (xls(["a"], ["b"])[:-2000], "illisible"),
        (xls(["a"], ["b"])[:600], "illisible"),
        (struct.pack("<4H", 0x809, 4, 0x600, 5) + struct.pack("<HHI", 0x2F, 4, 0), "mot de passe"),
        (struct.pack("<4H", 0x809, 4, 0x600, 5) + b"\xe0\0\0\0" * 100_001, "formats, polices et noms"),
        (struct.pack("<4H", 0x809, 4, 0x600, 5) + b"\xe5\0\2\0\xff\xff" * 2, "cellules fusionnées"),
    ],
)
def test_a_damaged_or_costly_workbook_is_refused(
    data: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheet, "MAX_TEXT", 4 << 20)
    file_format = "ods" if data.startswith(b"PK") else "xls"
    variant = table(f"age/essai/*.{file_format}", file_format=file_format).variants[0]
    with pytest.raises(PlatformError, match=words):
        for found in Workbook(io.BytesIO(data), variant).tables(RejectSpool()):
            list(found.rows(2))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (
            ods(
                sheet(row(cell("Titre")), row(cell("Ville"), cell("Vus")), *[row(cell("Ath"), number(7))] * 5)
            ),
            "ods",
        ),
        (xls(["Titre", ""], ["Ville", "Vus"], *[["Ath", 7]] * 5), "xls"),
    ],
)
def test_new_source_looks_at_them(data: bytes, kind: str) -> None:
    found = look(io.BytesIO(data))
    assert (found.file_format, found.options) == (kind, {"header_row": 2})
    assert [column.typing.macro for column in found.table.columns] == ["clean_text", "to_integer"]


def test_an_old_workbook_is_told_by_its_directory_wherever_it_lies() -> None:
    book, file = xlwt.Workbook(), io.BytesIO()
    written = book.add_sheet("Agents")
    for place in range(20_000):
        written.write(place, 0, f"Ath {place} " * 30)
    book.save(file)
    data = file.getvalue()
    assert data.find("Workbook".encode("utf-16-le")) > 4 << 20
    assert kind_of(file) == "xls"


def test_an_old_workbook_whose_small_streams_lie_over_its_cells_is_read() -> None:
    """As exports of web sites write them: the root entry of the directory begins where the cells do."""
    data = bytearray(xls(["Nom", "Nombre"], ["Les Tilleuls", 3]))
    directory = 512 + int.from_bytes(data[48:52], "little") * 512
    root, cells = (data.index(name.encode("utf-16-le"), directory) for name in ("Root Entry", "Workbook"))
    data[root + 116 : root + 120] = data[cells + 116 : cells + 120]
    data[root + 120 : root + 124] = (64).to_bytes(4, "little")
    rows, rejects, _ = read(bytes(data))
    assert rejects == [] and "Les Tilleuls" in str(rows[1])
