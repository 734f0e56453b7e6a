"""`demo`, `load`, `ui`: the landing zone loaded, the project built through Dagster, and what came of it."""

from __future__ import annotations

import gc
import json
import os
import re
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg

from donnees_au_centre.audit.runs import describe, load_details, note_run, received_before
from donnees_au_centre.building.orphans import say_orphans
from donnees_au_centre.cli.access import give_rights
from donnees_au_centre.cli.catalogue import write_catalogue
from donnees_au_centre.cli.confirmation import is_set, named
from donnees_au_centre.cli.progress import Progress
from donnees_au_centre.cli.services import choose_port, serve
from donnees_au_centre.cli.session import Access, Session, python_tool, say_healed
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.history.upstream import read_upstream
from donnees_au_centre.landing import LoadReport, load_landing, opening, read_declarations
from donnees_au_centre.pages.reports import write_reports
from donnees_au_centre.project import parse
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import Settings
from donnees_au_centre.summary import Run, Summary, render, summarise

# Lines of detail shown on the terminal for what failed; build/ has the rest.
ERRORS_SHOWN = 10
# Of a file that failed, bytes that are looked at; and what a message says that tells how to mend it.
LOOKED_AT = 4 << 20
TOLD = re.compile("(?:crivez|éclarez) `")
# Parts of the Dagster run -> their names in the summary.
PARTS = {
    "lecture": "Lecture du projet dbt",
    "définitions": "Définitions Dagster",
    "chargement": "Chargement de la zone de dépôt",
    "dbt": "Construction et tests (dbt)",
    "fraîcheur": "Fraîcheur des sources (dbt)",
}


def demo(settings: Settings, options: Mapping[str, str]) -> int:
    """Loads the landing zone, builds and tests everything in one Dagster run, and sums it up.

    Raises:
        PlatformError: something failed; all that could be done was done, and the summary tells it.
    """
    session = Session(settings)
    with session.step("Serveur PostgreSQL"):
        access = session.open_database()
    session.enter(access)
    # What is read until the project is stays to the end: nothing to look for among it (materialise resumes).
    gc.disable()
    with session.step("Démarrage de Dagster et de dbt"):
        # Seconds of import, which the other commands must not pay.
        from orchestration.whole_project import materialise
    session.say("Lecture du projet, chargement, construction et tests, en une exécution Dagster…")
    with session.sample_systems(), Progress(session.say, "nœuds construits ou testés") as progress:
        outcome = materialise(settings, progress.say, progress.advance)
    session.seconds |= {PARTS[part]: value for part, value in outcome.seconds.items() if part in PARTS}
    for error in outcome.errors[:ERRORS_SHOWN]:
        print(f"\n{error}")
    if len(outcome.errors) > ERRORS_SHOWN:
        print(f"\n… et {len(outcome.errors) - ERRORS_SHOWN} autres erreurs : voir build/dagster.log")
    for notice in outcome.notices:
        print(f"\n{notice}", flush=True)
    failed = f"{counted(len(outcome.errors), 'erreur')}, dont le détail est ci-dessus."
    problems = [] if outcome.success else [failed]
    if settings.embedded:
        # Elsewhere roles are an administrator's: make access.
        try:
            with session.step("Accès déclarés"):
                session.say(give_rights(settings, access.conninfo(), outcome.manifest))
        except PlatformError as error:
            print(f"\n{error}")
            problems.append(error.message)
    results = read_results(outcome.run_results) if outcome.run_results else []
    problem = "\n".join(problems) or None
    manifest = outcome.manifest
    summary = conclude(session, access, manifest, outcome.load, results, problem)
    print(f"\nCatalogue des données : {write_catalogue(settings, manifest)}", flush=True)
    print(write_reports(settings, access.conninfo(), manifest, datetime.now(UTC)), flush=True)
    if outcome.notice is None:
        say_orphans(access.conninfo(), manifest)
    return verdict(summary, options, "demo")


