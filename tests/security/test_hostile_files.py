"""Files that mean harm, in the landing zone and among the workbooks that come back: none is obeyed."""

from __future__ import annotations

import contextlib
import gzip
import io
import itertools
import lzma
import os
import signal
import socket
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from donnees_au_centre import inert
from donnees_au_centre.audit.runs import load_details
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import LoadReport, limits, load_landing, opening, rejects, spreadsheet, zone
from donnees_au_centre.landing.cells import reader_of
from donnees_au_centre.landing.declaration import Variant
from donnees_au_centre.landing.framer import CsvFramer
from donnees_au_centre.landing.identifiers import to_identifier
from donnees_au_centre.landing.json_records import JsonRecords
from donnees_au_centre.landing.kinds import check_kind, kind_of
from donnees_au_centre.landing.rejects import RejectSpool
from donnees_au_centre.landing.unpacking import unpacked
from donnees_au_centre.landing.workbook import Workbook
from donnees_au_centre.landing.zone import Zone
from donnees_au_centre.pages.workbooks.returns import read_return
from donnees_au_centre.pages.workbooks.sheets import ABOUT, BEFORE, DOMAIN, DONE, MARK, WHEN
from donnees_au_centre.privacy.files import files_with
from tests.unit.landing_sources import table

GOOD = "a,b\n1,2\n"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1"><v>1</v></c></row>'


@contextlib.contextmanager
def soon(seconds: int = 5) -> Iterator[None]:
    """Fails what would hang, instead of waiting for it."""

    def late(*_: object) -> None:
        raise AssertionError(f"still at work after {seconds} s")

    former = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)


@pytest.fixture(autouse=True)
def _never_for_long() -> Iterator[None]:
    with soon():
        yield


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    for folder in ("zone", "zone/age", "zone/age/essai"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder).chmod(0o755)
    return tmp_path / "zone"


def workbook(rows: str, strings: str = "", sheet: str | None = None, head: str = HEAD) -> bytes:
    """A workbook written by hand, as no spreadsheet would."""
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        f'<sheet name="Feuille" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" '
        f'Type="{OFFICE}/sharedStrings" Target="strings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet
        or f'<worksheet xmlns="{MAIN}"><sheetData>{head}{rows}</sheetData></worksheet>',
        "xl/strings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return packed.getvalue()


def read_workbook(content: bytes, **options: Any) -> int:
    book = Workbook(io.BytesIO(content), Variant("essai", "*.xlsx", "xlsx", **options))
    count = 0
    for found in book.tables(RejectSpool()):
        count += sum(1 for _ in found.rows(len(found.header() or ())))
        found.warnings()
    return count


def frame(content: bytes) -> CsvFramer:
    framer = CsvFramer(io.BytesIO(content), Variant("essai", "*.csv", "csv"), RejectSpool())
    for _ in framer.frame(len(framer.header() or ())):
        pass
    return framer


def records(content: bytes, **options: Any) -> int:
    reader = JsonRecords(Variant("essai", "*.json", "json", **options), False)
    return sum(1 for _ in reader.read(io.BytesIO(content)))


def unpack(content: bytes, **options: Any) -> bytes:
    return unpacked(io.BytesIO(content), Variant("essai", "*.csv", "csv", **options)).read()


# Which names lead to a file, and whose it is


def a_link(folder: Path) -> None:
    (folder.parents[2] / "cle.txt").write_text(GOOD)
    (folder / "x.csv").symlink_to(folder.parents[2] / "cle.txt")


def a_linked_folder(folder: Path) -> None:
    folder.rmdir()
    other = folder.parents[2] / "autre"
    other.mkdir()
    (other / "x.csv").write_text(GOOD)
    folder.symlink_to(other)


def a_linked_domain(folder: Path) -> None:
    other = folder.parents[2] / "autre"
    folder.parent.rename(other)
    (other / "essai/x.csv").write_text(GOOD)
    folder.parent.symlink_to(other)


def a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "x.csv")


def a_folder(folder: Path) -> None:
    (folder / "x.csv").mkdir()


