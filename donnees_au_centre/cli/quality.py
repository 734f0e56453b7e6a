"""`lint`, `fix`, `lock`: how the project is written, and how to get there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path

from dev.setup.environment import read_pip_listing, uv_settings
from dev.setup.locks import DRIVERS
from donnees_au_centre.administration import FILE as ADMINISTRATION
from donnees_au_centre.cli.access import check_entries_of, readers_of_marts
from donnees_au_centre.cli.clean_files import CleanFiles
from donnees_au_centre.cli.lineage import PERSONAL_DATA, check_personal_data, lineage_of
from donnees_au_centre.cli.schemas import write_schemas
from donnees_au_centre.cli.session import (
    Session,
    child_environment,
    parse_or_fail,
    python_tool,
    run_tool,
)
from donnees_au_centre.cli.source_options import write_source_options
from donnees_au_centre.cli.texts import check_bytes, check_yaml, mend_bytes, mend_yaml
from donnees_au_centre.cli.words import refused_words
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.portability import compile_for_denodo
from donnees_au_centre.portability.remarks import check_compilation, correct, show
from donnees_au_centre.privacy.unattended import overdue, read_permissions
from donnees_au_centre.project import ParseResult, broken_rules
from donnees_au_centre.project.checks import shown
from donnees_au_centre.project.contracts import write_contracts
from donnees_au_centre.project.domains import forgotten, mend_workspace
from donnees_au_centre.project.glossary import FILE as VOCABULARY
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.repeated import mend_repeated, refuse_stale
from donnees_au_centre.settings import NO_TELEMETRY, Settings

# Rendered and read by sqlfluff. Macros are linted through the models that call them.
SQL_FOLDERS = ("models", "tests/singular")
PORTABLE_SQL = "SQL portable (VQL documenté de Denodo)"
# A correction within another one waits its turn: x::int::text.
NESTED_CORRECTIONS = 5
# Packages that elementary-data asks for and never imports.
UNUSED = ("pymsteams",)


def lint(settings: Settings, _options: Mapping[str, str]) -> int:
    """Runs every check of writing and of the project's rules, all of them even when one fails."""
    session = Session(settings)
    failed = [*check_texts(session), *check_python(session), *check_project(session), *check_sql(session)]
    write_annotations(settings, failed)
    if failed:
        raise to_correct(failed)
    session.say("Tout est conforme.")
    return 0


def write_annotations(settings: Settings, failed: Collection[str]) -> None:
    """Writes build/code-quality.json, by which GitLab shows faults of SQL and Python beside their lines.

    Args:
        failed: the checks that failed; only those whose tool knows the format are asked again.
    """
    faults: list[object] = []
    environment = linters_environment(settings)
    for name, command in {
        "SQL": [*sqlfluff("lint", SQL_FOLDERS), "--format", "gitlab", "--nofail"],
        "Python : règles": python_tool("ruff", "check", "--output-format", "gitlab", "--exit-zero", "."),
    }.items():
        if name in failed:
            done = subprocess.run(
                command, cwd=settings.root, env=environment, capture_output=True, text=True, check=False
            )
            # A tool that could not work has said why above.
            with suppress(ValueError):
                faults += json.loads(done.stdout)
    settings.build.mkdir(exist_ok=True)
    (settings.build / "code-quality.json").write_text(json.dumps(faults, ensure_ascii=False), "utf-8")


def to_correct(failed: Sequence[str]) -> PlatformError:
    """What the checks that failed ask for, each named once."""
    return PlatformError(
        f"À corriger : {', '.join(dict.fromkeys(failed))}. Le détail est ci-dessus.",
        "make fix corrige la mise en forme et une partie des règles ; le reste se corrige à la main.",
    )


def check_python(session: Session) -> list[str]:
    """Has ruff and mypy read the Python code.

    Returns:
        The names of the checks that failed, in French; they have said why.
    """
    failed, environment = [], linters_environment(session.settings)
    for title, command in {
        "Python : règles (ruff)": python_tool("ruff", "check", "--quiet", "."),
        "Python : mise en forme (ruff)": python_tool("ruff", "format", "--check", "--quiet", "."),
        "Python : types (mypy)": python_tool("mypy", "--no-error-summary"),
    }.items():
        with session.step(title):
            if run_tool(command, environment, session.settings.root) != 0:
                failed.append(title.partition(" (")[0])
    return failed


