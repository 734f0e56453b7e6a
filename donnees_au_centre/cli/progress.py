"""How far a long step has come: a bar on a terminal; elsewhere, a line when nothing was said for a while."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from donnees_au_centre.french import counted

# Seconds between two drawings of the bar, and of silence before a plain line.
DRAWN, SILENCE = 0.2, 10.0
# Nodes done before their pace tells anything of those to come.
ENOUGH = 20
WIDTH = 24
# Back to the beginning of the line, which is then empty.
_CLEAR = "\r\x1b[K"


class Progress:
    """Lines and a count, of which neither overwrites the other.

    Args:
        say: prints a line.
        what: the things counted, in French, in the plural.
        stream: where `say` prints.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        what: str,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Shows nothing yet."""
        self._say, self._what, self._clock = say, what, clock
        self._stream = stream or sys.stdout
        self._live = self._stream.isatty()
        self._begun: float | None = None
        self._shown = clock()
        self._drawn = False

    def __enter__(self) -> Progress:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leaves no half line behind."""
        self._clear()

    def say(self, line: str) -> None:
        """Prints a line, above the bar."""
        self._clear()
        self._say(line)
        self._shown = self._clock()

    def advance(self, done: int, total: int) -> None:
        """Tells how many are done.

        Args:
            done: from 1.
            total: of all that will be.
        """
        now = self._clock()
        if self._begun is None:
            # The first one counts for nothing: what came before it was something else.
            self._begun, self._first = now, done
        pace = (now - self._begun) / (done - self._first) if done - self._first >= ENOUGH else None
        left = f", encore {_duration(pace * (total - done))}" if pace and done < total else ""
        counts = f"{done} {self._what} sur {total}{left}"
        if self._live and (now - self._shown >= DRAWN or not self._drawn):
            filled = WIDTH * done // max(total, 1)
            line = f"{'█' * filled}{'░' * (WIDTH - filled)} {counts}"
            self._stream.write(_CLEAR + line[: shutil.get_terminal_size().columns - 1])
            self._stream.flush()
            self._drawn, self._shown = True, now
        elif not self._live and now - self._shown >= SILENCE and done < total:
            self.say(f"{counts}…")

    def _clear(self) -> None:
        if self._drawn:
            self._stream.write(_CLEAR)
            self._stream.flush()
            self._drawn = False


def _duration(seconds: float) -> str:
    """`moins de 10 s`, `40 s environ`, `3 minutes environ`."""
    if seconds < 10:
        return "moins de 10 s"
    if seconds < 90:
        return f"{round(seconds / 10) * 10} s environ"
    return f"{counted(round(seconds / 60), 'minute')} environ"
