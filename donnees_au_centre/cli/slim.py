"""`slim`, `slim-drop`: what a branch changes, built and tested in schemas of its own over what stands.

What stands is either a database somebody names (ETAT: the folder of the manifest.json that built it, and the
PG* variables), or one that this command makes of the revision that the branch left, on a server of its own.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from donnees_au_centre.building.junit import write_junit
from donnees_au_centre.building.terminal import TerminalRun
from donnees_au_centre.building.trials import drop_abandoned, trial
from donnees_au_centre.cli.changes import ancestor
from donnees_au_centre.cli.review import tell
from donnees_au_centre.cli.session import (
    Access,
    Session,
    child_environment,
    dbt,
    environment_kept,
    parse_or_fail,
    platform_variables,
    python_tool,
)
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted, some
from donnees_au_centre.git import git, unpack
from donnees_au_centre.keys import KEY_FILE, PREFIX
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.landing.audit import REFUSED
from donnees_au_centre.project import ParseResult
from donnees_au_centre.project.reader import MANIFEST, dbt_options
from donnees_au_centre.settings import SERVER_VARIABLES, Settings
from donnees_au_centre.warehouse import EmbeddedServer

FOLDER = Path(".cache") / "slim"
# Written once the base is whole.
BUILT = "construite"
# Also the lock of what builds it.
LOG = "construction.log"
# What dbt says is modified because of its words alone: told in the letter, built by nobody.
WORDS = "state:modified.persisted_descriptions"
MATTERS = (
    "state:new",
    "state:modified.body",
    "state:modified.configs",
    "state:modified.relation",
    "state:modified.macros",
    "state:modified.contract",
)
SHOWN = 12


@dataclass(frozen=True)
class Base:
    """What the branch is compared with.

    Attributes:
        manifest: the folder of its manifest.json.
        name: for people: a revision, or the folder that was given.
        root: the files of that revision; None for a base that somebody gave.
    """

    manifest: Path
    name: str
    root: Path | None = None


def slim(settings: Settings, options: Mapping[str, str]) -> int:
    """Builds and tests what the branch changes, beside what stands, tells a reviewer, and drops it again.

    Options: DEPUIS, the revision to compare with; ETAT, the folder of a manifest.json that built the database
    of the PG* variables; CI_MERGE_REQUEST_IID, the number of the merge request.

    Raises:
        PlatformError: a changed model or one of its readers fails; there is nothing to compare with; or
            another trial of this checkout is under way.
        KeyboardInterrupt: Ctrl-C, or the pipeline was cancelled; the schemas are dropped all the same.
    """
    # A cancelled job is told so; what it made is dropped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    number = _number(options)
    with _alone(settings.root):
        return _slim(settings, number, options)


def _slim(settings: Settings, number: int, options: Mapping[str, str]) -> int:
    session = Session(settings)
    base = _given(options) or _of_revision(session, options.get("DEPUIS", ""))
    with environment_kept():
        reader = Session.without_database(settings)
        parsed = parse_or_fail(reader)
        changed = _changed(reader.settings, parsed, base)
        if not changed:
            session.say("Rien de ce qui se construit n'a changé : rien à construire ni à tester.")
            tell(reader, parsed, base.manifest, "", "rien de ce qui se construit n'a changé.", options)
            return 0
    session.say(f"Changé : {counted(len(changed), 'nœud', 'nœuds')} ({some(changed, SHOWN)}).")
    with _database(session, base) as (there, access):
        return _try(there, access, base, changed, number, options)


def slim_drop(settings: Settings, options: Mapping[str, str]) -> int:
    """Drops what trials left in the database: those of cancelled jobs, of branches that are gone."""
    session = Session(settings)
    access = session.open_database()
    with psycopg.connect(access.conninfo(), autocommit=True) as connection:
        dropped = drop_abandoned(connection)
    session.say(f"Essais supprimés : {some(dropped, SHOWN)}." if dropped else "Aucun essai à supprimer.")
    return 0


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keeps what this checkout compares with for one trial at a time."""
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    with (root / FOLDER / "verrou").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PlatformError(
                "Un autre make slim est en cours dans ce dossier.",
                "Attendez qu'il finisse, ou arrêtez-le, puis relancez.",
            ) from None
        yield


def _number(options: Mapping[str, str]) -> int:
    given = options.get("CI_MERGE_REQUEST_IID") or "0"
    if not given.isdecimal() or len(given) > 9:
        raise PlatformError(
            f"CI_MERGE_REQUEST_IID={given} n'est pas le numéro d'une demande de fusion.",
            "Retirez cette variable, ou donnez un nombre.",
        )
    return int(given)


