"""What every data set promises: who answers for it, why and how long it is kept, what it says of people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.datasets import Governance
from donnees_au_centre.project.metadata import (
    dataset_nodes,
    governance_levels,
    governance_of,
    own_governance_of,
)
from donnees_au_centre.project.nodes import Manifest, Node
from donnees_au_centre.project.rules.rule import Fault, rule
from donnees_au_centre.reviewed import checked

LEVEL_KEYS = (words.OWN, words.DEFAULTS, words.FOLDER_DEFAULTS)
# Where the defaults of folders are written.
PROJECT_FILE = "dbt_project.yml"
MAILBOX = re.compile(r"(?P<local>[a-z0-9]+(?:[.-][a-z0-9]+)*)@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
PERSON = re.compile(r"\s*(m|mr|mme|mlle|monsieur|madame|mademoiselle|dr|docteur)\b\.?\s", re.IGNORECASE)
GDPR_ARTICLE = re.compile(r"\bRGPD\b\W+(?:l')?art(?:icle)?s?\b\.?\s*\d", re.IGNORECASE)
# Keys whose form is told by rules of their own.
OWN_RULE = (*words.RESPONSIBLES, "conservation")
IN_FRENCH = {"proprietaire": "propriétaire (Data Owner)", "gestionnaire": "gestionnaire (Data Steward)"}


@rule(
    "gouvernance-requise",
    "Ajoutez la clé sous config.meta.gouvernance du jeu de données ; sauf proprietaire et gestionnaire, elle "
    "peut venir de gouvernance_par_defaut (source ou groupe). docs/gestionnaire/gouvernance.md en "
    "donne un exemple.",
)
def data_sets_say_what_they_are(manifest: Manifest) -> Iterator[Fault]:
    """Each data set has every required key; owner and steward at its own level."""
    for node in dataset_nodes(manifest):
        said, own = governance_of(manifest, node), own_governance_of(node)
        for keys, values, where in (
            (words.RESPONSIBLES, own, " au niveau du jeu"),
            (words.REQUIRED[len(words.RESPONSIBLES) :], said, ""),
        ):
            missing = [key for key in keys if _is_blank(values.get(key))]
            if missing:
                yield node.described_in, f"{_name(node)} : il manque{where} {', '.join(missing)}."


@rule(
    "gouvernance-cle",
    "Écrivez la clé comme docs/gestionnaire/gouvernance.md la donne : sans accent, sans majuscule.",
)
def keys_are_known(manifest: Manifest) -> Iterator[Fault]:
    """No key is unknown: a misspelt one would be lost in silence."""
    groups = [(group.file, f"groupe {name}", group.meta) for name, group in sorted(manifest.groups.items())]
    nodes = [(node.described_in, _name(node), node.meta) for node in dataset_nodes(manifest)]
    told: set[str] = set()
    known = (*LEVEL_KEYS, words.ACCESS_DEFAULTS, words.OPEN_THEMES)
    for where, name, meta in (*groups, *nodes):
        for key in meta:
            if key not in known and (close := _close(key, known)):
                yield where, f"{name} : clé inconnue {key} sous config.meta ; vouliez-vous dire {close} ?"
        for level in LEVEL_KEYS:
            values = meta.get(level)
            if values is None:
                continue
            if not isinstance(values, Mapping):
                yield where, f"{name} : {level} attend des clés et des valeurs."
                continue
            for unknown in (fault for fault in checked(Governance, values)[1] if fault.unknown):
                fault = f"clé inconnue {'.'.join((level, *map(str, unknown.path)))}{unknown.words}"
                if level != words.FOLDER_DEFAULTS:
                    yield where, _sentence(f"{name} : {fault}")
                elif fault not in told:
                    # Every data set of the folder has it: said once.
                    told.add(fault)
                    yield PROJECT_FILE, f"{fault} ({name}, entre autres)."
    for node in manifest.of_type("model", "seed", "source"):
        if words.ACCESS_DEFAULTS in node.meta:
            yield (
                node.described_in,
                f"{node.label} : {words.ACCESS_DEFAULTS} ne donne un droit que dans le groupe d'une AG.",
            )
        for column, meta in _column_metas(node):
            for key in meta:
                if key not in words.COLUMN_KEYS and (close := _close(key, words.COLUMN_KEYS)):
                    yield (
                        node.described_in,
                        f"{node.label}.{column} : clé inconnue {key} ; vouliez-vous dire {close} ?",
                    )


@rule(
    "responsable",
    "Nommez une fonction et sa boîte fonctionnelle : {fonction: Direction …, courriel: service.ag@…}. Une "
    "partie de l'adresse est le nom du domaine, ou l'adresse n'a pas de point : prenom.nom@… est celle d'une "
    "personne.",
)
def responsibles_are_functions(manifest: Manifest) -> Iterator[Fault]:
    """Owner and steward are functions with a functional mailbox, never people."""
    domains = {node.domain for node in manifest.of_type("model", "source")}
    for node in dataset_nodes(manifest):
        # What the group says of dbt's own owner has a rule of its own (groupe).
        for role, value in own_governance_of(node).items():
            if role not in words.RESPONSIBLES or _is_blank(value):
                continue
            for fault in _form_faults(role, value) or _person_faults(value, domains):
                yield node.described_in, f"{_name(node)} : {IN_FRENCH[role]} : {fault}."


@rule(
    "gouvernance-valeur",
    "Corrigez la valeur nommée, là où elle est écrite : jeu de données, source, dossier ou groupe.",
)
def values_have_their_form(manifest: Manifest) -> Iterator[Fault]:
    """Texts are texts, `strategique` is true or false, `synonymes` a list, a classification a known one."""
    told: set[str] = set()
    for node in dataset_nodes(manifest):
        for key, (level, value) in _said(manifest, node).items():
            for fault in _form_faults(key, value) if key not in OWN_RULE else ():
                said = f"{key} ({level}) : {fault}"
                if level != "du dossier":
                    yield node.described_in, f"{_name(node)} : {said}."
                elif said not in told:
                    told.add(said)
                    yield PROJECT_FILE, f"{said} ({_name(node)}, entre autres)."


@rule(
    "conservation",
    "Écrivez conservation: {mois: 120, depuis: reception, sort: effacement}, ou "
    '{mois: illimitee, sort: archivage, motif: "…"} pour une référence publique sans donnée personnelle.',
)
def retention_is_bounded(manifest: Manifest) -> Iterator[Fault]:
    """A retention counts months from a known date, or says why it has no end."""
    for node in dataset_nodes(manifest):
        level, value = _said(manifest, node).get("conservation", ("", None))
        if _is_blank(value):
            continue
        for fault in (*_form_faults("conservation", value), *_retention_faults(value, node)):
            yield node.described_in, _sentence(f"{_name(node)} : conservation ({level}) : {fault}")


@rule(
    "categorie-connue",
    "Écrivez config: {meta: {donnee_personnelle: …}} ou {protection: …} avec une des valeurs admises.",
)
def categories_are_known(manifest: Manifest) -> Iterator[Fault]:
    """The category and the protection of a column are known ones, in every layer."""
    known = {words.CATEGORY: tuple(words.CATEGORIES), words.PROTECTION: words.PROTECTIONS}
    for node in dataset_nodes(manifest):
        said = node.meta.get(words.CATEGORY)
        if said is None:
            continue
        if said != words.NOT_PERSONAL:
            yield (
                node.described_in,
                f"{node.label} : donnee_personnelle vaut {said!r} pour tout le jeu, qui ne peut dire que "
                f"{words.NOT_PERSONAL}.",
            )
        elif _is_confidential(manifest, node):
            yield (
                node.described_in,
                f"{node.label} : une source confidentielle ou sensible le dit de chaque colonne, et non "
                "une fois pour toutes.",
            )
    for node in manifest.of_type("source"):
        for name, one in node.columns.items():
            if (how := one.meta.get(words.COPY)) is None:
                continue
            if how != words.DRAWN or not one.is_personal or one.category == words.DIRECT:
                yield (
                    node.described_in,
                    f"{node.label}.{name} : {words.COPY} vaut {how!r} ; une colonne personnelle qui n'est "
                    f"pas un identifiant direct peut dire {words.DRAWN}, et rien d'autre.",
                )
    for node in manifest.of_type("model", "seed", "source"):
        for key, values in known.items():
            wrong: dict[str, list[str]] = {}
            for column, meta in _column_metas(node):
                if key in meta and meta[key] not in values:
                    wrong.setdefault(repr(meta[key]), []).append(column)
            for value, columns in wrong.items():
                yield (
                    node.described_in,
                    f"{node.label} : {key} vaut {value} ({', '.join(columns)}) ; "
                    f"valeurs admises : {', '.join(values)}.",
                )


@rule(
    "categorie-requise",
    "Dites ce que tient la colonne : config: {meta: {donnee_personnelle: <catégorie>}}, `aucune` si elle ne "
    "dit rien d'une personne, ou protection: … si une macro l'a protégée. Un mart dont aucune colonne n'est "
    "personnelle le dit une fois, dans son propre config: {meta: {donnee_personnelle: aucune}}.",
)
def columns_say_what_they_hold(manifest: Manifest) -> Iterator[Fault]:
    """Columns have a category in confidential sources, and in marts that personal data reach."""
    for node in dataset_nodes(manifest):
        if node.kind == "source":
            needs = _is_confidential(manifest, node)
            why = "le jeu est confidentiel ou sensible"
        else:
            origins = personal_origins(manifest, node)
            needs, why = bool(origins), f"des données personnelles y arrivent ({', '.join(origins)})"
        silent = [name for name, meta in _column_metas(node) if meta.keys().isdisjoint(words.COLUMN_KEYS)]
        if needs and silent:
            yield node.described_in, f"{_name(node)} : colonnes sans catégorie : {', '.join(silent)} ; {why}."


@rule(
    "classification-suffisante",
    "Relevez la classification du jeu de données, ou protégez la colonne par une macro.",
)
def classification_is_high_enough(manifest: Manifest) -> Iterator[Fault]:
    """A data set is classified at least as its columns demand; personal data are never public."""
    order = words.CLASSIFICATIONS
    for node in dataset_nodes(manifest):
        found = governance_of(manifest, node).get("classification")
        if found not in order:
            continue
        demands = {
            name: words.CATEGORIES[meta[words.CATEGORY]]
            for name, meta in _column_metas(node)
            if _is_known(meta.get(words.CATEGORY))
        }
        needed = max(demands.values(), key=order.index, default=order[0])
        if order.index(found) < order.index(needed):
            columns = ", ".join(name for name, demand in demands.items() if demand == needed)
            yield node.described_in, f"{_name(node)} est classé {found} ; {columns} demande {needed}."


@rule(
    "article-30",
    "Complétez gouvernance ou gouvernance_par_defaut : le registre des traitements le demande "
    "(base_legale : « … ; RGPD, article 6(1)(e). »).",
)
def personal_data_are_accounted_for(manifest: Manifest) -> Iterator[Fault]:
    """A data set about people says whom, who receives it, how it is protected, and the GDPR's article."""
    for node in dataset_nodes(manifest):
        if not _holds_personal_data(node):
            continue
        said = governance_of(manifest, node)
        for key in words.PERSONAL:
            if _is_blank(said.get(key)):
                yield node.described_in, f"{_name(node)} a des données personnelles : la clé {key} manque."
        basis = said.get("base_legale")
        if not _is_blank(basis) and not GDPR_ARTICLE.search(str(basis)):
            yield (
                node.described_in,
                f"{_name(node)} a des données personnelles : base_legale ne cite pas l'article du RGPD.",
            )


