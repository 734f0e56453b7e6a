"""AGAJ, youth welfare: periods of care by approved services; every youth is invented."""

from __future__ import annotations

from datetime import date, timedelta

from dev.sample.reference import World, commune_of, french_day, place
from dev.sample.writers import CsvFile, Zone

CARES, SERVICES = 150, 24
HEADER = (
    "N° de prise en charge",
    "Identifiant du jeune",
    "Date de naissance",
    "Sexe",
    "N° d'agrément du service",
    "Service agréé",
    "Code NIS de la commune",
    "Commune du service",
    "Type de mesure",
    "Date de début",
    "Date de fin",
)
MEASURES = (
    "Accompagnement en famille",
    "Hébergement résidentiel",
    "Accueil familial",
    "Mise en autonomie",
    "Aide en milieu ouvert",
)


def care(zone: Zone, world: World) -> None:
    """`prises_en_charge`: a youth may have several periods, in both years."""
    for year in (2023, 2024):
        path = f"agaj/prises_en_charge/prises_en_charge_{year}.csv"
        with zone.csv(path, delimiter=";") as table:
            table.header(HEADER)
            for index in range(world.count(CARES)):
                _row(table, world, year, index)
            if year == 2024:
                table.blank(last=True)


def _row(table: CsvFile, world: World, year: int, index: int) -> None:
    dice = world.dice("care", year, index)
    youth = 1 + dice.below(world.count(CARES) * 4 // 3)
    known = world.dice("youth", youth)
    born = known.day(date(2006, 1, 1), date(2021, 12, 31))
    service = dice.below(world.count(SERVICES))
    place_of = world.dice("service", service)
    commune = commune_of(place_of, service)
    start = dice.day(date(year, 1, 1), date(year, 12, 31))
    end = start + timedelta(days=dice.between(5, 500)) if dice.chance(0.6) else None
    values: list[str | int | None] = [
        f"PC-{year}-{index + 1:06d}",
        f"J{youth:07d}",
        french_day(born),
        known.pick(("F", "F", "F", "M", "M", "M", "X")),
        f"AAJ-{service + 1:04d}",
        f"Service {place(place_of)}",
        commune.nis,
        commune.names.fr,
        dice.pick(MEASURES),
        french_day(start),
        french_day(end),
    ]
    position = index % CARES
    if position == 12:
        table.row([*values[:10], f"31/02/{year + 1}"], anomalies=("date_de_fin",))
    elif position == 27:
        table.row([*values[:2], "n/d", *values[3:]], anomalies=("date_de_naissance",))
    elif position == 43:
        table.row([values[0], "", *values[2:]], reject="cle_absente")
    elif position == 58:
        table.row([*values[:9], f"00/13/{year}", *values[10:]], reject="mesure_invalide")
    elif position == 71:
        table.row([*values[:10], french_day(start - timedelta(days=9))], notes=("fin_avant_debut",))
    else:
        table.row(values)
    if position == 86:
        table.broken(f"PC-{year}-X;J0000000;ligne tronquée", "nombre_de_champs")
    elif position == 104:
        table.blank()
