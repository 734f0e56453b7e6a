"""AGE, school population: the table that scales to tens of millions of rows, so it is written in blocks."""

from __future__ import annotations

from typing import NamedTuple

from dev.sample.reference import World
from dev.sample.schools import SCHOOLS, Layout, layout
from dev.sample.writers import Zone, ZoneFile

HEADER = (
    "Année scolaire;N° FASE de l'établissement;N° FASE de l'implantation;"
    "Niveau;Genre;Année d'études;Sexe;Nombre d'élèves\n"
)
YEARS = (2023, 2024)
BENCHMARK_YEARS = tuple(range(2005, 2025))
# (level, number of grades, pupils of one sex in one grade at most) by type of education.
GRADES = {
    "Maternel ordinaire": ("Maternel;Ordinaire", 3, 26),
    "Primaire ordinaire": ("Primaire;Ordinaire", 6, 28),
    "Secondaire ordinaire": ("Secondaire;Ordinaire", 7, 90),
    "Maternel spécialisé": ("Maternel;Spécialisé", 3, 6),
    "Primaire spécialisé": ("Primaire;Spécialisé", 6, 12),
    "Secondaire spécialisé": ("Secondaire;Spécialisé", 5, 18),
}
VARIANTS = 64
KEY = "\0"  # stands in a block for the three columns that name year, school and site


class Block(NamedTuple):
    """All rows of a site in one year, with KEY in front of each."""

    text: str
    rows: int
    pupils: int


def school_population(zone: Zone, world: World, rows: int | None = None) -> None:
    """`population_scolaire`: a row a site, year, level, grade and sex.

    Args:
        zone: where to write.
        world: seed and scale.
        rows: exactly this many records over twenty years, whatever the scale; None follows the scale.
    """
    years = YEARS if rows is None else BENCHMARK_YEARS
    for position, year in enumerate(years):
        share = None if rows is None else rows * (position + 1) // len(years) - rows * position // len(years)
        with zone.open(f"age/population_scolaire/population_scolaire_{year}.csv") as file:
            file.write(HEADER)
            _write_year(file, world, year, share)


def _write_year(file: ZoneFile, world: World, year: int, rows: int | None) -> None:
    """Writes schools up to the number of rows, the last one cut, then the grand total as the last row."""
    tally, prefix = file.tally, f"{year}-{year + 1};"
    room = None if rows is None else rows - 1
    pools: dict[tuple[str, ...], list[Block]] = {}
    pupils = index = 0
    while index < world.count(SCHOOLS) if room is None else tally.lignes < room:
        shape = layout(index)
        index += 1
        enrolled = 0
        for position in range(shape.sites):
            site = shape.first_site + position
            block = _pick(pools, world, year, shape.offers(position), site)
            text = block.text.replace(KEY, f"{prefix}{shape.number};{site};")
            if room is not None and tally.lignes + block.rows > room:
                text, block = _cut(text, room - tally.lignes)
            file.write(text)
            tally.lignes += block.rows
            enrolled += block.pupils
        if room is None or tally.lignes < room:
            _dirt(file, prefix, shape, enrolled)
        pupils += enrolled
    if rows is None or rows > 0:
        file.write(f"{prefix};Total;Tous;Tous;Toutes;Tous;{pupils}\n")
        tally.count(exclude="total")


def _pick(
    pools: dict[tuple[str, ...], list[Block]], world: World, year: int, offers: tuple[str, ...], site: int
) -> Block:
    """One of the blocks made beforehand for these types of education, by the number of the site."""
    pool = pools.get(offers)
    if pool is None:
        pool = pools[offers] = [_block(world, year, offers, variant) for variant in range(VARIANTS)]
    return pool[site * 2_654_435_761 // 1024 % VARIANTS]


def _block(world: World, year: int, offers: tuple[str, ...], variant: int) -> Block:
    dice = world.dice("population", year, *offers, variant)
    lines, pupils = [], 0
    for offer in offers:
        stage, grades, top = GRADES.get(offer, ("", 0, 0))
        size = dice.between(top // 3, top)
        for grade in range(1, grades + 1):
            for sex in "FM":
                count = max(1, size + dice.between(-3, 3) - (size // 2 if grade == 7 else 0))
                lines.append(f"{KEY}{stage};{grade};{sex};{count}\n")
                pupils += count
    return Block("".join(lines), len(lines), pupils)


def _cut(text: str, rows: int) -> tuple[str, Block]:
    kept = text.splitlines(keepends=True)[:rows]
    return "".join(kept), Block("", len(kept), sum(int(line.rsplit(";", 1)[1]) for line in kept))


def _dirt(file: ZoneFile, prefix: str, shape: Layout, pupils: int) -> None:
    """Adds a total to one school in thirty, and to three schools in 120 a row or line that is wrong."""
    key, tally = f"{prefix}{shape.number};", file.tally
    position = shape.rank % SCHOOLS
    if position == 33:
        file.write(f"{key}ABC12;Primaire;Ordinaire;1;F;12\n")
        tally.count(reject="cle_non_numerique")
    elif position == 66:
        file.write(f"{key}{shape.first_site};Secondaire;Spécialisé;7;F;n/d\n")
        tally.count(reject="mesure_invalide")
    elif position == 99:
        file.write(f"{key}{shape.first_site};Primaire;Ordinaire\n")
        tally.rejets_chargement["nombre_de_champs"] += 1
    elif position % 30 == 29:
        file.write(f"{key}Total;Tous;Tous;Toutes;Tous;{pupils}\n")
        tally.count(exclude="total")
