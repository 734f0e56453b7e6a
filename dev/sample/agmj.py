"""AGMJ, houses of justice: houses and prisons (public places, invented streets) and invented mandates."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from dev.sample.geography import COMMUNES, FLEMISH_COMMUNES, Commune
from dev.sample.reference import World, commune_of, street
from dev.sample.writers import Zone

MANDATES = 120
HOUSES = (
    "Arlon", "Bruxelles", "Charleroi", "Dinant", "Huy", "Liège", "Marche-en-Famenne", "Mons", "Namur",
    "Neufchâteau", "Nivelles", "Tournai", "Verviers",
)  # fmt: skip
PRISONS = ("Andenne", "Arlon", "Dinant", "Huy", "Marche-en-Famenne", "Mons", "Namur", "Nivelles", "Tournai")
VICTIMS = "service d'accueil des victimes"
HEADER = (
    "N° de mandat",
    "Maison de justice",
    "Identifiant du justiciable",
    "Type de mandat",
    "Autorité mandante",
    "Code postal du domicile",
    "Date de réception",
    "Date de clôture",
    "Motif de clôture",
)
KINDS = (
    ("Peine de travail autonome", "Tribunal correctionnel"),
    ("Peine de probation autonome", "Tribunal correctionnel"),
    ("Libération conditionnelle", "Tribunal de l'application des peines"),
    ("Surveillance électronique", "Administration pénitentiaire"),
    ("Médiation et mesures", "Parquet"),
    ("Alternative à la détention préventive", "Juge d'instruction"),
    ("Étude sociale civile", "Tribunal de la famille"),
)
ENDS = ("Fin normale", "Révocation", "Retrait du mandat", "Décès", "Transfert")


def slug(name: str) -> str:
    """The identifier part of a name: « Liège » gives `liege`."""
    return (
        name.lower()
        .translate(str.maketrans("àâèéêëîïôûùç", "aaeeeeiiouuc"))
        .replace(" ", "-")
        .replace("'", "-")
    )


def houses_of_justice(zone: Zone, world: World) -> None:
    """`maisons_de_justice`: thirteen French-speaking houses and three Flemish ones, whose members differ."""
    named = {commune.names.fr: commune for commune in COMMUNES}
    with zone.json("agmj/maisons_de_justice/maisons_de_justice.json", tail="\n") as out:
        for rank, commune in enumerate(FLEMISH_COMMUNES):
            out.add(_house(world, commune, commune.names.nl, f"OVO99{rank + 1:04d}"))
        for name in HOUSES:
            out.add(_house(world, named[name], name, ""))


def _house(world: World, commune: Commune, name: str, ovo: str) -> dict[str, Any]:
    language, prefix = ("nl", "justitiehuis") if ovo else ("fr", "maison-justice")
    dice = world.dice("house", name)
    url = f"https://www.example.org/{prefix}-{slug(name)}"
    mail = f"{prefix}.{slug(name)}@example.org"
    phone = f"+320000{dice.below(10_000):04d}"
    contacts = [{"type": "phone", "value": phone}, {"type": "email", "value": mail}]
    if not ovo:
        contacts.append({"type": "email", "value": f"victimes.{mail}", "label": VICTIMS})
    label = (
        f"Justitiehuis {name}"
        if ovo
        else "Maison de justice " + ("d'" if name[0] in "AEHIO" else "de ") + name
    )
    return {
        "id": f"{prefix}-{slug(name)}",
        "community": "flemish" if ovo else "french",
        "name": {language: label},
        **({"ovo": ovo} if ovo else {}),
        "address": {
            "street": street(dice),
            "postalCode": commune.postal,
            "city": name,
            "municipality": commune.nis,
        },
        "contacts": contacts,
        "website": {language: url},
        "sources": [{"url": url, "retrieved": "2025-11-03"}],
    }


def prisons(zone: Zone, world: World) -> None:
    """`prisons`: names in three languages."""
    named = {commune.names.fr: commune for commune in COMMUNES}
    with zone.json("agmj/prisons/prisons.json", indent=1) as out:
        for name in PRISONS:
            commune = named[name]
            urls = {
                code: f"https://www.example.org/{code}/prison-{slug(name)}" for code in ("nl", "fr", "de")
            }
            out.add(
                {
                    "id": f"prison-{slug(name)}",
                    "kind": "detention-house" if name == "Huy" else "prison",
                    "name": {
                        "nl": f"Gevangenis van {commune.names.nl}",
                        "fr": "Prison " + ("d'" if name[0] in "AH" and name != "Huy" else "de ") + name,
                        "de": f"Gefängnis {commune.names.de}",
                    },
                    "address": {
                        "street": street(world.dice("prison", name)),
                        "postalCode": commune.postal,
                        "city": name,
                        "municipality": commune.nis,
                    },
                    "website": urls,
                    "sources": [{"url": url, "retrieved": "2025-11-03"} for url in urls.values()],
                }
            )


def mandates(zone: Zone, world: World) -> None:
    """`mandats`: mandates that houses of justice received in a year."""
    for year in (2023, 2024):
        with zone.csv(f"agmj/mandats/mandats_{year}.csv", delimiter=";", newline="\r\n", boms=1) as table:
            table.header(HEADER)
            for index in range(world.count(MANDATES)):
                dice = world.dice("mandate", year, index)
                kind, authority = dice.pick(KINDS)
                start = dice.day(date(year, 1, 1), date(year, 12, 31))
                closed = (
                    (start + timedelta(days=dice.between(20, 700))).isoformat() if dice.chance(0.5) else ""
                )
                values: list[str | int | None] = [
                    f"M{year}-{index + 1:06d}",
                    f"maison-justice-{slug(dice.pick(HOUSES))}",
                    f"P{1 + dice.below(world.count(MANDATES) * 3 // 2):07d}",
                    kind,
                    authority,
                    commune_of(dice, index).postal,
                    start.isoformat(),
                    closed,
                    dice.pick(ENDS) if closed else "",
                ]
                position = index % MANDATES
                if position == 15:
                    table.row(
                        [*values[:7], f"{year + 1}-02-31", "Fin normale"], anomalies=("date_de_cloture",)
                    )
                elif position == 40:
                    table.row([*values[:5], "n/d", *values[6:]], anomalies=("code_postal_du_domicile",))
                elif position == 66:
                    table.row(["", *values[1:]], reject="cle_absente")
                elif position == 91:
                    table.row([*values[:6], "hier", *values[7:]], reject="mesure_invalide")
                else:
                    table.row(values)
