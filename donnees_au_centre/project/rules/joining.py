"""Left joins to references: what they do not find must be counted."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from donnees_au_centre.project.nodes import DataTest, Manifest
from donnees_au_centre.project.rules.rule import Fault, rule

# An import CTE: `communes as (select * from {{ ref('dim_commune') }} …)`.
IMPORT = re.compile(
    r"(\w+) as \(\s*select\b[^()]*?\bfrom \{\{\s*ref\(\s*['\"](\w+)['\"]\s*(?:,\s*v\w*\s*=[^()]*)?\)\s*\}\}"
)
JOINED = re.compile(r"\bleft join (\w+)")
SELECTED = re.compile(r"\bselect\b(.*?)\bfrom\b", re.DOTALL)
# Tests of what a join has found, and tests of the key that it looks up.
FILLED = ("not_null", "mostly_filled")
RELATED = ("mostly_related", "relationships")


@rule(
    "jointure-comptee",
    "Ajoutez mostly_filled sous une colonne trouvée (arguments: {at_least: 0.95}), ou mostly_related sous la "
    'clé cherchée ; ou dites la raison dans config: {meta: {sans_comptage: "…"}}.',
)
def joins_are_counted(manifest: Manifest) -> Iterator[Fault]:
    """A model that looks rows up in a dimension or a seed has a test that counts those it does not find."""
    played: dict[str | None, list[DataTest]] = defaultdict(list)
    for test in manifest.checks:
        played[test.tested_id].append(test)
    references: dict[str, set[str]] = defaultdict(set)
    for node in manifest.of_type("model", "seed"):
        if node.kind == "seed" or node.declared.startswith("dim_"):
            references[node.declared].add(node.unique_id)
    for model in manifest.of_type("model"):
        reason = str(model.meta.get("sans_comptage") or "").strip()
        if model.layer not in ("intermediate", "marts") or reason:
            continue
        tests = played[model.unique_id]
        for reference, columns in looked_up(model.raw_code):
            if reference in references and not _counted(tests, references[reference], columns):
                found = f" ({', '.join(sorted(columns))})" if columns else ""
                yield (
                    model.file,
                    f"{model.name} cherche dans {reference}{found}, et aucun test ne compte ce qui "
                    "n'y est pas trouvé.",
                )


def looked_up(sql: str) -> Iterator[tuple[str, set[str]]]:
    """The models that a model joins by a left join, each with the columns that come of it."""
    imported = dict(IMPORT.findall(sql))
    for name in dict.fromkeys(JOINED.findall(sql)):
        if name in imported:
            yield (
                imported[name],
                {
                    item.split()[-1].rpartition(".")[2]
                    for clause in SELECTED.findall(sql)
                    for item in _items(clause)
                    if re.search(rf"\b{name}\.", item)
                },
            )


def _items(clause: str) -> list[str]:
    """The items of a select list: what commas part outside brackets."""
    depth, items = 0, [""]
    for character in clause:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            items.append("")
        else:
            items[-1] += character
    return [item for item in items if item.strip()]


def _counted(tests: list[DataTest], versions: set[str], columns: set[str]) -> bool:
    return any(
        (test.generic in FILLED and test.column_name in columns)
        or (test.generic in RELATED and not versions.isdisjoint(test.reads))
        for test in tests
    )


RULES = (joins_are_counted,)
