"""Programs that stay in the foreground: one of a name, stopped by `make stop`, with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from donnees_au_centre.cli.services import serve, stop_services
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import ROOT, Settings

# Serves a shell that starts another program, as Dagster does.
SERVE = """
import os, sys
from dataclasses import replace
from pathlib import Path
from donnees_au_centre.cli.services import serve
from donnees_au_centre.settings import Settings
settings = replace(Settings.load({}), root=Path(sys.argv[1]))
sys.exit(serve(settings, "essai", ["sh", "-c", "sleep 300 & echo $! > child; wait"], os.environ))
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.load({}), root=tmp_path)


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path):
    # A shell that runs a script starts what ends with & deaf to Ctrl-C.
    deaf = getattr(request, "param", None) == "in the background"
    command = [sys.executable, "-c", SERVE, str(tmp_path)]
    if deaf:
        command = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *command]
    # These tests may run in the background themselves.
    process = subprocess.Popen(
        command, cwd=ROOT, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    )
    try:
        wait_for(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text())
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def wait_for(condition) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("nothing happened in 10 s")


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A container's first process may never collect what it inherits: a zombie is gone too.
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return state.stdout.startswith("Z")


@pytest.mark.parametrize("served", ["in front", "in the background"], indirect=True)
def test_stop_ends_the_program_and_its_children(settings: Settings, served: subprocess.Popen) -> None:
    child = int((settings.root / "child").read_text())
    assert not is_gone(child)
    assert stop_services(settings) == ["essai"]
    assert served.wait(timeout=10) == 0
    wait_for(lambda: is_gone(child))
    assert stop_services(settings) == []


def test_ctrl_c_ends_it_quietly(settings: Settings, served: subprocess.Popen) -> None:
    child = int((settings.root / "child").read_text())
    served.send_signal(signal.SIGINT)
    assert served.wait(timeout=10) == 0
    wait_for(lambda: is_gone(child))


def test_a_second_one_is_refused(settings: Settings, served: subprocess.Popen) -> None:
    with pytest.raises(PlatformError, match="fonctionne déjà"):
        serve(settings, "essai", ["true"], os.environ)
    assert served.poll() is None


def test_what_a_killed_one_left_stops_nobody(settings: Settings, served: subprocess.Popen) -> None:
    child = int((settings.root / "child").read_text())
    served.kill()
    served.wait()
    assert stop_services(settings) == []
    os.kill(child, signal.SIGKILL)
