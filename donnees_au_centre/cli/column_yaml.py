"""The YAML of columns that people wrote, with a description more: comments and layout stay as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from donnees_au_centre.cli.new_model import WIDTH, quoted
from donnees_au_centre.cli.source_files import flow
from donnees_au_centre.errors import PlatformError


@dataclass(frozen=True)
class Said:
    """What is written of a column.

    Attributes:
        description: French.
        category: of personal data; None leaves what the YAML says.
        tags: of dbt, beside those that the YAML says.
    """

    description: str
    category: str | None = None
    tags: Sequence[str] = ()


def with_columns(text: str, path: Sequence[str], columns: Mapping[str, Said]) -> str:
    """The text of a YAML file of dbt, with what is said of some columns.

    Args:
        text: of the file.
        path: `models` and the name of a model, or `sources`, the name of the source and that of its table.
        columns: name -> what is written; one that the file does not list comes last.

    Raises:
        PlatformError: the file lists no such model or table, or what it says else would not stay.
    """
    done = text
    for name, said in columns.items():
        done = _with_column(done, path, name, said)
    expected = yaml.safe_load(text)
    for name, said in columns.items():
        _tell(_table(expected, path), name, said)
    if yaml.safe_load(done) != expected or done.count("#") < text.count("#"):
        raise PlatformError(
            f"Le YAML de {'.'.join(path[1:])} est écrit d'une façon que la commande ne sait pas compléter.",
            "Rien n'a été écrit : recopiez les propositions à la main.",
        )
    return done


def _table(content: Any, path: Sequence[str]) -> Any:
    """The model or table of a parsed file."""
    found = content
    for key, name in zip((path[0], "tables"), path[1:], strict=False):
        found = next(one for one in found[key] if one["name"] == name)
    return found


def _tell(table: dict[str, Any], name: str, said: Said) -> None:
    """Says of a parsed column what its text will say."""
    listed = table.setdefault("columns", [])
    column = next((one for one in listed if one["name"] == name), None)
    if column is None:
        column = {"name": name}
        listed.append(column)
    column["description"] = said.description
    if config := _config(column.get("config") or {}, said):
        column["config"] = config


def _config(before: Mapping[str, Any], said: Said) -> dict[str, Any]:
    config = dict(before)
    if said.category:
        config["meta"] = {**(config.get("meta") or {}), "donnee_personnelle": said.category}
    if said.tags:
        config["tags"] = sorted({*(config.get("tags") or ()), *said.tags})
    return config


def _with_column(text: str, path: Sequence[str], name: str, said: Said) -> str:
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, one in zip((path[0], "tables"), path[1:], strict=False):
        node = _named(_value(node, key), one)
        if node is None:
            raise PlatformError(
                f"Le YAML ne nomme pas {'.'.join(path[1:])} sous {path[0]}.",
                "Déclarez-le d'abord : make new-source ou make new-model l'écrit.",
            )
    listed = _value(node, "columns")
    column = _named(listed, name)
    if column is None:
        return _added(text, node, listed, name, said)
    return _changed(text, column, said)


def _changed(text: str, column: yaml.MappingNode, said: Said) -> str:
    """A listed column: its description is replaced, or comes after its name."""
    config = _value(column, "config")
    before = yaml.SafeLoader("").construct_document(config) if config else {}
    indent = column.start_mark.column
    pieces = {key.value: text[value.start_mark.index : _end(text, value)] for key, value in column.value}
    pieces["description"] = json.dumps(said.description, ensure_ascii=False)
    if said.category or said.tags:
        pieces["config"] = flow(_config(before or {}, said))
    ordered = {"name": pieces.pop("name"), "description": pieces.pop("description"), **pieces}
    if not column.flow_style:
        return _block(text, column, ordered, said)
    line = f"{{{', '.join(f'{key}: {value}' for key, value in ordered.items())}}}"
    if "\n" in line or indent + len(line) > WIDTH:
        line = _lines(ordered, said, indent)
    return text[: column.start_mark.index] + line + text[_end(text, column) :]


def _block(text: str, column: yaml.MappingNode, pieces: Mapping[str, str], said: Said) -> str:
    """A column of several lines: only the lines of what changes are written again."""
    indent = column.start_mark.column
    keys = {key.value: (key, value) for key, value in column.value}
    described = "\n".join(quoted("description", said.description, indent)).lstrip()
    changes = {"description": described}
    if said.category or said.tags:
        changes["config"] = f"config: {pieces['config']}"
    after = _line_end(text, _end(text, keys["name"][1]))
    for key, line in reversed(changes.items()):
        if key in keys:
            start, end = keys[key][0].start_mark.index, _end(text, keys[key][1])
            text = text[:start] + line + text[end:]
        else:
            place = after if key == "description" else _line_end(text, _end(text, column))
            text = f"{text[:place]}\n{' ' * indent}{line}{text[place:]}"
    return text


def _lines(pieces: Mapping[str, str], said: Said, indent: int) -> str:
    """A column of one line that has become too long, on several."""
    lines = []
    for key, value in pieces.items():
        lines += (
            quoted(key, said.description, indent)
            if key == "description"
            else [f"{' ' * indent}{key}: {value}"]
        )
    return "\n".join(lines).lstrip()


def _added(text: str, table: Any, listed: Any, name: str, said: Said) -> str:
    """A column that the file does not list, after the others."""
    above = listed.start_mark.column if listed else table.start_mark.column + 2
    pieces = {"name": name, "description": json.dumps(said.description, ensure_ascii=False)}
    if config := _config({}, said):
        pieces["config"] = flow(config)
    line = f"{{{', '.join(f'{key}: {value}' for key, value in pieces.items())}}}"
    if above + 2 + len(line) > WIDTH:
        line = _lines(pieces, said, above + 2)
    head = "" if listed else f"\n{' ' * table.start_mark.column}columns:"
    place = _line_end(text, _end(text, listed or table))
    return f"{text[:place]}{head}\n{' ' * above}- {line}{text[place:]}"


def _value(node: Any, key: str) -> Any:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def _named(listed: Any, name: str) -> Any:
    items = listed.value if isinstance(listed, yaml.SequenceNode) else ()
    return next((one for one in items if getattr(_value(one, "name"), "value", None) == name), None)


def _end(text: str, node: Any) -> int:
    """Where a value ends: of what is written over lines, after its last one, not before what follows."""
    if node.value and not getattr(node, "flow_style", True):
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    start: int = node.start_mark.index
    return start + len(text[start : node.end_mark.index].rstrip())


def _line_end(text: str, place: int) -> int:
    """Where the line of a place ends, after the comment that may stand there."""
    found = text.find("\n", place)
    return len(text) if found < 0 else found
