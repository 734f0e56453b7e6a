"""The virtual environment of the checkout: made once, brought up to date, mended when broken."""

from __future__ import annotations

import ast
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path

from dev.setup.locks import DRIVERS, canonical, read_groups, requirement, requirements_of, version_of
from donnees_au_centre.errors import PlatformError

NETWORK_ADVICE = (
    "Vérifiez la connexion au registre de paquets. Sur un réseau fermé, donnez à pip l'adresse du miroir "
    "interne (pip config set global.index-url …), puis relancez ; voir docs/exploitant/installation.md."
)

# What Python before 3.12 puts into a new environment, in an old version; nothing here imports them.
UNLOCKED = ("setuptools", "wheel")

# The checkout, installed as it stands: what it needs is there already, the build backend too.
ITSELF = ("--no-deps", "--no-build-isolation", "--editable", ".")


class Environment:
    """The folder `.venv` of a checkout, and the files it must agree with.

    Args:
        root: the checkout, which holds requirements.txt (the packages), pyproject.toml (the checkout itself,
            installed as it stands: its dialect of SQL and its dbt adapter are found by name; and the groups
            of optional drivers) and requirements-drivers.txt (the packages of these groups).
    """

    def __init__(self, root: Path) -> None:
        """Nothing is read or written yet."""
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self.requirements = root / "requirements.txt"
        self.project = root / "pyproject.toml"
        self.drivers = root / DRIVERS
        self.stamp = self.folder / "ready.json"
        # The groups of drivers that somebody chose, a line each: an update puts them back.
        self.choice = self.folder / "drivers.txt"
        self._begun = time.monotonic()

    def make_ready(self) -> None:
        """Installs exactly requirements.txt and the chosen drivers into `.venv`; nothing when that is done.

        Drivers that cannot be had are told and left out: what does not read their sources runs without them.

        Raises:
            PlatformError: no environment can be made, or the packages cannot be had.
        """
        if self.is_ready():
            return
        with self._alone():
            if self.is_ready():
                return
            current = self._read_stamp()
            if current is not None and self._same_place(current) and self._runs():
                self._say("requirements.txt ou pyproject.toml a changé : mise à jour de l'environnement…")
                self.stamp.unlink()
            else:
                self._create()
            self._install()
            self._remove_unlocked()
            make_paths_relative(self.folder)
            if (groups := self.chosen()) and not self._install_drivers(groups):
                names = " ".join(groups)
                self._say(f"pilotes non remis ; plus tard : make drivers NAME={_quoted(names)}")
            self._finish()
            self._say("environnement prêt.")

    def add_drivers(self, groups: Collection[str]) -> bool:
        """Installs groups of drivers beside what is there, and remembers them.

        Args:
            groups: names of pyproject.toml's optional dependencies.

        Returns:
            False when all were there already.

        Raises:
            PlatformError: a package cannot be had; none of the groups is remembered then.
        """
        if self._has(groups):
            return False
        with self._alone():
            if self._has(groups):
                return False
            if not self._install_drivers(groups):
                raise PlatformError(
                    f"Les pilotes ne s'installent pas : {', '.join(groups)}.",
                    NETWORK_ADVICE,
                )
            self._remember({*self.chosen(), *groups})
            self._finish()
        return True

    def chosen(self) -> tuple[str, ...]:
        """The groups of drivers that somebody chose and that there still are, sorted."""
        try:
            names = self.choice.read_text(encoding="utf-8").split()
        except OSError:
            return ()
        return tuple(sorted(set(names) & read_groups(self.root).keys()))

    def installed_drivers(self) -> dict[str, tuple[str, ...]]:
        """Group -> its packages, of the groups that are here at the locked versions."""
        lock = self.drivers.read_text(encoding="utf-8")
        folders = [str(folder) for folder in self.folder.glob("lib/python*/site-packages")]
        here = {canonical(one.name): one.version for one in distributions(path=folders)}
        return {
            group: packages
            for group, packages in read_groups(self.root).items()
            if all(here.get(canonical(name)) == version_of(name, lock) for name in packages)
        }

    def _has(self, groups: Collection[str]) -> bool:
        return set(groups) <= set(self.chosen()) and set(groups) <= self.installed_drivers().keys()

    def _remember(self, groups: Collection[str]) -> None:
        if groups:
            self.choice.write_text("".join(f"{group}\n" for group in sorted(groups)), encoding="utf-8")

    def _finish(self) -> None:
        # uv opens its lock to everyone.
        (self.folder / ".lock").unlink(missing_ok=True)
        self.stamp.write_text(json.dumps(self._expected()), encoding="utf-8")

    def is_ready(self) -> bool:
        """True when the last set-up ended well, for these requirements, this Python and this place."""
        return self._read_stamp() == self._expected() and self.python.exists()

    def _expected(self) -> dict[str, str]:
        expected = {
            "requirements": _digest(self.requirements),
            "project": _digest(self.project),
            "python": "{}.{}".format(*sys.version_info),
            # Scripts hold the absolute path of their interpreter: a moved checkout needs a new environment.
            "folder": str(self.folder),
        }
        return expected | {"drivers": _digest(self.drivers)} if self.chosen() else expected

    def _read_stamp(self) -> dict[str, str] | None:
        try:
            stamp: dict[str, str] = json.loads(self.stamp.read_text(encoding="utf-8"))
            return stamp
        except (OSError, ValueError):
            return None

    def _same_place(self, stamp: Mapping[str, str]) -> bool:
        expected = self._expected()
        return all(stamp.get(name) == expected[name] for name in ("python", "folder"))

    def _runs(self) -> bool:
        return subprocess.run([self.python, "-c", "import pip"], capture_output=True).returncode == 0

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.root / ".venv.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._say("une autre commande prépare l'environnement ; attente…")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _create(self) -> None:
        # Inside a stale environment, the interpreter to build from is the one below it.
        base = getattr(sys, "_base_executable", None) or sys.executable
        version = ".".join(map(str, sys.version_info[:3]))
        self._say(f"création de l'environnement .venv (Python {version})…")
        chosen = self.chosen()
        try:
            if self.folder.exists():
                shutil.rmtree(self.folder)
        except OSError as error:
            raise PlatformError(
                f"L'ancien environnement {self.folder} ne peut pas être effacé : {error.strerror}.",
                "Effacez ce dossier avec le compte qui l'a créé, puis relancez.",
            ) from error
        if not self._run([base, "-m", "venv", str(self.folder)], os.environ):
            raise PlatformError(
                f"L'environnement {self.folder} ne peut pas être créé avec {base}.",
                "Le message ci-dessus dit pourquoi ; vérifiez la place libre et les droits sur le dossier, "
                "ou donnez un autre Python : make PYTHON=/chemin/python3.12 …",
            )
        self._remember(chosen)

    def _install(self) -> None:
        self._say("installation de uv, l'installeur de paquets…")
        with tempfile.TemporaryDirectory() as folder:
            only_uv = Path(folder) / "uv.txt"
            lock = self.requirements.read_text(encoding="utf-8")
            only_uv.write_text(requirement("uv", lock), encoding="utf-8")
            have_uv = self._run([*self._pip_install("--require-hashes"), "-r", str(only_uv)], os.environ)
        if not (have_uv and self._install_with_uv()):
            if have_uv:
                self._say("uv n'y arrive pas : second essai avec pip (quelques minutes)…")
            self._install_with_pip()

    def _install_with_uv(self) -> bool:
        self._say("installation des paquets de requirements.txt (une minute environ)…")
        uv, options, environment = self._uv_pip()
        # sync takes away what the lock does not name, the checkout too: it comes back right after.
        return all(
            self._run(command, environment)
            for command in (
                [*uv, "sync", "--require-hashes", *options, str(self.requirements)],
                [*uv, "install", *options, *ITSELF],
            )
        )

    def _uv_pip(self) -> tuple[list[str], list[str], dict[str, str]]:
        """The command `uv pip`, the options of its subcommands, and its environment."""
        options, environment = uv_settings(read_pip_listing(str(self.python)), os.environ)
        environment["VIRTUAL_ENV"] = str(self.folder)
        if not sys.stderr.isatty():
            options.append("--quiet")
        return [str(self.folder / "bin" / "uv"), "pip"], options, environment

    def _install_with_pip(self) -> None:
        # The lock is whole, and leaves out what nothing imports: nothing is to be worked out.
        exactly = self._pip_install("--require-hashes", "--no-deps")
        if not self._run([*exactly, "-r", str(self.requirements)], os.environ):
            raise PlatformError("Les paquets de requirements.txt ne s'installent pas.", NETWORK_ADVICE)
        if not self._run(self._pip_install(*ITSELF), os.environ):
            raise PlatformError(
                "Le projet lui-même ne s'installe pas dans .venv.",
                "Le message ci-dessus dit pourquoi ; rendez à pyproject.toml sa version enregistrée : "
                "git checkout pyproject.toml",
            )

    def _install_drivers(self, groups: Collection[str]) -> bool:
        """Installs the packages of groups that requirements.txt does not; False when one cannot be had."""
        packages = {name for group in groups for name in read_groups(self.root)[group]}
        locks = [file.read_text(encoding="utf-8") for file in (self.drivers, self.requirements)]
        wanted = requirements_of(packages, *locks)
        if not wanted:
            return True
        self._say(f"installation des pilotes : {', '.join(groups)}…")
        uv, options, environment = self._uv_pip()
        exactly = ("--require-hashes", "--no-deps")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / DRIVERS
            file.write_text(wanted, encoding="utf-8")
            return self._run([*uv, "install", *exactly, *options, "-r", str(file)], environment) or self._run(
                [*self._pip_install(*exactly), "-r", str(file)], os.environ
            )

    def _remove_unlocked(self) -> None:
        """Takes away what Python puts into a new environment and no lock holds to a version."""
        present = [name for name in UNLOCKED if list(self.folder.glob(f"lib/python*/site-packages/{name}"))]
        if present:
            quiet = ("--quiet", "--disable-pip-version-check", "--no-input", "--yes")
            self._run([str(self.python), "-m", "pip", "uninstall", *quiet, *present], os.environ)

    def _pip_install(self, *arguments: str) -> list[str]:
        options = ["--quiet", "--disable-pip-version-check", "--no-input"]
        if os.geteuid() == 0:
            options.append("--root-user-action=ignore")
        return [str(self.python), "-m", "pip", "install", *options, *arguments]

    def _run(self, command: list[str], environment: Mapping[str, str]) -> bool:
        """Runs a tool, its output on standard error; says every 15 s that it is still at work."""
        with subprocess.Popen(command, cwd=self.root, env=environment, stdout=sys.stderr) as process:
            while True:
                try:
                    return process.wait(timeout=15) == 0
                except subprocess.TimeoutExpired:
                    self._say("toujours en cours…")

    def _say(self, message: str) -> None:
        seconds = time.monotonic() - self._begun
        print(f"[{seconds:4.0f} s] mise en place : {message}", file=sys.stderr, flush=True)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _quoted(names: str) -> str:
    return f'"{names}"' if " " in names else names


