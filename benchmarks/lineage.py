"""How long the check of personal data takes on a project made up for it.

The models call the project's own macros: for each source a typed staging, its écarts, an intermediate that
aggregates and joins, and a mart. No database is opened.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.pace import slowness
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project import parse
from donnees_au_centre.project.lineage import leaks, trace
from donnees_au_centre.project.lineage.compilation import compile_for_lineage
from donnees_au_centre.settings import NO_TELEMETRY, ROOT, SERVER_VARIABLES, Settings

# Of them, as in the project, few are dates, whose SQL is the longest by far.
COLUMNS, DATES = 25, 4
PROJECT = """
name: donnees_au_centre
version: "1.0"
config-version: 2
profile: donnees_au_centre
models: {donnees_au_centre: {+group: age}}
"""
GROUP = """
groups:
  - name: age
    owner: {name: Direction, email: owner.age@fwb.example}
"""
SOURCE = """
version: 2
sources:
  - name: s{n}
    schema: raw_age
    tables:
      - name: s{n}
        external: {{location: age/s{n}.csv}}
        columns:
          - {{name: nom, config: {{meta: {{donnee_personnelle: identifiant_direct}}}}}}
"""
TAGGED = """
version: 2
models:
  - name: {name}
    columns: [{{name: nom, config: {{meta: {{donnee_personnelle: identifiant_direct}}}}}}]
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the seconds of each part."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lineage", allow_abbrev=False)
    parser.add_argument("--modeles", type=int, default=300, help="nombre de modèles (300 par défaut)")
    count = parser.parse_args(arguments).modeles
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure(Path(folder), count)
    print(f"{count} modèles")
    for title, spent in seconds.items():
        print(f"  {title:<32} {spent:6.2f} s")
    print(f"  Machine {slowness():.1f} fois plus lente qu'une machine ordinaire.")
    return 0


def measure(folder: Path, count: int) -> dict[str, float]:
    """Seconds of each part of the check on a new project of some models, written in an empty folder.

    Raises:
        PlatformError: the project does not compile, a model is not traced, or a leak is found.
    """
    write_project(folder, count)
    settings = replace(Settings.load({}), root=folder, target_path=folder / "target")
    os.environ.update(dict.fromkeys(SERVER_VARIABLES, "1") | NO_TELEMETRY)
    times = [time.perf_counter()]
    parsed = parse(settings)
    times.append(time.perf_counter())
    compiled = compile_for_lineage(settings, parsed.project)
    times.append(time.perf_counter())
    lineage = trace(parsed.manifest, compiled.models, compiled.seal)
    found = leaks(lineage)
    times.append(time.perf_counter())
    if lineage.faults or found or len(compiled.models) != count:
        raise PlatformError(
            f"Le projet généré ne se lit pas comme prévu : {lineage.faults[:1]} {found[:1]}",
            "C'est une faute du lignage ou de ce banc d'essai : corrigez-la.",
        )
    names = ("lecture par dbt (toute entière)", "compilation", "lignage et fuites")
    spent = {name: end - begun for name, begun, end in zip(names, times, times[1:], strict=False)}
    return spent | {"en tout": times[-1] - times[0]}


def write_project(folder: Path, count: int) -> None:
    """Writes a project of `count` models."""
    (folder / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")
    for part in ("macros", "profiles"):
        shutil.copytree(ROOT / part, folder / part)
    (folder / "models/age").mkdir(parents=True)
    (folder / "models/age/_age.yml").write_text(GROUP, encoding="utf-8")
    written = 0
    for number in range(-(-count // 4)):
        models = folder / f"models/age/intermediate/s{number}"
        models.mkdir(parents=True)
        columns = "".join(f"          - name: c{place}\n" for place in range(COLUMNS))
        (models / "sources.yml").write_text(SOURCE.format(n=number) + columns, encoding="utf-8")
        for name, sql in _models(number)[: count - written]:
            (models / f"{name}.sql").write_text(sql, encoding="utf-8")
            (models / f"{name}.yml").write_text(TAGGED.format(name=name), encoding="utf-8")
            written += 1


def _models(number: int) -> list[tuple[str, str]]:
    """Name and SQL of the models of one source."""
    source = f"{{{{ source('s{number}', 's{number}') }}}}"
    places = range(COLUMNS)
    calls = [f"to_date('c{n}', 'yyyy-MM-dd')" if n < DATES else f"clean_text('c{n}')" for n in places]
    typed = ",\n".join(f"{{{{ {call} }}}} as c{place}" for place, call in enumerate(calls))
    rules = ",\n".join(
        f"optional('c{place}', is_date('c{place}', 'yyyy-MM-dd'), 'date impossible')"
        for place in range(DATES)
    )
    copies = ",\n".join(f"a.c{place}" for place in places)
    staging, middle = f"stg_s{number}", f"int_s{number}"
    other = f"{{{{ ref('int_s{number - 1}') }}}}" if number else source
    return [
        (
            staging,
            f"with source as (select * from {source}),\nfinal as (select {{{{ clean_text('nom') }}}} as nom, "
            f"source_ligne,\n{typed}\nfrom source)\nselect * from final",
        ),
        (
            f"{staging}_ecarts",
            f"{{{{ row_issues(source('s{number}', 's{number}'), [\n{rules}\n]) }}}}",
        ),
        (
            middle,
            f"with a as (select * from {{{{ ref('{staging}') }}}}),\n"
            "groupes as (select c1, max(c2) as dernier, "
            f"count(*) as nombre from a group by c1),\nautres as (select nom as autre_nom from {other}),\n"
            f"final as (select a.nom, groupes.dernier, groupes.nombre,\n{copies}\nfrom a\n"
            "inner join groupes on a.c1 = groupes.c1\nleft join autres on a.nom = autres.autre_nom)\n"
            "select * from final",
        ),
        (f"dim_s{number}", f"select * from {{{{ ref('{middle}') }}}} union all select * from {other}")
        if number
        else (f"dim_s{number}", f"select * from {{{{ ref('{middle}') }}}}"),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
