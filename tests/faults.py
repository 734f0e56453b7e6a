"""Twenty kinds of fault, as they come in real life: what is done to a file or to the database, and what must
say so. Files are those of the sample; a fault is injected into the landing zone, as a supplier would send it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

WARNED, FAILED = "averti", "echec"
# Rounds: faults that can be there together, each on a source of its own.
FIRST, SECOND = 1, 2


@dataclass(frozen=True)
class Place:
    """Where faults are injected.

    Attributes:
        landing: a landing zone of its own.
        conninfo: of the database.
    """

    landing: Path
    conninfo: str

    def read(self, path: str) -> bytes:
        """A file of the landing zone."""
        return (self.landing / path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        """Deposits a file, as a new one: another inode, another date."""
        file = self.landing / path
        file.unlink(missing_ok=True)
        file.write_bytes(content)

    def touch(self, path: str) -> None:
        """Deposits the same file again."""
        self.write(path, self.read(path))

    def change(self, path: str, change: Callable[[str], str], encoding: str = "utf-8") -> None:
        """Deposits a file with each of its lines changed, the header left as it is."""
        header, *rows = self.read(path).decode(encoding).splitlines(keepends=True)
        self.write(path, (header + "".join(map(change, rows))).encode(encoding))

    def ask(self, sql: str) -> None:
        """Does something to the database by hand."""
        with psycopg.connect(self.conninfo) as connection:
            connection.execute(sql)


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Attributes:
        name: in French.
        looks: how it looks in the file or the database, in French.
        source: the table of the source that it is about.
        marts: those whose tests may see it.
        inject: does it.
        control: the test that must see it, a source's name for its freshness; "" for none.
        outcome: how that control must end.
        round: FIRST or SECOND.
        why: why nothing sees it, in French; "" for what is seen.
    """

    name: str
    looks: str
    source: str
    marts: tuple[str, ...]
    inject: Callable[[Place], None]
    control: str
    outcome: str = WARNED
    round: int = FIRST
    why: str = ""


PUPILS = "age/population_scolaire/population_scolaire_2024.csv"
PRIMARY = "age/eleves_par_commune/primaire_2024.csv"
NURSERY = "age/eleves_par_commune/maternel_2024.csv"
SUBSIDIES = "agc/cadastre_subventions/cadastre_2024.csv"
SCALES = "sg/baremes/baremes.csv"
PRISONS = "agmj/prisons/prisons.json"
REFNIS = "commun/refnis/TU_COM_REFNIS_2025-01.csv"
PLACES = "age/places_secondaire/remplissage_2021-2025.json"
MANDATES = "agmj/mandats/mandats_2024.csv"
CARE = "agaj/prises_en_charge/prises_en_charge_2024.csv"
PARTNERS = "age/ecoles_attributs/partenariats_2025-09-18.json"
POPULATION = "commun/population/population_2023.csv"
DATES = "age/ecoles_attributs/bce-et-dates_2025-09-18.csv"
ISE = "age/indice_socio_economique/ise_2025.csv"
HOUSES = "agmj/maisons_de_justice/maisons_de_justice.json"
PROVINCES = "commun/territoire/provinces.json"