def _given(options: Mapping[str, str]) -> Base | None:
    if not (given := options.get("ETAT")):
        return None
    folder = Path(given).absolute()
    if not (folder / MANIFEST).is_file():
        raise PlatformError(
            f"ETAT={given} : il n'y a pas de {MANIFEST} dans ce dossier.",
            "Donnez le dossier de l'artefact du dernier déploiement (son manifest.json), ou retirez ETAT : "
            "ce qui est comparé est alors construit ici.",
        )
    return Base(folder, given)


def _of_revision(session: Session, since: str) -> Base:
    """The revision that the branch left: its files and its manifest, kept from one time to the next."""
    root = session.settings.root
    revision = _git(root, "rev-parse", "--verify", f"{since or ancestor(root)}^{{commit}}").decode().strip()
    place = root / FOLDER / revision
    manifest = place / "etat"
    if not (manifest / MANIFEST).is_file():
        _forget(root, revision)
        with session.step(f"Lecture de ce qui est comparé ({revision[:12]})"):
            _unpack(_git(root, "archive", "--format=tar", revision), place)
            there = Settings.load({}, place)
            nobody = Access("127.0.0.1", "5432", "personne", "", there.database, None)
            environment = child_environment(there, nobody, _outside())
            command = [*dbt("parse"), *dbt_options(there, there.target_path, root=place)]
            done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
            if done.returncode:
                shutil.rmtree(place)
                raise PlatformError(
                    f"Le projet de la révision {revision[:12]} ne se lit pas : il n'y a rien à comparer.\n"
                    f"{(done.stdout + done.stderr).strip()[-2000:]}",
                    "Comparez avec une révision qui se lit : DEPUIS=<révision>.",
                )
            manifest.mkdir(exist_ok=True)
            # Whole or not there at all, whenever this process ends.
            whole = shutil.copy(there.target_path / MANIFEST, manifest / f".{MANIFEST}")
            os.replace(whole, manifest / MANIFEST)
    return Base(manifest, revision[:12], place)


def _unpack(archive: bytes, place: Path) -> None:
    # Open to the account of the server, where root starts it, whatever the umask.
    for folder in (place.parent, place):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)
    unpack(archive, place)


def _forget(root: Path, kept: str) -> None:
    """Removes the bases of other revisions, with their servers."""
    for place in (root / FOLDER).glob("*"):
        if place.is_dir() and place.name != kept:
            _destroy(place, EmbeddedServer(place / ".warehouse"))
            shutil.rmtree(place)


def _destroy(place: Path, server: EmbeddedServer) -> None:
    """Destroys a base's server, and waits for the end of what a killed trial left building there."""
    server.destroy()
    if (place / LOG).is_file():
        with (place / LOG).open() as log:
            fcntl.flock(log, fcntl.LOCK_EX)


def _outside() -> dict[str, str]:
    """The environment without what leads to another project or database, nor what make was told."""
    ours = {*SERVER_VARIABLES, "LANDING", "DAGSTER_HOME", "DEPUIS", "ETAT", "SELECT", "PYTHONPATH"}
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith(("DBT_", PREFIX, "SOURCE_"))
    }


def _changed(settings: Settings, head: ParseResult, base: Base) -> list[str]:
    """What dbt selects of the branch as changed, words left out, as selectors of dbt."""
    modified = _selected(settings, head, base, ["state:modified"])
    if not modified:
        return []
    matters = _selected(settings, head, base, MATTERS)
    words = _selected(settings, head, base, [WORDS])
    return sorted((modified - words) | matters)


def _selected(settings: Settings, head: ParseResult, base: Base, selection: Sequence[str]) -> set[str]:
    from dbt.cli.main import dbtRunner

    folder = settings.target_path / "slim"
    # Only what is so itself: a changed test of a model whose words changed is no word.
    found = ["ls", "--quiet", "--indirect-selection", "empty", "--select", *selection]
    command = [*found, "--state", str(base.manifest)]
    done = dbtRunner(manifest=head.project).invoke([*command, *dbt_options(settings, folder)])
    if done.exception is not None:
        raise PlatformError(
            f"dbt ne peut comparer la branche à {base.name} : {done.exception}",
            "Ce manifest.json vient peut-être d'un autre dbt : refaites l'artefact, ou retirez ETAT.",
        )
    return {str(one) for one in done.result} if isinstance(done.result, list) else set()


