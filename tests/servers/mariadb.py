"""A real MariaDB, with accounts and TLS, on a port of the loopback: for tests and benchmarks."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.debian import unpacked

PACKAGES = ("mariadb-server-core", "mariadb-client-core")
PASSWORD = "Secret-de-passage"
_OPTIONS = ("--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=8M", "--skip-log-bin")


@dataclass(frozen=True)
class MariaDB:
    """A server that runs.

    Attributes:
        root: its programs, unpacked.
        port: on 127.0.0.1.
        socket: for its own client.
        pid: of its process.
    """

    root: Path
    port: int
    socket: Path
    pid: int

    def run(self, sql: str, *options: str) -> str:
        """What its own client prints, as the administrator, for statements separated by `;`."""
        done = subprocess.run(
            [_program(self.root, "mariadb"), "--no-defaults", f"--socket={self.socket}", "--batch",
             f"--character-sets-dir={_share(self.root) / 'charsets'}",
             "--default-character-set=utf8mb4", *options],
            input=sql.encode(),
            capture_output=True, env=_environment(self.root), timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def environ(self, database: str, user: str = "lecteur", password: str = PASSWORD) -> dict[str, str]:
        """The environment of a connection `essai` to one of its databases."""
        return {
            "SOURCE_ESSAI": f"mysql://{user}@127.0.0.1:{self.port}/{database}",
            "SOURCE_ESSAI_PASSWORD": password,
        }


@contextmanager
def mariadb(*options: str) -> Iterator[MariaDB]:
    """Starts a server of its own, empty, with an account `lecteur` that may read everything.

    Args:
        options: of the server: certificates, limits.
    """
    root = unpacked("mariadb", PACKAGES)
    # The path of a socket is short by law: not below a test's own folder.
    with tempfile.TemporaryDirectory(prefix="mdb") as home:
        data, place = Path(home, "data"), Path(home, "s")
        _initialised(root, data)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log = Path(home, "log")
        with open(log, "wb") as said:
            server = subprocess.Popen(
                [*_command(root, data), f"--socket={place}", f"--port={port}", "--bind-address=127.0.0.1",
                 f"--pid-file={home}/pid", "--skip-name-resolve", *options],
                stdout=said, stderr=said, env=_environment(root),
            )  # fmt: skip
        try:
            running = MariaDB(root, port, place, server.pid)
            _wait(server, port, log)
            running.run(
                f"create user lecteur@'%' identified by '{PASSWORD}'; grant select on *.* to lecteur@'%';"
            )
            yield running
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _initialised(root: Path, data: Path) -> None:
    """A data folder as its own installer makes it; the first is kept, the others are copies."""
    kept = root.parent / "mariadb.data"
    if not kept.exists():
        made = root.parent / f"mariadb.data.{os.getpid()}"
        made.mkdir()
        scripts = [_share(root) / f"mysql_system_tables{part}.sql" for part in ("", "_data")]
        # The account of the system that runs this is the administrator, through the socket.
        user = pwd.getpwuid(os.getuid()).pw_name
        statements = "\n".join(
            ["create database mysql;", "use mysql;", *(script.read_text() for script in scripts),
             "flush privileges;",
             f"create or replace user '{user}'@localhost identified via unix_socket;",
             f"grant all on *.* to '{user}'@localhost with grant option;"]
        )  # fmt: skip
        subprocess.run(
            [*_command(root, made), "--bootstrap"], input=statements, text=True, check=True,
            capture_output=True, env=_environment(root), timeout=120,
        )  # fmt: skip
        try:
            made.rename(kept)
        except OSError:
            # Another process was first.
            shutil.rmtree(made)
    shutil.copytree(kept, data)


def _wait(server: subprocess.Popen[Any], port: int, log: Path) -> None:
    for _ in range(300):
        assert server.poll() is None, log.read_text(errors="replace")
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(log.read_text(errors="replace"))


def _command(root: Path, data: Path) -> list[str]:
    share = _share(root)
    return [
        _program(root, "mariadbd"), "--no-defaults", f"--datadir={data}", f"--lc-messages-dir={share}",
        f"--character-sets-dir={share / 'charsets'}", f"--plugin-dir={root / 'usr/lib/mysql/plugin'}",
        *(["--user=root"] if os.getuid() == 0 else []), *_OPTIONS,
    ]  # fmt: skip


def _share(root: Path) -> Path:
    found = next(root.glob("usr/share/m*/mysql_system_tables.sql"))
    return found.parent


def _program(root: Path, name: str) -> str:
    return str(next(place for place in (root / "usr/sbin" / name, root / "usr/bin" / name) if place.exists()))


def _environment(root: Path) -> dict[str, str]:
    libraries = sorted({str(file.parent) for file in root.glob("**/*.so*") if "plugin" not in file.parts})
    return {"LD_LIBRARY_PATH": ":".join(libraries), "PATH": "/usr/bin:/bin"}
