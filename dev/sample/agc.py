"""AGC, administration of culture: the register of subsidies (all administrations), one row a payment."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from dev.sample.geography import COMMUNES, Commune
from dev.sample.reference import (
    Dice,
    World,
    broken_number,
    enterprise_number,
    french_day,
    person,
    place,
)
from dev.sample.schools import municipal_organiser
from dev.sample.writers import CsvFile, Zone

SUBSIDIES = 50
HEADERS = {
    2023: (
        "Index",
        "N° de dossier",
        "Ministre",
        "Compétence",
        "Administration",
        "Centre financier",
        "Libellé du budget",
        "Montant du soutien (EUR)",
        "Mise à disposition de ressources",
        "Base(s) légale(s)",
        "Bénéficiaire",
        "Bénéficiaire - numéro entreprise",
        "Code postal du bénéficiaire",
        "Commune du bénéficiaire",
        "Date de liquidation",
    ),
    2024: (
        "Index",
        "Dossier",
        "Ministre",
        "Compétence",
        "Administration générale",
        "Centre financier",
        "Libellé de l'allocation de base",
        "Montant liquidé en EUR",
        "Mise à disposition de ressources",
        "Base légale",
        "Bénéficiaire",
        "N° d'entreprise",
        "Code postal du bénéficiaire",
        "Commune du bénéficiaire",
        "Date de liquidation",
        "Type de bénéficiaire",
    ),
}
# (competence, administration, labels of the budget)
FIELDS = (
    (
        "Culture",
        "Administration générale de la Culture (AGC)",
        ("Arts de la scène", "Lecture publique", "Musées"),
    ),
    ("Culture", "Administration générale de la Culture (AGC)", ("Centres culturels", "Audiovisuel")),
    (
        "Jeunesse",
        "Administration générale de la Culture (AGC)",
        ("Organisations de jeunesse", "Centres de jeunes"),
    ),
    ("Sport", "Administration générale du Sport (AGS)", ("Fédérations sportives", "Infrastructures locales")),
    (
        "Enseignement",
        "Administration générale de l'Enseignement (AGE)",
        ("Bâtiments scolaires", "Projets d'école"),
    ),
    ("Aide à la jeunesse", "Administration générale de l'Aide à la jeunesse (AGAJ)", ("Services agréés",)),
    (
        "Maisons de justice",
        "Administration générale des Maisons de justice (AGMJ)",
        ("Aide aux justiciables",),
    ),
)
BODIES = (
    "ASBL Théâtre",
    "ASBL Compagnie",
    "ASBL Bibliothèque",
    "Centre culturel",
    "Club sportif",
    "ASBL Atelier",
)


class Subsidy(NamedTuple):
    """A subsidy and who receives it; `number` is '' for a person."""

    file: str
    competence: str
    administration: str
    centre: str
    label: str
    legal: str
    beneficiary: str
    number: str
    commune: Commune
    payments: int
    dice: Dice


def subsidies(zone: Zone, world: World) -> None:
    """`cadastre_subventions`: Latin text in 2023, UTF-8 and other headers in 2024."""
    folder = "agc/cadastre_subventions/cadastre_"
    with zone.csv(f"{folder}2023.csv", delimiter=";", newline="\r\n", encoding="cp1252") as table:
        _write_year(table, world, 2023)
    with zone.csv(f"{folder}2024.csv", delimiter=";") as table:
        _write_year(table, world, 2024)


def _write_year(table: CsvFile, world: World, year: int) -> None:
    table.header(HEADERS[year])
    row = total = 0
    for index in range(world.count(SUBSIDIES)):
        subsidy = _subsidy(world, year, index)
        for payment in range(subsidy.payments):
            row += 1
            total += _payment(table, subsidy, year, index, payment, row)
        if index % SUBSIDIES == 19 and year == 2023:
            table.broken(
                f'{row};"{subsidy.file};Ministre de la Culture;le guillemet ne se ferme pas',
                "guillemet_isole",
            )
        elif index % SUBSIDIES == 19:
            table.broken(f"{row};{subsidy.file};ligne tronquée", "nombre_de_champs")
    if year == 2023:
        blanks = len(HEADERS[year]) - 8
        table.row(
            ["", "TOTAL GÉNÉRAL", "", "", "", "", "", _amount(total, year), *[""] * (blanks)], exclude="total"
        )


def _payment(table: CsvFile, subsidy: Subsidy, year: int, index: int, payment: int, row: int) -> int:
    """Writes one payment and returns what it adds to the total, in cents."""
    dice = subsidy.dice
    cents = dice.between(20_000, 1_400_000)
    day = french_day if year == 2023 else date.isoformat
    paid = day(date(year, 1, 15) + timedelta(days=85 * payment + dice.below(60)))
    amount, number, label = _amount(cents, year), _written_number(dice, subsidy.number), subsidy.label
    reject, anomalies, notes = "", [], []
    position = (index % SUBSIDIES, payment)
    if position == (4, 0) and subsidy.number:
        number = "BE" + broken_number(subsidy.number)
        anomalies.append("beneficiaire_numero_entreprise")
    elif position == (9, 0):
        paid = f"31/02/{year}" if year == 2023 else f"{year}-02-31"
        anomalies.append("date_de_liquidation")
    elif position == (14, 0):
        amount, cents, reject = "n/d", 0, "mesure_invalide"
    elif position == (24, 0):
        cents = -cents
        amount = _amount(cents, year)
        notes.append("montant_negatif")
    elif position == (29, 0):
        label = f"{label}\nsuite du libellé"
        notes.append("retour_a_la_ligne")
    file = subsidy.file
    if position == (34, 0):
        file, reject = "", "cle_absente"
    if not subsidy.number:
        notes.append("particulier")
    values: list[str | int | None] = [
        row,
        file,
        f"Ministre compétent : {subsidy.competence}",
        subsidy.competence,
        subsidy.administration,
        subsidy.centre,
        label,
        amount,
        "Oui" if dice.chance(0.1) else "Non",
        subsidy.legal,
        subsidy.beneficiary,
        number,
        subsidy.commune.postal,
        subsidy.commune.names.fr,
        paid,
    ]
    if year == 2024:
        values.append("Personne morale" if subsidy.number else "Personne physique")
    table.row(values, reject=reject, anomalies=anomalies, notes=notes)
    return cents


def _subsidy(world: World, year: int, index: int) -> Subsidy:
    dice = world.dice("subsidy", year, index)
    competence, administration, labels = dice.pick(FIELDS)
    name, number, commune = _beneficiary(world, dice, index)
    return Subsidy(
        file=f"S{year}-{index + 1:06d}",
        competence=competence,
        administration=administration,
        centre=f"CF{dice.between(10, 60)}",
        label=dice.pick(labels),
        legal=f"Décret du {dice.between(1, 28)}/{dice.between(1, 12):02d}/20{dice.between(10, 22)}",
        beneficiary=name,
        number=number,
        commune=commune,
        payments=dice.pick((1, 1, 2, 2, 3, 4)),
        dice=dice,
    )


def _beneficiary(world: World, dice: Dice, index: int) -> tuple[str, str, Commune]:
    """A person, a municipality (the same body as the organiser of its schools) or an association."""
    if index % 12 == 7:
        first, last = person(dice)
        return f"{last.upper()} {first}", "", dice.pick(COMMUNES)
    if index % 5 == 3:
        commune = dice.pick(COMMUNES)
        organiser = municipal_organiser(world, commune)
        return organiser.name, organiser.enterprise, commune
    body = dice.below(world.count(60))
    known = world.dice("body", body)
    return f"{known.pick(BODIES)} {place(known)}", enterprise_number(500_000 + body), known.pick(COMMUNES)


def _written_number(dice: Dice, number: str) -> str:
    if not number:
        return ""
    dotted = f"{number[:4]}.{number[4:7]}.{number[7:]}"
    return dice.pick((f"BE{number}", dotted, number[1:], f"BE {dotted}", number))


def _amount(cents: int, year: int) -> str:
    """An amount as its year writes it: `13 400,50` with a no-break space, or `13400.50`."""
    units, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    if year == 2024:
        return f"{sign}{units}.{rest:02d}"
    return f"{sign}{units:,}".replace(",", "\u00a0") + f",{rest:02d}"
