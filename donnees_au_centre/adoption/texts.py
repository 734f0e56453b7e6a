"""The files of a project as texts: which there are, SQL without its Jinja, YAML with its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.portability.template import Piece, split
from donnees_au_centre.reading import NO_YAML, text_fault

# Made by dbt and by tools, or the code of others: nobody hands that over.
LEFT_OUT = {
    ".git",
    ".venv",
    "venv",
    "target",
    "dbt_packages",
    "dbt_modules",
    "logs",
    "node_modules",
    "__pycache__",
}
YAML = (".yml", ".yaml")
LARGEST = 2_000_000
# No description of models has more values; aliases of aliases make millions of a few lines.
MOST_VALUES = 100_000
COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
REF = re.compile(r"\bref\s*\(\s*['\"]([\w.]+)['\"]\s*(?:,\s*['\"](\w+)['\"])?")
SOURCE = re.compile(r"\bsource\s*\(\s*['\"](\w+)['\"]\s*,\s*['\"](\w+)['\"]")
CONFIG = re.compile(r"^\{\{[-+]?\s*config\s*\(", re.DOTALL)


@dataclass(frozen=True)
class Line:
    """A value of a YAML file.

    Attributes:
        keys: from the root to the value; the place in a list as a number.
        value: a scalar as it is written; None for a mapping or a list.
        number: the line of its key, from 1.
    """

    keys: tuple[str | int, ...]
    value: str | None
    number: int


def files_of(root: Path) -> Iterator[Path]:
    """The files of a project, relative to its root; no link is followed."""
    for path in sorted(root.iterdir()):
        if path.is_symlink() or path.name in LEFT_OUT:
            continue
        if path.is_dir():
            yield from (Path(path.name) / inner for inner in files_of(path))
        elif path.is_file():
            yield Path(path.name)


def text_of(file: Path) -> str | None:
    """The text of a file, line ends as \\n; None for what is no text in UTF-8, or is too large for one."""
    if file.stat().st_size > LARGEST:
        return None
    try:
        return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None


def why_unread(file: Path) -> str:
    """Why a file has no text here, in French; "" when its name is all that counts."""
    if file.stat().st_size > LARGEST:
        return "" if file.suffix == ".csv" else "n'est pas lu : il dépasse 2 Mo"
    return f"n'est pas lu : {text_fault(file)}"


def plain_sql(template: str) -> str:
    """The SQL of a model with names for its Jinja, nothing being rendered; every line stays where it was.

    A reference is the name of what it reads, another tag that writes is a name, the rest is blank: of a
    condition, every branch stands.
    """
    return "".join(_plain(piece) for piece in split(template))


def _plain(piece: Piece) -> str:
    if piece.literal:
        return piece.text
    name = ""
    if piece.kind == "output" and not CONFIG.match(piece.text):
        if found := SOURCE.search(piece.text):
            name = f"{found[1]}_{found[2]}"
        elif found := REF.search(piece.text):
            name = found[2] or found[1]
        else:
            name = "jinja"
    return name + "\n" * piece.text.count("\n")


def without_comments(text: str) -> str:
    """SQL with blanks for its comments, each on as many lines."""
    return COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def without_jinja_comments(text: str) -> str:
    """A template with blanks for its comments, each on as many lines."""
    return "".join(
        re.sub(r"[^\n]", " ", piece.text) if piece.kind == "comment" else piece.text for piece in split(text)
    )


def line_at(text: str, offset: int) -> int:
    """The line of a character, from 1."""
    return text.count("\n", 0, offset) + 1


def yaml_lines(text: str) -> Iterator[Line]:
    """Every value of a YAML text, with its line; nothing of a text that is no YAML."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except NO_YAML:
        return
    if root is not None:
        yield from islice(_lines(root, (), 1), MOST_VALUES)


def _lines(node: yaml.Node, keys: tuple[str | int, ...], number: int) -> Iterator[Line]:
    if isinstance(node, yaml.ScalarNode):
        yield Line(keys, str(node.value), number)
        return
    yield Line(keys, None, number)
    # An alias may lead back to what holds it.
    if len(keys) > 30:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*keys, str(key.value)), key.start_mark.line + 1)
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            yield from _lines(value, (*keys, place), value.start_mark.line + 1)


def mapping(value: Any) -> dict[str, Any]:
    """A mapping as it is, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[dict[str, Any]]:
    """The mappings of a list; none for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
