"""What a domain offers (marts) and what it keeps for itself (the other layers)."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator

from donnees_au_centre.project.nodes import ISSUES_SUFFIX, DataTest, Manifest, Node
from donnees_au_centre.project.rules.rule import Fault, rule
from donnees_au_centre.project.versions import LONGEST

KEPT = ("table", "incremental")
# SQL that decides something, and so can be wrong; a plain list of columns cannot.
LOGIC = re.compile(
    r"\b(join|where|having|union|intersect|except|case|distinct|over|filter|lateral|coalesce|group\s+by)\b",
    re.IGNORECASE,
)
COMMENTS = re.compile(r"\{#.*?#\}|/\*.*?\*/|--[^\n]*", re.DOTALL)


def marts(manifest: Manifest) -> Iterator[Node]:
    """The models of the marts layer."""
    return (model for model in manifest.models if model.is_mart)


@rule("mart-public", "Retirez `access:` du modèle : dbt_project.yml rend les marts publics.")
def marts_are_public(manifest: Manifest) -> Iterator[Fault]:
    """A mart is there to be read by others."""
    for model in marts(manifest):
        if model.access != "public":
            yield model.file, f"Le mart {model.name} n'est pas public (access: {model.access or None})."


@rule("couche-privee", "Retirez `access:` du modèle : dbt_project.yml rend staging et intermediate privés.")
def other_layers_are_private(manifest: Manifest) -> Iterator[Fault]:
    """Staging and intermediate models may change without notice: nobody else reads them."""
    for model in manifest.models:
        if model.layer in ("staging", "intermediate") and model.access != "private":
            yield model.file, f"{model.name} est dans {model.layer} mais n'est pas privé."


@rule("mart-contrat", "Retirez `contract:` du modèle : dbt_project.yml impose un contrat aux marts.")
def marts_have_contracts(manifest: Manifest) -> Iterator[Fault]:
    """A mart's columns and types are promised."""
    for model in marts(manifest):
        if not model.has_contract:
            yield model.file, f"Le mart {model.name} n'a pas de contrat imposé."


@rule("mart-table", "Retirez `materialized` du modèle, ou choisissez table ou incremental.")
def marts_are_tables(manifest: Manifest) -> Iterator[Fault]:
    """A mart is a table: what reads it does not compute it again."""
    for model in marts(manifest):
        materialized = model.materialized
        if materialized not in KEPT:
            yield model.file, f"Le mart {model.name} est matérialisé en {materialized}."


@rule("mart-types", "Ajoutez `data_type:` à la colonne dans le YAML du modèle.")
def mart_columns_have_types(manifest: Manifest) -> Iterator[Fault]:
    """Each column of a mart has a declared type."""
    for model in marts(manifest):
        untyped = [name for name, column in model.columns.items() if not column.data_type]
        if untyped:
            yield model.file, f"Le mart {model.name} a des colonnes sans type : {', '.join(untyped)}."


@rule(
    "mart-nom-long",
    f"Raccourcissez le nom du mart : {LONGEST} signes au plus, pour que la date de ses tables y tienne.",
)
def mart_names_leave_room(manifest: Manifest) -> Iterator[Fault]:
    """The tables of a mart bear its name and the moment they were built; PostgreSQL cuts names."""
    for model in marts(manifest):
        if len(model.relation) > LONGEST:
            yield model.file, f"Le nom du mart {model.relation} a {len(model.relation)} signes."


@rule("mart-baisse", "Écrivez un nombre de 0 à 100 : la part des lignes qu'une construction peut perdre.")
def bounds_of_falls_are_shares(manifest: Manifest) -> Iterator[Fault]:
    """How far the rows of a model may fall is a share, in percent."""
    for model in manifest.models:
        bound = model.meta.get("baisse_max")
        is_share = isinstance(bound, (int, float)) and not isinstance(bound, bool) and 0 <= bound <= 100
        if bound is not None and not is_share:
            yield model.described_in, f"{model.name} : baisse_max est {bound}."


@rule(
    "seed-types",
    "Écrivez config: {column_types: {…}} avec chaque colonne du fichier et son type ; un code est text, pour "
    "garder ses zéros.",
)
def seed_columns_have_types(manifest: Manifest) -> Iterator[Fault]:
    """Each column of a seed has a declared type: dbt would guess one, and 0012 become 12."""
    for seed in manifest.of_type("seed"):
        declared = seed.config.get("column_types") or {}
        header = _header(seed)
        columns = header or list(seed.columns)
        untyped = [column for column in columns if column not in declared]
        if untyped:
            listed = ", ".join(untyped)
            yield seed.described_in, f"Le seed {seed.name} a des colonnes sans type : {listed}."
        unknown = [column for column in declared if header and column not in header]
        if unknown:
            yield (
                seed.described_in,
                f"Le seed {seed.name} donne un type à des colonnes que son fichier n'a pas : "
                f"{', '.join(unknown)}.",
            )


