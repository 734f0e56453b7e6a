"""The tally of the generator against what an independent reading of the files finds."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest

from dev.sample import FileTally, generate
from dev.sample.reference import has_valid_checksum

REGISTER = "age/signaletique_fase/signaletique-fase_2025-10-20.csv"
SEMICOLONS = re.compile(
    r"signaletique|population_scolaire|cadastre|prises|mandats|points_verts|holidays|index_"
)
HEADERLESS = re.compile(r"/ise_|ecoles_secondaires|immersion|maternel_|primaire_")


class Reading(NamedTuple):
    """A CSV file as read: records by header, physical lines rejected, blank lines at the end."""

    header: list[str]
    rows: list[list[str]]
    rejected: list[str]
    blank: int


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("zone")


@pytest.fixture(scope="module", autouse=True)
def tallies(zone: Path) -> dict[str, FileTally]:
    return generate(zone)


def parse(text: str, delimiter: str) -> list[str] | None:
    try:
        (record,) = csv.reader([text], delimiter=delimiter, strict=True)
    except csv.Error:
        return None
    return record


def read(zone: Path, path: str) -> Reading:
    """Reads line by line; a record may go on over two lines, and a line that fails is rejected alone."""
    delimiter = ";" if SEMICOLONS.search(path) else ","
    encoding = "cp1252" if path.endswith("cadastre_2023.csv") else "utf-8"
    text = (zone / path).read_bytes().decode(encoding).lstrip("\ufeff")
    lines = re.split(r"\r?\n", text)
    if lines[-1] == "":
        lines.pop()
    records, rejected, blank, position = [], [], 0, 0
    while position < len(lines):
        line = lines[position]
        position += 1
        if not line:
            blank += 1
            continue
        rejected, blank = rejected + [""] * blank, 0
        record = parse(line, delimiter)
        if record is None and position < len(lines):
            record = parse(line + "\n" + lines[position], delimiter)
            position += record is not None
        if record is None or (records and len(record) != len(records[0])):
            rejected.append(line)
        else:
            records.append(record)
    header = [] if HEADERLESS.search(path) else records.pop(0)
    return Reading(header, records, rejected, blank)


def column(reading: Reading, name: str) -> list[str]:
    return [row[reading.header.index(name)] for row in reading.rows]


def walk(value: Any, *steps: str) -> Iterable[Any]:
    """Elements of a JSON value: a step is a member, or `*` for all elements or members."""
    if not steps:
        yield value
    elif steps[0] == "*":
        for each in value if isinstance(value, list) else value.values():
            yield from walk(each, *steps[1:])
    else:
        yield from walk(value[steps[0]], *steps[1:])


def is_day(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text, pattern)
    except ValueError:
        return False
    return True


def test_csv_rows_rejects_and_blank_lines(zone: Path, tallies: dict[str, FileTally]) -> None:
    found, counted = {}, {}
    for path, tally in tallies.items():
        if path.endswith(".csv"):
            reading = read(zone, path)
            found[path] = (len(reading.rows), len(reading.rejected), reading.blank)
            counted[path] = (tally.lignes, tally.rejets_chargement.total(), tally.lignes_vides)
    assert found == counted
    assert sum(rejected for _, rejected, _ in counted.values()) >= 8
    assert sum(blank for _, _, blank in counted.values()) == 1
    assert sum(tally.rejets_chargement["ligne_vide"] for tally in tallies.values()) == 2


def test_json_rows(zone: Path, tallies: dict[str, FileTally]) -> None:
    steps = {
        "places_secondaire": ("*", "*"),
        "ecoles_geolocalisees": ("*", "*"),
        "points_verts": ("records", "*"),
        "codes_bce": ("codes", "*"),
        "conges": ("holidays", "*"),
    }
    files = [path for path in tallies if path.endswith(".json")]
    assert len(files) == 15
    for path in files:
        value = json.loads((zone / path).read_text(encoding="utf-8"))
        rows = list(walk(value, *steps.get(path.split("/")[1], ("*",))))
        assert len(rows) == tallies[path].lignes, path


def test_register_has_the_shape_and_dirt_of_the_real_one(zone: Path, tallies: dict[str, FileTally]) -> None:
    content = (zone / REGISTER).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf\xef\xbb\xbfN\xc2\xb0 FASE")
    assert content.count(b"\r\n") == content.count(b"\n")
    reading, tally = read(zone, REGISTER), tallies[REGISTER]
    assert len(reading.header) == 28
    keys = [[row[0], row[13], row[3]] for row in reading.rows]
    good = [key for key in keys if key[0].isdecimal() and key[1].isdecimal()]
    assert len(keys) - len(good) == tally.rejets.total() == 2
    assert len(set(map(tuple, good))) == len(good)
    assert len({key[0] for key in good}) == 120
    assert len({key[1] for key in good}) == 200
    numbers = column(reading, "Numéro BCE de l'établissement")
    wrong = [number for number in numbers if number and not has_valid_checksum(number)]
    assert len(wrong) == tally.anomalies["numero_bce_de_l_etablissement"] > 0
    assert numbers.count("") == tally.particularites["sans_numero_bce"] > 0
    latitudes = column(reading, "Latitude")
    assert latitudes.count("n/d") == tally.anomalies["latitude"] > 0
    assert latitudes.count("") == tally.particularites["sans_coordonnees"] > 0
    assert sorted(tally.rejets_chargement) == ["guillemet_isole", "nombre_de_champs"]
    assert any('""' in line for line in content.decode("utf-8").splitlines())


def test_one_organiser_has_one_description(zone: Path) -> None:
    reading = read(zone, REGISTER)
    start = reading.header.index("N° FASE du P.O.")
    described = {row[start]: tuple(row[start + 1 : start + 7]) for row in reading.rows}
    assert all(described[row[start]] == tuple(row[start + 1 : start + 7]) for row in reading.rows)
    assert all(has_valid_checksum(number) for number in column(reading, "N° BCE du P.O."))
    assert len(described) > 50


def test_all_communes_are_used_and_postal_codes_are_theirs(zone: Path) -> None:
    reading = read(zone, REGISTER)
    localities = read(zone, "commun/communes/noms_localites.csv").rows
    communes = json.loads((zone / "commun/codes_bce/postal_codes.json").read_text(encoding="utf-8"))["codes"]
    places = set(
        zip(
            column(reading, "Code postal de l'implantation"),
            column(reading, "Commune de l'implantation"),
            strict=True,
        )
    )
    assert len({commune for _, commune in places}) == 32
    assert {postal for postal, _ in places} <= set(communes) & {postal for _, postal, _ in localities}
    refnis = read(zone, "commun/refnis/TU_COM_REFNIS_2025-01.csv").rows
    current = {row[4] for row in refnis if row[0] == "4" and row[7] == "31/12/9999"}
    assert {commune for _, commune in places} <= current


def test_socio_economic_index_joins_the_register(zone: Path, tallies: dict[str, FileTally]) -> None:
    sites = {(row[0], row[13]) for row in read(zone, REGISTER).rows}
    odd = {"v0": r"", "2023": r"\d+ et \d+", "2025": r"3[ab]"}
    for edition, pattern in odd.items():
        path = f"age/indice_socio_economique/ise_{edition}.csv"
        rows, tally = read(zone, path).rows, tallies[path]
        strange = [row for row in rows if not row[2].isdecimal()]
        assert all(re.fullmatch(pattern, row[2]) for row in strange)
        assert len(strange) == tally.particularites.total() > 0
        keyed = [row for row in rows if row[0].isdecimal() and row[1].isdecimal()]
        assert len(rows) - len(keyed) == tally.rejets.total() == 2
        assert {(row[0], row[1]) for row in keyed} <= sites
    assert b"\r\n" in (zone / "age/indice_socio_economique/ise_2025.csv").read_bytes()
    assert b"\r" not in (zone / "age/indice_socio_economique/ise_v0.csv").read_bytes()


def test_snapshots_gain_fields(zone: Path, tallies: dict[str, FileTally]) -> None:
    fields = []
    for day in ("2024-09-17", "2024-09-19", "2025-09-18"):
        path = f"age/ecoles_geolocalisees/ecoles_{day}.json"
        value = json.loads((zone / path).read_text(encoding="utf-8"))
        assert list(value) == ["primary", "secondary"]
        fields.append(set(value["primary"][0]))
        spoilt = sum(isinstance(row["geo"]["lat"], str) for row in walk(value, "*", "*"))
        assert spoilt == tallies[path].anomalies["geo_lat"]
    assert fields[1] - fields[0] == {"partenaria", "ise", "immersion"}
    assert fields[2] - fields[1] == {"fill"}
    assert spoilt > 0


def test_places_have_two_shapes_over_the_same_schools(zone: Path) -> None:
    folder = zone / "age/places_secondaire"
    icons = json.loads((folder / "remplissage_2019-2023.json").read_text(encoding="utf-8"))
    objects = json.loads((folder / "remplissage_2021-2025.json").read_text(encoding="utf-8"))
    assert list(icons) == list(objects)
    assert sum(value == {} for value in icons.values()) > 0
    assert all(re.search(r"statutInscr[0-5]\.png$", icon) for icon in walk(icons, "*", "*"))
    assert all(set(place) == {"fill_number", "declared", "received"} for place in walk(objects, "*", "*"))
    assert "-" in {place["received"] for place in walk(objects, "*", "*")}
    schools = {f"{row[0]}/{row[13]}" for row in read(zone, REGISTER).rows}
    assert set(icons) <= schools


def test_walks_are_the_same_in_both_formats(zone: Path, tallies: dict[str, FileTally]) -> None:
    stem = "ags/points_verts/points_verts_2025-06-14"
    value = json.loads((zone / f"{stem}.json").read_text(encoding="utf-8"))
    assert value["nhits"] == len(value["records"]) == 60
    reading = read(zone, f"{stem}.csv")
    flat = [dict(zip(reading.header, row, strict=True)) for row in reading.rows]
    for record, row in zip(value["records"], flat, strict=True):
        received = dict(record["fields"])
        received["geopoint"] = ", ".join(map(str, received["geopoint"]))
        assert {name: str(cell) for name, cell in received.items()} == {k: v for k, v in row.items() if v}
    assert tallies[f"{stem}.json"].as_dict() == tallies[f"{stem}.csv"].as_dict()
    tally = tallies[f"{stem}.csv"]
    assert sum(not row["id"].isdecimal() for row in flat) == tally.rejets.total() == 2
    assert sum(not is_day(row["date"], "%Y-%m-%d") for row in flat) == tally.anomalies["date"] == 1
    assert sum(row["latitude"] == "n/d" for row in flat) == tally.anomalies["latitude"] == 1
    assert sum(row["pmr"] not in ("Oui", "Non") for row in flat) == tally.anomalies["pmr"] == 1


@pytest.mark.parametrize(
    ("year", "amount", "number", "day"),
    [
        (2023, "Montant du soutien (EUR)", "Bénéficiaire - numéro entreprise", "%d/%m/%Y"),
        (2024, "Montant liquidé en EUR", "N° d'entreprise", "%Y-%m-%d"),
    ],
)
def test_subsidies(
    zone: Path, tallies: dict[str, FileTally], year: int, amount: str, number: str, day: str
) -> None:
    path = f"agc/cadastre_subventions/cadastre_{year}.csv"
    reading, tally = read(zone, path), tallies[path]
    totals = [row for row in reading.rows if row[1].startswith("TOTAL")]
    assert len(totals) == tally.exclusions["total"] == (1 if year == 2023 else 0)
    rows = Reading(reading.header, reading.rows[: len(reading.rows) - len(totals)], [], 0)
    amounts = [
        text.replace("\u00a0", "").replace(",", ".") if year == 2023 else text
        for text in column(rows, amount)
    ]
    good = [float(text) for text in amounts if re.fullmatch(r"-?\d+\.\d\d", text)]
    assert len(rows.rows) - len(good) == tally.rejets["mesure_invalide"] == 1
    assert sum(value < 0 for value in good) == tally.particularites["montant_negatif"] == 1
    assert [row[1] for row in rows.rows].count("") == tally.rejets["cle_absente"] == 1
    if totals:
        total = float(totals[0][7].replace("\u00a0", "").replace(",", "."))
        assert total == pytest.approx(sum(good))
        assert "\u00a0" in totals[0][7]
    numbers = column(rows, number)
    cleaned = [re.sub(r"\D", "", text).zfill(10) for text in numbers if text]
    assert (
        sum(not has_valid_checksum(text) for text in cleaned)
        == tally.anomalies["beneficiaire_numero_entreprise"]
    )
    assert tally.anomalies["beneficiaire_numero_entreprise"] == 1
    shapes = {re.sub(r"\d", "9", text) for text in numbers}
    assert {"", "BE9999999999", "9999.999.999", "999999999"} <= shapes
    assert numbers.count("") == tally.particularites["particulier"] > 0
    days = column(rows, "Date de liquidation")
    assert sum(not is_day(text, day) for text in days) == tally.anomalies["date_de_liquidation"] == 1
    assert (
        sum("\n" in cell for row in rows.rows for cell in row)
        == tally.particularites["retour_a_la_ligne"]
        == 1
    )
    payments = Counter(row[1] for row in rows.rows)
    assert max(payments.values()) > 1


def test_subsidies_change_headers_and_encoding(zone: Path) -> None:
    folder = zone / "agc/cadastre_subventions"
    with pytest.raises(UnicodeDecodeError):
        (folder / "cadastre_2023.csv").read_bytes().decode("utf-8")
    before = read(zone, "agc/cadastre_subventions/cadastre_2023.csv").header
    after = read(zone, "agc/cadastre_subventions/cadastre_2024.csv").header
    assert len(set(before) - set(after)) == 6
    assert set(after) - set(before) >= {"Type de bénéficiaire", "Dossier"}


def test_municipalities_receive_subsidies_under_the_number_they_have_as_organisers(zone: Path) -> None:
    organisers = set(column(read(zone, REGISTER), "N° BCE du P.O."))
    numbers = column(read(zone, "agc/cadastre_subventions/cadastre_2024.csv"), "N° d'entreprise")
    assert len({re.sub(r"\D", "", number).zfill(10) for number in numbers} & organisers) > 3


@pytest.mark.parametrize("year", [2023, 2024])
def test_care(zone: Path, tallies: dict[str, FileTally], year: int) -> None:
    path = f"agaj/prises_en_charge/prises_en_charge_{year}.csv"
    reading, tally = read(zone, path), tallies[path]
    starts, ends = column(reading, "Date de début"), column(reading, "Date de fin")
    assert sum(not is_day(text, "%d/%m/%Y") for text in starts) == tally.rejets["mesure_invalide"] == 1
    assert sum(bool(t) and not is_day(t, "%d/%m/%Y") for t in ends) == tally.anomalies["date_de_fin"] == 1
    births = column(reading, "Date de naissance")
    assert sum(not is_day(t, "%d/%m/%Y") for t in births) == tally.anomalies["date_de_naissance"] == 1
    youths = column(reading, "Identifiant du jeune")
    assert youths.count("") == tally.rejets["cle_absente"] == 1
    assert len(set(youths)) < len(youths), "some youths have several periods"
    known = {code for _, _, code in read(zone, "commun/communes/noms_localites.csv").rows} | {
        row[1] for row in read(zone, "commun/refnis/TU_COM_REFNIS_2025-01.csv").rows
    }
    assert set(column(reading, "Code NIS de la commune")) <= known


@pytest.mark.parametrize("year", [2023, 2024])
def test_mandates_name_a_house_of_justice(zone: Path, tallies: dict[str, FileTally], year: int) -> None:
    path = f"agmj/mandats/mandats_{year}.csv"
    reading, tally = read(zone, path), tallies[path]
    houses = json.loads(
        (zone / "agmj/maisons_de_justice/maisons_de_justice.json").read_text(encoding="utf-8")
    )
    assert set(column(reading, "Maison de justice")) <= {house["id"] for house in houses}
    ids = column(reading, "N° de mandat")
    assert ids.count("") == tally.rejets["cle_absente"] == 1
    assert len(set(ids)) == len(ids)
    received, closed = column(reading, "Date de réception"), column(reading, "Date de clôture")
    assert sum(not is_day(text, "%Y-%m-%d") for text in received) == tally.rejets["mesure_invalide"] == 1
    assert (
        sum(bool(t) and not is_day(t, "%Y-%m-%d") for t in closed) == tally.anomalies["date_de_cloture"] == 1
    )
    postal = column(reading, "Code postal du domicile")
    assert sum(not t.isdecimal() for t in postal) == tally.anomalies["code_postal_du_domicile"] == 1


@pytest.mark.parametrize("year", [2024, 2025])
def test_agents_workbook(zone: Path, tallies: dict[str, FileTally], year: int) -> None:
    path = f"sg/agents/agents_{year}.xlsx"
    tally = tallies[path]
    book = openpyxl.load_workbook(zone / path, read_only=True)
    header, *rows = [list(row) for row in book["Agents"].iter_rows()]
    assert [cell.value for cell in header][:4] == ["Matricule", "Nom", "Prénom", "Date de naissance"]
    assert len(rows) == tally.lignes == 60
    numbers = [row[0].value for row in rows]
    assert numbers.count(None) == tally.rejets["cle_absente"] == 1
    assert sum(isinstance(number, str) for number in numbers) == tally.rejets["cle_non_numerique"] == 1
    assert {row[0].number_format for row in rows if isinstance(row[0].value, int)} == {"00000"}
    scales = [row[6].value for row in rows]
    assert scales.count("#N/A") == tally.anomalies["bareme"] == 1
    pay = {row[2] for row in read(zone, "sg/baremes/baremes.csv").rows}
    assert set(scales) - {"#N/A"} <= pay
    births = [row[3].value for row in rows]
    assert sum(isinstance(day, str) for day in births) == tally.anomalies["date_de_naissance"] == 1
    assert all(
        date(1960, 1, 1) <= day.date() <= date(2001, 12, 31) for day in births if not isinstance(day, str)
    )
    assert all(str(row[9].value).endswith("@example.org") for row in rows)
    book.close()


def test_totals_hide_in_the_population_and_add_up(zone: Path, tallies: dict[str, FileTally]) -> None:
    path = "commun/population/population_2023.csv"
    rows, tally = read(zone, path).rows, tallies[path]
    totals = [row for row in rows if row[0].endswith("000")]
    assert len(totals) == tally.exclusions["total"] > 0
    province = sum(int(row[3]) for row in totals if row[0] == "60000")
    communes = sum(int(row[3]) for row in rows if row[0][0] == "6" and not row[0].endswith("000"))
    assert province == communes > 0
    assert [row[3] for row in rows].count("") == tally.rejets["mesure_absente"] == 1
    assert sum(row[3] != row[3].strip() for row in rows) == tally.particularites["espace_final"] == 1


def test_first_row_of_pupils_by_commune_is_their_total(zone: Path, tallies: dict[str, FileTally]) -> None:
    for stage in ("maternel", "primaire"):
        path = f"age/eleves_par_commune/{stage}_2024.csv"
        total, *rows = read(zone, path).rows
        assert total[:2] == ["3000", "Wallonie"]
        assert int(total[2]) == sum(int(row[2]) for row in rows)
        assert tallies[path].exclusions["total"] == 1


def test_municipalities_change_separator_and_codes(zone: Path, tallies: dict[str, FileTally]) -> None:
    before = read(zone, "commun/communes/belgian_municipalities_2018.csv")
    after = read(zone, "commun/communes/belgian_municipalities_2020.csv")
    assert all(re.fullmatch(r"\d{1,3}(,\d{3})*|n/d", text) for text in column(before, "inhabitants"))
    assert all(re.fullmatch(r"\d{1,3}( \d{3})*", text) for text in column(after, "inhabitants"))
    path = "commun/communes/belgian_municipalities_2018.csv"
    assert column(before, "inhabitants").count("n/d") == tallies[path].anomalies["inhabitants"] == 1
    codes = [
        dict(zip(column(r, "municipality_FR"), column(r, "NIS_code"), strict=True)) for r in (before, after)
    ]
    changed = {name for name in codes[0] if codes[0][name] != codes[1].get(name)}
    assert changed == {"Mouscron", "Enghien", "La Louvière"}


def test_divisions_keep_the_history_of_a_merger(zone: Path) -> None:
    rows = read(zone, "commun/refnis/TU_COM_REFNIS_2025-01.csv").rows
    bastogne = sorted((row[1], row[6], row[7]) for row in rows if row[0] == "4" and row[4] == "Bastogne")
    assert bastogne == [
        ("82003", "01/01/1970", "31/12/2024"),
        ("82039", "01/01/2025", "31/12/9999"),
    ]
    assert {row[0] for row in rows} == {"1", "2", "3", "4"}
    parents = {row[1] for row in rows} | {"-"}
    assert {row[2] for row in rows} <= parents
    keys = [(row[1], row[6]) for row in rows]
    assert len(set(keys)) == len(keys)


def test_school_holidays_have_two_schemas_of_the_same_rows(zone: Path) -> None:
    newer = read(zone, "commun/conges/holidays.school.fr_58751ce.csv")
    older = read(zone, "commun/conges/holidays.school.fr_c67cf79.csv")
    assert newer.header[5:] == ["Name", "Subdivisions", "Comment"]
    assert older.header[5:] == ["Names", "OUnits", "Comments"]
    identifiers = [row[0] for row in newer.rows]
    assert {row[0] for row in older.rows} < set(identifiers)
    assert len(set(identifiers)) == len(identifiers)
    assert [row[3] for row in newer.rows].count("") == 1


def test_public_holidays_fall_on_known_days(zone: Path) -> None:
    reading = read(zone, "commun/conges/holidays.public_c67cf79.csv")
    days = {(row[2], row[5].split(",")[0]) for row in reading.rows}
    assert {
        ("2022-04-18", "FR Lundi de Pâques"),
        ("2024-05-09", "FR Ascension"),
        ("2025-06-09", "FR Lundi de Pentecôte"),
        ("2026-05-14", "FR Ascension"),
    } <= days


def test_price_index_has_a_decimal_comma(zone: Path) -> None:
    content = (zone / "sg/index/index_2025-03-01.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfvalid_since;index;rank\r\n01/01/1990;1;0\r\n")
    assert not content.endswith(b"\n")
    values = column(read(zone, "sg/index/index_2025-03-01.csv"), "index")
    assert values[:3] == ["1", "1,02", "1,0404"]


def test_pay_scales_and_dates_of_schools(zone: Path, tallies: dict[str, FileTally]) -> None:
    pay = read(zone, "sg/baremes/baremes.csv")
    assert column(pay, "bareme").count("n/d") == tallies["sg/baremes/baremes.csv"].rejets.total() == 1
    path = "age/ecoles_attributs/bce-et-dates_2025-09-18.csv"
    starts = column(read(zone, path), "StartDate")
    assert starts.count("") == tallies[path].particularites["date_nulle"] > 0
    wrong = [text for text in starts if text and not is_day(text, "%d-%m-%Y")]
    assert wrong == ["31-02-2004"]
    assert tallies[path].anomalies["startdate"] == 1


def test_no_contact_is_real(zone: Path) -> None:
    text = "".join(path.read_bytes().decode("latin-1") for path in zone.rglob("*") if path.is_file())
    addresses = set(re.findall(r"[\w.+-]+@([\w.-]+)", text))
    assert addresses == {"example.org"}
    hosts = set(re.findall(r"https?://([\w.-]+)", text))
    spared = {"schemas.openxmlformats.org"}  # the namespaces of Excel files
    assert all(host.endswith("example.org") for host in hosts - spared)
    assert all(phone.startswith("+320000") for phone in re.findall(r"\+32\d+", text))
