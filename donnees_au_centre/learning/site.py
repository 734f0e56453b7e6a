"""Writes the site: its page and scripts, PostgreSQL for the browser, exercises, tables, lineage."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from donnees_au_centre.learning.exercises import KINDS, Course, Exercise, Idea
from donnees_au_centre.learning.sample import Table, statements
from donnees_au_centre.pages import environment, replaced
from donnees_au_centre.project.lineage import ColumnId, Lineage

HERE = Path(__file__).parent
STATIC = HERE / "static"
ENGINE, ROWS = "pglite", "donnees"
# What the page fetches before it answers, beside its scripts.
PIECES = ("pglite.wasm", "initdb.wasm", "pglite.data")
SCRIPTS = ("index.js", "chunk-*.js")


def write_site(
    courses: Mapping[str, Course],
    ideas: Mapping[str, Idea],
    tables: Iterable[Table],
    lineage: Lineage,
    engine: Path,
    folder: Path,
    now: datetime,
    others: Sequence[tuple[str, str]] = (),
) -> Path:
    """Writes the site in place of the last one, at once.

    Args:
        tables: that the exercises name.
        engine: the installed package of PGlite.
        folder: of the site; what it held is gone afterwards.
        now: when it is written, with its time zone.
        others: title and address of the sites that will be published beside it.

    Returns:
        The page.
    """
    tables = list(tables)
    version = json.loads((engine / "package.json").read_text("utf-8"))["version"]
    with replaced(folder) as made:
        for path in STATIC.iterdir():
            shutil.copyfile(path, made / path.name)
        (made / ENGINE).mkdir()
        shutil.copyfile(engine / "LICENSE", made / ENGINE / "LICENSE")
        for pattern in (*SCRIPTS, *PIECES):
            for path in (engine / "dist").glob(pattern):
                shutil.copyfile(path, made / ENGINE / path.name)
        (made / ROWS).mkdir()
        (made / ROWS / "schema.sql").write_text(statements(tables), "utf-8")
        for table in tables:
            (made / ROWS / f"{table.name}.copy").write_bytes(table.rows)
        fetched = [made / ENGINE / piece for piece in PIECES] + list((made / ROWS).iterdir())
        _write(made / "contenu.json", content(courses, ideas, tables, sum(f.stat().st_size for f in fetched)))
        _write(made / "lignage.json", {table.name: origins(table, lineage) for table in tables})
        page = environment(HERE / "templates").get_template("apprendre.html.j2")
        (made / "index.html").write_text(
            page.render(root="", version=version, made_at=now, beside=others), "utf-8"
        )
    return folder / "index.html"


def content(
    courses: Mapping[str, Course], ideas: Mapping[str, Idea], tables: Iterable[Table], size: int
) -> dict[str, Any]:
    """What the page says and asks; wrong answers are for the tests alone.

    Args:
        size: bytes that the page fetches before it answers.
    """
    tables = list(tables)
    return {
        "bytes": size,
        "marts": {table.name.partition(".")[2]: table.name for table in tables},
        "tables": [
            {
                "name": table.name,
                "description": table.description,
                "lignes": table.count,
                "columns": [
                    {"nom": column.name, "type": column.data_type, "description": column.description}
                    for column in table.columns
                ],
            }
            for table in tables
        ],
        "parcours": [
            {
                "id": name,
                "nom": course.title,
                "but": course.goal,
                "exercices": [_asked(exercise) for exercise in course.exercises],
            }
            for name, course in courses.items()
        ],
        "genres": KINDS,
        "idees": {name: idea.model_dump(by_alias=True) for name, idea in ideas.items()},
    }


def _asked(exercise: Exercise) -> dict[str, Any]:
    return exercise.model_dump(by_alias=True, exclude={"wrong"}, exclude_none=True)


def origins(table: Table, lineage: Lineage) -> dict[str, list[tuple[int, str, str, bool]]]:
    """Column -> what it is made from, up to the sources: depth, name, what is done, if received."""
    return {
        column.name: list(_walk(ColumnId(table.unique_id, column.name), lineage, 0, set()))
        for column in table.columns
        if ColumnId(table.unique_id, column.name) in lineage.columns
    }


def _walk(
    column: ColumnId, lineage: Lineage, depth: int, seen: set[ColumnId]
) -> Iterator[tuple[int, str, str, bool]]:
    for origin in lineage.upstream(column):
        if origin.column in seen:
            continue
        seen.add(origin.column)
        source = lineage.relations[origin.column.relation].kind == "source"
        yield depth, lineage.label(origin.column), origin.operation, source
        yield from _walk(origin.column, lineage, depth + 1, seen)


def _write(path: Path, said: Any) -> None:
    path.write_text(json.dumps(said, ensure_ascii=False, separators=(",", ":")), "utf-8")
