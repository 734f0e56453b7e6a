"""From a run of dbt in Dagster to the mail of who must act, on a small project, with nothing made up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from donnees_au_centre.project import parse
from orchestration.factory import build_location
from orchestration.messages import AFTER, WEEKLY, messages
from tests.mailboxes import HOST, Mail
from tests.small_project import SmallProject, small_project
from tests.unit.notices import DECLARATION

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def small(tmp_path: Path, database: str) -> Iterator[SmallProject]:
    with small_project(tmp_path, database) as project:
        channel = DECLARATION.partition("  age:")[0]
        project.write("policies/channels/canaux.yml", channel)
        yield project


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mail]:
    server = Mail()
    monkeypatch.setenv("ALERTES_COURRIEL", f"mailto://{HOST}:{server.port}?from=donnees@fwb.example")
    yield server
    server.stop()


class Daemon:
    """What Dagster's daemon does with the sensors: each looks at what came since it last looked."""

    def __init__(self, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self._sensors = {sensor.name: sensor for sensor in definitions.sensors or ()}
        self._repository = definitions.get_repository_def()
        self._instance = instance
        self._cursors: dict[str, str | None] = dict.fromkeys(self._sensors)
        self.requests()

    def requests(self) -> list[tuple[str, str]]:
        """Sensor and run of what is requested now."""
        found = []
        for name, sensor in self._sensors.items():
            before = object()
            # A look that skips a run sees no further; the next one goes on from there.
            while before != (before := self._cursors[name]):
                tick = sensor.evaluate_tick(
                    dg.build_sensor_context(
                        instance=self._instance,
                        cursor=self._cursors[name],
                        repository_def=self._repository,
                        sensor_name=name,
                    )
                )
                self._cursors[name] = tick.cursor
                found += [(name, request.run_key) for request in tick.run_requests or ()]
        return found


def test_a_failed_run_is_told_when_the_mail_is_back_and_its_end_too(small: SmallProject, mail: Mail) -> None:
    assert parse(small.settings).notice is None
    after = messages(small.settings)
    with dg.DagsterInstance.ephemeral() as instance:

        def run(
            definitions: dg.Definitions, job: str, only: list[str] | None = None
        ) -> dg.ExecuteInProcessResult:
            return definitions.resolve_job_def(job).execute_in_process(
                instance=instance, raise_on_error=False, run_config=QUIET, op_selection=only
            )

        def tell() -> dict[str, int]:
            """Runs what follows a run; how many messages left and how many wait."""
            (event,) = [
                event
                # The pages, which take seconds, have tests of their own.
                for event in run(after, AFTER, ["messages"]).all_events
                if event.is_successful_output
            ]
            return {name: said.value for name, said in event.step_output_data.metadata.items()}

        daemon = Daemon(after, instance)
        small.write("landing/age/ecoles/ecoles.csv", "fase,nom\n1,Un\n1,Deux\n")
        failed = run(build_location("age", small.settings), "age")
        assert not failed.success
        assert daemon.requests() == [("apres_echec", failed.run_id)]
        # Nobody answers: the job of the messages goes well all the same, and nothing follows it.
        assert tell() == {"messages partis": 0, "messages qui attendent": 1}
        assert daemon.requests() == []
        mail.start()
        assert tell() == {"messages partis": 1, "messages qui attendent": 0}
        assert tell() == {"messages partis": 0, "messages qui attendent": 0}
        (message,) = mail.received
        assert message["to"] == "owner.age@fwb.example"
        assert message["subject"] == "AGE : 1 nouveau problème (stg_ecoles__ecoles)"
        text = message.get_body(("plain",)).get_content()
        assert "moins de 5" in text and "Deux" not in text
        small.write("landing/age/ecoles/ecoles.csv", "fase,nom\n1,Un\n2,Deux\n")
        mended = run(build_location("age", small.settings), "age")
        assert mended.success
        assert daemon.requests() == [("apres_reussite", mended.run_id)]
        assert tell() == {"messages partis": 1, "messages qui attendent": 0}
        assert mail.received[1]["subject"] == "AGE : 1 problème réparé (stg_ecoles__ecoles)"
        # The files that came are what makes the folder fresh.
        folder = dg.AssetKey(["landing", "age", "ecoles"])
        assert instance.get_latest_materialization_event(folder) is not None
        assert run(after, WEEKLY).success
        assert {str(one["to"]) for one in mail.received[2:]} == {
            "owner.age@fwb.example",
            "owner.transversal@fwb.example",
        }
        # A wrong declaration is red here, and here only.
        small.write("policies/channels/canaux.yml", "canaux: {}")
        failure = run(after, AFTER, ["messages"]).failure_data_for_node("messages")
        assert failure and "policies/channels/canaux.yml" in failure.user_failure_data.description
