"""Text that others wrote (names, headers, cells), made harmless for what shows it: one function a medium.

HTML is escaped by the templates, which pass what they show through `text`; cells of workbooks are written as
texts (reports/workbooks/sheets.py), whatever they begin with.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from collections.abc import Iterator
from typing import Any, TextIO

# Controls (a terminal obeys them), line ends, marks of direction (what is read is not what is there), and
# characters without a shape. Accents, emoji and the no-break spaces of French are none of these.
_LINE_ENDS = "\t\n"
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\ud800-\udfff"
)
_IN_TEXT = re.compile(f"[{_UNSEEN}]")
_IN_LINE = re.compile(f"[{_LINE_ENDS}{_UNSEEN}]")
# The colours of dbt's own words; nothing that moves the cursor, hides, or talks to the terminal.
_ON_TERMINAL = re.compile(f"(\x1b\\[(?:(?:[01]|3[1-7])(?:;(?:[01]|3[1-7]))?)?m)|[{_UNSEEN}]")
# What spreadsheets take for the beginning of a formula, full width too, after what they may leave out.
_FORMULA = re.compile(r"[\s\"'\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d[\d\s.,]*%?")


def plain(said: str) -> bool:
    """Whether a text is one line of characters that all show."""
    return _IN_LINE.search(said) is None


def line(said: str) -> str:
    r"""One line for a terminal, a log, a message: what would not show is written out (`\x1b`, `\u202e`)."""
    return _IN_LINE.sub(_written, said)


def text(said: Any) -> Any:
    """The same for text of several lines; what is no text is given back. Escaped HTML stays escaped."""
    if isinstance(said, str) and _IN_TEXT.search(said):
        return type(said)(_IN_TEXT.sub(_written, said))
    return said


def markdown(said: str) -> str:
    """One line for Teams, ntfy and Dagster: no link, image, mention or tag comes of it."""
    said = line(said).replace("<", "‹").replace("](", "] (").replace("![", "! [")
    return re.sub(r"(?i)\b(www\.)(?=\S)", r"\1 ", re.sub(r"://(?=\S)", ":// ", said))


def formula(said: str) -> bool:
    """Whether a spreadsheet may take a text for a formula."""
    return _FORMULA.match(said) is not None


def csv_cell(said: str) -> str:
    """A cell of a CSV that people open with a spreadsheet; a mere number stays one."""
    return f"'{said}" if formula(said) and not _NUMBER.fullmatch(said) else said


def argument(said: str) -> str:
    """A value to paste after `make … FICHIER=`: neither the shell nor make acts on what is in it."""
    return shlex.quote(line(said).replace("$", "$$"))


@contextlib.contextmanager
def terminal() -> Iterator[None]:
    """Keeps from the terminal what would command it, whoever in this process writes there."""
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Terminal(kept[0]), _Terminal(kept[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept


class _Terminal(io.TextIOBase):
    """A stream over another one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, said: str, /) -> int:
        self._stream.write(_ON_TERMINAL.sub(lambda found: found[1] or _written(found), said))
        return len(said)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def writable(self) -> bool:
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _written(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
