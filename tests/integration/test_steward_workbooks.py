"""A steward's workbook holds what its role reads, and no more; what is written in it comes back."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from donnees_au_centre.pages.workbooks import Workbooks, write_workbooks
from donnees_au_centre.pages.workbooks.compilation import compile_tests
from donnees_au_centre.pages.workbooks.memory import forget_old_statements, recall
from donnees_au_centre.pages.workbooks.reader import Reader
from donnees_au_centre.pages.workbooks.sheets import AGAIN, ASIDE, DONE, FAULTS, README
from donnees_au_centre.project.datasets import Responsible
from donnees_au_centre.quality.facts import FAILED, Control, Quality
from donnees_au_centre.settings import ROOT
from donnees_au_centre.warehouse import EmbeddedServer
from tests.access_project import AccessProject, access_project
from tests.unit.qualities import control, quality, received, run

AGE = Responsible(fonction="Cellule de l'AGE", courriel="data-steward.age@fwb.example")
AGAJ = Responsible(fonction="Cellule de l'AGAJ", courriel="data-steward.agaj@fwb.example")
# Keys that only warn: a mart is not replaced by rows that break one of severity error.
SCHOOLS = """
version: 2
models:
  - name: stg_ecoles__ecoles
    columns: [{name: fase}, {name: nom}, {name: po}]
  - name: dim_ecoles
    config: {meta: {gouvernance: {classification: public}}}
    columns:
      - {name: fase, data_tests: [{unique: {name: une_fois, config: {severity: warn}}}]}
      - name: nom
        data_tests:
          - not_null: {name: nommee, config: {severity: warn}}
          - accepted_values: {name: connue, arguments: {values: [Un]}}
          - relationships: {name: liee, arguments: {to: ref('fct_dossiers'), field: service}}
      - name: po
        data_tests: [{within_range: {name: bornee, arguments: {lowest: "'10'", highest: "'20'"}}}]
    data_tests:
      - unique_combination:
          {name: ensemble, arguments: {columns: [fase, po]}, config: {severity: warn}}
"""
CASES = """
version: 2
models:
  - name: stg_dossiers__dossiers
    columns:
      - {name: dossier}
      - {name: nom, config: {meta: {donnee_personnelle: identifiant_direct}}}
      - {name: naissance, config: {meta: {donnee_personnelle: identifiant_indirect}}}
      - name: mesure
        config: {meta: {donnee_personnelle: sensible}}
        data_tests: [{accepted_values: {name: mesure_connue, arguments: {values: [rien]}}}]
      - name: service
        data_tests: [{accepted_values: {name: service_connu, arguments: {values: [s9]}}}]
      - {name: source_fichier}
      - {name: source_ligne}
  - name: stg_dossiers__dossiers_ecarts
    config: {materialized: table}
    columns: [{name: source_fichier}, {name: source_ligne}, {name: nature}, {name: colonne},
      {name: valeur_brute}, {name: motif}]
  - name: fct_dossiers
    config: {meta: {gouvernance: {classification: confidentiel}}}
    columns: [{name: service}, {name: nombre}]
