"""`descriptions`: what the project already says of columns that nobody has described, and where."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from donnees_au_centre.cli.column_yaml import Said, with_columns
from donnees_au_centre.cli.confirmation import is_set
from donnees_au_centre.cli.dictionary import OPTION, dictionary_of, words_told
from donnees_au_centre.cli.lineage import ELSEWHERE, lineage_of
from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted, meant
from donnees_au_centre.project.inheritance import AS_RECEIVED
from donnees_au_centre.project.nodes import ISSUES_SUFFIX, Manifest, Node, Source
from donnees_au_centre.project.proposals import UNSAID, Origin, Proposal, Proposals
from donnees_au_centre.project.vocabulary import CATEGORIES
from donnees_au_centre.settings import Settings

OF_SOURCE = "make descriptions SOURCE=<source>.<table> DICTIONNAIRE=<fichier>"
USAGE = "make descriptions SOURCE=<source>[.<table>], MODEL=<modèle> ou AG=<domaine>"
WIDTH = 110
OF_DICTIONARY = "dictionnaire du fournisseur"
# Origins of one description that are named; the rest is counted.
_NAMED = 3


def descriptions(settings: Settings, options: Mapping[str, str]) -> int:
    """Shows what can be proposed for columns that nobody has described; CONFIRMER=1 writes it in the YAML.

    Args:
        settings: of the checkout; no database is opened.
        options: SOURCE (a source, or one of its tables), MODEL or AG; CONFIRMER. Of a source, DICTIONNAIRE
            of its provider, with NOMS and COLONNE where it is not plain.

    Raises:
        PlatformError: none of them, or no such thing; the project does not parse or compile; a YAML file is
            not written as the command can complete; the dictionary says nothing surely.
    """
    session = Session.without_database(settings)
    parsed = parse_or_fail(session)
    chosen = _chosen(parsed.manifest, options)
    found = Proposals(parsed.manifest, lineage_of(session.settings, parsed))
    proposed = {node: of_node for node in chosen if (of_node := found.of(node))}
    if (options.get(OPTION) or "").strip():
        proposed = _told_by_dictionary(settings, options, chosen, proposed)
    for node, several in proposed.items():
        print(f"\n{_named(node)} : {node.described_in}")
        for one in several:
            print("\n".join(shown(one)))
    print(f"\n{_summed([one for several in proposed.values() for one in several])}")
    texts = _completed(settings, proposed)
    if not texts:
        return 0
    if not is_set(options.get("CONFIRMER")):
        print("Rien n'est écrit : la même commande, avec CONFIRMER=1, l'écrit dans le YAML. Relisez d'abord.")
        return 0
    for file, text in texts.items():
        (settings.root / file).write_text(text, encoding="utf-8")
        print(f"Écrit : {file}")
    print("Relisez avec git diff, puis make lint.")
    return 0


def shown(one: Proposal) -> Iterator[str]:
    """What is proposed for a column, and where it comes from; or why nothing is."""
    yield f"  {one.column.column}"
    for text in (f"« {one.text} »" if one.text else "", one.why and f"rien : {one.why}"):
        yield from textwrap.wrap(text, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 8)
    if not one.text:
        return
    for origin in one.origins[:_NAMED]:
        how = "dit par" if origin.path == OF_DICTIONARY else "hérité de"
        yield f"      {how} {origin.label} ({origin.path})"
    if len(one.origins) > _NAMED:
        yield f"      … et de {counted(len(one.origins) - _NAMED, 'autre', 'autres')}, qui disent de même"
    if one.category:
        level = CATEGORIES[one.category]
        yield f"      donnee_personnelle: {one.category} (le jeu doit être classé {level} au moins)"
    if one.tags:
        yield f"      tags: {', '.join(one.tags)}"


def _told_by_dictionary(
    settings: Settings,
    options: Mapping[str, str],
    chosen: Sequence[Node],
    proposed: Mapping[Node, Sequence[Proposal]],
) -> dict[Node, list[Proposal]]:
    """The proposals, with what the provider's dictionary says in place of what others say.

    Raises:
        PlatformError: it is not asked of one table of a source, or the dictionary says nothing surely.
    """
    tables = [one for one in chosen if isinstance(one, Source)]
    if len(chosen) != 1 or not tables:
        labels = f" ({', '.join(one.label for one in tables[:_NAMED])}…)" if tables else ""
        raise PlatformError(
            "Un dictionnaire décrit une table d'une source.", f"Dites laquelle{labels} : {OF_SOURCE}."
        )
    (table,) = tables
    given = table.external.get("options") or {}
    received = {
        new: old
        for one in (given, *(given.get("variants") or ()))
        for old, new in (one.get("renames") or {}).items()
    }
    columns = {}
    for name, column in table.columns.items():
        said = UNSAID.match(column.description)
        columns[name] = (said and said["header"]) or received.get(name, "")
    location = str(table.external.get("location") or "")
    about = [one for one in (table.name, PurePosixPath(location).stem, table.source_name) if one]
    words = dictionary_of(settings, options, columns, about)
    print(f"\n{words_told(words, [*columns])}")
    name = PurePosixPath(options[OPTION].strip()).name
    found = []
    for one in proposed.get(table, ()):
        text = words.texts.get(one.column.column)
        if text:
            _, cell, form = table.columns[one.column.column].description.partition(AS_RECEIVED)
            origin = Origin(name, OF_DICTIONARY, text)
            one = replace(one, text=f"{text}{cell}{form}", origins=(origin,), why="")
        found.append(one)
    return {table: found} if found else {}


def _chosen(manifest: Manifest, options: Mapping[str, str]) -> list[Node]:
    """The models and source tables that are named, sources first.

    Raises:
        PlatformError: nothing is named, or nothing has that name.
    """
    nodes = sorted(
        (one for one in manifest.of_type("source", "model") if not one.name.endswith(ISSUES_SUFFIX)),
        key=lambda one: (one.kind != "source", one.domain, one.label),
    )
    by_key = {
        "SOURCE": lambda one: (one.source_name, one.label) if isinstance(one, Source) else (),
        "MODEL": lambda one: (one.name,) if one.kind == "model" else (),
        "AG": lambda one: (one.domain,),
    }
    given = {key: said for key in by_key if (said := (options.get(key) or "").strip())}
    if len(given) != 1:
        raise PlatformError("De quoi proposer les descriptions ?", f"Une chose à la fois : {USAGE}.")
    ((key, said),) = given.items()
    found = [one for one in nodes if said in by_key[key](one)]
    if not found:
        known = {name for one in nodes for name in by_key[key](one)}
        raise PlatformError(f"{key}={said} ne nomme rien du projet.", meant(said, known, ELSEWHERE))
    return found


def _completed(settings: Settings, proposed: Mapping[Node, Sequence[Proposal]]) -> dict[str, str]:
    """The YAML files as they would be, by path; those that change."""
    texts: dict[str, str] = {}
    for node, several in proposed.items():
        said = {one.column.column: Said(one.text, one.category, one.tags) for one in several if one.text}
        if not said:
            continue
        file = node.described_in
        before = texts.get(file) or (settings.root / file).read_text(encoding="utf-8")
        path = (
            ("sources", node.source_name, node.name)
            if isinstance(node, Source)
            else ("models", node.declared)
        )
        texts[file] = with_columns(before, path, said)
    return texts


def _named(node: Node) -> str:
    return f"{node.schema}.{node.relation}" if isinstance(node, Source) else node.name


def _summed(several: Sequence[Proposal]) -> str:
    if not several:
        return "Toutes ces colonnes sont décrites, ou héritent leur description : rien à proposer."
    written = sum(bool(one.text) for one in several)
    silent = counted(len(several), "colonne sans description", "colonnes sans description")
    left = len(several) - written
    return f"{silent} : {counted(written, 'proposée', 'proposées')}, {left} à écrire vous-même."