def make_paths_relative(environment: Path) -> None:
    """Writes the paths of installed checkouts from their environment, instead of absolute.

    Until 3.12, Python reads these files in the encoding of the locale: where that is ASCII (LC_ALL=C), an
    accent in the path of the checkout would keep the interpreter from starting.
    """
    for file in environment.glob("lib/python*/site-packages/*.pth"):
        lines = file.read_text(encoding="utf-8").splitlines()
        if lines and all(line.startswith("/") for line in lines):
            relative = [os.path.relpath(line, file.parent) for line in lines]
            file.write_text("\n".join(relative) + "\n", encoding="utf-8")


def read_pip_listing(python: str) -> str:
    """What `pip config list` prints for that Python; empty when pip has nothing to say."""
    listing = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True)
    return listing.stdout if listing.returncode == 0 else ""


def uv_settings(listing: str, environ: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Tells uv, which does not read pip's configuration, where pip finds its packages.

    Args:
        listing: what `pip config list` prints.
        environ: the variables to start from; a UV_* variable already set wins.

    Returns:
        Options and environment for `uv pip`.
    """
    pip = read_pip_configuration(listing)
    environment = dict(environ)
    given = {
        "UV_DEFAULT_INDEX": pip.get("index-url"),
        "UV_INDEX": " ".join(pip.get("extra-index-url", "").split()),
        "UV_FIND_LINKS": ",".join(pip.get("find-links", "").split()),
        "UV_INSECURE_HOST": " ".join(pip.get("trusted-host", "").split()),
        "UV_HTTP_TIMEOUT": pip.get("timeout", pip.get("default-timeout")),
        "SSL_CERT_FILE": pip.get("cert"),
        "SSL_CLIENT_CERT": pip.get("client-cert"),
        "ALL_PROXY": pip.get("proxy"),
        # pip takes every index as equal; safe here, since each file is checked against its hash.
        "UV_INDEX_STRATEGY": "unsafe-best-match" if pip.get("extra-index-url") else None,
        "UV_PYTHON_DOWNLOADS": "never",
        # The cache is often on another disk, where hard links only make a warning.
        "UV_LINK_MODE": "copy",
    }
    for name, value in given.items():
        if value:
            environment.setdefault(name, value)
    options = ["--no-index"] if pip.get("no-index", "").lower() in {"1", "true", "yes", "on"} else []
    if not _has_cache(environment):
        options.append("--no-cache")
    return options, environment


def read_pip_configuration(listing: str) -> dict[str, str]:
    """Reads `pip config list` as pip does: `[install]` wins over `[global]`, the environment over both."""
    values: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for name, value in re.findall(rf"^{re.escape(section)}\.([\w-]+)=(.*)$", listing, re.MULTILINE):
            values[name] = str(ast.literal_eval(value))
    return values


def _has_cache(environ: Mapping[str, str]) -> bool:
    """False for an account without a home (a service, a container), where uv would refuse to start."""
    folder = environ.get("UV_CACHE_DIR") or environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
