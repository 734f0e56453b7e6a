"""CSV files as people send them, through the loader: their rows, or the option that takes them."""

from __future__ import annotations

import gzip
import io
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from donnees_au_centre.landing import load_landing
from donnees_au_centre.landing.report import FileReport
from tests.unit.landing_sources import table

COLUMNS = ("code", "nom", "montant")
BLOCK = (
    "Population 2024;;\nDirection;;\n;;\nChiffres au 15 janvier;;\ncode;nom;montant\n"
    "0101;Élan;1,5\n0102;Hêtre;2\n;;\nSource : Direction;;\n* provisoire\n"
)


def load(
    database: str,
    landing: Path,
    content: str | bytes,
    options: dict[str, Any],
    columns: tuple[str, ...] = COLUMNS,
    name: str = "x.csv",
) -> tuple[FileReport, list[tuple[Any, ...]]]:
    """Loads one file; gives its report, and its rows with their lines."""
    (landing / "age/essai").mkdir(parents=True, exist_ok=True)
    (landing / "age/essai" / name).write_bytes(content.encode() if isinstance(content, str) else content)
    declared = table(f"age/essai/{name}", columns, options={"delimiter": ";", **options})
    report = load_landing(database, landing, [declared]).tables[0].files[0]
    with psycopg.connect(database) as connection:
        query = f"select source_ligne, {', '.join(columns)} from raw_age.essai order by source_ligne"
        return report, connection.execute(query.encode()).fetchall()


SHAPES = [
    (BLOCK, {"header_row": 5, "footer": r"Source.*|\*.*"},
     [(6, "0101", "Élan", "1,5"), (7, "0102", "Hêtre", "2")]),
    ("sep=;\ncode;nom;montant\n1;A;2\n", {"delimiter": ","}, [(3, "1", "A", "2")]),
    ("Total;Filles;Total\n1;2;3\n", {"names": "position"}, [(2, "1", "2", "3")]),
    (f"{'x' * 70}a;{'x' * 70}b;m\n1;2;3\n", {"names": "position"}, [(2, "1", "2", "3")]),
    ("code;nom;montant\n1\n2;B;\n3;C;4;\n", {"short_rows": True, "long_rows": True},
     [(2, "1", None, None), (3, "2", "B", None), (4, "3", "C", "4")]),
    ('code;nom;montant\n1;"a\nb;c;d\ne";2\n', {}, [(2, "1", "a\nb;c;d\ne", "2")]),
]  # fmt: skip


@pytest.mark.parametrize(("content", "options", "rows"), SHAPES)
def test_a_declared_shape_is_loaded(
    database: str, tmp_path: Path, content: str, options: dict[str, Any], rows: list[tuple[Any, ...]]
) -> None:
    report, found = load(database, tmp_path, content, options)
    assert (found, report.rejects) == (rows, 0)


def test_what_stands_around_the_table_is_in_the_audit(database: str, tmp_path: Path) -> None:
    report, _ = load(database, tmp_path, BLOCK, {"header_row": 5, "footer": r"Source.*|\*.*"})
    assert "chargé, 2 lignes, 0 illisible, 6 hors du tableau, " in report.line()
    with psycopg.connect(database) as connection:
        audit = "select lignes, rejets, lignes_vides, hors_tableau from plateforme.chargements"
        assert connection.execute(audit.encode()).fetchall() == [(2, 0, 1, 6)]
        kept = "select source_ligne, motif, texte from raw_age.rejets_chargement order by source_ligne"
        assert [row[::2] for row in connection.execute(kept.encode())] == [
            *((1, "Population 2024;;"), (2, "Direction;;"), (4, "Chiffres au 15 janvier;;")),
            *((9, "Source : Direction;;"), (10, "* provisoire")),
        ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (BLOCK, "La ligne 5 porte ces colonnes : écrivez `header_row: 5`."),
        ("code,nom,montant\n1,2,3\n", 'écrivez `delimiter: ","`.'),
        ("code;nom\n1;2\n", "Il manque la colonne obligatoire : montant. "),
        ("x\n;code;nom;montant\ncode;;nom;montant\n", "écrivez `header_row: 2`."),
        ("t\na;montant;\n;code;nom\n", "Il manque les colonnes obligatoires : code, nom, montant. "),
        ("code;Nom;nom\n1;2;3\n", "Que faire : Déclarez `names: position`"),
        ("code;nom;montant\n1,2,3\n", "Vérifiez `delimiter`"),
    ],
)
def test_a_shape_not_declared_names_the_option(
    database: str, tmp_path: Path, content: str, words: str
) -> None:
    report, found = load(database, tmp_path, content, {})
    assert (report.status, found) == ("echec", [])
    assert words in report.message


