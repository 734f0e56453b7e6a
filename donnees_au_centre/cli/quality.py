"""`lint`, `fix`, `check`, `test`, `lock`: what a merge request must pass, and how to get there."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import groupby
from pathlib import Path

from dev.setup.environment import read_pip_listing, uv_settings
from donnees_au_centre.cli.access import access_check
from donnees_au_centre.cli.lineage import PERSONAL_DATA, check_personal_data
from donnees_au_centre.cli.schemas import write_schemas
from donnees_au_centre.cli.session import (
    Session,
    child_environment,
    parse_or_fail,
    python_tool,
    run_tool,
    words_of,
)
from donnees_au_centre.cli.texts import check_bytes, check_yaml, mend_bytes, mend_yaml
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.portability import compile_for_denodo
from donnees_au_centre.portability.remarks import check_compilation, correct, show
from donnees_au_centre.privacy.unattended import overdue, read_permissions
from donnees_au_centre.project import check_manifest
from donnees_au_centre.project.checks import Violation
from donnees_au_centre.project.domains import WORKSPACE, forgotten, mend_workspace
from donnees_au_centre.project.flags import check_flags
from donnees_au_centre.settings import NO_TELEMETRY, Settings

# Rendered and read by sqlfluff. Macros are linted through the models that call them.
SQL_FOLDERS = ("models", "tests/singular")
PORTABLE_SQL = "SQL portable (VQL documenté de Denodo)"
# A correction within another one waits its turn: x::int::text.
NESTED_CORRECTIONS = 5
# Of the tests; each has a PostgreSQL server of its own.
MOST_PROCESSES = 4
# Packages that elementary-data asks for and never imports.
UNUSED = ("pymsteams",)


def lint(settings: Settings, _options: Mapping[str, str]) -> int:
    """Runs every check of writing and of the project's rules, all of them even when one fails."""
    session = Session(settings)
    root = settings.root
    environment = linters_environment(settings)
    checks = {
        "Python : règles (ruff)": python_tool("ruff", "check", "--quiet", "."),
        "Python : mise en forme (ruff)": python_tool("ruff", "format", "--check", "--quiet", "."),
        "Python : types (mypy)": python_tool("mypy", "--no-error-summary"),
    }
    failed = []
    with session.step("Octets des textes (UTF-8, fins de ligne)"):
        if not check_bytes(root):
            failed.append("Octets des textes")

    def run(title: str, command: list[str]) -> None:
        with session.step(title):
            if run_tool(command, environment, root) != 0:
                failed.append(title.partition(" (")[0])

    for title, command in checks.items():
        run(title, command)
    with session.step("YAML (yamllint)"):
        if not check_yaml(root):
            failed.append("YAML")
    with session.step("Domaines (models/<domaine>/_<domaine>.yml et ce qui en dépend)"):
        if faults := forgotten(root):
            show_violations(faults)
            failed.append("Domaines")
    with session.step("Textes à compléter"):
        for fault in placeholders(root):
            print(fault)
            failed.append("Textes à compléter")
    for title, verify in {
        "Règles du projet (manifeste dbt)": check,
        "Accès (policies/access/)": access_check,
        "Purges sans personne (policies/gdpr/purge.yml)": check_purges,
        PERSONAL_DATA: check_personal_data,
        PORTABLE_SQL: check_portable_sql,
    }.items():
        with session.step(title):
            try:
                verify(settings, {})
            except PlatformError as error:
                print(error)
                failed.append(title.partition(" (")[0])
    # Last, since it takes the longest.
    run("SQL (sqlfluff, une minute environ)", sqlfluff(root, "lint"))
    if failed:
        raise PlatformError(
            f"À corriger : {', '.join(dict.fromkeys(failed))}. Le détail est ci-dessus.",
            "make fix corrige la mise en forme et une partie des règles ; le reste se corrige à la main.",
        )
    session.say("Tout est conforme.")
    return 0


