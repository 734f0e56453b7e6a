"""The next version of the platform or of a domain, from the commits since the last."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath

from donnees_au_centre.delivery.assembly import belongs_to
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.git import git
from donnees_au_centre.project.nodes import domains_in

CHANGELOG, OPEN = "CHANGELOG.md", "## Unreleased\n"
SHOWN = 20
MAIN = "main"
_BREAKING = re.compile(r"[^:]+!:")


@dataclass(frozen=True)
class Plan:
    """A version that may be written.

    Attributes:
        tag: its tag.
        told: what it is made of, in French, for the terminal.
        notes: of the tag.
        texts: the files that change with it, below the checkout, and what they say then.
    """

    tag: str
    told: str
    notes: str
    texts: dict[str, str] = field(default_factory=dict)

    def write(self, root: Path) -> None:
        """Writes the files, a commit when there is one to make, and the tag.

        Raises:
            PlatformError: git refuses.
        """
        for name, text in self.texts.items():
            (root / name).write_text(text, encoding="utf-8")
        if self.texts:
            _git(root, "commit", "--quiet", "-m", f"release: {self.tag}", "--", *self.texts)
        _git(root, "tag", "--annotate", self.tag, "-m", self.notes)


def plan_of_platform(root: Path, today: date) -> Plan:
    """The next version of the platform: its number from the commits, its notes from CHANGELOG.md.

    Raises:
        PlatformError: the checkout is not a clean main branch, or there is nothing to release or to say.
    """
    _refuse_unclean(root)
    asked = [sys.executable, "-m", "commitizen.cli", "bump", "--get-next", "--yes"]
    done = subprocess.run(asked, cwd=root, capture_output=True, text=True)
    number = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode or not re.fullmatch(r"\d+\.\d+\.\d+", number):
        raise PlatformError(
            "Aucun numéro de version ne se calcule depuis la dernière étiquette v….",
            "Il faut au moins un commit « area: what » depuis elle ; git log en montre les sujets.",
        )
    changelog = (root / CHANGELOG).read_text("utf-8")
    before, found, after = changelog.partition(OPEN)
    notes = after.partition("\n## ")[0].strip()
    if not found or not notes:
        raise PlatformError(
            f"{CHANGELOG} ne dit rien sous « Unreleased » : cette version n'a rien à annoncer.",
            "Écrivez-y ce qui change pour un lecteur, un analyste ou un exploitant, puis relancez.",
        )
    texts = {CHANGELOG: f"{before}{OPEN}\n## {number} – {today}\n{after}"}
    for name, lines in {
        "pyproject.toml": {r'(?m)^version = ".*"$': f'version = "{number}"'},
        "publiccode.yml": {
            r"(?m)^softwareVersion: .*$": f'softwareVersion: "{number}"',
            r"(?m)^releaseDate: .*$": f'releaseDate: "{today}"',
        },
    }.items():
        text = (root / name).read_text("utf-8")
        for pattern, line in lines.items():
            text = re.sub(pattern, line, text, count=1)
        texts[name] = text
    return Plan(f"v{number}", f"Version {number} de la plateforme.\n\n{notes}\n", notes, texts)


def plan_of_domain(root: Path, domain: str) -> Plan:
    """The next version of a domain released alone: the commits on its own files since its last tag.

    Raises:
        PlatformError: no such domain, not a clean main branch, or no commit since.
    """
    if domain not in (known := domains_in(root)):
        raise PlatformError(f"Le domaine {domain} n'existe pas.", f"Choisissez parmi {', '.join(known)}.")
    _refuse_unclean(root)
    tags = _git(root, "tag", "--list", f"{domain}-v*", "--merged", "HEAD", "--sort=-version:refname").split()
    numbered = [tag for tag in tags if re.fullmatch(rf"{domain}-v\d+\.\d+\.\d+", tag)]
    since = [f"{numbered[0]}..HEAD"] if numbered else ["HEAD"]
    said = _git(root, "log", "--no-merges", "--format=%x00%s", "--name-only", "--reverse", *since)
    subjects = []
    for commit in said.split("\0")[1:]:
        subject, *files = [line for line in commit.splitlines() if line]
        if any(belongs_to(domain, PurePosixPath(file)) for file in files):
            subjects.append(subject)
    if not subjects:
        raise PlatformError(
            f"Rien n'a changé de {domain} depuis {numbered[0] if numbered else 'le début'}.",
            f"Une version de {domain} attend un commit sur ses fichiers (models/{domain}/, …).",
        )
    number = _next(numbered[0].rpartition("v")[2] if numbered else "", any(map(_BREAKING.match, subjects)))
    lines = [f"- {subject}" for subject in subjects[-SHOWN:]]
    told = f"Version {number} de {domain} : {counted(len(subjects), 'commit')} sur ses fichiers."
    return Plan(
        f"{domain}-v{number}", "\n".join([told, *lines]), "\n".join([f"{domain} {number}", "", *lines])
    )


def _next(last: str, breaking: bool) -> str:
    if not last:
        return "0.1.0"
    major, minor, _ = map(int, last.split("."))
    return f"{major + 1}.0.0" if breaking and major else f"{major}.{minor + 1}.0"


def _refuse_unclean(root: Path) -> None:
    branch = _git(root, "branch", "--show-current").strip()
    if branch != MAIN:
        raise PlatformError(
            f"Une version se fait sur la branche {MAIN} ; celle-ci est {branch or 'un commit sans branche'}.",
            f"git checkout {MAIN}, puis relancez.",
        )
    if _git(root, "status", "--porcelain", "--untracked-files=no").strip():
        raise PlatformError(
            "Des fichiers suivis par git ont des changements qui ne sont dans aucun commit.",
            "Enregistrez-les (git commit) ou mettez-les de côté (git stash), puis relancez.",
        )


def _git(root: Path, *arguments: str) -> str:
    advice = "Corrigez ce qu'il dit, puis relancez."
    return git(root, *arguments, problem=f"git {arguments[0]} refuse", advice=advice).decode()
