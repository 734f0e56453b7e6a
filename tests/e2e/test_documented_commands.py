"""The commands that the documentation gives, played against a demo as a reader would type them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from donnees_au_centre.cli.quality import test_environment as without_connections
from tests.campaigns import long
from tests.documented import played
from tests.e2e.conftest import Checkout

# As the Makefile does it, in the environment that is there: options after the command are variables.
MAKE = f"""#!/bin/sh
command=$1
shift
for option in "$@"; do export "$option"; done
exec '{sys.executable}' -m donnees_au_centre "$command"
"""
# Twins in two languages hold the same commands: they are played once.
BLOCKS = {re.sub(r"\s+# .*", "", block.text): place for place, block in played()}


@long
@pytest.mark.parametrize("text", [pytest.param(text, id=place) for text, place in BLOCKS.items()])
def test_what_a_page_has_typed_works(built: Checkout, tmp_path: Path, text: str) -> None:
    (tmp_path / "make").write_text(MAKE)
    (tmp_path / "make").chmod(0o755)
    done = subprocess.run(
        ["sh", "-e", "-c", text],
        cwd=built.folder,
        env=without_connections(os.environ) | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout
