"""The parts of rights that need no database: identifiers, holds, dates, files, the register."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from donnees_au_centre.administration import ours
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.fingerprints import fingerprint, witness
from donnees_au_centre.privacy.files import files_with
from donnees_au_centre.privacy.holds import FILE, Hold, Person, held_datasets, held_people, read_holds
from donnees_au_centre.privacy.persons import Asked, read_asked
from donnees_au_centre.privacy.places import Table, pattern
from donnees_au_centre.privacy.purge import months_before, parsed_date
from donnees_au_centre.privacy.register import COLUMNS, as_csv, concerned, missing, rows, write_register
from donnees_au_centre.privacy.requests import Dossier, _elsewhere, is_telling
from donnees_au_centre.project.datasets import Column, Dataset, Responsible, Retention
from donnees_au_centre.project.nodes import Manifest

OWNER = Responsible(fonction="Direction d'essai", courriel="essai@fwb.example")
DATASET = Dataset(
    unique_id="source.p.dossiers.dossiers", kind="source", domain="agaj", name="dossiers.dossiers",
    schema="raw_agaj", identifier="dossiers", file="models/agaj/_dossiers.yml", description="Des dossiers.",
    owner=OWNER, owner_assigned=True, steward=OWNER, steward_assigned=True, strategic=False,
    classification="sensible", purpose="=Suivre <b>", legal_basis="Décret", authority="Application",
    retention=Retention(mois=120, depuis="reception", sort="effacement"), refresh=None, synonyms=(),
    subjects="Élèves", recipients="Service", transfers=None, measures="Pseudonymes",
    columns=(Column("nom", "", None, "identifiant_direct", None), Column("annee", "", None, "aucune", None)),
)  # fmt: skip
MART = replace(DATASET, unique_id="model.p.fct", kind="mart", name="fct", schema="agaj", identifier="fct")


def test_identifiers_say_their_administration_or_take_the_given_one() -> None:
    known = {"agaj", "sg"}
    assert read_asked("agaj:J1; sg: 10023 ", None, known) == [Asked("agaj", "J1"), Asked("sg", "10023")]
    assert read_asked("J1", "agaj", known) == [Asked("agaj", "J1")]
    assert read_asked("J1", "", known) == [Asked(None, "J1")]
    assert read_asked("AGAJ: J1; PC:2", "SG", known) == [Asked("agaj", "J1"), Asked("sg", "PC:2")]
    for identifiers, domain, words in (
        ("", None, "De quelle personne"),
        ("x:J1", None, "x n'a pas de source"),
    ):
        with pytest.raises(PlatformError, match=words):
            read_asked(identifiers, domain, known)


def test_a_fingerprint_hangs_on_the_key_and_not_on_the_writing() -> None:
    key, other = b"k" * 32, b"o" * 32
    assert fingerprint(key, " Dupré  zoé") == fingerprint(key, "DUPRÉ ZOÉ") != fingerprint(other, "DUPRÉ ZOÉ")
    assert witness(key) != witness(other) and len(witness(key)) == 16


@pytest.mark.parametrize(
    ("value", "telling"),
    [("J0000169", True), ("a@b.be", True), ("21/09/2021", False), ("10023", False), ("1000", False),
     ("Zoé", False), ("0950.001.667", True), ("PC-2023-000001", True)],
)  # fmt: skip
def test_dates_and_short_numbers_tell_nobody(value: str, telling: bool) -> None:
    assert is_telling(value) is telling


def test_a_value_is_looked_for_as_a_whole_word() -> None:
    assert pattern({"J1"}) == "(^|[^[:alnum:]])(J1)([^[:alnum:]]|$)"
    assert r"DE\s+LA" in pattern({"DE  LA"})


def test_lines_of_a_file_are_those_of_the_table_that_read_them() -> None:
    """Two tables may read one workbook, each its own sheet: line 5 is somebody else's on the other sheet."""
    lines = {("sg.agents.an_2023", "sg/agents/x.xlsx", 5), ("sg.agents.an_2024", "sg/agents/x.xlsx", 7)}
    dossier = Dossier([], [], [], set(), set(), lines, {})
    gaps = Table("sg_staging", "ecarts", {"source_fichier": "text", "source_ligne": "bigint"}, True)
    place = _elsewhere(gaps, ("sg.agents.an_2023",), dossier)
    assert place is not None
    written = place.condition.as_string(None)
    assert "'{5}'" in written
    assert "7" not in written