"""
FILES = {
    "models/age/marts/_marts.yml": SCHOOLS,
    "models/agaj/marts/_marts.yml": CASES,
    "models/agaj/staging/dossiers/stg_dossiers__dossiers.sql": (
        "select dossier, nom, naissance, mesure, service, source_fichier, source_ligne "
        "from {{ source('dossiers', 'dossiers') }}"
    ),
    "models/agaj/staging/dossiers/stg_dossiers__dossiers_ecarts.sql": (
        "select source_fichier, source_ligne, cast('rejet' as text) as nature, "
        "cast('nom' as text) as colonne, cast('***' as text) as valeur_brute, "
        "cast('nom inconnu' as text) as motif "
        "from {{ source('dossiers', 'dossiers') }}"
    ),
    "tests/par_nom.sql": "select nom from {{ ref('stg_dossiers__dossiers') }} where service = 's1'",
    "tests/par_service.sql": "select service, nombre from {{ ref('fct_dossiers') }} where nombre > 0",
    # The journal of loads is for no steward's role.
    "tests/par_fichier.sql": (
        "select fichier, lignes, 99 as lignes_attendues from plateforme.chargements "
        "where domaine = 'age' -- {{ ref('dim_ecoles') }}"
    ),
    "landing/age/ecoles/ecoles.csv": "fase,nom,po\n1,Un,10\n1,Un,10\n2,=Deux,20\n3,,30\n",
}


@pytest.fixture(scope="module")
def project(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccessProject]:
    name = f"essai_{uuid.uuid4().hex[:12]}"
    server.ensure_database(name)
    with access_project(tmp_path_factory.mktemp("classeurs"), server.start().conninfo(name)) as made:
        for path, text in FILES.items():
            made.write(path, text)
        # Rows of this project are not shared out: no row filter to declare.
        for kind in ("within_range", "unique_combination"):
            made.write(
                f"tests/generic/{kind}.sql", (ROOT / "tests" / "generic" / f"{kind}.sql").read_text("utf-8")
            )
        access = made.settings.root / "policies" / "access" / "age.yml"
        access.unlink()
        made.apply()
        assert not made.load().failed
        for domain in ("agaj", "age"):
            made.dbt(f"dbt_{domain}", "run", "--select", domain)
        yield made
    server.drop_database(name)


def bad(project: AccessProject, **steward: Responsible) -> list[Control]:
    """Every test of the project, as if it had failed."""
    manifest, found = project.manifest(), []
    for test in manifest.tests:
        about = test.tested_id
        domain = manifest.node(about).domain
        said = control(test.name, FAILED, domain=domain, dataset=about, column=test.column_name)
        found.append(
            replace(
                said,
                unique_id=test.unique_id,
                label=manifest.node(about).label,
                steward={"age": AGE, "agaj": AGAJ}[domain],
                counted="fichier" if test.name == "par_fichier" else "cas",
            )
        )
    return found


SQL: dict[tuple[str, ...], dict[str, str]] = {}


def compiled(project: AccessProject, wanted: tuple[str, ...]) -> dict[str, str]:
    """dbt's own compilation, once for the file: it takes seconds."""
    if wanted not in SQL:
        SQL[wanted] = compile_tests(project.settings, wanted)
        assert len(SQL[wanted]) == len(wanted) == 3
    return SQL[wanted]


def known(project: AccessProject, **said: Any) -> Quality:
    source = received("dossiers", domain="agaj", steward=AGAJ)
    return quality(controls=tuple(bad(project)), sources=(source,), **said)


def write(project: AccessProject, folder: Path, said: Quality) -> Workbooks:
    return write_workbooks(
        project.conninfo,
        project.manifest(),
        said,
        folder,
        lambda wanted: compiled(project, tuple(wanted)),
    )


def rows(path: Path, title: str) -> list[dict[str, Any]]:
    head, *found = openpyxl.load_workbook(path)[title].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in found]


@pytest.fixture(scope="module")
def written(project: AccessProject, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Workbooks]:
    folder = tmp_path_factory.mktemp("gestionnaires")
    return folder, write(project, folder, known(project))


def listed(path: Path) -> dict[str, list[Any]]:
    """Control -> the values listed."""
    found: dict[str, list[Any]] = {}
    for row in rows(path, FAULTS):
        if row["Repère"]:
            found.setdefault(row["Contrôle"], []).append(row["Valeur"])
    return found


def test_the_rows_of_each_kind_of_test_are_listed_with_what_is_needed(
    written: tuple[Path, Workbooks],
) -> None:
    folder, done = written
    assert done.messages == []
    assert [path.name for path in done.paths] == ["data-steward.agaj.xlsx", "data-steward.age.xlsx"]
    found = listed(folder / "data-steward.age.xlsx")
    assert found == {
        "une_fois": ["1", "1"],
        "nommee": ["(vide)"],
        "connue": ["=Deux"],
        # The role reads nothing of the administration that the values are looked for in.
        "liee": ["Un", "Un", "=Deux"],
        "bornee": ["30"],
        "ensemble": ["1, 10", "1, 10"],
        "par_fichier": [None],
    }
    (file,) = [
        row for row in rows(folder / "data-steward.age.xlsx", FAULTS) if row["Contrôle"] == "par_fichier"
    ]
    assert file["Fichier reçu"] == "age/ecoles/ecoles.csv" and file["Ligne"] is None
    assert file["Le reste de la ligne"].replace("\u00a0", " ") == "lignes : 4\nlignes_attendues : 99"
    duplicate, *_ = [
        row for row in rows(folder / "data-steward.age.xlsx", FAULTS) if row["Contrôle"] == "une_fois"
    ]
    assert duplicate["Ligne en cause"].replace("\u00a0", " ") == "fase : 1"
    assert duplicate["Le reste de la ligne"].replace("\u00a0", " ") == "nom : Un\npo : 10"


