"""What a look finds of files, ordinary and odd: all in memory."""

from __future__ import annotations

import gzip
import io
import json
import random
import time
import zipfile
from dataclasses import asdict
from typing import Any

import pytest
from openpyxl import Workbook

from donnees_au_centre.discovery.charset import charset_of
from donnees_au_centre.discovery.checks import is_bce_number, is_iban, is_national_number
from donnees_au_centre.discovery.columns import ColumnLook, look_at_rows
from donnees_au_centre.discovery.locations import place_of
from donnees_au_centre.discovery.look import FileLook, look
from donnees_au_centre.discovery.personal import WEAK, around_people
from donnees_au_centre.errors import PlatformError

HEADER = ["Code", "Commune", "Élèves", "Montant", "Début"]
ROWS = [
    [
        f"{place:04d}",
        ("Liège", "Namur", "Écaussinnes")[place % 3],
        str(place * 7),
        f"{place},5{place % 10}",
        "01/09/2024",
    ]
    for place in range(1, 40)
]


def text(rows: list[list[str]], delimiter: str = ";", end: str = "\n") -> str:
    return end.join(delimiter.join(row) for row in rows) + end


def looked(content: str | bytes, codec: str = "utf-8", **more: Any) -> FileLook:
    return look(io.BytesIO(content if isinstance(content, bytes) else content.encode(codec)), **more)


def names(found: FileLook) -> list[str]:
    return [column.name for column in found.table.columns]


def typed(found: FileLook) -> list[str]:
    return [column.typing.macro for column in found.table.columns]


NAMES = ["code", "commune", "eleves", "montant", "debut"]
TYPES = ["to_code", "clean_text", "to_integer", "to_decimal", "to_date"]


# Encodings


@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "mac-roman", "cp850", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_encoding_is_told_by_its_letters(codec: str, end: str) -> None:
    found = looked(text([HEADER, *ROWS], end=end), codec)
    assert found.options.get("encoding", "utf-8") == codec
    assert (names(found), typed(found)) == (NAMES, TYPES)


@pytest.mark.parametrize(("codec", "said"), [("utf-8-sig", "utf-8"), ("utf-16", "utf-16")])
def test_a_mark_tells_the_encoding(codec: str, said: str) -> None:
    found = looked(text([HEADER, *ROWS]), codec)
    assert found.charset and found.charset.marked
    assert found.options.get("encoding", "utf-8") == said
    assert names(found) == NAMES


@pytest.mark.parametrize(
    ("letters", "codec"),
    [
        ("L’école coûte 12 € à Liège", "cp1252"),
        ("Élève à Écaussinnes, où naître", "mac-roman"),
        ("déjà reçu à Flémalle", "cp850"),
        ("Daniël, Zoë, België", "cp1252"),
        ("CATALUÑA, ESPAÑA", "cp1252"),
        ("Jardín de los niños", "mac-roman"),
    ],
)
def test_few_letters_are_enough(letters: str, codec: str) -> None:
    assert charset_of(letters.encode(codec)).codec == codec


def test_letters_without_sense_are_told() -> None:
    found = looked("編號;景點\n" + "1;雲嘉南濱海\n" * 30, "big5")
    assert any("encodage n'est pas sûr" in one for one in found.remarks)


def test_utf8_with_a_few_letters_of_another_encoding_is_utf8() -> None:
    lines = ["école à Liège"] * 50
    found = charset_of("\n".join(lines).encode() + b"\n\xe9cole \xe0 Li\xe8ge")
    assert (found.codec, found.spoilt) == ("utf-8", 3)
    # Cut within a letter.
    assert charset_of("école à Liège é".encode()[:-1]).spoilt == 0


# Where the table stands


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("above", range(7))
def test_a_title_block_is_passed(above: int, delimiter: str) -> None:
    titles = [
        ["Population scolaire 2024"],
        ["Direction générale"],
        [""],
        ["Chiffres au 15 janvier"],
        [""],
        ["Note"],
    ]
    rows = [[cell.replace(",", ".") for cell in row] for row in ROWS] if delimiter == "," else ROWS
    found = looked(text([*titles[:above], HEADER, *rows], delimiter))
    assert found.options.get("header_row", 1) == above + 1
    assert found.options.get("delimiter", ",") == delimiter
    assert (names(found), typed(found)) == (NAMES, TYPES)


