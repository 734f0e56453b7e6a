"""What marts promise to their readers stays, or ends on a day that they were told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.contracts import FOLDER, breaches, write_contracts
from donnees_au_centre.project.nodes import Manifest
from tests.unit import manifests
from tests.unit.manifests import PROJECT, good_manifest

TODAY = date(2026, 11, 1)
END = "2027-05-01"
MART, OTHER = f"model.{PROJECT}.dim_ecole", f"model.{PROJECT}.fct_marche"
FILE = f"{FOLDER.as_posix()}/age.yml"

Content = dict[str, Any]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout whose contracts are those of `offered`."""
    written = write_contracts(tmp_path, Manifest(offered()), TODAY)
    assert written == [f"{FOLDER.as_posix()}/{one}.yml" for one in ("age", "ags", "commun", "transversal")]
    return tmp_path


def offered() -> Content:
    """The good manifest, with a mart of three columns, one of them kept beside the one that replaces it."""
    manifest = good_manifest()
    manifest["nodes"][MART]["columns"] |= {
        "code_nis": manifests.column("code_nis"),
        "montant": manifests.column("montant", data_type="numeric(9, 2)"),
        "commune_nis": manifests.column(
            "commune_nis", config={"meta": {"ancien_nom": {"remplace_par": "code_nis", "retire_le": END}}}
        ),
    }
    return manifest


def found(root: Path, manifest: Content, today: date = TODAY) -> list[tuple[str, str]]:
    return [
        (rule, f"{file} : {said} {advice}")
        for file, rule, said, advice in breaches(root, Manifest(manifest), today)
    ]


def columns(manifest: Content, unique_id: str = MART) -> Content:
    return manifest["nodes"][unique_id]["columns"]


def in_two_versions(manifest: Content, end: str | None = END) -> tuple[Content, Content]:
    former, latest = manifests.versions(manifest["nodes"].pop(MART), end)
    nodes = manifest["nodes"]
    # dbt plays the tests of a mart on each of its versions.
    for key in [key for key, one in nodes.items() if one.get("attached_node") == MART]:
        test = nodes.pop(key)
        for version in (former, latest):
            about = version["unique_id"]
            nodes[f"{key}.{about}"] = {
                **test,
                "unique_id": f"{key}.{about}",
                "attached_node": about,
                "depends_on": {"nodes": [about], "macros": []},
            }
    nodes |= {one["unique_id"]: one for one in (former, latest)}
    return former, latest


def remove(manifest: Content) -> None:
    del columns(manifest)["montant"]


def rename(manifest: Content) -> None:
    columns(manifest)["somme"] = {**columns(manifest).pop("montant"), "name": "somme"}


def retype(manifest: Content) -> None:
    columns(manifest)["montant"]["data_type"] = "text"


def take_away(manifest: Content) -> None:
    del manifest["nodes"][MART]


def forget_the_alias(manifest: Content) -> None:
    former, _ = in_two_versions(manifest)
    former["alias"] = "dim_ecole_v1"


def change_the_old_version(manifest: Content) -> None:
    former, _ = in_two_versions(manifest)
    del former["columns"]["montant"]


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (
            remove,
            "age.dim_ecole ne tient plus ce qu'il promet à ses lecteurs : montant (numeric(9, 2)) n'y",
        ),
        (rename, '- {name: somme, data_type: "numeric(9, 2)", description: "…"}'),
        (retype, "montant était numeric(9, 2) et devient text"),
        (retype, "include: all, exclude: [montant]}\n"),
        (
            remove,
            "écrivez le nouveau SQL à côté, dans dim_ecole_v2.sql, et dans models/age/marts/dim_ecole.yml",
        ),
        (remove, "{v: 1, defined_in: dim_ecole, deprecation_date: 2027-05-02, config: {alias: dim_ecole}}"),
        (take_away, f"{FILE} : age.dim_ecole n'est plus offert"),
        (take_away, "Remettez-le, avec deprecation_date: 2027-05-02 dans son YAML"),
        (take_away, f"Retirez dim_ecole de {FILE}, puis make fix."),
        (forget_the_alias, "config: {alias: dim_ecole} sous sa ligne « v: »"),
        (change_the_old_version, "une version qui va finir ne change plus"),
    ],
)
def test_what_is_taken_from_readers_is_refused_with_what_to_write(
    root: Path, harm: Callable[[Content], None], words: str
) -> None:
    manifest = offered()
    harm(manifest)
    broken = [said for rule, said in found(root, manifest) if rule == "contrat-rompu"]
    assert len(broken) == 1
    assert words in broken[0]
    # make fix takes nothing back, and adds nothing that the mending would then have to keep.
    before = (root / FILE).read_text("utf-8")
    write_contracts(root, Manifest(manifest), TODAY)
    text = (root / FILE).read_text("utf-8")
    assert ("montant: numeric(9, 2)" in text, "somme" in text, "dim_ecole_v1" in text) == (True, False, False)
    assert text == before or harm is change_the_old_version
    manifest = offered()
    assert [rule for rule, _ in found(root, manifest)] == (["contrat-rompu"] if text != before else [])


def test_what_is_advised_is_what_dbt_reads(root: Path) -> None:
    manifest = offered()
    rename(manifest)
    ((_, said),) = found(root, manifest)
    lines = said.partition(", sous dim_ecole :\n")[2].splitlines()[:-1]
    written = yaml.safe_load("\n".join(lines))
    assert written == {
        "latest_version": 2,
        "versions": [
            {
                "v": 1,
                "defined_in": "dim_ecole",
                "deprecation_date": date(2027, 5, 2),
                "config": {"alias": "dim_ecole"},
            },
            {
                "v": 2,
                "columns": [
                    {"include": "all", "exclude": ["montant"]},
                    {"name": "somme", "data_type": "numeric(9, 2)", "description": "…"},
                ],
            },
        ],
    }


