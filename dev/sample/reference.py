"""What all domains of the synthetic zone share: chance, invented names, enterprise numbers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from dev.sample.geography import COMMUNE_WEIGHTS, COMMUNES, Commune

T = TypeVar("T")


class Dice:
    """Chance that gives the same results on every Python: only `Random.random` is used.

    A str seed goes through SHA-512, so neither hash order nor the version of Python matters.
    """

    def __init__(self, *seed: object) -> None:
        """Seeds from the parts, joined."""
        self._random = random.Random("/".join(map(str, seed))).random

    def below(self, limit: int) -> int:
        """An integer in [0, limit)."""
        return int(self._random() * limit)

    def between(self, low: int, high: int) -> int:
        """An integer in [low, high]."""
        return low + self.below(high - low + 1)

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._random() < probability

    def pick(self, values: Sequence[T]) -> T:
        """One of the values, all as likely."""
        return values[self.below(len(values))]

    def weighted(self, values: Sequence[T], cumulated: Sequence[int]) -> T:
        """One of the values, by cumulated integer weights."""
        target = self.below(cumulated[-1])
        return next(value for value, bound in zip(values, cumulated, strict=True) if target < bound)

    def hexadecimal(self, length: int) -> str:
        """Hexadecimal digits."""
        return "".join("0123456789abcdef"[self.below(16)] for _ in range(length))

    def day(self, first: date, last: date) -> date:
        """A day in [first, last]."""
        return first + timedelta(days=self.below((last - first).days + 1))


@dataclass(frozen=True)
class World:
    """The parameters of one generation.

    Attributes:
        seed: same seed, same bytes.
        scale: factor on every count that grows (schools, walks, subsidies, ...), 1 for the committed sample.
    """

    seed: int
    scale: float

    def count(self, base: int) -> int:
        """How many at this scale of what the sample has `base` of; at least one."""
        return max(1, round(base * self.scale))

    def dice(self, *parts: object) -> Dice:
        """The dice of one thing, independent of all others."""
        return Dice(self.seed, *parts)


FIRST_NAMES = (
    "Alix", "Basile", "Capucine", "Désiré", "Eulalie", "Firmin", "Gaëlle", "Honoré", "Inès", "Joachim",
    "Kelly", "Léopold", "Maëlys", "Norbert", "Océane", "Prosper", "Quitterie", "Régis", "Solène", "Théodule",
    "Ursule", "Valère", "Wivine", "Xavier", "Yolande", "Zéphyr",
)  # fmt: skip
LAST_NAMES = (
    "Aubépin", "Bruyerval", "Clairbois", "Dufourmont", "Épinoy", "Fauvelle", "Grandpréau", "Houblonnier",
    "Islemont", "Jonquillard", "Kermaillet", "Lavandou", "Mirebel", "Noisetier", "Orfèvral", "Pimprenelle",
    "Quenouillet", "Ronceval", "Sorbiéroux", "Tournesac", "Valdorge", "Yeusemont",
)  # fmt: skip
STREET_KINDS = ("Rue", "Rue", "Rue", "Avenue", "Chaussée", "Place", "Chemin")
STREET_NAMES = (
    "des Lanternes Bleues", "du Hibou Rieur", "des Sept Encriers", "de la Craie Blanche", "du Cerf Endormi",
    "des Marronniers d'Argent", "de l'Ancien Pressoir", "du Gué aux Libellules", "des Cartographes",
    "de la Montgolfière", "du Renard Bleu", "des Quatre Boussoles", "de l'Étang aux Saules",
    "du Vieux Cadran",
)  # fmt: skip
PLACE_HEADS = ("Pré", "Clos", "Jardin", "Moulin", "Verger", "Sentier", "Pont", "Val")
PLACE_TAILS = (
    "aux Lucioles", "des Trois Tilleuls", "du Hibou", "de l'Arc-en-Ciel", "des Quatre Vents",
    "de la Chouette", "du Renard Bleu", "des Galets Ronds", "aux Mésanges",
)  # fmt: skip


def street(dice: Dice) -> str:
    """An invented street with a number."""
    return f"{dice.pick(STREET_KINDS)} {dice.pick(STREET_NAMES)} {dice.between(1, 240)}"


def place(dice: Dice) -> str:
    """An invented place name, such as « Clos du Hibou »."""
    return f"{dice.pick(PLACE_HEADS)} {dice.pick(PLACE_TAILS)}"


def person(dice: Dice) -> tuple[str, str]:
    """An invented person: (first name, last name)."""
    return dice.pick(FIRST_NAMES), dice.pick(LAST_NAMES)


def commune_of(dice: Dice, index: int) -> Commune:
    """A commune: the first ones in turn so that all are used, then by their number of inhabitants."""
    return COMMUNES[index] if index < len(COMMUNES) else dice.weighted(COMMUNES, COMMUNE_WEIGHTS)


def fold_locality(name: str) -> str:
    """A locality as school files write it: capitals without accents."""
    return name.upper().translate(str.maketrans("ÀÂÇÈÉÊËÎÏÔÛÙÜ", "AACEEEEIIOUUU")).replace("Œ", "OE")


def enterprise_number(index: int) -> str:
    """A valid, invented enterprise number: 10 digits from 09, a range that no enterprise has.

    Args:
        index: which one; two indexes that differ by a multiple of a million share a number.
    """
    return _with_checksum(9_000_000 + index % 1_000_000)


def unit_number(index: int) -> str:
    """A valid, invented establishment unit number: 10 digits from 29, a range that no unit has."""
    return _with_checksum(29_000_000 + index % 1_000_000)


def broken_number(number: str) -> str:
    """The same number with a checksum that is wrong."""
    return f"{number[:8]}{int(number[8:]) % 97 + 1:02d}"


def has_valid_checksum(number: str) -> bool:
    """True for 10 digits whose last two are 97 minus the first eight modulo 97."""
    return len(number) == 10 and number.isdecimal() and _with_checksum(int(number[:8])) == number


def _with_checksum(base: int) -> str:
    return f"{base:08d}{97 - base % 97:02d}"


def french_day(day: date | None) -> str:
    """DD/MM/YYYY, '' without a day."""
    return "" if day is None else f"{day.day:02d}/{day.month:02d}/{day.year:04d}"
