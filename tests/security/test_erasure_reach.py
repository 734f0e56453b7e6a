"""An erasure reaches what stands outside of the tables, or says what stays, where and until when."""

from __future__ import annotations

import gzip
import html
import io
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import openpyxl
import psycopg
import pytest

from donnees_au_centre.privacy.erasure import rewrite
from donnees_au_centre.privacy.export import as_data, write_export
from donnees_au_centre.privacy.requests import Dossier
from donnees_au_centre.privacy.traces import (
    RUNS_KEPT,
    erase_traces,
    find_traces,
    forget_dagster_runs,
    forget_old_files,
    told_beyond,
    told_traces,
)
from donnees_au_centre.settings import Settings
from donnees_au_centre.warehouse import EmbeddedServer
from orchestration.home import prepare_home
from tests.small_project import settings_of

# Invented: a name with what files escape, a pseudonym, and a number too short to be searched for anywhere.
NAME, PSEUDONYM, SHORT = "Zéphyrine d'Quatre-Fages", "c0ffee" * 10 + "beef", "00018"
VALUES = {NAME, PSEUDONYM, SHORT}
FORMS = {
    form.encode(code, "ignore")
    for text in (NAME, NAME.upper(), PSEUDONYM)
    for form in (text, json.dumps(text)[1:-1], html.escape(text))
    for code in ("utf-8", "cp1252")
}


def workbook(path: Path, *cells: str) -> None:
    """A workbook with a line."""
    book = openpyxl.Workbook()
    book.active.append(cells)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def zipped(name: str, content: bytes) -> bytes:
    """A zip of one file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


@dataclass
class Checkout:
    """A checkout full of traces of a person."""

    settings: Settings
    run_id: str = ""

    def put(self, path: str, content: str | bytes) -> Path:
        """Writes a file."""
        file = self.settings.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def holding(self) -> list[str]:
        """The files whose bytes, unpacked, hold a form of a value: not by the platform's own code."""
        found = []
        for path in sorted(self.settings.root.rglob("*")):
            if path.is_file() and any(form in bytes_of(path.read_bytes()) for form in FORMS):
                found.append(path.relative_to(self.settings.root).as_posix())
        return found


