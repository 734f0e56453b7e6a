"""What everyone must be able to read: descriptions, owners, names, files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from jinja2 import Environment
from jinja2 import nodes as jinja

from donnees_au_centre.landing.identifiers import IDENTIFIER, RESERVED
from donnees_au_centre.project.nodes import ISSUES_SUFFIX, Described, Macro, Manifest, Node, Source
from donnees_au_centre.project.rules.rule import Fault, rule

# The implementation of a macro for one adapter: postgres__left, default__left, …
IMPLEMENTATION = re.compile(r"[a-z]+__(?P<macro>\w+)")
SIGNATURE = re.compile(r"\{%-?\s*(?:macro|test)\s+(?P<head>\w+\s*\(.*?\))\s*-?%\}", re.DOTALL)


@rule("description", "Écrivez `description:` en français, pour quelqu'un qui ne connaît pas ces données.")
def everything_is_described(manifest: Manifest) -> Iterator[Fault]:
    """Every model, seed, source, table, column, macro and argument has a description."""
    told: set[str] = set()
    for node in manifest.of_type("model", "seed", "source"):
        where, label = node.described_in, node.label
        if not _said(node):
            yield where, f"{label} n'a pas de description."
        silent = [name for name, column in node.columns.items() if not _said(column)]
        if silent:
            yield where, f"{label} a des colonnes sans description : {', '.join(silent)}."
        if not node.columns:
            yield where, f"{label} n'a aucune colonne décrite."
        if isinstance(node, Source) and node.source_name not in told:
            told.add(node.source_name)
            if not node.source_description.strip():
                yield where, f"La source {node.source_name} n'a pas de description."


@rule("macro-decrite", "Décrivez la macro et tous ses arguments (`arguments:`) dans un YAML à côté d'elle.")
def macros_are_described(manifest: Manifest) -> Iterator[Fault]:
    """Every macro of the project, and each of its arguments, has a description.

    What implements a macro of the project for one adapter is described by that macro; what implements a macro
    of dbt is described itself.
    """
    macros = _own_macros(manifest)
    for macro in macros.values():
        if _implemented(macro, macros) is not None:
            continue
        if not _said(macro):
            yield macro.file, f"La macro {macro.name} n'a pas de description."
        described = {name for name, text in macro.arguments.items() if text.strip()}
        silent = [name for name in macro_arguments(macro.sql) if name not in described]
        if silent:
            yield (
                macro.file,
                f"La macro {macro.name} a des arguments sans description : {', '.join(silent)}.",
            )


@rule(
    "macro-implementation",
    "Donnez à la macro d'un moteur les arguments de la macro qu'elle réalise : mêmes noms, même ordre.",
)
def implementations_take_the_same_arguments(manifest: Manifest) -> Iterator[Fault]:
    """What implements a macro of the project for one adapter has its arguments, under the same names."""
    macros = _own_macros(manifest)
    for macro in macros.values():
        implemented = _implemented(macro, macros)
        if implemented is None:
            continue
        expected, found = (macro_arguments(one.sql) for one in (implemented, macro))
        if found != expected:
            yield (
                macro.file,
                f"La macro {macro.name} prend ({', '.join(found)}), et {implemented.name} "
                f"({', '.join(expected)}).",
            )


@rule(
    "groupe",
    "Déclarez le groupe dans models/<domaine>/_<domaine>.yml, avec `owner: {name, email}` et "
    "`config: {meta: {steward: {name, email}}}`, et `+group: <domaine>` dans dbt_project.yml.",
)
def domains_have_owner_and_steward(manifest: Manifest) -> Iterator[Fault]:
    """Each model is in its domain's group, and each group has an owner and a steward."""
    groups = manifest.groups
    for model in manifest.of_type("model"):
        if model.group != model.domain:
            yield model.file, f"{model.name} n'est pas dans le groupe {model.domain}."
    domains = {node.domain for node in manifest.of_type("model", "source", "seed", "snapshot")}
    for domain in sorted(domains - groups.keys()):
        yield f"models/{domain}/_{domain}.yml", f"Le domaine {domain} n'a pas de groupe, ni de propriétaire."
    for name, group in sorted(groups.items()):
        people = {"propriétaire (owner)": group.owner, "gestionnaire (steward)": group.steward}
        for role, person in people.items():
            if not (person.get("name") and person.get("email")):
                yield group.file, f"Le groupe {name} n'a pas de {role} avec nom et adresse."


