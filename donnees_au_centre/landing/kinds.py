"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

import json
import re
import zipfile
from typing import BinaryIO

from donnees_au_centre.errors import PlatformError

# Enough for the head of a text, and for the directory of most OLE2 files.
_HEAD = 4 << 20
_SIGNATURES = (
    (b"\x1f\x8b", "gzip"),
    *((b"BZh%d1AY&SY" % level, "bzip2") for level in range(1, 10)),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x09\x08\x08\0", "xls"),
    (b"\x09\x08\x10\0", "xls"),
    (b"%PDF-", "pdf"),
    (b"PAR1\x15", "parquet"),
    (b"ARROW1\0\0", "arrow"),
    (b"SQLite format 3\0", "sqlite"),
    (b"\0\1\0\0Standard ", "access"),
    (b"{\\rtf", "rtf"),
    (b"\x89PNG\r\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
)
_ARCHIVE_SIGNS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MEMBERS = (
    ("xl/workbook.xml", "xlsx"),
    ("xl/workbook.bin", "xlsb"),
    ("word/document.xml", "docx"),
    ("ppt/presentation.xml", "pptx"),
    ("Index/Document.iwa", "numbers"),
    ("content.xml", "odf"),
)
# What a workbook says of itself, wherever its parts are.
_TYPES, _SHEETS = "[Content_Types].xml", b"spreadsheetml.sheet.main+xml"
# Comments end at their first end: another reading of them would try every way to cut them.
_HTML = re.compile(
    rb"(?:<!--(?:(?!-->).)*-->\s*)*<(!doctype\s+html|html|head|body|table|title|h1|p|div)\b", re.I | re.S
)
_BOMS = re.compile(rb"(?:\xef\xbb\xbf)+")
_JSON = re.compile(rb'(\[\s*[\[{"\]]|\{\s*["}])')

_NAMES = {
    "gzip": "une archive gzip",
    "bzip2": "une archive bzip2",
    "xz": "une archive xz",
    "zstd": "une archive zstd",
    "7z": "une archive 7-Zip",
    "rar": "une archive RAR",
    "zip": "une archive zip",
    "xlsx": "un classeur Excel (.xlsx)",
    "xlsb": "un classeur Excel binaire (.xlsb)",
    "xls": "un ancien classeur Excel (.xls, avant 2007)",
    "protege": "un classeur protégé par un mot de passe",
    "ole2": "un ancien document Office (OLE2)",
    "docx": "un document Word (.docx)",
    "pptx": "une présentation PowerPoint (.pptx)",
    "ods": "un classeur OpenDocument (.ods)",
    "odf": "un document OpenDocument",
    "numbers": "un classeur Numbers",
    "pdf": "un PDF",
    "parquet": "un fichier Parquet",
    "arrow": "un fichier Arrow",
    "sqlite": "une base SQLite",
    "access": "une base Access",
    "rtf": "un document RTF",
    "image": "une image",
    "html": "une page HTML (souvent la page d'erreur d'un site, enregistrée à la place du fichier)",
    "xml": "du XML",
    "xml_2003": "un classeur au format « Feuille de calcul XML 2003 »",
    "json": "du JSON",
    "utf-16-le": "un texte en UTF-16",
    "utf-16-be": "un texte en UTF-16",
    "utf-32": "un texte en UTF-32",
    "binaire": "un fichier binaire",
    "texte": "un texte (CSV ?)",
}
_ADVICE = {
    "html": "Ouvrez-le pour lire ce que le site répond, puis téléchargez ou redemandez le vrai fichier.",
    "protege": "Demandez au fournisseur le classeur sans mot de passe, ou le mot de passe pour l'ôter.",
}
_WANTED = {"csv": "un CSV", "json": "du JSON", "fixed": "un texte"}
_OLE2_HEADER, _OLE2_SECTORS = 512, (512, 4096)
_WORDS = (b"null", b"true", b"false")
_FORMAT_OF = {"texte": "csv", **{name: name for name in ("json", "xlsx", "ods", "xls", "parquet")}}


def kind_of(file: BinaryIO) -> str:
    """What a file is.

    Args:
        file: seekable; its position is left as it was.

    Returns:
        A short name: `xlsx`, `ods`, `gzip`, `html`, `json`, `texte`, `binaire`…; `vide` for an empty file.
    """
    place = file.tell()
    try:
        file.seek(0)
        head = file.read(_HEAD)
        if head.startswith(_ARCHIVE_SIGNS):
            return _archive(file)
    finally:
        file.seek(place)
    if not head:
        return "vide"
    if head.startswith(_OLE2):
        return _compound(file, head)
    for sign, kind in _SIGNATURES:
        if head.startswith(sign):
            return kind
    return _text(head)


def name_of(kind: str) -> str:
    """How a French sentence says what `kind_of` found; of a system, its kind says it already."""
    return _NAMES.get(kind, kind)


def check_kind(file: BinaryIO, file_format: str, encoding: str = "utf-8") -> None:
    """Refuses a file that is plainly not of the declared format.

    Args:
        file: seekable; its position is left as it was.
        file_format: as declared.
        encoding: Python's name for the declared encoding of a text.

    Raises:
        PlatformError: says what the file is and what to do.
    """
    kind = kind_of(file)
    if kind == "vide" or kind == file_format:
        return
    if file_format in _WANTED:
        if _may_be(kind, file_format, file, encoding):
            return
        if kind.startswith("utf-"):
            _check_wide(kind, encoding)
            return
    wanted = _WANTED.get(file_format) or _NAMES[file_format]
    raise PlatformError(f"Le fichier n'est pas {wanted} : c'est {_NAMES[kind]}.", _advice(kind))


def _may_be(kind: str, file_format: str, file: BinaryIO, encoding: str) -> bool:
    """Whether a text that shows no kind of its own may be of a text format."""
    if kind == "binaire":
        return not encoding.startswith("utf-8")
    start = _start(file)
    if file_format != "json":
        # A first cell may hold a list or an object: JSON has nothing else.
        return kind == "texte" or (kind == "json" and not _parses(start))
    # A lone `null` is JSON too: what reads it says that no row is there.
    return kind == "texte" and (start[:1] in (b"", b"[", b"{") or start.strip() in _WORDS)


def _start(file: BinaryIO) -> bytes:
    place = file.tell()
    file.seek(0)
    start = file.read(64 << 10).lstrip(b"\xef\xbb\xbf \t\r\n")
    file.seek(place)
    return start


def _parses(start: bytes) -> bool:
    """Whether a text is JSON as far as its start goes: nothing but JSON follows its first value."""
    text = start.decode("utf-8", "replace")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except RecursionError:
        return True
    except json.JSONDecodeError as error:
        # Cut by the end of what was read.
        return error.pos >= len(text) - 16 or error.msg.startswith("Unterminated")
    return text[end:].lstrip()[:1] in ("", "{", "[")


def _check_wide(kind: str, encoding: str) -> None:
    if not encoding.startswith(("utf-16", "utf-32")):
        raise PlatformError(
            f"Le fichier est {_NAMES[kind]}, mais l'encodage déclaré est {encoding}.",
            f"Écrivez `encoding: {kind}` dans la déclaration de la source."
            if kind.startswith("utf-16")
            else "Demandez le fichier en UTF-8.",
        )


def _advice(kind: str) -> str:
    if kind in _ADVICE:
        return _ADVICE[kind]
    if kind in _FORMAT_OF:
        return (
            f"Déclarez `file_format: {_FORMAT_OF[kind]}` pour ce fichier (dans une variante, si d'autres "
            "fichiers de la source sont d'un autre format) : docs/analyste/zone-de-depot.md en donne "
            "les options."
        )
    if kind in ("utf-16-le", "utf-16-be"):
        return f"Déclarez `file_format: csv` et `encoding: {kind}` pour ce fichier."
    return "Ce format n'est pas lu : demandez au fournisseur un .xlsx, un CSV ou du JSON."


def _archive(file: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            names = {name.replace("\\", "/").lower() for name in archive.namelist()}
            for member, kind in _MEMBERS:
                if member.lower() in names:
                    return _open_document(archive) if kind == "odf" else kind
            if _TYPES in archive.namelist() and _SHEETS in _start_of(archive, _TYPES):
                return "xlsx"
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # A cut archive has no directory left: its first member tells.
        file.seek(0)
        start = file.read(4096)
        if b"opendocument.spreadsheet" in start:
            return "ods"
        return "xlsx" if b"[Content_Types].xml" in start or b"xl/" in start else "zip"
    return "zip"


def _start_of(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        return member.read(64 << 10)


def _open_document(archive: zipfile.ZipFile) -> str:
    if "mimetype" not in archive.namelist():
        return "zip"
    declared = _start_of(archive, "mimetype")
    if b"opendocument" not in declared:
        return "zip"
    return "ods" if b"spreadsheet" in declared else "odf"


def _compound(file: BinaryIO, head: bytes) -> str:
    """OLE2 keeps the names of its streams in UTF-16, in a directory whose sector its header says."""
    if len(head) >= _OLE2_HEADER:
        size = 1 << int.from_bytes(head[30:32], "little")
        place = file.tell()
        if size in _OLE2_SECTORS:
            file.seek((int.from_bytes(head[48:52], "little") + 1) * size)
            head += file.read(size)
            file.seek(place)
    if "EncryptedPackage".encode("utf-16-le") in head:
        return "protege"
    if any(name.encode("utf-16-le") in head for name in ("Workbook", "Book\0")):
        return "xls"
    return "ole2"


def _text(head: bytes) -> str:
    for mark, kind in (
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\0\0\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if head.startswith(mark):
            return kind
    if marks := _BOMS.match(head):
        head = head[marks.end() :]
    wide = wide_text(head[:4096])
    if wide:
        return wide
    head = head.lstrip()[: 64 << 10]
    if _HTML.match(head):
        return "html"
    if head.startswith(b"<?xml"):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in head:
            return "xml_2003"
        return "html" if re.search(rb"<html\b", head, re.I) else "xml"
    if _JSON.match(head):
        return "json"
    controls = len(re.findall(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]", head))
    return "binaire" if controls * 3 > len(head) else "texte"


def wide_text(head: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of a Latin text is NUL. None for another encoding."""
    pairs = len(head) // 2
    if pairs < 4:
        return None
    even, odd = head[: pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if odd > pairs * 0.7 and even < pairs * 0.1:
        return "utf-16-le"
    if even > pairs * 0.7 and odd < pairs * 0.1:
        return "utf-16-be"
    return None
