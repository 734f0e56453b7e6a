"""A file is what its first bytes say, and the message says what to do."""

from __future__ import annotations

import gzip
import io
import sys
import zipfile

import pytest

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.kinds import check_kind, kind_of
from donnees_au_centre.landing.parquet import ParquetRows

OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


def archive(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as new:
        for name, content in members.items():
            new.writestr(name, content)
    return file.getvalue()


def office(part: str) -> bytes:
    return archive(**{"[Content_Types].xml": "", part: ""})


FILES = {
    "gzip": gzip.compress(b"a;b\n"),
    "zip": archive(**{"a.csv": "a;b"}),
    "xlsx": office("xl/workbook.xml"),
    "xlsb": office("xl/workbook.bin"),
    "docx": office("word/document.xml"),
    "ods": archive(
        **{"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<office/>"}
    ),
    "odf": archive(**{"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<office/>"}),
    "xls": OLE2 + "Workbook".encode("utf-16-le"),
    "protege": OLE2 + "EncryptedPackage".encode("utf-16-le"),
    "ole2": OLE2 + "WordDocument".encode("utf-16-le"),
    "html": b"\xef\xbb\xbf\n <!DOCTYPE HTML>\n<html><body>503</body></html>",
    "xml": b"<?xml version='1.0'?><rows/>",
    "xml_2003": b"<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'/>",
    "pdf": b"%PDF-1.7\n",
    "parquet": b"PAR1\x15\x04",
    "image": b"\x89PNG\r\n\x1a\n",
    "binaire": bytes(range(32)) * 4,
    "utf-16-le": "code;nom\n1;é\n".encode("utf-16-le"),
    "utf-16-be": "code;nom\n1;é\n".encode("utf-16-be"),
    "json": b' [{"a": 1}]',
    "json_cut": b'[{"a": "' + b"x" * (70 << 10) + b'"}]',
    "texte": "code;nom\n1;Liège\n".encode("cp1252"),
}


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind != "json_cut"])
def test_kind_by_first_bytes(kind: str) -> None:
    file = io.BytesIO(FILES[kind])
    file.seek(3)
    assert kind_of(file) == kind
    assert file.tell() == 3


def test_a_workbook_may_have_its_parts_anywhere() -> None:
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    types = f'<Types><Override PartName="/workbook.xml" ContentType="{main}"/></Types>'
    assert kind_of(io.BytesIO(archive(**{"[Content_Types].xml": types, "workbook.xml": ""}))) == "xlsx"
    assert kind_of(io.BytesIO(office("workbook.xml"))) == "zip"


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_cut_archive_keeps_its_kind(kind: str) -> None:
    assert kind_of(io.BytesIO(FILES[kind][:-30])) == kind


@pytest.mark.parametrize(
    ("kind", "file_format", "named", "advice"),
    [
        ("ods", "xlsx", "classeur OpenDocument", "`file_format: ods`"),
        ("xls", "xlsx", "ancien classeur Excel", "`file_format: xls`"),
        ("xlsx", "xls", "n'est pas un ancien classeur Excel (.xls, avant 2007)", "`file_format: xlsx`"),
        ("parquet", "csv", "un fichier Parquet", "`file_format: parquet`"),
        ("xlsx", "fixed", "n'est pas un texte", "`file_format: xlsx`"),
        ("texte", "parquet", "n'est pas un fichier Parquet", "`file_format: csv`"),
        ("xlsb", "xlsx", "classeur Excel binaire", "demandez au fournisseur un .xlsx"),
        ("protege", "xlsx", "protégé par un mot de passe", "sans mot de passe"),
        ("texte", "xlsx", "un texte (CSV ?)", "`file_format: csv`"),
        ("xlsx", "csv", "un classeur Excel", "`file_format: xlsx`"),
        ("json", "csv", "du JSON", "`file_format: json`"),
        ("json_cut", "csv", "du JSON", "`file_format: json`"),
        ("texte", "json", "un texte (CSV ?)", "`file_format: csv`"),
        ("html", "json", "une page HTML", "redemandez le vrai fichier"),
        ("utf-16-le", "csv", "UTF-16", "`encoding: utf-16-le`"),
    ],
)
def test_a_file_of_another_kind_is_named(kind: str, file_format: str, named: str, advice: str) -> None:
    with pytest.raises(PlatformError) as caught:
        check_kind(io.BytesIO(FILES[kind]), file_format)
    assert named in caught.value.message
    assert advice in caught.value.advice


@pytest.mark.parametrize(
    ("data", "file_format", "encoding"),
    [
        (FILES["texte"], "csv", "utf-8"),
        (b"<2 ans;nom\n1;x\n", "csv", "utf-8"),
        (b"[note];nom\n1;x\n", "csv", "utf-8"),
        (b'["x", 1];nom\n["y", 2];z\n', "csv", "utf-8"),
        (b"PAR1;PAR2\n1;2\n", "csv", "utf-8"),
        (FILES["utf-16-le"], "csv", "utf-16-le"),
        (b"[1, 2]", "json", "utf-8"),
        (b"", "json", "utf-8"),
        (FILES["xlsx"], "xlsx", "utf-8"),
    ],
)
def test_a_file_of_the_declared_kind_passes(data: bytes, file_format: str, encoding: str) -> None:
    check_kind(io.BytesIO(data), file_format, encoding)


def test_a_missing_driver_is_said_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(PlatformError, match=r"Il manque le pilote « parquet » \(paquet pyarrow\)") as caught:
        ParquetRows(io.BytesIO(), 0, None)
    assert "make drivers NAME=parquet" in caught.value.advice
