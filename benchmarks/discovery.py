"""What `make new-source` finds of files that are known: `python -m benchmarks.discovery`.

Looks at the public files of ../shared/data/landing and at the invented ones of landing/, and compares with
benchmarks/discovery.yml, what people who opened them say, and with the categories of personal data that the
sources of models/ declare; then at files that benchmarks/odd_files.py invents. With `--folder F` and
`--expected Y`, at those of a folder instead, as benchmarks/folder.py says.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from benchmarks import folder
from benchmarks.odd_files import odd_file
from donnees_au_centre.discovery.columns import References
from donnees_au_centre.discovery.look import FileLook, look
from donnees_au_centre.landing import patterns
from donnees_au_centre.project.vocabulary import NOT_PERSONAL
from donnees_au_centre.settings import ROOT

PUBLIC = ROOT.parent.parent / "shared" / "data" / "landing"
KNOWN = Path(__file__).with_suffix(".yml")
# What benchmarks/discovery.yml calls what a typing macro reads.
KINDS = {
    "clean_text": "texte",
    "to_integer": "entier",
    "to_decimal": "decimal",
    "to_date": "date",
    "to_moment": "moment",
    "to_boolean": "booleen",
    "to_code": "code",
    "to_bce_number": "bce",
    "school_key": "cle_fase",
    "school_year": "annee_scolaire",
}
# Invented files, and what they are drawn from.
ODD, SEED = 1000, 7
# Options that say where a table stands and how it is written; others say what a file lacks.
COMPARED = (
    "encoding",
    "delimiter",
    "quote",
    "header",
    "header_row",
    "header_rows",
    "footer",
    "rows",
    "envelope",
)


def main() -> int:
    """Prints what is right and what is not; 0 when the goals are met."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--folder", type=Path)
    options.add_argument("--expected", type=Path)
    given = options.parse_args()
    if given.folder and given.expected:
        return folder.score(given.folder, given.expected)
    public = next(
        (one for one in (PUBLIC, ROOT.parent / "shared" / "data" / "landing") if one.is_dir()), None
    )
    if public is None:
        print("Not measured: ../shared/data/landing is not there.")
        return 0
    expected: Mapping[str, Any] = yaml.safe_load(KNOWN.read_text(encoding="utf-8"))
    known = references(public)
    score: Counter[str] = Counter()
    begun = time.monotonic()
    for path, said in expected.items():
        zone = public if (public / path).is_file() else ROOT / "landing"
        if not (zone / path).is_file():
            print(f"{path}: not there")
            continue
        with (zone / path).open("rb") as file:
            found = look(file, known)
        for fault in compared(path, said, found, score):
            print(f"{path}: {fault}")
    seconds = time.monotonic() - begun
    for what in ("layout", "columns", "personal"):
        right, total = score[what], score[f"{what} of"]
        print(f"{what}: {right} of {total} right ({100 * right / max(total, 1):.1f} %)")
    odd = invented()
    print(f"false alarms: {score['alarms']} of {score['columns seen']} columns; {seconds:.1f} s")
    met = (
        score["layout"] >= 0.96 * score["layout of"]
        and score["columns"] >= 0.95 * score["columns of"]
        and score["personal"] == score["personal of"]
        and odd >= 0.96
    )
    return 0 if met else 1


def invented() -> float:
    """The share of invented files of which all is found; prints what is not."""
    source, wrong = random.Random(SEED), Counter[str]()
    faulty = 0
    for _ in range(ODD):
        file = odd_file(source)
        found = look(io.BytesIO(file.data))
        height = found.options.get("header_rows", 1) if found.has_header else 0
        codec = found.options.get("encoding", "utf-8")
        faults = [
            *(["delimiter"] if found.options.get("delimiter", ",") != file.delimiter else []),
            *(["encoding"] if file.data.decode(codec, "replace").lstrip("\ufeff") != file.text else []),
            *(["header"] if (found.first_line, height) != (file.header_row, file.header_rows) else []),
            *(["footer"] if ("footer" in found.options) != file.footer else []),
        ]
        wrong.update(faults)
        faulty += bool(faults)
    print(f"invented: {ODD - faulty} of {ODD} right {dict(wrong) or ''}")
    return 1 - faulty / ODD


def references(public: Path) -> References:
    """The codes and names that the marts of commun would give."""
    units = (public / "commun/refnis/TU_COM_REFNIS_2020-02.csv").read_text(encoding="utf-8")
    codes = json.loads((public / "commun/codes_bce/postal_codes.json").read_text(encoding="utf-8"))
    return {
        "nis_code": {line.split(",")[1].strip('"') for line in units.splitlines()[1:]},
        "postal_code": set(codes["codes"]),
    }


def compared(path: str, said: Mapping[str, Any], found: FileLook, score: Counter[str]) -> Iterator[str]:
    """The differences between what a file is and what was found of it; the score is kept."""
    wanted = said.get("options") or {}
    score["layout of"] += 1
    wrong = [key for key in COMPARED if wanted.get(key) != found.options.get(key)]
    score["layout"] += not wrong
    yield from (f"{key} is {wanted.get(key)!r}, found {found.options.get(key)!r}" for key in wrong)
    columns = {column.name: column for column in found.table.columns}
    score["columns seen"] += len(columns)
    for name, kind in said["columns"].items():
        if kind == "vide":
            continue
        score["columns of"] += 1
        seen = KINDS[columns[name].typing.macro] if name in columns else None
        score["columns"] += seen == kind
        if seen != kind:
            yield f"{name} is {kind}, found {seen}"
    people = personal(path, list(columns)) | set(said.get("personal") or [])
    for name in people:
        score["personal of"] += 1
        seen_ = name in columns and columns[name].personal is not None
        score["personal"] += seen_
        if not seen_:
            yield f"{name} is personal, and was missed"
    score["alarms"] += sum(one.personal is not None and one.name not in people for one in columns.values())


@cache
def sources() -> list[Any]:
    """The sources of models/, as their YAML declares them."""
    files = (ROOT / "models").glob("*/staging/*/_*__sources.yml")
    return [one for file in files for one in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]]


def personal(path: str, columns: list[str]) -> set[str]:
    """The personal columns of a file, as the source that reads it declares them."""
    for source in sources():
        for table in source["tables"]:
            external = table.get("external") or {}
            options = external.get("options") or {}
            places = [
                external.get("location"),
                *(one.get("location") for one in options.get("variants") or []),
            ]
            if not any(place and patterns.match(place, path) for place in places):
                continue
            renamed = {new: old for old, new in (options.get("renames") or {}).items() if old in columns}
            return {
                renamed.get(column["name"], column["name"])
                for column in table["columns"]
                if category(column) not in (None, NOT_PERSONAL)
                and renamed.get(column["name"], column["name"]) in columns
            }
    return set()


def category(column: Mapping[str, Any]) -> Any:
    """The category of personal data that a column declares."""
    return ((column.get("config") or {}).get("meta") or {}).get("donnee_personnelle")


if __name__ == "__main__":
    sys.exit(main())
