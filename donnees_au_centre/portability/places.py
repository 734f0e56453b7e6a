"""Where a finding is shown: a file, a line, a column, and the call that wrote the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.portability.template import Piece, SourceMap

# A call is shown to be recognised, not read.
CALL_LENGTH = 70


@dataclass(frozen=True, order=True)
class Place:
    """A place in a file of the project.

    Attributes:
        file: path from the root of the checkout.
        line, column: from 1; column 1 for a test declared in YAML.
        call: the tag or the test that wrote the SQL, shortened; None when the text stands in the file.
    """

    file: str
    line: int
    column: int
    call: str | None = field(compare=False)

    def __str__(self) -> str:
        """`file:line:column`, which editors and terminals know how to open."""
        return f"{self.file}:{self.line}:{self.column}"


def place_in(file: str, text: str, source: SourceMap, offset: int) -> Place:
    """Finds the place of one character of compiled SQL.

    Args:
        file: path of the template, from the root.
        text: the template.
        source: from the compiled SQL to the template.
        offset: in the compiled SQL.
    """
    run = source.run_at(offset)
    start = source.source_offset(offset)
    if run is None or start is None:
        return Place(file, 1, 1, None)
    line = text.count("\n", 0, start) + 1
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    return Place(file, line, column, None if run.piece.literal else shortened(run.piece))


def shortened(piece: Piece) -> str:
    """A tag on one line, its middle left out when it is long."""
    inside = " ".join(re.sub(r"^\{[{%][-+]?|[-+]?[}%]\}$", "", piece.text).split())
    if len(inside) > CALL_LENGTH:
        inside = inside[: CALL_LENGTH - 1].rstrip() + "…"
    opening, closing = ("{%", "%}") if piece.kind == "statement" else ("{{", "}}")
    return f"{opening} {inside} {closing}"


def place_of_test(root: Path, node: Any) -> Place:
    """Finds where a generic test is declared; as near as the YAML tells, and line 1 of its file at worst.

    Args:
        root: the checkout.
        node: the test in dbt's manifest.
    """
    file = node.original_file_path
    name = node.test_metadata.name
    # dbt attaches tests to models only: that of a source table names it among what it reads.
    about = node.attached_node or next(
        (one for one in node.depends_on.nodes if one.startswith("source.")), ""
    )
    # All the versions of a model stand below its name.
    model = about.split(".")[2 if about.startswith("model.") else -1]
    call = f"test {name} de {model}.{node.column_name}" if node.column_name else f"test {name} de {model}"
    return Place(file, _line_of_test(root / file, model, node.column_name, name), 1, call)


def _line_of_test(path: Path, model: str, column: str | None, test: str) -> int:
    document = _composed(path)
    line = 1
    for owner in _named(_items(document, "models", "seeds", "sources", "snapshots"), model):
        line = owner.start_mark.line + 1
        holders = [owner]
        if column is not None:
            holders = list(_named(_items(owner, "columns"), column)) or holders
            line = holders[0].start_mark.line + 1
        for holder in holders:
            for item in _items(holder, "data_tests", "tests"):
                keys = [key for key, _ in item.value] if isinstance(item, yaml.MappingNode) else [item]
                if any(str(key.value).split(".")[-1] == test for key in keys):
                    return item.start_mark.line + 1
    return line


@lru_cache(maxsize=64)
def _composed(path: Path) -> yaml.Node | None:
    try:
        return yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, yaml.YAMLError):
        return None


def _items(node: yaml.Node | None, *keys: str) -> Iterator[yaml.Node]:
    """The items of the lists that a mapping holds under these keys; a source's tables count as items."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if key.value in keys and isinstance(value, yaml.SequenceNode):
            for item in value.value:
                yield item
                if key.value == "sources":
                    yield from _items(item, "tables")


def _named(items: Iterator[yaml.Node], name: str) -> Iterator[yaml.Node]:
    for item in items:
        if isinstance(item, yaml.MappingNode):
            for key, value in item.value:
                if key.value == "name" and value.value == name:
                    yield item