@contextmanager
def _database(session: Session, base: Base) -> Iterator[tuple[Session, Access]]:
    """The database in which the base stands; made when the base is a revision and was never built."""
    settings = session.settings
    if base.root is None:
        yield session, session.open_database()
        return
    place = base.root
    own = Settings.load({}, place)
    there = Session(replace(settings, target=own.target, state=own.state, database=own.database))
    server = EmbeddedServer(there.settings.state, preferred_port=0)
    try:
        # Its data may lie outside of what a cache keeps of this folder.
        if not (place / BUILT).is_file() or server.status().home is None:
            _destroy(place, server)
            with session.step(f"Construction de ce qui est comparé ({base.name})"):
                _build(place)
        keys = place / KEY_FILE
        if keys.is_file():
            lines = (line.partition("=") for line in keys.read_text("utf-8").splitlines())
            os.environ.update({name: key for name, _, key in lines if name.startswith(PREFIX)})
        yield there, there.open_database()
    finally:
        server.stop()


def _build(place: Path) -> None:
    """Loads and builds a revision by its own code, in its own files; a failing test of it stops nothing."""
    environment = {**_outside(), **platform_variables(Settings.load({}, place), None)}
    log = place / LOG
    with log.open("w", encoding="utf-8") as output:
        # Its children hold it too.
        fcntl.flock(output, fcntl.LOCK_EX)
        for command in ("load", "build"):
            done = subprocess.run(
                python_tool("donnees_au_centre", command),
                cwd=place,
                env=environment,
                stdout=output,
                stderr=output,
            )
    if done.returncode:
        print(
            f"Ce qui est comparé ne passe pas tous ses contrôles ; le détail est dans {log}.", file=sys.stderr
        )
    (place / BUILT).touch()


def _try(
    session: Session,
    access: Access,
    base: Base,
    changed: Sequence[str],
    number: int,
    options: Mapping[str, str],
) -> int:
    settings = replace(session.settings, target_path=session.settings.root / "target" / "slim")
    with (
        environment_kept(),
        psycopg.connect(access.conninfo(), autocommit=True, application_name="essai") as connection,
    ):
        drop_abandoned(connection)
        with trial(connection, number) as prefix:
            os.environ["DBT_SCHEMA_PREFIX"] = prefix
            mine = Session(settings)
            mine.enter(access, with_keys=True)
            parsed = parse_or_fail(mine)
            received = _load(mine, access, parsed, base)
            chosen = [*(f"{one}+" for one in (*changed, *received)), *_tested(parsed, changed)]
            state = ["--defer", "--favor-state", "--state", str(base.manifest)]
            run = TerminalRun(settings, parsed, ["build", "--select", *chosen, *state])
            with mine.step("dbt build de ce qui change et de ce qui le lit"):
                run.play(lambda result: None)
            write_junit(settings.build / "junit-dbt.xml", parsed.manifest, run.results)
            tell(mine, parsed, base.manifest, access.conninfo(), "", options)
    if run.issue != "reussi":
        raise PlatformError(
            "Ce que la branche change, ou ce qui le lit, ne passe pas : l'erreur ci-dessus dit pourquoi.",
            "Corrigez, puis relancez make slim. Un modèle en erreur : make show MODEL=<modèle>.",
        )
    session.say("Ce que la branche change se construit, et passe ses contrôles.")
    return 0


def _tested(parsed: ParseResult, changed: Sequence[str]) -> list[str]:
    """The models of the unit tests that changed: dbt builds none of these but with its model."""
    return [
        ".".join(parsed.project.nodes[test.depends_on.nodes[0]].fqn)
        for test in parsed.project.unit_tests.values()
        if f"unit_test:{test.package_name}.{test.name}" in changed
    ]


def _load(session: Session, access: Access, parsed: ParseResult, base: Base) -> list[str]:
    """Loads what the branch brings of files and declarations; returns the sources that received something."""
    if base.root is None:
        return []
    # From the first row on, what stands is no longer what the revision built.
    (base.root / BUILT).unlink(missing_ok=True)
    with session.step("Chargement de ce que la branche apporte"), session.sample_systems():
        tables = read_declarations(parsed.manifest.sources.values(), [])
        report = load_landing(access.conninfo(), session.settings.landing, tables)
    for table in report.failed:
        for said in [table.message, *(file.line() for file in table.files if file.status in REFUSED)]:
            if said:
                session.say(f"Pas reçu, {table.source}.{table.table} : {said}")
    received = sorted(f"source:{one.source}.{one.table}" for one in report.tables if one.loaded)
    if received:
        session.say(f"Reçu : {some(received, SHOWN)}.")
    else:
        (base.root / BUILT).touch()
    return received


def _git(root: Path, *arguments: str) -> bytes:
    return git(
        root,
        *arguments,
        problem="git ne trouve pas ce qui est à comparer",
        advice="Donnez une révision que ce dépôt a (DEPUIS=main) ; en CI, GIT_DEPTH=0.",
    )
