"""datacontract-cli, the tool of those who read data contracts, accepts those of the project."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from donnees_au_centre.cli.contracts import FOLDER, contracts
from donnees_au_centre.settings import ROOT, Settings

# Not among the requirements: 130 MB for one check, in an environment of its own that the next run takes up.
TOOL = "datacontract-cli==1.2.8"
PLACE = ROOT / ".cache" / TOOL.replace("==", "-")


@pytest.fixture(scope="module")
def datacontract() -> Path:
    """The tool; skips where it cannot be installed."""
    tool = PLACE / "bin" / "datacontract"
    if not tool.exists():
        for command in (
            [sys.executable, "-m", "venv", PLACE],
            [PLACE / "bin" / "python", "-m", "pip", "install", "--quiet", TOOL],
        ):
            done = subprocess.run(command, capture_output=True, text=True, timeout=600)
            if done.returncode != 0:
                pytest.skip(f"{TOOL} ne s'installe pas : {(done.stderr or done.stdout)[-300:]}")
    return tool


@pytest.mark.long
def test_each_contract_of_the_project_passes_the_tool_of_its_readers(
    datacontract: Path, tmp_path: Path
) -> None:
    contracts(replace(Settings.load({}), build=tmp_path), {})
    written = sorted((tmp_path / FOLDER).rglob("*.odcs.yaml"))
    assert len(written) >= 30
    for path in written:
        done = subprocess.run([datacontract, "lint", path], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{path.name} : {done.stdout}{done.stderr}"
    broken = tmp_path / "faux.odcs.yaml"
    broken.write_text(
        written[0].read_text("utf-8").replace("logicalType: string", "logicalType: texte"), "utf-8"
    )
    done = subprocess.run([datacontract, "lint", broken], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "'texte' is not one of" in done.stdout
