"""The blocks of code of the documentation: commands that exist, SQL, YAML and Python that are read.

What a reader cannot play as it stands says so after its language: `nonjoue`. The others are played against a
demo by tests/e2e/test_documented_commands.py.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import sqlglot
import yaml
from jinja2 import nodes as jinja
from jsonschema import Draft202012Validator, FormatChecker

from donnees_au_centre.assistance.texts import targets
from donnees_au_centre.cli.schemas import schema_texts
from donnees_au_centre.landing import read_declarations
from donnees_au_centre.pages.documentation.markdown import Block, blocks, code_of
from donnees_au_centre.project.rules.casting import JINJA
from donnees_au_centre.settings import ROOT
from tests.documented import SHELL, STORIES, played, told_by
from tests.unit.landing_sources import as_nodes, source

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".agents").rglob("*.md")])
BLOCKS = [(page, block) for page in PAGES for block in blocks(page.read_text("utf-8"))]
# Options of every command: a landing zone, the Python of the first one, the name of a base elsewhere.
EVERYWHERE = {"BASE", "LANDING", "PYTHON"}
HELP = {name: says for _, name, says in targets(ROOT)}
# What nobody regrets having typed.
READING = (
    *("alert", "connections", "contracts", "descriptions", "digest", "drivers"),
    *("lineage", "show", "site", "why"),
)
OPTION = re.compile(r"([A-Z_]+)=")
# A key of a block -> the schema of the file where it goes, and what is around it there.
SCHEMAS: dict[str, tuple[str, str]] = {
    "acces_par_defaut": ("gouvernance", "group"),
    "external": ("gouvernance", "table"),
    "gels": ("gels", ""),
    "models": ("gouvernance", ""),
    "nom": ("consommateurs", ""),
    "purges": ("purge", ""),
    "sources": ("gouvernance", ""),
}
# What a page leaves to its reader -> what a reader would write.
LEFT = {'courriel: "…"': "courriel: direction.age@fwb.example", "<64 chiffres>": "ab" * 32}


def place(page: Path, block: Block) -> str:
    return f"{page.relative_to(ROOT)}:{block.line}"


def named(*languages: str) -> list[Any]:
    """The blocks that are to be read, by their place."""
    found = [(page, block) for page, block in BLOCKS if block.language in languages and block.played]
    return [pytest.param(block, id=place(page, block)) for page, block in found]


def test_every_block_says_its_language_and_marks_what_nobody_plays() -> None:
    known = {*SHELL, "console", "sql", "yaml", "python", "json", "ini", "nginx", "mermaid", "text", ""}
    marks = {mark for _, block in BLOCKS for mark in block.marks}
    assert {block.language for _, block in BLOCKS} <= known and marks == {"nonjoue"}
    assert len(list(played())) >= 3
    assert all(told_by(story) for story in STORIES)


def test_the_commands_of_the_pages_exist_with_their_options() -> None:
    lost = []
    for page in PAGES:
        for line in "\n".join(code_of(page.read_text("utf-8"))).splitlines():
            for name, options in re.findall(r"\bmake (?:-s )?([a-z][a-z-]+)\b([^;&|)`#]*)", line):
                told = set(OPTION.findall(" ".join(re.findall(r" ([A-Z_]+=)", options))))
                unknown = told - EVERYWHERE - set(OPTION.findall(HELP.get(name, "")))
                lost += [f"{page.relative_to(ROOT)}: make {name} {one}=" for one in unknown]
                lost += [] if name in HELP else [f"{page.relative_to(ROOT)}: make {name}"]
    assert lost == []


@pytest.mark.parametrize("block", [pytest.param(block, id=place) for place, block in played()])
def test_a_block_that_is_played_only_reads(block: Block) -> None:
    for line in block.text.splitlines():
        words = shlex.split(line, comments=True)
        assert words[0] == "make" and "CONFIRMER=1" not in words
        assert words[1] in READING


@pytest.mark.parametrize("block", named("sql"))
def test_sql_is_read_by_postgresql_or_by_jinja(block: Block) -> None:
    if "{{" not in block.text:
        for statement in sqlglot.parse(block.text, read="postgres"):
            assert statement is not None
        return
    # As dbt reads a model; the macros that it calls are the project's.
    calls = [one.node for one in JINJA.parse(block.text).find_all(jinja.Call)]
    names = {one.name for one in calls if isinstance(one, jinja.Name)}
    assert names and names - {"source", "ref"} <= macros()


def macros() -> set[str]:
    """The names of the project's macros."""
    texts = (path.read_text("utf-8") for path in (ROOT / "macros").rglob("*.sql"))
    return {name for text in texts for name in re.findall(r"\{%-?\s*macro\s+(\w+)", text)}


def test_python_compiles_and_json_is_read() -> None:
    for page, block in BLOCKS:
        if block.language == "python" and block.played:
            compile(block.text, place(page, block), "exec")
        if block.language == "json" and block.played:
            assert json.loads(block.text)
    for path in (ROOT / "docs").rglob("*.py"):
        compile(path.read_text("utf-8"), str(path), "exec")


@pytest.mark.parametrize("block", named("yaml"))
def test_yaml_is_read_and_follows_the_schema_of_its_file(block: Block) -> None:
    text = block.text
    for left, written in LEFT.items():
        text = text.replace(left, written)
    said = yaml.safe_load(text)
    for key, (schema, around) in SCHEMAS.items():
        if not isinstance(said, dict) or key not in said:
            continue
        around_it: dict[str, Any] = {
            "group": {"groups": [{"name": "g", "config": {"meta": said}}]},
            "table": {"sources": [{"name": "s", "tables": [{"name": "t", **said}]}]},
        }
        # Editors read YAML 1.2, where a date is a text.
        content = json.loads(json.dumps(around_it.get(around, said), default=str))
        validator = Draft202012Validator(json.loads(schema_texts()[schema]), format_checker=FormatChecker())
        assert [one.message for one in validator.iter_errors(content)] == []
    for table in tables(said):
        declared = source(name=table.get("name", "t"), columns=columns_of(table))
        assert read_declarations(as_nodes(declared | {"external": table["external"]}))


def columns_of(table: dict[str, Any]) -> list[str]:
    """The columns of an example: those that it declares, and those that it names and leaves to the reader."""
    external = table["external"]
    options = external.get("options") or {}
    update = options.get("incremental") or {}
    found = [
        *(one["name"] for one in table.get("columns") or ()),
        *(options.get("widths") or ()),
        *(options.get("parents") or ()),
        *filter(None, [update.get("cursor")]),
        *update.get("key", ()),
        *re.findall(r"\{(\w+)", external["location"]),
    ]
    return list(dict.fromkeys(found)) or ["une_colonne"]


def tables(said: Any) -> list[dict[str, Any]]:
    """The source tables that a block declares."""
    if isinstance(said, list):
        return [table for one in said for table in tables(one)]
    if not isinstance(said, dict):
        return []
    inner = [*(said.get("sources") or ()), *(said.get("tables") or ())]
    return [*([said] if "external" in said else []), *tables(inner)]
