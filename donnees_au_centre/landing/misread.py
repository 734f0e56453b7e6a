"""Finds what letters become when a text was written in one encoding and read, or saved, in another.

« École » in UTF-8 read as cp1252 is « Ã‰cole »; saved again as UTF-8, it stays so. One such cell among a
thousand good ones is still wrong, and no decoder complains.
"""

from __future__ import annotations

import re
from itertools import pairwise

from donnees_au_centre.landing.encodings import Encoding

# Second bytes that follow each first byte of UTF-8 in the letters and signs of European languages. No-break
# space and French quotes are left out where a real Ä or Å may stand before them.
_PAIRS = {
    0xC2: range(0xA0, 0xC0),
    0xC3: range(0x80, 0xC0),
    0xC4: sorted({*range(0x80, 0xC0)} - {0xA0, 0xAB, 0xBB}),
    0xC5: sorted({*range(0x80, 0xC0)} - {0xA0, 0xAB, 0xBB}),
}
# Dashes, curly quotes, the ellipsis; the euro; the trade mark; marks of byte order and lost characters.
_TRIPLES = (
    *(bytes((0xE2, 0x80, last)) for last in range(0x80, 0xC0)),
    *(b"\xe2\x82\xac", b"\xe2\x84\xa2", b"\xef\xbb\xbf", b"\xef\xbf\xbd"),
)
_SEQUENCES = (
    *(bytes((first, second)) for first, seconds in _PAIRS.items() for second in seconds),
    *_TRIPLES,
)
_LOST = "\ufffd"
# Bytes that texts seldom have, by encoding, and the first bytes of what cannot be there without one of them.
_RARE = {
    "iso8859-1": (bytes((*range(0x80, 0xA0), *_PAIRS)), bytes((*range(0x80, 0xA0), *_PAIRS, 0xE2))),
    "cp1252": (bytes(_PAIRS), bytes(_PAIRS)),
}
# Controls that no text has: what cp1252 writes as curly quotes and dashes, read as latin-1.
_CONTROLS = [chr(code) for code in range(0x80, 0xA0)]


def _readings(sequence: bytes, codec: str) -> set[str]:
    """What a reader of the encoding sees where the bytes of a UTF-8 character stand."""
    if codec not in ("utf-8", "ascii") and not codec.startswith("utf-16"):
        return {sequence.decode(codec, "replace")} - {_LOST}
    seen = {sequence.decode("latin-1")}
    # cp1252 has no character for five bytes: most software then keeps the control.
    seen.add(
        "".join(chr(byte) if byte in _UNDEFINED else bytes((byte,)).decode("cp1252") for byte in sequence)
    )
    return seen


_UNDEFINED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)


class Misread:
    """Counts the cells of CSV bytes that were written in another encoding.

    Args:
        encoding: as declared.
        delimiter: between cells.

    Attributes:
        rare: bytes that texts seldom have, of which some begin what is looked for.
    """

    def __init__(self, encoding: Encoding, delimiter: bytes) -> None:  # noqa: D107
        self.delimiter = delimiter
        buffered = "utf-8" if encoding.transcoded else encoding.codec
        texts = {text for sequence in _SEQUENCES for text in _readings(sequence, encoding.codec)}
        if buffered == "utf-8":
            texts |= {_LOST, *_CONTROLS}
        elif encoding.codec == "iso8859-1":
            texts |= {*_CONTROLS}
        by_start: dict[bytes, set[bytes]] = {}
        for text in texts:
            raw = text.encode(buffered, "ignore")
            by_start.setdefault(raw[:1], set()).add(raw[1:])
        # One pattern a first byte: each is found as fast as that byte is. In a single-byte encoding, one look
        # says that a text has none of the rare first bytes.
        self.rare, gated = _RARE.get(encoding.codec, (b"", b""))
        self._all_but_rare = bytes({*range(256)} - {*self.rare})
        self._rare, self._frequent = (
            [
                re.compile(re.escape(start) + _any_of(rests))
                for start, rests in sorted(by_start.items())
                if (start in gated) is wanted
            ]
            for wanted in (True, False)
        )

    def cells(self, run: bytes, plain: bool = False) -> tuple[int, int]:
        """Counts the misread cells of whole records.

        Args:
            run: the records.
            plain: whether they are known to have no rare byte.

        Returns:
            (how many, position of the first; -1 where there is none).
        """
        if run.isascii():
            return 0, -1
        patterns = list(self._frequent)
        if self._rare and not plain and run.translate(None, self._all_but_rare):
            patterns += self._rare
        spots = sorted(found.start() for pattern in patterns for found in pattern.finditer(run))
        ends = re.compile(b"[" + re.escape(self.delimiter) + b"\r\n]")
        # From one spot to the next only: looking back for the start of each cell is quadratic.
        others = sum(ends.search(run, spot, following) is not None for spot, following in pairwise(spots))
        return (others + 1, spots[0]) if spots else (0, -1)


def _any_of(rests: set[bytes]) -> bytes:
    """A pattern of these bytes that branches on one byte at a time."""
    if rests == {b""}:
        return b""
    ends: dict[bytes, set[bytes]] = {}
    for rest in rests:
        ends.setdefault(rest[:1], set()).add(rest[1:])
    tails: dict[bytes, list[bytes]] = {}
    for byte, following in sorted(ends.items()):
        tails.setdefault(_any_of(following), []).append(re.escape(byte))
    return b"(?:" + b"|".join(b"[%b]%b" % (b"".join(bytes_), tail) for tail, bytes_ in tails.items()) + b")"


_TEXT = re.compile(
    "|".join(
        map(
            re.escape,
            sorted({*(text for seq in _SEQUENCES for text in _readings(seq, "utf-8")), _LOST, *_CONTROLS}),
        )
    )
)


def is_misread(text: str) -> bool:
    """Whether a decoded text holds letters of another encoding."""
    return not text.isascii() and _TEXT.search(text) is not None
