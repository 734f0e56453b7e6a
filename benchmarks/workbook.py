"""Measures how fast a workbook is read: `python -m benchmarks.workbook`.

Prints rows a processor second, and the peak memory of the process: half the texts are shared, half stand in
their cells; the rest are numbers, days, codes with their zeros, booleans, and nothing.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from donnees_au_centre.landing.spreadsheet import Book

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_NAMES = 5000
_STYLES = ("General", "00000", "dd/mm/yyyy")


def write(file: BinaryIO, rows: int) -> None:
    """Writes a workbook of ten columns as Excel writes it."""
    relation = f'<Relationship Id="r%d" Type="{_OFFICE}/%s" Target="%s"/>'
    related = [(1, "worksheet", "sheet.xml"), (2, "styles", "styles.xml"), (3, "sharedStrings", "texts.xml")]
    formats = "".join(f'<numFmt numFmtId="{k}" formatCode="{code}"/>' for k, code in enumerate(_STYLES, 170))
    styles = "".join(f'<xf numFmtId="{k}"/>' for k, _ in enumerate(_STYLES, 170))
    texts = "".join(f"<si><t>Élève n° {k}</t></si>" for k in range(_NAMES))
    parts = {
        "_rels/.rels": _relations(relation % (1, "officeDocument", "book.xml")),
        "_rels/book.xml.rels": _relations("".join(relation % one for one in related)),
        "book.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Agents" sheetId="1" r:id="r1"/></sheets></workbook>',
        "styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts>{formats}</numFmts>'
        f"<cellXfs>{styles}</cellXfs></styleSheet>",
        "texts.xml": f'<sst xmlns="{_MAIN}">{texts}</sst>',
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        with archive.open("sheet.xml", "w") as sheet:
            sheet.write(f'<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            sheet.writelines(_rows(rows))
            sheet.write(b"</sheetData></worksheet>")


def _relations(content: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}">{content}</Relationships>'


def _rows(rows: int) -> Iterator[bytes]:
    chance = random.Random(1)
    for n in range(1, rows + 1):
        cells = (
            f'<c r="A{n}" s="1"><v>{n}</v></c>',
            f'<c r="B{n}" t="s"><v>{chance.randrange(_NAMES)}</v></c>',
            f'<c r="C{n}" t="inlineStr"><is><t>Dossier {n}</t></is></c>',
            f'<c r="D{n}" s="2"><v>{chance.randrange(18_000, 46_000)}</v></c>',
            f'<c r="E{n}"><v>{chance.randrange(10_000)}</v></c>',
            f'<c r="F{n}"><v>{chance.randrange(10_000_000) / 100}</v></c>',
            f'<c r="G{n}" t="b"><v>{n % 2}</v></c>',
            f'<c r="H{n}" s="1"><v>{chance.randrange(1000, 9999)}</v></c>',
            f'<c r="I{n}" s="2"/>' if n % 3 else f'<c r="I{n}" s="2"><v>{45_000 + n % 400}</v></c>',
            f'<c r="J{n}" t="s"><v>{chance.randrange(20)}</v></c>',
        )
        yield f'<row r="{n}" spans="1:10">{"".join(cells)}</row>'.encode()


def main() -> None:
    """Runs the measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryFile() as file:
        write(file, arguments.rows)
        for _ in range(arguments.times):
            started = time.process_time()
            book = Book(file)
            rows = sum(1 for _ in book.rows(book.sheets[0]))
            seconds = time.process_time() - started
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            print(f"{rows / seconds:.0f} rows a processor second, {memory} MiB")


if __name__ == "__main__":
    main()