def load(settings: Settings, options: Mapping[str, str]) -> int:
    """Loads what is new in the landing zone, and sums it up; builds nothing.

    Raises:
        PlatformError: a source could not be loaded; the others were.
    """
    session = Session(settings)
    with session.step("Serveur PostgreSQL"):
        access = session.open_database()
    session.enter(access)
    with session.step("Lecture du projet dbt"):
        parsed = say_healed(session, parse(settings))
    if parsed.notice:
        print(parsed.notice, flush=True)
    faults: list[PlatformError] = []
    with session.step("Chargement de la zone de dépôt"), session.sample_systems():
        tables = read_declarations(parsed.manifest.sources.values(), faults)
        before = received_before(access.conninfo())
        report = load_landing(access.conninfo(), settings.landing, tables, progress=session.say)
    for fault in faults:
        print(f"\n{fault}")
    unnoted: list[str] = []
    try:
        # Under its title a step stands in `seconds`, also when it failed.
        seconds = session.seconds["Chargement de la zone de dépôt"]
        details = {**load_details(report), "duree_s": seconds}
        note_run(settings, access.conninfo(), "chargement", "tout", details, since=before)
    except PlatformError as error:
        unnoted = [str(error)]
    problems = [
        *unnoted,
        *([parsed.notice] if parsed.notice else []),
        *([f"Déclarations à corriger, nommées ci-dessus : {len(faults)}."] if faults else []),
    ]
    summary = conclude(session, access, parsed.manifest, report, [], "\n".join(problems) or None)
    return verdict(summary, options, "load")


def ui(settings: Settings, options: Mapping[str, str]) -> int:
    """Serves Dagster on this machine, until Ctrl-C or `make stop`.

    Args:
        options: PORT; BASE, to launch on a server that is not this checkout's.

    Raises:
        PlatformError: the port is in use, BASE names another database, or the project does not parse and
            never did.
    """
    port = choose_port(options.get("PORT"), 3000)
    session = Session(settings)
    with session.step("Serveur PostgreSQL"):
        access = session.open_database()
    # A server that is not this checkout's is read, unless it was named: then its schedules run from here too.
    launches = named(settings, access, options) or settings.embedded
    session.enter(access)
    with session.step("Lecture du projet dbt"):
        notice = _read_apart(settings)
    if notice:
        print(notice, flush=True)
    from orchestration.home import prepare_home

    prepare_home(settings)
    session.say("Démarrage de Dagster (moins d'une minute)…")
    if not launches:
        session.say(f"Lecture seule sur {access.address} ; pour lancer d'ici : make ui BASE={access.address}")
    command = python_tool("orchestration.dagster_ui", "--port", str(port))
    with session.sample_systems():
        environment = dict(os.environ)
        return serve(
            settings, "dagster", [*command, *(["--lancer", "--demon"] if launches else [])], environment
        )


def _read_apart(settings: Settings) -> str | None:
    """Has dbt read the project in a process that ends, and gives its memory back; returns its notice."""
    with ProcessPoolExecutor(1, get_context("fork")) as apart:
        notice, fault = apart.submit(_notice, settings).result()
    if fault:
        raise PlatformError(*fault)
    return notice


def _notice(settings: Settings) -> tuple[str | None, tuple[str, str] | None]:
    try:
        return parse(settings).notice, None
    except PlatformError as error:
        return None, (error.message, error.advice)