def bytes_of(content: bytes) -> bytes:
    """A content, and what is packed in it."""
    if content.startswith(b"\x1f\x8b"):
        return content + bytes_of(gzip.decompress(content))
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return content + b"".join(bytes_of(archive.read(name)) for name in archive.namelist())
    return content


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Every place where former versions, other tools or people may have left something."""
    root = tmp_path_factory.mktemp("depot")
    made = Checkout(replace(settings_of(root), target="ci"))
    made.put("build/summary.json", json.dumps({"message": NAME}))
    made.put("build/dagster.log", f"colonnes reçues : {NAME.upper()}")
    made.put("build/reports/qualite/agaj.html", f"<td>{html.escape(NAME)}</td>")
    made.put("build/reports/elementary.html", "<script>atob('…')</script>")
    made.put("build/droits/2026-01-01/dossier.json", json.dumps({"identifiant": NAME}))
    made.put("build/droits/2026-01-01/dossier.html", "<p>rien</p>")
    made.put("build/export.csv.gz", gzip.compress(f"a;{NAME}".encode("cp1252")))
    made.put("build/envoi.zip", zipped("a.zip", zipped("b.csv", PSEUDONYM.encode())))
    made.put("target/essai/runs/age/run_results.json", json.dumps({"message": f'invalid: "{NAME}"'}))
    made.put("target/essai/builds/1/x.sql", f"where nom = '{PSEUDONYM}'")
    made.put("logs/dbt.log", NAME.encode("cp1252"))
    made.put(".warehouse/home/server.log", f"STATEMENT: select '{NAME}'")
    made.put(".warehouse/home/server.log.1", f"STATEMENT: select '{NAME}'")
    made.put(".warehouse/home/data/base/1", "pages de la base")
    made.put("landing/agaj/x.csv", "nom\nun autre\n")
    made.put("models/agaj/x.yml", f"description: {NAME}")
    made.put("logs/autre.log", f"ligne {SHORT} : {PSEUDONYM[:-1]}")
    workbook(root / "build/reports/gestionnaires/retours/lus/a.xlsx", "vu", NAME)
    workbook(root / "build/reports/gestionnaires/retours/illisibles/b.xlsx", "vu", SHORT)
    workbook(root / "build/reports/gestionnaires/c.xlsx", "autre chose")

    @dg.asset(check_specs=[dg.AssetCheckSpec("controle", asset="essai")])
    def essai(context):
        context.log.info(f"lu {NAME}")
        print(NAME)
        # Longer than a page of SQLite, which cuts it.
        spread = f"{'x' * 4061} {NAME} {'y' * 9000}"
        failed = dg.AssetCheckResult(passed=False, description=NAME)
        return dg.MaterializeResult(metadata={"détail": spread}, check_results=[failed])

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(root / ".dagster"))
        home = prepare_home(made.settings)
        with dg.DagsterInstance.from_config(str(home)) as instance:
            made.run_id = dg.materialize([essai], instance=instance).run_id
            instance.report_runless_asset_event(dg.AssetMaterialization("autre", metadata={"m": NAME}))
        yield made


def test_an_erasure_leaves_no_byte_of_the_person_in_any_file(checkout: Checkout) -> None:
    """Dagster's history, dbt's artefacts, logs, reports, workbooks, archives: what is found goes."""
    before = checkout.holding()
    assert {path.split("/")[0] for path in before} == {
        *(".dagster", ".warehouse", "build", "logs", "models", "target")
    }
    traces = find_traces(checkout.settings, VALUES, {SHORT})
    named = {trace.name for trace in traces}
    # What SQLite keeps beside a database is taken with it.
    assert {path.removesuffix("-wal") for path in before} <= named
    # The short number counts where lines about people stand, the rest of a longer word nowhere.
    assert "build/reports/gestionnaires/retours/illisibles/b.xlsx" in named
    assert not {"logs/autre.log", "landing/agaj/x.csv", "build/reports/gestionnaires/c.xlsx"} & named
    left = erase_traces(checkout.settings, traces, VALUES)
    assert [trace.name for trace in left] == ["models/agaj/x.yml"]
    assert checkout.holding() == ["models/agaj/x.yml"]
    root = checkout.settings.root
    assert not (root / "build/droits/2026-01-01").exists()
    assert not (root / ".dagster/storage" / checkout.run_id).exists()
    assert (root / "logs/autre.log").exists() and (root / "build/reports/gestionnaires/c.xlsx").exists()
    # Dagster goes on with what is left, and knows its assets.
    with dg.DagsterInstance.from_config(str(checkout.settings.dagster_home)) as instance:
        assert instance.get_run_by_id(checkout.run_id) is None
        assert {key.to_user_string() for key in instance.all_asset_keys()} == {"essai", "autre"}
        assert instance.get_latest_materialization_event(dg.AssetKey("essai")) is None
    assert find_traces(checkout.settings, VALUES, {SHORT}) == left


def test_what_stays_is_named_with_its_place_and_its_end(tmp_path: Path) -> None:
    """The plan, the result and the person's page tell what no command reaches."""
    settings = replace(settings_of(tmp_path), target="ci")
    (tmp_path / "models").mkdir()
    (tmp_path / "models/x.yml").write_text(NAME, "utf-8")
    damaged = tmp_path / "build/reports/abime.xlsx"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(zipped("x", b"y" * 5000)[:-60] + b"PK\5\6" + b"\0" * 18)
    traces = find_traces(settings, VALUES)
    said = told_traces(traces)
    assert "models/x.yml (fichier du projet) : reste" in said
    dossier = Dossier([], [], [], set(VALUES), set(), set(), {})
    machine, page = write_export(as_data(dossier, [], {}, traces), tmp_path / "droits")
    for text in (told_beyond(), html.unescape(page.read_text("utf-8")), machine.read_text("utf-8")):
        for place in ("(WAL)", "sauvegardes", "archives de la purge", "copies hors de la plateforme"):
            assert place in text
    assert "models/x.yml" in page.read_text("utf-8")


