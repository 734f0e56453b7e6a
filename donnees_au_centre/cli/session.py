"""What every command shares: its database, the environment of its tools, its steps and their time."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.keys import pgoptions
from donnees_au_centre.project import ParseResult, parse
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import NO_TELEMETRY, SERVER_VARIABLES, Settings, database_address
from donnees_au_centre.warehouse import EmbeddedServer

# Set by a user for another server, these would lead libpq away from the embedded one.
MISLEADING = ("PGOPTIONS", "PGSSLROOTCERT", "PGCHANNELBINDING")
# These would lead it away from any server that PGHOST names, and that messages show.
ELSEWHERE = ("PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE")
# What make tells its own children; a tool that calls make again must not inherit it. Nor what a person says
# of one command.
FROM_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "CONFIRMER", "BASE")
# Ends what is overheard: no text has it.
_END = b"\0"


@dataclass(frozen=True)
class Access:
    """The way to one database.

    Attributes:
        host, port, user, database: as libpq understands them.
        password: never printed but by `make env`.
        password_file: the file that holds the password of the embedded server; None on another server.
    """

    host: str
    port: str
    user: str
    password: str = field(repr=False)
    database: str
    password_file: Path | None

    @property
    def address(self) -> str:
        """How a person names this database."""
        return database_address(self.database, self.host, self.port)

    def conninfo(self) -> str:
        """The libpq connection string of this database."""
        return make_conninfo(
            host=self.host, port=self.port, user=self.user, password=self.password, dbname=self.database
        )


class Session:
    """One command at work.

    Args:
        settings: the places and the database.
        quiet: True keeps steps out of the output (`make env` prints exports and nothing else).
    """

    def __init__(self, settings: Settings, quiet: bool = False) -> None:
        """Starts the clock."""
        self.settings = settings
        self.seconds: dict[str, float] = {}
        self._quiet = quiet
        self._begun = time.monotonic()

    @classmethod
    def without_database(cls, settings: Settings) -> Session:
        """A session of a command that reads the project and opens no database.

        Such commands share one folder of dbt's: it forgets its partial parse when the connection changes.
        """
        session = cls(replace(settings, target_path=settings.root / "target" / "controle"))
        session.enter(Access("127.0.0.1", "5432", "personne", "", settings.database, None))
        return session

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Says that a step begins, and remembers how long it took, also when it fails."""
        self.say(f"{title}…")
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[title] = round(time.monotonic() - begun, 1)

    def elapsed(self) -> float:
        """Seconds since the command began."""
        return round(time.monotonic() - self._begun, 1)

    def say(self, message: str) -> None:
        """Prints one line of progress after the seconds since the command began."""
        if not self._quiet:
            print(f"[{self.elapsed():4.0f} s] {message}", flush=True)

    def open_database(self) -> Access:
        """Starts the embedded server when it is ours, and checks that the database answers.

        Raises:
            PlatformError: the server cannot be started or reached.
        """
        settings = self.settings
        for name in ELSEWHERE + (MISLEADING if settings.embedded else ()):
            os.environ.pop(name, None)
        if not settings.embedded:
            access = Access(
                host=os.environ["PGHOST"],
                port=os.environ["PGPORT"],
                user=os.environ["PGUSER"],
                password=os.environ["PGPASSWORD"],
                database=os.environ["PGDATABASE"],
                password_file=None,
            )
            _check(access, settings.target)
            self.say(f"Base {access.address} (cible {settings.target}, compte {access.user}).")
            return access
        server = EmbeddedServer(settings.state)
        connection = server.start()
        if connection.notice:
            print(connection.notice, file=sys.stderr, flush=True)
        server.ensure_database(settings.database, connection)
        return Access(
            host=connection.host,
            port=str(connection.port),
            user=connection.user,
            password=connection.password,
            database=settings.database,
            password_file=connection.password_file,
        )

    def enter(self, access: Access | None, with_keys: bool = False) -> dict[str, str]:
        """Makes the environment of tools (see `child_environment`) this process's own, and returns it.

        dbt and Dagster also run inside this process, and read their settings there.

        Args:
            with_keys: True for what builds models: sessions then have the keys of pseudonyms.

        Raises:
            PlatformError: a key is missing.
        """
        environment = child_environment(self.settings, access)
        if with_keys and (options := pgoptions(None, self.settings, environment)):
            environment["PGOPTIONS"] = options
        os.environ.clear()
        os.environ.update(environment)
        return environment

    @contextmanager
    def sample_systems(self) -> Iterator[None]:
        """Runs what the sample reads beside its files, and says in the environment where it is.

        Elsewhere than over the sample and the embedded server, nothing is run: a source whose
        connection is not given there fails alone, and says what to define. A connection that is given stays.

        Raises:
            PlatformError: they cannot be run.
        """
        if not (self.settings.embedded and self.settings.sample):
            yield
            return
        # What only those who load the sample need.
        from dev.sample.systems import DATABASE, sample_systems

        server = EmbeddedServer(self.settings.state)
        connection = server.start()
        server.ensure_database(DATABASE, connection)
        with sample_systems(connection.conninfo(DATABASE), connection.password_file) as systems:
            said = {
                name: value
                for name, value in systems.items()
                if name.removesuffix("_PASSWORD_FILE") not in os.environ
            }
            os.environ.update(said)
            try:
                yield
            finally:
                for name in said:
                    os.environ.pop(name, None)

    def drop_database(self) -> None:
        """Removes this session's database from the embedded server.

        Raises:
            PlatformError: the server refuses.
        """
        EmbeddedServer(self.settings.state).drop_database(self.settings.database)