@pytest.mark.parametrize(
    ("below", "footer"),
    [
        ([["Total", "", "5460", "", ""]], "(?i)total.*"),
        ([["", "", "", "", ""], ["Source : registre des écoles"]], "(?i)source.*"),
        ([["Total", "", "5460", "", ""], ["Source : registre"]], "(?i)total.*"),
        ([["* chiffres provisoires"]], r"(?i)\*.*"),
        ([], None),
    ],
)
def test_what_is_below_is_left_out(below: list[list[str]], footer: str | None) -> None:
    found = looked(text([HEADER, *ROWS, *below]))
    assert found.options.get("footer") == footer
    assert found.table.rows == len(ROWS)
    assert typed(found) == TYPES


def test_a_header_of_two_lines_is_joined() -> None:
    upper = ["", "Filles", "", "Garçons", ""]
    lower = ["Province", "2023", "2024", "2023", "2024"]
    rows = [[f"Province {letter}", "1", "2", "3", "4"] for letter in "ABCDEF"]
    found = looked(text([upper, lower, *rows]))
    assert found.options["header_rows"] == 2
    assert names(found) == ["province", "filles_2023", "filles_2024", "garcons_2023", "garcons_2024"]


def test_a_header_of_three_lines_is_joined() -> None:
    rows = [
        ["", "", "Garçons", "", "Filles", ""],
        ["", "", "2023", "2024", "2023", "2024"],
        ["Code", "Commune", "", "", "", ""],
        *[[f"{place:04d}", "Liège", str(place), str(place + 3), "7", str(place * 2)] for place in range(30)],
    ]
    found = looked(text(rows))
    assert (found.first_line, found.options["header_rows"]) == (1, 3)
    assert names(found) == ["code", "commune", "garcons_2023", "garcons_2024", "filles_2023", "filles_2024"]


def test_codes_beneath_labels_are_of_the_header() -> None:
    rows = [[f"Zone {place}", str(place), f"{place},5", str(place * 3)] for place in range(1, 20)]
    above = ["Libellé", "Densité de médecins", "Densité", "Part des aînés"]
    found = looked(text([above, ["ZONE", "DENS_MED", "DENSITE", "PART_75"], *rows]))
    assert (found.first_line, found.options.get("header_rows"), found.table.rows) == (1, 2, 19)
    # Countries by their codes are rows.
    countries = [["BE", "11", "FR"], ["FR", "12", "NL"], ["NL", "13", "BE"]] * 5
    assert looked(text([["Pays", "Nombre", "Vers"], *countries])).table.rows == 15


def test_titles_over_titles_are_of_the_header() -> None:
    rows = [
        ["Tableau 1", *[""] * 6],
        ["", "Filles", "", "", "Garçons", "", ""],
        ["", "Réussi", "", "Échoué", "Réussi", "", "Échoué"],
        ["", "nombre", "%", "nombre", "nombre", "%", "nombre"],
        *[[f"École {chr(65 + place)}", *[str(place * 3 + at) for at in range(6)]] for place in range(20)],
    ]
    found = looked(text(rows))
    assert (found.first_line, found.options["header_rows"]) == (2, 3)
    assert names(found)[1:3] == ["filles_reussi_nombre", "filles_reussi"]


def test_what_is_told_of_a_file_is_no_header() -> None:
    above = [
        ["Compte : 12", "Agence : 7", "Du : 01/04/2024", "", ""],
        ["Titulaire : X", "Monnaie: EUR", "", "", ""],
    ]
    found = looked(text([*above, HEADER, *ROWS]))
    assert (found.first_line, names(found)) == (3, NAMES)


