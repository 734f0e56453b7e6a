"""`why`: what a model is, who answers for it, how it fares and where it comes from, on one screen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from donnees_au_centre.catalogue import Catalogue, describe, labels
from donnees_au_centre.catalogue.content import FRESHNESS, STATES, Page
from donnees_au_centre.catalogue.last_runs import Knowledge, Received, read_knowledge
from donnees_au_centre.cli.lineage import ELSEWHERE
from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted, few, meant, moment, rows, some
from donnees_au_centre.project.nodes import ISSUES_SUFFIX, Manifest, Node, Source
from donnees_au_centre.settings import Settings

WIDTH = 110
_MARGIN = 12
# Readers, and checks that are not good, that are named; the rest is counted.
_NAMED = 8
_OUTCOMES = {"averti": "averti", "echec": "en échec", "erreur": "en erreur", "saute": "sauté"}


def why(settings: Settings, options: Mapping[str, str]) -> int:
    """Prints one screen about MODEL: a model, a reference table, or a table of a source.

    Args:
        settings: of the checkout; build/ and target/ tell the last runs, and no database is opened.
        options: MODEL.

    Raises:
        PlatformError: no MODEL, an unknown one, or the project does not parse.
    """
    asked = (options.get("MODEL") or "").strip()
    if not asked:
        raise PlatformError(
            "MODEL manque : de quoi parler ?", "Par exemple make why MODEL=fct_marche, ou une table source."
        )
    manifest = parse_or_fail(Session.without_database(settings)).manifest
    node = _find(manifest, asked)
    found = describe(settings, manifest, read_knowledge(settings), datetime.now().astimezone())
    print("\n" + "\n".join(screen(node, manifest, found)))
    return 0


def screen(node: Node, manifest: Manifest, found: Catalogue) -> Iterator[str]:
    """The lines about one node.

    Args:
        node: of the manifest.
        found: what the catalogue says, of the same manifest.
    """
    page = next((one for one in found.pages if one.dataset.unique_id == node.unique_id), None)
    yield f"{node.label}, {_kind(node)} : {node.file}"
    yield from _said("", " ".join(node.description.split()) or "Pas encore décrit.")
    yield from _said("Répond", _answering(node, page, manifest))
    yield from _said("État", _state(node, page, found.knowledge))
    good, bad = _checks(node, page, manifest, found.knowledge)
    yield from _said("Contrôles", good)
    for one in bad[:_NAMED]:
        yield from _said("", f"- {one}")
    if len(bad) > _NAMED:
        yield from _said("", f"- et {counted(len(bad) - _NAMED, 'autre', 'autres')}")
    above = list(_above(node, manifest, found.knowledge))
    yield f"{'Vient de':{_MARGIN}}{above[0] if above else 'rien : cela commence ici'}"
    yield from (" " * _MARGIN + line for line in above[1:])
    readers = _readers(node, manifest)
    yield from _said("Lu par", some(readers, _NAMED) if readers else "personne dans le projet")
    name = node.label if isinstance(node, Source) else node.name
    yield from _said(
        "Ensuite",
        f"make lineage MODEL={name} COLUMN=… dit d'où vient une colonne"
        + ("." if isinstance(node, Source) else f" ; make show MODEL={name} montre son SQL et des lignes."),
    )


def _find(manifest: Manifest, asked: str) -> Node:
    known: dict[str, Node] = {}
    for node in manifest.of_type("source", "seed", "snapshot", "model"):
        known |= {node.name: node, node.label: node, node.relation: node}
    if asked not in known:
        raise PlatformError(f"Rien ne s'appelle « {asked} » dans le projet.", meant(asked, known, ELSEWHERE))
    return known[asked]


def _kind(node: Node) -> str:
    kinds = {"source": "table source", "seed": "table de référence", "snapshot": "historique"}
    layers = {"marts": "mart", "staging": "staging privé", "intermediate": "intermediate privé"}
    named = kinds.get(node.kind) or layers.get(node.layer or "", "modèle")
    return f"{named} ({labels.domain(node.domain)})"


def _answering(node: Node, page: Page | None, manifest: Manifest) -> str:
    if page:
        pairs = ((page.dataset.owner, "Data Owner"), (page.dataset.steward, "Data Steward"))
        people = [(one.function, one.email, role) for one, role in pairs if one]
    else:
        group = manifest.groups.get(node.domain)
        said = ((group.owner, "Data Owner"), (group.steward, "Data Steward")) if group else ()
        people = [(one.get("name", ""), one.get("email", ""), role) for one, role in said if one]
    told = [f"{function} ({role}, {email})" for function, email, role in people]
    return " ; ".join(told) or "personne n'est nommé"


def _state(node: Node, page: Page | None, knowledge: Knowledge) -> str:
    if isinstance(node, Source):
        return _received(page.received if page else None)
    built = knowledge.results.get(node.unique_id)
    if built is None:
        return f"pas encore construit : make build SELECT=+{node.name}"
    last = f"construit le {moment(built.at)}" if built.outcome == "reussi" else _OUTCOMES[built.outcome]
    words = [last] if built.rows is None else [f"{last}, {rows(built.rows)}"]
    if page:
        words += [STATES[page.state].lower(), FRESHNESS[page.freshness].lower()]
    return " ; ".join(words)


def _received(held: Received | None) -> str:
    if held is None:
        return "pas encore chargé : make load"
    came = f", reçues le {moment(held.at)}" if held.at else ""
    told = [f"{counted(held.files, 'fichier')}, {rows(held.rows)}{came}"]
    for title, counts in (("mis de côté", held.aside), ("cellules illisibles", held.anomalies)):
        if counts:
            reasons = ", ".join(f"{reason} ({few(count)})" for reason, count in labels.by_number(counts))
            told.append(f"{title} : {reasons}")
    if held.failure:
        told.append("le dernier chargement a échoué")
    return " ; ".join(told)


def _checks(
    node: Node, page: Page | None, manifest: Manifest, knowledge: Knowledge
) -> tuple[str, Sequence[str]]:
    """How many checks are good, and what the others say."""
    if page:
        pairs = [(one.text, one.result) for one in page.checks]
    else:
        tests = [one for one in manifest.tests if node.unique_id in (one.tested_id, *one.reads)]
        pairs = [(labels.check(one), knowledge.results.get(one.unique_id)) for one in tests]
    if not pairs:
        return "aucun", ()
    played = [(text, result) for text, result in pairs if result]
    bad = [
        f"{_OUTCOMES[result.outcome]} : {text}"
        + (f" ({counted(result.failures, 'cas', 'cas')})" if result.failures else "")
        for text, result in played
        if result.outcome != "reussi"
    ]
    said = f"{counted(len(played) - len(bad), 'bon', 'bons')} sur {counted(len(played), 'joué', 'joués')}"
    if missing := len(pairs) - len(played):
        said += f" ; {counted(missing, 'jamais joué', 'jamais joués')}"
    return said, bad


def _above(node: Node, manifest: Manifest, knowledge: Knowledge) -> Iterator[str]:
    """What it reads, then what those read, down to sources and to other marts; each is opened once."""
    seen: set[str] = set()

    def opened(one: Node, indent: str) -> Iterator[str]:
        for parent in sorted(filter(None, map(manifest.find, one.reads)), key=lambda other: other.label):
            known, ends = parent.unique_id in seen, parent.is_mart or parent.kind == "seed"
            seen.add(parent.unique_id)
            held = f", {_kind(parent)}" if ends else " …" if known else ""
            if isinstance(parent, Source):
                held = f" : {_received(knowledge.received.get(f'{parent.domain}.{parent.label}'))}"
            yield from textwrap.wrap(
                f"{indent}{parent.label}{held}",
                WIDTH - _MARGIN,
                subsequent_indent=indent + "  ",
            )
            if not known and not ends:
                yield from opened(parent, indent + "  ")

    yield from opened(node, "")


def _readers(node: Node, manifest: Manifest) -> list[str]:
    others = [
        one
        for one in (*manifest.of_type("model", "snapshot"), *manifest.exposures.values())
        if node.unique_id in one.reads and not one.name.endswith(ISSUES_SUFFIX)
    ]
    return sorted(one.label for one in others)


def _said(title: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"{title:{_MARGIN}}",
        subsequent_indent=" " * _MARGIN,
        break_long_words=False,
        break_on_hyphens=False,
    )
