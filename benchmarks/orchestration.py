"""What Dagster adds to dbt: the CPU of a Dagster step against that of the bare `dbt build` it makes.

`python -m benchmarks.orchestration [domain]`, over a database where the landing zone is loaded, with
the environment that `make -s env` gives. Imports of Dagster and of dbt into this process are not counted; the
bare command pays its own, and so a stricter figure stands beside it: dbt in a process that has it imported.
The same step is measured with dbt in a child process (DBT_TRANSPORT=enfant), which pays its own too.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import dagster as dg

from donnees_au_centre.building.dbt_run import DbtRun
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.keys import session_keys
from donnees_au_centre.project import parse
from donnees_au_centre.project.nodes import Manifest, domains_in
from donnees_au_centre.settings import CHILD, INSIDE, Settings
from orchestration.assets import read_assets
from orchestration.factory import build_definitions
from orchestration.home import prepare_home

ENOUGH = 50
LIMIT = 1.8
ROUNDS = 3


@dataclass
class Figures:
    """CPU seconds (user and system, children included), one value a round.

    Attributes:
        nodes: how many models, seeds and tests each round builds.
        command: `dbt build` as a command.
        imported: the same, in a process that has dbt imported.
        step: the Dagster step, in a process that has Dagster and dbt imported.
        child: the same, with dbt in a child process.
    """

    nodes: int
    command: list[float] = field(default_factory=list)
    imported: list[float] = field(default_factory=list)
    step: list[float] = field(default_factory=list)
    child: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The step over the command: median of the rounds."""
        return _ratio(self.step, self.command)

    @property
    def strict_ratio(self) -> float:
        """The step over dbt already imported: median of the rounds."""
        return _ratio(self.step, self.imported)

    @property
    def child_ratio(self) -> float:
        """The step with dbt in a child process over the command: median of the rounds."""
        return _ratio(self.child, self.command)


def measure(settings: Settings, domain: str | None = None, rounds: int = ROUNDS) -> Figures:
    """Measures alternately, after one round that nobody counts.

    Args:
        domain: the domain with most nodes if None.
        rounds: how many times each is measured.

    Raises:
        PlatformError: fewer than ENOUGH nodes, or something failed to build.
    """
    parsed = parse(settings)
    sizes = {name: _size(parsed.manifest, name) for name in [domain] if name} or {
        name: _size(parsed.manifest, name) for name in domains_in(settings.root)
    }
    chosen = max(sizes, key=lambda name: sizes[name])
    if sizes[chosen] < ENOUGH:
        raise PlatformError(
            f"Le domaine {chosen} n'a que {sizes[chosen]} nœuds : trop peu pour mesurer.",
            f"Choisissez un domaine d'au moins {ENOUGH} nœuds.",
        )
    held = read_assets(parsed.manifest, [chosen])
    jobs = {
        way: build_definitions(
            replace(settings, transport=way), parsed.manifest, [chosen], name=chosen
        ).resolve_job_def(chosen)
        for way in (INSIDE, CHILD)
    }
    arguments = ["build", "--select", *held.selection, "--indirect-selection", "empty"]

    def command(folder: Path) -> None:
        bare = [str(Path(sys.executable).with_name("dbt")), "--quiet", *arguments]
        places = {"--project-dir": settings.root, "--profiles-dir": settings.root / "profiles"}
        options = [str(part) for pair in places.items() for part in pair]
        subprocess.run(
            [*bare, *options, "--target", settings.target, "--log-path", str(folder)],
            env={**os.environ, "DBT_TARGET_PATH": str(settings.target_path)},
            check=True,
        )

    def imported(_folder: Path) -> None:
        run = DbtRun(settings, chosen, parse(settings).project, arguments)
        if any(result.bad for result in run.results()) or run.error:
            raise PlatformError(f"dbt build de {chosen} échoue : {run.error or ''}", "Lancez make build.")

    def step(folder: Path, way: str = INSIDE) -> None:
        with patch.dict(os.environ, {"DAGSTER_HOME": str(folder)}):
            home = prepare_home(settings)
            with dg.DagsterInstance.from_config(str(home)) as instance:
                jobs[way].execute_in_process(
                    instance=instance,
                    asset_selection=list(held.models),
                    run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
                )

    figures = Figures(sizes[chosen])
    # The step takes the keys of its domain by itself; dbt alone is given them.
    with session_keys([chosen], settings), tempfile.TemporaryDirectory() as folder:
        for counted in [False, *[True] * rounds]:
            for values, work in (
                (figures.command, command),
                (figures.imported, imported),
                (figures.step, step),
                (figures.child, partial(step, way=CHILD)),
            ):
                seconds = _cpu_of(work, Path(folder))
                if counted:
                    values.append(seconds)
    return figures


def _ratio(values: list[float], others: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(values, others, strict=True))


def _size(manifest: Manifest, domain: str) -> int:
    try:
        held = read_assets(manifest, [domain])
    except PlatformError:
        return 0
    return len(held.models) + len(held.tests)


def _cpu_of(work: Callable[[Path], None], folder: Path) -> float:
    before = _cpu()
    work(folder)
    return _cpu() - before


def _cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> int:
    """Prints the figures; returns 1 when Dagster costs too much."""
    try:
        figures = measure(Settings.load(), sys.argv[1] if len(sys.argv) > 1 else None)
    except PlatformError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{figures.nodes} nœuds, {len(figures.step)} mesures, secondes de processeur :")
    for title, values in {
        "dbt build, la commande": figures.command,
        "dbt build, imports faits": figures.imported,
        "étape Dagster, imports faits": figures.step,
        "étape Dagster, dbt enfant": figures.child,
    }.items():
        print(f"  {title:<30} {statistics.median(values):6.2f}   ({', '.join(f'{v:.2f}' for v in values)})")
    print(f"  étape / commande               {figures.ratio:6.2f}   (au plus {LIMIT})")
    print(f"  étape / dbt déjà importé       {figures.strict_ratio:6.2f}")
    print(f"  étape, dbt enfant / commande   {figures.child_ratio:6.2f}")
    return 0 if figures.ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