def test_a_column_without_name_is_one_when_cells_are_in_it() -> None:
    rows = [
        ["Code", "Libellé", ""],
        *[[str(place), "a b", "c" if place > 190 else ""] for place in range(400)],
    ]
    assert names(looked(text(rows))) == ["code", "libelle", "colonne_3"]


def test_notes_that_no_footer_tells_change_no_type() -> None:
    notes = [["", "vu le", "", "", "lundi"], ["", "et mardi", "", "", ""]]
    found = looked(text([HEADER, *ROWS, *notes]))
    assert typed(found) == TYPES
    assert any("dernières lignes (2)" in remark for remark in found.remarks)


def test_notes_strewn_above_a_header_are_passed() -> None:
    notes = [["à", "lire", "", "", "", ""], ["ou", "", "non", "", "", "x"], ["ces", "", "", "y", "", ""]]
    header = ["Nom", "Métier", "Âge", "Ville", "Depuis", "Note"]
    found = looked(text([*notes, header, *([["Essai", "essai", "4", "Ath", "2001-02-03", ""]] * 9)]))
    assert (found.first_line, found.options.get("header_rows")) == (4, None)


def test_merged_titles_above_values_name_the_columns() -> None:
    header = [
        ["Lieu", "An", "Vols", "", "Incendies", "", "Total", ""],
        ["", "", "", "taux", "", "taux", "", "taux"],
    ]
    rows = [["Ath", "2015", "12", "4,5", "8", "1,2", "20", "5,7"]] * 12
    found = looked(text([["Titre"], *header, *rows]))
    assert (found.first_line, found.options["header_rows"]) == (2, 2)


def test_a_header_that_comes_again_is_no_value() -> None:
    found = looked(text([HEADER, HEADER, HEADER, *ROWS]))
    assert (found.first_line, found.has_header) == (1, True)


def test_a_list_with_a_remark_keeps_its_header() -> None:
    lines = [
        ["variables", ""],
        *([f"P18_{place}", ""] for place in range(20)),
        ["P18_X", "voir"],
        ["P18_Y", "voir"],
    ]
    found = looked(text([*lines[:12], *lines[12:]]))
    assert (found.first_line, found.has_header) == (1, True)


def test_lines_as_long_may_be_of_fixed_width() -> None:
    found = looked("".join(f"{place:06d}ABC   {place * 7:012d}\n" for place in range(20)))
    assert any("file_format: fixed" in one for one in found.remarks)


def test_many_different_codes_are_looked_at_in_no_time() -> None:
    begun = time.process_time()
    looked(text([["numero"], *([f"{place:07d}"] for place in range(60_000))]))
    assert time.process_time() - begun < 10


def test_years_are_names_of_columns() -> None:
    rows = [[commune, "10", "12", "14", "9"] for commune in ("Huy", "Ath", "Mons", "Visé")]
    assert names(looked(text([["Commune", "2021", "2022", "2023", "2024"], *rows]))) == [
        "commune", "c_2021", "c_2022", "c_2023", "c_2024",
    ]  # fmt: skip
    numbers = [row[1:] for row in rows]
    assert names(looked(text([["2021", "2022", "2023", "2024"], *numbers]))) == [
        "c_2021", "c_2022", "c_2023", "c_2024",
    ]  # fmt: skip


def test_a_file_without_header_has_none() -> None:
    found = looked(text(ROWS))
    assert found.options["header"] is False
    assert found.table.rows == len(ROWS)
    assert names(found)[0] == "colonne_1"


def test_nothing_is_said_where_nothing_tells_whether_there_is_a_header() -> None:
    rows = [["Xolqu", "Abcur"], ["Ymbre", "Bcdor"], ["Zoltr", "Cdeur"], ["Wexis", "Defur"]]
    found = looked(text(rows))
    assert not found.sure
    assert looked(text(rows), header=False).table.rows == 4
    assert looked(text(rows), header=True).table.rows == 3


