"""How fresh Dagster holds the data to be, and what it starts after a run; nothing is sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from donnees_au_centre.landing import FileReport, LoadReport, TableReport
from donnees_au_centre.project.nodes import Manifest, Source
from donnees_au_centre.settings import Settings
from orchestration.assets import read_assets
from orchestration.messages import AFTER, WEEKLY, messages
from orchestration.promises import origin_policy, receipts
from tests.unit.manifests import good_manifest, governance, source

DAY = timedelta(days=1)


def window(policy: dg.FreshnessPolicy | None) -> tuple[timedelta | None, timedelta] | None:
    if policy is None:
        return None
    warn = policy.warn_window.to_timedelta() if policy.warn_window else None
    return warn, policy.fail_window.to_timedelta()


def promising(every: int, unit: str, **freshness: dict[str, Any]) -> dict[str, Any]:
    said = governance(rafraichissement={"tous_les": every, "unite": unit})
    return source("age", "ecoles", "ecoles", config={"meta": {"gouvernance": said}}, freshness=freshness)


@pytest.mark.parametrize(
    "sources, expected",
    [
        ([promising(1, "mois")], (None, 31 * DAY)),
        ([promising(1, "mois", warn_after={"count": 35, "period": "day"})], (31 * DAY, 35 * DAY)),
        (
            [
                promising(
                    1,
                    "semaine",
                    warn_after={"count": 8, "period": "day"},
                    error_after={"count": 240, "period": "hour"},
                )
            ],
            (7 * DAY, 10 * DAY),
        ),
        # A limit tighter than the promise warns first.
        ([promising(1, "annee", warn_after={"count": 30, "period": "day"})], (30 * DAY, 366 * DAY)),
        ([promising(1, "jour"), promising(3, "mois")], (None, 93 * DAY)),
        ([source("age", "x", "x", config={"meta": {}})], None),
    ],
)
def test_a_folder_promises_what_its_tables_do(sources: list[dict[str, Any]], expected: Any) -> None:
    assert window(origin_policy(Manifest(good_manifest()), [Source(one) for one in sources])) == expected


def test_folders_and_marts_have_a_policy_and_the_rest_has_none() -> None:
    catalogue = read_assets(Manifest(good_manifest()), ["age"])
    policies = {
        spec.key.to_user_string(): window(spec.freshness_policy)
        for spec in [*catalogue.specs, *catalogue.outside]
        if spec.freshness_policy
    }
    assert policies == {"landing/age/ecoles": (None, 366 * DAY), "dim_ecole": (None, 366 * DAY)}


def test_a_folder_receives_when_a_file_came_and_only_then() -> None:
    def table(name: str, *statuses: str) -> TableReport:
        files = [FileReport(f"age/{name}/{place}.csv", "", status) for place, status in enumerate(statuses)]
        return TableReport("age", "ecoles", name, files=files)

    report = LoadReport([table("a", "charge", "inchange"), table("b", "identique"), table("c", "echec")])
    (receipt,) = receipts(report)
    assert receipt.asset_key == dg.AssetKey(["landing", "age", "ecoles"])
    assert receipt.metadata["livraisons reçues"].value == 2
    assert receipts(LoadReport([table("a", "inchange"), table("b", "doublon")])) == receipts(None) == []


@pytest.fixture
def definitions() -> dg.Definitions:
    return messages(Settings.load({}))


@pytest.mark.parametrize(
    "name, event", [("apres_reussite", "PIPELINE_SUCCESS"), ("apres_echec", "PIPELINE_FAILURE")]
)
def test_the_messages_follow_any_run_but_their_own(
    definitions: dg.Definitions, name: str, event: str
) -> None:
    sensor = next(one for one in definitions.sensors or () if one.name == name)
    assert (sensor.default_status, sensor.job_name) == (dg.DefaultSensorStatus.RUNNING, AFTER)
    for followed in ("age", "surveillance", AFTER, WEEKLY):
        run = dg.DagsterRun(job_name=followed)
        with dg.DagsterInstance.ephemeral() as instance:
            found = sensor(
                dg.build_run_status_sensor_context(name, dg.DagsterEvent(event, followed), instance, run)
            )
        if followed in (AFTER, WEEKLY):
            assert isinstance(found, dg.SkipReason)
        else:
            assert isinstance(found, dg.RunRequest) and found.run_key == run.run_id


def test_of_a_run_that_begins_again_only_the_end_is_told(definitions: dg.Definitions) -> None:
    sensor = next(one for one in definitions.sensors or () if one.name == "apres_echec")
    run = dg.DagsterRun(job_name="age", tags={"dagster/will_retry": "true"})
    with dg.DagsterInstance.ephemeral() as instance:
        event = dg.DagsterEvent("PIPELINE_FAILURE", "age")
        found = sensor(dg.build_run_status_sensor_context("apres_echec", event, instance, run))
    assert isinstance(found, dg.SkipReason)


def test_the_digests_leave_on_monday_mornings(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("bilans_chaque_lundi")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 8 * * 1", "Europe/Brussels")
    assert (schedule.job_name, schedule.default_status) == (WEEKLY, dg.DefaultScheduleStatus.RUNNING)
