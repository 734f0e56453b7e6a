"""Measures how fast a workbook is landed: `python -m benchmarks.workbook`.

Prints rows a processor second up to the lines that COPY takes, then rows a second of the whole load, with a
server of its own beside, and the peak memory of the process. Half the texts are shared, half stand in their
cells; the rest are numbers, days, codes with their zeros, booleans, and nothing.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import psycopg

from benchmarks.landing import forget
from benchmarks.measured import declared
from donnees_au_centre.landing import SourceTable, load_landing, read_declarations
from donnees_au_centre.landing.blocks import Copied
from donnees_au_centre.landing.declaration import Variant
from donnees_au_centre.landing.rejects import RejectSpool
from donnees_au_centre.landing.workbook import Workbook
from donnees_au_centre.warehouse import EmbeddedServer

_FILE = Path("age/mesure/mesure.xlsx")
COLUMNS = "abcdefghij"

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
        "_rels/.rels": _relations(relation % (1, "officeDocument", "xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": _relations("".join(relation % one for one in related)),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Agents" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts>{formats}</numFmts>'
        f"<cellXfs>{styles}</cellXfs></styleSheet>",
        "xl/texts.xml": f'<sst xmlns="{_MAIN}">{texts}</sst>',
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        with archive.open("xl/sheet.xml", "w") as sheet:
            sheet.write(f'<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            sheet.writelines(_rows(rows))
            sheet.write(b"</sheetData></worksheet>")


def _relations(content: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}">{content}</Relationships>'


def _rows(rows: int) -> Iterator[bytes]:
    chance = random.Random(1)
    names = "".join(f'<c r="{name.upper()}1" t="str"><v>{name}</v></c>' for name in COLUMNS)
    yield f'<row r="1" spans="1:10">{names}</row>'.encode()
    for n in range(2, rows + 2):
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


def declaration() -> SourceTable:
    """The declaration of the workbook, as dbt's manifest would hold it."""
    external = {"location": _FILE.as_posix(), "file_format": "xlsx", "options": {}}
    return read_declarations([declared(COLUMNS, **external)])[0]


def read(file: BinaryIO, variant: Variant) -> int:
    """Reads the sheet up to what COPY takes; returns how many rows it has."""
    (table,) = Workbook(file, variant).tables(RejectSpool())
    table.header()
    return sum(piece.rows if isinstance(piece, Copied) else 1 for piece in table.pieces(len(COLUMNS)))


def measure(folder: Path, rows: int, times: int) -> Iterator[str]:
    """Runs the whole measure; yields lines to print."""
    path, table = folder / _FILE, declaration()
    path.parent.mkdir(parents=True)
    with path.open("w+b") as file:
        write(file, rows)
        for _ in range(times):
            started = time.process_time()
            found = read(file, table.variants[0])
            yield f"read: {found / (time.process_time() - started):,.0f} rows a processor second"
    server = EmbeddedServer(folder / "serveur", durable=False, preferred_port=0)
    try:
        server.ensure_database("mesure")
        conninfo = server.start().conninfo("mesure")
        for _ in range(times):
            with psycopg.connect(conninfo, autocommit=True) as connection:
                forget(connection)
            clock, started = time.perf_counter(), time.process_time()
            report = load_landing(conninfo, folder, [table])
            wall, processor = time.perf_counter() - clock, time.process_time() - started
            if report.failed or report.tables[0].files[0].rows != rows:
                raise SystemExit("\n".join(report.tables[0].reasons()))
            yield (
                f"landed: {rows / wall:,.0f} rows a second, {rows / processor:,.0f} a processor second of "
                f"this process ({wall:.2f} s, of which it waits {wall - processor:.2f} s for PostgreSQL)"
            )
    finally:
        server.destroy()
    yield f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB at most"


def main() -> None:
    """Runs the measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mesure-") as folder:
        for line in measure(Path(folder), arguments.rows, arguments.times):
            print(line, flush=True)


if __name__ == "__main__":
    main()
