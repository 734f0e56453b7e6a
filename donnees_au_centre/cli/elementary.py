"""`elementary`: the whole of Elementary on the marts as they stand, where its dbt packages can be had."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psycopg

from donnees_au_centre.anomalies import (
    Finding,
    ensure_packages,
    findings,
    fingerprint,
    watched_marts,
    write_models,
)
from donnees_au_centre.anomalies.installation import FOLDER
from donnees_au_centre.anomalies.watching import POINTS_NEEDED, built_marts, forget, learning
from donnees_au_centre.cli.session import Access, Session, child_environment, dbt, python_tool, run_tool
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.settings import Settings

OVERLAY = "observability"
SCHEMA = "elementary"
PAGE = "reports/elementary-complet.html"


def elementary(settings: Settings, _options: Mapping[str, str]) -> int:
    """Plays the anomaly tests of observability/ on the marts that are built, and writes Elementary's page.

    Builds no model of the project. An anomaly is said, and is no failure.

    Raises:
        PlatformError: the packages cannot be had, no mart is built, or a test could not be played.
    """
    session = Session(settings)
    overlay = settings.root / OVERLAY
    # Before any database: what is missing is said at once, and nothing is half done.
    with session.step("Paquets dbt d'Elementary"):
        installed = ensure_packages(
            overlay, dbt("deps"), overlay_environment(settings, child_environment(settings, None))
        )
    if installed:
        session.say(f"Installés dans {OVERLAY}/{FOLDER} (git ne les suit pas).")
    with session.step("Serveur PostgreSQL"):
        access = session.open_database()
    inherited = session.enter(access)
    environment = overlay_environment(settings, inherited)
    prefix = f"{name}_" if (name := inherited.get("DBT_SCHEMA_PREFIX")) else ""
    write_models(settings.root, models_path(settings))
    absent = _absent_marts(session, access, prefix)
    _build_tables(session, access, environment, f"{prefix}{SCHEMA}")
    with session.step("Tests d'anomalie (dbt test)"):
        excluded = [f"source:{domain}.{mart}" for domain, mart in absent]
        # The tests that could not be played are in the results; what stopped dbt itself leaves none.
        results = target_path(settings) / "run_results.json"
        results.unlink(missing_ok=True)
        command = discreet_dbt("test", *(["--exclude", *excluded] if excluded else []))
        run_tool(command, environment, overlay)
        if not results.exists():
            raise PlatformError(
                "Les tests d'Elementary n'ont pas été joués ; l'erreur de dbt est ci-dessus.",
                "Corrigez observability/, puis relancez make elementary.",
            )
    page = settings.build / PAGE
    with session.step("Page d'Elementary"):
        work = target_path(settings) / "edr"
        command = python_tool(
            "donnees_au_centre.anomalies.page", overlay / "edr", work, settings.target, page
        )
        if run_tool(command, page_environment(settings, environment), settings.root) != 0:
            raise PlatformError(
                "La page d'Elementary n'a pas été écrite ; l'erreur est ci-dessus.",
                "elementary-data (requirements.in) et observability/packages.yml ont-ils la même version ?",
            )
    played, found = findings(target_path(settings))
    with psycopg.connect(access.conninfo()) as connection:
        young, measures = learning(connection, f"{prefix}{SCHEMA}")
        forget(connection, f"{prefix}{SCHEMA}")
    print(f"\n{account(played, found, young, measures, page)}")
    if broken := [one for one in found if one.error]:
        raise PlatformError(
            counted(
                len(broken),
                "test d'Elementary n'a pas pu être joué ; il est nommé ci-dessus.",
                "tests d'Elementary n'ont pas pu être joués ; ils sont nommés ci-dessus.",
            ),
            "Un mart a-t-il été renommé ? observability/models/ doit le suivre.",
        )
    return 0


def discreet_dbt(*arguments: str) -> list[str]:
    """The command of dbt, saying errors only, none of which quotes a row: Elementary keeps its messages."""
    return python_tool("donnees_au_centre.audit.discretion", "--quiet", *arguments)


def target_path(settings: Settings) -> Path:
    """dbt's artefacts of the overlay, apart from the project's, one folder a database."""
    return settings.target_path / OVERLAY


def models_path(settings: Settings) -> Path:
    """What is watched, as dbt reads it, beside its artefacts."""
    return target_path(settings) / "modeles"


def overlay_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Leads dbt to the overlay project, on the server of the project."""
    return {
        **environment,
        "DBT_PROJECT_DIR": str(settings.root / OVERLAY),
        "DBT_OVERLAY_MODELS": str(models_path(settings)),
        "DBT_TARGET_PATH": str(target_path(settings)),
        "DBT_LOG_PATH": str(target_path(settings)),
        "DBT_PACKAGES_FOLDER": FOLDER,
    }


