"""The purge of what is past its retention, as a Dagster job with a schedule that somebody turns on."""

from datetime import UTC, date, datetime

import dagster as dg
import psycopg

from orchestration.audit import keep_anchor
from orchestration.governance.datasets import read_datasets
from orchestration.locations.failures import told_failures
from orchestration.manifest import parse
from orchestration.rights.erasure import rewrite
from orchestration.rights.holds import read_holds
from orchestration.rights.purge import apply_purge, plan_purge, shortest
from orchestration.rights.traces import forget_old_files
from orchestration.settings import Settings

NAME = "purge"
# On Sundays, after the hour that one night a year does not have and before the first build, which then makes
# the marts again without the rows that are gone.
WHEN = "30 3 * * 0"
TIMEZONE = "Europe/Brussels"


def retention(settings: Settings) -> dg.Definitions:
    """Makes the job, which deletes, and its schedule, which is off until somebody starts it."""

    @dg.op(name="effacer", description="Efface ce qui a passé sa durée de conservation, sauf les gels.")
    def purge(context: dg.OpExecutionContext) -> None:
        with told_failures():
            manifest = parse(settings).manifest
            datasets = read_datasets(manifest)
            holds = read_holds(settings.root, datasets)
            with psycopg.connect("") as connection:
                dues = plan_purge(connection, manifest, datasets, holds, settings, date.today())
                done = apply_purge(connection, dues, None)
                connection.commit()
                keep_anchor(settings, connection)
            rewrite("", {table for due in done for table in due.tables})
            forget_old_files(settings, datetime.now(UTC), shortest(dues))
        context.add_output_metadata({due.label: due.rows + due.rejects for due in done})

    @dg.job(name=NAME, description="La purge, sans archives : ce qui s'archive attend make purge ARCHIVES=…")
    def job() -> None:
        purge()

    schedule = dg.ScheduleDefinition(
        name="purge_chaque_semaine",
        job=job,
        cron_schedule=WHEN,
        execution_timezone=TIMEZONE,
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
    return dg.Definitions(jobs=[job], schedules=[schedule])
