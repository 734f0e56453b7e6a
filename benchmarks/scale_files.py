"""The pupil counts that `benchmarks.scale` loads: a file a year, all as long, always the same bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

from dev.sample.pupils import HEADER, KEY
from dev.sample.schools import FIRST_SCHOOL, FIRST_SITE, SITES, SITES_BEFORE

FOLDER = Path("age/population_scolaire")
YEARS = range(1925, 2025)
# Rows of all the files at scale 1: about what the ministry counts.
ROWS = 200_000
LEVELS, KINDS, GRADES, SEXES = (
    ("Maternel", "Primaire", "Secondaire"),
    ("Ordinaire", "Spécialisé"),
    range(1, 7),
    "FM",
)
ROWS_OF_SITE = len(LEVELS) * len(KINDS) * len(GRADES) * len(SEXES)
# The sites of a year are dealt from these blocks, so that writing them is little more than copying.
VARIANTS = 500
# One row in so many is what the word says; of the real files, one in five hundred is a total.
TOTAL, UNREADABLE, BLANK, UNKNOWN, QUOTED, SPACED = 540, 1000, 4000, 2000, 50, 100
SPACES = ("\u00a0", " ", "\u202f", "\t")


def write_year(landing: Path, year: int, rows: int) -> Path:
    """Writes the file of a year.

    Args:
        landing: root of the landing zone.
        year: the first of the school year.
        rows: how many, the last site being cut.
    """
    path = landing / FOLDER / f"population_scolaire_{year}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    blocks = _blocks()
    with path.open("wb") as file:
        file.write(HEADER.encode())
        for index in range(rows // ROWS_OF_SITE):
            file.write(_of_site(blocks, year, index))
        last = _of_site(blocks, year, rows // ROWS_OF_SITE).splitlines(keepends=True)
        file.writelines(last[: rows % ROWS_OF_SITE])
    return path


def school_of(site: int) -> int:
    """The number of the school of a site, by the position of the site; twelve schools share twenty sites."""
    rounds, position = divmod(site, sum(SITES))
    school = max(place for place, before in enumerate(SITES_BEFORE) if before <= position)
    return FIRST_SCHOOL + rounds * len(SITES) + school


def keys(rows: int) -> Iterator[tuple[int, int]]:
    """The numbers of the schools and sites of a year of so many rows."""
    for site in range(rows // ROWS_OF_SITE + 1):
        yield school_of(site), FIRST_SITE + site


def _of_site(blocks: list[bytes], year: int, site: int) -> bytes:
    variant = (site * 2_654_435_761 + year * 40_503) // 64 % VARIANTS
    school = f"{year}-{year + 1};{school_of(site)}"
    return (
        blocks[variant]
        .replace(KEY.encode(), f"{school};{FIRST_SITE + site};".encode())
        .replace(b"\1", school.encode())
    )


@cache
def _blocks() -> list[bytes]:
    chance = random.Random(1925)
    number = 0
    blocks = []
    for _ in range(VARIANTS):
        lines = []
        for key in product(LEVELS, KINDS, GRADES, SEXES):
            lines.append(_line(chance, number, *key))
            number += 1
        blocks.append("".join(lines).encode())
    return blocks


def _line(chance: random.Random, number: int, level: str, kind: str, grade: int, sex: str) -> str:
    count = str(chance.randrange(1, 90))
    if number % TOTAL == 7:
        return f"\1;Total;Tous;Tous;Toutes;Tous;{count}\n"
    if number % UNREADABLE == 11:
        count = chance.choice(("n/d", "1 2x", "-", "12,5", "1234567890"))
    elif number % BLANK == 13:
        count = chance.choice(("", " ", "\u00a0"))
    elif number % UNKNOWN == 17:
        sex = "X" if sex == "F" else "Y"
    elif number % QUOTED == 19:
        level, count = f'"{level}"', f'"{count}"'
    elif number % SPACED == 23:
        space = chance.choice(SPACES)
        kind, count = f"{kind}{space}", f"{space}{count}"
    return f"{KEY}{level};{kind};{grade};{sex};{count}\n"
