"""AGE, administration of education: register of schools, socio-economic index, places, snapshots, pupils."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from dev.sample.geography import COMMUNES
from dev.sample.reference import Dice, World, broken_number
from dev.sample.schools import SCHOOLS, School, Site, layout, schools
from dev.sample.writers import CsvFile, Zone

REGISTER_HEADER = (
    "N° FASE de l'établissement",
    "Nom de l'établissement",
    "Numéro BCE de l'établissement",
    "Type d'enseignement",
    "Niveau",
    "Genre",
    "Réseau",
    "Adresse de l'établissement",
    "Code postal de l'établissement",
    "Localité de l'établissement",
    "Commune de l'établissement",
    "Bassin",
    "Arrondissement administratif",
    "N° FASE de l'implantation",
    "Adresse de l'implantation",
    "Code postal de l'implantation",
    "Localité de l'implantation",
    "Commune de l'implantation",
    "Latitude",
    "Longitude",
    "N° FASE du P.O.",
    "Nom de P.O.",
    "N° BCE du P.O.",
    "Adresse du P.O.",
    "Code postal du P.O.",
    "Localité du P.O.",
    "Commune du P.O.",
    "geolocalisation",
)
# Positions, among 120 schools, of those with dirty cells.
NOWHERE, WRONG_LATITUDE = (7, 47, 87), (23, 83)
WITHOUT_NUMBER, WRONG_NUMBER = (11, 61, 111), (31, 91)
HIGHER_TYPES = ("Promotion sociale supérieur", "Haute École", "École supérieure des Arts", "Université")
LANGUAGES = (("néerlandais",), ("anglais",), ("allemand",), ("néerlandais", "anglais"))
BRUSSELS_POSTCODES = (
    1000, 1020, 1030, 1040, 1050, 1060, 1070, 1080, 1081, 1082, 1083,
    1090, 1120, 1130, 1140, 1150, 1160, 1170, 1180, 1190, 1200, 1210,
)  # fmt: skip
ICON = "https://inscription.example.org/icones/statutInscr{}.png"


def school_register(zone: Zone, world: World) -> None:
    """`signaletique_fase`: two byte order marks, CRLF, one row a school, site and type of education."""
    path = "age/signaletique_fase/signaletique-fase_2025-10-20.csv"
    with zone.csv(path, delimiter=";", newline="\r\n", boms=2) as table:
        table.header(REGISTER_HEADER)
        for each in schools(world):
            for site in each.sites:
                for offer in site.offers:
                    _register_row(table, each, site, offer)
            _register_dirt(table, each)


def _register_row(table: CsvFile, school: School, site: Site, offer: str) -> None:
    position = school.layout.rank % SCHOOLS
    latitude, longitude, unit = site.latitude, site.longitude, school.unit
    anomalies, notes = [], []
    if position in NOWHERE:
        latitude = longitude = ""
        notes.append("sans_coordonnees")
    if position in WRONG_LATITUDE and site is school.sites[0]:
        latitude = "n/d"
        anomalies.append("latitude")
    if position in WITHOUT_NUMBER:
        unit = ""
        notes.append("sans_numero_bce")
    elif position in WRONG_NUMBER:
        unit = broken_number(unit)
        anomalies.append("numero_bce_de_l_etablissement")
    table.row(
        _register_values(school, site, offer, unit, latitude, longitude), anomalies=anomalies, notes=notes
    )


def _register_values(
    school: School, site: Site, offer: str, unit: str, latitude: str, longitude: str
) -> list[str | int | None]:
    home, away, organiser = school.address, site.address, school.organiser
    return [
        school.layout.number,
        school.name,
        unit,
        offer,
        level_of(offer),
        "Spécialisé" if "spécialisé" in offer else "Ordinaire",
        school.network,
        home.street,
        home.postal,
        home.locality,
        home.commune.names.fr,
        home.commune.basin,
        home.commune.arrondissement_name,
        site.number,
        away.street,
        away.postal,
        away.locality,
        away.commune.names.fr,
        latitude,
        longitude,
        organiser.number,
        organiser.name,
        organiser.enterprise,
        organiser.address.street,
        organiser.address.postal,
        organiser.address.locality,
        organiser.address.commune.names.fr,
        f"{latitude}, {longitude}" if latitude else "",
    ]


def _register_dirt(table: CsvFile, school: School) -> None:
    """Once in 120 schools: two rows without a usable key and two lines that cannot be parsed."""
    position, site = school.layout.rank % SCHOOLS, school.sites[0]
    values = _register_values(school, site, "Secondaire CEFA", school.unit, site.latitude, site.longitude)
    if position == 45:
        table.row(["ABC12", *values[1:]], reject="cle_non_numerique")
    elif position == 77:
        table.row([*values[:13], "", *values[14:]], reject="cle_absente")
    elif position == 60:
        plain = ";".join(str(value).replace('"', "") for value in values)
        table.broken(plain + ";champ en trop;encore un", "nombre_de_champs")
    elif position == 90:
        table.broken(
            f'{school.layout.number};"Ecole dont le nom ne se ferme pas;;Secondaire CEFA', "guillemet_isole"
        )


def level_of(offer: str) -> str:
    """Level of a type of education."""
    if offer in HIGHER_TYPES:
        return "Supérieur"
    return "Fondamental" if offer.startswith(("Maternel", "Primaire")) else "Secondaire"


def socio_economic_index(zone: Zone, world: World) -> None:
    """`indice_socio_economique`: three editions without a header, each with its own kind of odd class."""
    for edition, newline in (("v0", "\n"), ("2023", "\n"), ("2025", "\r\n")):
        with zone.csv(f"age/indice_socio_economique/ise_{edition}.csv", newline=newline) as table:
            for each in schools(world):
                if not {"Primaire ordinaire", "Secondaire ordinaire"}.intersection(each.sites[0].offers):
                    continue
                for site in each.sites:
                    _index_row(table, world, edition, each, site)
                if each.layout.rank % SCHOOLS == 50:
                    table.row(["X" + str(each.layout.number), 39999, 5], reject="cle_non_numerique")
                    table.row([each.layout.number, None, 5], reject="cle_absente")


def _index_row(table: CsvFile, world: World, edition: str, school: School, site: Site) -> None:
    score = socio_economic_class(world, site, edition)
    key = [school.layout.number, site.number]
    number = site.number
    if edition == "v0" and number % 45 == 2:
        table.row([*key, None], notes=("classe_nulle",))
    elif edition == "2023" and number % 30 == 3:
        table.row([*key, f"{score} et {score + 1}"], notes=("classe_double",))
    elif edition == "2025" and score == 3:
        table.row([*key, "3a" if number % 2 else "3b"], notes=("classe_lettree",))
    elif number % 40 != 1:  # some sites are in the register and not in the order
        table.row([*key, score])


def socio_economic_class(world: World, site: Site, edition: str) -> int:
    """Class 1 to 20 of a site; it moves little between editions."""
    base = world.dice("index", site.number).between(1, 20)
    drift = world.dice("index", edition, site.number).between(-1, 1)
    return min(max(base + drift, 1), 20)


def secondary_places(zone: Zone, world: World) -> None:
    """`places_secondaire`: filling status by school and year, in two JSON shapes."""
    folder = "age/places_secondaire/remplissage_"
    with zone.json(f"{folder}2019-2023.json", "{}") as out:
        for key, dice, status in _secondary(world):
            if key.endswith("7"):
                out.add({}, key, records=0)
                out.note("ecole_sans_statut")
            else:
                levels = {str(rank): ICON.format(_moved(dice, status)) for rank in range(5)}
                out.add(levels, key, records=5)
    with zone.json(f"{folder}2021-2025.json", "{}") as out:
        for key, dice, status in _secondary(world):
            out.add({str(year): _places(dice, status) for year in range(2021, 2026)}, key, records=5)


def _secondary(world: World) -> Iterator[tuple[str, Dice, int]]:
    for each in schools(world):
        for site in each.sites:
            if "Secondaire ordinaire" in site.offers:
                dice = world.dice("places", site.number)
                yield f"{each.layout.number}/{site.number}", dice, dice.pick((1, 1, 3, 4, 4, 4, 5))


def _moved(dice: Dice, status: int) -> int:
    return status if dice.chance(0.8) else dice.between(0, 5)


def _places(dice: Dice, status: int) -> dict[str, int | str]:
    declared = dice.between(40, 190)
    return {
        "fill_number": max(_moved(dice, status), 1),
        "declared": "-" if status == 5 else str(declared),
        "received": str(declared + dice.between(1, 60)) if status == 1 else "-",
    }


def school_snapshots(zone: Zone, world: World) -> None:
    """`ecoles_geolocalisees`: three snapshots `{primary, secondary}`; fields appear from one to the next."""
    for day in ("2024-09-17", "2024-09-19", "2025-09-18"):
        with zone.open(f"age/ecoles_geolocalisees/ecoles_{day}.json") as file:
            for head, offer in (
                ('{"primary":[', "Primaire ordinaire"),
                ('],"secondary":[', "Secondaire ordinaire"),
            ):
                file.write(head)
                comma = ""
                for each in schools(world):
                    for site in each.sites:
                        if offer in site.offers:
                            record, anomalies = _snapshot(world, each, site, day, offer)
                            text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
                            file.write(comma + text)
                            file.tally.count(anomalies=anomalies)
                            comma = ","
            file.write("]}")


def _snapshot(
    world: World, school: School, site: Site, day: str, offer: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    dice = world.dice("snapshot", site.number)
    geo: dict[str, float | str | None] = {"lat": float(site.latitude), "lon": float(site.longitude)}
    anomalies: tuple[str, ...] = ()
    if school.layout.rank % SCHOOLS in NOWHERE:
        geo = {"lat": None, "lon": None}
    elif school.layout.rank % SCHOOLS in WRONG_LATITUDE and day == "2025-09-18":
        geo["lat"] = "n/d"
        anomalies = ("geo_lat",)
    record: dict[str, Any] = {
        "id": f"{school.layout.number}/{site.number}",
        "name": school.name.title(),
        "address": site.address.street,
        "city": site.address.commune.names.fr,
        "network": school.network,
        "geo": geo,
        "date": dice.day(date(2007, 1, 1), date(2021, 12, 31)).isoformat(),
    }
    if day == "2024-09-17":
        return record, anomalies
    secondary = offer.startswith("Secondaire")
    partners = {partner["prim"]: partner for partner in partnerships(world, school)}
    partner = partners.get(record["id"])
    record["partenaria"] = (
        {"id": partner["sec"], "date": partner["date"]} if partner and not secondary else None
    )
    record["ise"] = None if secondary or site.number % 40 == 1 else socio_economic_class(world, site, "2023")
    languages = immersion(site) if secondary else ()
    record["immersion"] = list(languages) or None
    if day == "2025-09-18":
        status = dice.pick((1, 1, 3, 4, 4, 5))
        fill = {str(year): _moved(dice, status) for year in range(2019, 2024)}
        record["fill"] = fill if secondary and site.number % 20 else None
    return record, anomalies


def immersion(site: Site) -> tuple[str, ...]:
    """Languages of the immersion offered at a secondary site, none for most."""
    return LANGUAGES[site.number // 4 % len(LANGUAGES)] if site.number % 4 == 1 else ()


def partnerships(world: World, school: School) -> list[dict[str, str]]:
    """Partnerships of a primary school with the secondary school that follows it in the register."""
    index = school.layout.rank
    if index % 20 not in (0, 5, 9, 14) or index + 1 >= world.count(SCHOOLS):
        return []
    follower = layout(index + 1)
    return [
        {
            "sec": f"{follower.number}/{follower.first_site}",
            "prim": f"{school.layout.number}/{site.number}",
            "date": f"20{14 + index % 9}-02-{1 + index % 28:02d}",
        }
        for site in school.sites
        if "Primaire ordinaire" in site.offers
    ]


def school_attributes(zone: Zone, world: World) -> None:
    """`ecoles_attributs`: dates by unit number, secondary schools, immersion, partnerships."""
    folder, day = "age/ecoles_attributs/", "2025-09-18"
    with zone.csv(f"{folder}bce-et-dates_{day}.csv", quoting="all") as table:
        table.header(("Identifier", "StartDate"))
        for each in schools(world):
            start = world.dice("start", each.layout.rank).day(date(1995, 1, 1), date(2022, 8, 29))
            if each.layout.rank % SCHOOLS in WRONG_NUMBER:  # no date is known under a wrong number
                continue
            if each.layout.rank % 40 == 9:
                table.row([each.unit, None], notes=("date_nulle",))
            elif each.layout.rank % SCHOOLS == 54:
                table.row([each.unit, "31-02-2004"], anomalies=("startdate",))
            else:
                table.row([each.unit, f"{start:%d-%m}-{start.year}"])
    for name in ("ecoles_secondaires", "immersion"):
        with zone.csv(f"{folder}{name}_{day}.csv", final_newline=False) as table:
            for each in schools(world):
                for site in each.sites:
                    if "Secondaire ordinaire" not in site.offers:
                        continue
                    key = f"{each.layout.number}/{site.number}"
                    if name == "ecoles_secondaires":
                        table.row([key])
                    elif immersion(site):
                        table.row([key, "/".join(immersion(site))])
    with zone.open(f"{folder}partenariats_{day}.json") as file:
        file.write("[")
        comma = "\n"
        for each in schools(world):
            for partnership in partnerships(world, each):
                members = ", ".join(f'"{name}": "{value}"' for name, value in partnership.items())
                file.write(f"{comma}  {{ {members} }}")
                file.tally.count()
                comma = ",\n"
        file.write("\n]\n")


def pupils_by_commune(zone: Zone, world: World) -> None:
    """`eleves_par_commune`: without header, the first row is the total; and one wide file on Brussels."""
    walloon = [commune for commune in COMMUNES if commune.region == "03000"]
    for stage, share in (("maternel", 32), ("primaire", 59)):
        dice = world.dice("pupils", stage)
        counts = [commune.inhabitants * share // 1000 + dice.below(90) for commune in walloon]
        with zone.csv(f"age/eleves_par_commune/{stage}_2024.csv") as table:
            table.row([3000, "Wallonie", sum(counts)], exclude="total")
            for commune, count in zip(walloon, counts, strict=True):
                table.row([commune.nis, commune.names.fr, count])
    with zone.csv("age/eleves_par_commune/domicile_bxl_2020.csv") as table:
        table.header(("lieu de domicile", "", "", *map(str, BRUSSELS_POSTCODES), "Total"))
        for stage, top in (("maternelle", 4300), ("primaire", 7200)):
            dice = world.dice("domicile", stage)
            counts = [dice.between(190, top) for _ in BRUSSELS_POSTCODES]
            table.row([stage, "", "", *(f"{count:6d}" for count in counts), f"{sum(counts):7d}"])