def halved(place: Place) -> None:
    lines = place.read(PUPILS).splitlines(keepends=True)
    place.write(PUPILS, b"".join(lines[: len(lines) // 2]))


def repeated(place: Place) -> None:
    place.write(PRIMARY, place.read(PRIMARY) * 2)


def under_another_name(place: Place) -> None:
    place.write(ISE.replace("2025", "2026"), place.read(ISE))


def shifted(place: Place) -> None:
    def shift(line: str) -> str:
        cells = line.rstrip("\r\n").split(";")
        return ";".join([*cells[:5], "", *cells[5:-1]]) + "\n"

    place.change(SUBSIDIES, shift)


def in_cents(place: Place) -> None:
    place.change(SCALES, lambda line: re.sub(r"^(\d+)\.(\d\d)", r"\1\2.00", line))


def late(place: Place) -> None:
    place.ask(
        "update plateforme.chargements set recu_le = recu_le - interval '500 days' "
        "where table_nom = 'maisons_de_justice'"
    )


def new_category(place: Place) -> None:
    prisons = json.loads(place.read(PRISONS))
    prisons[-1]["kind"] = "forensic-centre"
    place.write(PRISONS, json.dumps(prisons).encode())


def encoded_twice(place: Place) -> None:
    place.change(MANDATES, lambda line: line.encode().decode("latin-1"), "utf-8-sig")


def cp1252_read_as_utf8(place: Place) -> None:
    header, rows = place.read(CARE).split(b"\n", 1)
    place.write(CARE, header + b"\n" + rows.decode().encode("cp1252", "replace"))


def renumbered(place: Place) -> None:
    schools = json.loads(place.read(PLACES))
    place.write(PLACES, json.dumps({re.sub(r"/3", "/8", key): one for key, one in schools.items()}).encode())


def column_missing(place: Place) -> None:
    lines = place.read(MANDATES).decode().splitlines()
    kept = [";".join([*cells[:3], *cells[4:]]) for cells in (line.split(";") for line in lines)]
    place.write(MANDATES, "\r\n".join(kept).encode())


def column_added(place: Place) -> None:
    header, *rows = place.read(CARE).decode().splitlines()
    lines = [f"{header};Nom du jeune", *(f"{row};X" for row in rows)]
    place.write(CARE, "\n".join(lines).encode())


def walks(place: Place) -> tuple[str, dict]:
    """The last extract of the walks: its path and content."""
    path = max((place.landing / "ags/points_verts").glob("*.json"))
    return path.relative_to(place.landing).as_posix(), json.loads(path.read_bytes())


def emptied(place: Place) -> None:
    path, extract = walks(place)
    for record in extract["records"]:
        for cell in ("latitude", "longitude", "geopoint"):
            record["fields"].pop(cell, None)
    place.write(path, json.dumps(extract).encode())


def cut_json(place: Place) -> None:
    content = place.read(PARTNERS)
    place.write(PARTNERS, content[: len(content) * 2 // 3])


def english_thousands(place: Place) -> None:
    place.change(POPULATION, lambda line: re.sub(r"(\d+)(\d{3})(?=\r?\n$)", r'"\1,\2"', line))


def american_dates(place: Place) -> None:
    place.change(DATES, lambda line: re.sub(r'"(\d\d)-(\d\d)-(\d{4})"', r'"\2/\1/\3"', line))


def swapped(place: Place) -> None:
    path, extract = walks(place)
    for record in extract["records"]:
        cells = record["fields"]
        cells["latitude"], cells["longitude"] = cells.get("longitude"), cells.get("latitude")
    place.write(path, json.dumps(extract).encode())


def rows_deleted(place: Place) -> None:
    place.ask("delete from raw_sg.agents where source_ligne % 10 = 0")


def loaded_twice(place: Place) -> None:
    place.ask("insert into raw_commun.provinces select * from raw_commun.provinces")


def sorted_apart(place: Place) -> None:
    lines = [line.rsplit(",", 1) for line in place.read(NURSERY).decode().splitlines()]
    # Totals keep their place, as somebody would who sorts the communes alone.
    communes = [line for line in lines if not line[0].startswith("3000,")]
    counts = iter(sorted((count for _, count in communes), key=int))
    rows = [f"{start},{count if start.startswith('3000,') else next(counts)}" for start, count in lines]
    place.write(NURSERY, "\n".join([*rows, ""]).encode())


FAULTS: Sequence[Fault] = (
    Fault(
        "Fichier coupé en deux",
        "La seconde moitié des lignes de population_scolaire_2024.csv manque.",
        "population_scolaire", ("fct_population_scolaire",), halved,
        "population_scolaire_volume_comparable",
    ),
    Fault(
        "Lignes répétées",
        "Toutes les lignes de primaire_2024.csv viennent deux fois.",
        "eleves_primaire", ("fct_eleves_par_commune",), repeated,
        "eleves_primaire_volume_comparable",
    ),
    Fault(
        "Chargement en double",
        "Le fichier de 2025 de l'indice socio-économique est redéposé sous le nom de 2026.",
        "indice_socio_economique", ("fct_indice_socio_economique",), under_another_name,
        "indice_socio_economique_entier_en_base", FAILED,
    ),
    Fault(
        "Colonne décalée",
        "Dans cadastre_2024.csv, tout glisse d'une colonne à partir du centre financier.",
        "cadastre_subventions", ("fct_subvention", "fct_subvention_particulier"), shifted,
        "cadastre_subventions__paiements_ecarts_peu_nombreux",
    ),
    Fault(
        "Changement d'unité",
        "Les barèmes sont en cents : 2305036.00 au lieu de 23050.36.",
        "baremes", ("fct_bareme",), in_cents,
        "fct_bareme_montant_annuel_moyenne_stable",
    ),
    Fault(
        "Fichier en retard",
        "Rien n'est venu des maisons de justice depuis plus de 500 jours.",
        "maisons_de_justice", ("dim_maison_de_justice",), late,
        "maisons_de_justice.maisons_de_justice",
    ),
    Fault(
        "Catégorie nouvelle",
        "Une prison est d'un genre que personne n'a déclaré, « forensic-centre ».",
        "prisons", ("dim_prison",), new_category,
        "dim_prison_genre_connu", FAILED,
    ),
    Fault(
        "Accents encodés deux fois",
        "Dans mandats_2024.csv, « é » est devenu « Ã© » : le fournisseur a pris de l'UTF-8 pour du Latin-1.",
        "mandats", ("fct_mandat_maison",), encoded_twice,
        "mandats_entier_en_base", FAILED, SECOND,
    ),
    Fault(
        "Windows-1252 lu comme de l'UTF-8",
        "prises_en_charge_2024.csv arrive en Windows-1252 : les lignes accentuées sont illisibles.",
        "prises_en_charge", ("fct_prise_en_charge_arrondissement",), cp1252_read_as_utf8,
        "prises_en_charge_comme_declare", WARNED, SECOND,
    ),
    Fault(
        "Relation rompue",
        "Les implantations des places en secondaire ont d'autres numéros que dans la signalétique.",
        "places_secondaire", ("fct_places_secondaire",), renumbered,
        "fct_places_secondaire_implantations_retrouvees", FAILED,
    ),
    Fault(
        "Colonne absente",
        "mandats_2024.csv n'a plus la colonne « Type de mandat ».",
        "mandats", ("fct_mandat_maison",), column_missing,
        "mandats_comme_declare",
    ),
    Fault(
        "Colonne nouvelle",
        "prises_en_charge_2024.csv a une colonne de plus, « Nom du jeune ».",
        "prises_en_charge", ("fct_prise_en_charge_arrondissement",), column_added,
        "prises_en_charge_comme_declare",
    ),
    Fault(
        "Flot de cases vides",
        "Le dernier extrait des points verts n'a plus de coordonnées.",
        "points_verts", ("fct_marche",), emptied,
        "fct_marche_latitude_toujours_rempli",
    ),
    Fault(
        "JSON coupé",
        "Les partenariats s'arrêtent au milieu d'un enregistrement.",
        "partenariats", (), cut_json,
        "partenariats_comme_declare",
    ),
    Fault(
        "Milliers à l'anglaise",
        "Les habitants de population_2023.csv s'écrivent « 15,459 » au lieu de 15459.",
        "population", ("fct_population_commune",), english_thousands,
        "population__habitants_ecarts_peu_nombreux",
    ),
    Fault(
        "Autre forme de date",
        "Les dates de la BCE sont écrites 09/21/2005 au lieu de 21-09-2005.",
        "bce_et_dates", (), american_dates,
        "ecoles_attributs__dates_bce_ecarts_peu_nombreux",
    ),
    Fault(
        "Deux colonnes échangées",
        "La latitude des points verts est dans la longitude, et inversement.",
        "points_verts", ("fct_marche",), swapped,
        "fct_marche_latitude_en_belgique", WARNED, SECOND,
    ),
    Fault(
        "Lignes effacées à la main",
        "Une ligne sur dix est effacée de raw_sg.agents.",
        "agents", ("fct_effectif",), rows_deleted,
        "agents_entier_en_base", FAILED, SECOND,
    ),
    Fault(
        "Lignes insérées à la main",
        "Les lignes de raw_commun.provinces sont insérées une seconde fois dans la base.",
        "provinces", (), loaded_twice,
        "provinces_entier_en_base", FAILED, SECOND,
    ),
    Fault(
        "Colonne triée sans les autres",
        "Dans maternel_2024.csv, les nombres d'élèves sont triés, et plus en face de leur commune.",
        "eleves_maternel", ("fct_eleves_par_commune",), sorted_apart,
        "", "", SECOND,
        "Les valeurs sont plausibles, au même nombre et de même somme : seule une comparaison avec une autre "
        "source, ou ligne à ligne avec l'année d'avant, le verrait.",
    ),
)  # fmt: skip


def repair(place: Place, good: dict[str, bytes]) -> None:
    """Deposits the good files again, in the place of the bad ones."""
    for path, content in good.items():
        if place.read(path) != content:
            place.write(path, content)
