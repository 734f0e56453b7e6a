"""Reads a text file line by line, whatever ends its lines, and knows where in the file each byte was."""

from __future__ import annotations

import re
from typing import BinaryIO

from donnees_au_centre.landing.encodings import Encoding

MAX_LINE = 16 << 20
LONE_CR = re.compile(rb"\r(?!\n)")


class LineReader:
    """A buffer over a file, and a current position at the start of a line.

    Args:
        file: opened at its start.
        encoding: as declared.

    Raises:
        PlatformError: a byte order mark of another encoding.
    """

    def __init__(self, file: BinaryIO, encoding: Encoding) -> None:  # noqa: D107
        self.encoding = encoding.skip_marks(file)
        # A position in the buffer, and where that byte is in the file: offsets are counted from there on.
        self._offset_base = (0, file.tell())
        self._chunks = self.encoding.chunks(file)
        # What was read: as received, and with every line ended by LF; positions are the same in both.
        self._raw = b""
        self._buffer = b""
        self._cr_ends_lines = False
        self._held = b""
        self._position = 0
        self._end_of_file = False
        self._line = 1
        self._fill()
        self._settle_line_ends()

    def _fill(self) -> None:
        """Drops what was consumed and appends the next chunk."""
        self._offset_base = (0, self._offset_of(self._position))
        chunk = next(self._chunks, None)
        self._end_of_file = chunk is None
        fresh = self._held + (chunk or b"")
        self._held = b""
        if self._cr_ends_lines and not self._end_of_file and fresh.endswith(b"\r"):
            fresh, self._held = fresh[:-1], b"\r"
        self._raw = self._raw[self._position :] + fresh
        self._buffer = self._with_line_feeds(self._raw)
        self._position = 0

    def _with_line_feeds(self, raw: bytes) -> bytes:
        return LONE_CR.sub(b"\n", raw) if self._cr_ends_lines else raw

    def _settle_line_ends(self) -> None:
        """Looks at the first line end: where it is a lone CR, every CR ends a line."""
        start = 0
        while True:
            first = re.compile(rb"\r\n|\n|\r(?!\Z)").search(self._raw, start)
            if first or self._end_of_file or len(self._raw) > MAX_LINE:
                break
            start = max(0, len(self._raw) - 1)
            self._fill()
        lone_cr = first.group() == b"\r" if first else self._raw.endswith(b"\r")
        if lone_cr:
            self._cr_ends_lines = True
            if not self._end_of_file and self._raw.endswith(b"\r"):
                self._raw, self._held = self._raw[:-1], b"\r"
            self._buffer = self._with_line_feeds(self._raw)

    def _offset_of(self, position: int) -> int:
        known, offset = self._offset_base
        offset += (
            len(self.encoding.original(self._raw[known:position]))
            if self.encoding.transcoded
            else (position - known)
        )
        self._offset_base = (position, offset)
        return offset

    def _line_end(self, position: int) -> tuple[int, int]:
        """Where the content of the physical line ends, and where the next line starts."""
        found = self._buffer.find(b"\n", position)
        content = len(self._buffer) if found < 0 else found
        following = min(content + 1, len(self._buffer))
        if content > position and self._buffer[content - 1 : content] == b"\r":
            content -= 1
        return content, following
