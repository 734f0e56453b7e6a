"""Where things are and which database a command speaks to, decided once from the environment."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from donnees_au_centre.errors import PlatformError

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_DATABASE = "donnees_au_centre"
TARGETS = ("dev", "ci", "staging", "prod")
# How Dagster's steps run dbt: in their own process, or in a child of it.
INSIDE, CHILD = TRANSPORTS = ("interne", "enfant")
# The folders of what a checkout makes, beside its environment and its server.
RESULTS = ("target", "build", "logs", ".dagster")
# Where rows count: the invented sample does not go there by accident.
SERVING = ("staging", "prod")
SERVER_VARIABLES = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE")

# Every tool that would call home, told not to; child processes inherit it.
NO_TELEMETRY = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
}


@dataclass(frozen=True)
class Settings:
    """The places and names one command works with.

    Attributes:
        root: the checkout.
        target: the dbt target, one of TARGETS; `dev` means the embedded server.
        landing: the landing zone, absolute.
        database: name of the PostgreSQL database.
        target_path: dbt's artefacts for that database (the name of the database is in the manifest,
            so each database has a folder of its own).
        state: folder of the embedded server.
        build: results for people (summary, pages).
        transport: how Dagster's steps run dbt, one of TRANSPORTS.
    """

    root: Path
    target: str
    landing: Path
    database: str
    target_path: Path
    state: Path
    build: Path
    transport: str = INSIDE

    @property
    def embedded(self) -> bool:
        """True when the platform runs its own PostgreSQL."""
        return self.target == "dev"

    @property
    def sample(self) -> bool:
        """True when the landing zone is the project's own, and invented by dev/sample/."""
        return self.landing == self.root / "landing" and (self.root / "dev" / "sample").is_dir()

    @property
    def dagster_home(self) -> Path:
        """Dagster's history: DAGSTER_HOME when it is set, else .dagster/ in the checkout."""
        return Path(os.environ.get("DAGSTER_HOME") or self.root / ".dagster").absolute()

    @property
    def manifest_path(self) -> Path:
        """dbt's manifest of the last successful parse."""
        return self.target_path / "manifest.json"

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ, root: Path = ROOT) -> Settings:
        """Reads DBT_TARGET, DBT_TRANSPORT, LANDING and, outside `dev`, the PG* variables.

        Raises:
            PlatformError: an unknown target or transport, a landing zone that is no folder, a missing
                variable, or the project's sample for a target of SERVING, without BASE to say so.
        """
        target = environ.get("DBT_TARGET") or "dev"
        if target not in TARGETS:
            raise PlatformError(
                f"La cible DBT_TARGET={target} n'existe pas.",
                f"Choisissez parmi {', '.join(TARGETS)} (voir profiles/profiles.yml).",
            )
        transport = environ.get("DBT_TRANSPORT") or INSIDE
        if transport not in TRANSPORTS:
            raise PlatformError(
                f"Le transport DBT_TRANSPORT={transport} n'existe pas.",
                f"Choisissez parmi {', '.join(TRANSPORTS)}, ou rien pour {INSIDE} : "
                "docs/exploitant/installation.md.",
            )
        landing = landing_folder(environ.get("LANDING"), root)
        if target == "dev":
            database = database_for(landing, root)
        else:
            missing = [name for name in SERVER_VARIABLES if not environ.get(name)]
            if missing:
                raise PlatformError(
                    f"La cible {target} a besoin de variables absentes : {', '.join(missing)}.",
                    f"Définissez-les (export {missing[0]}=…) ; docs/exploitant/installation.md les explique.",
                )
            database = environ["PGDATABASE"]
            address = database_address(database, environ["PGHOST"], environ["PGPORT"])
            if target in SERVING and landing == root / "landing" and environ.get("BASE") != address:
                raise PlatformError(
                    f"La zone de dépôt serait l'échantillon inventé du projet, pour la base {address} "
                    f"(cible {target}).",
                    f"Donnez la vraie zone (LANDING=…), ou une autre cible. Pour l'y vouloir quand même : "
                    f"la même commande avec BASE={address}.",
                )
        return cls(
            root=root,
            target=target,
            landing=landing,
            database=database,
            target_path=root / "target" / database,
            state=root / ".warehouse",
            build=root / "build",
            transport=transport,
        )


def database_address(database: str, host: str, port: str | int) -> str:
    """How a person names a database: `<database>@<server>`, and its port when it is not the usual one."""
    return f"{database}@{host}" + ("" if str(port) == "5432" else f":{port}")


def landing_folder(given: str | None, root: Path) -> Path:
    """Resolves LANDING: absolute, or relative to the folder the user is in, else to the checkout.

    Raises:
        PlatformError: no such folder.
    """
    if not given:
        return root / "landing"
    for base in (Path.cwd(), root):
        candidate = (base / given).resolve()
        if candidate.is_dir():
            return candidate
    raise PlatformError(
        f"La zone de dépôt LANDING={given} n'est pas un dossier.",
        "Donnez un dossier de la forme <zone>/<ag>/<source>/<fichier>, ou rien pour l'échantillon du projet.",
    )


def database_for(landing: Path, root: Path) -> str:
    """Names the database of a landing zone, so that synthetic and real rows never mix.

    Returns:
        DEFAULT_DATABASE for the project's own sample, else a readable name made unique by the path.
    """
    if landing == root / "landing":
        return DEFAULT_DATABASE
    words = re.sub(r"[^a-z0-9]+", "_", "_".join(landing.parts[-2:]).lower()).strip("_")
    digest = hashlib.sha256(str(landing).encode()).hexdigest()[:6]
    return f"{DEFAULT_DATABASE}_{words[:30]}_{digest}"
