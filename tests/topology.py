"""deploy/compose.yml read as a container engine would, and its services started as processes."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from donnees_au_centre.settings import NO_TELEMETRY, ROOT

COMPOSE, STACK = ROOT / "deploy/compose.yml", ROOT / "deploy/stack.yml"
_VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")


def read_compose(variables: Mapping[str, str], path: Path = COMPOSE) -> dict[str, Any]:
    """The file with its variables and its anchors resolved.

    Raises:
        KeyError: a variable that is required is missing.
    """

    def value(found: re.Match[str]) -> str:
        name, how, rest = found.groups()
        if variables.get(name):
            return variables[name]
        if how == "-":
            return rest
        raise KeyError(name)

    def resolve(held: Any) -> Any:
        if isinstance(held, dict):
            return {key: resolve(one) for key, one in held.items() if not str(key).startswith("x-")}
        if isinstance(held, list):
            return [resolve(one) for one in held]
        return _VARIABLE.sub(value, held) if isinstance(held, str) else held

    return resolve(yaml.safe_load(path.read_text(encoding="utf-8")))


@dataclass
class Topology:
    """The services of a compose file on the loopback network, an address each.

    Attributes:
        services: of the file, resolved.
        folder: for what containers have as files.
        places: what stands here for a path or an address that containers know.
        password: of the database.
        running: the process of each service.
    """

    services: Mapping[str, Any]
    folder: Path
    places: Mapping[str, str]
    password: str
    running: dict[str, subprocess.Popen] = field(default_factory=dict)

    def address(self, service: str) -> str:
        """Where it listens: a machine of its own, as far as the loopback network goes."""
        return f"127.0.1.{list(self.services).index(service) + 1}"

    def start(self, service: str) -> subprocess.Popen:
        """Starts a service with its command and its environment, and nothing of this process's own."""
        declared = self.services[service]
        home = self.folder / service
        home.mkdir(exist_ok=True)
        environment = {
            **{name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ},
            **{name: self._here(str(value), service) for name, value in declared["environment"].items()},
            **NO_TELEMETRY,
        }
        command = [self._here(word, service) for word in declared["command"]]
        log = (home / "journal.txt").open("ab")
        self.running[service] = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        return self.running[service]

    def kill(self, service: str) -> None:
        """Ends a container: all its processes at once, without a word."""
        process = self.running.pop(service)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def is_healthy(self, service: str) -> bool:
        """What its health check says."""
        test = [self._here(word, service) for word in self.services[service]["healthcheck"]["test"]]
        environment = {
            **os.environ,
            **{
                name: self._here(str(value), service)
                for name, value in self.services[service]["environment"].items()
            },
        }
        for name in ("PGPASSWORD", "DAGSTER_PGPASSWORD"):
            environment[name] = self.password
        for name in ("HOST", "PORT", "USER"):
            environment.setdefault(f"DAGSTER_PG{name}", environment.get(f"PG{name}", ""))
        program = [str(Path(sys.executable).with_name(test[1])), *test[2:]]
        return subprocess.run(program, env=environment, capture_output=True, timeout=120).returncode == 0

    def said(self, service: str) -> str:
        """What a service has printed."""
        return (self.folder / service / "journal.txt").read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """Ends all of it."""
        for service in list(self.running):
            self.kill(service)

    def _here(self, text: str, service: str) -> str:
        for there, here in self.places.items():
            text = text.replace(there, here)
        text = text.replace("/dagster", str(self.folder / service)) if text == "/dagster" else text
        text = text.replace("0.0.0.0", self.address(service)).replace(
            "127.0.0.1'", f"{self.address(service)}'"
        )
        return re.sub(r"(?<==)(code_\w+)(?=:)", lambda found: self.address(found[1]), text)


def ask(socket: Path, address: str, query: str, **variables: Any) -> Any:
    """Asks Dagster's interface through its socket, as a page of the proxy would."""
    host = address.partition("://")[2]
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=60) as client:
        answer = client.post(
            f"http://{host}/graphql",
            json={"query": query, "variables": variables},
            headers={"Origin": address},
        )
    answer.raise_for_status()
    return answer.json()["data"]


def wait(what: str, condition: Callable[[], Any], seconds: float) -> Any:
    """Waits until something is true, and returns it."""
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        with contextlib.suppress(httpx.HTTPError, OSError):
            if found := condition():
                return found
        time.sleep(0.25)
    raise AssertionError(f"{what}: not within {seconds} s")
