"""Encodings of received text: which go to PostgreSQL as they are, which are transcoded first."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from donnees_au_centre.errors import PlatformError

CHUNK = 1 << 20

# PostgreSQL converts these itself, and their bytes below 128 are ASCII: lines can be cut before decoding.
_DIRECT = {"utf-8": "UTF8", "ascii": "UTF8", "iso8859-1": "LATIN1", "cp1252": "WIN1252"}
_UTF16 = re.compile(r"utf-16(-[bl]e)?")
_CP1252_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Stands in the transcoded stream for the bytes of a cut-off last character: no UTF-8 text has it.
_CUT = b"\xff"


@dataclass(frozen=True)
class Encoding:
    """One encoding.

    Attributes:
        codec: Python's name for it.
        postgres: what PostgreSQL calls the encoding of the bytes that `chunks` gives.
        transcoded: whether `chunks` gives UTF-8 instead of the file's own bytes.
        errors: how undecodable bytes pass through the transcoding, to come back unchanged from `original`.
    """

    codec: str
    postgres: str
    transcoded: bool
    errors: str

    @classmethod
    def named(cls, name: str) -> Encoding:
        """Finds an encoding by any name that Python knows.

        Raises:
            LookupError: an unknown name, or a multi-byte encoding other than UTF-8 and UTF-16.
        """
        codec = codecs.lookup(name).name
        codec = {"utf-8-sig": "utf-8", "latin-1": "iso8859-1"}.get(codec, codec)
        if codec in _DIRECT:
            return cls(codec, _DIRECT[codec], False, "strict")
        if _UTF16.fullmatch(codec):
            return cls(codec, "UTF8", True, "surrogatepass")
        try:
            if len(bytes(range(256)).decode(codec, "surrogateescape")) == 256:
                return cls(codec, "UTF8", True, "surrogateescape")
        except (UnicodeError, TypeError):
            pass
        raise LookupError(name)

    def skip_marks(self, file: BinaryIO) -> Encoding:
        """Reads the byte order marks at the head of a file, even repeated, and leaves the file after them.

        Returns:
            The encoding with its byte order settled.

        Raises:
            PlatformError: the mark belongs to another encoding than the declared one.
        """
        start = file.read(4)
        file.seek(0)
        mark, marked = next(((bom, codec) for bom, codec in _BOMS if start.startswith(bom)), (b"", None))
        if marked is None:
            return self if self.codec != "utf-16" else Encoding.named("utf-16-le")
        if not marked.startswith(self.codec):
            advice = marked if marked == "utf-8" else marked[:6]
            raise PlatformError(
                f"Le fichier commence par la marque de {advice}, mais l'encodage déclaré est {self.codec}.",
                f"Écrivez `encoding: {advice}` dans la déclaration de la source.",
            )
        position = 0
        while file.read(len(mark)) == mark:
            position += len(mark)
        file.seek(position)
        return Encoding.named(marked)

    def chunks(self, file: BinaryIO) -> Iterator[bytes]:
        """Reads a file to its end in pieces of about 1 MiB, transcoded to UTF-8 where needed.

        An undecodable sequence gives bytes that are no valid UTF-8, for `first_invalid` to find.
        """
        if not self.transcoded:
            yield from iter(lambda: file.read(CHUNK), b"")
            return
        decoder = codecs.getincrementaldecoder(self.codec)(self.errors)
        for chunk in iter(lambda: file.read(CHUNK), b""):
            yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
        try:
            yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            yield _CUT + codecs.encode(decoder.getstate()[0], "hex")

    def original(self, piece: bytes) -> bytes:
        """The file's own bytes for a piece of what `chunks` gave."""
        if not self.transcoded:
            return piece
        text, _, cut = piece.partition(_CUT)
        return text.decode("utf-8", "surrogatepass").encode(self.codec, self.errors) + bytes.fromhex(
            cut.decode()
        )

    def first_invalid(self, buffer: bytes, start: int, end: int) -> int | None:
        """Position of the first byte that PostgreSQL would refuse in buffer[start:end], or None."""
        if self.postgres == "LATIN1":
            return None
        if self.postgres == "WIN1252":
            found = _CP1252_UNDEFINED.search(buffer, start, end)
            return found.start() if found else None
        codec = "ascii" if self.codec == "ascii" else "utf-8"
        view, size = memoryview(buffer), 4096
        while start < end:
            stop = min(start + size, end)
            try:
                str(view[start:stop], codec)
                start = stop
            except UnicodeDecodeError as error:
                if error.reason != "unexpected end of data" or stop == end:
                    return start + error.start
                start += error.start
            size = min(size * 4, 1 << 20)
        return None

    def buffered(self, text: str) -> bytes:
        """A text as `chunks` gives it; characters that the encoding lacks are left out."""
        return text.encode("utf-8" if self.transcoded else self.codec, "ignore")

    def text(self, piece: bytes) -> str:
        """Decodes a piece of what `chunks` gave.

        Raises:
            UnicodeDecodeError: it is not valid in the encoding.
        """
        return piece.decode("utf-8" if self.transcoded else self.codec)

    def readable(self, piece: bytes) -> str:
        """Decodes a piece for people, with escapes for what is invalid and for NUL."""
        return piece.decode("utf-8" if self.transcoded else self.codec, "backslashreplace").replace(
            "\0", "\\x00"
        )