def _is_confidential(manifest: Manifest, node: Node) -> bool:
    """True for a source table whose rows are not for every service."""
    classification = governance_of(manifest, node).get("classification")
    return node.kind == "source" and classification in words.CLASSIFICATIONS[2:]


def personal_origins(manifest: Manifest, mart: Node) -> list[str]:
    """The governed data sets from which personal data may reach a mart: sources, and other marts.

    A mart is declared column by column, so nothing is looked for behind it.
    """
    found: set[str] = set()
    waiting = list(mart.reads)
    seen = set(waiting)
    while waiting:
        node = manifest.node(waiting.pop())
        if node.kind == "source" or node.layer == "marts":
            if _holds_personal_data(node):
                found.add(node.label)
            continue
        parents = set(node.reads) - seen
        seen |= parents
        waiting += sorted(parents)
    return sorted(found)


def _name(node: Node) -> str:
    return f"{'source' if node.kind == 'source' else 'mart'} {node.label}"


def _column_metas(node: Node) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, column in node.columns.items():
        yield name, column.meta


def _is_known(category: Any) -> bool:
    return isinstance(category, str) and category in words.CATEGORIES


def _holds_personal_data(node: Node) -> bool:
    categories = [meta.get(words.CATEGORY) for _, meta in _column_metas(node)]
    return any(_is_known(category) and category != words.NOT_PERSONAL for category in categories)


