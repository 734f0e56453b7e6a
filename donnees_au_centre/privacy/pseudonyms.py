"""What stands for a personal value in a copy of raw rows: another value of the same form.

The same value has the same pseudonym in a whole copy, two values have two (days of one month have one), and
dirt stays dirt of its kind: a number keeps its check digits, a day its month and year, a code its length, a
text its words and capitals.
Nobody goes back without the key, which a copy draws for itself and throws away.
"""

from __future__ import annotations

import calendar
import hashlib
import json
import math
import re
import unicodedata
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from donnees_au_centre.discovery.checks import is_bce_number, is_iban, is_national_number

# Distinct values whose pseudonym is remembered.
_REMEMBERED = 1 << 16
_ROUNDS = 8
_DIGITS, _FIRST_DIGITS, _LETTERS = "0123456789", "123456789", "abcdefghijklmnopqrstuvwxyz"
# Letters that no one writes without an accent; any other one becomes one of them.
_ACCENTED = "àâäçèéêëîïôöùûü"
# Those of the macro is_cell_error, one by one: `#DUPONT!` is somebody.
_ERRORS = (
    "DIV/0 REF VALUE NUM NULL SPILL CALC FIELD BLOCKED CONNECT UNKNOWN BUSY "
    "VALEUR NOMBRE NUL PROPAGATION EPARS CHAMP BLOQUE CONNEXION INCONNU OCCUPE "
    "DEEL/0 VERW WAARDE GETAL LEEG OVERLOOP VELD BEZUG WERT ZAHL KALK FELD NAME NOM NAAM"
)
_ERROR_CELL = re.compile(rf"#(?:N/[AB]|NV|GETTING_DATA|(?:{_ERRORS.replace(' ', '|')})[ \u00a0\u202f]?[!?])")
_MAIL = re.compile(r"([^@\s]+)@([^@\s]+)\.[A-Za-z]{2,}")
_TIME = r"([T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?"
_DAY_FIRST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})([-/.])(\d{{4}}|\d{{2}}){_TIME}")
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})([-/.])(\d{{1,2}}){_TIME}")
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
# Of nobody, and not to be divided by.
_ZERO = re.compile(r"[+-]?0(?:[.,]0+)?(?: ?[€%])?")
_COUNTRY = re.compile(r"(?:\+|00)[1-9]\d(?=[\s./()\d-]{7,}$)")
# What may be drawn for a value, and how many people bear each, added up.
Like = Callable[[str], tuple[Sequence[str], Sequence[int]]]


