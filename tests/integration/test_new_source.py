"""`make new-source` over a real database: what it declares, the loader reads, to the last row."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import yaml

from benchmarks.odd_files import odd_file
from donnees_au_centre.cli import answers, new_source
from donnees_au_centre.discovery.look import look
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.nodes import Manifest
from tests.servers.api import api_server
from tests.small_project import settings_of
from tests.unit.landing_sources import environment_of
from tests.unit.test_dictionary import book
from tests.unit.test_new_source_answers import HEADER, MANIFEST, OF_PEOPLE, PEOPLE, PROJECT, SAID, SECRETS

GROUPS = {"groups": {"group.age": MANIFEST.groups["age"]._said}}


class Checkout:
    """A checkout of one administration, and the command over it; dbt is not asked."""

    def __init__(self, folder: Path, conninfo: str) -> None:
        self.settings, self.conninfo = settings_of(folder), conninfo
        (folder / "models/age").mkdir(parents=True)
        self.settings.landing.mkdir()
        (folder / "models/age/_age.yml").write_text("version: 2\n", encoding="utf-8")
        (folder / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")

    def manifest(self) -> Manifest:
        """What dbt would read of the sources written so far."""
        sources = {}
        for file in (self.settings.root / "models").rglob("_*__sources.yml"):
            for source in yaml.safe_load(file.read_text("utf-8"))["sources"]:
                for table in source["tables"]:
                    unique_id = f"source.essai.{source['name']}.{table['name']}"
                    sources[unique_id] = {
                        **table,
                        "unique_id": unique_id,
                        "resource_type": "source",
                        "source_name": source["name"],
                        "identifier": table["name"],
                        "schema": source["schema"],
                        "fqn": ["essai", "age", "staging", source["name"], table["name"]],
                        "meta": table["config"]["meta"],
                        "columns": {column["name"]: column for column in table["columns"]},
                    }
        return Manifest({**GROUPS, "sources": sources, "nodes": {}})

    def declare(self, name: str, content: bytes, **options: str) -> int:
        """Drops a file and runs the command on it."""
        file = self.settings.landing / "age/essai" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return self.run(FICHIER=f"age/essai/{name}", **options)

    def run(self, **options: str) -> int:
        """Runs the command."""
        return new_source.new_source(self.settings, {**SAID, **OF_PEOPLE, **options})

    def written(self) -> str:
        """All that was written outside the landing zone."""
        return "\n".join(
            path.read_text("utf-8")
            for path in sorted(self.settings.root.rglob("*"))
            if path.is_file() and not path.is_relative_to(self.settings.landing)
        )

    def external(self) -> dict[str, Any]:
        """What the last table declared says of where it comes from."""
        return dict([*self.manifest().sources.values()][-1].external)

    def count(self, table: str) -> int:
        with psycopg.connect(self.conninfo) as connection:
            (rows,) = connection.execute(f"select count(*) from raw_age.{table}").fetchone() or (0,)
            return int(rows)

    def rejected(self) -> list[Any]:
        with psycopg.connect(self.conninfo) as connection:
            query = "select motif, detail from raw_age.rejets_chargement where motif <> 'hors_tableau'"
            return connection.execute(query).fetchall()


@pytest.fixture
def checkout(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    found = Checkout(tmp_path, database)
    access = SimpleNamespace(conninfo=lambda: database, address="essai")
    monkeypatch.setattr(new_source, "open_project", lambda _session: (access, found.manifest()))
    monkeypatch.setattr(
        new_source, "parse_or_fail", lambda _session: SimpleNamespace(manifest=found.manifest())
    )
    monkeypatch.setattr(answers, "sys", SimpleNamespace(stdin=None))
    return found


def test_every_row_of_odd_files_is_loaded(checkout: Checkout) -> None:
    source = random.Random(11)
    for place in range(25):
        file = odd_file(source)
        with_header = "oui" if file.header_rows else "non"
        assert (
            checkout.declare(f"fichier_{place}x.csv", file.data, TABLE=f"t{place}", EN_TETE=with_header) == 0
        )
        wanted = look(io.BytesIO(file.data), header=file.header_rows > 0)
        assert checkout.count(f"t{place}") == wanted.table.rows, file.text[:300]
    assert checkout.rejected() == []


def test_people_leave_no_trace_outside_the_database(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [["Liste"], [""], HEADER, *PEOPLE, ["Source : registre"]]
    content = "\r\n".join(";".join(row) for row in rows).encode("mac-roman")
    assert checkout.declare("eleves_2024.csv", content) == 0
    assert checkout.count("eleves") == len(PEOPLE)
    printed = capsys.readouterr()
    text = "\n".join([checkout.written(), printed.out, printed.err]).lower()
    assert "stg_essai__eleves" in text
    assert not [secret for secret in SECRETS if secret in text]


def test_a_file_that_cannot_be_loaded_leaves_nothing(checkout: Checkout) -> None:
    before = sorted(checkout.settings.root.rglob("*.yml"))
    with pytest.raises(PlatformError):
        checkout.declare("vide.csv", b"a;b\n")
    assert sorted(checkout.settings.root.rglob("*.yml")) == before


UPSTREAM = """
create schema amont;
create table amont.eleves (
    id bigint primary key, nom text, n_national text, frais numeric(10, 2), mesure float8, present boolean,
    ne_le date, note text, modifie_le timestamptz not null
);
insert into amont.eleves
select n, 'Quintiniaux', '85073003328', 0.5 * n, 1.234, n % 2 = 0, date '2010-01-01' + n, null,
    timestamptz '2026-01-01 10:00:00.5+01' + n * interval '1 minute'
