"""A domain is declared once: what its declaration asks for elsewhere is said when it is forgotten."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from yamllint import linter

from donnees_au_centre.access import read_entries
from donnees_au_centre.cli import new_ag
from donnees_au_centre.cli.main import main
from donnees_au_centre.cli.quality import placeholders
from donnees_au_centre.cli.texts import yaml_settings
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.domains import (
    COMPONENTS,
    COMPOSE,
    OWNERS,
    PROJECT,
    STACK,
    WORKSPACE,
    deployed,
    forgotten,
    group_file,
    is_new,
    mend_workspace,
    owned_paths,
    project_line,
)
from donnees_au_centre.project.nodes import domains_in
from donnees_au_centre.settings import ROOT
from tests.small_project import settings_of

# What the group of the AGS says of the rights that it gives.
DEFAULT = """\
        acces_par_defaut:
          approbateur: "AGS, direction du sport"
          revue: 2027-11-15
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What declares the domains of the project, and nothing of what they hold."""
    for path in (PROJECT, WORKSPACE, COMPONENTS, COMPOSE, STACK, OWNERS, *map(group_file, domains_in(ROOT))):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    return tmp_path


def without(path: str, text: str) -> Callable[[Path], None]:
    """Takes a text out of a file of the checkout."""

    def take(root: Path) -> None:
        before = (root / path).read_text("utf-8")
        assert text in before
        (root / path).write_text(before.replace(text, ""), "utf-8")

    return take


def left(path: str) -> Callable[[Path], None]:
    """Adds a file, or a folder, that is named after no domain."""

    def add(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()

    return add


def test_the_project_forgets_nothing() -> None:
    assert forgotten(ROOT) == []


@pytest.mark.parametrize(
    ("forget", "file", "rule", "advice"),
    [
        (lambda root: (root / group_file("ags")).unlink(), group_file("ags"), "groupe", "make new-ag AG=ags"),
        (without(group_file("ags"), "- name: ags"), group_file("ags"), "groupe", "make new-ag AG=ags"),
        (without(PROJECT, project_line("ags")), PROJECT, "couches", project_line("ags").strip()),
        (without(PROJECT, ", +group: ags"), PROJECT, "couches", project_line("ags").strip()),
        (
            without(WORKSPACE, "attribute: ags\n      location_name: ags"),
            WORKSPACE,
            "emplacement",
            "make fix",
        ),
        (lambda root: (root / WORKSPACE).unlink(), WORKSPACE, "emplacement", "make fix"),
        (without(COMPONENTS, "{domain: ags}"), COMPONENTS, "emplacement", "make fix"),
        (without(COMPOSE, "    ags=code_ags:4000\n"), COMPOSE, "emplacement", "make fix"),
        (without(STACK, "  code_ags: *overlay\n"), STACK, "emplacement", "make fix"),
        (
            without(group_file("ags"), DEFAULT),
            group_file("ags"),
            "acces",
            'acces_par_defaut: {approbateur: "la direction qui approuve", revue: aaaa-mm-jj}',
        ),
        (
            lambda root: (root / "policies/access/commun.yml").unlink(),
            group_file("commun"),
            "acces",
            "écrivez policies/access/commun.yml",
        ),
        (without(OWNERS, owned_paths("ags")[0]), OWNERS, "relecture", "/*/ags/ et /*/*/*ags.yml"),
        (
            lambda root: (root / OWNERS).write_text((root / OWNERS).read_text("utf-8") + "/x/ personne\n"),
            OWNERS,
            "relecture",
            "@groupe",
        ),
        (lambda root: shutil.rmtree(root / "models/ags"), PROJECT, "retire", "Retirez-la"),
        (left("seeds/agx/codes.csv"), "seeds/agx", "retire", "make new-ag AG=agx"),
        (left("landing/agx/source/x.csv"), "landing/agx", "retire", "make new-ag AG=agx"),
        (left("observability/models/agx.yml"), "observability/models/agx.yml", "retire", "Effacez-le"),
    ],
)
def test_each_piece_forgotten_is_named(
    checkout: Path, forget: Callable[[Path], None], file: str, rule: str, advice: str
) -> None:
    assert forgotten(checkout) == []
    forget(checkout)
    found = {(fault.file, fault.rule): fault.advice for fault in forgotten(checkout)}
    assert advice in found[file, f"domaine-{rule}"]
    # The location of a domain that is gone is forgotten with it.
    assert len(found) == 1 or not (checkout / "models/ags").exists()


def test_the_workspace_follows_the_domains(checkout: Path) -> None:
    assert not mend_workspace(checkout)
    (checkout / "models/agx").mkdir()
    assert mend_workspace(checkout)
    assert "location_name: agx" in (checkout / WORKSPACE).read_text("utf-8")
    assert "{domain: agx}" in (checkout / COMPONENTS).read_text("utf-8")
    shutil.rmtree(checkout / "models/agx")
    assert mend_workspace(checkout)
    for name in (WORKSPACE, COMPONENTS):
        assert (checkout / name).read_text("utf-8") == (ROOT / name).read_text("utf-8")


def test_a_domain_is_new_until_it_holds_something(checkout: Path) -> None:
    assert is_new(checkout, "ags")
    left("models/ags/staging/.gitkeep")(checkout)
    assert is_new(checkout, "ags")
    left("seeds/ags/codes.csv")(checkout)
    assert not is_new(checkout, "ags")
    assert not any(is_new(ROOT, domain) for domain in domains_in(ROOT))


# make new-ag


def declare(root: Path, monkeypatch: pytest.MonkeyPatch, **options: str) -> int:
    monkeypatch.setattr(new_ag, "parse_or_fail", lambda session: SimpleNamespace())
    return new_ag.new_ag(settings_of(root), options)


def test_a_new_administration_lacks_only_what_people_must_say(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "Administration générale de l'Exemple"
    assert declare(checkout, monkeypatch, AG="agx", NAME=name) == 0
    assert forgotten(checkout) == []
    file = group_file("agx")
    assert {place.partition(":")[0] for place in placeholders(checkout)} == {file}
    assert list(linter.run((checkout / file).read_text("utf-8"), yaml_settings(ROOT))) == []
    [group] = yaml.safe_load((checkout / group_file("agx")).read_text("utf-8"))["groups"]
    assert (group["name"], group["description"]) == ("agx", f"{name} (AGX).")
    entries, faults = read_entries(checkout, domains_in(checkout))
    assert faults == []
    assert {entry.role for entry in entries if entry.ag == "agx"} == {"steward_agx", "agx_donnees_brutes"}
    said = yaml.safe_load((checkout / PROJECT).read_text("utf-8"))["models"]["donnees_au_centre"]
    assert said["agx"] == said["ags"] | {"+group": "agx"}
    assert f"[{name}] @fwb/agx\n/*/agx/\n/*/*/*agx.yml\n" in (checkout / OWNERS).read_text("utf-8")
    out = capsys.readouterr().out
    assert all(path in out for path in (file, PROJECT, WORKSPACE, COMPONENTS, COMPOSE, STACK, OWNERS))
    assert "make new-model AG=agx" in out


def test_the_containers_of_an_administration_come_and_go_with_it(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [(checkout / name).read_text("utf-8") for name in (COMPOSE, STACK)]
    assert declare(checkout, monkeypatch, AG="agx", NAME="Administration générale de l'Exemple") == 0
    compose, stack = (yaml.safe_load((checkout / name).read_text("utf-8")) for name in (COMPOSE, STACK))
    service, model = compose["services"]["code_agx"], compose["services"]["code_ags"]
    assert service == model | {
        "command": ["orchestration.code_server", "agx", "--adresse", "0.0.0.0"],
        "networks": ["code_agx"],
    }
    for name in ("web", "lecture", "demon"):
        assert "agx=code_agx:4000" in compose["services"][name]["environment"]["EMPLACEMENTS"].split()
        assert "code_agx" in compose["services"][name]["networks"]
    assert (compose["networks"]["code_agx"], stack["networks"]["code_agx"]) == (
        {},
        stack["networks"]["code_ags"],
    )
    shutil.rmtree(checkout / "models/agx")
    mend_workspace(checkout)
    assert [(checkout / name).read_text("utf-8") for name in (COMPOSE, STACK)] == before
    # With what it had of its own: its keys.
    shutil.rmtree(checkout / "models/agaj")
    mend_workspace(checkout)
    assert "agaj" not in (checkout / COMPOSE).read_text("utf-8")
    assert yaml.safe_load((checkout / COMPOSE).read_text("utf-8"))["secrets"].keys() >= {"cle_sg_effectifs"}


def test_a_file_of_containers_without_its_lines_says_what_to_add() -> None:
    with pytest.raises(PlatformError) as caught:
        deployed("networks: {}\n", STACK, ["agx"])
    assert "code_agx: *overlay" in caught.value.advice


def test_what_is_there_already_is_kept(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / group_file("ags")).unlink()
    names = (PROJECT, WORKSPACE, COMPONENTS, COMPOSE, STACK, OWNERS)
    before = [(checkout / name).read_text("utf-8") for name in names]
    assert declare(checkout, monkeypatch, AG="ags", NAME="Administration générale du Sport") == 0
    assert [(checkout / name).read_text("utf-8") for name in names] == before
    assert forgotten(checkout) == []


@pytest.mark.parametrize("ag", ["aaa", "agx", "zzz"])
def test_the_line_is_at_its_place_in_the_alphabet(ag: str) -> None:
    text = new_ag.with_line((ROOT / PROJECT).read_text("utf-8"), ag)
    lines = [match["name"] for match in new_ag.LINES.finditer(text)]
    assert lines[-2:] == ["transversal", "data_platform"]
    assert ag in lines and lines[:-2] == sorted(lines[:-2])
    assert new_ag.with_line(text, ag) == text


def test_without_the_lines_of_the_others_the_line_is_given() -> None:
    with pytest.raises(PlatformError) as caught:
        new_ag.with_line("models: {}\n", "agx")
    assert project_line("agx").strip() in caught.value.advice


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "Quelle AG ajouter"),
        ({"AG": "AGX", "NAME": "Un nom"}, "n'est pas le sigle d'une AG"),
        ({"AG": "a-x", "NAME": "Un nom"}, "n'est pas le sigle d'une AG"),
        ({"AG": "x" * 17, "NAME": "Un nom"}, "n'est pas le sigle d'une AG"),
        ({"AG": "tests", "NAME": "Un nom"}, "la plateforme ou PostgreSQL emploie"),
        ({"AG": "ags", "NAME": "Un nom"}, "models/ags/_ags.yml"),
        ({"AG": "agx"}, "Comment s'appelle l'AG agx"),
    ],
)
def test_a_name_that_does_not_fit_is_refused(
    options: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new-ag"], options) == 1
    told = capsys.readouterr().err
    assert said in told and "Que faire" in told
