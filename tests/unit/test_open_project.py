"""What a newcomer reads first keeps its word: files that exist, commands that exist, twins that agree."""

from __future__ import annotations

import re
import subprocess
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from dev.dependencies import read_environment
from donnees_au_centre.pages.documentation.markdown import anchor, links
from donnees_au_centre.project.codeowners import FILE as CODEOWNERS
from donnees_au_centre.project.codeowners import concerned, read_sections
from donnees_au_centre.project.domains import group_file
from donnees_au_centre.project.nodes import domains_in
from donnees_au_centre.settings import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".agents").rglob("*.md")])
COMMAND = re.compile(r"\bmake ([a-z][a-z-]+)")
PATH = re.compile(r"`([\w.-]+/[\w./-]*)`")
# What commands write, the invented AG of docs/contributeur/adapter.md, and the ways to write a date.
NOT_IN_GIT = re.compile(
    r"(\.dagster|\.venv|\.warehouse|build|target|logs|retours|illisibles|reports|templates|d+|\d+)/|.*(\bagx\b|dbt_packages)"
)
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
HEADING = re.compile(r"^#+ ", re.MULTILINE)
TWINS = (("README.md", "README.fr.md"), ("CONTRIBUTING.md", "CONTRIBUTING.fr.md"))
OWNERS = (ROOT / CODEOWNERS).read_text(encoding="utf-8")
DECISIONS = ROOT / "docs/contributeur/decisions"
# A row of docs/contributeur/licences.md each; what any of them says is enough.
FREE = ("MIT", "BSD", "Apache", "ISC", "PSF", "Python Software Foundation", "MPL", "Mozilla")
COPYLEFT = {
    *("asyncssh", "psycopg", "psycopg-binary", "psycopg2-binary", "pymssql", "python-stdnum"),
    *("text-unidecode", "yamllint"),
}
SILENT = {"axe-playwright-python", "pyftpdlib"}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitLab and GitHub make them."""
    headings = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    return {anchor(heading.lstrip("# ")) for heading in headings}


def tracked(*options: str) -> list[str]:
    """The files that git keeps, chosen by options of `git ls-files`."""
    command = ["git", "-c", "core.quotepath=off", "ls-files", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def kept_places() -> set[Path]:
    """The files that git keeps or would keep, and their folders: what commands left here does not count."""
    files = [ROOT / name for name in tracked("--cached", "--others", "--exclude-standard")]
    return {place for file in files for place in (file, *file.parents)}


def owned() -> dict[str, list[str]]:
    """The paths of CODEOWNERS, each with the files and folders it stands for."""
    paths = (rule.pattern.lstrip("/") for section in read_sections(OWNERS) for rule in section.rules)
    return {
        path: [f"{found.relative_to(ROOT)}{'/' * found.is_dir()}" for found in ROOT.glob(path)]
        for path in paths
    }


def test_every_link_leads_somewhere() -> None:
    """Pages, files, pictures and anchors; an address elsewhere is only well formed: tests ask no network."""
    lost = []
    for page in PAGES:
        for target in links(page.read_text(encoding="utf-8")):
            parts = urlsplit(unquote(target))
            if parts.scheme in ("https", "http", "mailto"):
                formed = "@" in parts.path if parts.scheme == "mailto" else "." in parts.netloc
                lost += [] if formed else [f"{page.relative_to(ROOT)}: {target}"]
                continue
            file = (page.parent / parts.path).resolve() if parts.path else page
            known = not parts.fragment or file.suffix != ".md" or parts.fragment in anchors(file)
            if parts.scheme or not file.exists() or not known:
                lost.append(f"{page.relative_to(ROOT)}: {target}")
    assert lost == []


def test_the_page_of_controls_names_every_folder_of_tests() -> None:
    page = text("docs/contributeur/quel-controle-ou.md")
    found = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("test_*.py")}
    assert len(found) > 4
    assert [name for name in {*found, "singular", "servers"} if f"tests/{name}/" not in page] == []


def test_the_words_of_the_code_are_those_of_the_code() -> None:
    page = text("docs/contributeur/vocabulaire-du-code.md")
    rows = re.findall(r"^\| (`[^|]+`) \| [^|]+ \| `([^`]+)` \|$", page, re.MULTILINE)
    assert len(rows) > 30
    for words, where in rows:
        place = ROOT / where
        files = [place] if place.is_file() else [*place.rglob("*.py"), *place.rglob("*.sql")]
        code = "\n".join(file.read_text(encoding="utf-8").lower() for file in files)
        for word in re.findall(r"`(\w+)`", words):
            stem = word.removesuffix("y")
            assert re.search(rf"(?<![a-z]){stem}(?:y|s|es|ed|ies)?(?![a-z])", code), f"{word}: {where}"


def test_every_path_exists() -> None:
    lost, kept = [], kept_places()
    for page in PAGES:
        for path in PATH.findall(page.read_text(encoding="utf-8")):
            places = {(ROOT / path).resolve(), (page.parent / path).resolve()}
            if not NOT_IN_GIT.match(path) and not places & kept:
                lost.append(f"{page.relative_to(ROOT)}: {path}")
    assert lost == []


@pytest.mark.parametrize(("english", "french"), TWINS)
def test_twins_have_the_same_parts(english: str, french: str) -> None:
    for part in (HEADING, re.compile(r"^\| ", re.MULTILINE), re.compile(r"^```", re.MULTILINE)):
        assert len(part.findall(text(english))) == len(part.findall(text(french))), part.pattern


def test_the_readme_names_the_two_commands_and_shows_three_pictures() -> None:
    for readme in ("README.md", "README.fr.md"):
        assert {"demo", "test"} <= set(COMMAND.findall(text(readme)))
        pictures = set(re.findall(r"docs/images/[\w-]+\.png", text(readme)))
        assert len(pictures) == 3
        assert all((ROOT / picture).stat().st_size < 300_000 for picture in pictures)


def test_every_path_that_has_an_owner_exists() -> None:
    assert [path for path, found in owned().items() if not found] == []


def test_every_file_has_an_owner() -> None:
    sections = read_sections(OWNERS)
    assert [path for path in tracked() if not concerned(sections, [path])] == []


def test_every_file_that_gives_a_right_is_reviewed_by_the_administration_and_for_privacy() -> None:
    sections = {part.split("\n")[0]: part for part in OWNERS.split("\n\n")}
    [private] = [part for name, part in sections.items() if name.startswith("[Vie privée]")]
    assert {"/models/*/_*.yml", "/policies/access/"} <= set(private.splitlines())
    places = owned()
    groups = {group_file(domain) for domain in domains_in(ROOT)}
    assert groups <= set(places["models/*/_*.yml"])
    assert {group_file("age"), "policies/access/age.yml"} <= set(places["*/*/*age.yml"])


def test_the_decisions_are_all_in_their_index() -> None:
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    files = {file.name for file in DECISIONS.glob("[0-9]*.md")}
    assert set(re.findall(r"\((\d{4}-[\w-]+\.md)\)", index)) == files
    assert [name[:4] for name in sorted(files)] == [f"{number:04}" for number in range(1, len(files) + 1)]
    for name in files:
        decision = (DECISIONS / name).read_text(encoding="utf-8")
        assert decision.startswith(f"# {name[:4]} – ")
        parts = ("Question", "Décision", "Raisons", "Prix", "Écarté", "À revoir si")
        assert [part for part in parts if f"**{part}" not in decision] == []


def test_the_assessment_counts_its_sixteen_criteria() -> None:
    page = text("docs/contributeur/standard-for-public-code.md")
    states = [row.split("|")[3].strip() for row in page.splitlines() if re.match(r"\| \d+ \|", row)]
    assert len(states) == 16
    counted = "{} tenus, {} à l'ouverture, {} en partie".format(
        *(states.count(state) for state in ("tenu", "à l'ouverture", "en partie"))
    )
    assert counted in page


def test_catalogues_of_public_software_can_read_the_project() -> None:
    said: dict[str, Any] = yaml.safe_load(text("publiccode.yml"))
    required = {
        *("publiccodeYmlVersion", "name", "url", "platforms", "categories", "developmentStatus"),
        *("softwareType", "description", "legal", "maintenance", "localisation"),
    }
    assert required - set(said) == set()
    assert said["legal"]["license"] == "EUPL-1.2"
    assert {"localisationReady", "availableLanguages"} <= set(said["localisation"])
    assert said["maintenance"]["contacts"]
    date.fromisoformat(said["releaseDate"])
    for description in said["description"].values():
        assert len(description["shortDescription"]) <= 150
        assert 150 <= len(description["longDescription"]) <= 10_000
        assert description["features"]
        for picture in description.get("screenshots", []):
            assert (ROOT / picture).is_file()


def test_one_version_is_said_everywhere() -> None:
    version = re.search(r'^version = "(.+)"$', text("pyproject.toml"), re.MULTILINE)
    newest = re.search(r"^## (\S+) – (\S+)$", text("CHANGELOG.md"), re.MULTILINE)
    said = yaml.safe_load(text("publiccode.yml"))
    assert version and newest
    assert {version[1], newest[1]} == {said["softwareVersion"]}
    assert newest[2] == said["releaseDate"]


def test_the_licence_is_one_text_for_every_file() -> None:
    assert text("LICENSE") == text("LICENSES/EUPL-1.2.txt")
    assert "of this Licence or updated versions of the Appendix" in " ".join(text("LICENSE").split())
    assert 'SPDX-License-Identifier = "EUPL-1.2"' in text("REUSE.toml")
    assert [file.name for file in (ROOT / "LICENSES").iterdir()] == ["EUPL-1.2.txt"]


def test_no_package_forbids_our_licence() -> None:
    """What asks for more than its mention is named in docs/contributeur/licences.md, with what it asks."""
    packages = read_environment(ROOT).packages.values()
    strangers = {
        package.name: package.licence
        for package in packages
        if not any(word in package.licence for word in FREE) and package.name not in COPYLEFT | SILENT
    }
    assert strangers == {}
    page = text("docs/contributeur/licences.md")
    assert [name for name in COPYLEFT if f"`{name}`" not in page] == []