def page_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Leads Elementary to its own dbt project, which its Python package holds, and to the packages here."""
    work = str(target_path(settings) / "edr")
    dropped = ("DBT_PROJECT_DIR", "DBT_PROFILES_DIR")
    return {
        **{name: value for name, value in environment.items() if name not in dropped},
        "DBT_TARGET_PATH": work,
        "DBT_LOG_PATH": work,
        "EDR_INTERNAL_TARGET_PATH": work,
        "DBT_PACKAGES_FOLDER": str(settings.root / OVERLAY / FOLDER),
    }


def account(played: int, found: list[Finding], young: int, measures: int, page: Path) -> str:
    """What came of it, in French.

    Args:
        played: tests that ran.
        found: those that did not pass.
        young, measures: measures that have too few points, out of how many.
        page: the page written.
    """
    anomalies = [one for one in found if not one.error]
    said = f"{counted(played, 'test joué', 'tests joués')}, {counted(len(anomalies), 'anomalie')}"
    lines = [f"Elementary : {said}."]
    lines += [f"  anomalie  {one.test} : {one.promise}" for one in anomalies]
    lines += [f"  erreur    {one.test} : {one.message}" for one in found if one.error]
    if young:
        lines.append(
            f"{counted(young, 'mesure')} sur {measures} {'ont' if young > 1 else 'a'} moins de "
            f"{POINTS_NEEDED} points : une anomalie ne s'y "
            "verrait pas encore. Chaque make elementary en ajoute un ; une fois par jour suffit."
        )
    lines.append(f"Page : {page}")
    return "\n".join(lines)


def _build_tables(session: Session, access: Access, environment: Mapping[str, str], schema: str) -> None:
    """Builds Elementary's tables and tells them of the project, once a version of observability/.

    Raises:
        PlatformError: dbt failed.
    """
    settings = session.settings
    overlay, stamp = settings.root / OVERLAY, target_path(settings) / "tables.txt"
    digest = fingerprint(overlay, models_path(settings), schema)
    with psycopg.connect(access.conninfo()) as connection:
        there = connection.execute("select to_regclass(%s)", (f'"{schema}".dbt_tests',)).fetchone() != (None,)
    if there and stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
        return
    with session.step("Tables d'Elementary (dbt run)"):
        if run_tool(discreet_dbt("run", "--select", "package:elementary"), environment, overlay) != 0:
            raise PlatformError(
                f"Les tables d'Elementary (schéma {schema}) n'ont pas été construites ; "
                "l'erreur de dbt est ci-dessus.",
                "Le compte doit pouvoir créer ce schéma : docs/exploitant/elementary-complet.md.",
            )
    stamp.write_text(digest, encoding="utf-8")


def _absent_marts(session: Session, access: Access, prefix: str) -> list[tuple[str, str]]:
    """The watched marts that are not built.

    Raises:
        PlatformError: none of them is.
    """
    watched = watched_marts(session.settings.root)
    domains = {domain for domain, _ in watched}
    with psycopg.connect(access.conninfo()) as connection:
        built = built_marts(connection, prefix, domains)
    absent = sorted(watched.keys() - built)
    if len(absent) == len(watched):
        raise PlatformError(
            f"Aucun mart n'est construit dans la base {access.database}.",
            "Lancez d'abord make demo, ou make build : Elementary ne construit aucun mart.",
        )
    if absent:
        print("Pas encore construits, donc pas regardés : " + ", ".join(f"{d}.{m}" for d, m in absent))
    if unknown := sorted(f"{domain}.{mart}" for domain, mart in built - watched.keys()):
        print(f"Sans surveillance, faute de modèle dans models/ : {', '.join(unknown)}")
    return absent