from generate_series(1, 6000) as n;
comment on table amont.eleves is 'Une inscription d''un élève.';
comment on column amont.eleves.frais is '  Minerval dû,
    en euros ';
comment on column amont.eleves.present is 'Présent le 1er octobre {{ run_query("drop table x") }}';
comment on column amont.eleves.note is 'note';
create view amont.presents as select id from amont.eleves where present;
"""


@pytest.fixture
def amont(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A base that is a source: another schema of the test's own server."""
    for name, value in environment_of(database).items():
        monkeypatch.setenv(name, value)
    with psycopg.connect(database) as connection:
        connection.execute(UPSTREAM)


def test_a_database_shows_what_it_has(
    checkout: Checkout, amont: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checkout.run(GENRE="postgresql", CONNEXION="amont") == 0
    assert " : 2 tables et vues.\n  amont.eleves\n  amont.presents\n\n" in capsys.readouterr().out


TABLE = {
    "GENRE": "postgresql",
    "CONNEXION": "amont",
    "EMPLACEMENT": "amont.eleves",
    "AG": "age",
    "SOURCE": "inscriptions",
}


def test_a_table_of_a_database(checkout: Checkout, amont: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert checkout.run(**TABLE) == 0
    assert checkout.count("eleves") == 6000
    assert checkout.external() == {"kind": "postgresql", "connection": "amont", "location": "amont.eleves"}
    printed = capsys.readouterr()
    written = checkout.written()
    assert (
        '# options: {incremental: {cursor: modifie_le, type: time, look_back: "2 days", key: [id]}}'
        in written
    )
    for typed in (
        "decimal('id', precision=19, scale=0, required=",
        "decimal('frais', precision=10, scale=2, optional=",
        "decimal('mesure', precision=7, scale=3, optional=",
        "yes_no('present', optional=",
        "day('ne_le', pattern='yyyy-MM-dd', optional=",
        "moment('modifie_le', ",
    ):
        assert typed in written, typed
    (source,) = checkout.manifest().sources.values()
    assert source.description == "Une inscription d'un élève."
    described = {name: column.description for name, column in source.columns.items()}
    assert described["frais"] == "Minerval dû, en euros. Reçu : nombre décimal."
    assert described["present"] == (
        'Présent le 1er octobre { { run_query("drop table x") } }. Reçu : oui ou non.'
    )
    assert described["note"].startswith("« note » à la source.")
    assert "La source décrit 2 des 9 colonnes." in printed.out
    assert not [one for one in SECRETS if one in f"{written}{printed.out}{printed.err}".lower()]
    with pytest.raises(PlatformError, match="déjà lu par"):
        checkout.run(**TABLE)


def test_an_incremental_reading_is_written_when_it_is_said(checkout: Checkout, amont: None) -> None:
    assert checkout.run(**TABLE, INCREMENTAL="oui") == 0
    incremental = {"cursor": "modifie_le", "type": "time", "look_back": "2 days", "key": ["id"]}
    assert checkout.external()["options"] == {"incremental": incremental}


def test_a_public_data_set(checkout: Checkout) -> None:
    with api_server() as portal:
        portal.dataset = "signaletique-fase"
        portal.fields = [("fase", "int"), ("ouvert", "text"), ("lieu", "geo_point_2d"), ("maj", "datetime")]
        portal.said = {
            "": ("Signalétique des écoles", None),
            "fase": ("Numéro FASE", "Numéro de l'<b>établissement</b>"),
            "lieu": ("Coordonnées", None),
        }
        portal.records = [
            json.dumps(
                {
                    "fase": n,
                    "ouvert": "Oui",
                    "lieu": {"lon": 4.5, "lat": 50.25},
                    "maj": f"2026-01-{n % 28 + 1:02}T00:00:00+00:00",
                }
            )
            for n in range(1, 60)
        ]
        said = {"AG": "age", "SOURCE": "odwb", "GENRE": "opendatasoft", "CONNEXION": portal.url}
        with pytest.raises(PlatformError, match="ne montre rien à lire"):
            checkout.run(**said)
        assert checkout.run(**said, EMPLACEMENT="signaletique-fase") == 0
    assert checkout.count("signaletique_fase") == 59
    assert checkout.external() == {
        "kind": "opendatasoft",
        "connection": portal.url,
        "location": "signaletique-fase",
    }
    (source,) = checkout.manifest().sources.values()
    assert source.description == "Signalétique des écoles."
    described = {name: column.description for name, column in source.columns.items()}
    assert described["fase"].startswith("Numéro FASE : Numéro de l'établissement. Reçu")
    assert described["lieu_lat"].startswith("Coordonnées (latitude). Reçu")
    assert described["ouvert"].startswith("« ouvert » à la source.")
    assert "decimal('lieu_lon'" in checkout.written()
    assert "day('maj', pattern=\"yyyy-MM-dd'T00:00:00+00:00'\"" in checkout.written()


def test_the_dictionary_of_a_workbook_is_shown_then_taken(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    data = [["code", "nb_places"], *([str(n), str(n * 2)] for n in range(1, 40))]
    described = [["Champ", "Définition"], ["code", "Numéro de la salle"], ["nb_places", "Places assises"]]
    content = book({"Données": data, "Dictionnaire": described})
    with pytest.raises(PlatformError):
        checkout.declare("salles.xlsx", content, FINALITE="")
    assert "La feuille « Dictionnaire » semble décrire ces colonnes" in capsys.readouterr().out
    path = "age/essai/salles.xlsx"
    assert checkout.run(FICHIER=path, DICTIONNAIRE=path) == 0
    assert "« Dictionnaire » : les noms sous « Champ »" in capsys.readouterr().out
    (source,) = checkout.manifest().sources.values()
    assert source.columns["nb_places"].description == "Places assises. Reçu : nombre entier."


def test_a_file_that_lies_elsewhere(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "ailleurs/exports"
    place.mkdir(parents=True)
    for year in (2023, 2024):
        (place / f"ecoles_{year}.csv").write_text("code;lieu\n1;Huy\n2;Ath\n", encoding="utf-8")
    monkeypatch.setenv("SOURCE_AILLEURS", (tmp_path / "ailleurs").as_uri())
    said = {"GENRE": "folder", "CONNEXION": "ailleurs", "DOSSIER": "exports"}
    assert checkout.run(**said) == 0
    assert "  ecoles_2024.csv, 22 octets, du " in capsys.readouterr().out
    assert checkout.run(**said, AG="age", SOURCE="ecoles", EMPLACEMENT="ecoles_2024.csv") == 0
    assert checkout.external() == {
        "kind": "folder",
        "connection": "ailleurs",
        "folder": "exports",
        "location": "age/ecoles/ecoles_{annee:yyyy}.csv",
        "options": {"delimiter": ";"},
    }
    assert checkout.count("ecoles") == 4
