"""The optional drivers: which there are, what a group needs, what stays of it. Nothing is installed here."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from dev.setup.environment import Environment
from dev.setup.locks import canonical, read_groups, requirements_of, version_of
from donnees_au_centre.cli.drivers import drivers
from donnees_au_centre.drivers import GROUPS, TESTED, missing_driver
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import ROOT, Settings

CORE = "commun==1 \\\n    --hash=sha256:00\n    # via -r requirements.in\n"
LOCK = """\
commun==1 \\
    --hash=sha256:00
    # via
    #   -c requirements.txt
    #   pilote-a
long==3.0 ; python_full_version >= '3.12' \\
    --hash=sha256:33
    # via moyen
moyen==2.0 \\
    --hash=sha256:22
    # via pilote-a
pilote-a[s3]==1.0 \\
    --hash=sha256:11
    # via essai (pyproject.toml)
pilote-b==9 \\
    --hash=sha256:99
    # via essai (pyproject.toml)
"""
PROJECT = """\
[project]
name = "essai"
optional-dependencies = { a = ["Pilote_A[s3]>=1"], b = ["pilote-b"], rien = ["commun"] }
"""
PACKAGES = {"pilote_a": "1.0", "pilote_b": "9", "commun": "1"}


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An environment that is ready, without drivers."""
    (tmp_path / "requirements.txt").write_text(CORE)
    (tmp_path / "requirements-drivers.txt").write_text(LOCK)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    made = Environment(tmp_path)
    made.python.parent.mkdir(parents=True)
    made.python.symlink_to(sys.executable)
    installed(made, "commun")
    made._finish()
    return made


def installed(environment: Environment, *names: str, version: str = "") -> None:
    for name in names:
        there = version or PACKAGES[name]
        folder = environment.folder / f"lib/python3.11/site-packages/{name}-{there}.dist-info"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {there}\n")


@pytest.fixture
def run(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the installers were asked for: each list of requirements; the tools install what it names."""
    asked: list[str] = []

    def note(command: list[str], _environment: object) -> bool:
        if "-r" not in command:
            return True
        asked.append(Path(command[-1]).read_text())
        assert "--require-hashes" in command
        installed(environment, *(name for name in PACKAGES if canonical(name) in canonical_names(asked[-1])))
        return True

    monkeypatch.setattr(environment, "_run", note)
    return asked


def canonical_names(requirements: str) -> set[str]:
    return {canonical(line) for line in requirements.splitlines() if "==" in line}


# What is said of the groups, in three places


def test_every_group_has_its_packages_and_its_purpose() -> None:
    assert GROUPS.keys() == read_groups(ROOT).keys()
    assert set(TESTED) < GROUPS.keys()
    page = (ROOT / "docs/exploitant/installation.md").read_text(encoding="utf-8")
    for group, packages in read_groups(ROOT).items():
        if group != "tests":
            assert f"| `{group}` |" in page
            assert all(f"`{name}`" in page for name in packages)


def test_a_missing_driver_is_told_with_its_command() -> None:
    error = missing_driver("sftp", "asyncssh")
    assert "Il manque le pilote « sftp » (paquet asyncssh)" in error.message
    assert error.advice == "make drivers NAME=sftp"


# The lock


def test_both_locks_agree_and_every_driver_is_in_its_own() -> None:
    core = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    lock = (ROOT / "requirements-drivers.txt").read_text(encoding="utf-8")
    shared = canonical_names(core) & canonical_names(lock)
    assert shared
    assert [name for name in shared if version_of(name, core) != version_of(name, lock)] == []
    for packages in read_groups(ROOT).values():
        assert all(version_of(name, lock) for name in packages)
    assert requirements_of(["boto3"], lock, core) == "", "the other lock has it"
    assert canonical_names(requirements_of(["asyncssh"], lock, core)) == {"asyncssh"}
    assert "aiohttp" in canonical_names(requirements_of(["adlfs"], lock, core))


def test_a_group_is_taken_out_of_the_lock_with_all_that_it_needs() -> None:
    pins = requirements_of(["pilote-a"], LOCK, CORE)
    assert canonical_names(pins) == {"pilote-a", "moyen", "long"}
    assert "long==3.0 ; python_full_version >= '3.12' \\\n    --hash=sha256:33\n" in pins
    assert "#" not in pins
    assert version_of("Pilote_A", LOCK) == "1.0"


# The environment


def test_drivers_are_installed_once_and_remembered(environment: Environment, run: list[str]) -> None:
    assert environment.add_drivers(["a"])
    assert not environment.add_drivers(["a"])
    assert len(run) == 1
    assert environment.chosen() == ("a",)
    assert environment.is_ready()
    assert environment.add_drivers(["b", "rien"])
    assert canonical_names(run[1]) == {"pilote-b"}
    assert environment.chosen() == ("a", "b", "rien")


def test_a_driver_of_another_version_is_installed_again(environment: Environment, run: list[str]) -> None:
    installed(environment, "pilote_b", version="8")
    environment._remember(["b"])
    assert environment.add_drivers(["b"])
    assert canonical_names(run[0]) == {"pilote-b"}


def test_an_update_puts_the_chosen_drivers_back(
    environment: Environment, run: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.add_drivers(["a"])
    monkeypatch.setattr(environment, "_install", lambda: None)
    environment.drivers.write_text(LOCK.replace("sha256:22", "sha256:23"))
    assert not environment.is_ready(), "what was chosen is another archive"
    environment.make_ready()
    assert "sha256:23" in run[-1]
    assert environment.is_ready()


def test_without_drivers_their_lock_does_not_count(environment: Environment) -> None:
    environment.drivers.unlink()
    assert environment.is_ready()


def test_a_new_environment_keeps_the_choice(environment: Environment, run: list[str]) -> None:
    environment.add_drivers(["a"])
    shutil.rmtree(environment.folder / "lib")
    environment._remember(["a"])

    def make(_command: list[str], _environment: object) -> bool:
        environment.folder.mkdir()
        return True

    environment._run = make  # type: ignore[method-assign]
    environment._create()
    assert environment.chosen() == ("a",)


def test_what_cannot_be_had_is_told_and_not_remembered(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment, "_run", lambda *_: False)
    with pytest.raises(PlatformError, match="Les pilotes ne s'installent pas : a") as raised:
        environment.add_drivers(["a"])
    assert "miroir interne" in raised.value.advice
    assert environment.chosen() == ()
    # Chosen before, out of reach now: the rest of the platform goes on.
    environment._remember(["a", "b"])
    monkeypatch.setattr(environment, "_install", lambda: None)
    environment.make_ready()
    assert environment.is_ready()
    assert 'make drivers NAME="a b"' in capsys.readouterr().err


# The command


def settings(root: Path) -> Settings:
    return Settings(
        root=root,
        target="dev",
        landing=root,
        database="x",
        target_path=root,
        state=root,
        build=root / "build",
    )


def test_the_command_lists_every_group_with_its_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert drivers(settings(ROOT), {}) == 0
    said = capsys.readouterr().out
    assert all(f"  {group} " in said and purpose in said for group, purpose in GROUPS.items())
    assert "s3         installé" in said


def test_the_command_refuses_a_name_that_is_no_group() -> None:
    with pytest.raises(PlatformError, match="Aucun pilote ne s'appelle oracle") as raised:
        drivers(settings(ROOT), {"NAME": "sftp oracle"})
    assert "sqlserver" in raised.value.advice