def test_the_row_of_a_person_is_never_taken_for_a_header() -> None:
    people = [
        ["Jean-Marc Xolqu", "Ath"],
        ["Anne Ymbrez", "Huy"],
        ["Paul Zoltra", "Mons"],
        ["Lea Wexisk", "Visé"],
    ]
    assert not looked(text(people)).sure
    assert not looked(text([row[:1] for row in people])).sure
    assert looked(text([["Nom complet", "Commune"], *people])).sure
    for cell in ("x@exemple.be", "0475 12 34 56", "85.07.30-033.28", "Rue du Moulin 3"):
        found = looked(text([[cell, "Xolqu"], ["abcd", "Ymbrez"], ["efgh", "Zoltra"]]))
        assert not (found.sure and found.has_header)


def test_a_single_column_is_one() -> None:
    assert typed(looked("Montant\n12,5\n13,25\n7,75\n")) == ["to_decimal"]
    assert names(looked("Code NIS\n25005\n25014\n")) == ["code_nis"]
    assert looked("Michael;essai\nDan;autre\nJulie;un\n").options["header"] is False
    codes = "".join(f"{place};ws{place % 4}\n" for place in range(1, 20))
    assert names(looked(f"Rang;Vormittagskurs1\n{codes}")) == ["rang", "vormittagskurs1"]
    answers = "".join(f"{place} ans;Oui;{place % 3};x;Non\n" for place in range(12, 30))
    assert names(looked(f"Q1;Q2;Q3;Q4;Q5\n{answers}")) == ["q1", "q2", "q3", "q4", "q5"]
    listed = "".join(f"{letter}essai\n" for letter in "ABCDEFGHIJKL")
    assert looked(listed).options["header"] is False
    assert names(looked(f"Nom\n{listed}")) == ["nom"]
    assert looked("Essai, essai.be\nAutre, autre.com\nUn, un.org\n").options["header"] is False
    assert looked("1,5|a\n2,25|b\n3,5|c\n").options == {"delimiter": "|", "header": False}
    assert looked("25005\n25014\n25015\n").options == {"header": False}


def test_quoted_cells_keep_their_delimiters_and_line_breaks() -> None:
    content = 'Code;Nom;Note\n1;"a;b\nc\n\nd";x\n2;"dit ""oui""";y\n3;z;"t"\n'
    found = looked(content)
    assert (found.table.rows, names(found)) == (3, ["code", "nom", "note"])


def test_spaces_part_the_cells_that_r_writes() -> None:
    found = looked('"duree" "qui est là"\n120 "Essai un"\n7 "b"\n12 "c d"\n')
    assert (found.options["delimiter"], names(found)) == (" ", ["duree", "qui_est_la"])
    assert names(looked("1/Essai/OUI/2024\n2/Autre/NON/2024\n3/Encore/OUI/2024\n")) == [
        "colonne_1", "colonne_2", "colonne_3", "colonne_4",
    ]  # fmt: skip
    for alone in (
        "Jour\n01/02/2024\n02/02/2024\n",
        "https://x.be/a\nhttps://y.be/b\n",
        "mars/avril\nmai/juin\n",
    ):
        assert len(names(looked(alone))) == 1
    assert looked('"Une phrase entière"\n"une autre"\n"deux mots"\n').options.get("delimiter") != " "


def test_the_directive_of_excel_is_followed() -> None:
    found = looked("sep=|\n" + text([HEADER, *ROWS], "|"))
    assert (found.options["delimiter"], found.first_line) == ("|", 2)


def test_two_tables_side_by_side_are_told() -> None:
    rows = [[*row[:2], "", f"X{place}", str(place)] for place, row in enumerate(ROWS)]
    found = looked(text([["Code", "Commune", "", "Sigle", "Nombre"], *rows]))
    assert any("côte à côte" in remark for remark in found.remarks)


def test_names_that_come_twice_go_by_their_places() -> None:
    found = looked("code;Total;Filles;Total\n1;10;5;12\n2;11;6;13\n")
    assert found.options["names"] == "position"
    assert names(found) == ["code", "total", "filles", "total_2"]


# Packed files, workbooks, JSON


