"""The letter says who gains or loses a right, and on what."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from donnees_au_centre.access.files import Entry
from donnees_au_centre.cli.review import _rights, write_review
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.review import find_rights, review
from donnees_au_centre.review.rights import GAINS, KEEPS, LOSES
from donnees_au_centre.settings import Settings
from tests.unit.manifests import PROJECT, column, good_manifest, model

TODAY = date(2026, 11, 30)
ENTRY: dict[str, Any] = {
    "role": "etude",
    "ag": "age",
    "couche": "marts",
    "actions": "lecture",
    "lignes": "toutes",
    "justification": "Suivre la population scolaire par bassin.",
    "approbateur": "Direction du pilotage",
    "revue": date(2027, 6, 30),
}


def entry(**said: Any) -> Entry:
    context = {"domains": ("age", "ags"), "owner": "plateforme", "file": "x.yml", "where": "entrée 1"}
    kept = {key: value for key, value in {**ENTRY, **said}.items() if value is not None}
    return Entry.model_validate(kept, context=context)


def project(filtered: bool = False, **columns: str) -> Manifest:
    """`dim_ecole`, the columns of which have these categories of personal data."""
    content = good_manifest()
    mart = content["nodes"][f"model.{PROJECT}.dim_ecole"]
    for name, category in columns.items():
        mart["columns"][name] = column(name, config={"meta": {"donnee_personnelle": category}})
    if filtered:
        mart["config"]["meta"] |= {"acces": {"filtre": "ag", "colonne": "fase"}}
    return Manifest(content)


def classified(level: str) -> Manifest:
    content = deepcopy(good_manifest())
    meta = content["nodes"][f"model.{PROJECT}.dim_ecole"]["config"]["meta"]
    meta["gouvernance"] = {**meta["gouvernance"], "classification": level}
    return Manifest(content)


def found(before: Any, after: Any, base: Manifest | None = None, head: Manifest | None = None) -> list[Any]:
    sides = [[one] if isinstance(one, Entry) else list(one) for one in (before, after)]
    told = find_rights(base or project(), head or project(), *sides, TODAY)
    return [(one.role, one.done, one.what, one.about) for one in told]


def test_a_right_that_comes_goes_or_lasts_is_told() -> None:
    assert found(entry(), entry()) == []
    assert found((), entry()) == [("etude", GAINS, "lecture", ("dim_ecole",))]
    assert found(entry(), ()) == [("etude", LOSES, "lecture", ("dim_ecole",))]
    # Masked where it was not: one is lost, the other gained.
    assert found(entry(), entry(masque=True, lignes=None)) == [
        ("etude", GAINS, "lecture masquée", ("dim_ecole",)),
        ("etude", LOSES, "lecture", ("dim_ecole",)),
    ]
    longer = entry(revue=date(2027, 11, 30))
    assert found(entry(), longer) == [
        ("etude", KEEPS, "lecture, jusqu'au 30/11/2027 (c'était le 30/06/2027)", ("dim_ecole",))
    ]
    # One whose review is past gave nothing.
    assert found(entry(revue=date(2026, 11, 29)), entry()) == [("etude", GAINS, "lecture", ("dim_ecole",))]
    assert found((), entry(role="dbt_<ag>", ag="<ag>", couche=["brut", "rejets"])) == [
        ("dbt_age", GAINS, "lecture", ("ecoles.ecoles", "rejets de age")),
        ("dbt_ags", GAINS, "lecture", ("marches.marches", "rejets de ags")),
        ("dbt_commun", GAINS, "lecture", ("rejets de commun",)),
        ("dbt_transversal", GAINS, "lecture", ("rejets de transversal",)),
    ]


def test_what_a_mart_says_of_itself_changes_who_reads_it() -> None:
    public = entry(classification=["public"])
    open_to_all, kept = classified("public"), classified("confidentiel")
    assert found(public, public, open_to_all, kept) == [("etude", LOSES, "lecture", ("dim_ecole",))]
    assert found(public, public, kept, open_to_all) == [("etude", GAINS, "lecture", ("dim_ecole",))]
    some = entry(lignes={"ag": ["age", "sg"]})
    assert found(some, entry(), project(filtered=True), project(filtered=True)) == [
        ("etude", GAINS, "lecture", ("dim_ecole",)),
        ("etude", LOSES, "lecture des lignes où ag est age, sg", ("dim_ecole",)),
    ]
    masked = entry(masque=True, lignes=None)
    hidden, clear = project(nom="identifiant_direct"), project(nom="aucune")
    assert found(masked, masked, hidden, clear) == [("etude", GAINS, "ce que contient nom", ("dim_ecole",))]
    assert found(masked, masked, clear, hidden) == [("etude", LOSES, "ce que contient nom", ("dim_ecole",))]


def test_a_new_mart_says_who_will_read_it_beside_those_that_every_domain_has() -> None:
    content = good_manifest()
    new = model("age", "marts", "dim_classe", [])
    inner = model("age", "intermediate", "int_classes", [])
    content["nodes"] |= {one["unique_id"]: one for one in (new, inner)}
    every = entry(role="dbt_<ag>", ag="<ag>", couche=["marts", "intermediate"])
    entries = (entry(), entry(role="steward_age"), every)
    assert found(entries, entries, head=Manifest(content)) == [("etude", GAINS, "lecture", ("dim_classe",))]
    assert found(entries, entries, base=Manifest(content)) == []


def test_the_letter_tells_the_rights_and_calls_them_no_text(tmp_path: Path) -> None:
    settings = replace(Settings.load({}), build=tmp_path)
    base = project()
    rights = find_rights(base, base, [entry(role="autre")], [entry()], TODAY)
    text = write_review(settings, review(base, base, TODAY, rights=rights)).read_text("utf-8")
    assert "1. **Droits.** Aucun chiffre ne peut changer. 1 rôle gagne et 1 rôle perd un droit." in text
    assert "| `etude` | gagne | lecture | `dim_ecole` |" in text
    assert "| `autre` | perd | lecture | `dim_ecole` |" in text
    data = json.loads((tmp_path / "review" / "demande.json").read_text("utf-8"))
    assert (data["classe"], len(data["droits"])) == ("sans rupture", 2)


def test_rights_that_cannot_be_compared_are_said_to_be_so(tmp_path: Path) -> None:
    settings = replace(Settings.load({}), root=tmp_path)
    rights, unsaid = _rights(settings, project(), project(), TODAY, {"DEPUIS": "main"})
    assert rights == ()
    [said] = unsaid
    assert "Les droits n'ont pas été comparés" in said
