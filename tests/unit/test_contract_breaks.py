"""What breaks a promise to readers is stopped with what to write; what takes nothing from them never is."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.consumers import FOLDER as CONSUMERS
from donnees_au_centre.project.contracts import FOLDER, breaches, write_contracts
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.rules import offering
from donnees_au_centre.review import as_data, letter, review
from tests.unit import manifests
from tests.unit.manifests import PROJECT, good_manifest

TODAY = date(2026, 11, 1)
END, SOONER, SOON = "2027-05-01", "2027-04-01", "2026-11-15"
MART, OLD, LATEST = (f"model.{PROJECT}.{name}" for name in ("dim_ecole", "fct_marche.v1", "fct_marche.v2"))
FILE = f"{FOLDER.as_posix()}/age.yml"
# What stops a change of a promise in make lint; the other rules are about how it is written.
STOPS = {"contrat-rompu", "mart-public", "mart-contrat", "mart-table"}

Content = dict[str, Any]
Change = Callable[[Content], object]


def offered() -> Content:
    """A mart that promises all that can be, another in two versions, and who reads them (`readers`)."""
    content = good_manifest()
    nodes = content["nodes"]
    columns(content).update(
        {
            "code_nis": manifests.column("code_nis"),
            "montant": manifests.column("montant", data_type="numeric(9, 2)"),
            "niveau": manifests.column("niveau"),
            "nis": manifests.column(
                "nis", config={"meta": {"ancien_nom": {"remplace_par": "code_nis", "retire_le": END}}}
            ),
        }
    )
    for kind, column, arguments in (
        ("accepted_values", "niveau", {"values": ["maternel", "primaire"]}),
        ("not_null", "code_nis", {}),
        ("unique_combination", None, {"columns": ["code_nis", "niveau"]}),
        ("k_anonymity", None, {"columns": ["niveau"], "k": 5}),
    ):
        said = {"name": kind, "kwargs": arguments}
        test = manifests.generic(MART, kind, "age", column, test_metadata=said)
        nodes[test["unique_id"]] = test
    former, latest = manifests.versions(nodes.pop(f"model.{PROJECT}.fct_marche"), END)
    nodes |= {one["unique_id"]: one for one in (former, latest)}
    croise = nodes[f"model.{PROJECT}.fct_croise"]
    croise["depends_on"]["nodes"] = [MART, LATEST]
    content["readers"] = {MART: ["bi", "po_wbe masqué"], LATEST: ["bi"]}
    return content


def columns(content: Content, mart: str = MART) -> Content:
    found: Content = content["nodes"][mart]["columns"]
    return found


def test_of(content: Content, kind: str, column: str | None = None) -> Content:
    """A test of the mart that promises all."""
    return next(
        one
        for one in content["nodes"].values()
        if one.get("attached_node") == MART
        and one["test_metadata"]["name"] == kind
        and column in (None, one["column_name"])
    )


test_of.__test__ = False  # type: ignore[attr-defined]


def arguments(content: Content, kind: str) -> Content:
    found: Content = test_of(content, kind)["test_metadata"]["kwargs"]
    return found


def untest(content: Content, kind: str, column: str | None = None) -> None:
    del content["nodes"][test_of(content, kind, column)["unique_id"]]


def say(content: Content, **more: Any) -> None:
    meta = content["nodes"][MART]["config"]["meta"]
    meta["gouvernance"] = {**meta["gouvernance"], **more}


def edit(content: Content, mart: str = MART, **more: Any) -> None:
    content["nodes"][mart] |= more


def configure(content: Content, **more: Any) -> None:
    content["nodes"][MART]["config"] |= more


def add_test(content: Content, kind: str, column: str | None, **given: Any) -> None:
    said = {"name": kind, "kwargs": given}
    test = manifests.generic(MART, kind, "age", column, test_metadata=said)
    content["nodes"][f"{test['unique_id']}.bis"] = {**test, "unique_id": f"{test['unique_id']}.bis"}


def rename_column(content: Content) -> None:
    columns(content)["somme"] = {**columns(content).pop("montant"), "name": "somme"}


def rename_mart(content: Content) -> None:
    edit(content, name="dim_lieu", alias="dim_lieu")


def move(content: Content, domain: str, layer: str) -> None:
    edit(content, fqn=[PROJECT, domain, layer, "dim_ecole"])


def warn(content: Content) -> None:
    test_of(content, "not_null", "code_nis")["config"]["severity"] = "WARN"


def end_former_name(content: Content, day: str) -> None:
    columns(content)["nis"]["config"]["meta"]["ancien_nom"]["retire_le"] = day


def retention(months: int | str) -> Content:
    return {"conservation": {"mois": months, "depuis": "reception", "sort": "effacement", "motif": "Série."}}


OFFERED = offered()

BREAKS: dict[str, tuple[Change, str]] = {
    "column removed": (lambda one: columns(one).pop("montant"), "montant (numeric(9, 2)) n'y est plus"),
    "column renamed": (rename_column, '{name: somme, data_type: "numeric(9, 2)", description: "…"}'),
    "column retyped": (
        lambda one: columns(one)["montant"].update(data_type="text"),
        "{include: all, exclude: [montant]}",
    ),
    "type narrowed": (
        lambda one: columns(one)["montant"].update(data_type="numeric(7, 2)"),
        "montant était numeric(9, 2) et devient numeric(7, 2)",
    ),
    "mart removed": (lambda one: one["nodes"].pop(MART), "Remettez-le, avec deprecation_date: 2027-05-02"),
    "mart renamed": (rename_mart, "age.dim_ecole n'est plus offert"),
    "mart moved to another domain": (
        lambda one: move(one, "ags", "marts"),
        "age.dim_ecole n'est plus offert",
    ),
    "mart moved to a private layer": (lambda one: move(one, "age", "intermediate"), "Remettez-le, avec"),
    "mart made private": (lambda one: edit(one, access="private"), "Retirez `access:` du modèle"),
    "key test removed": (lambda one: untest(one, "unique"), "la clé (fase) n'est plus tenue"),
    "grain changed": (
        lambda one: arguments(one, "unique_combination").update(columns=["code_nis", "niveau", "montant"]),
        "data_tests: […, avec la nouvelle clé]",
    ),
    "not null taken away": (lambda one: untest(one, "not_null", "code_nis"), "code_nis n'est plus toujours"),
    "not null only warned of": (warn, "- {include: all, exclude: [code_nis]}"),
    "values widened": (
        lambda one: arguments(one, "accepted_values")["values"].append("secondaire"),
        "niveau peut avoir une valeur de plus : secondaire",
    ),
    "values no longer tested": (lambda one: untest(one, "accepted_values"), "niveau ne sont plus limitées"),
    "contract switched off": (
        lambda one: configure(one, contract={"enforced": False}),
        "Retirez `contract:` du modèle",
    ),
    "fewer groups read it": (lambda one: one["readers"][MART].remove("bi"), "lecteurs: [po_wbe masqué]"),
    "a group reads it masked": (
        lambda one: one["readers"].update({MART: ["bi masqué", "po_wbe masqué"]}),
        "bi ne le lirait plus",
    ),
    "materialized as nothing": (
        lambda one: configure(one, materialized="ephemeral"),
        "choisissez table ou incremental",
    ),
    "version removed before its day": (lambda one: one["nodes"].pop(OLD), "jusqu'au 01/05/2027"),
    "version changed before its day": (
        lambda one: columns(one, OLD).pop("fase"),
        "une version qui va finir ne change plus",
    ),
    "sunset brought forward": (
        lambda one: edit(one, OLD, deprecation_date=f"{SOONER}T00:00:00+00:00"),
        "il finirait le 01/04/2027, et le 01/05/2027 était promis",
    ),
    "sunset without notice": (
        lambda one: edit(one, deprecation_date=f"{SOON}T00:00:00+00:00"),
        "sans 90 jours d'annonce",
    ),
    "former name ends sooner": (lambda one: end_former_name(one, SOONER), "nis finirait le 01/04/2027"),
    "retention shortened": (lambda one: say(one, **retention(60)), "conservation: 60"),
    "classification raised": (
        lambda one: say(one, classification="confidentiel"),
        "classification: confidentiel",
    ),
    "refresh slower": (
        lambda one: say(one, rafraichissement={"tous_les": 18, "unite": "mois"}),
        "rafraichissement: {tous_les: 18, unite: mois}",
    ),
    "smallest count raised": (lambda one: arguments(one, "k_anonymity").update(k=10), "seuil: 10"),
}
TERMS = (
    "fewer groups read it",
    "a group reads it masked",
    "retention shortened",
    "classification raised",
    "refresh slower",
    "smallest count raised",
)


def add_column(content: Content) -> None:
    content["nodes"][MART]["columns"] = {"nouvelle": manifests.column("nouvelle"), **columns(content)}


def reorder(content: Content) -> None:
    content["nodes"][MART]["columns"] = dict(reversed(columns(content).items()))


def add_mart(content: Content) -> None:
    new = manifests.model("age", "marts", "dim_neuf", [])
    content["nodes"][new["unique_id"]] = new


def add_version(content: Content) -> None:
    former, latest = manifests.versions(content["nodes"].pop(MART), END)
    del latest["columns"]["montant"]
    content["readers"] |= dict.fromkeys((former["unique_id"], latest["unique_id"]), content["readers"][MART])
    nodes = content["nodes"]
    for key in [key for key, one in nodes.items() if one.get("attached_node") == MART]:
        for version in (former, latest):
            nodes[f"{key}.{version['unique_id']}"] = {**nodes[key], "attached_node": version["unique_id"]}
        del nodes[key]
    nodes |= {one["unique_id"]: one for one in (former, latest)}
    nodes[f"model.{PROJECT}.fct_croise"]["depends_on"]["nodes"] = [latest["unique_id"]]


def add_exposure(content: Content) -> None:
    content["exposures"] = {"exposure.x": exposure("Carte", [MART])}


def exposure(label: str, reads: list[str], **meta: Any) -> Content:
    return {
        "unique_id": f"exposure.{PROJECT}.{label}",
        "resource_type": "exposure",
        "name": label.lower(),
        "label": label,
        "description": "Une carte.",
        "package_name": PROJECT,
        "fqn": [PROJECT, "age", "marts", label],
        "original_file_path": "models/age/marts/_age__exposures.yml",
        "owner": {"name": "Direction", "email": f"{label.lower()}@fwb.example"},
        "depends_on": {"nodes": reads},
        "config": {"meta": meta},
    }


HARMLESS: dict[str, Change] = {
    "column added": add_column,
    "column described otherwise": lambda one: columns(one)["montant"].update(description="Autrement dit."),
    "mart described otherwise": lambda one: edit(one, description="Autrement dit."),
    "test added": lambda one: add_test(one, "within_range", "montant", lowest=0),
    "test described otherwise": lambda one: test_of(one, "unique").update(description="Autrement dit."),
    "columns in another order": reorder,
    "comment in the SQL": lambda one: edit(one, raw_code="-- Une note.\nselect fase from lignes"),
    "SQL written otherwise": lambda one: edit(one, raw_code="select fase from lignes as l"),
    "tag": lambda one: edit(one, tags=["nuit"]),
    "mart added": add_mart,
    "version beside": add_version,
    "dashboard added": add_exposure,
    "refresh faster": lambda one: say(one, rafraichissement={"tous_les": 6, "unite": "mois"}),
    "refresh in another unit": lambda one: say(one, rafraichissement={"tous_les": 12, "unite": "mois"}),
    "classification lowered": lambda one: say(one, classification="public"),
    "retention longer": lambda one: say(one, **retention(240)),
    "retention without end": lambda one: say(one, **retention("illimitee")),
    "one more group reads it": lambda one: one["readers"][MART].append("rapport"),
    "a group reads it unmasked": lambda one: one["readers"].update({MART: ["bi", "po_wbe"]}),
    "owner changed": lambda one: say(
        one, proprietaire={"fonction": "Autre", "courriel": "autre@fwb.example"}
    ),
    "not null promised": lambda one: add_test(one, "not_null", "montant"),
    "key of fewer columns": lambda one: arguments(one, "unique_combination").update(columns=["code_nis"]),
    "values narrowed": lambda one: arguments(one, "accepted_values")["values"].remove("primaire"),
    "smallest count lowered": lambda one: arguments(one, "k_anonymity").update(k=3),
    "type spelled otherwise": lambda one: columns(one)["montant"].update(data_type="NUMERIC(9,2)"),
    "sunset with notice": lambda one: edit(one, deprecation_date=f"{END}T00:00:00+00:00"),
    "sunset postponed": lambda one: edit(one, OLD, deprecation_date="2027-08-01T00:00:00+00:00"),
    "former name ends later": lambda one: end_former_name(one, "2027-08-01"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout whose contracts are those of what is offered."""
    write(tmp_path, OFFERED)
    assert stopped(tmp_path, OFFERED) == []
    return tmp_path