def test_what_packs_a_file_is_opened() -> None:
    content = text([HEADER, *ROWS]).encode()
    assert looked(gzip.compress(content)).packed == "gzip"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("lisez-moi.pdf", b"%PDF-1")
        packed.writestr("donnees.csv", content)
    found = looked(archive.getvalue())
    assert (found.packed, found.options["member"], names(found)) == ("zip", "donnees.csv", NAMES)


def test_a_workbook_says_which_sheet_holds_the_table() -> None:
    book = Workbook()
    book.active.title = "Couverture"
    book.active["A1"] = "Population scolaire"
    sheet = book.create_sheet("Données 2024")
    sheet.append(["Chiffres au 15 janvier"])
    sheet.append([])
    sheet.append(HEADER)
    for row in ROWS:
        sheet.append([*row[:2], int(row[2]), 1.5, row[4]])
    sheet.append(["Total", None, 5460])
    written = io.BytesIO()
    book.save(written)
    found = looked(written.getvalue())
    assert found.options == {"sheet": "Données 2024", "header_row": 3, "footer": "(?i)total.*"}
    assert (names(found), typed(found)) == (NAMES, TYPES)


@pytest.mark.parametrize(
    ("document", "options"),
    [
        ([{"id": 1, "nom": "a"}, {"id": 2, "nom": "b"}], {}),
        ({"meta": {"n": 2}, "data": [{"id": 1}, {"id": 2}]}, {"rows": "data.*"}),
        ({"nhits": 1, "records": [{"fields": {"id": 1}}]}, {"envelope": "opendatasoft_v1"}),
        ({"total_count": 1, "results": [{"id": 1}]}, {"envelope": "opendatasoft_v2"}),
        ({"codes": {"001": {"fr": "a"}, "002": {"fr": "b"}}}, {"rows": "codes.*", "keys": ["cle"]}),
        ({"prim": [{"id": 1}], "sec": [{"id": 2}], "sup": []}, {"rows": "*.*", "keys": ["cle"]}),
        (
            {"liste": [{"id": 1, "titre": "a", "note": "b"}] * 3, "maisons": [{"id": 1, "maison": "c"}]},
            {"rows": "liste.*"},
        ),
        (
            {"1/2": {"2020": {"n": 1}, "2021": {"n": 2}}, "3/4": {"2020": {"n": 1}, "2021": {"n": 3}}},
            {"rows": "*.*", "keys": ["cle_1", "cle_2"]},
        ),
    ],
)
def test_the_rows_of_a_document_are_found(document: Any, options: dict[str, Any]) -> None:
    found = looked(json.dumps(document))
    assert (found.file_format, found.options) == ("json", options)
    assert found.table.rows


def test_one_object_a_line_is_told() -> None:
    assert looked('{"id": 1}\n{"id": 2}\n').options == {"rows": "lines"}


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7 ...", b"<!doctype html><html></html>", b'{"a": 1', b"\n\n;;\n"]
)
def test_what_holds_no_table_is_said(content: bytes) -> None:
    with pytest.raises(PlatformError) as raised:
        looked(content)
    assert raised.value.advice


# Columns


def column(cells: list[str | None], name: str = "x", **references: set[str]) -> ColumnLook:
    return look_at_rows([name], [[cell] for cell in cells], references).columns[0]


def test_nulls_and_dirt_are_counted_by_their_forms() -> None:
    seen = column([*map(str, range(1, 41)), "NC", "NC", "-", "douze", "", None])
    assert seen.typing.macro == "to_integer"
    assert (seen.nulls, seen.dirty, seen.empty) == ({"NC": 2, "-": 1}, {"a": 1}, 2)
    assert 0.95 < seen.typing.share < 1


def test_keys_are_columns_or_pairs() -> None:
    rows = [[str(year), commune, "1"] for year in (2023, 2024) for commune in ("Ath", "Huy")]
    assert look_at_rows(["annee", "commune", "n"], rows).keys == (("annee", "commune"),)
    assert look_at_rows(["prix", "id"], [["1.5", "7"], ["2.5", "8"]]).keys[0] == ("id",)
    assert look_at_rows(["x"], [["1"], ["1"]]).keys == ()


