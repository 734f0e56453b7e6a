"""`check`, `test`, `test-macros`, `test-long`: what my changes concern, everything, a part, the long ones."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from dev.setup.environment import Environment
from donnees_au_centre.cli.changes import CASES, changed_files, concerned, only_words, untouched
from donnees_au_centre.cli.project import test_unit
from donnees_au_centre.cli.quality import (
    check_project,
    check_python,
    check_sql,
    check_texts,
    lint,
    test_environment,
    to_correct,
    write_annotations,
)
from donnees_au_centre.cli.session import Session, overheard, python_tool, run_tool, words_of
from donnees_au_centre.drivers import TESTED
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted, some
from donnees_au_centre.settings import Settings

# Of the tests; each has a PostgreSQL server of its own.
MOST_PROCESSES = 4
LONG, CAMPAIGN = "long", "campaign"
# Set for the tests that are longer by night (tests/campaigns.py).
WHOLE_CAMPAIGNS = "CAMPAGNES_ENTIERES"
SHOWN = 12
_NO_TESTS = "Aucun test Python dans tests/ : ceux de la plateforme se jouent dans son dépôt."


def test(settings: Settings, options: Mapping[str, str]) -> int:
    """Runs `lint`, then every test but the long campaigns; PYTEST_ARGS goes to pytest, SANS_LINT leaves lint.

    Ends with pytest's closing line. The repository of another administration has no Python tests: the unit
    tests of its models are run.
    """
    failure = None
    if options.get("SANS_LINT"):
        print("Sans make lint (SANS_LINT) : un autre travail de la même chaîne le joue.", flush=True)
    else:
        try:
            lint(settings, options)
        except PlatformError as error:
            # The tests run all the same: a mistake of form must not hide a broken model.
            failure = error
            print(f"\n{error}\n", file=sys.stderr, flush=True)
    if _has_tests(settings):
        _add_drivers(settings)
        code = _pytest(settings, "junit.xml", *words_of(options, "PYTEST_ARGS"))
    else:
        print(_NO_TESTS, flush=True)
        code = test_unit(settings, options)
    if failure:
        raise failure
    return 1 if code else 0


def test_long(settings: Settings, options: Mapping[str, str]) -> int:
    """Runs the long campaigns alone: whole stories of faults, properties with many examples, benchmarks."""
    if not _has_tests(settings):
        print(_NO_TESTS)
        return 0
    more = words_of(options, "PYTEST_ARGS")
    chosen = ("-m", f"{LONG} or {CAMPAIGN}")
    _add_drivers(settings)
    return 1 if _pytest(settings, "junit-long.xml", *chosen, *more, **{WHOLE_CAMPAIGNS: "1"}) else 0


def test_macros(settings: Settings, options: Mapping[str, str]) -> int:
    """Runs the cases and the random comparisons of the macros, on a server of their own; PYTEST_ARGS too.

    Raises:
        PlatformError: a macro gives something else than expected; its cases are named above.
    """
    if not _has_tests(settings):
        print(_NO_TESTS)
        return 0
    more = words_of(options, "PYTEST_ARGS")
    command = python_tool("pytest", "tests/macros", "-q", "--no-header", "-rN", *more)
    if run_tool(command, test_environment(os.environ), settings.root) != 0:
        raise PlatformError(
            "Des macros ne donnent pas ce qui est attendu ; leurs cas sont nommés ci-dessus.",
            "Corrigez la macro (macros/portability) ou le cas (tests/macros/cases), puis relancez. "
            "Une seule macro : make test-macros PYTEST_ARGS='-k dateadd'",
        )
    return 0


def _has_tests(settings: Settings) -> bool:
    return any((settings.root / "tests").rglob("test_*.py"))


def _add_drivers(settings: Settings) -> None:
    """Installs the drivers of the tests; where they cannot be had, their tests are skipped and say why."""
    try:
        Environment(settings.root).add_drivers(TESTED)
    except PlatformError as error:
        print(f"\n{error}\nLes tests de ces pilotes sont passés.\n", file=sys.stderr, flush=True)


def _pytest(settings: Settings, report: str, *arguments: str, **variables: str) -> int:
    settings.build.mkdir(exist_ok=True)
    command = [
        *python_tool("pytest", f"--junitxml={settings.build / report}"),
        *("--numprocesses", str(min(os.cpu_count() or 1, MOST_PROCESSES)), "--dist", "loadscope"),
        # In the order of tests/conftest.py: what takes the longest begins, the rest fills what is left.
        "--no-loadscope-reorder",
        *arguments,
    ]
    # Tests make the folders of other accounts too.
    os.umask(0o022)
    return run_tool(command, {**test_environment(os.environ), **variables}, settings.root)


def check(settings: Settings, options: Mapping[str, str]) -> int:
    """Checks what concerns the changed files, and says what it left; DEPUIS names what to compare with.

    Raises:
        PlatformError: something is to be corrected; or git cannot say what changed.
    """
    session = Session(settings)
    since = options.get("DEPUIS", "")
    found = concerned(settings.root, changed_files(settings.root, since))
    if not found.files:
        session.say("Rien n'a changé.")
        return 0
    session.say(
        f"{counted(len(found.files), 'fichier changé', 'fichiers changés')} : {some(found.files, SHOWN)}"
    )
    # They read the whole project; what follows reads what changed.
    with overheard() as said:
        failed = check_texts(session)
        if found.python:
            failed += check_python(session)
        if found.project:
            words = only_words(settings.root, found.files, since)
            if words:
                session.say("Seuls des textes changent : ce que dbt compile est le même, et n'est pas relu.")
            failed += check_project(session, compiled=not words)
    others = untouched(settings.root, said.decode(errors="replace"), found.files) if failed else []
    failed += check_sql(session, found.files)
    write_annotations(settings, failed)
    if found.quick:
        with session.step(f"Tests : {some(found.quick, SHOWN)}"):
            if _tests(settings, found.quick):
                failed.append("Tests")
    if found.macros:
        with session.step(f"Cas des macros : {some(found.macros, SHOWN)}"):
            if _tests(settings, [CASES, "-k", " or ".join(found.macros)]):
                failed.append("Cas des macros")
    session.say("Non joué :")
    if not found.python:
        print("  les règles et les types de Python : aucun fichier Python n'a changé")
    if not found.project:
        print("  les règles du projet : rien n'a changé de ce que dbt lit")
    else:
        print("  les tests unitaires et les tests de données de dbt (make test-unit, make build SELECT=…)")
    if found.longer:
        print(f"  {counted(len(found.longer), 'fichier de tests', 'fichiers de tests')} sur un serveur :")
        print(f"    make test PYTEST_ARGS='{' '.join(found.longer)}'")
    print("  tout le reste : make test ; les longues campagnes : make test-long")
    if others:
        session.say(f"En faute, et pas touché par votre branche : {some(others, SHOWN)}")
        print("  la faute y était déjà, ou vient de ce que vous avez changé ailleurs")
    if failed:
        raise to_correct(failed)
    session.say("Ce qui a été joué est conforme.")
    return 0


def _tests(settings: Settings, arguments: Sequence[str]) -> bool:
    """Runs some tests, two processes at most; True when one fails."""
    processes = str(min(os.cpu_count() or 1, 2)) if len(arguments) > 1 else "0"
    command = python_tool("pytest", "-q", "--no-header", "--numprocesses", processes)
    environment = test_environment(os.environ)
    # 5: none of them has a test to run, without the long ones.
    return run_tool([*command, *arguments], environment, settings.root) not in (0, 5)