def write(root: Path, content: Content) -> list[str]:
    return write_contracts(root, Manifest(content), TODAY, content["readers"])


def found(root: Path, content: Content) -> list[tuple[str, str]]:
    return [
        (rule, f"{said} {advice}")
        for _, rule, said, advice in breaches(root, Manifest(content), TODAY, content["readers"])
    ]


def stopped(root: Path, content: Content) -> list[str]:
    """What make lint says against a promise that is broken."""
    rules = [
        (rule.id, f"{said} {rule.advice}")
        for rule in offering.RULES
        if rule.id in STOPS
        for _, said in rule.find(Manifest(content))
    ]
    return [said for rule, said in [*found(root, content), *rules] if rule in STOPS]


def changed(change: Change) -> Content:
    content = deepcopy(OFFERED)
    change(content)
    return content


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_stopped_with_what_to_write(root: Path, name: str) -> None:
    change, words = BREAKS[name]
    content = changed(change)
    (said,) = stopped(root, content)
    assert words in said
    # make fix does not take the promise back.
    write(root, content)
    assert len(stopped(root, content)) == 1


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_change_is_never_stopped(root: Path, name: str) -> None:
    content = changed(HARMLESS[name])
    assert stopped(root, content) == []
    write(root, content)
    assert (found(root, content), write(root, content)) == ([], [])