def test_a_column_is_joined_to_what_others_know() -> None:
    known = {"25005", "25014", "25015", "62063", "92094"}
    seen = column([*sorted(known)], nis_code=known)
    assert (seen.reference, seen.typing.macro) == (("nis_code", 1.0), "to_code")
    assert column(["Liège", "LIEGE", "Ath", "Huy"], commune={"liege", "ath", "huy"}).reference == (
        "commune",
        1.0,
    )
    assert column(["1", "2", "3"], nis_code=known).reference is None


# Check digits


def national_number(year: int, month: int, day: int, rank: int) -> str:
    first = f"{year % 100:02d}{month:02d}{day:02d}{rank:03d}"
    return f"{first}{97 - int(('2' if year >= 2000 else '') + first) % 97:02d}"


def test_check_digits() -> None:
    for year in (1931, 1999, 2000, 2015):
        number = national_number(year, 2, 28, 17)
        assert is_national_number(number)
        assert is_national_number(f"{number[:2]}.{number[2:4]}.{number[4:6]}-{number[6:9]}.{number[9:]}")
        assert not is_national_number(f"{number[:-1]}{(int(number[-1]) + 1) % 10}")
    assert is_national_number(national_number(1985, 42, 3, 12))
    assert is_bce_number("0206.731.645") and is_bce_number("BE 0206731645") and is_bce_number("206731645")
    assert not is_bce_number("0206.731.646")
    assert is_iban("BE68 5390 0754 7034") and not is_iban("BE68 5390 0754 7035")


# Personal data


@pytest.mark.parametrize(
    "name",
    [
        "NISS", "N° de registre national", "rijksregisternummer", "INSZ", "Nom", "Prénom", "Nom et prénom",
        "voornaam", "achternaam", "LastName", "first_name", "Courriel", "E-mail", "adresse électronique",
        "Téléphone", "GSM", "telefoonnummer", "Adresse", "Rue", "straat", "Date de naissance",
        "geboortedatum", "birthDate", "Né(e) le", "Nationalité", "Sexe", "IBAN", "Rekeningnummer",
        "Salaire brut", "Matricule", "Identifiant de l'élève", "Parent 1", "Bénéficiaire", "Religion",
        "Handicap", "Motif médical", "gezondheid", "Remarques", "naam leerling", "Directeur",
        "Collaborateurs", "Référent", "Dirigeants", "Saisi par", "notified by", "Race",
        "Personne de contact", "État civil", "plaque d'immatriculation", "UserName", "Password", "CCNumber",
        "MothersMaiden", "BloodType", "Lead actor", "ArtistBio", "Joueur", "LAST_NM", "frst_nm",
        "Authors", "Sales rep", "NUM_FONC", "contactpersoon", "Twitter handle", "etudiant1", "apellidos",
        "Wie ingevuld?", "Geburtsdatum", "présentateur", "avatarUrl", "Organisateur", "nombre",
    ],
)  # fmt: skip
def test_a_name_tells_personal_data(name: str) -> None:
    cells: list[str | None] = [f"valeur {place}" for place in range(30)]
    assert column(cells, name).personal is not None


def test_words_that_nothing_explains_are_asked_about() -> None:
    """In a column whose name says nothing: names in a language unknown, a name among others, sentences."""
    unknown: list[str | None] = [f"Xhulia Përmet{chr(97 + place)}" for place in range(20)]
    assert column(unknown, "gjk").personal is not None
    assert (
        column(["Gouvernement", "Commission", "Marie Dupont", *["Commission"] * 9], "gjk").personal
        is not None
    )
    sentences: list[str | None] = [f"a reçu le dossier numéro {place} ce matin" for place in range(20)]
    assert column(sentences, "gjk").personal is not None
    assert column(["rouge", "vert", *["rouge"] * 20], "gjk").personal is None
    assert column(unknown, "Commune").personal is None