def fix(settings: Settings, _options: Mapping[str, str]) -> int:
    """Corrects bytes, YAML, and what ruff, the checker of VQL and sqlfluff can correct by themselves."""
    session = Session(settings)
    environment = linters_environment(settings)
    with session.step("Octets des textes (UTF-8, fins de ligne)"):
        left = mend_bytes(settings.root)
    with session.step("YAML"):
        left |= mend_yaml(settings.root)
        if mend_workspace(settings.root):
            print(f"{WORKSPACE} : écrit d'après les domaines.")

    def run(title: str, command: list[str]) -> None:
        nonlocal left
        with session.step(title):
            left |= run_tool(command, environment, settings.root) != 0

    with session.step("Schémas pour les éditeurs (policies/schemas/)"):
        write_schemas(settings.root)
    run("Python : règles (ruff)", python_tool("ruff", "check", "--fix", "--quiet", "."))
    run("Python : mise en forme (ruff)", python_tool("ruff", "format", "--quiet", "."))
    with session.step(PORTABLE_SQL):
        try:
            left |= correct_portable_sql(settings)
        except PlatformError as error:
            print(error)
            left = True
    # After the portable forms, whose layout is not always the house's.
    run("SQL (sqlfluff)", sqlfluff(settings.root, "fix"))
    session.say(
        "Corrigé, sauf ce qui est nommé ci-dessus et demande une main."
        if left
        else "Corrigé. git diff montre les changements."
    )
    return 0


def linters_environment(settings: Settings) -> dict[str, str]:
    """The environment of the linters: no database, and nothing about sqlfluff's own worker processes."""
    return {**child_environment(settings, None), "PYTHONWARNINGS": "ignore:resource_tracker"}


def sqlfluff(root: Path, action: str) -> list[str]:
    """The sqlfluff command over the project's SQL; `action` is lint or fix."""
    folders = [folder for folder in SQL_FOLDERS if (root / folder).is_dir()]
    return python_tool("sqlfluff", action, "--processes", "2", "--disable-progress-bar", *folders)


def check_purges(settings: Settings, _options: Mapping[str, str]) -> int:
    """Checks policies/gdpr/purge.yml against the calendar.

    Raises:
        PlatformError: it cannot be followed, or a decision waits for its review.
    """
    today = date.today()
    if late := overdue(read_permissions(settings.root, today), today):
        raise PlatformError("\n".join(late), "Faites-la revoir et reculez la date, ou ôtez l'entrée.")
    return 0


def check_portable_sql(settings: Settings, _options: Mapping[str, str]) -> int:
    """Checks that what the project compiles to for Denodo is documented VQL; opens no database.

    Raises:
        PlatformError: the project does not compile for Denodo, or something in it is refused.
    """
    remarks = check_compilation(compile_for_denodo(settings))
    if remarks:
        print(show(remarks))
    if errors := sum(remark.is_error for remark in remarks):
        raise PlatformError(
            f"Le SQL n'est pas portable en {_places(errors)} ci-dessus.",
            "make fix écrit les formes sûres ; docs/analyste/regles-denodo.md explique chaque règle.",
        )
    return 0


def correct_portable_sql(settings: Settings) -> bool:
    """Writes the portable form where it is sure, and says what was written.

    Returns:
        True when something refused is left.

    Raises:
        PlatformError: the project does not compile for Denodo.
    """
    compilation = compile_for_denodo(settings)
    for _ in range(NESTED_CORRECTIONS):
        corrections = correct(compilation, settings.root)
        for correction in corrections:
            print(correction)
        if not corrections:
            break
        compilation = compile_for_denodo(settings)
    remarks = [remark for remark in check_compilation(compilation) if remark.is_error]
    if remarks:
        print(f"Reste à corriger à la main :\n{show(remarks)}")
    return bool(remarks)


def placeholders(root: Path) -> list[str]:
    """Finds what `new-model` and `new-ag` left to be written by a person; one French sentence each."""
    return [
        f"{path.relative_to(root)}:{number} : ce texte attend d'être écrit."
        for folder in ("models", "policies")
        for path in sorted((root / folder).rglob("*.*"))
        if path.suffix in (".sql", ".yml")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if re.search('"À (décrire|compléter)', line)
    ]