def test_what_is_stopped_is_a_break_in_the_letter_too() -> None:
    """Also where nothing of what readers see is gone: one more value, a larger smallest count."""
    content = changed(lambda one: arguments(one, "accepted_values")["values"].append("secondaire"))
    told = review(Manifest(offered()), Manifest(content), TODAY)
    said = letter(told)
    assert "**Rupture.**" in said and "Promesse rompue" in said
    assert as_data(told)["classe"] == "rupture"


def test_a_promise_said_in_another_unit_is_no_break_in_the_letter() -> None:
    paces = [{"tous_les": 12, "unite": "mois"}, {"tous_les": 1, "unite": "annee"}]
    sides = [changed(lambda one, pace=pace: say(one, rafraichissement=pace)) for pace in paces]
    for before, after in (sides, sides[::-1]):
        told = review(Manifest(before), Manifest(after), TODAY)
        assert as_data(told)["classe"] == "sans rupture", told.changes.items


@pytest.mark.parametrize("name", TERMS)
def test_what_no_version_would_keep_is_written_by_hand_as_it_is_told(root: Path, name: str) -> None:
    content = changed(BREAKS[name][0])
    ((_, said),) = found(root, content)
    lines = said.partition(", sous dim_ecole :\n")[2].splitlines()[:-1]
    contracts = yaml.safe_load((root / FILE).read_text("utf-8"))
    contracts["dim_ecole"] |= yaml.safe_load("\n".join(lines))
    (root / FILE).write_text(yaml.safe_dump(contracts, allow_unicode=True), encoding="utf-8")
    assert found(root, content) == []
    assert contracts["dim_ecole"]["revision"] == 1


