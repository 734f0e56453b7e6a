"""Each rule lets the good manifest through (the first test) and finds its own fault, and no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from donnees_au_centre.project import check_manifest
from donnees_au_centre.project.checks import RULES
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.rules.describing import macro_arguments
from tests.unit import manifests
from tests.unit.manifests import PROJECT, good_manifest

Content = dict[str, Any]


def node(manifest: Content, name: str) -> dict[str, Any]:
    sections = (manifest["nodes"], manifest["sources"], manifest["unit_tests"])
    return next(n for section in sections for n in section.values() if n["name"] == name)


def add(manifest: Content, *nodes: dict[str, Any]) -> None:
    manifest["nodes"] |= {n["unique_id"]: n for n in nodes}


def remove(manifest: Content, kind: str, about: str) -> None:
    """Takes away the tests of a kind on a model."""
    for unique_id, test in list(manifest["nodes"].items()):
        if (test.get("test_metadata") or {}).get("name") == kind and test["attached_node"].endswith(
            f".{about}"
        ):
            del manifest["nodes"][unique_id]


def read(manifest: Content, reader: str, parent: str) -> None:
    node(manifest, reader)["depends_on"]["nodes"].append(node(manifest, parent)["unique_id"])


def mart_reads_source(m: Content) -> None:
    read(m, "dim_ecole", "ecoles")


def staging_reads_a_foreign_source(m: Content) -> None:
    read(m, "stg_ecoles__ecoles", "marches")


def staging_reads_staging(m: Content) -> None:
    other = manifests.model(
        "age", "staging", "stg_ecoles__villes", [node(m, "stg_ecoles__ecoles")["unique_id"]]
    )
    add(m, other)


def intermediate_reads_its_own_mart(m: Content) -> None:
    other = manifests.model("age", "intermediate", "int_autre", [node(m, "dim_ecole")["unique_id"]])
    other["config"]["meta"]["sans_test_unitaire"] = "Pour l'essai."
    add(m, other)


def mart_reads_a_foreign_intermediate(m: Content) -> None:
    read(m, "fct_croise", "int_ecoles")


def mart_reads_a_foreign_seed(m: Content) -> None:
    read(m, "dim_ecole", "communes")


def mart_reads_a_protected_mart(m: Content) -> None:
    hidden = manifests.model("age", "marts", "dim_cachee", [], access="protected")
    tests = [manifests.generic(hidden["unique_id"], "unique_combination", "age")]
    add(m, hidden, *tests)
    read(m, "fct_croise", "dim_cachee")


def staging_reads_a_foreign_mart(m: Content) -> None:
    read(m, "stg_ecoles__ecoles", "dim_commune")
    node(m, "stg_ecoles__ecoles")["config"]["materialized"] = "table"


def commun_is_tested_against_ags(m: Content) -> None:
    test = manifests.generic(node(m, "dim_commune")["unique_id"], "relationships", "commun", "fase")
    test["depends_on"]["nodes"].append(node(m, "fct_marche")["unique_id"])
    add(m, test)


def age_reads_transversal(m: Content) -> None:
    last = manifests.model("transversal", "marts", "dim_fin", [])
    add(m, last, manifests.generic(last["unique_id"], "unique_combination", "transversal"))
    read(m, "fct_marche", "dim_fin")
    node(m, "fct_croise")["depends_on"]["nodes"].remove(node(m, "fct_marche")["unique_id"])


def two_domains_read_each_other(m: Content) -> None:
    read(m, "fct_marche", "dim_ecole")
    back = manifests.model("age", "marts", "dim_retour", [node(m, "fct_marche")["unique_id"]])
    add(m, back, manifests.generic(back["unique_id"], "unique_combination", "age"))


def view_reads_a_foreign_mart(m: Content) -> None:
    read(m, "int_ecoles", "dim_commune")


def in_two_versions(m: Content, name: str, end: int | None = 180) -> tuple[Content, Content]:
    """Has two versions of a mart, the old one for some days more; who read it reads the new one."""
    model = node(m, name)
    former, latest = manifests.versions(
        model, f"{date.today() + timedelta(end)}" if end is not None else None
    )
    tests = [n for n in m["nodes"].values() if n.get("attached_node") == model["unique_id"]]
    for one in (former, latest):
        for test in tests:
            its = {"unique_id": f"{test['unique_id']}{one['version']}", "attached_node": one["unique_id"]}
            add(m, {**test, **its, "depends_on": {"nodes": [one["unique_id"]], "macros": []}})
    for gone in (model, *tests):
        del m["nodes"][gone["unique_id"]]
    add(m, former, latest)
    for one in m["nodes"].values():
        reads = one["depends_on"].get("nodes", [])
        one["depends_on"]["nodes"] = [
            latest["unique_id"] if parent == model["unique_id"] else parent for parent in reads
        ]
    return former, latest


def intermediate_is_a_version(m: Content) -> None:
    node(m, "int_ecoles").update(version=1, latest_version=1, alias="int_ecoles_v1")


def old_version_has_no_end(m: Content) -> None:
    in_two_versions(m, "fct_croise", None)


def old_version_stays_too_long(m: Content) -> None:
    in_two_versions(m, "fct_croise", 549)


def old_version_is_still_there(m: Content) -> None:
    in_two_versions(m, "fct_croise", -1)


def mart_is_private(m: Content) -> None:
    node(m, "fct_croise")["access"] = "protected"


def staging_is_public(m: Content) -> None:
    node(m, "stg_ecoles__ecoles")["access"] = "public"


def mart_has_no_contract(m: Content) -> None:
    node(m, "fct_croise")["config"]["contract"] = {"enforced": False}


def mart_is_a_view(m: Content) -> None:
    node(m, "dim_commune")["config"]["materialized"] = "view"


def mart_column_has_no_type(m: Content) -> None:
    node(m, "fct_croise")["columns"]["fase"]["data_type"] = None


def mart_has_a_long_name(m: Content) -> None:
    node(m, "fct_croise")["alias"] = "f" * 42


def mart_may_lose_too_much(m: Content) -> None:
    node(m, "fct_croise")["config"]["meta"]["baisse_max"] = "beaucoup"


def seed_column_has_no_type(m: Content) -> None:
    node(m, "communes")["config"]["column_types"] = {}


def mart_key_may_be_null(m: Content) -> None:
    remove(m, "not_null", "fct_croise")


def mart_key_of_several_columns_is_untested(m: Content) -> None:
    remove(m, "unique_combination", "fct_marche")


def intermediate_has_no_unit_test(m: Content) -> None:
    m["unit_tests"].clear()


def mart_decides_without_unit_test(m: Content) -> None:
    node(m, "fct_croise")["raw_code"] = "select a.fase from a inner join b on a.fase = b.fase"


def singular_test_says_nothing(m: Content) -> None:
    node(m, "une_ecole_a_une_commune")["config"]["meta"] = {}


def macro_test_has_no_group(m: Content) -> None:
    add(m, manifests.singular("typing_dates", [], {}))


def singular_test_of_commun_reads_age(m: Content) -> None:
    node(m, "une_ecole_a_une_commune")["config"]["meta"] = {"dagster": {"ref": {"name": "dim_commune"}}}


def show(m: Content, parent: str, **more: Any) -> None:
    """Adds a dashboard that reads one node."""
    exposure = {
        "unique_id": f"exposure.{PROJECT}.pilotage",
        "name": "pilotage",
        "label": "Pilotage",
        "description": "Les écoles.",
        "original_file_path": "models/age/marts/_age__exposures.yml",
        "owner": {"name": "Cabinet", "email": "cabinet@fwb.example"},
        "depends_on": {"nodes": [node(m, parent)["unique_id"]]},
    }
    m["exposures"] = {exposure["unique_id"]: exposure | more}


def dashboard_reads_intermediate(m: Content) -> None:
    show(m, "int_ecoles")


def dashboard_has_no_owner(m: Content) -> None:
    show(m, "dim_ecole", owner={"name": "Cabinet"})


def staging_is_not_reconciled(m: Content) -> None:
    remove(m, "reconciles_with_source", "stg_ecoles__ecoles")


def typed(staging: str, *rules: str) -> Callable[[Content], None]:
    """Types a column of the good project by a call, under rules of its écarts."""

    def harm(m: Content) -> None:
        head = "(column, precision, scale, decimal_separator='.')"
        for name in ("to_decimal", "is_decimal"):
            made = manifests.macro(
                name,
                f"{{% macro {name}{head} %}} x {{% endmacro %}}",
                ["column", "precision", "scale", "decimal_separator"],
            )
            made["original_file_path"] = "macros/typing/decimal.sql"
            m["macros"][made["unique_id"]] = made
        node(m, "stg_ecoles__ecoles")["raw_code"] = f"select {{{{ {staging} }}}} as n from s"
        node(m, "stg_ecoles__ecoles_ecarts")["raw_code"] = (
            f"{{{{ row_issues(source('ecoles', 'ecoles'), [{', '.join(rules)}]) }}}}"
        )

    return harm


CAST = "to_decimal('fase', 10, 2, ',')"
UNCHECKED = [
    (CAST, (), "optional('fase', is_decimal('fase', 10, 2, ','), \"fase illisible\"),"),
    (CAST, ("required('fase', none, 'absent')",), "optional('fase', is_decimal('fase', 10, 2, ',')"),
    (CAST, ("optional('nom', is_decimal('nom', 10, 2, ','), 'x')",), "lit « fase » par to_decimal"),
    (CAST, ("optional('fase', is_decimal('fase', 10, 2), 'x')",), "is_decimal('fase', 10, 2, ',')"),
    ("to_decimal('substr(fase, 2)', 10, 2)", (), "lit « fase » par to_decimal"),
    ("dbt.safe_cast('fase', 'integer')", (), "required ou optional('fase', <condition>"),
    ("to_decimal(colonne, 10, 2)", (), "écrivez la colonne"),
]


@pytest.mark.parametrize(("staging", "rules", "words"), UNCHECKED)
def test_a_cast_without_its_rule_is_found(staging: str, rules: tuple[str, ...], words: str) -> None:
    manifest = good_manifest()
    typed(staging, *rules)(manifest)
    (found,) = check_manifest(Manifest(manifest))
    assert (found.rule, words in found.message) == ("typage-sans-regle", True), found


@pytest.mark.parametrize(
    ("staging", "rule"),
    [
        (CAST, "required('fase', is_decimal('fase', scale=2, precision=10, decimal_separator=','), 'x')"),
        (CAST, "optional('fase', is_decimal('fase', 10, 2) ~ ' or ' ~ is_decimal('fase', 10, 2, ','), 'x')"),
        (CAST, "reject('fase', \"fase like '%x'\", 'x')"),
        ("to_decimal('fase', 10, 2)", "optional('fase', is_decimal('fase', 10, 2, '.'), 'x')"),
        ("to_decimal(trim_blanks('fase'), 10, 2)", "optional('fase', is_decimal('fase', 10, 2), 'x')"),
        ("clean_text('fase')", "exclude('fase', 'x', 'total')"),
    ],
)
def test_a_cast_with_its_rule_is_fine(staging: str, rule: str) -> None:
    manifest = good_manifest()
    typed(staging, rule)(manifest)
    assert check_manifest(Manifest(manifest)) == []


DECLARED = "{{{{ staging(source('ecoles', 'ecoles'), [{}]) }}}}"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (f"expression('n', {CAST})", 'readable=is_decimal(…), optional="fase illisible" dans son exp'),
        (f"expression('n', {CAST}, of='fase', required='x')", "of='fase', readable=is_decimal(…)"),
        (f"expression('n', {CAST}, of='nom', readable='x', optional='x')", "aucune colonne déclarée de « fa"),
        ("expression('n', to_decimal(colonne, 10, 2))", "écrivez la colonne"),
    ],
)
def test_an_expression_that_types_has_its_rule(entry: str, words: str) -> None:
    manifest = good_manifest()
    typed(CAST, "optional('fase', 'x', 'x')")(manifest)
    node(manifest, "stg_ecoles__ecoles")["raw_code"] = DECLARED.format(entry)
    node(manifest, "stg_ecoles__ecoles_ecarts")["raw_code"] = "{{ issues(source('ecoles', 'ecoles')) }}"
    (found,) = check_manifest(Manifest(manifest))
    assert (found.rule, words in found.message) == ("typage-sans-regle", True), found


@pytest.mark.parametrize(
    "entry",
    [
        "decimal('fase', precision=10, scale=2, optional='x')",
        "text('fase', sql='upper({})')",
        f"expression('n', {CAST}, of='fase', readable=is_decimal('fase', 10, 2, ','), required='x')",
        f"expression('n', {CAST}, of='fase', readable=\"fase like '%x'\", optional='x')",
        f"expression('n', {CAST}, of='fase', required=[reject('fase', \"fase like '%x'\", 'x')])",
        f"integer('fase', optional='x'), expression('n', {CAST}, of='fase')",
    ],
)
def test_a_declared_column_is_fine(entry: str) -> None:
    manifest = good_manifest()
    typed(CAST, "optional('fase', 'x', 'x')")(manifest)
    node(manifest, "stg_ecoles__ecoles")["raw_code"] = DECLARED.format(entry)
    node(manifest, "stg_ecoles__ecoles_ecarts")["raw_code"] = "{{ issues(source('ecoles', 'ecoles')) }}"
    assert check_manifest(Manifest(manifest)) == []


@pytest.mark.parametrize("end", [0, 180, 548])
def test_a_mart_in_two_versions_is_fine(end: int) -> None:
    manifest = good_manifest()
    in_two_versions(manifest, "dim_commune", end)
    in_two_versions(manifest, "fct_croise", end)
    assert check_manifest(Manifest(manifest)) == []


def test_a_join_to_one_of_two_versions_is_counted() -> None:
    manifest = good_manifest()
    looks_up()(manifest)
    in_two_versions(manifest, "dim_commune")
    ecole = node(manifest, "dim_ecole")
    ecole["raw_code"] = ecole["raw_code"].replace("ref('dim_commune')", "ref('dim_commune', v=1)")
    assert [one.rule for one in check_manifest(Manifest(manifest))] == ["jointure-comptee"]


def test_a_contract_counts_as_the_test_of_a_key() -> None:
    manifest = good_manifest()
    remove(manifest, "not_null", "dim_ecole")
    assert [found.rule for found in check_manifest(Manifest(manifest))] == ["mart-cle"]
    node(manifest, "dim_ecole")["columns"]["fase"]["constraints"] = [{"type": "not_null"}]
    assert check_manifest(Manifest(manifest)) == []


def test_a_whole_data_set_can_only_say_that_it_is_about_nobody() -> None:
    manifest = good_manifest()
    node(manifest, "dim_ecole")["config"]["meta"]["donnee_personnelle"] = "financier"
    (found,) = check_manifest(Manifest(manifest))
    assert (found.rule, "ne peut dire que aucune" in found.message) == ("categorie-connue", True)


def test_a_confidential_source_says_it_of_each_column() -> None:
    manifest = good_manifest()
    table = manifest["sources"]["source.donnees_au_centre.ecoles.ecoles"]
    table["config"]["meta"]["gouvernance"]["classification"] = "confidentiel"
    table["config"]["meta"]["donnee_personnelle"] = "aucune"
    table["columns"]["fase"]["config"] = {"meta": {"donnee_personnelle": "aucune"}}
    assert [found.rule for found in check_manifest(Manifest(manifest))] == ["categorie-connue"]


def test_ecarts_are_described_with_their_staging() -> None:
    manifest = good_manifest()
    issues = node(manifest, "stg_ecoles__ecoles_ecarts")
    issues["patch_path"] = node(manifest, "stg_ecoles__ecoles")["patch_path"]
    assert check_manifest(Manifest(manifest)) == []


def looks_up(*tests: tuple[str, str]) -> Callable[[Content], None]:
    """Makes dim_ecole look its commune up in dim_commune, under tests (kind, column)."""

    def harm(m: Content) -> None:
        ecole = node(m, "dim_ecole")
        ecole["raw_code"] = (
            "with communes as (\n    select * from {{ ref('dim_commune') }}\n    where est_en_vigueur\n),\n"
            "final as (select e.fase, coalesce(communes.nis, 'x') as commune_nis from int_ecoles as e\n"
            "left join communes on e.ville = communes.nom)\nselect * from final"
        )
        for kind, column in tests:
            made = manifests.generic(ecole["unique_id"], kind, "age", column)
            made["depends_on"]["nodes"].append(node(m, "dim_commune")["unique_id"])
            add(m, made)
        m["unit_tests"] |= {"u": manifests.unit("age", ecole["unique_id"], "u")}

    return harm


@pytest.mark.parametrize(
    "test", [("mostly_filled", "commune_nis"), ("not_null", "commune_nis"), ("mostly_related", "ville")]
)
def test_a_join_that_is_counted_is_fine(test: tuple[str, str]) -> None:
    manifest = good_manifest()
    looks_up(test)(manifest)
    assert check_manifest(Manifest(manifest)) == []


@pytest.mark.parametrize("tests", [(), (("mostly_filled", "ville"),), (("unique", "commune_nis"),)])
def test_a_join_that_nothing_counts_is_found(tests: tuple[tuple[str, str], ...]) -> None:
    manifest = good_manifest()
    looks_up(*tests)(manifest)
    (found,) = check_manifest(Manifest(manifest))
    assert found.rule == "jointure-comptee"
    assert "dim_ecole cherche dans dim_commune (commune_nis)" in found.message
    node(manifest, "dim_ecole")["config"]["meta"]["sans_comptage"] = "Facultatif."
    assert check_manifest(Manifest(manifest)) == []


def model_is_not_described(m: Content) -> None:
    node(m, "int_ecoles")["description"] = " "


def column_is_not_described(m: Content) -> None:
    node(m, "communes")["columns"]["code"]["description"] = ""


def model_has_no_columns(m: Content) -> None:
    node(m, "int_ecoles")["columns"] = {}


def source_is_not_described(m: Content) -> None:
    node(m, "ecoles")["source_description"] = ""


def macro_is_not_described(m: Content) -> None:
    m["macros"][f"macro.{PROJECT}.clean_text"]["description"] = ""


def macro_argument_is_not_described(m: Content) -> None:
    m["macros"][f"macro.{PROJECT}.clean_text"]["arguments"].pop()


def macro_of_dbt_is_implemented_without_a_word(m: Content) -> None:
    m["macros"][f"macro.{PROJECT}.denodo__concat"]["description"] = ""


def implementation_has_another_argument(m: Content) -> None:
    found = m["macros"][f"macro.{PROJECT}.default__clean_text"]
    found["macro_sql"] = "{% macro default__clean_text(column, size) %} x {% endmacro %}"


def generic_test_argument_is_not_described(m: Content) -> None:
    m["macros"][f"macro.{PROJECT}.test_within"]["arguments"].clear()


def model_is_in_no_group(m: Content) -> None:
    node(m, "int_ecoles")["group"] = None


def domain_has_no_group(m: Content) -> None:
    del m["groups"][f"group.{PROJECT}.commun"]
    node(m, "dim_commune")["group"] = "commun"


def group_has_no_steward(m: Content) -> None:
    m["groups"][f"group.{PROJECT}.age"]["config"]["meta"] = {}


def owner_has_no_address(m: Content) -> None:
    del m["groups"][f"group.{PROJECT}.age"]["owner"]["email"]


def yaml_has_another_name(m: Content) -> None:
    node(m, "int_ecoles")["patch_path"] = f"{PROJECT}://models/age/intermediate/_tout.yml"


def staging_has_another_source_in_its_name(m: Content) -> None:
    node(m, "stg_ecoles__ecoles")["fqn"][3] = "batiments"


def mart_has_no_prefix(m: Content) -> None:
    node(m, "fct_croise")["name"] = "croise"


def model_is_in_no_layer(m: Content) -> None:
    add(m, manifests.model("age", "divers", "int_perdu", []))


def column_has_a_capital(m: Content) -> None:
    node(m, "int_ecoles")["columns"]["Nom"] = manifests.column("Nom")


def column_is_a_reserved_word(m: Content) -> None:
    node(m, "int_ecoles")["columns"]["user"] = manifests.column("user")


def source_is_never_read(m: Content) -> None:
    node(m, "marches")["config"]["meta"]["sans_staging"] = ""


def source_has_no_issues_model(m: Content) -> None:
    node(m, "stg_ecoles__ecoles_ecarts")["depends_on"]["nodes"] = []


def source_is_in_another_folder(m: Content) -> None:
    node(m, "ecoles")["external"]["location"] = "age/batiments/*.csv"


def variant_is_in_another_folder(m: Content) -> None:
    node(m, "ecoles")["external"]["options"] = {"variants": [{"name": "b", "location": "ags/ecoles/*.json"}]}


def source_is_not_watched(m: Content) -> None:
    del m["nodes"][f"test.{PROJECT}.comparable_volume_ecoles_table.0123456789"]


def source_has_another_schema(m: Content) -> None:
    node(m, "ecoles")["schema"] = "public"


def files_replace_each_other(m: Content, location: str, by: str) -> None:
    ecoles = node(m, "ecoles")
    ecoles["external"]["location"] = f"age/ecoles/{location}"
    ecoles["config"]["meta"]["fichiers"] = {"se_remplacent": by}


def capture_takes_anything(m: Content) -> None:
    node(m, "ecoles")["external"]["location"] = "age/ecoles/ecoles_{edition}.csv"


def files_are_not_said(m: Content) -> None:
    del node(m, "ecoles")["config"]["meta"]["fichiers"]


def files_are_said_otherwise(m: Content) -> None:
    node(m, "ecoles")["config"]["meta"]["fichiers"] = "cliche"


def files_are_dated_by_no_date(m: Content) -> None:
    files_replace_each_other(m, "ecoles_{edition:v0|yyyy}.csv", "edition")
    node(m, "int_ecoles")["depends_on"]["macros"] = ["macro.donnees_au_centre.latest_file"]


def files_are_dated_by_no_capture(m: Content) -> None:
    files_replace_each_other(m, "ecoles_{jour:yyyy-MM-dd}.csv", "cliche")
    node(m, "int_ecoles")["depends_on"]["macros"] = ["macro.donnees_au_centre.latest_file"]


def every_file_is_read(m: Content) -> None:
    files_replace_each_other(m, "ecoles_{jour:yyyy-MM-dd}.csv", "jour")


def the_last_name_is_read(m: Content) -> None:
    node(m, "int_ecoles")["raw_code"] = "select max(lignes.source_fichier) as dernier from lignes"


def name_is_a_synonym(m: Content) -> None:
    node(m, "dim_ecole")["columns"]["commune_nis"] = manifests.column("commune_nis")


def name_has_another_meaning(m: Content) -> None:
    node(m, "dim_ecole")["columns"]["numero_bce"] = manifests.column(
        "numero_bce", description="Numéro d'unité d'établissement."
    )


def name_has_two_types(m: Content) -> None:
    for mart, kind in (
        ("dim_ecole", "numeric(9, 6)"),
        ("fct_croise", "numeric(9,6)"),
        ("fct_marche", "text"),
    ):
        node(m, mart)["columns"]["mesure"] = manifests.column("mesure", data_type=kind)


def name_has_not_the_conformed_type(m: Content) -> None:
    node(m, "dim_ecole")["columns"]["code_nis"] = manifests.column(
        "code_nis", description="Code NIS de la commune.", data_type="integer"
    )


def former_name_leads_nowhere(m: Content) -> None:
    node(m, "dim_ecole")["columns"]["commune_nis"] = manifests.column(
        "commune_nis",
        description="Ancien nom de code_nis.",
        config={"meta": {"ancien_nom": {"remplace_par": "code_nis", "retire_le": "2027-06-30"}}},
    )


FAULTS: list[tuple[Callable[[Content], None], str, str]] = [
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
    (mart_has_a_long_name, "mart-nom-long", "42 signes"),
    (mart_may_lose_too_much, "mart-baisse", "beaucoup"),
    (seed_column_has_no_type, "seed-types", "code"),
    (mart_key_may_be_null, "mart-cle", "fct_croise"),
    (mart_key_of_several_columns_is_untested, "mart-cle", "fct_marche"),
    (intermediate_has_no_unit_test, "test-unitaire", "int_ecoles"),
    (mart_decides_without_unit_test, "test-unitaire", "fct_croise"),
    (singular_test_says_nothing, "test-sur-un-modele", "sans dire sur lequel"),
    (macro_test_has_no_group, "test-sur-un-modele", "n'a pas de groupe"),
    (looks_up(), "jointure-comptee", "dim_ecole cherche dans dim_commune (commune_nis)"),
    (typed(CAST), "typage-sans-regle", "fase illisible"),
    (staging_is_not_reconciled, "reconciliation", "stg_ecoles__ecoles"),
    (dashboard_reads_intermediate, "tableau-de-bord", "pilotage"),
    (dashboard_has_no_owner, "tableau-de-bord", "pilotage"),
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
    (name_is_a_synonym, "nom-conforme", "dim_ecole.commune_nis s'appelle ailleurs code_nis"),
    (name_has_another_meaning, "nom-conforme", "Numéro d'entreprise…"),
    (name_has_two_types, "type-conforme", "fct_marche.mesure est text, et numeric(9,6) ailleurs"),
    (name_has_not_the_conformed_type, "type-conforme", "dim_ecole.code_nis est integer, et text ailleurs"),
    (former_name_leads_nowhere, "ancien-nom", "dim_ecole.commune_nis"),
    (intermediate_is_a_version, "version-de-mart", "int_ecoles_v1 (intermediate)"),
    (old_version_has_no_end, "version-sans-fin", "fct_croise (v: 1) n'est plus la dernière version"),
    (old_version_stays_too_long, "fin-lointaine", "fct_croise finit le"),
    (old_version_is_still_there, "mart-fini", "fct_croise devait finir le"),
    (capture_takes_anything, "capture-sans-forme", "edition dans age/ecoles/ecoles_{edition}.csv"),
    (files_are_not_said, "fichiers-successifs", "ecoles.ecoles ne dit pas"),
    (files_are_said_otherwise, "fichiers-successifs", "ecoles.ecoles ne dit pas"),
    (files_are_dated_by_no_date, "fichiers-successifs", "par « edition »"),
    (files_are_dated_by_no_capture, "fichiers-successifs", "par « cliche »"),
    (every_file_is_read, "dernier-fichier", "int_ecoles lit stg_ecoles__ecoles"),
    (the_last_name_is_read, "dernier-fichier", "int_ecoles compare des noms"),
    (source_is_in_another_folder, "dossier-de-depot", "age/batiments/*.csv"),
    (variant_is_in_another_folder, "dossier-de-depot", "ags/ecoles/*.json"),
    (source_has_another_schema, "schema-brut", "public"),
    (source_is_not_watched, "source-surveillee", "ecoles.ecoles n'a pas comparable_volume"),
]


# Governance


def said(m: Content, name: str) -> dict[str, Any]:
    """What a data set says of itself, to be harmed."""
    return node(m, name)["config"]["meta"]["gouvernance"]


def tag(m: Content, name: str, column: str, **meta: str) -> None:
    """Adds a column with a category or a protection."""
    node(m, name)["columns"][column] = manifests.column(column, config={"meta": meta})


def account_for_people(m: Content, name: str, classification: str) -> None:
    """Says all that a data set with personal data must."""
    said(m, name).update(
        classification=classification,
        personnes_concernees="Des gens.",
        destinataires="Un service.",
        mesures="Des clés.",
        base_legale="Un décret ; RGPD, article 6(1)(e).",
    )


def source_with_people(m: Content) -> None:
    """A confidential source with a name, from which dim_ecole comes; everything is in order."""
    tag(m, "ecoles", "fase", donnee_personnelle="aucune")
    tag(m, "ecoles", "nom", donnee_personnelle="identifiant_direct")
    account_for_people(m, "ecoles", "confidentiel")
    tag(m, "dim_ecole", "fase", donnee_personnelle="aucune")


def purpose_is_missing(m: Content) -> None:
    del said(m, "dim_ecole")["finalite"]


def source_says_nothing(m: Content) -> None:
    del node(m, "ecoles")["config"]["meta"]["gouvernance"]


def legal_basis_is_blank(m: Content) -> None:
    said(m, "ecoles")["base_legale"] = "  "


def owner_is_only_inherited(m: Content) -> None:
    meta = node(m, "ecoles")["config"]["meta"]
    meta["gouvernance_par_defaut"] = {"proprietaire": meta["gouvernance"].pop("proprietaire")}


def key_is_misspelt(m: Content) -> None:
    said(m, "dim_ecole")["finalites"] = "Compter."


def inner_key_is_misspelt(m: Content) -> None:
    said(m, "dim_ecole")["conservation"]["motifs"] = "Parce que."


def level_is_misspelt(m: Content) -> None:
    node(m, "ecoles")["config"]["meta"]["gouvernance_par_default"] = {"finalite": "Compter."}


def access_of_a_group_is_misspelt(m: Content) -> None:
    meta = m["groups"][f"group.{PROJECT}.age"]["config"]["meta"]
    meta["acces_par_default"] = {"approbateur": "Direction"}


def access_by_default_of_a_source(m: Content) -> None:
    node(m, "ecoles")["config"]["meta"]["acces_par_defaut"] = {"approbateur": "Direction"}


def level_is_a_text(m: Content) -> None:
    node(m, "ecoles")["config"]["meta"]["gouvernance_par_defaut"] = "confidentiel"


def default_of_a_group_is_unknown(m: Content) -> None:
    meta = m["groups"][f"group.{PROJECT}.age"]["config"]["meta"]
    meta["gouvernance_par_defaut"] = {"proprio": "Moi."}


def category_key_is_misspelt(m: Content) -> None:
    tag(m, "int_ecoles", "nom", donnees_personnelles="aucune")


def mailbox_is_a_person(m: Content) -> None:
    said(m, "dim_ecole")["proprietaire"]["courriel"] = "jeanne.dupont@fwb.example"


def mailbox_is_no_address(m: Content) -> None:
    said(m, "ecoles")["gestionnaire"]["courriel"] = "cellule"


def function_is_a_person(m: Content) -> None:
    said(m, "ecoles")["gestionnaire"]["fonction"] = "Mme Dupont"


def function_is_missing(m: Content) -> None:
    del said(m, "ecoles")["gestionnaire"]["fonction"]


def owner_is_a_text(m: Content) -> None:
    said(m, "dim_ecole")["proprietaire"] = "La direction"


def classification_is_unknown(m: Content) -> None:
    said(m, "dim_ecole")["classification"] = "secret"


def strategic_is_a_text(m: Content) -> None:
    said(m, "dim_ecole")["strategique"] = "oui"


def purpose_is_a_list(m: Content) -> None:
    said(m, "dim_ecole")["finalite"] = ["Compter."]


def synonyms_are_a_text(m: Content) -> None:
    said(m, "dim_ecole")["synonymes"] = "école"


def refresh_has_no_unit(m: Content) -> None:
    said(m, "dim_ecole")["rafraichissement"] = {"tous_les": 1}


def refresh_is_never(m: Content) -> None:
    said(m, "dim_ecole")["rafraichissement"] = {"tous_les": 0, "unite": "mois"}


def inherited_value_is_unknown(m: Content) -> None:
    del said(m, "ecoles")["classification"]
    node(m, "ecoles")["config"]["meta"]["gouvernance_du_dossier"] = {"classification": "privé"}


def retention_is_negative(m: Content) -> None:
    said(m, "dim_ecole")["conservation"]["mois"] = -12


def retention_counts_from_no_column(m: Content) -> None:
    said(m, "dim_ecole")["conservation"]["depuis"] = "fasse"


def retention_counts_from_nothing(m: Content) -> None:
    del said(m, "dim_ecole")["conservation"]["depuis"]


def retention_ends_oddly(m: Content) -> None:
    said(m, "dim_ecole")["conservation"]["sort"] = "oubli"


def retention_has_no_end_and_no_reason(m: Content) -> None:
    said(m, "dim_ecole")["conservation"] = {"mois": "illimitee", "sort": "archivage"}


def personal_data_are_kept_for_ever(m: Content) -> None:
    source_with_people(m)
    keep = {"mois": "illimitee", "sort": "archivage", "motif": "Pour voir."}
    said(m, "ecoles")["conservation"] = keep


def category_is_unknown(m: Content) -> None:
    tag(m, "stg_ecoles__ecoles", "nom", donnee_personnelle="nom")


def protection_is_unknown(m: Content) -> None:
    tag(m, "int_ecoles", "nom", protection="sha256")


def confidential_source_has_a_silent_column(m: Content) -> None:
    source_with_people(m)
    node(m, "ecoles")["columns"]["ville"] = manifests.column("ville")


def sensitive_source_has_no_category_at_all(m: Content) -> None:
    said(m, "ecoles")["classification"] = "sensible"


def mart_after_personal_data_has_a_silent_column(m: Content) -> None:
    source_with_people(m)
    node(m, "dim_ecole")["columns"]["ville"] = manifests.column("ville")


def mart_after_a_personal_mart_has_a_silent_column(m: Content) -> None:
    tag(m, "dim_ecole", "nom", donnee_personnelle="professionnel")
    account_for_people(m, "dim_ecole", "interne")


def personal_data_are_public(m: Content) -> None:
    source_with_people(m)
    tag(m, "dim_ecole", "contact", donnee_personnelle="professionnel")
    account_for_people(m, "dim_ecole", "public")
    tag(m, "fct_croise", "fase", donnee_personnelle="aucune")


def mart_is_less_classified_than_its_columns(m: Content) -> None:
    source_with_people(m)
    tag(m, "dim_ecole", "jugement", donnee_personnelle="sensible")
    account_for_people(m, "dim_ecole", "confidentiel")
    tag(m, "fct_croise", "fase", donnee_personnelle="aucune")


def legal_basis_is_a_decree_alone(m: Content) -> None:
    source_with_people(m)
    said(m, "ecoles")["base_legale"] = "Un décret."


def recipients_are_missing(m: Content) -> None:
    source_with_people(m)
    del said(m, "ecoles")["destinataires"]


def failing_rows_of_people_are_stored(m: Content) -> None:
    source_with_people(m)
    test = manifests.generic(node(m, "ecoles")["unique_id"], "unique", "age", "nom")
    test["config"]["store_failures"] = True
    add(m, test)


def a_value_of_a_person_is_reported(m: Content) -> None:
    source_with_people(m)
    test = manifests.generic(node(m, "ecoles")["unique_id"], "unique", "age", "nom")
    test["config"]["fail_calc"] = "max(nom)"
    add(m, test)


GOVERNANCE_FAULTS: list[tuple[Callable[[Content], None], str, str]] = [
    (purpose_is_missing, "gouvernance-requise", "mart dim_ecole : il manque finalite"),
    (source_says_nothing, "gouvernance-requise", "il manque strategique, classification, finalite"),
    (legal_basis_is_blank, "gouvernance-requise", "source ecoles.ecoles : il manque base_legale"),
    (owner_is_only_inherited, "gouvernance-requise", "il manque au niveau du jeu proprietaire."),
    (key_is_misspelt, "gouvernance-cle", "gouvernance.finalites ; vouliez-vous dire finalite ?"),
    (inner_key_is_misspelt, "gouvernance-cle", "conservation.motifs ; vouliez-vous dire motif ?"),
    (level_is_misspelt, "gouvernance-cle", "vouliez-vous dire gouvernance_par_defaut ?"),
    (access_of_a_group_is_misspelt, "gouvernance-cle", "vouliez-vous dire acces_par_defaut ?"),
    (access_by_default_of_a_source, "gouvernance-cle", "ne donne un droit que dans le groupe"),
    (level_is_a_text, "gouvernance-cle", "attend des clés"),
    (default_of_a_group_is_unknown, "gouvernance-cle", "groupe age"),
    (category_key_is_misspelt, "gouvernance-cle", "int_ecoles.nom : clé inconnue donnees_personnelles"),
    (mailbox_is_a_person, "responsable", "jeanne.dupont@fwb.example"),
    (mailbox_is_no_address, "responsable", "n'est pas une adresse"),
    (function_is_a_person, "responsable", "« Mme Dupont » est une personne"),
    (function_is_missing, "responsable", "gestionnaire (Data Steward) : la clé fonction manque"),
    (owner_is_a_text, "responsable", "attend {fonction"),
    (classification_is_unknown, "gouvernance-valeur", "public, interne, confidentiel, sensible"),
    (strategic_is_a_text, "gouvernance-valeur", "true ou false"),
    (purpose_is_a_list, "gouvernance-valeur", "attend un texte"),
    (synonyms_are_a_text, "gouvernance-valeur", "liste de mots"),
    (refresh_has_no_unit, "gouvernance-valeur", "jour, semaine, mois, annee"),
    (refresh_is_never, "gouvernance-valeur", "tous_les attend"),
    (inherited_value_is_unknown, "gouvernance-valeur", "classification (du dossier) : 'privé'"),
    (retention_is_negative, "conservation", "-12"),
    (retention_counts_from_no_column, "conservation", "vouliez-vous dire fase ?"),
    (retention_counts_from_nothing, "conservation", "la clé depuis manque"),
    (retention_ends_oddly, "conservation", "effacement, archivage"),
    (retention_has_no_end_and_no_reason, "conservation", "demande un motif"),
    (personal_data_are_kept_for_ever, "conservation", "ne convient pas à des données personnelles"),
    (category_is_unknown, "categorie-connue", "stg_ecoles__ecoles : donnee_personnelle vaut 'nom' (nom)"),
    (protection_is_unknown, "categorie-connue", "valeurs admises : pseudonymise, masque"),
    (confidential_source_has_a_silent_column, "categorie-requise", "sans catégorie : ville"),
    (sensitive_source_has_no_category_at_all, "categorie-requise", "sans catégorie : fase"),
    (mart_after_personal_data_has_a_silent_column, "categorie-requise", "ecoles.ecoles"),
    (mart_after_a_personal_mart_has_a_silent_column, "categorie-requise", "(dim_ecole)"),
    (personal_data_are_public, "classification-suffisante", "contact demande interne"),
    (mart_is_less_classified_than_its_columns, "classification-suffisante", "jugement demande sensible"),
    (recipients_are_missing, "article-30", "la clé destinataires manque"),
    (
        legal_basis_is_a_decree_alone,
        "article-30",
        "source ecoles.ecoles a des données personnelles : base_legale",
    ),
    (failing_rows_of_people_are_stored, "echecs-personnels", "ecoles.ecoles"),
    (a_value_of_a_person_is_reported, "mesure-personnelle", "max(nom)"),
]
FAULTS += GOVERNANCE_FAULTS


@pytest.mark.parametrize("section", ["own", "inherited"])
def test_personal_data_in_order_break_no_rule(section: str) -> None:
    manifest = good_manifest()
    source_with_people(manifest)
    if section == "inherited":
        meta = node(manifest, "ecoles")["config"]["meta"]
        own = meta["gouvernance"]
        meta["gouvernance"] = {key: own.pop(key) for key in ("proprietaire", "gestionnaire")}
        meta["gouvernance_par_defaut"] = own
    assert check_manifest(Manifest(manifest)) == []


@pytest.mark.parametrize("values", [{"classification": "privé"}, {"classement": "interne"}])
def test_a_fault_of_a_folder_is_said_once(values: dict[str, str]) -> None:
    manifest = good_manifest()
    for name in ("dim_ecole", "fct_croise", "ecoles"):
        said(manifest, name).pop("classification")
        meta = node(manifest, name)["config"]["meta"]
        meta["gouvernance_du_dossier"] = values
        meta["gouvernance_par_defaut"] = {} if "classification" in values else {"classification": "interne"}
    (found,) = check_manifest(Manifest(manifest))
    assert found.file == "dbt_project.yml"


def test_a_protected_column_needs_no_category() -> None:
    manifest = good_manifest()
    source_with_people(manifest)
    tag(manifest, "dim_ecole", "enfants", protection="agrege")
    assert check_manifest(Manifest(manifest)) == []


@pytest.mark.parametrize(
    "address",
    ["sport@fwb.example", "service.age@x.be", "data-owner.age@fwb.example", "aide.a.age@fwb.example"],
)
def test_a_functional_mailbox_is_fine(address: str) -> None:
    manifest = good_manifest()
    said(manifest, "dim_ecole")["proprietaire"]["courriel"] = address
    assert check_manifest(Manifest(manifest)) == []


def test_a_good_project_breaks_no_rule() -> None:
    assert check_manifest(Manifest(good_manifest())) == []


@pytest.mark.parametrize(
    ("harm", "rule", "words"), FAULTS, ids=lambda value: getattr(value, "__name__", None)
)
def test_each_fault_is_found_by_its_rule_alone(
    harm: Callable[[Content], None], rule: str, words: str
) -> None:
    manifest = good_manifest()
    harm(manifest)
    found = check_manifest(Manifest(manifest))
    assert {violation.rule for violation in found} == {rule}
    assert any(words in violation.message for violation in found), [str(violation) for violation in found]
    assert all(violation.file and violation.advice for violation in found)


def test_a_dashboard_of_marts_is_fine() -> None:
    manifest = good_manifest()
    show(manifest, "dim_ecole")
    assert check_manifest(Manifest(manifest)) == []


def test_a_singular_test_counts_for_the_domain_it_is_about() -> None:
    manifest = good_manifest()
    singular_test_of_commun_reads_age(manifest)
    assert {v.rule for v in check_manifest(Manifest(manifest))} == {"sens-des-domaines", "cycle-de-domaines"}


def test_a_macro_test_of_a_group_is_fine() -> None:
    manifest = good_manifest()
    add(manifest, manifests.singular("typing_dates", [], {}) | {"group": "commun"})
    assert check_manifest(Manifest(manifest)) == []


def test_a_protected_mart_breaks_the_rules_of_both_sides() -> None:
    manifest = good_manifest()
    mart_reads_a_protected_mart(manifest)
    assert {one.rule for one in check_manifest(Manifest(manifest))} == {
        "domaine-prive",
        "mart-public",
    }


def test_every_rule_has_a_failing_example() -> None:
    assert {rule for _, rule, _ in FAULTS} == {rule.id for rule in RULES}


@pytest.mark.parametrize(
    ("key", "name"),
    [("sans_test_unitaire", "int_ecoles"), ("sans_staging", "marches"), ("sans_surveillance", "marches")],
)
def test_an_exception_needs_a_reason(key: str, name: str) -> None:
    manifest = good_manifest()
    manifest["unit_tests"].clear()
    node(manifest, "int_ecoles")["config"]["meta"] = {"sans_test_unitaire": "Simple liste."}
    assert check_manifest(Manifest(manifest)) == []
    node(manifest, name)["config"]["meta"][key] = "  "
    assert len(check_manifest(Manifest(manifest))) == 1


@pytest.mark.parametrize(
    "sql", ["select a from x -- where b", "{# join #} select a from x", "select a /* case */ from x"]
)
def test_a_comment_is_no_logic(sql: str) -> None:
    manifest = good_manifest()
    node(manifest, "fct_croise")["raw_code"] = sql
    assert check_manifest(Manifest(manifest)) == []


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


def test_a_former_name_is_kept_beside_the_new_one() -> None:
    manifest = good_manifest()
    former_name_leads_nowhere(manifest)
    node(manifest, "dim_ecole")["columns"]["code_nis"] = manifests.column(
        "code_nis", description="Code NIS de la commune."
    )
    assert check_manifest(Manifest(manifest)) == []


def test_the_columns_of_a_seed_are_those_of_its_file(tmp_path: Path) -> None:
    manifest = good_manifest()
    communes = node(manifest, "communes")
    communes["root_path"] = str(tmp_path)
    communes["config"]["delimiter"] = ";"
    communes["config"]["column_types"] = {"code": "text", "nom": "text"}
    file = tmp_path / communes["original_file_path"]
    file.parent.mkdir(parents=True)
    file.write_text("\ufeffcode;numero\n0012;007\n", encoding="utf-8")
    found = [violation.message for violation in check_manifest(Manifest(manifest))]
    assert len(found) == 2
    assert "sans type : numero." in found[0] and "n'a pas : nom." in found[1]