@rule(
    "un-yaml-par-modele",
    "Décrivez le modèle dans un fichier .yml du même nom, à côté de son .sql ; des écarts, dans celui de "
    "leur staging.",
)
def one_yaml_a_model(manifest: Manifest) -> Iterator[Fault]:
    """The YAML of a model stands beside it and has its name; écarts may be in that of their staging model.

    All versions of a model are in one file.
    """
    for model in manifest.of_type("model"):
        file = PurePosixPath(model.file)
        stem = file.stem if model.version is None else model.declared
        expected = str(file.with_name(f"{stem.removesuffix(ISSUES_SUFFIX)}.yml"))
        if model.yaml not in (expected, str(file.with_name(f"{stem}.yml"))):
            found = model.yaml or "aucun fichier"
            yield model.file, f"{model.name} est décrit dans {found}, et non dans {expected}."


@rule(
    "nom-de-modele",
    "staging/<source>/stg_<source>__<entité>[_ecarts], intermediate/int_…, marts/dim_… ou fct_….",
)
def models_are_named_by_layer(manifest: Manifest) -> Iterator[Fault]:
    """The name of a model says its layer and, in staging, its source, which is also its folder."""
    for model in manifest.of_type("model"):
        layer, name = model.layer, model.name
        if layer is None:
            yield model.file, f"{name} n'est dans aucune couche (staging, intermediate, marts)."
        elif layer == "staging":
            folder = model.fqn[3]
            if not re.fullmatch(rf"stg_{re.escape(folder)}__[a-z0-9][a-z0-9_]*", name):
                yield model.file, f"{name} devrait s'appeler stg_{folder}__<entité> (dossier {folder})."
        elif not re.match({"intermediate": "int_", "marts": "(dim|fct)_"}[layer], name):
            yield model.file, f"{name} n'a pas le préfixe de la couche {layer}."


@rule("identifiant", "Renommez : minuscules sans accents, chiffres et _, en commençant par une lettre.")
def names_are_identifiers(manifest: Manifest) -> Iterator[Fault]:
    """Names need no quotes anywhere."""
    for node, names in _names(manifest):
        wrong = [name for name in names if not IDENTIFIER.fullmatch(name)]
        if wrong:
            yield node.described_in, f"{node.label} : noms à revoir : {', '.join(wrong)}."


@rule(
    "mot-reserve", "Renommez (par exemple « user » → « utilisateur ») : PostgreSQL ou Denodo refuse ces mots."
)
def names_are_not_reserved(manifest: Manifest) -> Iterator[Fault]:
    """Names are no reserved words of PostgreSQL or VQL."""
    for node, names in _names(manifest):
        reserved = [name for name in names if name in RESERVED]
        if reserved:
            yield (
                node.described_in,
                f"{node.label} : mots réservés pris comme noms : {', '.join(reserved)}.",
            )


def macro_arguments(macro_sql: str) -> list[str]:
    """The names of a macro's arguments, without those that dbt gives to generic tests (model, column_name).

    Args:
        macro_sql: the macro as written; a materialization has no arguments.
    """
    signature = SIGNATURE.match(macro_sql.lstrip())
    if signature is None:
        return []
    tree = Environment(autoescape=True).parse(f"{{% macro {signature['head']} %}}{{% endmacro %}}")
    names = [argument.name for macro in tree.find_all(jinja.Macro) for argument in macro.args]
    is_test = re.match(r"\{%-?\s*test\s", macro_sql.lstrip()) is not None
    return [name for name in names if not (is_test and name in ("model", "column_name"))]


def _own_macros(manifest: Manifest) -> dict[str, Macro]:
    """The macros of the project by name, in the order of their identifiers."""
    return {
        macro.name: macro
        for _, macro in sorted(manifest.macros.items())
        if macro.package == manifest.project_name
    }


def _implemented(macro: Macro, macros: dict[str, Macro]) -> Macro | None:
    """The macro of the project that this one implements for an adapter, if it does."""
    implementation = IMPLEMENTATION.fullmatch(macro.name)
    return macros.get(implementation["macro"]) if implementation else None


def _names(manifest: Manifest) -> Iterator[tuple[Node, list[str]]]:
    for node in manifest.of_type("model", "seed", "source"):
        yield node, [*node.label.split("."), *node.columns]


def _said(thing: Described) -> bool:
    return bool(thing.description.strip())


RULES = (
    everything_is_described,
    macros_are_described,
    implementations_take_the_same_arguments,
    domains_have_owner_and_steward,
    one_yaml_a_model,
    models_are_named_by_layer,
    names_are_identifiers,
    names_are_not_reserved,
)
