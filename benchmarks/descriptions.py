"""What `make descriptions` proposes where the description is known: `python -m benchmarks.descriptions`.

The descriptions of the project are held out, one source or one model at a time, and compared with what is
then proposed. A new source holds nothing but what `make new-source` wrote: its descriptions and those of all
that is made from it are gone, its staging keeps the names that it gives. A model loses the descriptions of
all its columns, those that it takes from what it reads by their name alone included.

A proposal is right when it says the same first (the words of its core, `project.proposals.meaning`), the same
in more general words, or when both begin with the same conformed meaning; along the lineage it is of the same
value by construction. Every other one is printed, for the eye. `--all` prints all of them.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from donnees_au_centre.cli.lineage import lineage_of
from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.cli.source_files import described
from donnees_au_centre.discovery.look import look
from donnees_au_centre.landing import patterns
from donnees_au_centre.landing.identifiers import METADATA_COLUMNS
from donnees_au_centre.project.inheritance import inherit
from donnees_au_centre.project.lineage import ColumnId, Lineage
from donnees_au_centre.project.nodes import ISSUES_SUFFIX, PLATFORM, Manifest
from donnees_au_centre.project.proposals import Proposal, Proposals, is_unsaid, meaning
from donnees_au_centre.project.rules.conforming import FORMER, conformed
from donnees_au_centre.settings import ROOT, Settings

Content = dict[str, Any]
LANDING = ROOT / "landing"


@dataclass(frozen=True)
class Held:
    """A column whose description was taken away: what it said, and what is proposed."""

    label: str
    said: str
    proposal: Proposal | None

    @property
    def proposed(self) -> str:
        """What the column would say."""
        return self.proposal.text if self.proposal else ""

    @property
    def verdict(self) -> str:
        """How what is proposed stands to what was written."""
        if not self.proposed or self.proposal is None:
            return "nothing"
        one, other = meaning(self.proposed), meaning(self.said)
        if one == other:
            return "same"
        if {*one} <= {*other} or any(_starts(one, sens) and _starts(other, sens) for sens in _conformed()):
            return "general"
        named = any(" nom" in f" {origin.path}" for origin in self.proposal.origins)
        return "to read" if named else "same value, other words"


def _starts(said: tuple[str, ...], sens: tuple[str, ...]) -> bool:
    return said[: len(sens)] == sens


def _conformed() -> list[tuple[str, ...]]:
    return [meaning(one["sens"]) for one in conformed().values()]


def main() -> int:
    """Prints the share that is proposed, and how right it is; 1 when a proposal is still to be judged."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--all", action="store_true")
    whole = options.parse_args().all
    session = Session.without_database(Settings.load())
    parsed = parse_or_fail(session)
    lineage = lineage_of(session.settings, parsed)
    written = json.loads((session.settings.target_path / "manifest.json").read_text("utf-8"))
    for title, found in (
        ("new sources", new_sources(written, lineage)),
        ("new tables of known sources", new_sources(written, lineage, by_table=True)),
        ("models", models(written, lineage, parsed.manifest)),
    ):
        report(title, list(found), whole)
    return 0


def report(title: str, found: Iterable[Held], whole: bool) -> None:
    """Prints a line of figures, then what is to be judged by eye."""
    verdicts = Counter(one.verdict for one in found)
    total = verdicts.total()
    proposed = total - verdicts.pop("nothing", 0)
    print(
        f"\n{title}: {proposed} of {total} proposed ({100 * proposed / max(total, 1):.0f} %) {dict(verdicts)}"
    )
    for one in found:
        if whole or one.verdict == "to read":
            why = one.proposal.why if one.proposal else ""
            print(
                f"  {one.verdict}: {one.label}\n    proposed: {one.proposed or why}\n    written:  {one.said}"
            )


def new_sources(written: Content, lineage: Lineage, by_table: bool = False) -> Iterator[Held]:
    """Each source, or each table of a source that has several, as if it had just been declared."""
    groups: dict[str, list[str]] = defaultdict(list)
    for one, node in written["sources"].items():
        if node["fqn"][1] != PLATFORM:
            groups[one.rpartition(".")[0]].append(one)
    parts = (
        [[one] for many in groups.values() if len(many) > 1 for one in many] if by_table else groups.values()
    )
    for tables in parts:
        content = copy.deepcopy(written)
        held = {
            ColumnId(table, name): column["description"]
            for table in tables
            for name, column in content["sources"][table]["columns"].items()
            if not is_unsaid(column["description"])
        }
        for column in below(lineage, held):
            node = content["sources"].get(column.relation) or content["nodes"][column.relation]
            if column.column in node["columns"]:
                node["columns"][column.column]["description"] = ""
        for table in tables:
            for name, text in as_written_first(content["sources"][table]).items():
                content["sources"][table]["columns"][name]["description"] = text
        yield from proposed(content, lineage, held)


def as_written_first(table: Content) -> dict[str, str]:
    """What `make new-source` writes of the columns of a table, from its file in landing/."""
    external = table["external"] or {}
    options = external.get("options") or {}
    places = [external.get("location"), *(one.get("location") for one in options.get("variants") or ())]
    new_names = options.get("renames") or {}
    texts: dict[str, str] = {}
    for path in sorted(LANDING.rglob("*")):
        name = path.relative_to(LANDING).as_posix()
        if path.is_file() and any(place and patterns.match(place, name) for place in places):
            with path.open("rb") as file:
                found = look(file)
            for column in found.table.columns:
                texts.setdefault(new_names.get(column.name, column.name), described(column, found))
    return {name: text for name, text in texts.items() if name in table["columns"]}


def below(lineage: Lineage, columns: Iterable[ColumnId]) -> set[ColumnId]:
    """Columns, and all that is made from them."""
    found, waiting = set(columns), [*columns]
    while waiting:
        for other, _ in lineage.downstream(waiting.pop()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def models(written: Content, lineage: Lineage, whole: Manifest) -> Iterator[Held]:
    """Each model without the descriptions of its columns."""
    for node in whole.of_type("model"):
        if node.name.endswith(ISSUES_SUFFIX):
            continue
        held = {
            ColumnId(node.unique_id, name): column.description
            for name, column in node.columns.items()
            if FORMER not in column.meta
            and name not in METADATA_COLUMNS
            and ColumnId(node.unique_id, name) in lineage.columns
        }
        yield from proposed(copy.deepcopy(written), lineage, held)


def proposed(content: Content, lineage: Lineage, held: Mapping[ColumnId, str]) -> Iterator[Held]:
    """What is proposed of columns whose description was taken away."""
    inherit(content)
    for column in held:
        node = content["nodes"].get(column.relation)
        if node and column.column in node["columns"]:
            node["columns"][column.column]["description"] = ""
    manifest = Manifest(content)
    found = Proposals(manifest, lineage)
    tables = {column.relation for column in held}
    of_column = {one.column: one for table in tables for one in found.of(manifest.node(table))}
    for column, said in held.items():
        yield Held(lineage.label(column), said, of_column.get(column))


if __name__ == "__main__":
    sys.exit(main())
