"""The encoding of a text, told from its bytes."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from donnees_au_centre.landing.kinds import wide_text

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# In the order in which one is believed where they tell the same.
_SINGLE = ("cp1252", "mac-roman", "cp850")
# How much a letter tells of a text in French, with some Dutch, German and languages of the south.
_LETTERS = {
    **dict.fromkeys("é", 3.0),
    **dict.fromkeys("èàêçô", 2.0),
    **dict.fromkeys("âëîïùûœÉÈÀ", 1.5),
    **dict.fromkeys("áíóúñãõìòß", 0.8),
    **dict.fromkeys("äöüæÊÂÇÔÎŒÜÖÄÁÍÓÚÑÃÕ", 0.5),
}
_SIGNS = "«»’‘“”–—€°²…•§ª№º" + "\u00a0\u202f"
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
# Of the sequences that are no ASCII, those that may be no UTF-8 in a file that is.
_SPOILT = 0.2
_LEAD = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True)
class Charset:
    """How a text is encoded.

    Attributes:
        codec: as a declaration says it: utf-8, cp1252, mac-roman, cp850, utf-16, utf-16-le, utf-16-be.
        marked: whether a byte order mark says so.
        spoilt: sequences that are not of this encoding.
        likely: whether its letters look like those of a text.
    """

    codec: str
    marked: bool = False
    spoilt: int = 0
    likely: bool = True

    def text(self, data: bytes) -> str:
        """The text of these bytes, without byte order marks."""
        return data.decode(self.codec, "replace").lstrip("\ufeff")


def charset_of(data: bytes) -> Charset:
    """Tells the encoding of a text: a mark, then NUL bytes, then UTF-8 where it holds, then letters.

    Args:
        data: the text, or its start, cut anywhere.
    """
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return Charset(codec, marked=True, spoilt=_spoilt(data) if codec == "utf-8" else 0)
    if wide := wide_text(data[:4096]):
        return Charset(wide)
    if data.isascii():
        return Charset("utf-8")
    spoilt, right = _spoilt(data), len(_LEAD.findall(data))
    if right and spoilt <= _SPOILT * (right + spoilt):
        return Charset("utf-8", spoilt=spoilt)
    likeness = {codec: _likeness(data, codec) for codec in _SINGLE}
    codec = max(_SINGLE, key=lambda one: likeness[one])
    return Charset(codec, likely=likeness[codec] >= 0)


def _spoilt(data: bytes) -> int:
    """The bytes above 127 that belong to no UTF-8 sequence; one cut by the end does not count."""
    left = _HIGH.findall(_LEAD.sub(b"", data))
    try:
        data[-4:].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return len(left) - (min(4, len(data)) - error.start)
    return len(left)


def _likeness(data: bytes, codec: str) -> float:
    """How much of what is no ASCII looks like the French or the Dutch of an administration."""
    text = data.decode(codec, "replace")
    score = 0.0
    for found in _NON_ASCII.finditer(text):
        sign, place = found[0], found.start()
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        if sign in _LETTERS:
            # A capital within a word of small letters is another letter, misread.
            odd = sign.isupper() and before.islower()
            score += -1 if odd else _LETTERS[sign] * (1 if before.isalpha() or after.isalpha() else 0.5)
        elif sign in _SIGNS:
            score += 0.2 if before.isalpha() and after.isalpha() and sign not in "’‘" else 1
        else:
            score -= 1
    return score