def test_the_revision_counts_what_make_fix_writes(root: Path) -> None:
    content = changed(add_column)
    write(root, content)
    say(content, rafraichissement={"tous_les": 1, "unite": "mois"})
    write(root, content)
    write(root, content)
    assert yaml.safe_load((root / FILE).read_text("utf-8"))["dim_ecole"]["revision"] == 2


def declare(root: Path, name: str, **said: Any) -> None:
    known = {"nom": name, "courriel": f"{name}@ailleurs.example", "depuis": date(2026, 9, 1)}
    file = root / CONSUMERS / f"{name}.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump({**known, "finalite": "Compter.", **said}), encoding="utf-8")


def test_a_break_names_those_who_use_what_changes(root: Path) -> None:
    declare(root, "atlas", marts={"age.dim_ecole": ["fase", "montant"]})
    declare(root, "carte", marts={"age.dim_ecole": ["fase", "code_nis"]})
    declare(root, "cadastre", marts={"age.dim_ecole": "toutes"})
    declare(root, "marches", marts={"ags.fct_marche": ["fase"]})
    content = changed(lambda one: columns(one).pop("montant"))
    content["exposures"] = {
        "1": exposure("Tableau", [MART]),
        "2": exposure("Plan", [MART], colonnes={"dim_ecole": ["code_nis"]}),
    }
    (said,) = stopped(root, content)
    assert (
        "à prévenir : atlas (atlas@ailleurs.example) ; cadastre (cadastre@ailleurs.example) ; "
        "Tableau (tableau@fwb.example) ; le domaine transversal pour fct_croise "
        "(steward.transversal@fwb.example)."
    ) in said
    say(content := changed(lambda _: None), classification="sensible")
    (said,) = stopped(root, content)
    assert ("carte (carte@" in said, "marches (" in said) == (True, False)


