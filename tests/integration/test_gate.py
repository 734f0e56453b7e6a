"""The gate of a domain at work: real runs, a real history, and what is said of figures of another day."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest

from donnees_au_centre.cli.pipeline import outdated
from donnees_au_centre.french import span
from donnees_au_centre.history.upstream import beginning, day_of_work
from donnees_au_centre.notifications.faults import find_faults
from donnees_au_centre.pages.quality.content import view
from donnees_au_centre.pages.quality.site import write_pages
from donnees_au_centre.project import parse
from donnees_au_centre.quality.facts import Quality
from donnees_au_centre.quality.reading import read_quality
from donnees_au_centre.summary import Run, render, summarise
from orchestration import failures, gate, work
from orchestration.factory import build_location
from orchestration.gate import DAY, UNAWAITED
from orchestration.work import BUILT_ON
from tests.past_runs import make_history, note, result
from tests.small_project import SmallProject, small_project

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
CONNECTION = {"host": "h", "port": "5432", "database": "d", "user": "u", "password_file": "p"}
MART = "model.donnees_au_centre.dim_ecoles"


@pytest.fixture
def small(tmp_path: Path, database: str) -> Iterator[SmallProject]:
    with small_project(tmp_path, database) as project:
        assert parse(project.settings).notice is None
        yield project


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


class Unnoted:
    """Stands for the noting of a run: this one is as if it had not been."""

    def __init__(self, *_: object) -> None: ...
    def note(self, *_: object) -> None: ...
    def end(self, *_: object) -> str:
        return ""


def run(
    small: SmallProject, domain: str, instance: dg.DagsterInstance, tags: dict[str, str] | None = None
) -> dg.ExecuteInProcessResult:
    job = build_location(domain, small.settings).resolve_job_def(domain)
    return job.execute_in_process(instance=instance, raise_on_error=False, run_config=QUIET, tags=tags)


def look(
    small: SmallProject, domain: str, instance: dg.DagsterInstance, at: datetime, patch: pytest.MonkeyPatch
) -> dg.RunRequest | str:
    """What the sensor of a domain does at a moment: what it launches, or why it does not."""
    patch.setattr(gate, "now", lambda: at)
    definitions = build_location(domain, small.settings)
    [sensor] = definitions.sensors or ()
    context = dg.build_sensor_context(
        instance=instance, repository_def=definitions.get_repository_def(), sensor_name=sensor.name
    )
    tick = sensor.evaluate_tick(context)
    requests = tick.run_requests or []
    assert len(requests) <= 1
    return requests[0] if requests else tick.skip_message or ""


def published_yesterday(small: SmallProject, instance: dg.DagsterInstance, patch: pytest.MonkeyPatch) -> None:
    """The tables of age are there, and were published yesterday."""
    with patch.context() as context:
        context.setattr(work, "Recording", Unnoted)
        assert run(small, "age", instance).success
    make_history(small.conninfo)
    with psycopg.connect(small.conninfo) as connection:
        note(connection, datetime.now(UTC) - timedelta(days=1), [result(MART, "reussi")])


def state(small: SmallProject) -> Quality:
    with psycopg.connect(small.conninfo, autocommit=True) as connection:
        return read_quality(connection, parse(small.settings).manifest, datetime.now(UTC))


def test_a_domain_waits_for_the_one_that_it_reads_then_builds(
    small: SmallProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = day_of_work(datetime.now(UTC))
    published_yesterday(small, instance, monkeypatch)
    soon = beginning(today) + timedelta(hours=1)
    waits = look(small, "transversal", instance, soon, monkeypatch)
    assert isinstance(waits, str) and waits.startswith("Attend age (dernier : du ")
    mine = look(small, "age", instance, soon, monkeypatch)
    assert isinstance(mine, dg.RunRequest) and mine.run_key == today.isoformat()
    # A publication that is held does not count.
    small.write("landing/age/ecoles/ecoles.csv", "fase,nom\n1,Un\n1,Deux\n")
    assert not run(small, "age", instance, dict(mine.tags)).success
    assert isinstance(look(small, "transversal", instance, soon, monkeypatch), str)
    small.write("landing/age/ecoles/ecoles.csv", "fase,nom\n1,Un\n2,Deux\n")
    assert run(small, "age", instance).success
    request = look(small, "transversal", instance, datetime.now(UTC), monkeypatch)
    assert isinstance(request, dg.RunRequest)
    assert request.tags[DAY] == request.run_key == today.isoformat()
    assert UNAWAITED not in request.tags
    done = run(small, "transversal", instance, dict(request.tags))
    assert done.success
    assert BUILT_ON not in instance.get_run_by_id(done.run_id).tags
    assert "est partie" in look(small, "transversal", instance, datetime.now(UTC), monkeypatch)
    assert "est partie" in look(small, "age", instance, datetime.now(UTC), monkeypatch)
    assert state(small).troubles == ()
    # What is taken as it was, for nothing has changed, is of the day too.
    again = run(small, "transversal", instance)
    [event] = again.get_asset_materialization_events()
    assert event.materialization.metadata["repris"] and BUILT_ON not in event.materialization.metadata
    tomorrow = beginning(today + timedelta(days=1))
    assert isinstance(look(small, "age", instance, tomorrow, monkeypatch), dg.RunRequest)
    assert isinstance(look(small, "transversal", instance, tomorrow, monkeypatch), str)


def test_past_the_limit_it_builds_and_everything_says_on_what(
    small: SmallProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    today = day_of_work(datetime.now(UTC))
    published_yesterday(small, instance, monkeypatch)
    request = look(small, "transversal", instance, beginning(today) + timedelta(hours=3.5), monkeypatch)
    assert isinstance(request, dg.RunRequest)
    assert request.tags[UNAWAITED] == "age"
    done = run(small, "transversal", instance, dict(request.tags))
    assert done.success
    before, after = span(today - timedelta(days=1), today)
    said = f"construit sur les chiffres d'age du {before} : ceux du {after} ne sont pas arrivés"
    assert instance.get_run_by_id(done.run_id).tags[BUILT_ON] == f"transversal {said}"
    [event] = done.get_asset_materialization_events()
    assert event.materialization.metadata[BUILT_ON].value == said
    quality = state(small)
    [one] = quality.troubles
    assert (one.domain, one.name, one.text) == ("transversal", "age", f"C{said[1:]}.")
    [problem] = view(quality, "transversal").problems
    assert problem.title == one.text and "relancer transversal" in problem.advice
    write_pages(quality, tmp_path / "pages")
    for page in ("transversal.html", "index.html"):
        text = (tmp_path / "pages" / page).read_text("utf-8").replace("\u00a0", " ").replace("&#39;", "'")
        assert one.text in text
    [fault] = find_faults(quality)
    assert (fault.key, fault.text) == ("amont:transversal:age", one.text)
    manifest = parse(small.settings).manifest
    lines = outdated(small.conninfo, manifest)
    assert lines == [f"transversal : {said}"]
    ran = Run("landing", "dev", {}, CONNECTION, outdated=lines)
    assert f"  transversal : {said}" in render(summarise(small.conninfo, manifest, ran)).splitlines()
    # Once both are of the day, nobody says it any more.
    assert run(small, "age", instance).success
    assert run(small, "transversal", instance).success
    assert state(small).troubles == ()
    assert outdated(small.conninfo, manifest) == []


def test_a_database_that_does_not_answer_is_waited_for_until_the_limit(
    small: SmallProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = day_of_work(datetime.now(UTC))
    monkeypatch.setenv("PGPORT", "1")
    waits = look(small, "transversal", instance, beginning(today), monkeypatch)
    assert isinstance(waits, str) and "age (dernier : jamais publié)" in waits
    late = look(small, "transversal", instance, beginning(today) + timedelta(hours=4), monkeypatch)
    assert isinstance(late, dg.RunRequest) and late.tags[UNAWAITED] == "age"


def retried(done: dg.ExecuteInProcessResult) -> list[str]:
    return [event.event_type_value for event in done.all_events if "RETRY" in event.event_type_value]


def cut(small: SmallProject, sleeping: str, times: int) -> threading.Thread:
    """Ends, some times, the session that sleeps in a build."""

    def end() -> None:
        query = (
            "select count(pg_terminate_backend(pid)) from pg_stat_activity "
            f"where query like '%{sleeping}%' and state = 'active' and pid <> pg_backend_pid()"
        )
        left, deadline = times, time.monotonic() + 120
        while left and time.monotonic() < deadline:
            left -= min(1, small.query(query)[0][0])
            time.sleep(0.3)

    thread = threading.Thread(target=end, daemon=True)
    thread.start()
    return thread


def test_a_connection_cut_in_the_middle_is_tried_again_in_the_same_run(
    small: SmallProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "PAUSES", (0, 0))
    small.add_mart("dim_lente", "select 1 as fase from (select pg_sleep(4.25)) as attente")
    parse(small.settings)
    cut(small, "pg_sleep(4.25)", 1)
    done = run(small, "age", instance)
    assert done.success
    assert retried(done) == ["STEP_UP_FOR_RETRY"]
    # Both are in the history; what stands is the second.
    issues = "select issue from historique.executions where commande = 'build' order by execution_id"
    assert small.query(issues) == [("echec",), ("reussi",)]
    assert find_faults(state(small)) == []


def test_one_that_is_always_cut_fails_after_three_tries_with_its_reason(
    small: SmallProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "PAUSES", (0, 0))
    monkeypatch.setenv("PGPORT", "1")
    done = run(small, "age", instance)
    assert not done.success
    assert retried(done) == ["STEP_UP_FOR_RETRY"] * 2
    [failure] = [event.step_failure_data for event in done.all_events if event.is_step_failure]
    assert "PostgreSQL est injoignable" in failure.user_failure_data.description


@pytest.mark.parametrize("sql", ["select 1 / 0 as fase", "select nulle_part as fase"])
def test_nothing_else_is_tried_again(
    small: SmallProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, sql: Any
) -> None:
    monkeypatch.setattr(failures, "PAUSES", (0, 0))
    small.write("models/age/marts/dim_ecoles.sql", f"{sql} from {{{{ ref('stg_ecoles__ecoles') }}}}")
    parse(small.settings)
    done = run(small, "age", instance)
    assert not done.success
    assert retried(done) == []
