"""What follows every run: the messages and the pages of quality; and the digests on Mondays.

In jobs of their own: what goes wrong here is red here, and never in the run that it speaks of.
"""

from datetime import UTC, datetime

import dagster as dg
import psycopg
from dagster._core.storage.tags import WILL_RETRY_TAG

from donnees_au_centre.french import local_zone
from donnees_au_centre.notifications.alerts import Outcome, open_post
from donnees_au_centre.privacy.traces import forget_old
from donnees_au_centre.project import parse
from donnees_au_centre.project.nodes import domains_in
from donnees_au_centre.settings import Settings
from orchestration.failures import told_failures
from orchestration.healing import healing, note_death

AFTER, WEEKLY = "suites", "bilans"
WHEN = "0 8 * * 1"
# Tag of what follows a run: which one.
FOLLOWED = "apres"
_STATUSES = {"reussite": dg.DagsterRunStatus.SUCCESS, "echec": dg.DagsterRunStatus.FAILURE}


def messages(settings: Settings) -> dg.Definitions:
    """Makes the two jobs, the sensors that start the first after any run, and the schedule of the second.

    All of them are on from the start: an alert that somebody must first turn on is none. Nothing leaves as
    long as no channel has an address.
    """

    @dg.op(name="pages", description="Écrit les pages de qualité et le rapport Elementary.")
    def pages(context: dg.OpExecutionContext) -> None:
        # Imported here: charts and Elementary take seconds, which a code location must not pay.
        from donnees_au_centre.pages.reports import write_reports

        with told_failures():
            reports = write_reports(settings, "", parse(settings).manifest, datetime.now(UTC))
        context.log.info(str(reports))
        if reports.faults:
            raise dg.Failure("\n\n".join(reports.faults), allow_retries=False)

    @dg.op(
        name="messages", description="Envoie les messages sur ce qui a changé (policies/channels/canaux.yml)."
    )
    def alerts(context: dg.OpExecutionContext) -> None:
        _send(settings, context, digests=False)

    @dg.op(name="envoyer_les_bilans", description="Envoie le bilan de la semaine de chaque domaine.")
    def digests(context: dg.OpExecutionContext) -> None:
        _send(settings, context, digests=True)

    @dg.op(name="oublier", description="Efface les exécutions et les fichiers qui ont fait leur temps.")
    def forget(context: dg.OpExecutionContext) -> None:
        with told_failures():
            context.add_output_metadata({"oubliés": forget_old(settings, datetime.now(UTC))})

    @dg.job(name=AFTER, description="Après chaque exécution : les messages, les pages, le ménage.")
    def after() -> None:
        # None waits for another: a page that fails keeps nobody from being told.
        pages()
        alerts()
        forget()

    @dg.job(name=WEEKLY, description="Le bilan hebdomadaire de chaque domaine.")
    def weekly() -> None:
        digests()

    schedule = dg.ScheduleDefinition(
        name="bilans_chaque_lundi",
        job=weekly,
        cron_schedule=WHEN,
        execution_timezone=local_zone().key,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    sensors = [healing(), *(_sensor(f"apres_{name}", status, after) for name, status in _STATUSES.items())]
    return dg.Definitions(jobs=[after, weekly], schedules=[schedule], sensors=sensors)


def _sensor(name: str, status: dg.DagsterRunStatus, job: dg.JobDefinition) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        run_status=status,
        name=name,
        description="Après chaque exécution de chaque domaine : les messages et les pages.",
        monitor_all_code_locations=True,
        request_job=job,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        run = context.dagster_run
        if run.job_name in (AFTER, WEEKLY):
            return dg.SkipReason(f"{run.job_name} : rien ne suit ce qui suit une exécution.")
        if run.tags.get(WILL_RETRY_TAG) == "true":
            return dg.SkipReason(f"{run.job_name} se relance : c'est de sa fin qu'on parlera.")
        return dg.RunRequest(run_key=run.run_id, tags={FOLLOWED: run.run_id, "apres_travail": run.job_name})

    return sensor


def _send(settings: Settings, context: dg.OpExecutionContext, digests: bool) -> None:
    """Sends, and says in the log what a channel did not take: that alone fails nothing.

    Raises:
        dagster.Failure: nothing could be worked out (declaration, database, history).
    """
    with told_failures(), psycopg.connect("", autocommit=True, connect_timeout=10) as connection:
        manifest = parse(settings).manifest
        if not digests and (followed := context.run.tags.get(FOLLOWED)):
            note_death(settings, context.instance, manifest, followed)
        post = open_post(settings, connection, manifest, context.run_id)
        outcome: Outcome = post.digest(domains_in(settings.root)) if digests else post.alert()
    for line in outcome.lines():
        (context.log.warning if outcome.failed else context.log.info)(line)
    context.add_output_metadata(
        {"messages partis": outcome.sent, "messages qui attendent": len(outcome.failed)}
    )