def _places(number: int) -> str:
    return counted(number, "endroit, nommé", "endroits, nommés")


def check(settings: Settings, _options: Mapping[str, str]) -> int:
    """Checks the project's rules over dbt's manifest; opens no database.

    Raises:
        PlatformError: the project does not parse, or breaks a rule.
    """
    session = Session.without_database(settings)
    violations = [*check_flags(settings.root), *check_manifest(parse_or_fail(session).manifest)]
    for file, group in groupby(violations, key=lambda violation: violation.file):
        print(file)
        for violation in group:
            print(f"  [{violation.rule}] {violation.message}\n      Que faire : {violation.advice}")
    if violations:
        raise PlatformError(
            f"Les règles du projet ne sont pas suivies en {_places(len(violations))} ci-dessus.",
            "docs/architecture.md donne les règles et leurs raisons.",
        )
    return 0


def show_violations(violations: Iterable[Violation]) -> None:
    """Prints what breaks a rule, by file."""
    for file, group in groupby(violations, key=lambda violation: violation.file):
        print(file)
        for violation in group:
            print(f"  [{violation.rule}] {violation.message}\n      Que faire : {violation.advice}")


def test(settings: Settings, options: Mapping[str, str]) -> int:
    """Runs `lint`, then every test; PYTEST_ARGS goes to pytest. Ends with pytest's closing line."""
    failure = None
    try:
        lint(settings, options)
    except PlatformError as error:
        # The tests run all the same: a mistake of form must not hide a broken model.
        failure = error
        print(f"\n{error}\n", file=sys.stderr, flush=True)
    settings.build.mkdir(exist_ok=True)
    command = [
        *python_tool("pytest", f"--junitxml={settings.build / 'junit.xml'}"),
        *("--numprocesses", str(min(os.cpu_count() or 1, MOST_PROCESSES)), "--dist", "loadscope"),
        # The end-to-end tests take the longest: they begin, the others fill what is left.
        "--no-loadscope-reorder",
        *words_of(options, "PYTEST_ARGS"),
    ]
    # Tests make the folders of other accounts too.
    os.umask(0o022)
    code = run_tool(command, test_environment(os.environ), settings.root)
    if failure:
        raise failure
    return 1 if code else 0


def test_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the tests: what leads to somebody's database, landing zone or make is left out."""
    options = "AG|ANCRE|ARCHIVES|CLES|COLONNE|COLUMN|IDENTIFIANT|MODEL|NAME|PORT|SELECT|SOURCE|STRICT|VALEUR"
    theirs = re.compile(
        rf"PG[A-Z]+|DBT_\w+|DAGSTER_\w+|LANDING|CALLER_FOLDER|MAKE\w*|MFLAGS|BASE|CONFIRMER|{options}"
    )
    kept = {name: value for name, value in environ.items() if not theirs.fullmatch(name)}
    return {**kept, **NO_TELEMETRY}


def lock(settings: Settings, _options: Mapping[str, str]) -> int:
    """Works out requirements.txt again from requirements.in, for every supported Python at once.

    Raises:
        PlatformError: no set of versions fits, or the registry cannot be reached.
    """
    options, environment = uv_settings(read_pip_listing(sys.executable), os.environ)
    command = [
        *python_tool("uv", "pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes"),
        # No host name: the lock serves behind any mirror.
        *(
            "--no-emit-index-url",
            "--no-emit-find-links",
            "--no-strip-extras",
            "--no-header",
            *(f"--no-emit-package={name}" for name in UNUSED),
            "--quiet",
            *options,
        ),
        *("requirements.in", "--output-file", "requirements.txt"),
    ]
    if run_tool(command, environment, settings.root) != 0:
        raise PlatformError(
            "requirements.txt n'a pas été recalculé.",
            "Le message ci-dessus dit quel paquet ne convient pas, ou quel registre est injoignable.",
        )
    print("requirements.txt est à jour ; enregistrez-le avec requirements.in (git add requirements.*).")
    return 0