def _is_blank(value: Any) -> bool:
    return value is None or value in ({}, []) or (isinstance(value, str) and not value.strip())


def _said(manifest: Manifest, node: Node) -> dict[str, tuple[str, Any]]:
    """Each key with the level that won, and the value."""
    levels = governance_levels(manifest, node)
    return {key: (level, value) for level, values in levels for key, value in values.items()}


def _form_faults(key: str, value: Any) -> list[str]:
    """What is wrong in the form of a value, which is not blank."""
    if _is_blank(value):
        return []
    return [fault.words for fault in checked(Governance, {key: value})[1] if not fault.unknown]


def _close(key: Any, known: Sequence[str], cutoff: float = 0.8) -> str | None:
    return next(iter(get_close_matches(str(key), known, n=1, cutoff=cutoff)), None)


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


def _person_faults(value: Mapping[str, str], domains: set[str]) -> Iterator[str]:
    function, email = value["fonction"], value["courriel"]
    mailbox = MAILBOX.fullmatch(email)
    parts = mailbox["local"].split(".") if mailbox else []
    if PERSON.match(function):
        yield f"« {function} » est une personne, et non une fonction"
    elif mailbox is None:
        yield f"« {email} » n'est pas une adresse électronique"
    # data-platform stands for data_platform, which an address does not allow.
    elif len(parts) > 1 and not any(part.replace("-", "_") in domains for part in parts):
        yield f"« {email} » a la forme prenom.nom@ d'une personne"


def _retention_faults(value: Any, node: Node) -> Iterator[str]:
    """What the data set itself says against a retention."""
    said = value if isinstance(value, Mapping) else {}
    since, columns = said.get("depuis"), (words.RECEPTION, *node.columns)
    if said.get("mois") == words.UNLIMITED and _holds_personal_data(node):
        yield "mois: illimitee ne convient pas à des données personnelles"
    if isinstance(since, str) and since not in columns:
        close = _close(since, columns, 0.5)
        known = f"vouliez-vous dire {close} ?" if close else f"clés admises : {', '.join(columns)}"
        yield f"depuis nomme {since!r}, qui n'est ni reception ni une colonne du jeu ; {known}"


RULES = (
    data_sets_say_what_they_are,
    keys_are_known,
    responsibles_are_functions,
    values_have_their_form,
    retention_is_bounded,
    categories_are_known,
    columns_say_what_they_hold,
    classification_is_high_enough,
    personal_data_are_accounted_for,
)
