"""`lint`, `fix`, `check`, `test`, `lock`: what a merge request must pass, and how to get there."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from orchestration.commands.session import (
    Access,
    Session,
    child_environment,
    parse_or_fail,
    python_tool,
    run_tool,
)
from orchestration.errors import PlatformError
from orchestration.manifest import check_manifest
from orchestration.settings import NO_TELEMETRY, Settings
from orchestration.setup.environment import read_pip_listing, uv_settings

# Rendered and read by sqlfluff. Macros are linted through the models that call them.
SQL_FOLDERS = ("models", "tests/singular")
# What sqlfluff has no rule for: pattern in the SQL without comments, and what to write instead.
FORBIDDEN_SQL = {
    r"\bdistinct\s+on\b": "select distinct on n'existe que dans PostgreSQL : groupez par la clé (group by), "
    "puis joignez pour retrouver le reste de la ligne.",
    # sqlfluff's AM02 leaves PostgreSQL out, and would let union distinct pass.
    r"\bunion\b(?!\s+all\b)": "union retire les doubles en silence : écrivez union all, et groupez "
    "(group by) si les doubles doivent partir.",
    r"\bover\s*\(": "Denodo n'exécute pas les fonctions de fenêtre : groupez (group by), puis joignez.",
}
SQL_COMMENTS = re.compile(r"\{#.*?#\}|/\*.*?\*/|--[^\n]*", re.DOTALL)


def lint(settings: Settings, _options: Mapping[str, str]) -> int:
    """Runs every check of writing and of the project's rules, all of them even when one fails."""
    session = Session(settings)
    root = settings.root
    environment = linters_environment(settings)
    checks = {
        "Python : règles (ruff)": python_tool("ruff", "check", "--quiet", "."),
        "Python : mise en forme (ruff)": python_tool("ruff", "format", "--check", "--quiet", "."),
        "YAML (yamllint)": python_tool("yamllint", "--strict", "."),
    }
    failed = []

    def run(title: str, command: list[str]) -> None:
        with session.step(title):
            if run_tool(command, environment, root) != 0:
                failed.append(title)

    for title, command in checks.items():
        run(title, command)
    for title, find in {"SQL portable": forbidden_sql, "Textes à compléter": placeholders}.items():
        with session.step(title):
            for fault in find(root):
                print(fault)
                failed.append(title)
    with session.step("Règles du projet (manifeste dbt)"):
        try:
            check(settings, {})
        except PlatformError as error:
            print(error)
            failed.append("Règles du projet")
    # Last, since it takes the longest.
    run("SQL (sqlfluff, deux minutes environ)", sqlfluff(root, "lint"))
    if failed:
        raise PlatformError(
            f"À corriger : {', '.join(dict.fromkeys(failed))}. Le détail est ci-dessus.",
            "make fix corrige la mise en forme et une partie des règles ; le reste se corrige à la main.",
        )
    session.say("Tout est conforme.")
    return 0


def fix(settings: Settings, _options: Mapping[str, str]) -> int:
    """Corrects what ruff and sqlfluff can correct by themselves."""
    session = Session(settings)
    environment = linters_environment(settings)
    left = False
    for title, command in {
        "Python : règles (ruff)": python_tool("ruff", "check", "--fix", "--quiet", "."),
        "Python : mise en forme (ruff)": python_tool("ruff", "format", "--quiet", "."),
        "SQL (sqlfluff)": sqlfluff(settings.root, "fix"),
    }.items():
        with session.step(title):
            left |= run_tool(command, environment, settings.root) != 0
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


def forbidden_sql(root: Path) -> list[str]:
    """Finds SQL that exists nowhere but in PostgreSQL and that sqlfluff lets through.

    Returns:
        One French sentence a fault, beginning with file:line.
    """
    faults = []
    for folder in ("models", "macros", "tests/singular", "tests/generic"):
        for path in sorted((root / folder).rglob("*.sql")):
            # Comments become blank lines, so that line numbers stay true.
            sql = SQL_COMMENTS.sub(lambda found: "\n" * found.group().count("\n"), path.read_text("utf-8"))
            for pattern, advice in FORBIDDEN_SQL.items():
                for found in re.finditer(pattern, sql, re.IGNORECASE):
                    line = sql.count("\n", 0, found.start()) + 1
                    faults.append(f"{path.relative_to(root)}:{line} : {advice}")
    return faults


def placeholders(root: Path) -> list[str]:
    """Finds what `make new-model` left to be written by a person; one French sentence each."""
    return [
        f"{path.relative_to(root)}:{number} : ce texte attend d'être écrit."
        for path in sorted((root / "models").rglob("*.*"))
        if path.suffix in (".sql", ".yml")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if re.search('"À (décrire|compléter)', line)
    ]


def check(settings: Settings, _options: Mapping[str, str]) -> int:
    """Checks the project's rules over dbt's manifest; opens no database.

    Raises:
        PlatformError: the project does not parse, or breaks a rule.
    """
    # A folder of its own: dbt forgets its partial parse when the connection it reads changes.
    offline = replace(settings, target_path=settings.root / "target" / "controle")
    nowhere = Access("127.0.0.1", "5432", "personne", "", settings.database, None)
    session = Session(offline)
    session.enter(nowhere)
    violations = check_manifest(parse_or_fail(session).manifest)
    for file, group in groupby(violations, key=lambda violation: violation.file):
        print(file)
        for violation in group:
            print(f"  [{violation.rule}] {violation.message}\n      Que faire : {violation.advice}")
    if violations:
        raise PlatformError(
            f"Les règles du projet ne sont pas suivies en {len(violations)} endroit(s), nommés ci-dessus.",
            "docs/architecture.md donne les règles et leurs raisons.",
        )
    return 0


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
        *shlex.split(options.get("PYTEST_ARGS") or ""),
    ]
    code = run_tool(command, test_environment(os.environ), settings.root)
    if failure:
        raise failure
    return 1 if code else 0


def test_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the tests: what leads to somebody's database, landing zone or make is left out."""
    theirs = re.compile(r"PG[A-Z]+|DBT_\w+|DAGSTER_\w+|LANDING|CALLER_FOLDER|MAKE\w*|MFLAGS|STRICT|PORT")
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
