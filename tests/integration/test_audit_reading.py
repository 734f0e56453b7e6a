"""Whose reading pgaudit traces, on a server that has it: the module alone, without the models of dbt."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from donnees_au_centre.audit.reading import Reading, reading_state, trace_reading
from donnees_au_centre.warehouse.account import Account, server_account

DATASETS = [
    SimpleNamespace(schema="agaj", identifier="secret", classification="confidentiel"),
    SimpleNamespace(schema="agaj", identifier="ouvert", classification="public"),
    SimpleNamespace(schema="agaj", identifier="absent", classification="sensible"),
]
SQL = """
create role audit_lecture nologin;
create role agent login;
create schema agaj;
create table agaj.secret (nom text);
create table agaj.ouvert (nom text);
create view agaj.vue as select * from agaj.secret;
grant usage on schema agaj to agent;
grant select on all tables in schema agaj to agent;
"""


class Server:
    """A server with pgaudit, in a folder of its own."""

    def __init__(self, account: Account, programs: Path, folder: Path) -> None:
        self._account, self._programs, self._folder = account, programs, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]

    def run(self, program: str, *arguments: str) -> None:
        done = self._account.run([self._programs / program, "-D", self._folder / "data", *arguments])
        assert done.returncode == 0, done.stderr

    def start(self, prefix: str) -> None:
        options = {
            "port": self._port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_preload_libraries": "pgaudit",
            "log_line_prefix": prefix,
            "lc_messages": "C",
            "fsync": "off",
        }
        settings = "".join(f"{name} = '{value}'\n" for name, value in options.items())
        (self._folder / "data/postgresql.auto.conf").write_text(settings)
        self.run("pg_ctl", "-l", str(self._folder / "journal"), "-w", "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-m", "fast", "stop")

    def session(self, user: str) -> psycopg.Connection:
        return psycopg.connect(
            f"host=127.0.0.1 port={self._port} user={user} dbname=postgres", autocommit=True
        )

    def read(self, query: str) -> list[str]:
        """What pgaudit logs of a query of the agent."""
        with self.session("agent") as connection:
            connection.execute(query)
        lines = (self._folder / "journal").read_text("utf-8").splitlines()
        return [line for line in lines if "AUDIT:" in line]


@pytest.fixture(scope="module")
def audited() -> Iterator[Server]:
    config = shutil.which("pg_config")
    said = [
        subprocess.run([str(config), option], capture_output=True, text=True, check=False).stdout.strip()
        for option in (("--bindir", "--pkglibdir") if config else ())
    ]
    if not said or not (Path(said[0]) / "initdb").exists() or not (Path(said[1]) / "pgaudit.so").exists():
        pytest.skip("no PostgreSQL server with pgaudit is installed here: what it logs was not tried")
    account = server_account(None)
    folder = Path(tempfile.mkdtemp(prefix="dac-pgaudit-"))
    account.own(folder)
    server = Server(account, Path(said[0]), folder)
    try:
        server.run("initdb", "-A", "trust", "-U", "admin", "-E", "UTF8", "--no-sync")
        server.start("%m ")
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def state(server: Server, user: str) -> Reading:
    with server.session(user) as connection:
        return reading_state(connection)


def test_the_reading_of_a_sensitive_data_set_is_logged_with_the_account(audited: Server) -> None:
    with audited.session("admin") as admin:
        admin.execute(SQL)
        assert "pas réglée dans cette base" in reading_state(admin).remark
        # Who is not known, so nothing is said to be traced.
        assert "%u dans log_line_prefix" in trace_reading(admin, DATASETS).remark
    audited.stop()
    audited.start("%m %u %d ")
    assert state(audited, "agent").traced
    audited.read("select count(*) from agaj.ouvert")
    found = audited.read("select * from agaj.vue where nom = 'Dupont'")
    assert len(found) == 1
    assert " agent postgres LOG:" in found[0] and "READ,SELECT,TABLE,agaj.secret," in found[0]
    # Neither the value that was looked for, nor the right to do without the trace.
    assert "Dupont" not in found[0]
    with audited.session("agent") as agent, pytest.raises(psycopg.errors.InsufficientPrivilege):
        agent.execute("set pgaudit.role = ''")
    # A table made again has lost its grant.
    with audited.session("admin") as admin:
        admin.execute("drop table agaj.secret cascade; create table agaj.secret (nom text)")
        assert "n'a le droit de lire aucun jeu" in reading_state(admin).remark
        assert trace_reading(admin, DATASETS).traced
