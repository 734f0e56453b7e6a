"""The project's declarations over real public files, where the team's data folder is at hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from donnees_au_centre.landing import LoadReport, SourceTable, load_landing, read_declarations
from donnees_au_centre.project import parse
from donnees_au_centre.settings import ROOT, Settings
from tests.memory import NOWHERE, recall_nowhere

SHARED = ROOT.parent / "shared" / "data" / "landing"
# How the deliveries end that are no files.
SYSTEMS = (".postgresql", ".opendatasoft")
pytestmark = pytest.mark.usefixtures("systems")

# Records counted by other tools, and lines that are none: one blank line in the first edition of the ISE.
RECEIVED = {
    "age/signaletique_fase/signaletique-fase_2023-10-20.csv": (8346, 0),
    "age/indice_socio_economique/ise_v0.csv": (3029, 1),
    "age/indice_socio_economique/ise_2022.csv": (3025, 0),
    "age/indice_socio_economique/ise_2024.csv": (3003, 0),
    "ags/points_verts/points_verts_2022-06-14.json": (480, 0),
    "agmj/maisons_de_justice/maisons_de_justice.json": (27, 0),
    "agmj/prisons/prisons.json": (39, 0),
    "sg/baremes/baremes.csv": (2944, 0),
    "sg/index/index_2023-01-26.csv": (36, 0),
    "commun/communes/belgian_municipalities_2018.csv": (589, 0),
    "commun/communes/belgian_municipalities_2019.csv": (581, 0),
    "commun/refnis/TU_COM_REFNIS_2020-02.csv": (2769, 0),
    "commun/population/population_2013.csv": (26880, 0),
}


@pytest.fixture(scope="module")
def declarations(tmp_path_factory: pytest.TempPathFactory) -> list[SourceTable]:
    """The declarations of the checkout, by dbt itself."""
    settings = replace(Settings.load({}), target_path=tmp_path_factory.mktemp("target"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in NOWHERE.items():
            patch.setenv(name, value)
        recall_nowhere(settings)
        return read_declarations(parse(settings).manifest.sources.values())


def load(database: str, landing: Path, declarations: list[SourceTable]) -> LoadReport:
    report = load_landing(database, landing, declarations)
    assert [(found.table, found.message, found.files) for found in report.failed] == []
    assert report.unmatched == []
    return report


def by_file(report: LoadReport) -> dict[str, Any]:
    return {file.path: file for found in report.tables for file in found.files}


def test_committed_sample_loads_whole(database: str, declarations: list[SourceTable]) -> None:
    report = load(database, ROOT / "landing", declarations)
    assert [found.table for found in report.tables if found.status == "jamais_recu"] == []
    assert [
        file.message for file in by_file(report).values() if file.status == "charge" and not file.rows
    ] == []
    again = load(database, ROOT / "landing", declarations)
    assert {file.status for file in by_file(again).values()} == {"inchange"}


@pytest.mark.skipif(not SHARED.is_dir(), reason="données publiques réelles absentes (../shared/data/landing)")
def test_every_real_file_loads(database: str, declarations: list[SourceTable]) -> None:
    report = load(database, SHARED, declarations)
    files = by_file(report)
    assert {path for path in files if not path.endswith(SYSTEMS)} == {
        path.relative_to(SHARED).as_posix() for path in SHARED.rglob("*") if path.is_file()
    }
    assert {path: (files[path].rows, files[path].rejects) for path in RECEIVED} == RECEIVED
    assert files["ags/points_verts/points_verts_2022-06-14.csv"].status == "doublon"
    assert [path for path, file in files.items() if file.rejects and path not in RECEIVED] == []
    with psycopg.connect(database) as connection:
        school = connection.execute(
            "select n_fase_de_l_etablissement, source_ligne from raw_age.signaletique_fase "
            "order by source_ligne limit 1"
        ).fetchone()
        assert school is not None
        assert school[0].isdecimal()
        assert school[1] == 2
