"""What a provider's dictionary says of columns: found where it is plain, refused where it is not."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from donnees_au_centre.cli.dictionary import described_by_a_sheet, words_told
from donnees_au_centre.discovery.dictionary import LONGEST, Words, said, tables_of, words_of
from donnees_au_centre.errors import PlatformError

COLUMNS = {"code_nis": "Code NIS", "montant": "Montant (€)", "date_de_debut": "Date de début"}
ABOUT = ("eleves", "inscriptions")


def words(content: str | bytes | dict[str, Any], columns: dict[str, str] = COLUMNS, **said: str) -> Words:
    if isinstance(content, dict):
        content = json.dumps(content)
    data = content if isinstance(content, bytes) else content.encode()
    return words_of(tables_of(io.BytesIO(data)), columns, ABOUT, **said)


def book(sheets: dict[str, list[list[str]]]) -> bytes:
    file = Workbook(write_only=True)
    for title, rows in sheets.items():
        sheet = file.create_sheet(title)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    file.save(content)
    return content.getvalue()


def refused(content: str | bytes | dict[str, Any], names: str = "", texts: str = "") -> str:
    with pytest.raises(PlatformError) as error:
        words(content, names=names, texts=texts)
    return f"{error.value} {error.value.advice}"


def test_a_table_is_read_whatever_its_layout_and_both_sides_are_counted() -> None:
    rows = (
        "Dictionnaire des données;;\n\nRubrique;Champ;Définition\n"
        "lieu;CODE_NIS;Commune de l'élève\nargent;Montant (€);Montant\npersonne;sexe;Sexe de l'élève\n"
    )
    found = words(rows.encode("cp1252"))
    assert found.texts == {"code_nis": "Commune de l'élève."}
    assert (found.named, found.described) == ("« Champ »", "« Définition »")
    assert (found.silent, found.unknown, found.disputed) == (("montant",), ("sexe",), ())
    told = words_told(found, [*COLUMNS])
    assert "il décrit 1 des 3 colonnes" in told
    assert "absentes du dictionnaire : 1 (date_de_debut)" in told
    assert "noms du dictionnaire que la table n'a pas : 1 (sexe)" in told


def test_what_only_repeats_the_name_describes_nothing() -> None:
    found = words("nom;libellé\ncode_nis;Code NIS\nmontant;-\ndate_de_debut;Premier jour de cours\n")
    assert found.texts == {"date_de_debut": "Premier jour de cours."}
    assert found.silent == ("code_nis", "montant")


def test_a_label_comes_before_a_description_that_does_not_say_it() -> None:
    assert said("x", "en euros", "Montant du soutien") == "Montant du soutien : en euros."
    assert said("x", "Le montant du soutien, en euros.", "Montant du soutien") == (
        "Le montant du soutien, en euros."
    )


def test_the_words_of_a_provider_are_bounded_and_obey_nobody() -> None:
    assert len(said("x", "mot " * 500)) <= LONGEST + 1
    hostile = said("x", "<p>L'âge&nbsp;: &lt; 18</p> {{ env_var('SECRET') }} {% do x %}\n\x1b[2J")
    assert not {"{{", "}}", "{%", "%}", "\n", "\x1b", "<p>"} & {
        hostile[start : start + size] for size in (1, 2, 3) for start in range(len(hostile))
    }
    assert hostile.startswith("L'âge : < 18")


@pytest.mark.parametrize(
    ("header", "described"),
    [
        ("Variable;Description NL;Description FR", "« Description FR »"),
        ("Variable;Omschrijving;Description", "« Description »"),
        ("Veld;Omschrijving;Type", "« Omschrijving »"),
        ("Champ;Type;Signification du champ", "« Signification du champ »"),
    ],
)
def test_the_column_of_descriptions_is_known_by_its_header(header: str, described: str) -> None:
    text = f"{header}\ncode_nis;aa;bb\nmontant;cc;dd\n"
    assert words(text).described == described


def test_two_columns_that_may_describe_are_asked_about() -> None:
    rows = "champ;définition;description\ncode_nis;la commune;le lieu\nmontant;euros;argent\n"
    message = refused(rows)
    assert "« définition », « description »" in message
    assert 'COLONNE="' in message
    assert words(rows, texts="Definition").texts["code_nis"] == "la commune."
    assert words(rows, texts="3").texts["code_nis"] == "le lieu."
    assert "COLONNE=autre" in refused(rows, texts="autre")


def test_no_column_that_says_it_describes_is_asked_about() -> None:
    assert "Rien ne dit laquelle décrit : « b »" in refused("a;b\ncode_nis;la commune\nmontant;euros\n")


def test_two_columns_that_name_otherwise_are_asked_about() -> None:
    rows = "ancien;nouveau;description\ncode_nis;montant;aa\nmontant;code_nis;bb\n"
    message = refused(rows)
    assert "« ancien » en nomme 2 sur 3 ; « nouveau » en nomme 2 sur 3" in message
    assert words(rows, names="nouveau").texts == {"montant": "aa.", "code_nis": "bb."}


def test_a_cell_that_happens_to_be_a_name_names_nothing() -> None:
    rows = "champ;type;description\n" + "".join(f"autre_{n};texte;d{n}\n" for n in range(8))
    message = refused(rows + "encore;montant;Le poids\n")
    assert "« type » en nomme 1 sur 3" in message


def test_another_dictionary_or_an_empty_one_is_refused() -> None:
    assert "ne nomme l'une des 3 colonnes de eleves" in refused("champ;description\nage;Âge\npoids;Poids\n")
    assert "aucune ligne" in refused("champ;description\n")
    assert "aucune ligne" in refused({"fields": []})
    assert "illisible" in refused('{"fields": [{"name": "code_nis", "description"')


def test_a_name_that_is_described_twice_otherwise_is_described_by_neither() -> None:
    rows = "champ;description\ncode_nis;Commune\ncode_nis;Pays\nmontant;Euros\nmontant;euros.\n"
    found = words(rows)
    assert found.texts == {"montant": "Euros."}
    assert found.disputed == ("code_nis",)


def test_names_that_come_with_each_of_their_values_are_described_once() -> None:
    rows = "COD_VAR;LIB_VAR;COD_MOD\n" + "".join(f"code_nis;Commune;{n}\n" for n in range(40))
    found = words(rows + "montant;Argent;Z\ndate_de_debut;Premier jour;Z\n", texts="LIB_VAR")
    assert found.texts == {"code_nis": "Commune.", "montant": "Argent.", "date_de_debut": "Premier jour."}


SEVERAL = (
    "{}champ;description\npublic.eleves;code_nis;Commune de l'élève\n{};montant;Minerval\n"
    "public.ecoles;code_nis;Commune de l'école\n{};montant;Loyer\n"
)


@pytest.mark.parametrize("below", [("public.eleves", "public.ecoles"), ("", "")])
def test_of_several_tables_only_the_rows_of_this_one_are_read(below: tuple[str, str]) -> None:
    found = words(SEVERAL.format("table;", *below))
    assert found.texts == {"code_nis": "Commune de l'élève.", "montant": "Minerval."}


def test_several_tables_none_of_which_is_this_one_are_refused() -> None:
    rows = SEVERAL.format("table;", "public.eleves", "public.ecoles").replace("eleves", "agents")
    assert "décrit plusieurs tables (« table » : public.agents, public.ecoles)" in refused(rows)


def test_two_columns_with_one_header_are_described_by_neither() -> None:
    found = words("champ;description\nnom;Le nom\nage;L'âge\n", {"nom": "Nom", "nom_2": "Nom", "age": "Age"})
    assert found.texts == {"age": "L'âge."}


def test_schemas_in_json_are_read() -> None:
    fields = [
        {"name": "code_nis", "title": "Commune", "description": "De l'élève", "type": "string"},
        {"name": "montant", "description": {"nl": "Bedrag", "fr": "Somme versée"}},
    ]
    expected = {"code_nis": "Commune : De l'élève.", "montant": "Somme versée."}
    assert words({"fields": fields}).texts == expected
    others = {"name": "ecoles", "schema": {"fields": [{"name": "code_nis", "description": "Autre chose"}]}}
    package = {"resources": [others, {"name": "eleves", "path": "e.csv", "schema": {"fields": fields}}]}
    assert words(package).texts == expected
    portal = [{"name": "code_nis", "label": "Commune", "description": None, "type": "text"}]
    assert words({"dataset_id": "eleves", "fields": portal}).texts == {"code_nis": "Commune."}
    schema = {"properties": {"code_nis": {"description": "Commune"}, "montant": {"title": "Somme"}}}
    assert words(schema).texts == {"code_nis": "Commune.", "montant": "Somme."}
    assert words({"code_nis": "Commune", "montant": "Somme"}).texts["montant"] == "Somme."
    listed = {"champs": [{"code": "montant", "libellé": "Somme"}, {"code": "code_nis", "libellé": "Lieu"}]}
    assert words(listed).texts == {"montant": "Somme.", "code_nis": "Lieu."}


def test_the_sheet_that_describes_the_first_is_found(tmp_path: Path) -> None:
    data = [["Code NIS", "Montant (€)"], *([str(n), f"{n},5"] for n in range(30))]
    described = [["Nom", "Description"], ["Code NIS", "Commune"], ["Montant (€)", "Somme versée"]]
    columns = {"code_nis": "Code NIS", "montant": "Montant (€)"}
    content = book({"Données": data, "Dictionnaire": described})
    assert words(content, columns).texts == {"code_nis": "Commune.", "montant": "Somme versée."}
    file = tmp_path / "a.xlsx"
    file.write_bytes(content)
    assert described_by_a_sheet(file, columns) == "Dictionnaire"
    file.write_bytes(book({"Données": data, "Notes": [["Lisez"], ["ceci"]]}))
    assert described_by_a_sheet(file, columns) == ""


def test_of_two_sheets_that_could_describe_the_table_neither_is_taken() -> None:
    one = [["champ", "description"], ["code_nis", "Commune"], ["montant", "Somme"]]
    other = [["champ", "description"], ["code_nis", "Pays"], ["montant", "Poids"]]
    assert "Plusieurs feuilles" in refused(book({"a": one, "b": other}))
    found = words(book({"Élèves": one, "b": other}))
    assert (found.texts["code_nis"], found.title) == ("Commune.", "Élèves")