def test_a_third_version_follows_the_second(root: Path) -> None:
    manifest = offered()
    _, latest = in_two_versions(manifest)
    write_contracts(root, Manifest(manifest), TODAY)
    del latest["columns"]["montant"]
    ((_, said),) = found(root, manifest)
    assert "age.dim_ecole_v2 ne tient plus" in said
    assert "  - v: 2, avec deprecation_date: 2027-05-02 en plus\n            - v: 3\n" in said
    assert "dim_ecole_v3.sql" in said


def describe(manifest: Content) -> None:
    columns(manifest)["montant"]["description"] = "Autrement dit."


def reorder(manifest: Content) -> None:
    manifest["nodes"][MART]["columns"] = dict(reversed(columns(manifest).items()))


def space(manifest: Content) -> None:
    columns(manifest)["montant"]["data_type"] = "NUMERIC(9,2)"


@pytest.mark.parametrize("change", [describe, reorder])
def test_harmless_changes_change_nothing(root: Path, change: Callable[[Content], None]) -> None:
    manifest = offered()
    change(manifest)
    assert found(root, manifest) == []
    assert write_contracts(root, Manifest(manifest), TODAY) == []


def append(manifest: Content) -> None:
    manifest["nodes"][MART]["columns"] = {"nouvelle": manifests.column("nouvelle"), **columns(manifest)}


def add(manifest: Content) -> None:
    manifest["nodes"] |= {
        f"model.{PROJECT}.dim_neuf": manifests.model("age", "marts", "dim_neuf", []),
    }


@pytest.mark.parametrize(("change", "name"), [(append, "dim_ecole"), (add, "dim_neuf"), (space, "dim_ecole")])
def test_what_comes_is_written_by_make_fix(root: Path, change: Callable[[Content], None], name: str) -> None:
    manifest = offered()
    change(manifest)
    ((rule, said),) = found(root, manifest)
    assert rule == "contrat-a-ecrire"
    assert said.startswith(f"{FILE} : Ce qui y est promis ne suit pas encore {name}. make fix")
    assert write_contracts(root, Manifest(manifest), TODAY) == [FILE]
    assert found(root, manifest) == []


def test_a_new_column_comes_last_as_in_the_view(root: Path) -> None:
    manifest = offered()
    append(manifest)
    write_contracts(root, Manifest(manifest), TODAY)
    said = yaml.safe_load((root / FILE).read_text("utf-8"))["dim_ecole"]
    assert list(said["colonnes"]) == ["fase", "code_nis", "montant", "commune_nis", "nouvelle"]
    assert said["fins"] == {"commune_nis": date(2027, 5, 1)}


def test_two_versions_are_promised_until_the_first_ends(root: Path) -> None:
    manifest = offered()
    former, latest = in_two_versions(manifest)
    del latest["columns"]["montant"]
    ((rule, _),) = found(root, manifest)
    assert rule == "contrat-a-ecrire"
    write_contracts(root, Manifest(manifest), TODAY)
    assert found(root, manifest) == []
    assert yaml.safe_load((root / FILE).read_text("utf-8"))["dim_ecole"]["fin"] == date(2027, 5, 1)
    del manifest["nodes"][former["unique_id"]]
    ((rule, said),) = found(root, manifest, date(2027, 5, 1))
    assert (rule, "il est promis à ses lecteurs jusqu'au 01/05/2027" in said) == ("contrat-rompu", True)
    assert "Remettez-le, avec deprecation_date: 2027-05-01 dans son YAML" in said
    ((rule, _),) = found(root, manifest, date(2027, 5, 2))
    assert rule == "contrat-a-ecrire"
    assert write_contracts(root, Manifest(manifest), date(2027, 5, 2)) == [FILE]
    assert list(yaml.safe_load((root / FILE).read_text("utf-8"))) == ["dim_ecole_v2"]
    assert found(root, manifest, date(2027, 5, 2)) == []


def test_a_column_of_a_former_name_leaves_after_its_day(root: Path) -> None:
    manifest = offered()
    del columns(manifest)["commune_nis"]
    assert [rule for rule, _ in found(root, manifest, date(2027, 5, 1))] == ["contrat-rompu"]
    assert [rule for rule, _ in found(root, manifest, date(2027, 5, 2))] == ["contrat-a-ecrire"]
    write_contracts(root, Manifest(manifest), date(2027, 5, 2))
    assert "commune_nis" not in (root / FILE).read_text("utf-8")
    assert found(root, manifest, date(2027, 5, 2)) == []


def test_a_domain_that_offers_nothing_any_more_has_no_file(root: Path) -> None:
    manifest = offered()
    manifest["nodes"][OTHER]["deprecation_date"] = f"{END}T00:00:00+00:00"
    write_contracts(root, Manifest(manifest), TODAY)
    del manifest["nodes"][OTHER]
    assert write_contracts(root, Manifest(manifest), TODAY + timedelta(400)) == [
        f"{FOLDER.as_posix()}/ags.yml"
    ]
    assert not (root / FOLDER / "ags.yml").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<<<<<<< HEAD", "age.yml"),
        ("- dim_ecole", "des marts et leurs colonnes"),
        ("dim_ecole: {colonnes: [fase]}", "colonnes attend une colonne et son type par ligne"),
        ("dim_ecole: {colonnes: {fase: text}, fin: demain}", "fin attend une date"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(root: Path, text: str, words: str) -> None:
    (root / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(PlatformError, match=words) as raised:
        list(breaches(root, Manifest(offered()), TODAY))
    assert "make fix" in raised.value.advice