def platform_variables(settings: Settings, access: Access | None) -> dict[str, str]:
    """Lists the variables that lead dbt, Dagster and any PostgreSQL client to this project and this database.

    Args:
        access: None for tools that open no database (they still find the project).
    """
    variables = {
        "DBT_PROJECT_DIR": str(settings.root),
        "DBT_PROFILES_DIR": str(settings.root / "profiles"),
        "DBT_TARGET": settings.target,
        "DBT_TARGET_PATH": str(settings.target_path),
        "DAGSTER_HOME": str(settings.root / ".dagster"),
        "LANDING": str(settings.landing),
        **NO_TELEMETRY,
    }
    if access is not None:
        values = (access.host, access.port, access.user, access.password, access.database)
        variables.update(zip(SERVER_VARIABLES, values, strict=True))
        if settings.embedded:
            variables["PGSSLMODE"] = "disable"
    return variables


def child_environment(
    settings: Settings, access: Access | None, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Makes the whole environment of a tool: the caller's, ours over it, and the project's programs first."""
    dropped = FROM_MAKE + ELSEWHERE + (MISLEADING if settings.embedded else ())
    inherited = {name: value for name, value in environ.items() if name not in dropped}
    programs = str(Path(sys.executable).parent)
    others = [part for part in inherited.get("PATH", os.defpath).split(os.pathsep) if part != programs]
    return {
        **inherited,
        **platform_variables(settings, access),
        "PATH": os.pathsep.join([programs, *others]),
    }


@contextmanager
def environment_kept() -> Iterator[None]:
    """Gives this process back the variables that it had: a session makes those of its tools its own."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run_tool(command: Sequence[str | Path], environment: Mapping[str, str], root: Path) -> int:
    """Runs a tool in the checkout, its output shown as it comes.

    On Ctrl-C the tool, which received it too, has 20 s to end by itself (dbt cancels its queries).

    Returns:
        The exit code.
    """
    if signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        # Dagster makes it what Ctrl-C is: ignored in the background. sqlfluff could not end its workers.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    process = subprocess.Popen([str(part) for part in command], cwd=root, env=dict(environment))
    try:
        return process.wait()
    except BaseException:
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise


@contextmanager
def overheard() -> Iterator[bytearray]:
    """Keeps what this process and its tools print within, shown as it comes.

    Yields:
        What was printed, whole at the end.
    """
    heard, whole = bytearray(), threading.Event()
    sys.stdout.flush()
    shown = os.dup(1)
    reading, writing = os.pipe()

    def pass_on() -> None:
        # A process that stays behind may hold the other end: what it says later is shown all the same.
        while part := os.read(reading, 1 << 16):
            told = part.replace(_END, b"")
            heard.extend(told)
            while told:
                told = told[os.write(shown, told) :]
            if _END in part:
                whole.set()

    threading.Thread(target=pass_on, daemon=True).start()
    try:
        os.dup2(writing, 1)
        yield heard
    finally:
        sys.stdout.flush()
        os.dup2(shown, 1)
        os.write(writing, _END)
        os.close(writing)
        whole.wait()


def words_of(options: Mapping[str, str], name: str) -> list[str]:
    """The words of an option, as a shell would cut them.

    Raises:
        PlatformError: a quotation mark is not closed.
    """
    try:
        return shlex.split(options.get(name) or "")
    except ValueError:
        raise PlatformError(
            f"{name}={options[name]} : un guillemet n'est pas fermé.", "Fermez-le, ou retirez-le."
        ) from None


def python_tool(module: str, *arguments: str | Path) -> list[str]:
    """The command that runs a Python module's program in this environment."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def dbt(*arguments: str | Path) -> list[str]:
    """The command that runs dbt in this environment."""
    return [sys.executable, str(Path(sys.executable).with_name("dbt")), *map(str, arguments)]


def parse_or_fail(session: Session) -> ParseResult:
    """Has dbt read the project, after `Session.enter`; the last good reading will not do.

    Raises:
        PlatformError: the project does not parse.
    """
    with session.step("Lecture du projet dbt"):
        return say_healed(session, parse(session.settings, whole=True))


def open_project(session: Session) -> tuple[Access, Manifest]:
    """Opens the database, makes its environment this process's own, and has dbt read the project.

    Raises:
        PlatformError: the database does not answer, or the project does not parse.
    """
    access = session.open_database()
    session.enter(access)
    return access, parse_or_fail(session).manifest


def say_healed(session: Session, parsed: ParseResult) -> ParseResult:
    """Says that dbt's memory was at fault, if it was; the same reading, for what follows."""
    if parsed.healed:
        session.say("La mémoire de dbt ne disait plus vrai : le projet a été relu en entier.")
    return parsed


def _check(access: Access, target: str) -> None:
    try:
        psycopg.connect(access.conninfo(), connect_timeout=10).close()
    except psycopg.Error as error:
        raise PlatformError(
            f"Le serveur PostgreSQL de la cible {target} ne répond pas "
            f"({access.host}:{access.port}, base {access.database}, compte {access.user}) : {error}".rstrip(),
            f"Vérifiez {', '.join(SERVER_VARIABLES)}, et que le serveur accepte cette machine.",
        ) from error