def check_texts(session: Session) -> list[str]:
    """Checks bytes, YAML, words to avoid and texts left to be written.

    Returns:
        The names of the checks that failed, in French; they have said why.
    """
    root, failed = session.settings.root, []
    with session.step("Octets des textes (UTF-8, fins de ligne)"):
        if not check_bytes(root):
            failed.append("Octets des textes")
    with session.step("YAML (yamllint)"):
        if not check_yaml(root):
            failed.append("YAML")
    with session.step("Domaines (models/<domaine>/_<domaine>.yml et ce qui en dépend)"):
        if faults := forgotten(root):
            print(shown(faults))
            failed.append("Domaines")
    with session.step(f"{ADMINISTRATION} et ce qui le répète"):
        try:
            refuse_stale(root)
        except PlatformError as error:
            print(error)
            failed.append(ADMINISTRATION)
    with session.step(f"Mots à éviter ({VOCABULARY})"):
        if said := refused_words(root):
            print("\n".join(said))
            failed.append("Mots à éviter")
    with session.step("Textes à compléter"):
        for fault in placeholders(root):
            print(fault)
            failed.append("Textes à compléter")
    return failed


def check_project(session: Session, *, compiled: bool = True) -> list[str]:
    """Has dbt read the project once, and checks what it says: rules, access, purges, lineage, portable SQL.

    Args:
        session: with which it is read.
        compiled: False where what dbt compiles to is known to be the same: lineage and portable SQL are not
            read again.

    Returns:
        The names of the checks that failed, in French; they have said why.
    """
    settings, failed = session.settings, []
    reader = Session.without_database(settings)
    parsed: ParseResult | None = None
    try:
        parsed = parse_or_fail(reader)
    except PlatformError as error:
        print(error)
        failed.append("Lecture du projet dbt")
    checks: dict[str, Callable[[], object]] = {}
    if parsed is not None:
        checks["Règles du projet (manifeste dbt)"] = partial(check_rules, settings, parsed.manifest)
        checks["Accès déclarés"] = partial(check_entries_of, settings, parsed.manifest)
    if parsed is not None and compiled:
        # After them: it has dbt compile what was read.
        checks[PERSONAL_DATA] = lambda: check_personal_data(lineage_of(reader.settings, parsed))
    checks["Purges sans personne (policies/gdpr/purge.yml)"] = partial(check_purges, settings)
    if compiled:
        checks[PORTABLE_SQL] = partial(check_portable_sql, settings)
    for title, verify in checks.items():
        with session.step(title):
            try:
                verify()
            except PlatformError as error:
                print(error)
                failed.append(title.partition(" (")[0])
    return failed


def check_sql(session: Session, only: Collection[str] | None = None) -> list[str]:
    """Has sqlfluff read the SQL that it did not find clean as it stands.

    Args:
        only: files to look at, from the root; all of them when None.

    Returns:
        The name of the check when it failed, in French; it has said why.
    """
    root = session.settings.root
    known = CleanFiles(root, "sqlfluff", tuple(sqlfluff_context(root)))
    files = sorted(path for folder in SQL_FOLDERS for path in (root / folder).rglob("*.sql"))
    if only is not None:
        files = [path for path in files if path.relative_to(root).as_posix() in only]
    unread = known.unread(files)
    with session.step(f"SQL (sqlfluff) : {len(unread)} sur {counted(len(files), 'fichier')} à lire"):
        names = [str(path.relative_to(root)) for path in unread]
        if unread and run_tool(sqlfluff("lint", names), linters_environment(session.settings), root) != 0:
            return ["SQL"]
        known.keep(unread)
    return []


def sqlfluff_context(root: Path) -> list[Path]:
    """What decides, beside a file itself, of what sqlfluff finds in it: settings, versions, macros."""
    return [
        *(path for path in (root / ".sqlfluff", root / "requirements.txt") if path.is_file()),
        *(root / "macros").rglob("*.sql"),
        *(root / "dev" / "linting").glob("*.py"),
    ]