class Pseudonyms:
    """The pseudonyms of one copy.

    Args:
        key: bytes, drawn for this copy alone.
    """

    def __init__(self, key: bytes) -> None:  # noqa: D107
        self._key = key
        self._known = lru_cache(maxsize=_REMEMBERED)(self._made)

    def of(self, value: str, dated: bool = False, kept: frozenset[str] = frozenset()) -> str:
        """The pseudonym of a value.

        Args:
            value: as received.
            dated: whether its column holds days: eight digits are then one.
            kept: texts that are nobody's, which the project itself names: `TOTAL GÉNÉRAL`.
        """
        core = value.strip()
        if core in kept or _is_nobodys(core):
            return value
        start = value.index(core)
        return value[:start] + self._known(core, dated) + value[start + len(core) :]

    def drawn(self, value: str, column: str, person: str, like: Like) -> str:
        """A value that many people bear, drawn for one of them as often as people bear it.

        Args:
            value: the person's own; its pseudonym stands where nothing may be drawn.
            column: two columns are drawn apart.
            person: draws the same value each time.
            like: what may be drawn for a value, see `pool`.
        """
        core = value.strip()
        values, counts = like(core)
        if _is_nobodys(core) or not values:
            return self.of(value)
        return values[bisect(counts, self._number("tirage", column, person) % counts[-1])]

    def _made(self, text: str, dated: bool) -> str:
        for form in (self._in_json, self._mail, self._checked, self._day):
            if (found := form(text)) is not None:
                return found
        if dated and (compact := _COMPACT.fullmatch(text)):
            return "".join(self._moved(*map(str, compact.groups())))
        return self._same_shape(text)

    def _in_json(self, text: str) -> str | None:
        if text[0] not in "{[":
            return None
        try:
            said = self._leaves(json.loads(text))
            made = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
            # Half of a character is no text for PostgreSQL; NaN is no JSON for anyone else.
            made.encode()
        except (ValueError, RecursionError):
            return None
        return made

    def _leaves(self, said: Any) -> Any:
        # Names of members are the form, unless they are the data.
        if isinstance(said, dict):
            return {
                name if re.fullmatch(r"[a-z]\w*", name) else self.of(name): self._leaves(one)
                for name, one in said.items()
            }
        if isinstance(said, list):
            return [self._leaves(one) for one in said]
        if isinstance(said, str):
            return self.of(said)
        if isinstance(said, bool) or said is None:
            return said
        return json.loads(self.of(json.dumps(said)))

    def _mail(self, text: str) -> str | None:
        if not (found := _MAIL.fullmatch(text)):
            return None
        # No mail goes there (RFC 2606).
        return f"{self._same_shape(found[1])}@{self._same_shape(found[2])}.invalid"

    def _checked(self, text: str) -> str | None:
        """A number with check digits, as another that has them right too."""
        plain = text.upper()
        if is_national_number(text):
            return _fill(text, self._national(re.sub(r"\D", "", text)))
        if is_bce_number(text):
            digits = re.sub(r"\D", "", text).zfill(10)
            body = digits[0] + self._same_shape(digits[1:8], lead=False)
            made = f"{body}{97 - int(body) % 97:02}"
            return _fill(text, made[-sum(map(str.isdigit, text)) :])
        if is_iban(text):
            signs = plain.replace(" ", "")
            body = self._same_shape(signs[4:], lead=False).upper()
            if signs.startswith("BE"):
                body = body[:10] + f"{int(body[:10]) % 97 or 97:02}"
            rest = int("".join(str(int(sign, 36)) for sign in f"{body}{signs[:2]}00")) % 97
            return _fill(plain, f"{signs[:2]}{98 - rest:02}{body}", str.isalnum)
        return None

    def _national(self, number: str) -> str:
        """Another number of the national register: the year stays, the day and the rank are others."""
        year, month, day, rank = int(number[:2]), int(number[2:4]), int(number[4:6]), int(number[6:9])
        century = "" if 97 - int(number[:9]) % 97 == int(number[9:]) else "2"
        full = (2000 if century else 1900) + year
        if 1 <= month <= 12 and 1 <= day <= _length(full, month):
            found = [(month - 1) * 31 + day - 1, rank]
            while True:
                found = self._permuted(found, [372, 1000], number[:2] + century)
                month, day = found[0] // 31 + 1, found[0] % 31 + 1
                # Begun from a day that is one, the walk comes back to one.
                if day <= _length(full, month):
                    break
            rank = found[1]
        else:
            (rank,) = self._permuted([rank], [1000], number[:6])
        made = f"{number[:2]}{month:02}{day:02}{rank:03}"
        return f"{made}{97 - int(century + made) % 97:02}"

    def _day(self, text: str) -> str | None:
        if found := _YEAR_FIRST.fullmatch(text):
            year, first, month, second, day, rest = found.groups()
            year, month, day = self._moved(year, month, day)
            return f"{year}{first}{month}{second}{day}{_zeros(rest)}"
        if found := _DAY_FIRST.fullmatch(text):
            day, first, month, second, year, rest = found.groups()
            if int(month) > 12 >= int(day):
                # Written as in English: dirt where the day is expected first, and it stays so.
                year, day, month = self._moved(year, day, month)
            else:
                year, month, day = self._moved(year, month, day)
            return f"{day}{first}{month}{second}{year}{_zeros(rest)}"
        return None

    def _moved(self, year: str, month: str, day: str) -> tuple[str, str, str]:
        """All days of a month become one of its days, never before the 13th; an impossible one stays so.

        Two days keep their order, a year its rows, and no day can be taken for a month.
        """
        if not (1 <= int(month) <= 12 and 1 <= int(day) <= _length(int(year), int(month))):
            return year, "9" * len(month), "9" * len(day)
        return year, month, str(13 + self._number("jour", str(int(year)), str(int(month))) % 16)

    def _same_shape(self, text: str, lead: bool = True) -> str:
        """Another text of the same length, punctuation and kinds of characters; two texts never become one.

        White space and capitals stay as they are and play no part: what only differs by them becomes what
        only differs by them.

        Args:
            text: to hide.
            lead: whether a number that does not begin with 0 keeps to that.
        """
        if _ZERO.fullmatch(text):
            return text
        prefix = country[0] if (country := _COUNTRY.match(text)) else ""
        rest = unicodedata.normalize("NFC", text[len(prefix) :])
        form = _format_letters(rest)
        places: list[tuple[int, str]] = []
        shape = [prefix]
        before = ""
        for at, sign in enumerate(rest):
            alphabet = ""
            if sign in _DIGITS:
                leads = lead and not before.isdigit()
                alphabet = "" if leads and sign == "0" else _FIRST_DIGITS if leads else _DIGITS
            elif at not in form and sign.isalnum():
                alphabet = _LETTERS if sign.lower() in _LETTERS else _ACCENTED
            if alphabet:
                places.append((at, alphabet))
            if not sign.isspace():
                shape.append(alphabet[:1] or sign.lower())
            elif not before.isspace():
                shape.append(" ")
            before = sign
        digits = [_rank(rest[at].lower(), alphabet) for at, alphabet in places]
        radices = [len(alphabet) for _, alphabet in places]
        made = list(rest)
        while True:
            digits = self._permuted(digits, radices, "".join(shape))
            for (at, alphabet), digit in zip(places, digits, strict=True):
                made[at] = alphabet[digit].upper() if rest[at].isupper() else alphabet[digit]
            # Nothing becomes a zero, which stays one.
            if not _ZERO.fullmatch(found := prefix + "".join(made)):
                return found

    def _permuted(self, digits: list[int], radices: list[int], shape: str) -> list[int]:
        """A permutation of the numbers of one shape: a Feistel network whose halves take turns."""
        half = len(digits) // 2
        sides = [_number_of(digits[:half], radices[:half]), _number_of(digits[half:], radices[half:])]
        sizes = [math.prod(radices[:half]), math.prod(radices[half:])]
        for turn in range(_ROUNDS):
            mine, other = turn % 2, 1 - turn % 2
            added = self._number(shape, str(turn), f"{sides[other]:x}", size=sizes[mine])
            sides[mine] = (sides[mine] + added) % sizes[mine]
        return _digits_of(sides[0], radices[:half]) + _digits_of(sides[1], radices[half:])

    def _number(self, *words: str, size: int = 1) -> int:
        """What looks like a number drawn at random, far larger than `size`: its remainder is as good."""
        text = "\0".join(words).encode("utf-8", "surrogatepass")
        drawn = hashlib.blake2b(text, key=self._key).digest()
        if (wanted := size.bit_length() // 8 + 16) > len(drawn):
            drawn = hashlib.shake_256(drawn).digest(wanted)
        return int.from_bytes(drawn, "big")


def pool(counts: Mapping[str, int]) -> Like:
    """What may be drawn for a value: the values that many bear and that look like it.

    Args:
        counts: value -> how many people bear it.
    """
    looks: dict[str, tuple[list[str], list[int]]] = {}
    for value, count in sorted(counts.items()):
        values, added = looks.setdefault(_look(value), ([], []))
        values.append(value)
        added.append(count + (added[-1] if added else 0))
    return lambda value: looks.get(_look(value), ((), ()))


def _is_nobodys(text: str) -> bool:
    """Whether a cell says nothing: blank, a dash, the error of a spreadsheet."""
    return not any(map(str.isalnum, text)) or _ERROR_CELL.fullmatch(text) is not None


def _look(value: str) -> str:
    """The form of a code: words are words however long, of a number each digit counts."""
    signs = ("a" if sign.isalpha() else "0" if sign.isdigit() else sign for sign in value)
    return re.sub("[a \\-'’.()]*a[a \\-'’.()]*", "a", "".join(signs))


def _rank(sign: str, alphabet: str) -> int:
    """The place of a letter or a digit; that of another alphabet's is any."""
    return alphabet.index(sign) if sign in alphabet else ord(sign[0]) % len(alphabet)


def _format_letters(text: str) -> set[int]:
    """Places of the letters that are the form of a code: one or two in a row, among more digits."""
    runs = [(found.start(), found.end()) for found in re.finditer(r"[^\W\d_]+", text)]
    digits = sum(sign in _DIGITS for sign in text)
    letters = sum(end - start for start, end in runs)
    if digits <= letters or " " in text or any(end - start > 2 for start, end in runs):
        return set()
    return {at for start, end in runs for at in range(start, end)}


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _zeros(rest: str | None) -> str:
    """A time of day, as midnight."""
    return re.sub(r"\d", "0", rest or "")


def _fill(text: str, signs: str, counts: Callable[[str], bool] = str.isdigit) -> str:
    """A number as it was written: its spaces and dots, other signs."""
    left = iter(signs)
    return "".join(next(left) if counts(sign) else sign for sign in text)


def _number_of(digits: Sequence[int], radices: Sequence[int]) -> int:
    number = 0
    for digit, radix in zip(digits, radices, strict=True):
        number = number * radix + digit
    return number


def _digits_of(number: int, radices: Sequence[int]) -> list[int]:
    digits: list[int] = []
    for radix in reversed(radices):
        number, digit = divmod(number, radix)
        digits.append(digit)
    return digits[::-1]
