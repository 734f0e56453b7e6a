"""The code locations at work, on a real server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.tags import ASSET_RESUME_RETRY_TAG

from benchmarks.orchestration import ENOUGH, LIMIT, measure
from donnees_au_centre.building.dbt_run import DbtRun, clean_leftovers, runs_folder
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.project import parse
from donnees_au_centre.project.nodes import domains_in
from donnees_au_centre.settings import ROOT, Settings
from donnees_au_centre.warehouse import EmbeddedServer
from orchestration import work
from orchestration.assets import LOADED
from orchestration.factory import build_location
from orchestration.whole_project import NAME, materialise
from tests.campaigns import long
from tests.memory import recall
from tests.small_project import SmallProject, environment, small_project

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
DATABASE = "essai_emplacements"


@pytest.fixture
def small(tmp_path: Path, database: str) -> Iterator[SmallProject]:
    with small_project(tmp_path, database) as project:
        yield project


@pytest.fixture(scope="module")
def sample(
    server: EmbeddedServer, systems: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """The project itself, with its sample, over a database of its own; nothing is loaded yet."""
    folder = tmp_path_factory.mktemp("emplacements")
    settings = replace(Settings.load({}), target_path=folder / "target" / DATABASE, build=folder / "build")
    server.ensure_database(DATABASE)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(server.start().conninfo(DATABASE)).items():
            patch.setenv(name, value)
        recall(settings)
        parse(settings)
        yield settings
    server.drop_database(DATABASE)


def run(
    settings: Settings, domain: str, job: str | None = None, only: list[str] | None = None
) -> dg.ExecuteInProcessResult:
    """Runs a job of a location, or the part of it that makes some assets."""
    definitions = build_location(domain, settings)
    selection = [dg.AssetKey(key.split("/")) for key in only] if only else None
    return definitions.resolve_job_def(job or domain).execute_in_process(
        raise_on_error=False, run_config=QUIET, asset_selection=selection
    )


def made(result: dg.ExecuteInProcessResult) -> set[str]:
    return {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}


def checks(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    evaluations = result.get_asset_check_evaluations()
    return {(e.asset_key.to_user_string(), e.check_name): e for e in evaluations}


def message(result: dg.ExecuteInProcessResult) -> str:
    return "\n".join(
        event.step_failure_data.user_failure_data.description
        for event in result.all_events
        if event.is_step_failure
    )


# The largest domain, and the one that reads it: by day the demo alone builds and tests them in Dagster.
BY_NIGHT = ("age", "transversal")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "domain",
    [pytest.param(one, marks=long) if one in BY_NIGHT else one for one in domains_in(ROOT)],
)
def test_each_location_alone_loads_builds_and_tests_its_domain(
    sample: Settings, domain: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # From another folder, where a selection by path would be empty; and nothing may stay behind.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    result = run(sample, domain)
    assert result.success, message(result)
    graph = build_location(domain, sample).resolve_asset_graph()
    supervised = {"menage", "fichiers_non_declares", "tables_sans_modele"}
    assert made(result) == {key.to_user_string() for key in graph.executable_asset_keys} - supervised
    expected = {(key.asset_key.to_user_string(), key.name) for key in graph.asset_check_keys}
    evaluated = checks(result)
    assert set(evaluated) == {key for key in expected if key[1] != "fraicheur" and key[0] not in supervised}
    assert all(e.passed or e.severity == dg.AssetCheckSeverity.WARN for e in evaluated.values())
    kept = {path.name for path in (runs_folder(sample) / domain).glob("*")}
    assert kept <= {"dbt.log", "run_results.json", "sources.json"}
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_cannot_be_loaded_stops_no_other(small: SmallProject) -> None:
    assert parse(small.settings).notice is None
    assert run(small.settings, "age").success
    small.write("landing/age/ecoles/ecoles.csv", "fase\n1\n")
    small.write("landing/age/batiments/batiments.csv", "fase,nom\n1,Un\n2,Deux\n3,Trois\n")
    result = run(small.settings, "age")
    assert not result.success
    assert "ecoles.csv" in message(result)
    assert "ecoles/ecoles" not in made(result)
    assert {"batiments/batiments", "dim_batiments", "dim_ecoles"} <= made(result)
    evaluated = checks(result)
    refused = evaluated["ecoles/ecoles", LOADED]
    assert (refused.passed, refused.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "nom" in (refused.description or "")
    assert evaluated["batiments/batiments", LOADED].passed
    assert small.query("select count(*) from donnees.dim_batiments") == [(3,)]
    # The rows of the last good file are still there.
    assert small.query("select count(*) from donnees.dim_ecoles") == [(2,)]
    assert run(small.settings, "transversal").success
    # Another edition of the same source is loaded, and built; the bad one keeps the run red.
    small.write("landing/age/ecoles/ecoles-2.csv", "fase,nom\n3,Trois\n")
    result = run(small.settings, "age")
    assert not result.success
    assert {"ecoles/ecoles", "dim_ecoles"} <= made(result)
    assert not checks(result)["ecoles/ecoles", LOADED].passed
    assert small.query("select count(*) from donnees.dim_ecoles") == [(3,)]


def test_a_failed_test_is_a_failed_check_and_a_red_run(small: SmallProject) -> None:
    small.write("landing/age/ecoles/ecoles.csv", "fase,nom\n1,Un\n1,Deux\n")
    parse(small.settings)
    result = run(small.settings, "age")
    assert not result.success
    evaluated = checks(result)
    assert not evaluated["stg_ecoles__ecoles", "unique_stg_ecoles__ecoles_fase"].passed
    assert evaluated["stg_ecoles__ecoles", "not_null_stg_ecoles__ecoles_fase"].passed
    assert "Test unique_stg_ecoles__ecoles_fase (models/age/staging/ecoles/" in message(result)
    assert "dim_ecoles" not in made(result)
    assert "dim_batiments" in made(result)


def test_one_asset_alone_runs_with_its_tests_only(small: SmallProject) -> None:
    parse(small.settings)
    assert run(small.settings, "age").success
    result = run(small.settings, "age", only=["dim_ecoles"])
    assert result.success
    assert made(result) == {"dim_ecoles"}
    assert set(checks(result)) == {
        ("dim_ecoles", "unique_dim_ecoles_fase"),
        ("dim_ecoles", "not_null_dim_ecoles_fase"),
    }
    result = run(small.settings, "age", only=["ecoles/ecoles"])
    assert made(result) == {"ecoles/ecoles"}
    assert set(checks(result)) == {("ecoles/ecoles", LOADED)}


def test_a_model_changed_since_the_location_was_made_runs_as_it_is_now(small: SmallProject) -> None:
    parse(small.settings)
    job = build_location("age", small.settings).resolve_job_def("age")
    small.write(
        "models/age/marts/dim_ecoles.sql", "select '9' as fase from {{ ref('stg_ecoles__ecoles') }} limit 1"
    )
    assert job.execute_in_process(run_config=QUIET).success
    assert small.query("select fase from donnees.dim_ecoles") == [("9",)]


def test_the_fault_of_a_domain_reddens_that_domain_alone(
    small: SmallProject, capfd: pytest.CaptureFixture[str]
) -> None:
    parse(small.settings)
    small.write("models/transversal/marts/fct_tout.yml", "models: [")
    # Green, with a warning; and what its own analyst changed is built.
    small.write("models/age/marts/dim_ecoles.sql", "select '9' as fase")
    loud = {"loggers": {"console": {"config": {"log_level": "WARNING"}}}}
    job = build_location("age", small.settings).resolve_job_def("age")
    result = job.execute_in_process(raise_on_error=False, run_config=loud)
    assert result.success, message(result)
    warned = "".join(capfd.readouterr())
    assert "transversal/marts/fct_tout.yml : ce n'est pas du YAML lisible" in warned
    assert {"ecoles/ecoles", "dim_ecoles", "dim_batiments"} <= made(result)
    assert small.query("select fase from donnees.dim_ecoles") == [("9",)]
    result = run(small.settings, "transversal")
    assert not result.success
    assert "fct_tout.yml" in message(result)
    assert "transversal : sa dernière lecture réussie sert" in message(result)
    assert "fct_tout" in made(result)


def test_what_is_renamed_since_dagster_started_is_said_and_red(small: SmallProject) -> None:
    parse(small.settings)
    assert run(small.settings, "age").success
    job = build_location("age", small.settings).resolve_job_def("age")
    for suffix in (".sql", ".yml"):
        (small.root / f"models/age/marts/dim_batiments{suffix}").unlink()
    small.add_mart("dim_batiment", "select fase, nom from {{ ref('stg_batiments__batiments') }}")
    keys = [dg.AssetKey("dim_batiments")]
    result = job.execute_in_process(raise_on_error=False, run_config=QUIET, asset_selection=keys)
    assert not result.success
    assert "absent du projet d'aujourd'hui : dim_batiments. Rien n'en a été fait." in message(result)
    assert "rechargez l'emplacement age" in message(result)


def test_an_interrupted_run_cancels_its_queries_and_leaves_nothing(small: SmallProject) -> None:
    small.add_mart("dim_rapide", "select 1 as fase")
    small.add_mart("dim_lente", "select 1 as fase from (select pg_sleep(120)) as attente")
    arguments = ["run", "--select", "dim_rapide", "dim_lente"]
    results = DbtRun(small.settings, "age", parse(small.settings).project, arguments).results()
    assert next(results).unique_id.endswith("dim_rapide")
    sleeping = "select count(*) from pg_stat_activity where query like '%pg_sleep(120)%' and state = 'active'"
    mine = " and pid <> pg_backend_pid()"
    deadline = time.monotonic() + 30
    while small.query(sleeping + mine) == [(0,)] and time.monotonic() < deadline:
        time.sleep(0.1)
    begun = time.monotonic()
    results.close()
    assert time.monotonic() - begun < 30
    assert small.query(sleeping + mine) == [(0,)]
    assert [path.name for path in (runs_folder(small.settings) / "age").iterdir() if path.is_dir()] == []


def test_a_process_that_ends_in_mid_run_cancels_its_queries(small: SmallProject) -> None:
    small.add_mart("dim_rapide", "select 1 as fase")
    small.add_mart("dim_lente", "select 1 as fase from (select pg_sleep(121)) as attente")
    code = (
        "import sys, time; from pathlib import Path; from dataclasses import replace\n"
        "from donnees_au_centre.building.dbt_run import DbtRun; from donnees_au_centre.project import parse\n"
        "from donnees_au_centre.settings import Settings\n"
        "root = Path(sys.argv[1])\n"
        "settings = replace(Settings.load({}), root=root, target_path=root / 'target' / 'essai')\n"
        "project = parse(settings).project\n"
        "forgotten = DbtRun(settings, 'age', project, ['run', '-s', 'dim_rapide', 'dim_lente']).results()\n"
        "next(forgotten); time.sleep(2); raise KeyboardInterrupt"
    )
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code, str(small.root)], cwd=ROOT, timeout=100)
    assert done.returncode != 0
    assert time.monotonic() - begun < 100
    active = "select count(*) from pg_stat_activity where query like '%pg_sleep(121)%' and state = 'active'"
    assert small.query(f"{active} and pid <> pg_backend_pid()") == [(0,)]
    assert [path.name for path in (runs_folder(small.settings) / "age").iterdir() if path.is_dir()] == []


def test_ctrl_c_ends_the_whole_project_and_its_queries(small: SmallProject) -> None:
    small.add_mart("dim_lente", "select 1 as fase from (select pg_sleep(122)) as attente")
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from orchestration.whole_project import materialise\n"
        "from donnees_au_centre.settings import Settings\n"
        "root = Path(sys.argv[1]); target = root / 'target' / 'essai'; landing = root / 'landing'\n"
        "settings = replace(Settings.load({}), root=root, target_path=target, landing=landing)\n"
        "settings = replace(settings, build=root / 'build')\n"
        "try: materialise(settings)\n"
        "except KeyboardInterrupt: sys.exit(130)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(small.root)], cwd=ROOT)
    active = (
        "select count(*) from pg_stat_activity where query like '%pg_sleep(122)%' and state = 'active' "
        "and pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 90
    while small.query(active) == [(0,)] and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.2)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert small.query(active) == [(0,)]
    assert [path for path in (runs_folder(small.settings) / NAME).iterdir() if path.is_dir()] == []


def test_what_a_killed_run_left_is_cleaned_and_what_runs_is_not(small: SmallProject) -> None:
    parse(small.settings)
    folder = runs_folder(small.settings) / "age"
    (folder / "tuee" / "compiled").mkdir(parents=True)
    (folder / "tuee" / ".lock").touch()
    results = DbtRun(small.settings, "age", parse(small.settings).project, ["seed"]).results()
    assert list(results) == []
    assert not (folder / "tuee").exists()
    slow = DbtRun(small.settings, "age", parse(small.settings).project, ["compile", "--select", "dim_ecoles"])
    running = slow.results()
    next(running)
    assert clean_leftovers(folder) == 0
    running.close()


def test_data_platform_watches_for_everyone(small: SmallProject) -> None:
    small.write("models/data_platform/marts/fct_un.sql", "select 1 as fase")
    late = "freshness: {warn_after: {count: 1, period: day}}"
    query = "select now() - interval '3 days' as recu_le"
    for name, sql in {"ecoles": query, "batiments": "select now() as recu_le"}.items():
        path = small.root / f"models/age/staging/{name}/_{name}__sources.yml"
        text = path.read_text(encoding="utf-8")
        config = f'    config: {{loaded_at_query: "{sql}", {late}}}\n    tables:'
        path.write_text(text.replace("    tables:", config), encoding="utf-8")
    small.write("landing/age/ecoles/notes.txt", "à faire")
    parse(small.settings)
    left = runs_folder(small.settings) / "age" / "tuee"
    left.mkdir(parents=True)
    (left / ".lock").touch()
    result = run(small.settings, "data_platform", job="surveillance")
    assert result.success
    evaluated = checks(result)
    late_check = evaluated["ecoles/ecoles", "fraicheur"]
    assert (late_check.passed, late_check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert evaluated["batiments/batiments", "fraicheur"].passed
    undeclared = evaluated["fichiers_non_declares", "tout_est_declare"]
    assert (undeclared.passed, undeclared.severity) == (False, dg.AssetCheckSeverity.WARN)
    [listing] = [
        event.materialization.metadata["fichiers"].value
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey("fichiers_non_declares")
    ]
    assert listing == "- `age/ecoles/notes.txt`"
    assert not left.exists()


def test_the_last_receipts_are_asked_of_the_loader(small: SmallProject) -> None:
    small.write("models/data_platform/marts/fct_un.sql", "select 1 as fase")
    small.write(
        "macros/latest_receipt.sql", (ROOT / "macros/naming/latest_receipt.sql").read_text(encoding="utf-8")
    )
    late = "freshness: {error_after: {count: 1, period: day}}"
    for name in ("ecoles", "batiments"):
        path = small.root / f"models/age/staging/{name}/_{name}__sources.yml"
        config = f'    config: {{loaded_at_query: "{{{{ latest_receipt(this) }}}}", {late}}}\n    tables:'
        path.write_text(path.read_text(encoding="utf-8").replace("    tables:", config), encoding="utf-8")
    query = "select null::timestamptz as recu_le"
    small.write(
        "models/age/staging/autres/_autres__sources.yml",
        f'sources: [{{name: autres, schema: raw_age, config: {{loaded_at_query: "{query}", {late}}}, '
        "tables: [{name: autres}]}]",
    )
    (small.settings.landing / "age/ecoles/ecoles.csv").unlink()
    sources = parse(small.settings).manifest.sources.values()
    load_landing("", small.settings.landing, read_declarations(sources, []))
    found = checks(run(small.settings, "data_platform", job="surveillance"))
    never, now = found["ecoles/ecoles", "fraicheur"], found["batiments/batiments", "fraicheur"]
    assert not never.passed and now.passed
    assert never.metadata["dernière réception"].value == "jamais reçu"
    assert now.metadata["dernière réception"].value != "jamais reçu"
    # Asked by dbt itself.
    other = found["autres/autres", "fraicheur"]
    assert (other.passed, other.metadata["dernière réception"].value) == (False, "jamais reçu")


def test_the_whole_project_is_one_run_that_the_history_shows(small: SmallProject) -> None:
    lines: list[str] = []
    outcome = materialise(small.settings, lines.append)
    assert outcome.success, outcome.errors
    assert outcome.load is not None
    assert {table.table for table in outcome.load.tables} == {"ecoles", "batiments"}
    assert outcome.counts == {"model": {"success": 5}, "test": {"pass": 10}}
    assert outcome.run_results is not None
    assert outcome.run_results.is_file()
    assert {"lecture", "chargement", "dbt", "total"} <= set(outcome.seconds)
    assert "age : 4 modèles, 8 tests" in lines
    assert "transversal : 1 modèle, 2 tests" in lines
    assert "dim_ecoles" in (small.settings.build / "dagster.log").read_text(encoding="utf-8")
    with dg.DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance:
        run_of = instance.get_run_by_id(outcome.run_id)
        assert run_of is not None
        assert (run_of.job_name, run_of.status) == (NAME, dg.DagsterRunStatus.SUCCESS)
        assert instance.get_latest_materialization_event(dg.AssetKey("fct_tout")) is not None


def test_the_whole_project_says_what_failed_and_what_did_not_run(small: SmallProject) -> None:
    small.write(
        "models/age/marts/dim_ecoles.sql", "select 1 / 0 as fase from {{ ref('stg_ecoles__ecoles') }}"
    )
    small.write("landing/age/batiments/batiments.csv", "fase\n1\n")
    lines: list[str] = []
    outcome = materialise(small.settings, lines.append)
    assert not outcome.success
    assert len(outcome.errors) == 2
    assert "batiments.csv" in outcome.errors[0]
    assert "Modèle dim_ecoles (models/age/marts/dim_ecoles.sql)" in outcome.errors[1]
    assert "Une division par zéro." in outcome.errors[1]
    assert outcome.counts["model"] == {"error": 1, "skipped": 1, "success": 3}
    assert any(line.startswith("age : ") and "1 en échec" in line for line in lines)


def test_an_unforeseen_error_is_no_silent_failure(
    small: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("Zéphyrine Quatrefages")

    monkeypatch.setattr(work, "load_landing", broken)
    outcome = materialise(small.settings, lambda _: None)
    assert not outcome.success
    said = "".join(outcome.errors)
    assert said.startswith("Erreur imprévue de la plateforme : ValueError") and "Que faire : " in said
    assert "Zéphyrine" not in said


def test_a_dead_server_is_said_once(small: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    outcome = materialise(small.settings, lambda _: None)
    assert not outcome.success
    assert any("injoignable" in error for error in outcome.errors)
    assert outcome.load is None


@long
def test_a_dagster_step_costs_little_more_than_dbt(small: SmallProject) -> None:
    for number in range(ENOUGH // 3):
        small.add_mart(f"dim_{number}", "select fase from {{ ref('stg_ecoles__ecoles') }}")
    parse(small.settings)
    assert run(small.settings, "age").success
    figures = measure(small.settings, "age", rounds=1)
    assert figures.nodes >= ENOUGH
    assert figures.ratio <= LIMIT, figures
    shutil.rmtree(small.settings.target_path)


def resume(
    settings: Settings, domain: str, instance: dg.DagsterInstance, failed: str
) -> dg.ExecuteInProcessResult:
    """Runs what Dagster's « re-execute from failure » takes of a run, as its interface does."""
    before = instance.get_run_by_id(failed)
    plan = instance.get_execution_plan_snapshot(before.execution_plan_snapshot_id)
    assets, checks = instance.run_domain.get_keys_to_reexecute(failed, plan)
    job = build_location(domain, settings).resolve_job_def(domain)
    return job.get_subset(asset_selection=assets, asset_check_selection=checks).execute_in_process(
        instance=instance, raise_on_error=False, run_config=QUIET, tags={ASSET_RESUME_RETRY_TAG: "true"}
    )


