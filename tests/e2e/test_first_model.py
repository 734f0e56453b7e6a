"""docs/analyste/premier-modele.md, followed to the letter: its blocks in order, and what they show."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from donnees_au_centre.cli.quality import test_environment as without_connections
from donnees_au_centre.settings import ROOT
from tests.campaigns import long
from tests.e2e.conftest import Checkout

PAGE = ROOT / "docs/analyste/premier-modele.md"
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What `make` does, in the environment that is already there.
MAKE = """
set -e
make() { local command=$1; shift; env "$@" "$PYTHON" -m donnees_au_centre "$command"; }
"""
COLOUR = re.compile(r"\x1b\[[\d;]*m")


def git(folder: Path, *arguments: str) -> None:
    name = ("-c", "user.name=essai", "-c", "user.email=essai@fwb.example")
    subprocess.run(["git", *name, *arguments], cwd=folder, check=True, capture_output=True)


@long
def test_the_first_model_is_written_as_its_page_says(built: Checkout) -> None:
    folder = built.folder
    git(folder, "init", "-q", "-b", "main")
    try:
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "un")
        git(folder, "config", "user.name", "essai")
        git(folder, "config", "user.email", "essai@fwb.example")
        shown = ""
        for kind, text in BLOCK.findall(PAGE.read_text("utf-8")):
            if kind == "sh":
                done = subprocess.run(
                    ["bash", "-c", MAKE + text],
                    cwd=folder,
                    env={**without_connections(os.environ), "PYTHON": sys.executable},
                    capture_output=True,
                    text=True,
                    timeout=1800,
                )
                shown = COLOUR.sub("", done.stdout + done.stderr)
                assert done.returncode == 0, shown
                continue
            missing = [line for line in text.splitlines() if line.strip(" …") and line.strip() not in shown]
            assert not missing, (missing, shown)
        assert git_says(folder, "status", "--porcelain") == ""
        assert git_says(folder, "log", "--format=%s", "-1") == "ags: les marches maintenues, par province"
    finally:
        # The checkout is shared: its files as they were, and no git.
        git(folder, "switch", "-q", "-f", "main")
        shutil.rmtree(folder / ".git")
        built.command("orphans", CONFIRMER="1")


def git_says(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