def fix(settings: Settings, _options: Mapping[str, str]) -> int:
    """Corrects what bytes, YAML, ruff, the checker of VQL and sqlfluff may have; writes generated files."""
    session = Session(settings)
    environment = linters_environment(settings)
    with session.step("Octets des textes (UTF-8, fins de ligne)"):
        left = mend_bytes(settings.root)
    with session.step("YAML"):
        left |= mend_yaml(settings.root)
        for path in mend_workspace(settings.root):
            print(f"{path} : écrit d'après les domaines.")
        try:
            for path in mend_repeated(settings.root):
                print(f"{path} : écrit d'après {ADMINISTRATION}.")
        except PlatformError as error:
            print(error)
            left = True

    def run(title: str, command: list[str]) -> None:
        nonlocal left
        with session.step(title):
            left |= run_tool(command, environment, settings.root) != 0

    with session.step("Schémas pour les éditeurs (policies/schemas/)"):
        write_schemas(settings.root)
    with session.step("Tables de docs/analyste/sources.md"):
        write_source_options(settings.root)
    with session.step("Contrats des marts (policies/contracts/)"):
        try:
            manifest = parse_or_fail(Session.without_database(settings)).manifest
            readers = readers_of_marts(settings, manifest)
            for file in write_contracts(settings.root, manifest, date.today(), readers):
                print(f"{file} : écrit d'après les marts.")
        except PlatformError as error:
            print(error)
            left = True
    run("Python : règles (ruff)", python_tool("ruff", "check", "--fix", "--quiet", "."))
    run("Python : mise en forme (ruff)", python_tool("ruff", "format", "--quiet", "."))
    with session.step(PORTABLE_SQL):
        try:
            left |= correct_portable_sql(settings)
        except PlatformError as error:
            print(error)
            left = True
    # After the portable forms, whose layout is not always the house's.
    folders = [folder for folder in SQL_FOLDERS if (settings.root / folder).is_dir()]
    run("SQL (sqlfluff)", sqlfluff("fix", folders))
    session.say(
        "Corrigé, sauf ce qui est nommé ci-dessus et demande une main."
        if left
        else "Corrigé. git diff montre les changements."
    )
    return 0


def linters_environment(settings: Settings) -> dict[str, str]:
    """The environment of the linters: no database, and nothing about sqlfluff's own worker processes."""
    return {**child_environment(settings, None), "PYTHONWARNINGS": "ignore:resource_tracker"}


def sqlfluff(action: str, paths: Sequence[str]) -> list[str]:
    """The sqlfluff command over files or folders of SQL; `action` is lint or fix."""
    return python_tool("sqlfluff", action, "--processes", "2", "--disable-progress-bar", *paths)


def check_purges(settings: Settings) -> None:
    """Checks policies/gdpr/purge.yml against the calendar.

    Raises:
        PlatformError: it cannot be followed, or a decision waits for its review.
    """
    today = date.today()
    if late := overdue(read_permissions(settings.root, today), today):
        raise PlatformError("\n".join(late), "Faites-la revoir et reculez la date, ou ôtez l'entrée.")


def check_portable_sql(settings: Settings) -> None:
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


def check_rules(settings: Settings, manifest: Manifest) -> None:
    """Checks the project's rules over dbt's manifest; opens no database.

    Raises:
        PlatformError: the project breaks a rule.
    """
    violations = broken_rules(settings.root, manifest, readers_of_marts(settings, manifest))
    if violations:
        print(shown(violations))
        raise PlatformError(
            f"Les règles du projet ne sont pas suivies en {_places(len(violations))} ci-dessus.",
            "docs/architecture.md donne les règles et leurs raisons.",
        )


def test_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the tests: what leads to somebody's database, landing zone or make is left out."""
    options = (
        "ADMINISTRATION|AG|ANCRE|ARCHIVES|CLES|COLONNE|COLUMN|DEPUIS|DOSSIER|IDENTIFIANT|MODEL|NAME|PORT|"
        "SANS_LINT|SELECT|SOURCE|STRICT|VALEUR"
    )
    theirs = re.compile(
        rf"PG[A-Z]+|DBT_\w+|DAGSTER_\w+|LANDING|CALLER_FOLDER|MAKE\w*|MFLAGS|BASE|CONFIRMER|{options}"
    )
    kept = {name: value for name, value in environ.items() if not theirs.fullmatch(name)}
    return {**kept, **NO_TELEMETRY}


def lock(settings: Settings, _options: Mapping[str, str]) -> int:
    """Works out both lock files again, for every supported Python at once; their versions agree.

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
    ]
    for file, wanted in {
        "requirements.txt": ("requirements.in",),
        DRIVERS: ("pyproject.toml", "--all-extras", "--constraints", "requirements.txt"),
    }.items():
        if run_tool([*command, *wanted, "--output-file", file], environment, settings.root) != 0:
            raise PlatformError(
                f"{file} n'a pas été recalculé.",
                "Le message ci-dessus dit quel paquet ne convient pas, ou quel registre est injoignable.",
            )
    print(
        "requirements.txt et requirements-drivers.txt sont à jour ; enregistrez-les avec requirements.in et "
        "pyproject.toml (git add requirements* pyproject.toml)."
    )
    return 0