def test_rows_that_are_people_make_all_columns_theirs() -> None:
    rows = [["A1", "F", "34", f"{place}"] for place in range(20)]
    about = look_at_rows(["Dossier", "sexe", "âge", "note 3"], rows)
    assert about.about_people and all(one.personal for one in about.columns)
    counted = look_at_rows(["Commune", "sexe", "âge", "nombre"], rows)
    assert not counted.about_people and counted.columns[3].personal is None
    placed = look_at_rows(["Gare", "Nom", "latitude", "chef de gare"], rows)
    assert not placed.about_people


@pytest.mark.parametrize(
    "name",
    ["Commune", "Nombre d'élèves", "Code NIS", "Nom de l'établissement", "Superficie (m²)", "Niveau",
     "Province", "Année", "total_agents", "nom_fr"],
)  # fmt: skip
def test_what_is_about_nobody_is_left_alone(name: str) -> None:
    assert column([f"valeur {place}" for place in range(30)], name).personal is None


def test_cells_tell_personal_data_under_any_name() -> None:
    generator = random.Random(5)
    numbers = [
        national_number(generator.choice([1955, 1987, 2003, 2012]), place % 12 + 1, place % 28 + 1, place + 1)
        for place in range(40)
    ]
    forms: dict[str, list[str]] = {
        "registre": numbers,
        "électroniques": [f"x{place}@exemple.be" for place in range(40)],
        "téléphones": [f"04{place:02d} 12 34 {place:02d}" for place in range(40)],
        "adresses": [f"Rue du Moulin {place}" for place in range(1, 41)],
        "des adresses y sont": [f"{place} Mill Street Apt 4" for place in range(1, 41)],
        "prénoms": ["Sophie", "Marc", "Fatima", "Jean-Pierre"] * 10,
        "IBAN": ["BE68 5390 0754 7034"] * 40,
        "nommées": ["M. Ugo Essai", "Mme Ada Essai"] * 20,
        "objets": ['[{"civilite": "M", "nom": "ESSAI"}]'] * 40,
        "adresses IP": [f"192.0.2.{place}" for place in range(40)],
        "initiales": ["Essai A.", "Autre, B. C.", "D. Encore", "A.B. de Essai, Liège"] * 9,
        "des prénoms y sont": ["Fred(B) Gabriel Ivan Essai", "Thomas, Laurent et Johan"] * 9,
        "autre pays": ["12345678Z", "00000014Z", "00000001R"] * 9,
        "empreintes": [f"{place:032x}" for place in range(40)],
        "carte": ["4111 1111 1111 1111", "5500000000000004", "340000000000009"] * 9,
        "comptes": ["rita_essai", "jorgedelessai", "essai_un", "miguel.b"] * 9,
        "autre écriture": ["Иванова Анна", "Петров Пётр Ильич", "Παπαδόπουλος Νίκος"] * 9,
    }
    for words, cells in forms.items():
        seen = column([*cells], "champ 7").personal
        assert seen is not None and words in seen.why, words
    for cells in (
        ["2024-01-31", "2024-02-29"] * 9,
        ["0206.731.645"] * 9,
        ["12,5", "13,5"] * 9,
        ["65/3", "12/4"] * 9,
        ["1.10.256.1", "2.11.0.4.5"] * 9,
        ["4111111111111112", "1234567812345678"] * 9,
        ["Москва", "Нижний новгород"] * 9,
        ["marketing", "martelange", "rosa"] * 9,
    ):
        assert column([*cells], "champ 7").personal is None


@pytest.mark.parametrize("name", ["", "Unnamed: 1", "Column2", "X1", "F3", "X.1", "_c0", "Colonne #3"])
def test_words_of_which_nothing_is_said_are_a_doubt(name: str) -> None:
    words: list[str | None] = [f"{first}{second}ET" for first in "BCDFG" for second in "RLST"]
    seen = column(words, name).personal
    assert seen is not None and seen.why in WEAK
    assert column(words, "Éditeur de la ville").personal is None
    assert around_people(name, dated=False) is None


