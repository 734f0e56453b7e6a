"""What `make new-source` finds in a folder of files, by what people wrote down who opened them.

Of each file, in a YAML: `format`, `encoding`, `delimiter`, `header` (its line, 0 for none, or pairs of line
and height that are each right), `sheet`, `rows` (the path of a JSON), `types` (a word for each column, `e*8`
for eight of them), `personal` (places of columns, from 1), and of a JSON `named` and `named_personal`; and
`by_person`, for what a person answers there who is asked whether each row is about somebody. What is not
said is not judged.
"""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.discovery.look import FileLook, look
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.identifiers import to_identifier

# The macros that a careful analyst takes for what a word of `types` says.
_CODE = {"clean_text", "to_code", "to_bce_number", "school_key", "school_year"}
_WHOLE, _DECIMAL, _DAY, _BOOLEAN = {"to_integer"}, {"to_decimal"}, {"to_date"}, {"to_boolean"}
TYPES: Mapping[str, set[str]] = {
    "t": {"clean_text", "school_year", "to_code"},
    "e": _WHOLE,
    "d": _DECIMAL,
    "j": _DAY,
    "b": _BOOLEAN,
    "k": _CODE,
    "n": _CODE | _WHOLE,
    "m": _WHOLE | _DECIMAL,
    "z": _BOOLEAN | _WHOLE,
    "y": _BOOLEAN | {"clean_text", "to_code"},
    "q": _DAY | {"to_moment", "clean_text"},
    "w": _WHOLE | _DECIMAL | {"clean_text", "to_code"},
}


def score(folder: Path, expected: Path) -> int:
    """Prints what is right in a folder; 0 when the goals are met.

    Args:
        folder: where the files lie.
        expected: the YAML that says what they are.
    """
    wanted: Mapping[str, Mapping[str, Any]] = yaml.safe_load(expected.read_text(encoding="utf-8"))
    total: Counter[str] = Counter()
    slowest = (0.0, "")
    for name, said in wanted.items():
        begun = time.process_time()
        try:
            with (folder / name).open("rb") as file:
                found: FileLook | None = look(file)
            faults = list(_faults(said, found, total)) if found else []
        except PlatformError as error:
            faults = list(_faults(said, None, total))
            faults.append(f"refused: {error}")
        except Exception:  # what the benchmark is there to count
            total["crashes"] += 1
            faults = [*_faults(said, None, total), f"CRASH {traceback.format_exc(limit=-1)}"]
        slowest = max(slowest, (time.process_time() - begun, name))
        print(f"{name}: {'; '.join(faults) or 'right'}")
    for what in ("format", "header", "columns", "personal"):
        print(f"{what}: {total[what]} of {total[f'{what} of']} right")
    print(f"missed: {total['personal of'] - total['personal']} personal columns; alarms: {total['alarms']}")
    print(
        f"of {total['seen']} columns; crashes: {total['crashes']}; slowest: {slowest[0]:.1f} s {slowest[1]}"
    )
    met = (
        total["format"] == total["format of"]
        and total["header"] >= 0.96 * total["header of"]
        and total["columns"] >= 0.95 * total["columns of"]
        and total["personal"] == total["personal of"]
    )
    return 0 if met else 1


def _faults(said: Mapping[str, Any], found: FileLook | None, total: Counter[str]) -> Iterator[str]:
    yield from _layout(said, found, total)
    if found is None:
        return
    columns = {one.name: one for one in found.table.columns}
    places = list(found.table.columns)
    total["seen"] += len(places)
    types = list(_types(said.get("types", "")))
    judged = [(place, kind) for place, kind in enumerate(types) if kind != "."]
    # As the file names them, or as the identifiers that they get.
    named = {to_identifier(name, 1): kind for name, kind in said.get("named", {}).items()}
    total["columns of"] += len(judged) + len(named)
    right = [(places[place] if place < len(places) else None, kind) for place, kind in judged]
    right += [(columns.get(name), kind) for name, kind in named.items()]
    for column, kind in right:
        fits = column is not None and column.typing.macro in TYPES[kind]
        total["columns"] += fits
        if not fits:
            yield f"{column.name} is {kind}, found {column.typing.macro}" if column else "one is missing"
    if types and len(types) != len(places):
        yield f"{len(types)} columns, found {len(places)}"
    people: set[str] = {places[place - 1].name for place in said.get("personal", []) if place <= len(places)}
    people |= {to_identifier(name, 1) for name in said.get("named_personal", [])}
    total["personal of"] += len(said.get("personal", [])) + len(said.get("named_personal", []))
    for name in people:
        known = name in columns and (said.get("by_person", False) or columns[name].personal is not None)
        total["personal"] += known
        if not known:
            yield f"{name} is personal, and was MISSED"
    total["alarms"] += sum(one.personal is not None and one.name not in people for one in places)


def _layout(said: Mapping[str, Any], found: FileLook | None, total: Counter[str]) -> Iterator[str]:
    """What is wrong of the format and of the header."""
    options: Mapping[str, Any] = found.options if found else {}
    file_format = said.get("format", "csv")
    checks = [("format", [file_format], found.file_format if found else None)]
    if file_format == "csv" and said.get("delimiter") != "any":
        checks.append(("delimiter", _several(said["delimiter"]), options.get("delimiter", ",")))
    if file_format in ("csv", "fixed"):
        checks.append(("encoding", _several(said.get("encoding", "utf-8")), options.get("encoding", "utf-8")))
    if "sheet" in said or file_format in ("xlsx", "xls", "ods"):
        checks.append(("sheet", _several(said.get("sheet")), options.get("sheet")))
    if "rows" in said:
        checks.append(("rows", _several(said["rows"]), options.get("rows")))
    wrong = [(what, right, got) for what, right, got in checks if found is None or got not in right]
    total["format of"] += 1
    total["format"] += not wrong
    for what, right, got in wrong:
        yield f"{what} is {right[0]!r}, found {got!r}"
    if "header" not in said:
        return
    headers = said["header"] if isinstance(said["header"], list) else [[said["header"], 1]]
    headers = [[0, 0] if not line else [line, height] for line, height in headers]
    height = (found.options.get("header_rows", 1) if found.has_header else 0) if found else None
    place = [found.first_line if height else 0, height] if found else None
    total["header of"] += 1
    total["header"] += place in headers
    if place not in headers:
        yield f"header is {headers[0]}, found {place}"


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _types(text: str) -> Iterator[str]:
    """The word of each column: `k e*8` gives nine."""
    for word in text.split():
        kind, _, times = word.partition("*")
        yield from [kind] * int(times or 1)