def test_what_the_role_may_not_read_is_counted_and_never_listed(written: tuple[Path, Workbooks]) -> None:
    folder, _ = written
    path = folder / "data-steward.agaj.xlsx"
    # A test of a masked column, and one whose query names another, list nothing.
    assert listed(path) == {"service_connu": ["s1"], "par_service": [None]}
    (row,) = [row for row in rows(path, FAULTS) if row["Contrôle"] == "service_connu"]
    assert row["Fichier reçu"] == "agaj/dossiers/dossiers.csv" and row["Ligne"] == 2
    everything = [
        str(cell)
        for sheet in openpyxl.load_workbook(path)
        for cells in sheet.iter_rows(values_only=True)
        for cell in cells
        if cell is not None
    ]
    for value in ("Nom inventé", "2010-01-01", "01/01/2010", "accueil", "ligne illisible"):
        assert not [cell for cell in everything if value in cell], value
    assert [cell for cell in everything if "que votre rôle ne peut pas lire" in cell]
    (aside,) = rows(path, ASIDE)
    assert (aside["Nature"], aside["Valeur reçue"], aside["Raison"]) == (
        "Ligne refusée",
        "***",
        "nom inconnu",
    )


def test_what_is_written_comes_back_and_is_told_when_it_still_fails(
    project: AccessProject, tmp_path: Path
) -> None:
    before = known(project)
    write(project, tmp_path, before)
    path = tmp_path / "data-steward.age.xlsx"
    book = openpyxl.load_workbook(path)
    titles = [cell.value for cell in book[FAULTS][1]]
    book[FAULTS].cell(2, titles.index(DONE) + 1).value = "Corrigé à la source"
    marked = book[FAULTS].cell(2, 1).value
    # Put back beside it, as a steward does who works on a copy.
    book.save(tmp_path / "retours" / "ma copie.xlsx")
    done = write(project, tmp_path, before)
    assert (done.noted, done.answers["age"].noted, done.answers["age"].still) == (1, 1, 0)
    assert [one.name.partition("_ma")[2] for one in (tmp_path / "retours" / "lus").iterdir()] == [
        " copie.xlsx"
    ]
    (row,) = [row for row in rows(path, FAULTS) if row["Repère"] == marked]
    assert row[DONE] == "Corrigé à la source" and row["Suivi"].startswith("Lu")
    assert AGAIN not in openpyxl.load_workbook(path).sheetnames
    # A run plays the tests again, and they still fail.
    later = datetime.now(UTC) + timedelta(minutes=5)
    after = replace(
        before,
        made_at=later,
        controls=tuple(replace(one, at=later) for one in before.controls),
        runs=(run(2, later),),
    )
    done = write(project, tmp_path, after)
    assert (done.noted, done.answers["age"].still) == (0, 1)
    (again,) = rows(path, AGAIN)
    assert again["Ce qui était noté"] == "Corrigé à la source"
    with psycopg.connect(project.conninfo, autocommit=True) as connection:
        for change in ("update {} set texte = ''", "delete from {}", "truncate {}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="ne se modifient pas"):
                connection.execute(change.format("plateforme.retours_gestionnaires").encode())
        kept = connection.execute("select texte, domaine from plateforme.retours_gestionnaires").fetchall()
        assert kept == [("Corrigé à la source", "age")]
        assert forget_old_statements(connection, later) == 0
        with pytest.raises(psycopg.Error, match="90 derniers jours"):
            connection.execute("select plateforme.purger_retours(now())")
        connection.execute(
            "insert into plateforme.retours_gestionnaires (repere, domaine, objet, texte, classeur, lu_le) "
            "values ('x', 'age', 'o', 'vieux', 'c', now() - interval '400 days')"
        )
        assert forget_old_statements(connection, later) == 1
        assert {said.text for said in recall(connection).values()} == {"Corrigé à la source"}


def test_a_note_about_what_was_put_aside_waits_for_the_next_receipt_of_its_source(
    project: AccessProject, tmp_path: Path
) -> None:
    before = known(project)
    write(project, tmp_path, before)
    path = tmp_path / "data-steward.agaj.xlsx"
    book = openpyxl.load_workbook(path)
    titles = [cell.value for cell in book[ASIDE][1]]
    book[ASIDE].cell(2, titles.index(DONE) + 1).value = "Demandé au fournisseur"
    book.save(path)
    # Built again, and nothing received since.
    later = datetime.now(UTC) + timedelta(minutes=5)
    built = replace(before, made_at=later, runs=(run(2, later),))
    done = write(project, tmp_path, built)
    assert (done.noted, done.answers["agaj"].aside) == (1, 0)
    assert AGAIN not in openpyxl.load_workbook(path).sheetnames
    came = replace(built, sources=tuple(replace(one, last=later) for one in before.sources))
    done = write(project, tmp_path, came)
    assert (done.answers["agaj"].still, done.answers["agaj"].aside) == (0, 1)
    (again,) = rows(path, AGAIN)
    assert again["Ce qui était noté"] == "Demandé au fournisseur"


def test_a_workbook_that_says_all_already_is_left_until_the_day_ends_or_somebody_saves_it(
    project: AccessProject, tmp_path: Path
) -> None:
    said = known(project)
    morning = replace(said, made_at=said.made_at.replace(hour=9, minute=0))
    assert len(write(project, tmp_path, morning).paths) == 2
    age = tmp_path / "data-steward.age.xlsx"
    first, listed = age.read_bytes(), rows(age, FAULTS)
    later = replace(morning, made_at=morning.made_at + timedelta(hours=3))
    assert age in write(project, tmp_path, later).paths and age.read_bytes() == first
    book = openpyxl.load_workbook(age)
    book[FAULTS].delete_rows(2)
    book.save(age)
    write(project, tmp_path, later)
    assert rows(age, FAULTS) == listed
    second = age.read_bytes()
    at, core = second.index(b"docProps/core.xml"), age.stat().st_mtime_ns
    age.write_bytes(second[: at + 17] + b"\xff" * 40 + second[at + 57 :])
    os.utime(age, ns=(core, core))
    write(project, tmp_path, later)
    assert rows(age, FAULTS) == listed
    tomorrow = replace(morning, made_at=morning.made_at + timedelta(days=1))
    write(project, tmp_path, tomorrow)
    assert age.read_bytes() != second


def test_an_open_a_broken_and_a_locked_workbook_are_kept(project: AccessProject, tmp_path: Path) -> None:
    said = known(project)
    write(project, tmp_path, said)
    age, agaj = tmp_path / "data-steward.age.xlsx", tmp_path / "data-steward.agaj.xlsx"
    agaj.write_bytes(b"PK coupe")
    (tmp_path / "~$data-steward.age.xlsx").write_bytes(b"x")
    held = age.read_bytes()
    done = write(project, tmp_path, said)
    assert age.read_bytes() == held and done.paths == [agaj]
    assert any("est ouvert dans un tableur" in message for message in done.messages)
    (kept,) = (tmp_path / "illisibles").iterdir()
    assert kept.read_bytes() == b"PK coupe" and any(kept.name in message for message in done.messages)
    assert any(kept.name in str(cell) for row in openpyxl.load_workbook(agaj)[README].values for cell in row)


def test_without_a_place_to_keep_notes_no_workbook_is_replaced(
    project: AccessProject, tmp_path: Path
) -> None:
    said = known(project)
    write(project, tmp_path, said)
    held = {path.name: path.read_bytes() for path in tmp_path.glob("*.xlsx")}
    done = write_workbooks(project.account("rapport"), project.manifest(), said, tmp_path, lambda _: {})
    assert done.paths == [] and "n'ont pas pu être gardées" in done.messages[-1]
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.xlsx")} == held


def test_a_role_that_cannot_be_taken_is_said(project: AccessProject, database: str) -> None:
    manifest = project.manifest()
    with psycopg.connect(project.account("rapport"), autocommit=True) as connection:
        assert "steward_age" in Reader(connection, manifest, "age").obstacle
    with psycopg.connect(project.conninfo, autocommit=True) as connection:
        assert Reader(connection, manifest, "age").obstacle == ""
        assert "Aucun rôle steward_data_platform" in Reader(connection, manifest, "data_platform").obstacle
    with psycopg.connect(database, autocommit=True) as connection:
        assert "ne sont pas appliqués" in Reader(connection, manifest, "age").obstacle
