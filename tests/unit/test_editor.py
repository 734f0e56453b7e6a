"""What VS Code is given: a container, tasks, settings. Each names only what there is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.settings import ROOT
from donnees_au_centre.warehouse.server import PREFERRED_PORT

# Of containers.dev, what is used here: a key that it does not define would be ignored without a word.
CONTAINER_KEYS = {
    *("name", "build", "remoteUser", "updateRemoteUserUID", "init", "postCreateCommand", "forwardPorts"),
    *("portsAttributes", "otherPortsAttributes", "hostRequirements", "customizations"),
}
PORT_KEYS = {"label", "protocol", "onAutoForward", "requireLocalPort", "elevateIfNeeded"}
ON_FORWARD = {"notify", "openBrowser", "openBrowserOnce", "openPreview", "silent", "ignore"}
# What VS Code puts in the place of ${…} in a task.
VARIABLES = {"fileBasenameNoExtension", "relativeFile"}


def said(name: str) -> Any:
    return json.loads((ROOT / name).read_text("utf-8"))


CONTAINER, TASKS = said(".devcontainer/devcontainer.json"), said(".vscode/tasks.json")
DOCKERFILE = (ROOT / ".devcontainer/Dockerfile").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
HELP = dict(re.findall(r"^([a-z-]+):.*?## (.*)$", MAKEFILE, re.MULTILINE))


def test_the_container_says_what_the_published_form_defines() -> None:
    assert set(CONTAINER) == CONTAINER_KEYS
    assert set(CONTAINER["build"]) <= {"dockerfile", "context", "args", "target", "cacheFrom", "options"}
    assert (ROOT / ".devcontainer" / CONTAINER["build"]["dockerfile"]).is_file()
    for port in (*CONTAINER["portsAttributes"].values(), CONTAINER["otherPortsAttributes"]):
        assert set(port) <= PORT_KEYS and port["onAutoForward"] in ON_FORWARD
    assert set(CONTAINER["hostRequirements"]) <= {"cpus", "memory", "storage", "gpu"}
    assert all(re.fullmatch(r"\d+gb", CONTAINER["hostRequirements"][key]) for key in ("memory", "storage"))
    assert set(CONTAINER["customizations"]["vscode"]) <= {"extensions", "settings"}


def test_the_container_has_the_python_of_the_project_and_no_root() -> None:
    [version] = re.findall(r"^FROM \$\{PYTHON_IMAGE\}:([\d.]+)", DOCKERFILE, re.MULTILINE)
    assert (
        version == yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text("utf-8"))["variables"]["PYTHON_VERSION"]
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    low, high = re.findall(r"3\.(\d+)", project["requires-python"])
    assert int(low) <= int(version.partition(".")[2]) < int(high)
    assert f"useradd --create-home --shell /bin/bash {CONTAINER['remoteUser']}" in DOCKERFILE
    assert set(CONTAINER["build"]["args"]) == set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE))


def test_the_container_forwards_the_ports_of_the_commands_as_they_are() -> None:
    pages = {int(port) for name in ("ui", "docs", "learn") for port in re.findall(r"PORT=(\d+)", HELP[name])}
    assert len(pages) == 3
    assert set(CONTAINER["forwardPorts"]) == pages | {PREFERRED_PORT}
    # A page refuses another address than its own; a saved connection has one port.
    attributes = CONTAINER["portsAttributes"]
    assert {int(port) for port, one in attributes.items() if one["requireLocalPort"]} == pages | {
        PREFERRED_PORT
    }


def test_the_container_keeps_the_password_for_shells_alone(tmp_path: Path) -> None:
    checkout, home = tmp_path / "projet", tmp_path / "home"
    (checkout / ".devcontainer").mkdir(parents=True)
    home.mkdir()
    script = checkout / CONTAINER["postCreateCommand"].removeprefix("sh ")
    script.write_bytes((ROOT / ".devcontainer/create.sh").read_bytes())
    (checkout / "Makefile").write_text(
        "env:\n\t@mkdir -p .venv; touch .venv/ready.json; echo export PGPASSWORD=xyz\n"
    )
    around = {"HOME": str(home), "PATH": os.environ["PATH"]}

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=checkout, env=around, capture_output=True, text=True, check=True)
        return done.stdout

    assert run("sh", ".devcontainer/create.sh") == ""
    assert "xyz" not in (home / ".bashrc").read_text("utf-8")
    assert run("bash", "-ic", "echo $PGPASSWORD").endswith("xyz\n")


def test_every_task_calls_a_command_that_exists_with_options_that_it_reads() -> None:
    assert TASKS["version"] == "2.0.0"
    labels = [task["label"] for task in TASKS["tasks"]]
    assert len(labels) == len(set(labels))
    for task in TASKS["tasks"]:
        words = [task["command"], *task.get("args", [])]
        if task["type"] == "shell":
            words = task["command"].split()
        assert words[0] == "make", task
        target, *options = [word for word in words[1:] if not word.startswith("-")]
        assert target in HELP, task
        for name in re.findall(r"\b([A-Z]+)=", " ".join(options)):
            assert f"{name}=" in HELP[target], task
        assert task["detail"] and task["problemMatcher"] == []


def test_every_question_of_a_task_is_declared_and_every_declared_one_is_asked() -> None:
    used = set(re.findall(r"\$\{([^}]+)\}", json.dumps(TASKS["tasks"])))
    asked = {name.removeprefix("input:") for name in used if name.startswith("input:")}
    assert asked == {one["id"] for one in TASKS["inputs"]}
    assert {name for name in used if not name.startswith("input:")} == VARIABLES
    assert all(one["type"] == "promptString" and "?" in one["description"] for one in TASKS["inputs"])


def test_the_same_extensions_are_installed_and_recommended_and_dbt_stays_core() -> None:
    extensions = CONTAINER["customizations"]["vscode"]["extensions"]
    outside = {"ms-vscode-remote.remote-containers"}
    assert {*extensions, *outside} == set(said(".vscode/extensions.json")["recommendations"])
    assert CONTAINER["customizations"]["vscode"]["settings"]["dbt.dbtIntegration"] == "core"
    assert said(".vscode/settings.json")["dbt.dbtIntegration"] == "core"


def test_the_page_for_who_fears_the_shell_tells_every_task() -> None:
    page = (ROOT / "docs/analyste/sans-terminal.md").read_text("utf-8")
    told = re.findall(r"^\| \*\*(.+?)\*\* \|", page, re.MULTILINE)
    assert told == [task["label"] for task in TASKS["tasks"]]
