"""Runs whose process is gone: noticed, marked failed with their reason, and told like any other failure.

Dagster sees by itself that a worker died while its code server lives. After a machine or a daemon was stopped
dead nobody does: the run would be under way for ever, hold its place among those that may run, and its
domain would wait for it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg
import psutil
import psycopg
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._core.storage.tags import RUN_FAILURE_REASON_TAG

from donnees_au_centre.history.recording import Recording, deliver_waiting
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import Settings
from donnees_au_centre.warehouse.processes import is_alive

GONE = (
    "Le processus de cette exécution a disparu avant sa fin : machine arrêtée, mémoire épuisée ou processus "
    "tué. Ce qui était chargé reste chargé ; un mart qui n'était pas encore offert ne l'est pas.\n"
    "Que faire : si elle ne se relance pas d'elle-même, relancez-la ; si cela se répète, regardez la mémoire "
    "de la machine (journalctl -k)."
)
# In a container that serves one location, the variable that says which: nobody else sees its processes.
ALONE = "EMPLACEMENT"
# Seconds between the start of a process and the event that tells of it, at most.
SLACK = 60


def healing() -> dg.SensorDefinition:
    """Makes the sensor that looks for runs whose process is gone."""

    @dg.sensor(
        name="veille",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Marque en échec les exécutions dont le processus a disparu.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        found = end_gone(context.instance)
        return dg.SkipReason(f"Marquées en échec : {', '.join(found)}." if found else "Rien à relever.")

    return sensor


def end_gone(instance: dg.DagsterInstance) -> list[str]:
    """Marks as failed the runs whose process is gone; returns their jobs."""
    ended = []
    alone = os.environ.get(ALONE)
    for run in _in_progress(instance):
        if alone and _location(run) != alone:
            # The numbers of its processes mean nothing here.
            continue
        started = _process(instance, run.run_id)
        if started is None or _runs(*started):
            continue
        # It may have ended by itself between the two looks.
        now = instance.get_run_by_id(run.run_id)
        if now is not None and not now.is_finished:
            instance.report_run_failed(now, GONE)
            ended.append(run.job_name)
    return ended


def end_former(instance: dg.DagsterInstance, location: str) -> list[str]:
    """Marks as failed the runs that a container served before this one began; returns their jobs.

    They ended with it, whatever process has their number now.

    Args:
        instance: of Dagster.
        location: that this container serves, alone, and does not yet.
    """
    ended = [run for run in _in_progress(instance) if _location(run) == location]
    for run in ended:
        instance.report_run_failed(run, GONE)
    return [run.job_name for run in ended]


def _in_progress(instance: dg.DagsterInstance) -> Sequence[dg.DagsterRun]:
    return instance.get_runs(dg.RunsFilter(statuses=IN_PROGRESS_RUN_STATUSES))


def _location(run: dg.DagsterRun) -> str | None:
    origin = run.remote_job_origin
    return origin.location_name if origin else None


def note_death(settings: Settings, instance: dg.DagsterInstance, manifest: Manifest, run_id: str) -> None:
    """Has the history know of a run of a domain that ended with no word of its own, and the run its reason.

    Args:
        settings: the project and its database.
        instance: of Dagster.
        manifest: the project's.
        run_id: of any run; those that failed in a step, or did not fail, said all themselves.

    Raises:
        psycopg.Error: the history cannot be read.
    """
    run = instance.get_run_by_id(run_id)
    record = instance.get_run_record_by_id(run_id)
    if run is None or record is None or run.status != dg.DagsterRunStatus.FAILURE:
        return
    if run.tags.get(RUN_FAILURE_REASON_TAG) == "STEP_FAILURE":
        return
    instance.report_engine_event(GONE, run)
    domain = run.job_name
    if domain not in {node.domain for node in (*manifest.models, *manifest.own_sources)}:
        return
    deliver_waiting(settings, "")
    begun = datetime.fromtimestamp(record.start_time or record.create_timestamp.timestamp(), UTC)
    launcher = f"dagster {domain}"
    with psycopg.connect("", connect_timeout=10) as connection:
        noted = connection.execute(
            "select count(*) from historique.executions where lanceur = %s and commencee_le >= %s",
            [launcher, begun],
        ).fetchone()
    if noted == (0,):
        Recording(settings, "", manifest, "build", launcher, domain, begun).end("interrompu")


def _process(instance: dg.DagsterInstance, run_id: str) -> tuple[int, float] | None:
    """The process of a run and when it said so; None before it has one."""
    found = None
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        data = entry.get_dagster_event().engine_event_data if entry.is_dagster_event else None
        if data is not None and (pid := data.metadata.get("pid")) is not None:
            found = int(str(pid.value)), entry.timestamp
    return found


def _runs(pid: int, said_at: float) -> bool:
    """Whether it is alive, and no other that has got its number since."""
    try:
        return is_alive(pid) and psutil.Process(pid).create_time() < said_at + SLACK
    except psutil.NoSuchProcess:
        return False
