"""Access, erasure, rectification and purge on the sample's raw tables, with real rights and a real dbt."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import psycopg
import pytest

from donnees_au_centre.access import apply_access
from donnees_au_centre.audit import verify
from donnees_au_centre.audit.rights import grant_rights
from donnees_au_centre.cli import rights
from donnees_au_centre.cli.access import read_declaration
from donnees_au_centre.cli.project import build
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import LoadReport, load_landing, read_declarations
from donnees_au_centre.privacy.erasure import erase
from donnees_au_centre.privacy.holds import Hold, Person
from donnees_au_centre.privacy.persons import Asked
from donnees_au_centre.privacy.places import search
from donnees_au_centre.privacy.purge import apply_purge, plan_purge
from donnees_au_centre.privacy.requests import collect, take_role
from donnees_au_centre.project import parse
from donnees_au_centre.project.datasets import read_datasets
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import ROOT, Settings, database_address
from donnees_au_centre.warehouse import EmbeddedServer
from tests.access_project import drop_with_roles
from tests.memory import recall
from tests.small_project import environment

DATABASE = "essai_droits"
LOADED = ("agaj", "agmj", "sg")
MODELS = (
    "stg_prises_en_charge__prises_en_charge stg_prises_en_charge__prises_en_charge_ecarts "
    "stg_mandats__mandats stg_agents__agents"
)
KEYS = (
    "AGAJ_SUIVI",
    "AGMJ_SUIVI",
    "SG_EFFECTIFS",
    "AGC_SUBVENTIONS",
    "AGAJ_DROITS",
    "AGMJ_DROITS",
    "SG_DROITS",
    "AGC_DROITS",
)
RAW = "raw_agaj.prises_en_charge"
STAGED = "agaj_staging.stg_prises_en_charge__prises_en_charge"


@dataclass
class Platform:
    """The loaded and built sample, and the way to it."""

    settings: Settings
    conninfo: str
    manifest: Manifest

    def ask(self, query: str, *values: object) -> list[tuple]:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def load(self, landing: Path = ROOT / "landing") -> LoadReport:
        return load_landing(self.conninfo, landing, read_declarations(self.manifest.sources.values()), LOADED)

    def person(self) -> str:
        """A young person with rows in both years."""
        found = self.ask(
            f"select identifiant_du_jeune from {RAW} "
            "group by 1 having count(distinct annee) = 2 order by 1 limit 1"
        )
        return found[0][0]

    def confirmed(self) -> dict[str, str]:
        """What a person types on a server shared with others."""
        host, port = os.environ["PGHOST"], os.environ["PGPORT"]
        return {"CONFIRMER": "1", "BASE": database_address(DATABASE, host, port)}

    def events(self, action: str) -> list[tuple]:
        return self.ask("select objet, details from audit.evenements where action = %s order by id", action)


@pytest.fixture(scope="module")
def shared(
    server: EmbeddedServer, systems: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("droits")
    server.ensure_database(DATABASE)
    conninfo = server.start().conninfo(DATABASE)
    before = dict(os.environ)
    os.environ |= environment(conninfo) | {f"DAC_CLE_{name}": secrets.token_hex(32) for name in KEYS}
    os.environ |= {"DBT_TARGET": "ci", "DAGSTER_HOME": str(folder / ".dagster")}
    settings = replace(
        Settings.load(), target_path=folder / "target", build=folder / "build", landing=ROOT / "landing"
    )
    recall(settings)
    manifest = parse(settings).manifest
    platform = Platform(settings, conninfo, manifest)
    platform.load()
    declaration = read_declaration(settings, manifest)
    apply_access(conninfo, declaration)
    with psycopg.connect(conninfo, autocommit=True) as admin:
        grant_rights(admin)
    build(settings, {"SELECT": MODELS})
    try:
        yield platform
    finally:
        os.environ.clear()
        os.environ.update(before)
        drop_with_roles(server, DATABASE, declaration.roles)


@contextmanager
def as_person_officer(platform: Platform) -> Iterator[psycopg.Connection]:
    with psycopg.connect(platform.conninfo) as connection:
        take_role(connection)
        yield connection
        connection.rollback()


def reject(platform: Platform, text: str) -> None:
    """An unreadable line, as the loader keeps it."""
    platform.ask(
        "insert into raw_agaj.rejets_chargement "
        "select chargement_id, source_nom, table_nom, fichier, 9999, 1, 'guillemet',"
        " 'Guillemet perdu.', %s, %s from plateforme.chargements "
        "where domaine = 'agaj' and statut = 'charge' order by chargement_id limit 1",
        text,
        text.encode("cp1252"),
    )


def is_before(text: str | None, limit: date) -> bool:
    """Whether a received date, dd/MM/yyyy, is a date and before another one."""
    try:
        return datetime.strptime((text or "").strip(), "%d/%m/%Y").date() < limit
    except ValueError:
        return False


def test_all_that_the_database_knows_is_given_and_noted_without_the_value(
    shared: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    person = shared.person()
    reject(shared, f'PC-0;"{person};été')
    rights.person_access(shared.settings, {"IDENTIFIANT": f" {person.lower()} ", "AG": "agaj"})
    said = capsys.readouterr().out
    assert person not in said
    machine = Path(re.search(r"JSON : (.*)", said)[1])
    assert machine.stat().st_mode & 0o777 == 0o600 and machine.parent.stat().st_mode & 0o777 == 0o700
    data = json.loads(machine.read_text("utf-8"))
    rows = {table["table"]: table["lignes"] for table in data["tables"]}
    ((expected,),) = shared.ask(f"select count(*) from {RAW} where identifiant_du_jeune = %s", person)
    assert len(rows[RAW]) == len(rows[STAGED]) == expected >= 2
    assert len(rows["raw_agaj.rejets_chargement"]) == 1
    assert {one["fichier"] for one in data["fichiers"]} >= {row["source_fichier"] for row in rows[RAW]}
    assert data["traitements"][0]["conservation"].startswith("240 mois")
    page = machine.with_suffix(".html").read_text("utf-8")
    assert person in page and "Autorité de protection des données" in page
    objet, details = shared.events("acces_personne")[-1]
    assert objet == "agaj" and details["lignes"][RAW] == expected
    assert person not in json.dumps(details)


def test_an_account_without_the_role_is_refused(shared: Platform) -> None:
    shared.ask("create role compte_curieux login password 'essai' in role steward_agaj")
    try:
        with (
            psycopg.connect(shared.conninfo, user="compte_curieux", password="essai") as connection,
            pytest.raises(PlatformError, match="droits_des_personnes"),
        ):
            take_role(connection)
    finally:
        shared.ask("drop role compte_curieux")


def test_a_person_who_is_unknown_has_an_answer(shared: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    rights.person_access(shared.settings, {"IDENTIFIANT": "J9999999"})
    page = Path(re.search(r"Page : (.*)", capsys.readouterr().out)[1]).read_text("utf-8")
    assert "aucune donnée sur cet identifiant" in page
    rights.person_erase(shared.settings, {"IDENTIFIANT": "J9999999", "AG": "AGAJ"})
    said = capsys.readouterr().out
    assert "vérifiez d'abord l'écriture de l'identifiant" in said and "noterait quand même" in said
    with pytest.raises(PlatformError, match="rien à rectifier"):
        rights.person_rectify(shared.settings, {"IDENTIFIANT": "J9999999", "AG": "agaj", "COLONNE": "sexe"})


def test_nothing_is_erased_without_confirmation_nor_under_a_hold(
    shared: Platform, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    person = shared.person()
    count = f"select count(*) from {RAW}"
    before = shared.ask(count)
    rights.person_erase(shared.settings, {"IDENTIFIANT": person, "AG": "agaj"})
    mark = re.search(r"empreinte pour agaj \(audit, gels\) : (\w{64})", capsys.readouterr().out)[1]
    assert shared.ask(count) == before
    holds = [
        Hold(
            personne=Person(ag="agaj", empreinte=mark),
            motif="Recours.",
            approbateur="Service juridique",
            jusqu_a=date(2999, 1, 1),
        )
    ]
    monkeypatch.setattr(rights, "read_holds", lambda root, datasets: holds)
    with pytest.raises(PlatformError, match="Un gel s'y oppose"):
        rights.person_erase(shared.settings, {"IDENTIFIANT": person, "AG": "agaj", "CONFIRMER": "1"})
    assert shared.ask(count) == before


def test_an_erased_person_is_nowhere_in_the_database_and_does_not_come_back(
    shared: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person = shared.person()
    reject(shared, f"PC-1;{person};é")
    shared.ask(f"create table if not exists tests.echec_ancien as select * from {STAGED} limit 0")
    shared.ask(
        f"insert into tests.echec_ancien select s.* from {STAGED} as s inner join {RAW} as r "
        "on r.source_fichier = s.source_fichier and r.source_ligne = s.source_ligne "
        "where r.identifiant_du_jeune = %s",
        person,
    )
    shared.ask("analyze")
    with as_person_officer(shared) as connection:
        dossier = collect(connection, shared.manifest, shared.settings, [Asked("agaj", person)])
    places = {place.table.label for place in dossier.places}
    assert places >= {RAW, STAGED, "raw_agaj.rejets_chargement", "tests.echec_ancien"}
    # The identifier, its pseudonym, and the numbers of the cases, which are the person's alone.
    assert any(len(value) == 64 for value in dossier.values)
    assert any(value.startswith("PC-") for value in dossier.values)
    with psycopg.connect(shared.conninfo) as admin:
        assert {hit.schema for hit in search(admin, dossier.values).hits} >= {"raw_agaj", "tests"}
    others = shared.ask(f"select count(*) from {RAW} where identifiant_du_jeune is distinct from %s", person)
    capsys.readouterr()

    with pytest.raises(PlatformError, match=f"change la base {DATABASE}@"):
        rights.person_erase(shared.settings, {"IDENTIFIANT": person, "CONFIRMER": "1"})
    assert shared.person() == person
    assert rights.person_erase(shared.settings, {"IDENTIFIANT": person, **shared.confirmed()}) == 0

    said = capsys.readouterr().out
    assert "Plus aucune valeur de la personne dans la base." in said
    assert re.search(r"agaj/prises_en_charge/prises_en_charge_2023\.csv : lignes? \d+", said)
    with psycopg.connect(shared.conninfo) as admin:
        found = search(admin, dossier.values)
    assert found.hits == () and found.unread == () and found.tables > 10
    # Nor in the bytes that a deleted row leaves in the table's file.
    shared.ask("checkpoint")
    assert shared.ask(
        "select position(%s::bytea in pg_read_binary_file(pg_relation_filepath(%s)))", person.encode(), RAW
    ) == [(0,)]
    assert shared.ask(f"select count(*) from {RAW}") == others
    assert shared.ask(f"select count(*) from {STAGED}")[0][0] <= others[0][0]
    assert person not in json.dumps(shared.events("effacement"))

    # As it was: nothing to do. Deposited again with one more line: everybody comes but the person.
    again = shared.load()
    assert {file.status for table in again.tables for file in table.files} == {"inchange"}
    zone = tmp_path / "zone"
    for path in (ROOT / "landing" / "agaj").rglob("*.csv"):
        copy = zone / path.relative_to(ROOT / "landing")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes() + f'"illisible;{person}\n'.encode())
    report = shared.load(zone)
    files = [file for table in report.tables if table.source != "salles" for file in table.files]
    assert {file.status for file in files} == {"remplace"}
    assert any("effacées à leur demande" in file.message for file in files)
    assert shared.ask(f"select count(*) from {RAW}") == others
    with psycopg.connect(shared.conninfo) as admin:
        assert search(admin, dossier.values).hits == ()
        assert verify(admin).faults == ()


def test_without_its_key_the_list_of_the_erased_stops_the_load(
    shared: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.ask("insert into plateforme.personnes_effacees values ('agaj', 'x', 'autre cle')")
    try:
        (tmp_path / "agaj" / "prises_en_charge").mkdir(parents=True)
        source = next((ROOT / "landing" / "agaj").rglob("*2024.csv"))
        (tmp_path / "agaj" / "prises_en_charge" / source.name).write_bytes(source.read_bytes() + b"\n")
        before = shared.ask(f"select count(*) from {RAW}")
        report = shared.load(tmp_path)
        messages = [file.message for table in report.tables for file in table.files]
        assert any("DAC_CLE_AGAJ_DROITS n'est plus celle" in message for message in messages)
        assert shared.ask(f"select count(*) from {RAW}") == before
    finally:
        shared.ask("delete from plateforme.personnes_effacees where empreinte = 'x'")


def test_a_snapshot_loses_the_person_too(shared: Platform) -> None:
    person = shared.ask(
        "select matricule from raw_sg.agents where matricule ~ '^[0-9]{5}$' order by 1 limit 1"
    )[0][0]
    staged = "sg_staging.stg_agents__agents"
    shared.ask(f"create table sg_staging.snap_agents as select *, now() as dbt_valid_from from {staged}")
    shared.ask("grant select, delete on sg_staging.snap_agents to droits_des_personnes")
    try:
        nodes = dict(shared.manifest.content["nodes"])
        parent = next(name for name in nodes if name.endswith(".stg_agents__agents"))
        nodes["snapshot.snap_agents"] = {
            "unique_id": "snapshot.snap_agents", "resource_type": "snapshot", "schema": "sg_staging",
            "alias": "snap_agents", "name": "snap_agents", "depends_on": {"nodes": [parent]},
        }  # fmt: skip
        manifest = Manifest({**shared.manifest.content, "nodes": nodes})
        with as_person_officer(shared) as connection:
            asked = [Asked("sg", person)]
            dossier = collect(connection, manifest, shared.settings, asked)
            counts, _ = erase(connection, dossier, shared.settings)
            assert counts["sg_staging.snap_agents"] == counts[staged] == counts["raw_sg.agents"] >= 1
            left = collect(connection, manifest, shared.settings, asked)
            assert left.places == []
    finally:
        shared.ask("drop table sg_staging.snap_agents")


def test_a_rectified_value_is_the_only_one(shared: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    ((person, address),) = shared.ask(
        "select matricule, min(adresse_electronique) from raw_sg.agents where matricule ~ '^[0-9]{5}$' "
        "group by matricule having count(*) = 2 and count(distinct adresse_electronique) = 1 "
        "order by 1 desc limit 1"
    )
    options = {
        "IDENTIFIANT": f"sg:{person}",
        "COLONNE": "adresse_electronique",
        "VALEUR": "neuve@fwb.example",
    }
    rights.person_rectify(shared.settings, {**options, "VALEUR": ""})
    assert "Serait vidée (adresse_electronique) :" in capsys.readouterr().out
    rights.person_rectify(shared.settings, options)
    assert "raw_sg.agents : 2 cellules sur 2" in capsys.readouterr().out
    query = "select distinct adresse_electronique from raw_sg.agents where matricule = %s"
    assert shared.ask(query, person) == [(address,)]
    with pytest.raises(PlatformError, match=f"change la base {DATABASE}@"):
        rights.person_rectify(shared.settings, {**options, "CONFIRMER": "1"})
    assert shared.ask(query, person) == [(address,)]
    rights.person_rectify(shared.settings, {**options, **shared.confirmed()})
    assert shared.ask(query, person) == [("neuve@fwb.example",)]
    with psycopg.connect(shared.conninfo) as admin:
        assert search(admin, {address}).hits == ()
    assert shared.events("rectification")[-1][1]["colonne"] == "adresse_electronique"
    with pytest.raises(PlatformError, match="n'a de colonne « couleur »"):
        rights.person_rectify(shared.settings, {**options, "COLONNE": "couleur"})


def test_a_purge_counts_then_deletes_what_is_past_and_spares_holds(
    shared: Platform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    datasets = read_datasets(shared.manifest)

    def plan(connection: psycopg.Connection, today: date, *holds: Hold) -> dict:
        dues = plan_purge(connection, shared.manifest, datasets, holds, shared.settings, today)
        return {due.label: due for due in dues}

    name, mandates = "agaj.prises_en_charge.prises_en_charge", "agmj.mandats.mandats"
    # 240 months after the first beginnings, 120 after the first mandates.
    day = date(2043, 7, 1)
    beginnings = [text for (text,) in shared.ask(f"select date_de_debut from {RAW}")]
    readable = sum(is_before(text, date(2023, 7, 1)) for text in beginnings)
    with psycopg.connect(shared.conninfo) as connection:
        assert plan(connection, date.today())[name].state == "rien"
        due = plan(connection, day)
        assert 0 < readable == due[name].rows < len(beginnings)
        hold = Hold(
            jeu_de_donnees="agaj.fct_prise_en_charge_arrondissement",
            motif="Contrôle.",
            approbateur="Cour des comptes",
            jusqu_a=date(2999, 1, 1),
        )
        held = plan(connection, day, hold)[name]
        assert held.state == "gele" and held.rows == due[name].rows
        assert apply_purge(connection, [held], None) == []
        past = hold.model_copy(update={"until": date(2043, 6, 30)})
        assert plan(connection, day, past)[name].state == "a_effacer"
        done = apply_purge(connection, [due[name], due[mandates]], None)
        assert [one.rows for one in done] == [due[name].rows, due[mandates].rows]
        assert ("raw_agaj", "prises_en_charge") in done[0].tables
        assert plan(connection, day)[name].rows == 0
        counts = connection.execute(
            "select sum(lignes) from (select distinct on (fichier) lignes from plateforme.chargements "
            "where domaine = 'agaj' and statut in ('charge', 'remplace') "
            "order by fichier, chargement_id desc) as x"
        ).fetchone()
        assert counts == connection.execute(f"select count(*) from {RAW}").fetchone()
        event = connection.execute(
            "select objet, details from audit.evenements where action = 'purge' order by id limit 1"
        ).fetchone()
        assert event[0] == name and event[1]["lignes"] == due[name].rows
        connection.rollback()
    # The command does nothing without CONFIRMER.
    before = shared.ask(f"select count(*) from {RAW}")
    assert rights.purge(shared.settings, {}) == 0
    assert "CONFIRMER=1" in capsys.readouterr().out and shared.ask(f"select count(*) from {RAW}") == before


def test_a_purge_spares_people_under_a_hold(shared: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    person = shared.person()
    rights.person_access(shared.settings, {"IDENTIFIANT": person, "AG": "agaj"})
    mark = re.search(r": (\w{64})", capsys.readouterr().out)[1]
    hold = Hold(
        personne=Person(ag="agaj", empreinte=mark),
        motif="Recours.",
        approbateur="Service juridique",
        jusqu_a=date(2999, 1, 1),
    )
    with psycopg.connect(shared.conninfo) as connection:
        dues = plan_purge(
            connection, shared.manifest, read_datasets(shared.manifest), [hold], shared.settings,
            date(2099, 1, 1),
        )  # fmt: skip
        due = next(one for one in dues if one.label == "agaj.prises_en_charge.prises_en_charge")
        assert due.spared >= 2
        apply_purge(connection, [due], None)
        kept = connection.execute(f"select distinct identifiant_du_jeune from {RAW}").fetchall()
        assert kept == [(person,)]
        connection.rollback()


def test_a_purged_table_is_not_filled_again_by_the_same_files(shared: Platform) -> None:
    datasets = read_datasets(shared.manifest)
    with psycopg.connect(shared.conninfo) as connection:
        dues = plan_purge(connection, shared.manifest, datasets, [], shared.settings, date(2099, 1, 1))
        apply_purge(connection, [due for due in dues if due.dataset.domain == "agmj"], None)
        connection.commit()
    assert shared.ask("select count(*) from raw_agmj.mandats") == [(0,)]
    report = shared.load()
    statuses = {file.status for table in report.tables if table.source == "mandats" for file in table.files}
    assert statuses == {"inchange"}
    assert shared.ask("select count(*) from raw_agmj.mandats") == [(0,)]