def test_months_end_on_a_day_that_exists() -> None:
    assert months_before(date(2026, 3, 31), 1) == date(2026, 2, 28)
    assert months_before(date(2028, 3, 31), 1) == date(2028, 2, 29)
    assert months_before(date(2026, 1, 15), 120) == date(2016, 1, 15)
    assert months_before(date(2026, 12, 1), 11) == date(2026, 1, 1)


def test_a_form_of_date_has_its_three_parts() -> None:
    assert r"\\3-\\2-\\1" in parsed_date("debut", "dd/MM/yyyy").as_string(None)
    with pytest.raises(PlatformError, match="format_date « dd/MM »"):
        parsed_date("debut", "dd/MM")


def write_holds(folder: Path, text: str) -> Path:
    (folder / FILE).parent.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


GOOD = "motif: Recours, approbateur: Juridique, jusqu_a: 2027-06-30"


def test_holds_are_read(tmp_path: Path) -> None:
    assert read_holds(tmp_path, [DATASET]) == []
    assert read_holds(write_holds(tmp_path, "gels: []\n"), [DATASET]) == []
    text = f"gels:\n  - {{jeu_de_donnees: agaj.dossiers.dossiers, {GOOD}}}\n"
    text += f"  - {{personne: {{ag: agaj, empreinte: {'a' * 64}}}, {GOOD}}}\n"
    first, second = read_holds(write_holds(tmp_path, text), [DATASET])
    assert first == Hold(
        jeu_de_donnees="agaj.dossiers.dossiers",
        motif="Recours",
        approbateur="Juridique",
        jusqu_a=date(2027, 6, 30),
    )
    assert second.person == Person(ag="agaj", empreinte="a" * 64)
    # The last day is held, the next is not.
    assert held_people([second], date(2027, 6, 30)) and not held_people([second], date(2027, 7, 1))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (f"{{jeu_de_donnees: agaj.autre, {GOOD}}}", "agaj.autre n'existe pas"),
        (f"{{{GOOD}}}", "l'un des deux"),
        ("{jeu_de_donnees: agaj.fct, approbateur: J, jusqu_a: 2027-06-30}", "il manque motif"),
        ("{jeu_de_donnees: agaj.fct, motif: m, approbateur: J, jusqu_a: demain}", "attend une date"),
        (f"{{personne: {{ag: agaj, empreinte: Dupont}}, {GOOD}}}", "jamais un nom"),
        (f"{{personne: {{ag: xx, empreinte: {'a' * 64}}}, {GOOD}}}", "personne attend"),
        (f"{{jeu_de_donnees: agaj.fct, couleur: rouge, {GOOD}}}", "clé inconnue couleur"),
        ("bonjour", "des clés et des valeurs"),
    ],
)
def test_a_badly_written_hold_stops_everything(tmp_path: Path, entry: str, words: str) -> None:
    with pytest.raises(PlatformError, match=words) as caught:
        read_holds(write_holds(tmp_path, f"gels:\n  - {entry}\n"), [DATASET, MART])
    assert "gels.yml, gel 1" in str(caught.value)


def test_a_file_of_holds_that_is_no_yaml_is_told_in_french(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="pas du YAML lisible, à partir de la ligne 2"):
        read_holds(write_holds(tmp_path, "gels:\n\t- motif: Recours\n"), [DATASET])


@pytest.mark.parametrize("text", ["gels: {a: b}", "autre: []", "[", ""])
def test_a_file_of_holds_has_one_list(tmp_path: Path, text: str) -> None:
    with pytest.raises(PlatformError, match="gels"):
        read_holds(write_holds(tmp_path, text), [DATASET])


