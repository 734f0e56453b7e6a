"""SG, general secretariat: pay scales, price index and the invented agents of the ministry."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from dev.sample.reference import World, french_day, person
from dev.sample.writers import Zone
from dev.sample.xlsx import Cell, Workbook

AGENTS = 60
SCALES = (
    "100/1", "100/2", "101/1", "110/1", "120/1", "200/1", "200/2", "210/1", "250/1", "250/2s", "300/1",
    "320/3",
)  # fmt: skip
GRADES = {"1": "Attaché", "2": "Gradué", "3": "Adjoint"}
ADMINISTRATIONS = ("SG", "AGE", "AGE", "AGC", "AGAJ", "AGS", "AGMJ")
AGENT_HEADER = (
    "Matricule",
    "Nom",
    "Prénom",
    "Date de naissance",
    "Grade",
    "Administration",
    "Barème",
    "Ancienneté",
    "Temps de travail",
    "Adresse électronique",
    "Date d'entrée en fonction",
)


def pay_scales(zone: Zone, world: World) -> None:
    """`baremes`: an invented yearly amount by scale and seniority (0 to 45 years)."""
    with zone.csv("sg/baremes/baremes.csv") as table:
        table.header(("bareme", "anciennete", "echelle"))
        for rank, scale in enumerate(SCALES):
            dice = world.dice("scale", scale)
            cents = 2_300_000 - 45_000 * rank + dice.below(40_000)
            step = dice.between(20_000, 60_000)
            for years in range(46):
                amount = cents + step * min(years // 2, 20)
                if scale == "250/1" and years == 45:
                    table.row(["n/d", years, scale], reject="mesure_invalide")
                else:
                    table.row([_trimmed(Decimal(amount) / 100), years, scale])


def price_index(zone: Zone, world: World) -> None:
    """`index`: byte order mark, decimal comma, DD/MM/YYYY, no line end after the last row."""
    dice = world.dice("price-index")
    path = "sg/index/index_2025-03-01.csv"
    with zone.csv(path, delimiter=";", newline="\r\n", boms=1, final_newline=False) as table:
        table.header(("valid_since", "index", "rank"))
        month = 1990 * 12
        for rank in range(38):
            value = (Decimal("1.02") ** rank).quantize(Decimal("0.0001"), ROUND_HALF_UP)
            since = french_day(date(month // 12, month % 12 + 1, 1))
            table.row([since, _trimmed(value).replace(".", ","), rank])
            month += dice.between(7, 15)


def _trimmed(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def agents(zone: Zone, world: World) -> None:
    """`agents`: a workbook a year; some leave and some join in between. Excel has no row after MAX_ROWS."""
    for year in (2024, 2025):
        first = 1 + 3 * (year - 2024)
        count = min(world.count(AGENTS), Workbook.MAX_ROWS - 1)
        with zone.open(f"sg/agents/agents_{year}.xlsx") as file, Workbook(file.handle, "Agents") as sheet:
            sheet.row([Cell.text(name) for name in AGENT_HEADER])
            for number in range(first, first + count):
                cells = _agent(world, number, year)
                position = number % AGENTS
                if position == 13:
                    cells[6] = Cell.error("#N/A")
                    file.tally.count(anomalies=("bareme",))
                elif position == 29:
                    cells[3] = Cell.text("31/02/1980")
                    file.tally.count(anomalies=("date_de_naissance",))
                elif position == 44:
                    cells[0] = Cell.empty()
                    file.tally.count(reject="cle_absente")
                elif position == 51:
                    cells[0] = Cell.text("à attribuer")
                    file.tally.count(reject="cle_non_numerique")
                else:
                    file.tally.count()
                sheet.row(cells)


def _agent(world: World, number: int, year: int) -> list[Cell]:
    dice = world.dice("agent", number)
    first, last = person(dice)
    scale = dice.pick(SCALES)
    entered = dice.day(date(1990, 1, 1), date(2023, 12, 31))
    return [
        Cell.number(str(number * 7 + 11), padded=True),
        Cell.text(last),
        Cell.text(first),
        Cell.day(
            dice.day(date(1960, 1, 1), date(1971, 12, 31))
            if entered.year < 2000
            else dice.day(date(1972, 1, 1), date(2001, 12, 31))
        ),
        Cell.text(GRADES[scale[0]]),
        Cell.text(dice.pick(ADMINISTRATIONS)),
        Cell.text(scale),
        Cell.number(str(year - entered.year)),
        Cell.number(dice.pick(("1", "1", "1", "0.8", "0.5"))),
        Cell.text(f"agent.{number:06d}@example.org"),
        Cell.day(entered),
    ]