def _header(seed: Node) -> list[str]:
    """The columns of a seed's file; none when it cannot be read, which other rules say."""
    file = seed.folder / seed.file
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            return next(csv.reader(text, delimiter=seed.config.get("delimiter") or ","), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


@rule(
    "mart-cle",
    "Testez la clé : `unique` et `constraints: [{type: not_null}]` sur sa colonne, ou `unique_combination` "
    "sur le modèle.",
)
def marts_are_tested_on_key(manifest: Manifest) -> Iterator[Fault]:
    """The key of a mart is tested."""
    tests = _tests_by_model(manifest)
    for model in marts(manifest):
        by_column = defaultdict(set)
        for test in tests[model.unique_id]:
            by_column[test.column_name].add(test.generic)
        one_column = any({"unique", "not_null"} <= names for column, names in by_column.items() if column)
        if not one_column and "unique_combination" not in by_column[None]:
            yield model.file, f"Aucun test ne porte sur la clé du mart {model.name}."


@rule(
    "test-unitaire",
    "Ajoutez un `unit_tests:` dans le YAML du modèle, ou la raison dans "
    'config: {meta: {sans_test_unitaire: "…"}}.',
)
def logic_has_unit_tests(manifest: Manifest) -> Iterator[Fault]:
    """Every intermediate model, and every mart that decides something, has a unit test or says why not."""
    tested = {test.tested_id for test in manifest.own_unit_tests}
    for model in manifest.models:
        layer = model.layer
        needs = layer == "intermediate" or (
            layer == "marts" and LOGIC.search(COMMENTS.sub(" ", model.raw_code)) is not None
        )
        reason = str(model.meta.get("sans_test_unitaire") or "").strip()
        if needs and model.unique_id not in tested and not reason:
            yield model.file, f"{model.name} ({layer}) a une logique mais aucun test unitaire."


@rule(
    "test-sur-un-modele",
    "Écrivez en tête du fichier, dans config() : meta={'dagster': {'ref': {'name': '<modèle>'}}} ; "
    "pour un test de macro, qui ne lit aucun modèle : group='commun'.",
)
def singular_tests_are_about_a_model(manifest: Manifest) -> Iterator[Fault]:
    """A singular test is about one model, so that it runs and shows with it; a macro's test has a group."""
    for test in manifest.tests:
        if not test.is_singular or test.tested_id:
            continue
        if test.reads:
            yield (
                test.file,
                f"Le test {test.name} lit plusieurs modèles sans dire sur lequel il porte.",
            )
        elif manifest.domain_of_test(test) is None:
            yield test.file, f"Le test {test.name} ne lit aucun modèle et n'a pas de groupe."


@rule(
    "reconciliation",
    "Ajoutez data_tests: [reconciles_with_source: {name: <modèle>_rien_ne_se_perd}] au modèle.",
)
def staging_reconciles(manifest: Manifest) -> Iterator[Fault]:
    """Nothing is lost between a file's raw table and its staging model: it is tested on each of them."""
    tests = _tests_by_model(manifest)
    for model in manifest.models:
        if model.layer != "staging" or model.name.endswith(ISSUES_SUFFIX):
            continue
        sources = [manifest.sources.get(parent) for parent in model.reads]
        names = {test.generic for test in tests[model.unique_id]}
        landed = any(source and source.external for source in sources)
        if landed and "reconciles_with_source" not in names:
            yield model.file, f"{model.name} n'est pas rapproché de sa source."


@rule(
    "tableau-de-bord",
    "Donnez au tableau de bord (exposures:) un label, une description, un owner avec name et email, et "
    "ne le faites dépendre que de marts : ref('fct_…'), ref('dim_…').",
)
def dashboards_read_marts(manifest: Manifest) -> Iterator[Fault]:
    """A dashboard says what it is and whom to tell when its data fail; it reads what is offered."""
    for exposure in manifest.exposures.values():
        owner = exposure.owner
        missing = [
            key
            for key, value in {
                "label": exposure.title,
                "description": exposure.description,
                "owner: name": owner.get("name"),
                "owner: email": owner.get("email"),
            }.items()
            if not value
        ]
        if missing:
            yield exposure.file, f"{exposure.name} ne donne pas : {', '.join(missing)}."
        offered = {mart.unique_id for mart in marts(manifest)}
        for parent in exposure.reads:
            if parent not in offered:
                yield exposure.file, f"{exposure.name} lit {parent}, qui n'est pas un mart."


def _tests_by_model(manifest: Manifest) -> defaultdict[str | None, list[DataTest]]:
    tests: defaultdict[str | None, list[DataTest]] = defaultdict(list)
    for test in manifest.checks:
        tests[test.tested_id].append(test)
    return tests


RULES = (
    marts_are_public,
    other_layers_are_private,
    marts_have_contracts,
    marts_are_tables,
    mart_names_leave_room,
    mart_columns_have_types,
    bounds_of_falls_are_shares,
    seed_columns_have_types,
    marts_are_tested_on_key,
    logic_has_unit_tests,
    singular_tests_are_about_a_model,
    staging_reconciles,
    dashboards_read_marts,
)
