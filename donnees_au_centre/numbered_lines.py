"""What COPY is given: cells as it takes them, and lines behind the numbers that say where each was."""

from __future__ import annotations

# How COPY reads null, and what it takes for something else within a cell.
NULL = r"\N"
MARKS = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}
ESCAPES = str.maketrans(MARKS)
# Lines are numbered so many at a time; what stands for the number of thousands, and is in no delimiter.
_THOUSAND = 1000
_MARK = b"\0"


class Numbering:
    """Numbers lines, a thousand at a time: one by one they would cost four times as much.

    Args:
        delimiter: between the number and the line.
    """

    def __init__(self, delimiter: bytes) -> None:  # noqa: D107
        between = delimiter.replace(b"%", b"%%")
        self._one = b"%d" + between + b"%b\n"
        self._forms = [b"%b%03d%b%%b\n" % (_MARK, place, between) for place in range(_THOUSAND)]

    def one(self, number: int, line: bytes) -> bytes:
        """One line behind its number, with its end."""
        return self._one % (number, line)

    def all(self, first: int, lines: list[bytes]) -> bytes:
        """Lines that follow one another, from the number `first`, each with its end."""
        numbered, done = [], 0
        while done < len(lines):
            thousand, place = divmod(first + done, _THOUSAND)
            some = lines[done : done + _THOUSAND - place]
            if thousand:
                form = b"".join(self._forms[place : place + len(some)])
                numbered.append(form.replace(_MARK, b"%d" % thousand) % tuple(some))
            else:
                numbered += map(self._one.__mod__, enumerate(some, place))
            done += len(some)
        return b"".join(numbered)
