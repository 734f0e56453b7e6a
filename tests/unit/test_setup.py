"""The set-up of the environment: what it decides, and how it finds a Python. Nothing is installed here."""

from __future__ import annotations

import hashlib
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dev.setup.environment import (
    Environment,
    make_paths_relative,
    read_pip_configuration,
    uv_settings,
)
from dev.setup.locks import requirement
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import ROOT

LOCK = """\
uv==0.13.9 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via -r requirements.in
uvicorn==0.54.0 \\
    --hash=sha256:cc
"""
PROJECT = '[project]\nname = "essai"\n'


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose set-up and commands only say which Python runs them."""
    root = tmp_path / "un dossier à l'abri"
    script(root / "dev/setup/start.sh", (ROOT / "dev/setup/start.sh").read_text())
    for name, said in {"donnees_au_centre": "command", "dev/setup": "setup"}.items():
        script(root / name / "__init__.py", "")
        (root / name / "__main__.py").write_text(
            f"import sys; print('{said}', sys.argv[1:], sys.executable, flush=True)"
        )
    return root


def start(checkout: Path, path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(checkout / "dev/setup/start.sh"), "env"],
        env={"PATH": f"{path}:/usr/bin:/bin", "HOME": str(path), **variables},
        capture_output=True,
        text=True,
    )


def python_named(folder: Path, name: str) -> None:
    script(folder / name, f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')


def no_python(folder: Path, *names: str) -> None:
    """Hides the machine's own Pythons behind shims that fail, as pyenv's do."""
    for name in ("python3", "python3.13", "python3.12", "python3.11", "python"):
        if name not in names:
            script(folder / name, "#!/bin/sh\necho 'command not found' >&2\nexit 127\n")


def test_shims_that_fail_are_passed_over(checkout: Path, tmp_path: Path) -> None:
    path = tmp_path / "bin"
    no_python(path, "python3.12")
    python_named(path, "python3.12")
    assert "setup []" in start(checkout, path).stdout


def test_a_python_known_to_pyenv_only_is_found(checkout: Path, tmp_path: Path) -> None:
    path = tmp_path / "bin"
    no_python(path)
    python_named(path / ".pyenv/versions/3.12.1/bin", "python")
    assert "setup []" in start(checkout, path).stdout


def test_without_a_python_the_message_says_what_to_do(checkout: Path, tmp_path: Path) -> None:
    path = tmp_path / "bin"
    no_python(path)
    done = start(checkout, path)
    assert done.returncode == 1
    assert "Aucun Python 3.11, 3.12 ou 3.13" in done.stderr
    assert "Que faire : Installez-en un" in done.stderr
    assert done.stdout == ""


def test_a_python_without_venv_names_the_package_to_install(checkout: Path, tmp_path: Path) -> None:
    path = tmp_path / "bin"
    no_python(path, "python3")
    script(
        path / "python3",
        f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexec "{sys.executable}" "$@"\n',
    )
    done = start(checkout, path)
    assert done.returncode == 1
    assert "python3-venv" in done.stderr


def test_a_python_that_does_not_fit_is_refused_when_asked_for(checkout: Path, tmp_path: Path) -> None:
    old = script(tmp_path / "python2", "#!/bin/sh\nexit 1\n")
    done = start(checkout, tmp_path / "bin", PYTHON=str(old))
    assert done.returncode == 1
    assert f"PYTHON={old}" in done.stderr


def test_the_environment_runs_the_command_and_foreign_packages_stay_out(
    checkout: Path, tmp_path: Path
) -> None:
    python_named(checkout / ".venv/bin", "python")
    script(tmp_path / "elsewhere/donnees_au_centre/__init__.py", "raise SystemExit('shadowed')")
    done = start(checkout, tmp_path / "bin", PYTHONPATH=str(tmp_path / "elsewhere"))
    assert [line.split(" [")[0] for line in done.stdout.splitlines()] == ["setup", "command"], done.stderr
    assert "command ['env']" in done.stdout


def test_one_package_is_taken_out_of_the_lock_with_its_hashes() -> None:
    assert requirement("uv", LOCK) == "uv==0.13.9 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    with pytest.raises(PlatformError, match="version de ruff"):
        requirement("ruff", LOCK)


@pytest.mark.parametrize(
    ("name", "many", "one"), [("requirements.txt", 100, "uv"), ("requirements-drivers.txt", 40, "pyarrow")]
)
def test_the_real_lock_is_complete_and_names_no_host(name: str, many: int, one: str) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in lock
    pinned = [line for line in lock.splitlines() if "==" in line]
    assert len(pinned) > many
    assert all(line.endswith("\\") for line in pinned), "every package has its hashes"
    assert requirement(one, lock).count("--hash=") > 1


def test_pip_configuration_is_read_as_pip_does() -> None:
    listing = (
        ":env:.find-links='/opt/a /opt/b'\nglobal.index-url='https://miroir.example/simple'\n"
        "global.timeout='30'\ninstall.timeout='60'\nglobal.find-links='/opt/c'\ninstall.no-index='true'\n"
    )
    assert read_pip_configuration(listing) == {
        "find-links": "/opt/a /opt/b",
        "index-url": "https://miroir.example/simple",
        "timeout": "60",
        "no-index": "true",
    }


def test_uv_is_told_where_pip_finds_its_packages(tmp_path: Path) -> None:
    listing = (
        "global.index-url='https://miroir.example/simple'\nglobal.extra-index-url='file:///a file:///b'\n"
        "global.find-links='/opt/a /opt/b'\nglobal.cert='/etc/ca.pem'\nglobal.no-index='1'\n"
    )
    options, environment = uv_settings(listing, {"HOME": "/x", "UV_CACHE_DIR": str(tmp_path)})
    assert options == ["--no-index"]
    assert environment["UV_DEFAULT_INDEX"] == "https://miroir.example/simple"
    assert environment["UV_INDEX"] == "file:///a file:///b"
    assert environment["UV_FIND_LINKS"] == "/opt/a,/opt/b"
    assert environment["SSL_CERT_FILE"] == "/etc/ca.pem"


def test_what_the_user_told_uv_wins(tmp_path: Path) -> None:
    given = {"UV_DEFAULT_INDEX": "https://le-mien.example/simple", "UV_CACHE_DIR": str(tmp_path)}
    _, environment = uv_settings("global.index-url='https://miroir.example/simple'\n", given)
    assert environment["UV_DEFAULT_INDEX"] == "https://le-mien.example/simple"


def test_uv_does_without_a_cache_where_there_is_no_home(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    options, _ = uv_settings("", {"UV_CACHE_DIR": str(blocked / "cache")})
    assert options == ["--no-cache"]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An environment that is ready, as far as its stamp tells."""
    (tmp_path / "requirements.txt").write_text(LOCK)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    made = Environment(tmp_path)
    made.python.parent.mkdir(parents=True)
    made.python.symlink_to(sys.executable)
    stamp = {
        "requirements": hashlib.sha256(LOCK.encode()).hexdigest(),
        "project": hashlib.sha256(PROJECT.encode()).hexdigest(),
        "python": "{}.{}".format(*sys.version_info),
        "folder": str(made.folder),
    }
    made.stamp.write_text(json.dumps(stamp))
    return made


