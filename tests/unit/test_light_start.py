"""What dbt does not do when it starts here changes nothing of what it does."""

from __future__ import annotations

import subprocess
import sys

# A process of its own: what is patched before the first import cannot be seen in one that has imported dbt.
SCRIPT = """
from donnees_au_centre.project.light_start import start_lightly

if {lightly}:
    start_lightly()
from dbt.contracts.files import SourceFile
from dbt.contracts.project import Project
from dbt_common.dataclass_schema import ValidationError

one = {{"name": "un", "version": "1.0.0", "profile": "p", "config-version": 2, "vars": {{"x": 1}}}}
Project.validate(one)
print(sorted(Project.from_dict(one).to_dict(omit_none=True).items()))
for wrong in ({{**one, "model-paths": 3}}, {{**one, "inconnu": 1}}, {{}}):
    try:
        Project.validate(wrong)
    except ValidationError as error:
        print(error.message)
path = {{"searched_path": "a", "relative_path": "b", "modification_time": 1.0, "project_root": "c"}}
file = {{"path": path, "checksum": {{"name": "none", "checksum": ""}}}}
read = SourceFile.from_dict(file)
print(type(read).__name__, read == SourceFile.from_msgpack(read.to_msgpack()), read.to_dict())
"""


def said(lightly: bool) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(lightly=lightly)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_dbt_reads_writes_and_refuses_the_same() -> None:
    lightly = said(True)
    assert lightly == said(False)
    # Three refusals, between what was read and what was written.
    assert len(lightly.splitlines()) == 5
