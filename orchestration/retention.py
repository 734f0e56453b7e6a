"""The purge of what is past its retention: a Dagster job that acts where policies/gdpr/purge.yml says so."""

from datetime import UTC, date, datetime

import dagster as dg
import psycopg
from dagster._core.storage.tags import SCHEDULE_NAME_TAG

from donnees_au_centre.audit import keep_anchor
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import local_zone
from donnees_au_centre.privacy.erasure import rewrite
from donnees_au_centre.privacy.holds import read_holds
from donnees_au_centre.privacy.purge import apply_purge, plan_purge, shortest
from donnees_au_centre.privacy.traces import forget_old_files
from donnees_au_centre.privacy.unattended import FILE, refusal
from donnees_au_centre.project import parse
from donnees_au_centre.project.datasets import read_datasets
from donnees_au_centre.settings import Settings, database_address
from orchestration.failures import told_failures

NAME = "purge"
# On Sundays, after the hour that one night a year does not have and before the first build, which then makes
# the marts again without the rows that are gone.
WHEN = "30 3 * * 0"


def retention(settings: Settings) -> dg.Definitions:
    """Makes the job and its schedule. Who clicks on either deletes nothing: a reviewed file decides."""

    @dg.op(name="effacer", description="Efface ce qui a passé sa durée de conservation, sauf les gels.")
    def purge(context: dg.OpExecutionContext) -> None:
        scheduled = SCHEDULE_NAME_TAG in context.run.tags
        with told_failures():
            with psycopg.connect("") as connection:
                info = connection.info
                _refuse(settings, database_address(info.dbname, info.host, info.port), scheduled)
                manifest = parse(settings).manifest
                datasets = read_datasets(manifest)
                holds = read_holds(settings.root, datasets)
                dues = plan_purge(connection, manifest, datasets, holds, settings, date.today())
                done = apply_purge(connection, dues, None)
                connection.commit()
                keep_anchor(settings, connection)
            rewrite("", {table for due in done for table in due.tables})
            forget_old_files(settings, datetime.now(UTC), shortest(dues))
        context.add_output_metadata({due.label: due.rows + due.rejects for due in done})

    @dg.job(
        name=NAME,
        description=f"La purge, par son horaire et là où {FILE} l'admet ; à la main : make purge. Sans "
        "archives : ce qui s'archive attend make purge ARCHIVES=…",
    )
    def job() -> None:
        purge()

    schedule = dg.ScheduleDefinition(
        name="purge_chaque_semaine",
        job=job,
        cron_schedule=WHEN,
        execution_timezone=local_zone().key,
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
    return dg.Definitions(jobs=[job], schedules=[schedule])


def _refuse(settings: Settings, base: str, scheduled: bool) -> None:
    """Stops a purge that nobody decided on beforehand.

    Raises:
        PlatformError: it was launched by hand, or the reviewed file does not name this database.
    """
    why = (
        refusal(settings.root, base, date.today())
        if scheduled
        else f"La purge de {base} a été lancée à la main : dans Dagster, seul son horaire la fait partir."
    )
    if why:
        raise PlatformError(
            f"{why} Rien n'a été effacé.",
            f"make purge montre le plan et le fait après confirmation ; pour chaque semaine, {FILE} "
            "(docs/gestionnaire/droits-des-personnes.md).",
        )