def test_a_header_of_two_lines_is_seen(database: str, tmp_path: Path) -> None:
    columns = ("code", "filles_2023", "filles_2024")
    content = "titre\ncode;Filles;\n;2023;2024\n1;2;3\n"
    report, _ = load(database, tmp_path, content, {}, columns)
    assert (
        "Les lignes 2 et 3 portent ces colonnes : écrivez `header_row: 2`, `header_rows: 2`."
        in report.message
    )
    declared = {"header_row": 2, "header_rows": 2}
    assert load(database, tmp_path, content, declared, columns)[1] == [(4, "1", "2", "3")]


def test_refused_short_rows_are_said_with_their_option(database: str, tmp_path: Path) -> None:
    report, _ = load(database, tmp_path, "code;nom;montant\n1;A;2\n2;B\n", {})
    assert (report.rows, report.rejects) == (1, 1)
    assert "`short_rows: true`" in report.message
    # Too many of them, and the file waits: the option is still named.
    report, _ = load(database, tmp_path, "code;nom;montant\n" + "1;A;2\n" * 15 + "2;B\n" * 44, {})
    assert report.status == "attente"
    assert "44 lignes refusées (dès la ligne 17) faute de dernières cellules" in report.message


def test_cells_in_another_encoding_are_counted_at_any_share(database: str, tmp_path: Path) -> None:
    good = "".join(f"{row};École;1\n" for row in range(990)).encode("cp1252")
    wrong = "".join(f"{row};Élève;1\n" for row in range(9)).encode()
    report, _ = load(database, tmp_path, b"code;nom;montant\n" + good + wrong, {"encoding": "cp1252"})
    assert (report.rows, report.misencoded) == (999, 9)
    assert "9 cellules portent des lettres d'un autre encodage que cp1252" in report.message


@pytest.mark.parametrize(
    ("encoding", "text"), [("utf-8", "Ã‰cole"), ("cp1252", "École"), ("utf-8", "\ufffdcole")]
)
def test_cells_of_json_in_another_encoding_are_counted(
    database: str, tmp_path: Path, encoding: str, text: str
) -> None:
    path = tmp_path / "age/essai/x.json"
    path.parent.mkdir(parents=True)
    path.write_text(f'[{{"code": "é", "nom": "A"}}, {{"code": "{text}", "nom": "{text}"}}]', "utf-8")
    if encoding == "cp1252":
        path.write_bytes(path.read_bytes().replace("é".encode(), b"\xe9"))
    declared = table("age/essai/x.json", ("code", "nom"), "json", {"encoding": encoding})
    report = load_landing(database, tmp_path, [declared]).tables[0].files[0]
    assert (report.rows, report.misencoded) == (2, 2)
    assert f"2 cellules portent des lettres d'un autre encodage que {encoding}" in report.message


def test_too_many_columns_name_the_limit_of_postgresql(database: str, tmp_path: Path) -> None:
    header = ";".join(("code", "nom", "montant", *(f"q{place}" for place in range(2000))))
    report, _ = load(database, tmp_path, f"{header}\n{';' * 2002}\n", {})
    assert "1\u202f600 colonnes" in report.message
    header = ";".join(("code", "nom", "montant", *(f"q{place}" for place in range(1400))))
    report, _ = load(database, tmp_path, f"{header}\n{';'.join(['réponse'] * 1403)}\n", {})
    assert "8\u202f160 octets" in report.message


def test_compressed_files_are_read_through(database: str, tmp_path: Path) -> None:
    text = "code;nom;montant\n1;A;2\n"
    assert load(database, tmp_path, gzip.compress(text.encode()), {}, name="x.csv.gz")[1] == [
        (2, "1", "A", "2")
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.json", '[{"code": 3, "nom": "B", "montant": 4}]')
        archive.writestr("b.txt", "x")
    (tmp_path / "age/essai/y.zip").write_bytes(packed.getvalue())
    declared = table("age/essai/y.zip", COLUMNS, "json", {"member": "*.json"}, name="json")
    found = load_landing(database, tmp_path, [declared]).tables[0].files[0]
    assert (found.status, found.rows) == ("charge", 1)


def test_a_name_of_a_mac_is_matched_and_a_double_loads_nothing(database: str, tmp_path: Path) -> None:
    folder = tmp_path / "age/essai"
    folder.mkdir(parents=True)
    decomposed = unicodedata.normalize("NFD", "élèves_2024.CSV")
    (folder / decomposed).write_text("a\n1\n")
    (folder / "élèves_2024.ods").write_text("x")
    declared = table("age/essai/élèves_{annee}.csv", ("a", "annee"))
    report = load_landing(database, tmp_path, [declared])
    assert [(file.path, file.rows) for file in report.tables[0].files] == [(f"age/essai/{decomposed}", 1)]
    assert "l'extension diffère (.ods au lieu de .csv)" in report.hints["age/essai/élèves_2024.ods"]
    (folder / "élèves_2024.csv").write_text("a\n2\n")
    files = load_landing(database, tmp_path, [declared]).tables[0].files
    assert [(file.status, "porte le même nom" in file.message) for file in files] == [("echec", True)] * 2
    with psycopg.connect(database) as connection:
        assert connection.execute("select a, annee from raw_age.essai").fetchall() == [("1", "2024")]