def test_a_held_mart_holds_what_it_is_made_from() -> None:
    manifest = {
        "nodes": {
            "model.p.fct": {"depends_on": {"nodes": ["model.p.stg"]}},
            "model.p.stg": {"depends_on": {"nodes": ["source.p.dossiers.dossiers"]}},
        }
    }
    hold = Hold(jeu_de_donnees="agaj.fct", motif="m", approbateur="a", jusqu_a=date(2027, 6, 30))
    assert set(held_datasets([hold], Manifest(manifest), [DATASET, MART], date(2027, 1, 1))) == {
        "model.p.fct", "model.p.stg", "source.p.dossiers.dossiers",
    }  # fmt: skip
    assert held_datasets([hold], Manifest(manifest), [DATASET, MART], date(2027, 7, 1)) == {}


def test_files_that_hold_a_person_are_named_with_their_lines(tmp_path: Path) -> None:
    folder = tmp_path / "agaj" / "dossiers"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_bytes("nom\nDUPRÉ  Zoé\nautre\ndupré zoéx\n".encode())
    (folder / "b.csv").write_bytes("nom\nx\nDUPRÉ Zoé;1\n".encode("cp1252"))
    (folder / "c.csv").write_bytes(b"nom\nautre\n")
    found = files_with(tmp_path, {"agaj"}, {"DUPRÉ Zoé"}, [("agaj/dossiers/c.csv", 2), ("agaj/parti.csv", 9)])
    assert found == {"agaj/dossiers/a.csv": [2], "agaj/dossiers/b.csv": [3], "agaj/dossiers/c.csv": [2]}


def test_files_inside_archives_are_searched_too(tmp_path: Path) -> None:
    (tmp_path / "agaj").mkdir()
    (tmp_path / "agaj/a.csv.gz").write_bytes(gzip.compress("nom\nDUPRÉ Zoé\n".encode()))
    with zipfile.ZipFile(tmp_path / "agaj/b.zip", "w") as archive:
        archive.writestr("autre.csv", "nom\n")
        archive.writestr("lu.csv", "nom\nx\nDUPRÉ Zoé\n".encode("cp1252"))
    (tmp_path / "agaj/c.csv.gz").write_bytes(gzip.compress(b"nom\n"))
    assert files_with(tmp_path, {"agaj"}, {"DUPRÉ Zoé"}) == {"agaj/a.csv.gz": [2], "agaj/b.zip": [3]}


CONTACTS = ours().contacts


def test_the_register_opens_in_a_french_spreadsheet(tmp_path: Path) -> None:
    sheet, page = write_register([DATASET], CONTACTS, tmp_path / "registre")
    content = sheet.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") and b"\r\n" in content
    (line,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")
    assert tuple(line) == COLUMNS
    assert line["Personnes concernées"] == "Élèves"
    assert line["Responsable du traitement"].startswith("Ministère de la Fédération Wallonie-Bruxelles, ")
    assert "dpo@fwb.example" in line["Délégué à la protection des données"]
    assert page.read_text("utf-8").count("dpo@fwb.example") == 1
    # No spreadsheet runs what the YAML says.
    assert line["Finalité"] == "'=Suivre <b>"
    assert line["Catégories de données"] == "Identifiants directs : nom"
    assert line["Conservation"] == "120 mois depuis la réception, puis effacement"
    assert "&lt;b&gt;" in page.read_text("utf-8") and "incomplet" not in page.read_text("utf-8")


def test_the_register_says_what_is_missing() -> None:
    assert missing([DATASET]) == []
    wrong = replace(DATASET, owner_assigned=False, subjects=None, measures=None)
    assert missing([wrong]) == [
        "models/agaj/_dossiers.yml : agaj, dossiers.dossiers : il manque proprietaire, "
        "personnes_concernees, mesures."
    ]
    anonymous = replace(DATASET, columns=(), subjects=None)
    assert (
        concerned([anonymous]) == [] and rows([anonymous], CONTACTS) == [] and as_csv([]).count(b"\r\n") == 1
    )
