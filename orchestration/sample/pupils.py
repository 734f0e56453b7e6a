"""AGE, school population: the one table that scales to tens of millions of rows, so it is written in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from orchestration.sample.reference import World
from orchestration.sample.schools import SCHOOLS, Layout, layout
from orchestration.sample.writers import FileTally, Zone, ZoneFile

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
VARIANTS = 256
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
    """Writes whole sites up to the number of rows, then single rows, then the grand total as the last row."""
    tally, prefix = file.tally, f"{year}-{year + 1};"
    room = None if rows is None else rows - 1
    pupils = 0
    for shape, block in _blocks(world, year, endless=rows is not None):
        text = block.text.replace(KEY, f"{prefix}{shape.number};{shape.first_site};")
        if room is not None and tally.lignes + block.rows > room:
            text, block = _cut(text, room - tally.lignes)
        file.write(text)
        tally.lignes += block.rows
        pupils += block.pupils
        if room is not None and tally.lignes >= room:
            break
        if shape.index % 30 == 29 or shape.index % SCHOOLS in (33, 66, 99):
            if room is not None and tally.lignes + 1 > room:
                break
            _dirt(file, tally, prefix, shape, block)
    if rows is None or rows > 0:
        file.write(f"{prefix};Total;Tous;Tous;Toutes;Tous;{pupils}\n")
        tally.count(exclude="total")


def _blocks(world: World, year: int, endless: bool) -> Iterator[tuple[Layout, Block]]:
    """A block for each site with pupils; the layout that comes along has the site as its first site."""
    pools: dict[tuple[str, ...], list[Block]] = {}
    index, count = 0, world.count(SCHOOLS)
    while endless or index < count:
        shape = layout(index)
        index += 1
        for position in range(shape.sites):
            offers = shape.offers(position)
            pool = pools.get(offers)
            if pool is None:
                pool = pools[offers] = [_block(world, year, offers, variant) for variant in range(VARIANTS)]
            if pool[0].rows:
                site = shape.first_site + position
                yield shape._replace(first_site=site), pool[site * 2_654_435_761 // 1024 % VARIANTS]


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


def _dirt(file: ZoneFile, tally: FileTally, prefix: str, shape: Layout, block: Block) -> None:
    key = f"{prefix}{shape.number};"
    position = shape.index % SCHOOLS
    if position == 33:
        file.write(f"{key}ABC12;Primaire;Ordinaire;1;F;12\n")
        tally.count(reject="cle_non_numerique")
    elif position == 66:
        file.write(f"{key}{shape.first_site};Secondaire;Spécialisé;7;F;n/d\n")
        tally.count(reject="mesure_invalide")
    elif position == 99:
        file.write(f"{key}{shape.first_site};Primaire;Ordinaire\n")
        tally.rejets_chargement["nombre_de_champs"] += 1
    else:
        file.write(f"{key}Total;Tous;Tous;Toutes;Tous;{block.pupils}\n")
        tally.count(exclude="total")
