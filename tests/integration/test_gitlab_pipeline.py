""".gitlab-ci.yml, played by gitlab-ci-local: which jobs a commit gets, and what they run and keep."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from donnees_au_centre.cli.ci import OPTIONS, install, merge_request
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import ROOT
from tests.servers.debian import unpacked

# In the place of make: says what it was asked, and leaves what the real one would.
MAKE = """#!/bin/sh
echo "make $*" >> "$PLAYED"
mkdir -p build/review target
echo '[]' > build/code-quality.json
echo '<testsuites/>' > build/junit-dbt.xml
echo 'Bonjour' > build/review/demande.md
case " $* " in *" $FAILING "*) exit 2 ;; esac
"""
ALWAYS = {"check"}


@dataclass
class Clone:
    """A clone with a branch, and the pipeline over it."""

    root: Path
    player: Path

    def git(self, *arguments: str) -> str:
        command = ["git", "-c", "user.name=essai", "-c", "user.email=essai@fwb.example", *arguments]
        return subprocess.run(
            command, cwd=self.root, check=True, capture_output=True, text=True
        ).stdout.strip()

    def change(self, *files: str) -> None:
        self.git("checkout", "-q", "-B", "essai", "origin/main")
        for file in files:
            with (self.root / file).open("a", encoding="utf-8") as text:
                text.write("\n")
        self.git("commit", "-qam", "essai: a change")

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        whole = {**os.environ, **OPTIONS, **environment}
        return subprocess.run(
            [self.player, *arguments], cwd=self.root, env=whole, capture_output=True, text=True, timeout=120
        )

    def jobs(self, variables: Mapping[str, str] | None = None) -> set[str]:
        """The names of the jobs that begin by themselves."""
        options = merge_request(self.git("rev-parse", "origin/main"), 7)
        if variables is not None:
            options = [part for pair in variables.items() for part in ("--variable", "=".join(pair))]
        said = self.run("--list-json", *options)
        assert said.returncode == 0, said.stdout + said.stderr
        # Before it, a warning about predefined variables.
        listed = said.stdout[said.stdout.index("[\n") :]
        return {job["name"] for job in json.loads(listed) if job["when"] not in ("never", "manual")}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    try:
        player = install(ROOT)
    except PlatformError as error:
        pytest.skip(f"gitlab-ci-local ne peut être installé ici : {error.message}")
    root = tmp_path_factory.mktemp("chaine") / "projet"
    root.mkdir()
    made = Clone(root, player)
    made.git("init", "-q", "-b", "main")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, listed):
        if name.startswith((".gitlab", "models/ags/", "donnees_au_centre/cli/", "macros/typing/", "docs/")):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    for name in ("requirements.txt", "requirements-drivers.txt", ".gitignore"):
        shutil.copy(ROOT / name, root / name)
    made.git("add", "-A")
    made.git("commit", "-qm", "essai: everything")
    made.git("remote", "add", "origin", "https://gitlab.fwb.example/essai/projet.git")
    made.git("update-ref", "refs/remotes/origin/main", "HEAD")
    made.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    yield made


def test_a_commit_gets_what_it_asks_for(clone: Clone) -> None:
    clone.change("docs/architecture.md")
    assert clone.jobs() == ALWAYS
    clone.change("models/ags/marts/fct_marche.sql")
    assert clone.jobs() == {*ALWAYS, "slim", "locations"}
    clone.change("donnees_au_centre/cli/main.py")
    assert clone.jobs() == {*ALWAYS, "test-code", "locations"}
    clone.change("macros/typing/boolean.sql")
    assert clone.jobs() == {*ALWAYS, "lint-changed-rules", "slim", "test-code"}


def test_the_main_branch_and_the_night_verify_everything(clone: Clone) -> None:
    clone.git("checkout", "-q", "main")
    assert clone.jobs({"CI_PIPELINE_SOURCE": "push"}) == {"assemble", "lint", "pages", "test"}
    swarm = {
        "BASE_IMAGE": "python",
        "SWARM_HOST": "ssh://swarm",
        "RELEASE_IMAGE": "cli",
        "ANNONCES": "json://x",
    }
    pushed = clone.jobs({"CI_PIPELINE_SOURCE": "push", **swarm})
    assert pushed == {"assemble", "build-image", "deploy-dev", "lint", "pages", "test"}
    # A tag, for gitlab-ci-local: production waits for a hand, and is told of after it.
    tagged = clone.jobs(
        {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_TAG": "v1.0.0", "CI_COMMIT_BRANCH": "", **swarm}
    )
    assert tagged == {"announce", "assemble", "build-image", "deploy-staging", "lint", "release", "test"}
    tried = clone.jobs(
        {
            "CI_PIPELINE_SOURCE": "push",
            "CI_COMMIT_TAG": "v1.0.0",
            "CI_COMMIT_BRANCH": "",
            "CANDIDAT": "candidat@db.fwb.example",
            **swarm,
        }
    )
    assert tried == tagged | {"candidate"}
    night = {"lint", "long", *(f"test-pythons: [3.{minor}]" for minor in (11, 12, 13))}
    assert clone.jobs({"CI_PIPELINE_SOURCE": "schedule"}) == night


def test_production_waits_for_the_candidate_that_ran_on_its_rows() -> None:
    """What ran is what was assembled, told where by variables only."""
    jobs = yaml.safe_load((ROOT / ".gitlab/ci/release.yml").read_text("utf-8"))
    assert {"job": "candidate", "optional": True} in jobs["deploy-production"]["needs"]
    unpack, copy, build = jobs["candidate"]["script"]
    assert "build/livraison/projet.tar.gz" in unpack and "assemble" in jobs["candidate"]["needs"]
    assert copy == 'make -C candidat copy-prod CONFIRMER=1 BASE="$CANDIDAT"'
    assert build == 'make -C candidat build BASE="$CANDIDAT"'
    assert not [job for job in jobs.values() if "allow_failure" in job]


def test_a_merge_request_is_played(clone: Clone, tmp_path: Path) -> None:
    programs = tmp_path / "programmes"
    programs.mkdir()
    libraries = ""
    if not shutil.which("rsync"):
        place = unpacked("rsync", ("rsync",))
        (programs / "rsync").symlink_to(place / "usr/bin/rsync")
        libraries = ":".join(str(folder) for folder in place.glob("**/lib/*-linux-gnu"))
    (programs / "make").write_text(MAKE)
    (programs / "make").chmod(0o755)
    played = tmp_path / "joue"
    ours = {"PATH": f"{programs}:{os.environ['PATH']}", "PLAYED": str(played), "FAILING": "rien"}
    ours["LD_LIBRARY_PATH"] = libraries
    clone.change("models/ags/marts/fct_marche.sql")
    base = clone.git("rev-parse", "origin/main")
    done = clone.run(*merge_request(base, 7), **ours)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(played.read_text().splitlines()) == [
        f"make check DEPUIS={base}", "make locations", "make slim",
    ]  # fmt: skip
    kept = clone.root / ".gitlab-ci-local/artifacts"
    assert (kept / "slim/build/review/demande.md").is_file()
    assert (kept / "check/build/code-quality.json").is_file()

    failing = clone.run(*merge_request(base, 7), **{**ours, "FAILING": "slim"})
    assert failing.returncode == 1
    # What failed has told why: its report is kept.
    assert (kept / "slim/build/junit-dbt.xml").is_file()