def test_old_runs_answers_and_workbooks_are_forgotten(checkout: Checkout, tmp_path: Path) -> None:
    """The bounds that the page tells apply by themselves."""
    now = datetime.now(UTC)

    @dg.op
    def rien() -> None:
        print("rien")

    @dg.job
    def job() -> None:
        rien()

    with dg.DagsterInstance.from_config(str(checkout.settings.dagster_home)) as instance:
        run_id = job.execute_in_process(instance=instance).run_id
    assert forget_dagster_runs(checkout.settings, now + RUNS_KEPT - timedelta(days=1)) == 0
    assert forget_dagster_runs(checkout.settings, now + RUNS_KEPT + timedelta(days=1)) == 1
    assert not [path for path in checkout.settings.dagster_home.rglob("*") if run_id in str(path)]
    settings = replace(settings_of(tmp_path), target="ci")
    for path, days in {
        "droits/a/dossier.html": 31,
        "droits/b/dossier.html": 29,
        "reports/gestionnaires/retours/lus/a.xlsx": 91,
        "reports/gestionnaires/retours/x.xlsx": 91,
        "reports/gestionnaires/vieux.xlsx": 400,
    }.items():
        file = settings.build / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
        os.utime(file, ((now - timedelta(days=days)).timestamp(),) * 2)
    assert len(forget_old_files(settings, now)) == 2
    assert not (settings.build / "droits/a").exists() and (settings.build / "droits/b").exists()
    assert len(forget_old_files(settings, now, timedelta(days=360))) == 1


def test_a_run_in_progress_is_left_to_dagster_and_named(checkout: Checkout) -> None:
    """Nobody deletes what a running step writes: it is named instead."""
    with dg.DagsterInstance.from_config(str(checkout.settings.dagster_home)) as instance:
        run = instance.create_run_for_job(_running(), tags={"qui": NAME})
        instance.report_engine_event(NAME, run)
    traces = find_traces(checkout.settings, VALUES)
    left = {trace.name for trace in erase_traces(checkout.settings, traces, VALUES)}
    assert ".dagster/history/runs.db" in left
    with dg.DagsterInstance.from_config(str(checkout.settings.dagster_home)) as instance:
        assert instance.get_run_by_id(run.run_id) is not None
        instance.delete_run(run.run_id)


def test_the_files_of_the_server_forget_the_bytes_of_a_row(server: EmbeddedServer) -> None:
    """Neither the table's file nor the embedded server's log of transactions keeps what was deleted."""
    server.ensure_database("essai_octets")
    conninfo = server.start().conninfo("essai_octets")
    data = (server.status().home or Path()) / "data"

    def holding() -> list[str]:
        files = [path for place in ("base", "pg_wal") for path in (data / place).rglob("*") if path.is_file()]
        return [str(path.relative_to(data)) for path in files if PSEUDONYM.encode() in path.read_bytes()]

    try:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("create table t (nom text)")
            connection.execute("insert into t values (%s)", [PSEUDONYM])
            connection.execute("checkpoint")
            assert {path.split("/")[0] for path in holding()} == {"base", "pg_wal"}
            connection.execute("delete from t")
        rewrite(conninfo, {("public", "t")})
        assert holding() == []
    finally:
        server.drop_database("essai_octets")


def _running() -> dg.JobDefinition:
    @dg.op
    def attend() -> None:
        pass

    @dg.job
    def en_cours() -> None:
        attend()

    return en_cours