def a_socket(folder: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    os.chdir(folder)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("x.csv")
    os.fchdir(here)
    os.close(here)


def a_hard_link(folder: Path) -> None:
    (folder.parents[2] / "cle.txt").write_text(GOOD)
    os.link(folder.parents[2] / "cle.txt", folder / "x.csv")


def an_open_file(folder: Path) -> None:
    (folder / "x.csv").write_text(GOOD)
    (folder / "x.csv").chmod(0o666)


def an_open_folder(folder: Path) -> None:
    (folder / "x.csv").write_text(GOOD)
    folder.chmod(0o777)


@pytest.mark.parametrize(
    ("put", "words"),
    [
        (a_link, "lien symbolique"),
        (a_linked_folder, "lien symbolique"),
        (a_linked_domain, "lien symbolique"),
        (a_pipe, "un tube (FIFO)"),
        (a_folder, "un dossier"),
        (a_socket, "une prise (socket)"),
        (a_hard_link, "lien physique"),
        (an_open_file, "Tout compte de cette machine peut écrire"),
        (an_open_folder, "Tout compte de cette machine peut écrire"),
    ],
)
def test_nothing_but_a_file_of_the_zone_is_opened(
    landing: Path, put: Callable[[Path], None], words: str
) -> None:
    """A link (to a key, to another AG), a pipe or a socket that hangs, a file that anybody writes."""
    put(landing / "age/essai")
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    with pytest.raises(PlatformError) as caught, opening.opened(landing, "age/essai/x.csv", ()):
        pass
    assert words in str(caught.value)
    assert not before or len(os.listdir("/proc/self/fd")) == before


def test_an_open_file_in_a_closed_folder_is_anybodys_no_more_than_the_folder(landing: Path) -> None:
    """No false alarm: moved from a Windows disk, a file is open to all, and nobody else gets there."""
    an_open_file(landing / "age/essai")
    for closed in (landing, landing / "age", landing / "age/essai"):
        closed.chmod(0o770)
        with opening.opened(landing, "age/essai/x.csv", ()) as file:
            assert file.read() == GOOD.encode()
        closed.chmod(0o755)


def test_a_device_is_not_opened() -> None:
    """/dev/zero has no end."""
    with pytest.raises(PlatformError, match="un périphérique"), opening.opened(Path("/dev"), "zero"):
        pass


@pytest.mark.parametrize("path", ["age/../../cle.txt", "../cle.txt", "/etc/passwd", "age/essai/..", "age//x"])
def test_a_path_does_not_leave_the_zone(landing: Path, path: str) -> None:
    """`..` in what a user or a database names."""
    with pytest.raises(PlatformError, match="sort de la zone"), opening.opened(landing, path):
        pass


@pytest.mark.parametrize("put", [a_link, a_pipe])
def test_what_is_swapped_in_after_the_look_is_not_read(
    landing: Path, put: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the listing and the opening, the depositor puts a link, or a pipe, in the place of his file."""
    (landing / "age/essai/autre.csv").write_text(GOOD)
    regular = os.stat(landing / "age/essai/autre.csv")
    put(landing / "age/essai")
    monkeypatch.setattr(opening.os, "stat", lambda *_, **__: regular)
    with pytest.raises(PlatformError), opening.opened(landing, "age/essai/x.csv", ()):
        pass


def test_a_strangers_file_is_refused_and_a_declared_depositor_is_not(
    landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account that may write in the folder, and answers for nothing, deposits a file."""
    (landing / "age/essai/x.csv").write_text(GOOD)
    real = os.fstat

    def strangers(descriptor: int) -> os.stat_result:
        found = real(descriptor)
        owner = 54321 if stat.S_ISREG(found.st_mode) else found.st_uid
        return os.stat_result((*found[:4], owner, *found[5:]))

    monkeypatch.setattr(opening.os, "fstat", strangers)
    with pytest.raises(PlatformError, match="54321"), opening.opened(landing, "age/essai/x.csv", ()):
        pass
    with opening.opened(landing, "age/essai/x.csv", ("54321",)) as file:
        assert file.read() == GOOD.encode()


def test_a_folder_of_too_many_files_or_levels_is_told_and_left(
    landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million files, or a thousand folders one in the other, keep the loader busy for ever."""
    monkeypatch.setattr(zone, "MAX_ENTRIES", 3)
    monkeypatch.setattr(zone, "MAX_DEPTH", 4)
    for number in range(5):
        (landing / f"age/essai/{number}.csv").write_text(GOOD)
    (landing / "ags/a/b/c/d").mkdir(parents=True)
    found = Zone.read(landing, None)
    assert [one.path for one in found.unfit] == ["age/essai", "ags/a/b/c/d"]
    assert "plus de 3 fichiers" in found.unfit[0].problem.message
    assert found.paths == []


# What a whole load does with them


@pytest.fixture
def load(database: str, landing: Path) -> Callable[..., LoadReport]:
    def run(**options: Any) -> LoadReport:
        declared = (
            table(options=options),
            table("age/essai/*.json", file_format="json", name="json"),
            table("age/essai/*.xlsx", file_format="xlsx", name="xlsx"),
            table("age/lie/*.csv", name="lie"),
        )
        return load_landing(database, landing, declared)

    return run


def test_every_refusal_is_told_and_noted_and_stops_no_other(
    load: Callable[..., LoadReport], landing: Path, database: str
) -> None:
    """One load of a zone full of traps ends, says each of them, and loads the good file among them."""
    folder = landing / "age/essai"
    (folder / "bon.csv").write_text(GOOD)
    secret = landing.parent / "secret"
    secret.mkdir()
    (secret / "x.csv").write_text("a,b\nsecret,secret\n")
    (folder / "lien.csv").symlink_to(secret / "x.csv")
    (landing / "age/lie").symlink_to(secret)
    os.mkfifo(folder / "tube.csv")
    (folder / "dossier.csv").mkdir()
    (folder / "échappe\x1b]0;titre\x07\n[   0 s] tout va bien.csv").write_text(GOOD)
    with (folder / "creux.csv").open("wb") as hollow:
        hollow.truncate(11 << 30)
    (folder / "large.csv").write_text("c," * 100_000 + "c\n1\n")
    (folder / "profond.json").write_text("[" * 100_000)
    (folder / "boms.json").write_bytes(b"\xef\xbb\xbf" * 300_000)
    (folder / "loin.xlsx").write_bytes(workbook('<row r="99999999"><c r="A99999999"><v>1</v></c></row>'))
    report = load()
    files = {Path(file.path).name: file for found in report.tables for file in found.files}
    assert files.pop("bon.csv").status == "charge"
    assert {file.status for file in files.values()} == {"echec"}
    for name, words in {
        "lien.csv": "lien symbolique",
        "lie": "lien symbolique",
        "tube.csv": "un tube (FIFO)",
        "dossier.csv": "un dossier",
        "creux.csv": "`max_size`",
        "large.csv": "1\u202f600 colonnes",
        "profond.json": "trop de niveaux",
        "loin.xlsx": "une ligne 99999999",
        "échappe\\x1b]0;titre\\x07\\n[   0 s] tout va bien.csv": "un caractère qui ne se voit pas",
    }.items():
        assert words in files[name].message and "Que faire : " in files[name].message, name
    assert all(inert.plain(one.line()) for one in files.values())
    assert load_details(report)["fichiers"] == {"charge": 1, "echec": len(files)}
    with psycopg.connect(database) as connection:
        noted = connection.execute(
            "select count(*), count(*) filter (where message like '%Que faire : %') "
            "from plateforme.chargements where statut = 'echec'"
        ).fetchone()
        assert noted == (len(files), len(files))
        assert connection.execute("select a, b from raw_age.essai").fetchall() == [("1", "2")]
        assert connection.execute("select count(*) from raw_age.lie").fetchone() == (0,)


def test_rows_of_a_folder_that_becomes_a_link_stay_and_are_not_told_gone(
    load: Callable[..., LoadReport], landing: Path, database: str
) -> None:
    """Whoever hides a folder must not make its rows look withdrawn."""
    (landing / "age/essai/x.csv").write_text(GOOD)
    load()
    (landing / "age/essai").rename(landing.parent / "ailleurs")
    (landing / "age/essai").symlink_to(landing.parent / "ailleurs")
    found = load().tables
    assert {one.source + "." + one.table: one.gone for one in found}["essai.essai"] == []
    with psycopg.connect(database) as connection:
        assert connection.execute("select count(*) from raw_age.essai").fetchone() == (1,)


def test_a_file_that_drags_is_stopped_and_the_next_one_is_loaded(
    load: Callable[..., LoadReport], landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time is bounded from the first byte to the last row."""
    (landing / "age/essai/a_lent.csv").write_text(GOOD * 1000)
    (landing / "age/essai/b_bon.csv").write_text(GOOD)
    monkeypatch.setattr(limits, "seconds_for", lambda size, _: -1 if size > 1000 else 60)
    slow, good = load().tables[0].files
    assert (slow.status, good.status) == ("echec", "charge")
    assert "la durée permise" in slow.message and "`max_seconds`" in slow.message


def test_a_content_changed_behind_the_reading_is_seen_whatever_its_date(
    load: Callable[..., LoadReport], landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another content is written in the file while it is read, and its date put back."""
    path = landing / "age/essai/x.csv"
    path.write_text(GOOD)
    from donnees_au_centre.landing import loader

    real = loader.delete_rows

    def changing(*arguments: Any) -> Any:
        kept = path.stat()
        with path.open("r+b") as file:
            file.write(b"a,b\n9,9\n")
        os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))
        return real(*arguments)

    monkeypatch.setattr(loader, "delete_rows", changing)
    assert "a changé pendant sa lecture" in load().tables[0].files[0].message


# What a file costs


@pytest.mark.parametrize(
    "read",
    [
        lambda: read_workbook(workbook('<row r="2"><c r="A2"><v>1</v></c></row>')),
        lambda: unpack(gzip.compress(GOOD.encode())),
    ],
    ids=["workbook", "gzip"],
)
def test_the_clock_is_looked_at_inside_archives(read: Callable[[], object]) -> None:
    """A few bytes of an archive give work for hours without another byte being read from the disk."""
    read()
    with limits.at_most(-1), pytest.raises(PlatformError, match="durée permise"):
        read()


def test_the_clock_is_looked_at_whenever_bytes_are_read(landing: Path) -> None:
    """CSV, JSON, digests: all read what was deposited through one object."""
    (landing / "age/essai/x.csv").write_text(GOOD)
    with (
        opening.opened(landing, "age/essai/x.csv") as file,
        limits.at_most(-1),
        pytest.raises(PlatformError, match="durée permise"),
    ):
        file.read(10)


def test_an_archive_gives_no_more_than_two_hundred_times_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """1 MB that unpacks to 3 GB stops early, unless its source declares such a size."""
    monkeypatch.setattr(limits, "RATIO_MATTERS", 1 << 20)
    bomb = gzip.compress(b"a,b\n" + b"1,2\n" * (1 << 20), 1)
    assert len(bomb) * 200 < 5 << 20
    with pytest.raises(PlatformError, match="200 fois ce qui est reçu"):
        unpack(bomb)
    assert len(unpack(bomb, max_unpacked=5)) == 4 + (4 << 20)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.csv", b"a,b\n" + b"1,2\n" * (1 << 20))
    with pytest.raises(PlatformError, match="200 fois ce qui est reçu"):
        unpack(zipped.getvalue())


def test_archives_in_archives_are_not_opened() -> None:
    """Each layer would give a thousand times the one around it."""
    inner = unpack(gzip.compress(gzip.compress(b"x" * 1000)))
    with pytest.raises(PlatformError, match="une archive gzip"):
        check_kind(io.BytesIO(inner), "csv")


def test_an_xz_does_not_choose_how_much_memory_it_takes() -> None:
    """A dictionary of 1.5 GB is asked for in a header of a few bytes."""
    greedy = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 28, "preset": 0}]
    with pytest.raises(PlatformError, match="Mio de mémoire"):
        unpack(lzma.compress(b"a,b\n1,2\n", filters=greedy))
    twice = lzma.compress(b"a,b\n") + lzma.compress(b"1,2\n")
    assert unpack(twice) == b"a,b\n1,2\n"
    file = unpacked(io.BytesIO(twice), Variant("essai", "*.csv", "csv"))
    assert (file.read(6), file.seek(2), file.read()) == (b"a,b\n1,", 2, b"b\n1,2\n")


@pytest.mark.parametrize(
    ("names", "method", "words"),
    [
        (["../../etc/cron.d/x.csv"], zipfile.ZIP_DEFLATED, "mène hors d'elle"),
        (["/etc/x.csv"], zipfile.ZIP_DEFLATED, "mène hors d'elle"),
        (["a" * 2000], zipfile.ZIP_DEFLATED, "mène hors d'elle"),
        (["x.csv"], zipfile.ZIP_LZMA, "comprimée d'une façon"),
        ([f"{number}.csv" for number in range(10_001)], zipfile.ZIP_STORED, "plus que les 10000"),
    ],
)
def test_a_zip_keeps_to_its_place_and_to_few_members(names: list[str], method: int, words: str) -> None:
    """Names that lead out of the archive, members without number, methods that take all the memory."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name in names:
            archive.writestr(name, b"x")
    with pytest.raises(PlatformError, match=words):
        unpack(packed.getvalue())


def test_a_table_of_contents_larger_than_any_is_not_read(landing: Path) -> None:
    """A zip says that its table of contents has a gigabyte: it would be read whole."""
    path = landing / "age/essai/x.csv"
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(1 << 30)
        file.seek(0, 2)
        file.write(b"PK\x05\x06" + bytes(8) + (1 << 30).to_bytes(4, "little") + bytes(6))
    with opening.opened(landing, "age/essai/x.csv") as file, pytest.raises(PlatformError, match="1024 Mio"):
        kind_of(file)


SLOW = {
    "comments cut in every way": lambda: kind_of(io.BytesIO(b"<!---->" * 60 + b"x")),
    "a million byte order marks": lambda: kind_of(io.BytesIO(b"\xef\xbb\xbf" * 1_000_000)),
    "a megabyte of misread letters": lambda: frame(b"a,b\n" + "Ã©".encode() * (1 << 18) + b",x\n"),
    "a megabyte of quotes": lambda: frame(b"a,b\n" + b'"' * (1 << 20) + b"\n"),
    "a megabyte of delimiters": lambda: frame(b"a,b\n" + b"," * (1 << 20) + b"\n"),
    "a header of a megabyte": lambda: frame(b"," * (1 << 20) + b"\n1,2\n"),
    "a hundred thousand rejects": lambda: records(b"[" + b"1," * 100_000 + b"1]"),
    "a hundred thousand accents on a letter": lambda: to_identifier("a" + "\u0300\u0323" * 100_000, 1),
    "a format of a million brackets": lambda: reader_of("[" * 1_000_000, False)("1"),
    "spaces without end": lambda: records(b"[" + b" " * (4 << 20) + b"1]"),
}


@pytest.mark.parametrize("name", SLOW)
def test_no_file_of_a_megabyte_takes_long(name: str) -> None:
    """Work grows with the size, not with its square: each of these took from ten seconds to for ever."""
    with soon(3):
        SLOW[name]()


def test_a_json_record_and_its_columns_are_bounded() -> None:
    """A record of 64 MiB took 7 GB once it was read; a million keys made a million columns."""
    with pytest.raises(PlatformError, match="un enregistrement dépasse 8 Mio"):
        records(b'[{"a":"' + b"x" * (9 << 20))
    keys = b",".join(b'"k%d":1' % number for number in range(2000))
    with pytest.raises(PlatformError, match="1\u202f600 colonnes"):
        records(b"[{" + keys + b"}]")
    announced = b'{"nhits":' + b"9" * 5000 + b',"records":[{"fields":{"a":1}}]}'
    assert records(announced, rows=("records", "*"), envelope="opendatasoft_v1") == 1


def test_unreadable_lines_do_not_fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of nothing but rejects is given up before it is all kept."""
    monkeypatch.setattr(rejects, "MAX_SPOOL", 100_000)
    with pytest.raises(PlatformError, match="lignes illisibles"):
        frame(b"a,b\n" + b"x\n" * 10_000)


STRINGS = "<si><t>" + "x" * (1 << 20) + "</t></si>"
TWICE = "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>' for row in range(2, 300))
ENTITIES = (
    f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><worksheet xmlns="{MAIN}">'
    f"<sheetData>{HEAD}<row><c t='str'><v>&b;</v></c></row></sheetData></worksheet>"
)
FETCHED = ENTITIES.replace('<!ENTITY a "aaaa">', '<!ENTITY a SYSTEM "file:///etc/passwd">')
OVERLAPPING = "".join(f'<mergeCell ref="A2:B{row}"/>' for row in range(3, 9))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (workbook('<row r="99999999"><c r="A99999999"><v>1</v></c></row>'), "une ligne 99999999"),
        (workbook('<row r="2"><c r="XFZ2"><v>1</v></c></row>'), "XFD"),
        (workbook(f'<row r="2"><c r="{"A" * 100_000}2"><v>1</v></c></row>'), "illisible"),
        (workbook('<row r="5"/><row r="4"/>'), "illisible"),
        (workbook("", sheet=ENTITIES), "(DTD)"),
        (workbook("", sheet=FETCHED), "(DTD)"),
        (workbook("", sheet=ENTITIES.encode("utf-16").decode("latin-1")), "illisible"),
        (workbook(f"<row r='2'><c><v>{'x' * (9 << 20)}</v></c></row>"), "plus de 8 Mio"),
    ],
    ids=["row", "column", "letters", "order", "entities", "fetched", "disguised", "text"],
)
def test_a_workbook_that_no_spreadsheet_writes_is_refused(content: bytes, words: str) -> None:
    """Row 99,999,999, columns without end, entities that repeat or fetch a text."""
    with pytest.raises(PlatformError) as caught:
        read_workbook(content)
    assert words in caught.value.message


def test_an_entity_in_another_encoding_is_refused_too() -> None:
    """The declaration of entities hides in UTF-16 from who looks for its letters."""
    packed = io.BytesIO(workbook(""))
    wide = io.BytesIO()
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(wide, "w") as new:
        for name in old.namelist():
            sheet = ENTITIES.replace("<?xml version=", "<?xml version=", 1).encode("utf-16")
            new.writestr(name, sheet if "sheet1" in name else old.read(name))
    with pytest.raises(PlatformError, match="DTD"):
        read_workbook(wide.getvalue())


def test_a_text_said_once_does_not_fill_a_million_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shared text of a megabyte in every cell: 300 MB of rows from 5 KB."""
    monkeypatch.setattr(spreadsheet, "MAX_TEXT", 4 << 20)
    with pytest.raises(PlatformError, match="Mio de textes"):
        read_workbook(workbook(TWICE, STRINGS))


def test_merged_cells_that_overlap_do_not_multiply_the_work() -> None:
    """Each of a hundred thousand merges over the same rows would be looked at for each row."""
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{HEAD}<row r="2"/><row r="3"><c r="A3"><v>1</v></c></row>'
    sheet += f"</sheetData><mergeCells>{OVERLAPPING}</mergeCells></worksheet>"
    with pytest.raises(PlatformError, match="se recouvrent"):
        read_workbook(workbook("", sheet=sheet), fill_merged=True)


# Who else reads them


TITLES = "".join(
    f'<c t="inlineStr"><is><t>{title}</t></is></c>' for title in (MARK, BEFORE, DOMAIN, ABOUT, DONE, WHEN)
)


@pytest.mark.parametrize(
    "content",
    [
        workbook('<row r="99999999"><c r="A99999999"><v>1</v></c></row>', head=f'<row r="1">{TITLES}</row>'),
        workbook("", sheet=ENTITIES),
        None,
    ],
    ids=["row", "entities", "pipe"],
)
def test_a_returned_workbook_hangs_no_report(tmp_path: Path, content: bytes | None) -> None:
    """A workbook put back by a steward: 6 KB with a row 99,999,999, entities, or a pipe of that name."""
    path = tmp_path / "data-steward.age.xlsx"
    os.mkfifo(path) if content is None else path.write_bytes(content)
    found = read_return(path)
    assert found.problem and found.statements == ()


def test_the_search_for_a_person_follows_nothing_and_ends(
    landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links, pipes, archives in archives and bombs do not stop an erasure; what hides is told as unknown."""
    monkeypatch.setattr(limits, "RATIO_MATTERS", 1 << 20)
    folder = landing / "age/essai"
    outside = landing.parent / "dehors.csv"
    outside.write_text("DUPRÉ Zoé\n")
    (folder / "lien.csv").symlink_to(outside)
    os.mkfifo(folder / "tube.csv")
    (folder / "bombe.csv").write_bytes(gzip.compress(b"x\n" * (2 << 20), 1))
    nested = b"DUPR\xc3\x89 Zo\xc3\xa9\n"
    for _ in range(6):
        nested = gzip.compress(nested)
    (folder / "poupees.csv").write_bytes(nested)
    (folder / "clair.csv").write_text("x\nDUPRÉ Zoé\n")
    found = files_with(landing, {"age"}, {"DUPRÉ Zoé"})
    assert found == {"age/essai/bombe.csv": [], "age/essai/clair.csv": [2], "age/essai/poupees.csv": []}


def test_undeclared_files_by_the_thousand_are_not_compared_one_by_one(
    load: Callable[..., LoadReport], landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What each looks like is worth telling for the first ones only."""
    from donnees_au_centre.landing import loader

    asked = itertools.count()
    monkeypatch.setattr(loader.names, "resemblance", lambda *_: f"n° {next(asked)}")
    for number in range(300):
        (landing / f"age/essai/{number}.autre").write_text("")
    report = load()
    assert (len(report.unmatched), next(asked)) == (300, 100)
