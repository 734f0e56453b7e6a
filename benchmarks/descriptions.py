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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from donnees_au_centre.cli.dictionary import words_told
from donnees_au_centre.cli.lineage import lineage_of
from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.cli.source_files import described
from donnees_au_centre.discovery.dictionary import tables_of, words_of
from donnees_au_centre.discovery.look import look
from donnees_au_centre.errors import PlatformError
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
    """A column whose description was taken away: what it said, and what is said in its place.

    Attributes:
        inherited: what it says by itself; "" for nothing.
    """

    label: str
    said: str
    proposal: Proposal | None
    inherited: str = ""

    @property
    def proposed(self) -> str:
        """What the column would say."""
        return self.inherited or (self.proposal.text if self.proposal else "")

    @property
    def verdict(self) -> str:
        """How what is proposed stands to what was written."""
        if not self.proposed:
            return "nothing"
        one, other = meaning(self.proposed), meaning(self.said)
        if one == other:
            return "same"
        if {*one} <= {*other} or any(_starts(one, sens) and _starts(other, sens) for sens in _conformed()):
            return "general"
        named = self.proposal and any(" nom" in f" {origin.path}" for origin in self.proposal.origins)
        if self.inherited:
            return "inherited, other words"
        return "to read" if named else "same value, other words"


def _starts(said: tuple[str, ...], sens: tuple[str, ...]) -> bool:
    return said[: len(sens)] == sens


def _conformed() -> list[tuple[str, ...]]:
    return [meaning(one["sens"]) for one in conformed().values()]


def main() -> int:
    """Prints the share that is proposed, and how right it is; 1 when a proposal is still to be judged."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--all", action="store_true")
    options.add_argument("--dictionary", nargs=2, type=Path, action="append", metavar=("DATA", "DICTIONARY"))
    given = options.parse_args()
    whole = given.all
    if given.dictionary:
        dictionaries(given.dictionary, whole)
        return 0
    session = Session.without_database(Settings.load())
    parsed = parse_or_fail(session)
    lineage = lineage_of(session.settings, parsed)
    written = json.loads((session.settings.target_path / "manifest.json").read_text("utf-8"))
    for title, found in (
        ("new sources", new_sources(written, lineage)),
        ("new tables of known sources", new_sources(written, lineage, by_table=True)),
        ("models", models(written, lineage, parsed.manifest)),
        ("staging models where only sources and seeds are described", below_sources(written, lineage)),
        ("models below them", below_sources(written, lineage, staging=False)),
    ):
        report(title, list(found), whole)
    return 0


def report(title: str, found: Sequence[Held], whole: bool) -> None:
    """Prints a line of figures, then what is to be judged by eye."""
    verdicts = Counter(one.verdict for one in found)
    total = verdicts.total()
    said = total - verdicts.pop("nothing", 0)
    inherited = sum(bool(one.inherited) for one in found)
    of_itself = f"{inherited} of them by themselves, " if inherited else ""
    print(
        f"\n{title}: {said} of {total} said ({100 * said / max(total, 1):.1f} %), {of_itself}{dict(verdicts)}"
    )
    for one in found:
        if whole or one.verdict in ("to read", "inherited, other words"):
            why = one.proposal.why if one.proposal else ""
            print(
                f"  {one.verdict}: {one.label}\n    proposed: {one.proposed or why}\n    written:  {one.said}"
            )


def dictionaries(pairs: Iterable[Sequence[Path]], whole: bool) -> None:
    """Prints how many columns each dictionary describes of its table, or why it describes none."""
    described = total = refused = 0
    for data, dictionary in pairs:
        with data.open("rb") as file:
            columns = {one.name: one.header for one in look(file).table.columns}
        print(f"\n{data.name}, {dictionary.name}")
        try:
            with dictionary.open("rb") as file:
                words = words_of(tables_of(file), columns, (data.stem,))
        except PlatformError as error:
            refused += 1
            print(f"  refused: {error}")
            continue
        described, total = described + len(words.texts), total + len(columns)
        print(f"  {words_told(words, [*columns])}")
        for name, text in words.texts.items() if whole else ():
            print(f"    {name}: {text}")
    share = f"{100 * described / max(total, 1):.1f} %"
    print(f"\n{described} of {total} columns described ({share}), {refused} refused")


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


def below_sources(written: Content, lineage: Lineage, staging: bool = True) -> Iterator[Held]:
    """The staging models, or those below, of a project where nobody described a model.

    What a model below staging inherits by the names of its columns alone is left out, as nobody proposes it.
    """
    content, whole = copy.deepcopy(written), copy.deepcopy(written)
    inherit(whole)
    models = [
        node
        for node in content["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] != PLATFORM
    ]
    for node in models:
        for column in node["columns"].values():
            column["description"] = ""
    inherit(content)
    for node in models:
        for column in node["columns"].values() if node["fqn"][2] != "staging" else ():
            column["description"] = ""
    manifest = Manifest(content)
    found = Proposals(manifest, lineage)
    for node in Manifest(whole).of_type("model"):
        is_other = (node.layer == "staging") != staging or node.domain == PLATFORM
        if node.name.endswith(ISSUES_SUFFIX) or is_other:
            continue
        bare = manifest.node(node.unique_id)
        of_column = {one.column.column: one for one in found.of(bare)}
        for name, column in node.columns.items():
            one = ColumnId(node.unique_id, name)
            if FORMER not in column.meta and name not in METADATA_COLUMNS and one in lineage.columns:
                inherited = bare.columns[name].description
                yield Held(lineage.label(one), column.description, of_column.get(name), inherited)


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