@pytest.mark.parametrize(
    ("marts", "words"),
    [
        (
            {"age.dim_ecoles": "toutes"},
            "lit age.dim_ecoles, qui n'est pas offert. Vouliez-vous age.dim_ecole ?",
        ),
        (
            {"age.dim_ecole": ["montants"]},
            "lit la colonne montants de age.dim_ecole, qui n'y est pas. Vouliez",
        ),
    ],
)
def test_a_consumer_reads_what_is_offered(root: Path, marts: Content, words: str) -> None:
    declare(root, "atlas", marts=marts)
    ((rule, said),) = found(root, OFFERED)
    assert (rule, words in said) == ("consommateur-a-corriger", True), said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"courriel": "quelqu'un"}, "atlas.yml, clé « courriel » : une adresse de courriel est attendue"),
        ({"marts": {}}, "clé « marts » : un mart (<domaine>.<mart>) par ligne est attendu"),
        ({"marts": {"age.dim_ecole": "rien"}}, "clé « marts » : chaque mart attend « toutes », ou la liste"),
        ({"colonnes": []}, "clé « colonnes » : clé inconnue"),
    ],
)
def test_a_consumer_that_cannot_be_followed_is_named(root: Path, said: Content, words: str) -> None:
    declare(root, "atlas", **{"marts": {"age.dim_ecole": "toutes"}, **said})
    with pytest.raises(PlatformError) as raised:
        found(root, OFFERED)
    assert words in raised.value.message