def conclude(
    session: Session,
    access: Access,
    manifest: Manifest,
    report: LoadReport | None,
    results: list[Mapping[str, Any]],
    problem: str | None,
) -> Summary:
    """Writes build/summary.json and prints the summary.

    Args:
        manifest: dbt's.
        report: the loader's; None when it could not work.
        results: of dbt's run_results.json.
        problem: what stopped the run, in French.
    """
    settings = session.settings
    session.say("Résumé…")
    run = Run(
        landing=str(settings.landing),
        target=settings.target,
        seconds={**session.seconds, "Total": session.elapsed()},
        connection={
            "host": access.host,
            "port": access.port,
            "database": access.database,
            "user": access.user,
            "password_file": str(access.password_file) if access.password_file else None,
        },
        unmatched=report.unmatched if report else (),
        hints=report.hints if report else {},
        gone=report.gone if report else (),
        load_failures=with_mending(load_failures(report), report, manifest, settings) if report else {},
        results=results,
        problem=problem,
        outdated=outdated(access.conninfo(), manifest),
        audit=describe(access.conninfo()),
    )
    summary = summarise(access.conninfo(), manifest, run)
    settings.build.mkdir(exist_ok=True)
    text = json.dumps(asdict(summary), ensure_ascii=False, indent=2)
    (settings.build / "summary.json").write_text(f"{text}\n", encoding="utf-8")
    print(f"\n{render(summary)}", flush=True)
    return summary


def outdated(conninfo: str, manifest: Manifest) -> list[str]:
    """The domains that stand on figures of others that were not of the day, in French.

    Raises:
        psycopg.Error: the database cannot be read.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        found = read_upstream(connection, manifest, datetime.now(UTC)).standing()
    return [f"{one.domain} : {one.sentence}" for one in found]


def load_failures(report: LoadReport) -> dict[str, str]:
    """Why tables could not be loaded, or wait, by `<domain>.<source>.<table>`."""
    return {
        f"{table.domain}.{table.source}.{table.table}": " ; ".join(table.reasons()) for table in report.failed
    }


def with_mending(
    failures: Mapping[str, str], report: LoadReport, manifest: Manifest, settings: Settings
) -> dict[str, str]:
    """Why tables could not be loaded, with the options that would read their files where a look tells them.

    Args:
        failures: by `<domain>.<source>.<table>`.
        report: the loader's.
        manifest: dbt's.
        settings: where the landing zone is.
    """
    told = dict(failures)
    if not told:
        return told
    # What recognises the data of people in several languages, which a good run need not pay.
    from donnees_au_centre.discovery.look import look
    from donnees_au_centre.discovery.mending import mending

    tables = {table.label: table for table in read_declarations(manifest.sources.values(), [])}
    for label in failures:
        files = [
            (variant, file)
            for one in report.failed
            if f"{one.domain}.{one.source}.{one.table}" == label and label in tables
            for file in one.files
            # The loader often tells it by itself.
            if file.status == "echec" and not TOLD.search(file.message)
            for variant in tables[label].variants
            if variant.name == file.variant
        ]
        for variant, file in files[:1]:
            with suppress(PlatformError, OSError), opening.opened(settings.landing, file.path) as content:
                if said := mending(look(content, most=LOOKED_AT), variant):
                    told[label] += f" {said}"
    return told


def verdict(summary: Summary, options: Mapping[str, str], command: str) -> int:
    """Returns 0 for a run without errors.

    Raises:
        PlatformError: something failed, or a file is undeclared and STRICT is set.
    """
    if not summary.succeeded:
        raise PlatformError(
            f"make {command} s'est terminé avec des erreurs ; le résumé ci-dessus les nomme.",
            "Corrigez le fichier ou le modèle nommé, puis relancez : rien n'est chargé deux fois. "
            "make show MODEL=<modèle> montre le SQL d'un modèle.",
        )
    if is_set(options.get("STRICT")) and summary.unmatched:
        raise PlatformError(
            counted(len(summary.unmatched), "fichier ne correspond", "fichiers ne correspondent")
            + " à aucune source déclarée (STRICT=1).",
            "Déclarez (external: location, dans _<source>__sources.yml) ou retirez ce que le résumé nomme.",
        )
    return 0


def read_results(path: Path) -> list[Mapping[str, Any]]:
    """The results of a run_results.json."""
    results: list[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"]
    return results
