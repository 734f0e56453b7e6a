"""Reference data of all administrations: geography, holidays, codes. It does not grow with the scale."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import date, timedelta

from dev.sample.geography import (
    ARRONDISSEMENTS,
    COMMUNES,
    FLEMISH_COMMUNES,
    FORMER_CODES,
    PROVINCE_OF,
    PROVINCE_PHRASE,
    PROVINCE_REGION,
    PROVINCES,
    REGIONS,
    Commune,
    Division,
    Names,
)
from dev.sample.reference import World
from dev.sample.writers import Zone

SOURCE = [{"url": "https://statbel.example.org/refnis.zip", "retrieved": "2025-11-03"}]
ALL_COMMUNES = tuple(sorted((*COMMUNES, *FLEMISH_COMMUNES)))
CLOSED = {former.nis: former for former in FORMER_CODES}
# First day of the NIS codes that are younger than 1970.
STARTS = {
    "25121": "01/01/1977",
    "92142": "01/01/1980",
    "51067": "01/01/2019",
    "57096": "01/01/2019",
    "58001": "01/01/2019",
    "82039": "01/01/2025",
}
ARRONDISSEMENT_STARTS = {
    "57000": "01/01/2019",
    "58000": "01/01/2019",
    "24000": "01/01/1995",
    "25000": "01/01/1995",
}
ENDED_DIVISIONS = (
    Division(
        2,
        "20000",
        "-",
        Names("Province de Brabant", "Provincie Brabant", "Provinz Brabant"),
        end="31/12/1994",
    ),
    Division(3, "24000", "20000", ARRONDISSEMENTS["24000"], end="31/12/1994"),
    Division(3, "25000", "20000", ARRONDISSEMENTS["25000"], end="31/12/1994"),
    Division(3, "54000", "50000", Names("Mouscron", "Moeskroen", "Mouscron"), end="31/12/2018"),
    Division(3, "57000", "50000", Names("Tournai", "Doornik", "Tournai"), end="31/12/2018"),
)
MERGED_IN_1977 = (
    ("25006", "Bierges"), ("25055", "Limal"), ("25083", "Ottignies"), ("61007", "Ben-Ahin"),
    ("61061", "Tihange"), ("62019", "Boncelles"), ("62087", "Rocourt"), ("81006", "Bonnert"),
    ("82017", "Longvilly"), ("82034", "Wardin"), ("92009", "Beez"), ("92053", "Gembloux"),
)  # fmt: skip
AGES = (*range(4, 100, 5), 100)
# Thousandths of the inhabitants in each class of ages.
AGE_SHARES = (58, 60, 59, 58, 62, 66, 67, 66, 67, 70, 72, 70, 62, 52, 40, 34, 24, 10, 2, 1, 0)
LEGAL_FORMS = {
    "012": (
        "Agricultural company",
        "Landbouwvennootschap",
        "Société agricole",
        "Landwirtschaftliche Gesellschaft",
    ),
    "014": ("Public limited company", "Naamloze vennootschap", "Société anonyme", "Aktiengesellschaft"),
    "017": (
        "Non-profit organisation",
        "Vereniging zonder winstoogmerk",
        "Association sans but lucratif",
        "Vereinigung ohne Gewinnerzielungsabsicht",
    ),
    "026": ("Private foundation", "Private stichting", "Fondation privée", "Privatstiftung"),
    "029": (
        "Foundation of public utility",
        "Stichting van openbaar nut",
        "Fondation d'utilité publique",
        "Gemeinnützige Stiftung",
    ),
    "411": ("Towns and municipalities", "Steden en gemeenten", "Villes et communes", "Städte und Gemeinden"),
    "412": (
        "Public centre for social welfare",
        "Openbaar centrum voor maatschappelijk welzijn",
        "Centre public d'action sociale",
        "Öffentliches Sozialhilfezentrum",
    ),
    "706": ("Cooperative company", "Coöperatieve vennootschap", "Société coopérative", "Genossenschaft"),
}
JUDICIAL_DISTRICTS = (
    ("antwerpen", Names("Anvers", "Antwerpen", "Antwerpen"), "antwerpen"),
    ("brussel", Names("Bruxelles", "Brussel", "Brüssel"), "brussel"),
    ("leuven", Names("Louvain", "Leuven", "Löwen"), "brussel"),
    ("brabant-wallon", Names("Brabant wallon", "Waals-Brabant", "Wallonisch-Brabant"), "brussel"),
    ("oost-vlaanderen", Names("Flandre orientale", "Oost-Vlaanderen", "Ostflandern"), "gent"),
    ("liege", Names("Liège", "Luik", "Lüttich"), "liege"),
    ("luxembourg", Names("Luxembourg", "Luxemburg", "Luxemburg"), "liege"),
    ("namur", Names("Namur", "Namen", "Namur"), "liege"),
    ("hainaut", Names("Hainaut", "Henegouwen", "Hennegau"), "mons"),
)
SCHOOL_BREAKS = {
    "autumn": "FR Congé d'automne (Toussaint),NL Herfstvakantie,DE Allerheiligenferien,EN All Saints",
    "winter": "FR Vacances d'hiver (Noël),NL Kerstvakantie,DE Winterferien,EN Winter Holidays",
    "carnival": "FR Congé de détente (Carnaval),NL Krokusvakantie,DE Karnevalsferien,EN Carnival Holidays",
    "spring": "FR Vacances de printemps (Pâques),NL Paasvakantie,DE Frühjahrsferien,EN Spring Holidays",
    "summer": "FR Vacances d'été,NL Zomervakantie,DE Sommerferien,EN Summer Holidays",
}
# The calendar of French-speaking schools; the last summer has no end yet.
SCHOOL_HOLIDAYS = (
    ("autumn", "2022-10-24", "2022-11-04"), ("winter", "2022-12-26", "2023-01-06"),
    ("carnival", "2023-02-20", "2023-03-03"), ("spring", "2023-05-01", "2023-05-12"),
    ("summer", "2023-07-08", "2023-08-27"), ("autumn", "2023-10-23", "2023-11-03"),
    ("winter", "2023-12-25", "2024-01-05"), ("carnival", "2024-02-26", "2024-03-08"),
    ("spring", "2024-04-29", "2024-05-10"), ("summer", "2024-07-06", "2024-08-25"),
    ("autumn", "2024-10-21", "2024-11-01"), ("winter", "2024-12-23", "2025-01-03"),
    ("carnival", "2025-02-24", "2025-03-07"), ("spring", "2025-04-28", "2025-05-09"),
    ("summer", "2025-07-05", ""),
)  # fmt: skip
LAST_SUMMER = (
    "FR Début des vacances d'été,NL Begin van de zomervakantie,DE Beginn der Sommerferien,EN Start of Summer"
)
# (identifier, names, month and day, or days after Easter)
PUBLIC_HOLIDAYS = (
    ("new-year", Names("Jour de l'an", "Nieuwjaar", "Neujahr"), (1, 1), 0),
    ("easter-monday", Names("Lundi de Pâques", "Paasmaandag", "Ostermontag"), None, 1),
    ("labour-day", Names("Fête du Travail", "Feest van de Arbeid", "Tag der Arbeit"), (5, 1), 0),
    ("ascension", Names("Ascension", "Hemelvaartsdag", "Christi Himmelfahrt"), None, 39),
    ("whit-monday", Names("Lundi de Pentecôte", "Pinkstermaandag", "Pfingstmontag"), None, 50),
    ("national-day", Names("Fête nationale", "Nationale feestdag", "Nationalfeiertag"), (7, 21), 0),
    ("assumption", Names("Assomption", "Onze-Lieve-Vrouw-Hemelvaart", "Mariä Himmelfahrt"), (8, 15), 0),
    ("all-saints", Names("Toussaint", "Allerheiligen", "Allerheiligen"), (11, 1), 0),
    ("armistice", Names("Armistice", "Wapenstilstand", "Waffenstillstand"), (11, 11), 0),
    ("christmas", Names("Noël", "Kerstmis", "Weihnachten"), (12, 25), 0),
)


REPLACEMENT = {
    "holiday": "ascension",
    "replaces": "2008-05-01",
    "day": "2008-05-02",
    "legalBasis": "Arrêté royal du 10 février 2008 : l'Ascension tombait le 1er mai",
}


def communes(zone: Zone, world: World) -> None:
    """`communes`: municipalities by year, the thousands separator of which changes, and localities."""
    for year, separator in ((2018, ","), (2020, " ")):
        path = f"commun/communes/belgian_municipalities_{year}.csv"
        with zone.csv(path, quoting="strings", final_newline=False) as table:
            languages = ("NL", "FR")
            divisions = ("municipality", "arrondissement", "province", "region")
            names = [f"{division}_{language}" for division in divisions for language in languages]
            table.header(("NIS_code", *names, "inhabitants", "zip"))
            for nis, commune, inhabitants, postal in _communes_in(year):
                count = inhabitants + world.dice("inhabitants", year, nis).below(400)
                text = f"{count:,}".replace(",", separator)
                anomalies: tuple[str, ...] = ()
                if nis == "93056" and year == 2018:
                    text, anomalies = "n/d", ("inhabitants",)
                # The codes of 2019 are quoted in the file of their time, the older ones are not.
                code: str | int = nis if STARTS.get(nis, "").endswith("2019") else int(nis)
                arrondissement = ARRONDISSEMENTS[commune.arrondissement]
                province = PROVINCES.get(commune.province, Names("", "", ""))
                region = REGIONS[commune.region]
                name = CLOSED[nis].names if nis in CLOSED else commune.names
                divisions_of = (name, arrondissement, province, region)
                cells = [cell for each in divisions_of for cell in (each.nl, each.fr)]
                table.row([code, *cells, text, int(postal)], anomalies=anomalies)
    with zone.csv("commun/communes/noms_localites.csv") as table:
        table.header(("Nom", "postal", "INS"))
        for locality, postal, nis in sorted(_localities()):
            table.row([locality, postal, nis], notes=() if nis else ("sans_code_ins",))


def _communes_in(year: int) -> Iterator[tuple[str, Commune, int, str]]:
    """(NIS code, commune of today, inhabitants, postal code) with the codes in force in a year, by code."""
    today = {commune.nis: commune for commune in ALL_COMMUNES}
    rows = []
    for each in FORMER_CODES:
        if int(each.end[-4:]) >= year:
            commune = today[each.successor]
            rows.append((each.nis, commune, int(commune.inhabitants * each.share), each.postal))
    for commune in ALL_COMMUNES:
        if int(STARTS.get(commune.nis, "01/01/1970")[-4:]) <= year:
            rows.append((commune.nis, commune, commune.inhabitants, commune.postal))
    return iter(sorted(rows))


def _localities() -> Iterator[tuple[str, str, str]]:
    """Municipalities in capitals under the code they had in 2018, and their localities."""
    former = {each.successor: each.nis for each in FORMER_CODES if each.nis != "82005"}
    for commune in ALL_COMMUNES:
        yield commune.names.fr.upper(), commune.postal, former.get(commune.nis, commune.nis)
        yield from commune.localities


def divisions(zone: Zone, world: World) -> None:
    """`refnis`: levels 1 to 4 with their periods of validity, closed codes included."""
    with zone.csv("commun/refnis/TU_COM_REFNIS_2025-01.csv", quoting="all") as table:
        table.header(
            (
                "LVL_REFNIS",
                "CD_REFNIS",
                "CD_SUP_REFNIS",
                "TX_REFNIS_DE",
                "TX_REFNIS_FR",
                "TX_REFNIS_NL",
                "DT_VLDT_START",
                "DT_VLDT_END",
            )
        )
        for each in sorted(_divisions()):
            notes = () if each.end.endswith("9999") else ("periode_close",)
            names = each.names
            table.row(
                [str(each.level), each.nis, each.parent, names.de, names.fr, names.nl, each.start, each.end],
                notes=notes,
            )


def _divisions() -> Iterator[Division]:
    for code, names in REGIONS.items():
        yield Division(1, code, "-", names)
    for code, names in PROVINCES.items():
        phrase = Names(PROVINCE_PHRASE[code], f"Provincie {names.nl}", f"Provinz {names.de}")
        yield Division(
            2, code, PROVINCE_REGION[code], phrase, "01/01/1995" if code[:2] == "20" else "01/01/1970"
        )
    for each in (
        *(
            Division(
                3, code, PROVINCE_OF.get(code, "04000"), names, ARRONDISSEMENT_STARTS.get(code, "01/01/1970")
            )
            for code, names in ARRONDISSEMENTS.items()
        ),
        *ENDED_DIVISIONS,
    ):
        yield each if each.level == 2 else each._replace(names=_arrondissement_names(each.names))
    for commune in ALL_COMMUNES:
        start = STARTS.get(commune.nis, "01/01/1970")
        yield Division(4, commune.nis, commune.arrondissement, commune.names, start)
    for former in FORMER_CODES:
        yield Division(4, former.nis, former.arrondissement, former.names, end=former.end)
    for code, name in MERGED_IN_1977:
        yield Division(4, code, code[:2] + "000", Names(name, name, name), end="31/12/1976")


def _arrondissement_names(names: Names) -> Names:
    link = "d’" if names.fr[0] in "AEIOU" else "de "
    return Names(f"Arrondissement {link}{names.fr}", f"Arrondissement {names.nl}", f"Bezirk {names.de}")


def population(zone: Zone, world: World) -> None:
    """`population`: a row a municipality, sex and class of ages, among which totals of divisions hide."""
    counts: dict[str, dict[tuple[str, int], int]] = {}
    for nis, commune, inhabitants, _ in _communes_in(2023):
        dice = world.dice("ages", nis)
        cells = {
            (sex, age): inhabitants * share // 2000 + dice.below(1 + inhabitants * share // 40_000)
            for age, share in zip(AGES, AGE_SHARES, strict=True)
            for sex in "FM"
        }
        counts[nis] = cells
        for total in filter(None, (commune.arrondissement, commune.province)):
            sums = counts.setdefault(total, dict.fromkeys(cells, 0))
            for cell, count in cells.items():
                sums[cell] += count
    last = max(counts)
    with zone.csv("commun/population/population_2023.csv", final_newline=False) as table:
        table.header(("nis", "sex", "age", "quantity"))
        for nis in sorted(counts):
            for (sex, age), count in counts[nis].items():
                if nis.endswith("000"):
                    table.row([nis, sex, age, count], exclude="total")
                elif (nis, sex, age) == ("92003", "M", 100):
                    table.row([nis, sex, age, None], reject="mesure_absente")
                elif (nis, sex, age) == (last, "M", 100):
                    table.row([nis, sex, age, f"{count} "], notes=("espace_final",))
                else:
                    table.row([nis, sex, age, count])


def holidays(zone: Zone, world: World) -> None:
    """`conges`: school holidays in two schemas, public holidays by day and by rule."""
    dice = world.dice("holiday-identifiers")
    rows = [(_identifier(dice.hexadecimal(32)), *holiday) for holiday in SCHOOL_HOLIDAYS]
    newer = ("Name", "Subdivisions", "Comment")
    older = ("Names", "OUnits", "Comments")
    for mark, columns, kept in (("58751ce", newer, rows), ("c67cf79", older, rows[2:-5])):
        path = f"commun/conges/holidays.school.fr_{mark}.csv"
        with zone.csv(path, delimiter=";", boms=1, final_newline=False) as table:
            table.header(("Id", "Country", "StartDate", "EndDate", "Type", *columns))
            for identifier, kind, first, last in kept:
                name = SCHOOL_BREAKS[kind] if last else LAST_SUMMER
                notes = () if last else ("sans_date_de_fin",)
                table.row([identifier, "BE", first, last, "School", name, "FR", ""], notes=notes)
    path = "commun/conges/holidays.public_c67cf79.csv"
    with zone.csv(path, delimiter=";", boms=1, final_newline=False) as table:
        table.header(("Id", "Country", "StartDate", "EndDate", "Type", "Names"))
        for year in range(2022, 2028):
            for _, names, fixed, after in PUBLIC_HOLIDAYS:
                day = date(year, *fixed) if fixed else _easter(year) + timedelta(days=after)
                label = f"FR {names.fr},NL {names.nl},DE {names.de}"
                identifier = _identifier(dice.hexadecimal(32))
                table.row([identifier, "BE", day.isoformat(), "", "Public", label])
    about = {"description": "Jours fériés légaux", "legalBasis": "Loi du 4 janvier 1974", "fromYear": 1975}
    head = json.dumps(about, ensure_ascii=False)[:-1] + ",\n"
    tail = f',\n  "replacements": {json.dumps([REPLACEMENT], ensure_ascii=False)}\n}}\n'
    with zone.json("commun/conges/public-holidays.json", head=f'{head}  "holidays": ', tail=tail) as out:
        for name, names, fixed, after in PUBLIC_HOLIDAYS:
            rule = (
                {"type": "fixed", "month": fixed[0], "day": fixed[1]}
                if fixed
                else {"type": "easter", "daysAfterEaster": after}
            )
            out.add({"id": name, "name": _by_language(names), "rule": rule})


def _identifier(digits: str) -> str:
    return str(uuid.UUID(hex=digits, version=4))


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm)."""
    golden, (century, rest) = year % 19, divmod(year, 100)
    leaps, offset = divmod(century, 4)
    epact = (19 * golden + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * offset + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _by_language(names: Names) -> dict[str, str]:
    return {"nl": names.nl, "fr": names.fr, "de": names.de}


def codes(zone: Zone, world: World) -> None:
    """`codes_bce`: legal forms and postal codes, each code a member of one object."""
    folder = "commun/codes_bce/"
    head = '{{\n  "code_prefix": "{}",\n  "codes": '
    with zone.json(f"{folder}legal_forms.json", "{}", head=head.format("lgf:"), tail="\n}\n") as out:
        for code, (en, nl, fr, de) in LEGAL_FORMS.items():
            out.add({"label_en": en, "label_nl": nl, "label_fr": fr, "label_de": de}, code)
    labels: dict[str, Names] = {}
    for commune in ALL_COMMUNES:
        labels.setdefault(commune.postal, commune.names)
        for name, postal, _ in commune.localities:
            labels.setdefault(postal, Names(name, name, name))
    with zone.json(f"{folder}postal_codes.json", "{}", head=head.format("pcd:"), tail="\n}\n") as out:
        for code, names in sorted(labels.items()):
            english = {"1000": "Brussels", "2000": "Antwerp", "9000": "Ghent"}.get(code, names.fr)
            label = {"label_en": english, "label_nl": names.nl, "label_fr": names.fr, "label_de": names.de}
            out.add(label, code)


def territory(zone: Zone, world: World) -> None:
    """`territoire`: regions, provinces and judicial districts."""
    with zone.json("commun/territoire/regions.json", tail="\n") as out:
        for code, names in REGIONS.items():
            out.add({"id": code, "name": _by_language(names), "sources": SOURCE})
    with zone.json("commun/territoire/provinces.json", tail="\n") as out:
        for code, names in PROVINCES.items():
            phrase = Names(PROVINCE_PHRASE[code], f"Provincie {names.nl}", f"Provinz {names.de}")
            region = PROVINCE_REGION[code]
            out.add({"id": code, "name": _by_language(phrase), "region": region, "sources": SOURCE})
    with zone.json("commun/territoire/arrondissements.json", tail="\n") as out:
        for name, names, area in JUDICIAL_DISTRICTS:
            out.add({"id": name, "name": _by_language(names), "judicialArea": area})
