"""A small Excel writer: a stream of rows, and the same bytes for the same rows wherever it runs.

The library in use elsewhere for reading stamps the time of writing into the file, and compression depends on
the zlib at hand; here dates are fixed and members are stored as they are.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import date
from types import TracebackType
from typing import BinaryIO, NamedTuple
from xml.sax.saxutils import escape

STAMP = (2025, 1, 1, 0, 0, 0)
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
RELATIONS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"
PLAIN, PADDED, DAY = 0, 1, 2  # positions in the list of cell formats of STYLES
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="00000"/>'
    '<numFmt numFmtId="165" formatCode="dd/mm/yyyy"/></numFmts>'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


class Cell(NamedTuple):
    """A cell: the attributes of its element and what is inside, '' for no cell at all."""

    attributes: str
    content: str

    @classmethod
    def empty(cls) -> Cell:
        """A cell that is not there."""
        return cls("", "")

    @classmethod
    def text(cls, value: str) -> Cell:
        """Text kept in the cell itself."""
        return cls(' t="inlineStr"', f"<is><t>{escape(value)}</t></is>")

    @classmethod
    def number(cls, value: str, padded: bool = False) -> Cell:
        """A number; `padded` shows it with the format 00000."""
        return cls(f' s="{PADDED if padded else PLAIN}"', f"<v>{value}</v>")

    @classmethod
    def day(cls, value: date) -> Cell:
        """A date after February 1900, as Excel counts days."""
        return cls(f' s="{DAY}"', f"<v>{(value - date(1899, 12, 30)).days}</v>")

    @classmethod
    def error(cls, value: str) -> Cell:
        """An error such as #N/A."""
        return cls(' t="e"', f"<v>{value}</v>")


class Workbook:
    """A workbook of one sheet, written row by row inside a `with`."""

    MAX_ROWS = 1_048_576

    def __init__(self, handle: BinaryIO, sheet: str) -> None:
        """Writes to an open binary handle."""
        self._zip = zipfile.ZipFile(handle, "w")
        self._sheet = sheet
        self._rows = 0

    def __enter__(self) -> Workbook:
        """Writes the parts that come before the rows."""
        parts = {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
            f'<Default Extension="rels" ContentType="{RELATIONS_TYPE}"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{SHEET_TYPE}.worksheet+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{SHEET_TYPE}.styles+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            f'<sheet name="{escape(self._sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="rId2" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
            "xl/styles.xml": STYLES,
        }
        for name, text in parts.items():
            self._zip.writestr(_member(name), HEAD + text)
        self._stream = self._zip.open(_member("xl/worksheets/sheet1.xml"), "w")
        self._stream.write(f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>'.encode())
        return self

    def row(self, cells: Sequence[Cell]) -> None:
        """Writes the next row, from column A on; at most 26 cells."""
        self._rows += 1
        body = "".join(
            f'<c r="{chr(65 + position)}{self._rows}"{cell.attributes}>{cell.content}</c>'
            for position, cell in enumerate(cells)
            if cell.content
        )
        self._stream.write(f'<row r="{self._rows}">{body}</row>'.encode())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the sheet and the archive."""
        self._stream.write(b"</sheetData></worksheet>")
        self._stream.close()
        self._zip.close()


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, STAMP)
    info.create_system = 0  # else it tells Windows from Unix
    return info