def test_a_ready_environment_is_left_alone(environment: Environment) -> None:
    before = environment.stamp.stat().st_mtime_ns
    environment.make_ready()
    assert environment.is_ready()
    assert environment.stamp.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "damage", ["interrupted", "moved", "python gone", "unreadable", "new requirements", "new project"]
)
def test_a_broken_environment_is_not_ready(environment: Environment, damage: str) -> None:
    if damage == "interrupted":
        environment.stamp.unlink()
    elif damage == "moved":
        stamp = json.loads(environment.stamp.read_text())
        environment.stamp.write_text(json.dumps({**stamp, "folder": "/ailleurs/.venv"}))
    elif damage == "python gone":
        environment.python.unlink()
        environment.python.symlink_to("/nowhere/python3")
    elif damage == "unreadable":
        environment.stamp.write_text("{")
    elif damage == "new requirements":
        environment.requirements.write_text(LOCK + "# changed")
    elif damage == "new project":
        environment.project.write_text(PROJECT + "# changed")
    assert not environment.is_ready()


def test_an_old_environment_of_another_account_is_reported(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    environment.stamp.unlink()
    monkeypatch.setattr("dev.setup.environment.shutil.rmtree", refuse)
    with pytest.raises(PlatformError, match="ne peut pas être effacé") as raised:
        environment.make_ready()
    assert "le compte qui l'a créé" in raised.value.advice


def commands(environment: Environment, monkeypatch: pytest.MonkeyPatch, failing: str = "") -> list[list[str]]:
    """Runs the set-up with tools that do nothing but `failing`, which fails; the commands, in order."""
    run: list[list[str]] = []

    def note(command: list[str], _environment: object) -> bool:
        run.append([str(part) for part in command])
        return failing == "" or failing not in command

    environment.stamp.unlink(missing_ok=True)
    environment.requirements.write_text(LOCK)
    monkeypatch.setattr(environment, "_run", note)
    environment._install()
    return run


def test_the_checkout_itself_is_installed_after_its_packages(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, packages, checkout = commands(environment, monkeypatch)
    assert packages[1:3] == ["pip", "sync"]
    assert checkout[1:3] == ["pip", "install"]
    assert checkout[-4:] == ["--no-deps", "--no-build-isolation", "--editable", "."]


def test_pip_installs_packages_and_checkout_where_uv_cannot(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, packages, checkout = commands(environment, monkeypatch, failing="sync")
    assert packages[1:4] == checkout[1:4] == ["-m", "pip", "install"]
    assert packages[-2:] == ["-r", str(environment.requirements)]
    assert "--require-hashes" in packages
    assert checkout[-2:] == ["--editable", "."]
    assert "--require-hashes" not in checkout, "a folder has no hash"


def test_the_path_of_the_checkout_is_written_without_its_accents(tmp_path: Path) -> None:
    packages = tmp_path / "l'école" / ".venv" / "lib" / "python3.12" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "_projet.pth").write_text(f"{tmp_path}/l'école\n{tmp_path}/l'école/denodo/adapter", "utf-8")
    (packages / "autre.pth").write_text("import os\n", "utf-8")
    make_paths_relative(tmp_path / "l'école" / ".venv")
    lines = (packages / "_projet.pth").read_text("ascii").splitlines()
    assert lines == ["../../../..", "../../../../denodo/adapter"]
    assert (packages / lines[1]).resolve() == (tmp_path / "l'école/denodo/adapter").resolve()
    assert (packages / "autre.pth").read_text() == "import os\n"


def test_two_set_ups_at_once_wait_for_each_other(environment: Environment) -> None:
    """While one holds the lock, another waits, says so, and finds the work done."""
    environment.stamp.rename(environment.root / "kept")
    with environment._alone():
        other = subprocess.Popen(
            [sys.executable, "-c", WAIT, str(environment.root)], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        assert "attente" in other.stderr.readline()
        assert other.poll() is None
        (environment.root / "kept").rename(environment.stamp)
    assert other.wait(timeout=20) == 0


WAIT = """
import sys
from pathlib import Path
from dev.setup.environment import Environment
Environment(Path(sys.argv[1])).make_ready()
"""
