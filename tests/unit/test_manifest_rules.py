"""Each rule lets the good manifest through (the first test) and finds its own fault, and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestration.manifest import check_manifest
from orchestration.manifest.checks import RULES
from orchestration.manifest.rules.describing import macro_arguments
from tests.unit import manifests
from tests.unit.manifests import PROJECT, good_manifest

Manifest = dict[str, Any]


def node(manifest: Manifest, name: str) -> dict[str, Any]:
    sections = (manifest["nodes"], manifest["sources"], manifest["unit_tests"])
    return next(n for section in sections for n in section.values() if n["name"] == name)


def add(manifest: Manifest, *nodes: dict[str, Any]) -> None:
    manifest["nodes"] |= {n["unique_id"]: n for n in nodes}


def remove(manifest: Manifest, kind: str, about: str) -> None:
    """Takes away the tests of a kind on a model."""
    for unique_id, test in list(manifest["nodes"].items()):
        if (test.get("test_metadata") or {}).get("name") == kind and test["attached_node"].endswith(
            f".{about}"
        ):
            del manifest["nodes"][unique_id]


def read(manifest: Manifest, reader: str, parent: str) -> None:
    node(manifest, reader)["depends_on"]["nodes"].append(node(manifest, parent)["unique_id"])


def mart_reads_source(m: Manifest) -> None:
    read(m, "dim_ecole", "ecoles")


def staging_reads_a_foreign_source(m: Manifest) -> None:
    read(m, "stg_ecoles__ecoles", "marches")


def staging_reads_staging(m: Manifest) -> None:
    other = manifests.model(
        "age", "staging", "stg_ecoles__villes", [node(m, "stg_ecoles__ecoles")["unique_id"]]
    )
    add(m, other)


def intermediate_reads_its_own_mart(m: Manifest) -> None:
    other = manifests.model("age", "intermediate", "int_autre", [node(m, "dim_ecole")["unique_id"]])
    other["config"]["meta"]["sans_test_unitaire"] = "Pour l'essai."
    add(m, other)


def mart_reads_a_foreign_intermediate(m: Manifest) -> None:
    read(m, "fct_croise", "int_ecoles")


def mart_reads_a_foreign_seed(m: Manifest) -> None:
    read(m, "dim_ecole", "communes")


def mart_reads_a_protected_mart(m: Manifest) -> None:
    hidden = manifests.model("age", "marts", "dim_cachee", [], access="protected")
    tests = [manifests.generic(hidden["unique_id"], "unique_combination", "age")]
    add(m, hidden, *tests)
    read(m, "fct_croise", "dim_cachee")


def staging_reads_a_foreign_mart(m: Manifest) -> None:
    read(m, "stg_ecoles__ecoles", "dim_commune")
    node(m, "stg_ecoles__ecoles")["config"]["materialized"] = "table"


def commun_is_tested_against_ags(m: Manifest) -> None:
    test = manifests.generic(node(m, "dim_commune")["unique_id"], "relationships", "commun", "fase")
    test["depends_on"]["nodes"].append(node(m, "fct_marche")["unique_id"])
    add(m, test)


def age_reads_transversal(m: Manifest) -> None:
    last = manifests.model("transversal", "marts", "dim_fin", [])
    add(m, last, manifests.generic(last["unique_id"], "unique_combination", "transversal"))
    read(m, "fct_marche", "dim_fin")
    node(m, "fct_croise")["depends_on"]["nodes"].remove(node(m, "fct_marche")["unique_id"])


def two_domains_read_each_other(m: Manifest) -> None:
    read(m, "fct_marche", "dim_ecole")
    back = manifests.model("age", "marts", "dim_retour", [node(m, "fct_marche")["unique_id"]])
    add(m, back, manifests.generic(back["unique_id"], "unique_combination", "age"))


def view_reads_a_foreign_mart(m: Manifest) -> None:
    read(m, "int_ecoles", "dim_commune")


def mart_is_private(m: Manifest) -> None:
    node(m, "fct_croise")["access"] = "protected"


def staging_is_public(m: Manifest) -> None:
    node(m, "stg_ecoles__ecoles")["access"] = "public"


def mart_has_no_contract(m: Manifest) -> None:
    node(m, "fct_croise")["config"]["contract"] = {"enforced": False}


def mart_is_a_view(m: Manifest) -> None:
    node(m, "dim_commune")["config"]["materialized"] = "view"


def mart_column_has_no_type(m: Manifest) -> None:
    node(m, "fct_croise")["columns"]["fase"]["data_type"] = None


def mart_key_may_be_null(m: Manifest) -> None:
    remove(m, "not_null", "fct_croise")


def mart_key_of_several_columns_is_untested(m: Manifest) -> None:
    remove(m, "unique_combination", "fct_marche")


def intermediate_has_no_unit_test(m: Manifest) -> None:
    m["unit_tests"].clear()


def mart_decides_without_unit_test(m: Manifest) -> None:
    node(m, "fct_croise")["raw_code"] = "select a.fase from a inner join b on a.fase = b.fase"


def singular_test_says_nothing(m: Manifest) -> None:
    node(m, "une_ecole_a_une_commune")["config"]["meta"] = {}


def macro_test_has_no_group(m: Manifest) -> None:
    add(m, manifests.singular("typing_dates", [], {}))


def singular_test_of_commun_reads_age(m: Manifest) -> None:
    node(m, "une_ecole_a_une_commune")["config"]["meta"] = {"dagster": {"ref": {"name": "dim_commune"}}}


def staging_is_not_reconciled(m: Manifest) -> None:
    remove(m, "reconciles_with_source", "stg_ecoles__ecoles")


def model_is_not_described(m: Manifest) -> None:
    node(m, "int_ecoles")["description"] = " "


def column_is_not_described(m: Manifest) -> None:
    node(m, "communes")["columns"]["code"]["description"] = ""


def model_has_no_columns(m: Manifest) -> None:
    node(m, "int_ecoles")["columns"] = {}


def source_is_not_described(m: Manifest) -> None:
    node(m, "ecoles")["source_description"] = ""


def macro_is_not_described(m: Manifest) -> None:
    m["macros"][f"macro.{PROJECT}.clean_text"]["description"] = ""


def macro_argument_is_not_described(m: Manifest) -> None:
    m["macros"][f"macro.{PROJECT}.clean_text"]["arguments"].pop()


def macro_of_dbt_is_implemented_without_a_word(m: Manifest) -> None:
    m["macros"][f"macro.{PROJECT}.denodo__concat"]["description"] = ""


def implementation_has_another_argument(m: Manifest) -> None:
    found = m["macros"][f"macro.{PROJECT}.default__clean_text"]
    found["macro_sql"] = "{% macro default__clean_text(column, size) %} x {% endmacro %}"


def generic_test_argument_is_not_described(m: Manifest) -> None:
    m["macros"][f"macro.{PROJECT}.test_within"]["arguments"].clear()


def model_is_in_no_group(m: Manifest) -> None:
    node(m, "int_ecoles")["group"] = None


def domain_has_no_group(m: Manifest) -> None:
    del m["groups"][f"group.{PROJECT}.commun"]
    node(m, "dim_commune")["group"] = "commun"


def group_has_no_steward(m: Manifest) -> None:
    m["groups"][f"group.{PROJECT}.age"]["config"]["meta"] = {}


def owner_has_no_address(m: Manifest) -> None:
    del m["groups"][f"group.{PROJECT}.age"]["owner"]["email"]


def yaml_has_another_name(m: Manifest) -> None:
    node(m, "int_ecoles")["patch_path"] = f"{PROJECT}://models/age/intermediate/_tout.yml"


def staging_has_another_source_in_its_name(m: Manifest) -> None:
    node(m, "stg_ecoles__ecoles")["fqn"][3] = "batiments"


def mart_has_no_prefix(m: Manifest) -> None:
    node(m, "fct_croise")["name"] = "croise"


def model_is_in_no_layer(m: Manifest) -> None:
    add(m, manifests.model("age", "divers", "int_perdu", []))


def column_has_a_capital(m: Manifest) -> None:
    node(m, "int_ecoles")["columns"]["Nom"] = manifests.column("Nom")


def column_is_a_reserved_word(m: Manifest) -> None:
    node(m, "int_ecoles")["columns"]["user"] = manifests.column("user")


def source_is_never_read(m: Manifest) -> None:
    node(m, "marches")["config"]["meta"] = {"sans_staging": ""}


def source_has_no_issues_model(m: Manifest) -> None:
    node(m, "stg_ecoles__ecoles_ecarts")["depends_on"]["nodes"] = []


def source_is_in_another_folder(m: Manifest) -> None:
    node(m, "ecoles")["external"]["location"] = "age/batiments/*.csv"


def variant_is_in_another_folder(m: Manifest) -> None:
    node(m, "ecoles")["external"]["options"] = {"variants": [{"name": "b", "location": "ags/ecoles/*.json"}]}


def source_has_another_schema(m: Manifest) -> None:
    node(m, "ecoles")["schema"] = "public"


FAULTS: list[tuple[Callable[[Manifest], None], str, str]] = [
    (mart_reads_source, "source-hors-staging", "dim_ecole lit la source ecoles.ecoles"),
    (staging_reads_a_foreign_source, "source-hors-staging", "du domaine ags"),
    (staging_reads_staging, "couche-sautee", "stg_ecoles__villes (staging) lit un modèle de staging"),
    (intermediate_reads_its_own_mart, "couche-sautee", "int_autre (intermediate) lit un mart, dim_ecole"),
    (mart_reads_a_foreign_intermediate, "domaine-prive", "int_ecoles"),
    (mart_reads_a_foreign_seed, "domaine-prive", "communes"),
    (staging_reads_a_foreign_mart, "domaine-prive", "staging de age"),
    (commun_is_tested_against_ags, "sens-des-domaines", "le domaine ags (fct_marche) par le domaine commun"),
    (age_reads_transversal, "sens-des-domaines", "dim_fin"),
    (two_domains_read_each_other, "cycle-de-domaines", "age → ags → age"),
    (view_reads_a_foreign_mart, "lecteur-fragile", "int_ecoles (view)"),
    (mart_is_private, "mart-public", "fct_croise"),
    (staging_is_public, "couche-privee", "stg_ecoles__ecoles"),
    (mart_has_no_contract, "mart-contrat", "fct_croise"),
    (mart_is_a_view, "mart-table", "matérialisé en view"),
    (mart_column_has_no_type, "mart-types", "fase"),
    (mart_key_may_be_null, "mart-cle", "fct_croise"),
    (mart_key_of_several_columns_is_untested, "mart-cle", "fct_marche"),
    (intermediate_has_no_unit_test, "test-unitaire", "int_ecoles"),
    (mart_decides_without_unit_test, "test-unitaire", "fct_croise"),
    (singular_test_says_nothing, "test-sur-un-modele", "sans dire sur lequel"),
    (macro_test_has_no_group, "test-sur-un-modele", "n'a pas de groupe"),
    (staging_is_not_reconciled, "reconciliation", "stg_ecoles__ecoles"),
    (model_is_not_described, "description", "int_ecoles n'a pas de description"),
    (column_is_not_described, "description", "code"),
    (model_has_no_columns, "description", "aucune colonne"),
    (source_is_not_described, "description", "La source ecoles"),
    (macro_is_not_described, "macro-decrite", "clean_text n'a pas de description"),
    (macro_argument_is_not_described, "macro-decrite", "width"),
    (generic_test_argument_is_not_described, "macro-decrite", "low"),
    (macro_of_dbt_is_implemented_without_a_word, "macro-decrite", "denodo__concat n'a pas"),
    (implementation_has_another_argument, "macro-implementation", "prend (column, size)"),
    (model_is_in_no_group, "groupe", "int_ecoles"),
    (domain_has_no_group, "groupe", "commun n'a pas de groupe"),
    (group_has_no_steward, "groupe", "steward"),
    (owner_has_no_address, "groupe", "owner"),
    (yaml_has_another_name, "un-yaml-par-modele", "_tout.yml"),
    (staging_has_another_source_in_its_name, "nom-de-modele", "stg_batiments__"),
    (mart_has_no_prefix, "nom-de-modele", "croise"),
    (model_is_in_no_layer, "nom-de-modele", "aucune couche"),
    (column_has_a_capital, "identifiant", "Nom"),
    (column_is_a_reserved_word, "mot-reserve", "user"),
    (source_is_never_read, "source-sans-staging", "marches.marches"),
    (source_has_no_issues_model, "source-sans-staging", "lue par stg_ecoles__ecoles"),
    (source_is_in_another_folder, "dossier-de-depot", "age/batiments/*.csv"),
    (variant_is_in_another_folder, "dossier-de-depot", "ags/ecoles/*.json"),
    (source_has_another_schema, "schema-brut", "public"),
]


def test_a_good_project_breaks_no_rule() -> None:
    assert check_manifest(good_manifest()) == []


@pytest.mark.parametrize(
    ("harm", "rule", "words"), FAULTS, ids=lambda value: getattr(value, "__name__", None)
)
def test_each_fault_is_found_by_its_rule_alone(
    harm: Callable[[Manifest], None], rule: str, words: str
) -> None:
    manifest = good_manifest()
    harm(manifest)
    found = check_manifest(manifest)
    assert {violation.rule for violation in found} == {rule}
    assert any(words in violation.message for violation in found), [str(violation) for violation in found]
    assert all(violation.file and violation.advice for violation in found)


def test_a_singular_test_counts_for_the_domain_it_is_about() -> None:
    manifest = good_manifest()
    singular_test_of_commun_reads_age(manifest)
    assert {v.rule for v in check_manifest(manifest)} == {"sens-des-domaines", "cycle-de-domaines"}


def test_a_macro_test_of_a_group_is_fine() -> None:
    manifest = good_manifest()
    add(manifest, manifests.singular("typing_dates", [], {}) | {"group": "commun"})
    assert check_manifest(manifest) == []


def test_a_protected_mart_breaks_the_rules_of_both_sides() -> None:
    manifest = good_manifest()
    mart_reads_a_protected_mart(manifest)
    assert {violation.rule for violation in check_manifest(manifest)} == {"domaine-prive", "mart-public"}


def test_every_rule_has_a_failing_example() -> None:
    assert {rule for _, rule, _ in FAULTS} == {rule.id for rule in RULES}


@pytest.mark.parametrize(("key", "name"), [("sans_test_unitaire", "int_ecoles"), ("sans_staging", "marches")])
def test_an_exception_needs_a_reason(key: str, name: str) -> None:
    manifest = good_manifest()
    manifest["unit_tests"].clear()
    node(manifest, "int_ecoles")["config"]["meta"] = {"sans_test_unitaire": "Simple liste."}
    assert check_manifest(manifest) == []
    node(manifest, name)["config"]["meta"][key] = "  "
    assert len(check_manifest(manifest)) == 1


@pytest.mark.parametrize(
    "sql", ["select a from x -- where b", "{# join #} select a from x", "select a /* case */ from x"]
)
def test_a_comment_is_no_logic(sql: str) -> None:
    manifest = good_manifest()
    node(manifest, "fct_croise")["raw_code"] = sql
    assert check_manifest(manifest) == []


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("{% macro a() %}{% endmacro %}", []),
        ("{%- macro a(x, y='(', z=[1, 2]) -%}{% endmacro %}", ["x", "y", "z"]),
        ("{% macro a(\n    x,\n    y=none\n) %}{% do b(x) %}{% endmacro %}", ["x", "y"]),
        ("{% test a(model, column_name, low) %}{% endtest %}", ["low"]),
        ("{% materialization view, adapter='postgres' %}{% endmaterialization %}", []),
    ],
)
def test_the_arguments_of_a_macro_are_read(sql: str, names: list[str]) -> None:
    assert macro_arguments(sql) == names