def test_a_run_resumed_from_its_failure_plays_the_failed_test_again(small: SmallProject) -> None:
    small.write("landing/age/ecoles/ecoles.csv", "fase,nom\n1,Un\n1,Deux\n")
    small.write("landing/age/batiments/batiments.csv", "fase\n1\n")
    parse(small.settings)
    unique = ("stg_ecoles__ecoles", "unique_stg_ecoles__ecoles_fase")
    with dg.DagsterInstance.ephemeral() as instance:
        job = build_location("age", small.settings).resolve_job_def("age")
        failed = job.execute_in_process(instance=instance, raise_on_error=False, run_config=QUIET)
        assert "dim_ecoles" not in made(failed)
        assert "dim_batiments" in made(failed)
        again = resume(small.settings, "age", instance, failed.run_id)
        assert not again.success
        assert not checks(again)[unique].passed
        assert "dim_ecoles" not in made(again)
        deduplicated = "select fase, min(nom) as nom from {{ source('ecoles', 'ecoles') }} group by fase"
        small.write("models/age/staging/ecoles/stg_ecoles__ecoles.sql", deduplicated)
        small.write("landing/age/batiments/batiments.csv", "fase,nom\n1,Un\n2,Deux\n3,Trois\n")
        mended = resume(small.settings, "age", instance, again.run_id)
        assert mended.success, message(mended)
        assert checks(mended)[unique].passed
        assert checks(mended)["batiments/batiments", LOADED].passed
        assert {"stg_ecoles__ecoles", "dim_ecoles", "batiments/batiments"} <= made(mended)
        # It was built while its table could not be loaded: Dagster takes it for done, and it is not.
        assert small.query("select count(*) from donnees.dim_batiments") == [(3,)]
        latest = instance.get_latest_materialization_event(dg.AssetKey("dim_batiments"))
        assert latest.run_id == ""
