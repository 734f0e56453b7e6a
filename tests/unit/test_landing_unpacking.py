from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.declaration import Variant
from donnees_au_centre.landing.received import Withheld
from donnees_au_centre.landing.unpacking import unpacked

TEXT = "code;nom\n1;École\n".encode()


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(re.sub("(?<=.)__", "/", name).replace("_csv", ".csv"), content)
    return packed.getvalue()


def read(packed: bytes, **options: Any) -> bytes:
    return unpacked(io.BytesIO(packed), Variant("essai", "*.csv", "csv", **options)).read()


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, bz2.compress, lzma.compress, lambda text: zipped(a_csv=text)]
)
def test_a_compressed_text_is_read_again_and_again(pack: Callable[[bytes], bytes]) -> None:
    file = unpacked(io.BytesIO(pack(TEXT)), Variant("essai", "*.csv", "csv"))
    assert (file.read(4), file.tell(), file.read()) == (b"code", 4, TEXT[4:])
    file.seek(0)
    assert file.read() == TEXT


def test_a_workbook_is_no_archive_here() -> None:
    assert read(zipped(**{"xl/workbook.xml": b"<x/>"})).startswith(b"PK")


def test_one_file_of_a_zip_is_read_others_are_counted() -> None:
    packed = zipped(dossier__a_csv=TEXT, b_csv=b"x", **{"__MACOSX/._a": b"", ".DS_Store": b""})
    with pytest.raises(Withheld, match=r"2 fichiers\.") as caught:
        read(packed)
    assert caught.value.words == ("dossier/a.csv", "b.csv")
    assert "`member: " in caught.value.advice
    assert read(packed, member="a.csv") == read(packed, member="dossier/*") == TEXT
    with pytest.raises(PlatformError, match="aucun ne convient"):
        read(packed, member="c*.csv")
    with pytest.raises(PlatformError, match="2 conviennent"):
        read(packed, member="*.csv")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_cut_archive_is_said_in_french(pack: Callable[[bytes], bytes]) -> None:
    with pytest.raises(PlatformError, match="coupée ou abîmée"):
        read(pack(TEXT * 100)[:-20])


def test_a_damaged_or_locked_zip_is_said_in_french() -> None:
    packed = bytearray(zipped(a_csv=TEXT * 100))
    packed[40] ^= 255
    with pytest.raises(PlatformError, match="coupée ou abîmée"):
        read(bytes(packed))
    locked = bytearray(zipped(a_csv=TEXT))
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.find(sign) + place] |= 1
    with pytest.raises(PlatformError, match="mot de passe"):
        read(bytes(locked))


def test_what_unpacks_beyond_its_limit_is_refused_before_it_is_read() -> None:
    bomb = gzip.compress(bytes(3 << 20))
    assert len(read(bomb, max_unpacked=3)) == 3 << 20
    file = unpacked(io.BytesIO(bomb), Variant("essai", "*.csv", "csv", max_unpacked=2))
    with pytest.raises(PlatformError, match="dépasse 2 Mio") as caught:
        file.read()
    assert "`max_unpacked`" in caught.value.advice
