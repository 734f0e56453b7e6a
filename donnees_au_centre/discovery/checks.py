"""Numbers that carry their own check digits: who a cell names, or which account."""

from __future__ import annotations

import re

from stdnum.br import cpf
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.ro import cnp
from stdnum.se import personnummer

_BCE = re.compile(r"(?:BE[ \u00a0\u202f]?)?[012]?(?:\d{9}|[. ]?\d{3}[. ]\d{3}[. ]\d{3})", re.IGNORECASE)
_NATIONAL = re.compile(r"\d{11}|\d{2}[. /]\d{2}[. /]\d{2}[-. /]\d{3}[. /-]\d{2}|\d{6}[- ]\d{3}[- ./]?\d{2}")
# Of other countries: the form that a number of its register has, without spaces and points, and its check.
_ABROAD = [
    (re.compile(form), check.is_valid)
    for form, check in (
        (r"[12]\d{4}(?:\d\d|2[AB])\d{8}", nir),
        (r"\d{8}[A-Z]", dni),
        (r"[XYZ]\d{7}[A-Z]", nie),
        (r"[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z]", codicefiscale),
        (r"\d{6}[A-FU-Y+-]\d{3}[0-9A-Y]", hetu),
        (r"\d{9}", bsn),
        (r"\d{11}", pesel),
        (r"\d{11}", cpf),
        (r"\d{13}", cnp),
        (r"(?:\d\d)?\d{6}[+-]\d{4}", personnummer),
    )
]
_IBAN = re.compile(r"[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]){11,30}")


def is_bce_number(cell: str) -> bool:
    """Whether a cell is an enterprise number: ten digits, or nine, the last two a check modulo 97."""
    if not _BCE.fullmatch(cell):
        return False
    digits = _digits(cell).zfill(10)
    return 97 - int(digits[:8]) % 97 == int(digits[8:])


def is_national_number(cell: str) -> bool:
    """Whether a cell is a number of the national register, or a BIS number.

    Eleven digits: a day of birth, a rank, and a check modulo 97, with a 2 before for births from 2000 on.
    The month of a BIS number is 20 or 40 more; an unknown month or day is 00.
    """
    if not _NATIONAL.fullmatch(cell):
        return False
    digits = _digits(cell)
    month, day = int(digits[2:4]), int(digits[4:6])
    if month % 20 > 12 or month > 52 or day > 31:
        return False
    check = int(digits[9:])
    return any(97 - int(century + digits[:9]) % 97 == check for century in ("", "2"))


def is_foreign_number(cell: str) -> bool:
    """Whether a cell is a number of the national register of another country."""
    plain = re.sub(r"[ ./]", "", cell.upper())
    bare = plain.replace("-", "")
    return any(check(text) for form, check in _ABROAD for text in {plain, bare} if form.fullmatch(text))


def is_iban(cell: str) -> bool:
    """Whether a cell is the number of a bank account (ISO 13616)."""
    if not _IBAN.fullmatch(cell.upper()):
        return False
    plain = cell.upper().replace(" ", "")
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _digits(cell: str) -> str:
    return re.sub(r"\D", "", cell)
