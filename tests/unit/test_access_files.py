"""What groups give by default, and what policies/access/ adds or refuses: faults, words, reviews."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from donnees_au_centre.access.declaration import check_entries, declare, review_faults
from donnees_au_centre.access.files import GIVEN, Entry, read_entries
from donnees_au_centre.project.domains import group_file
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import ROOT

DOMAINS = ("age", "agaj", "data_platform")
TODAY = date(2026, 12, 1)
GOOD = {
    "role": "etude",
    "ag": "age",
    "couche": "marts",
    "actions": ["lecture"],
    "lignes": "toutes",
    "justification": "Suivre la population scolaire par bassin.",
    "approbateur": "Direction du pilotage",
    "revue": date(2027, 11, 15),
}


def node(kind: str, name: str, layer: str, schema: str, **meta: object) -> dict:
    columns = {
        column: {"name": column, "description": "", "config": {"meta": tags}}
        for column, tags in {
            "cle": {},
            "nom": {"donnee_personnelle": "identifiant_direct"},
            "po": {"donnee_personnelle": "aucune"},
        }.items()
    }
    return {
        "unique_id": f"{kind}.p.{name}",
        "resource_type": kind,
        "package_name": "p",
        "fqn": ["p", "age", layer, name, name],
        "name": name,
        "source_name": "ecoles",
        "schema": schema,
        "original_file_path": f"models/age/{layer}/{name}.yml",
        "patch_path": f"p://models/age/{layer}/{name}.yml",
        "description": "",
        "columns": columns,
        "config": {"materialized": "table", "meta": meta},
    }


def manifest(**meta: object) -> Manifest:
    nodes = [
        node("model", "dim_ecole", "marts", "age", **meta),
        node("model", "stg_ecoles", "staging", "age_staging"),
    ]
    source = node("source", "ecoles", "staging", "raw_age")
    return Manifest(
        {
            "metadata": {"project_name": "p"},
            "nodes": {one["unique_id"]: one for one in nodes},
            "sources": {source["unique_id"]: source},
        }
    )


def read(folder: Path, *entries: object, name: str = "age") -> tuple[list[Entry], list[str]]:
    (folder / "policies" / "access").mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump({"acces": list(entries)}, allow_unicode=True)
    (folder / "policies" / "access" / f"{name}.yml").write_text(text, "utf-8")
    return read_entries(folder, DOMAINS)


# What a group says, and the refusal of one right that it gives.
APPROVED = {"approbateur": "Direction des écoles", "revue": date(2027, 11, 15)}
REFUSAL = {
    "role": "steward_age",
    "couche": "marts",
    "justification": "Le gestionnaire ne lit que les marts publics.",
}
PUBLIC = {**GOOD, "role": "steward_age", "classification": ["public"]}


def group(folder: Path, said: object = None, domain: str = "age", key: str = "acces_par_defaut") -> None:
    """Writes the file of a group, which says something under a key."""
    (folder / "models" / domain).mkdir(parents=True, exist_ok=True)
    groups = [{"name": domain, "config": {"meta": {key: APPROVED if said is None else said}}}]
    (folder / group_file(domain)).write_text(yaml.safe_dump({"groups": groups}), "utf-8")


def files(folder: Path, **lists: object) -> tuple[list[Entry], list[str]]:
    """Reads what is there, with the file of age that has these lists; no file when it has none."""
    if lists:
        (folder / "policies" / "access").mkdir(parents=True, exist_ok=True)
        (folder / "policies" / "access" / "age.yml").write_text(yaml.safe_dump(lists), "utf-8")
    return read_entries(folder, DOMAINS)


def test_a_good_entry_is_read_whole(tmp_path: Path) -> None:
    [entry], faults = read(tmp_path, GOOD)
    assert faults == []
    assert (entry.role, entry.layers, entry.rows, entry.review) == (
        "etude", ("marts",), "toutes", date(2027, 11, 15),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"justification": None}, "clé « justification » : un texte"),
        ({"justification": "Utile."}, "clé « justification » : dites en une phrase"),
        ({"role": "Étude"}, "clé « role » : « Étude »"),
        ({"role": "pg_read_all_data"}, "clé « role »"),
        ({"role": "donnees"}, "clé « role »"),
        ({"ag": "agx"}, "« agx » n'existe pas"),
        ({"ag": "agaj"}, "policies/access/agaj.yml"),
        ({"couche": "mart"}, "clé « couche » : « mart » n'existe pas"),
        ({"couche": None}, "soit une couche, soit un jeu_de_donnees"),
        ({"jeu_de_donnees": "dim_ecole"}, "soit une couche, soit un jeu_de_donnees"),
        ({"actions": ["lire"]}, "clé « actions » : « lire » n'existe pas"),
        ({"actions": []}, "aucune action"),
        ({"couche": None, "jeu_de_donnees": "dim_ecole", "actions": ["creation"]}, "un droit sur une couche"),
        ({"masque": True, "actions": ["lecture", "ajout"]}, "se lit seulement"),
        ({"masque": True, "couche": "brut"}, "seules les couches"),
        ({"masque": "oui"}, "clé « masque » : true ou false"),
        ({"classification": ["secret"]}, "« secret » n'existe pas"),
        ({"classification": ["public"], "couche": "staging"}, "clé « classification » : seuls les marts"),
        ({"lignes": "20"}, "clé « lignes »"),
        ({"lignes": {"pouvoir_organisateur": ["*"]}}, "clé « lignes »"),
        ({"approbateur": "prenom.nom@fwb.example"}, "clé « approbateur » : une fonction"),
        ({"revue": "2027-11-15 environ"}, "clé « revue » : une date"),
        ({"justificatif": "x"}, "clé « justificatif » : clé inconnue. Vouliez-vous « justification »"),
    ],
)
def test_a_fault_names_file_entry_and_key(tmp_path: Path, change: dict, said: str) -> None:
    entries, faults = read(tmp_path, GOOD, {**GOOD, **change})
    assert len(entries) == 1
    assert any(fault.startswith("policies/access/age.yml, entrée 2") and said in fault for fault in faults), (
        faults
    )


@pytest.mark.parametrize("key", ["role", "ag", "actions", "justification", "approbateur", "revue"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    _, faults = read(tmp_path, {name: value for name, value in GOOD.items() if name != key})
    assert any(f"clé « {key} » : elle manque" in fault for fault in faults)


def test_files_that_are_no_access_are_named(tmp_path: Path) -> None:
    read(tmp_path, GOOD, name="agx")
    (tmp_path / "policies" / "access" / "age.yml").write_text("acces:\n\t- role: x\n", "utf-8")
    (tmp_path / "policies" / "access" / "agaj.yml").write_text("droits: []", "utf-8")
    _, faults = read_entries(tmp_path, DOMAINS)
    assert [fault.partition(" : ")[0] for fault in faults if ", entrée" not in fault] == [
        "policies/access/agaj.yml",
        "policies/access/age.yml",
        "policies/access/agx.yml",
    ]
    [tab] = [fault for fault in faults if fault.startswith("policies/access/age.yml")]
    assert "à partir de la ligne 2, colonne 1 ; une tabulation" in tab and "found" not in tab


# What a group gives by default


def test_a_group_gives_three_rights_by_default_and_says_where_they_are_from(tmp_path: Path) -> None:
    group(tmp_path)
    entries, faults = files(tmp_path)
    assert faults == []
    assert [(entry.role, entry.ag, entry.layers, entry.masked, entry.rows) for entry in entries] == [
        ("steward_age", "age", ("staging", "intermediate", "reference"), True, None),
        ("steward_age", "age", ("marts",), False, "toutes"),
        ("age_donnees_brutes", "age", ("brut", "rejets"), False, None),
    ]
    assert {(entry.actions, entry.classifications) for entry in entries} == {(("lecture",), None)}
    assert {(entry.approver, entry.review) for entry in entries} == {tuple(APPROVED.values())}
    past, _ = review_faults(entries, date(2027, 11, 16))
    place = "models/age/_age.yml, acces_par_defaut sur marts (rôle steward_age), clé « revue » : échue"
    assert len(past) == len(set(past)) == 3 and past[1].startswith(place)
    comment = declare(entries, manifest(), TODAY).roles["steward_age"]
    assert comment == f"Données au Centre, models/age/_age.yml. {GIVEN[0]['justification']}"


def test_by_default_is_what_the_same_entries_written_in_a_file_are(tmp_path: Path) -> None:
    group(tmp_path)
    given, _ = files(tmp_path)
    (tmp_path / group_file("age")).unlink()
    written = [{"ag": "age", "actions": ["lecture"], **APPROVED, **one} for one in GIVEN]
    entries, faults = files(
        tmp_path, acces=[{**one, "role": str(one["role"]).format(ag="age")} for one in written]
    )
    assert faults == []
    assert [one.model_dump() for one in given] == [one.model_dump() for one in entries]
    said, same = (declare(listed, manifest(), TODAY).content for listed in (given, entries))
    assert said == same and said["droits"]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("Direction", "acces_par_defaut : deux clés, approbateur et revue."),
        ([], "acces_par_defaut : deux clés"),
        ({"approbateur": "Direction"}, "acces_par_defaut, clé « revue » : elle manque."),
        ({"revue": date(2027, 1, 1)}, "acces_par_defaut, clé « approbateur » : elle manque."),
        ({**APPROVED, "revue": "2027-11-15"}, "acces_par_defaut, clé « revue » : une date"),
        (
            {**APPROVED, "approbateur": "a.b@fwb.example"},
            "acces_par_defaut, clé « approbateur » : une fonction",
        ),
        ({**APPROVED, "masque": False}, "acces_par_defaut, clé « masque » : clé inconnue"),
        ({**APPROVED, "couche": "marts"}, "acces_par_defaut, clé « couche » : clé inconnue"),
    ],
)
def test_a_group_that_does_not_say_who_and_until_when_gives_nothing(
    tmp_path: Path, said: object, fault: str
) -> None:
    group(tmp_path, said)
    entries, [told] = files(tmp_path)
    assert entries == [] and told.startswith(f"models/age/_age.yml, {fault}")


@pytest.mark.parametrize("key", ["acces", "acces_par_default", "Acces_par_defaut", "gouvernance_par_defaut"])
def test_no_other_key_of_a_group_gives_a_right(tmp_path: Path, key: str) -> None:
    group(tmp_path, key=key)
    assert files(tmp_path) == ([], [])


def test_a_group_in_the_file_of_another_domain_gives_nothing(tmp_path: Path) -> None:
    group(tmp_path, domain="agaj")
    (tmp_path / "models/age").mkdir()
    (tmp_path / group_file("agaj")).rename(tmp_path / group_file("age"))
    assert files(tmp_path) == ([], [])


def test_a_group_that_cannot_be_read_is_no_group_that_gives_nothing(tmp_path: Path) -> None:
    group(tmp_path)
    (tmp_path / group_file("age")).write_text("groups:\n\t- name: age\n", "utf-8")
    entries, [fault] = files(tmp_path)
    assert entries == [] and fault.startswith("models/age/_age.yml : ")


def test_a_file_refuses_a_right_by_default(tmp_path: Path) -> None:
    group(tmp_path)
    entries, faults = files(tmp_path, refus=[REFUSAL])
    assert faults == []
    assert [(entry.role, entry.layers[0]) for entry in entries] == [
        ("steward_age", "staging"),
        ("age_donnees_brutes", "brut"),
    ]


def test_a_file_replaces_a_right_by_default_that_it_refuses(tmp_path: Path) -> None:
    group(tmp_path)
    entries, faults = files(tmp_path, refus=[REFUSAL], acces=[PUBLIC])
    assert faults == []
    assert [(entry.place, entry.classifications) for entry in entries if "marts" in entry.layers] == [
        ("policies/access/age.yml, entrée 1 (rôle steward_age)", ("public",))
    ]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({}, "age"),
        ({"couche": ["marts", "brut"], "lignes": None, "classification": None}, "age"),
        ({"couche": "reference", "lignes": None, "classification": None}, "age"),
        ({"actions": ["lecture", "effacement"]}, "age"),
        ({"role": "steward_<ag>", "ag": "<ag>"}, "plateforme"),
        ({"role": "steward_<ag>"}, "plateforme"),
    ],
)
def test_a_right_given_twice_is_refused_and_says_how_to_replace_it(
    tmp_path: Path, change: dict, name: str
) -> None:
    group(tmp_path)
    said = {key: value for key, value in {**PUBLIC, **change}.items() if value is not None}
    _, [fault] = read(tmp_path, said, name=name)
    assert fault.startswith(f"policies/access/{name}.yml, entrée 1 (rôle {said['role']}), clé « couche » : ")
    assert "models/age/_age.yml donne déjà par défaut à steward_age" in fault
    assert "refusez-le dans policies/access/age.yml (refus : role steward_age, couche [" in fault


def test_more_than_the_default_needs_no_refusal(tmp_path: Path) -> None:
    group(tmp_path)
    everywhere = {**GOOD, "role": "steward_age", "ag": "tous"}
    mart = {key: value for key, value in GOOD.items() if key != "couche"} | {"jeu_de_donnees": "dim_ecole"}
    read(tmp_path, everywhere, name="plateforme")
    assert read(tmp_path, GOOD, {**mart, "role": "age_donnees_brutes"})[1] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"role": "steward_agee"},
            "ce n'est pas un droit par défaut. Écrivez l'un de ceux-ci : steward_age sur",
        ),
        ({"couche": ["staging"]}, "ce n'est pas un droit par défaut"),
        ({"couche": ["marts", "reference"]}, "ce n'est pas un droit par défaut"),
        ({"couche": "mart"}, "clé « couche » : « mart » n'existe pas"),
        ({"justification": "Non."}, "clé « justification » : dites en une phrase"),
        ({"justification": None}, "clé « justification » : un texte"),
        ({"approbateur": "Direction"}, "clé « approbateur » : clé inconnue"),
    ],
)
def test_a_refusal_that_refuses_nothing_is_a_fault(tmp_path: Path, change: dict, said: str) -> None:
    group(tmp_path)
    _, [fault] = files(tmp_path, refus=[{**REFUSAL, **change}])
    assert fault.startswith("policies/access/age.yml, refus 1 (rôle ") and said in fault


def test_a_refusal_needs_a_default_and_is_said_once(tmp_path: Path) -> None:
    [fault] = files(tmp_path, refus=[REFUSAL])[1]
    assert "le groupe ne donne aucun droit par défaut ; retirez ce refus" in fault
    group(tmp_path)
    [fault] = files(tmp_path, refus=[REFUSAL, REFUSAL])[1]
    assert "policies/access/age.yml, refus 2 (rôle steward_age) : ce droit est déjà refusé" in fault


@pytest.mark.parametrize("lists", [{"refuse": [REFUSAL]}, {"refus": REFUSAL}, {"acces": None, "refus": []}])
def test_a_file_has_no_other_list(tmp_path: Path, lists: dict) -> None:
    group(tmp_path)
    entries, [fault] = files(tmp_path, **lists)
    assert len(entries) == 3 and "« acces »" in fault and "« refus »" in fault and "rien d'autre" in fault


# The project


def test_the_project_is_known(tmp_path: Path) -> None:
    wrong = {**GOOD, "jeu_de_donnees": "dim_ecoles", "couche": None}
    masked = {**GOOD, "jeu_de_donnees": "ecoles.ecoles", "couche": None, "masque": True}
    entries, faults = read(tmp_path, wrong, masked)
    assert faults == []
    said = check_entries(entries, manifest())
    assert "« dim_ecoles » n'existe pas. Vouliez-vous dim_ecole ou" in said[0]
    assert "clé « masque » : une table brute" in said[1]


def test_a_mart_that_shares_its_rows_must_be_answered(tmp_path: Path) -> None:
    shared = manifest(acces={"filtre": "pouvoir_organisateur", "colonne": "po"})
    silent, _ = read(tmp_path, {key: value for key, value in GOOD.items() if key != "lignes"})
    assert "clé « lignes » : elle manque, et dim_ecole partage ses lignes" in check_entries(silent, shared)[0]
    other, _ = read(tmp_path, {**GOOD, "lignes": {"ag": ["age"]}})
    assert "aucun mart de cette entrée ne filtre par « ag »" in check_entries(other, shared)[0]
    right, _ = read(tmp_path, {**GOOD, "lignes": {"pouvoir_organisateur": [20]}})
    assert check_entries(right, shared) == []
    content = declare(right, shared, TODAY).content
    assert [one["valeur"] for one in content["lignes"]] == ["20"]
    # Through a view, and nothing of what comes later in the layer.
    assert [(one["schema"], one["relation"]) for one in content["droits"]] == [("age_filtre", "dim_ecole")]
    assert [(one["suffixe"], one["claires"], one["colonne"]) for one in content["restreintes"]] == [
        ("_filtre", None, "po")
    ]
    writer, _ = read(
        tmp_path, {**GOOD, "lignes": {"pouvoir_organisateur": [20]}, "actions": ["lecture", "effacement"]}
    )
    assert "clé « lignes » : qui ne voit que des lignes lit seulement" in check_entries(writer, shared)[0]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"filtre": "commune", "colonne": "po"}, "« commune » n'existe pas"),
        ({"filtre": "ag", "colonne": "pot"}, "pas de colonne « pot »"),
        ({"filtre": "ag"}, "deux clés"),
    ],
)
def test_a_wrong_filter_is_named(said: dict, fault: str) -> None:
    assert fault in check_entries([], manifest(acces=said))[0]


def test_reviews_fail_when_past_and_warn_a_month_before(tmp_path: Path) -> None:
    entries, _ = read(tmp_path, GOOD)
    assert review_faults(entries, date(2027, 10, 15)) == ([], [])
    assert [len(lines) for lines in review_faults(entries, date(2027, 10, 16))] == [0, 1]
    assert [len(lines) for lines in review_faults(entries, date(2027, 11, 15))] == [0, 1]
    [far] = review_faults(entries, date(2026, 10, 1))[1]
    assert "trop loin" in far
    past, soon = review_faults(entries, date(2027, 11, 16))
    assert (
        soon == [] and "policies/access/age.yml, entrée 1 (rôle etude)" in past[0] and "15/11/2027" in past[0]
    )
    assert declare(entries, manifest(), date(2027, 11, 15)).content["droits"]
    after = declare(entries, manifest(), date(2027, 11, 16))
    assert after.content["droits"] == [] and list(after.roles) == ["etude"]


def test_unclassified_data_are_not_given_by_class(tmp_path: Path) -> None:
    entries, _ = read(tmp_path, {**GOOD, "classification": ["public"]})
    assert declare(entries, manifest(), TODAY).content["droits"] == []
    public = manifest(gouvernance={"classification": "public"})
    assert [one["relation"] for one in declare(entries, public, TODAY).content["droits"]] == ["dim_ecole"]


def test_masked_reading_shows_described_columns_that_name_nobody(tmp_path: Path) -> None:
    entries, _ = read(tmp_path, {**GOOD, "couche": "staging", "masque": True})
    declaration = declare(entries, manifest(), TODAY)
    [mask] = declaration.content["restreintes"]
    assert mask == {
        "suffixe": "_masque", "schema": "age_staging", "relation": "stg_ecoles", "claires": ["cle", "po"],
        "colonne": None,
    }  # fmt: skip
    assert [one["schema"] for one in declaration.content["droits"]] == ["age_staging_masque"]


def test_a_role_of_each_administration_stays_at_home(tmp_path: Path) -> None:
    entries, faults = read(tmp_path, {**GOOD, "role": "lecteur_<ag>", "ag": "<ag>"}, name="plateforme")
    assert faults == []
    declaration = declare(entries, manifest(), TODAY)
    assert [(one["role"], one["schema"]) for one in declaration.content["droits"]] == [("lecteur_age", "age")]


def test_the_projects_own_files_are_right_and_hold_until_their_date() -> None:
    domains = [path.name for path in (ROOT / "models").iterdir() if path.is_dir()]
    entries, faults = read_entries(ROOT, domains)
    assert faults == []
    assert review_faults(entries, TODAY) == ([], [])
    roles = {entry.role for entry in entries}
    assert {"chargeur", "dbt_<ag>", "rapport", "bi", "agaj_donnees_brutes", "steward_agaj"} <= roles
    # Raw data and refused lines: who loads, types, answers the persons, or is entitled by the administration.
    readers = {entry.role for entry in entries if {"brut", "rejets"} & set(entry.layers)}
    assert {role for role in readers if not role.endswith("_donnees_brutes")} == {
        "chargeur",
        "dbt_<ag>",
        "droits_des_personnes",
    }
