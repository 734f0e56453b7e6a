"""Runs whose process is gone: noticed, said, and over at the next good one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.test_utils import create_run_for_test

from donnees_au_centre.notifications.faults import find_faults
from donnees_au_centre.pages.quality.content import STOPPED, view
from donnees_au_centre.project import parse
from donnees_au_centre.quality.reading import read_quality
from orchestration import healing
from orchestration.factory import build_location
from orchestration.healing import GONE, end_gone, note_death
from tests.small_project import SmallProject, small_project

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
STARTED, FAILURE = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE


@pytest.fixture
def small(tmp_path: Path, database: str) -> Iterator[SmallProject]:
    with small_project(tmp_path, database) as project:
        yield project


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def started(instance: dg.DagsterInstance, pid: int | None) -> str:
    run = create_run_for_test(instance, job_name="age", status=STARTED)
    if pid is not None:
        instance.report_engine_event(
            "Started.", run, EngineEventData({"pid": dg.MetadataValue.text(str(pid))})
        )
    return run.run_id


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_only_a_run_whose_process_is_gone_is_ended(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, unborn, gone = (
        started(instance, os.getpid()),
        started(instance, None),
        started(instance, dead_process()),
    )
    assert end_gone(instance) == ["age"]
    statuses = {run: instance.get_run_by_id(run).status for run in (alive, unborn, gone)}
    assert statuses == {alive: STARTED, unborn: STARTED, gone: FAILURE}
    [said] = instance.all_logs(gone, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert said.dagster_event.message == GONE and "Que faire" in GONE
    # Another process that has got the number since.
    monkeypatch.setattr(healing, "SLACK", -(10**9))
    assert end_gone(instance) == ["age"]
    assert instance.get_run_by_id(alive).status == FAILURE


def test_a_death_is_in_the_history_and_told_until_a_build_goes_to_its_end(
    small: SmallProject, instance: dg.DagsterInstance
) -> None:
    manifest = parse(small.settings).manifest
    issues = "select issue from historique.executions where commande = 'build' order by execution_id"

    def build() -> dg.ExecuteInProcessResult:
        job = build_location("age", small.settings).resolve_job_def("age")
        return job.execute_in_process(instance=instance, raise_on_error=False, run_config=QUIET)

    def faults() -> list[str]:
        with psycopg.connect(small.conninfo, autocommit=True) as connection:
            quality = read_quality(connection, manifest, healing.datetime.now(healing.UTC))
        problems = [one for one in view(quality, "age").problems if one.gravity == STOPPED]
        found = [fault.key for fault in find_faults(quality) if fault.key.startswith(STOPPED)]
        assert len(found) == len(problems)
        return found

    assert build().success
    gone = started(instance, dead_process())
    end_gone(instance)
    for _ in range(2):
        # Once is enough.
        note_death(small.settings, instance, manifest, gone)
        assert small.query(issues) == [("reussi",), ("interrompu",)]
    assert faults() == [f"{STOPPED}:age:age"]
    assert build().success
    assert faults() == []
    # What failed in its step has said all itself.
    small.write("landing/age/ecoles/ecoles.csv", "fase\n1\n")
    failed = build()
    assert not failed.success
    instance.add_run_tags(failed.run_id, {"dagster/failure_reason": "STEP_FAILURE"})
    before = small.query(issues)
    note_death(small.settings, instance, manifest, failed.run_id)
    assert small.query(issues) == before