def test_what_stands_beside_people_is_about_them() -> None:
    rows = [[f"Nom{place}", "2024-01-31", "4000", str(place)] for place in range(20)]
    seen = look_at_rows(["Prénom", "Inscrit", "Code postal", "Montant"], rows).columns
    assert [one.personal.category if one.personal else None for one in seen] == [
        "identifiant_direct", "identifiant_indirect", "identifiant_indirect", "financier",
    ]  # fmt: skip
    rows = [[f"x{place}@exemple.be", "Essai", "12", "7"] for place in range(20)]
    seen = look_at_rows(["E-mail", "last", "ИНН", "poids"], rows).columns
    assert [one.personal.category if one.personal else None for one in seen] == [
        "identifiant_direct", "identifiant_direct", "identifiant_indirect", None,
    ]  # fmt: skip
    rows = [
        ["Sophie", f"Essai{'abcdefghij'[place % 10]}{'klmno'[place % 5]}", "actif"] for place in range(60)
    ]
    seen = look_at_rows(["", "", ""], rows).columns
    assert [bool(one.personal) for one in seen[:2]] == [True, True]
    rows = [[f"{place:04d}", "Sophie Essai", "31011"] for place in range(20)]
    seen = look_at_rows(["Id colega", "Colega", "Id unidade"], rows).columns
    assert seen[0].personal and "numéro ou un code" in seen[0].personal.why
    rows = [[str(place), f"{place * 7 % 91:05d}"] for place in range(60)]
    seen = look_at_rows(["numinscrip", "id école"], rows).columns
    assert [bool(one.personal) for one in seen] == [True, False]
    alone = look_at_rows(
        ["code", "last", "ИНН"], [[str(place), "Essai", "12"] for place in range(20)]
    ).columns
    assert not any(one.personal for one in alone)


def test_a_look_keeps_no_cell() -> None:
    rows = [
        [f"Quintiniaux{place}", f"q{place}@exemple.be", national_number(1980, 3, 4, place + 1)]
        for place in range(30)
    ]
    found = looked(text([["Nom", "Courriel", "NISS"], *rows]))
    kept = repr(asdict(found.table)) + repr(found.options) + repr(found.remarks)
    assert not [cell for row in rows for cell in row if cell in kept]
    # Not even where the first row could be taken for a header.
    found = looked(text(rows))
    assert found.options["header"] is False
    assert "quintiniaux" not in repr(asdict(found.table)).lower()


# Names of files


@pytest.mark.parametrize(
    ("path", "location", "table", "capture"),
    [
        ("age/x/eleves_2024.csv", "age/x/eleves_{annee:yyyy}.csv", "eleves", "annee"),
        ("age/x/Élèves 2024-09-01.xlsx", "age/x/Élèves {extraction:yyyy-MM-dd}.xlsx", "eleves", "extraction"),
        ("age/x/20240901_clubs.csv", "age/x/{extraction:yyyyMMdd}_clubs.csv", "clubs", "extraction"),
        ("age/x/places_2023-2024.json", "age/x/places_{periode:yyyy-yyyy}.json", "places", "periode"),
        ("age/x/places_2024-05.json", "age/x/places_{mois:yyyy-MM}.json", "places", "mois"),
        ("age/x/prisons.json", "age/x/prisons.json", "prisons", ""),
        ("age/x/2024.csv", "age/x/{annee:yyyy}.csv", "x", "annee"),
        ("age/x/a[1]{2}.csv", "age/x/a?1??2?.csv", "a_1_2", ""),
        ("age/x/eleves_2024.csv.gz", "age/x/eleves_{annee:yyyy}.csv.gz", "eleves", "annee"),
    ],
)
def test_a_name_becomes_a_pattern(path: str, location: str, table: str, capture: str) -> None:
    place = place_of(path, path.removesuffix(".gz").rpartition(".")[2], [])
    assert (place.location, place.table, place.capture, place.named_format) == (
        location,
        table,
        capture,
        True,
    )


def test_a_capture_takes_no_name_of_a_column() -> None:
    assert place_of("age/x/eleves_2024.csv", "csv", ["annee"]).capture == "annee_du_fichier"
    assert not place_of("age/x/eleves.txt", "csv", []).named_format
