"""The pages, the words, the rules and the commands, read in the files where people wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from denodo.rules import RULES as VQL_RULES
from donnees_au_centre.assistance.item import COMMAND, PAGE, RULE, TERM, Item
from donnees_au_centre.project import glossary
from donnees_au_centre.project.checks import RULES

# Below the checkout. No other file is read as a page, whatever is asked.
PAGES = (
    "docs/**/*.md",
    ".agents/skills/*/SKILL.md",
    "AGENTS.md",
    "CHANGELOG.md",
    "CONTRIBUTING*.md",
    "GOVERNANCE.md",
    "README*.md",
    "SECURITY.md",
)
LARGEST_PAGE = 500_000
_TARGET = re.compile(r"^(?P<name>[a-z-]+):.*## (?P<says>.*)$")
_GROUP = "##@ "
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def page_files(root: Path) -> dict[str, Path]:
    """The pages by their path below the checkout; a link is none, wherever it leads."""
    found = {}
    for pattern in PAGES:
        for file in sorted(root.glob(pattern)):
            inside = file.resolve().is_relative_to(root.resolve()) and not _linked(file, root)
            if inside and file.is_file() and file.stat().st_size <= LARGEST_PAGE:
                found[file.relative_to(root).as_posix()] = file
    return found


def _linked(file: Path, root: Path) -> bool:
    while file != root:
        if file.is_symlink():
            return True
        file = file.parent
    return False


def pages(root: Path) -> Iterator[Item]:
    """Every page, by its path below the checkout."""
    for name, file in page_files(root).items():
        text = file.read_text(encoding="utf-8", errors="replace")
        body = _FRONT.sub("", text)
        title = next((line.lstrip("# ") for line in body.splitlines() if line.startswith("#")), name)
        yield Item(PAGE, name, title, text, (Path(name).stem,))


def terms(root: Path) -> Iterator[Item]:
    """The words of the vocabulary, each with its meaning and the words to avoid."""
    if glossary.FILE not in page_files(root):
        return
    for one in glossary.terms_of(root):
        avoided = f" À éviter : {one.avoid}." if one.avoid else ""
        text = f"**{one.name}** : {one.means}.{avoided} ({glossary.FILE})"
        yield Item(TERM, one.name, f"{one.means}.{avoided}", text)


def rules(found_pages: list[Item]) -> Iterator[Item]:
    """The rules of the project and those of portable SQL: what each refuses, why, and what to do."""
    for rule in RULES:
        # The project's code is in English, and so is this one line.
        held = " ".join((rule.find.__doc__ or "").split())
        text = [
            f"# Règle {rule.id} (make lint)",
            f"Ce qu'elle tient, dans les mots du code : « {held} »",
            f"Que faire : {rule.advice}",
            _where(rule.id, found_pages),
            "Pour la rejouer : make check, ou make lint. Une règle ne se tait pas.",
        ]
        yield Item(RULE, rule.id, rule.advice, "\n\n".join(line for line in text if line))
    for one in VQL_RULES.values():
        blocks = "avertit" if one.severity == "warning" else "refuse"
        text = [
            f"# Règle {one.id} (SQL portable : make lint)",
            f"Elle {blocks} : {one.refused}. Par exemple : `{one.example}`",
            f"Pourquoi : {one.why}",
            f"Quoi écrire : {one.write}",
            "Pour la rejouer : make check, ou python -m denodo check fichier.sql. "
            "make fix écrit la forme portable quand elle a sûrement le même sens. "
            "Toutes les règles : docs/analyste/regles-denodo.md.",
        ]
        yield Item(RULE, one.id, f"{one.refused} : {one.write}", "\n\n".join(text))


def targets(root: Path) -> Iterator[tuple[str, str, str]]:
    """The commands of make: the group where its help puts one, its name, what it does."""
    group = ""
    for line in (root / "Makefile").read_text(encoding="utf-8").splitlines():
        if line.startswith(_GROUP):
            group = line.removeprefix(_GROUP)
        elif target := _TARGET.match(line):
            yield group, target["name"], target["says"]


def commands(root: Path, found_pages: list[Item]) -> Iterator[Item]:
    """The commands of make, as its help lists them."""
    for _, name, says in targets(root):
        text = [f"# make {name}", says]
        if "CONFIRMER=1" in says:
            text.append(
                "Sans CONFIRMER=1, elle montre seulement ce qu'elle ferait. Un assistant n'ajoute jamais "
                "CONFIRMER=1 de lui-même : la personne lit le plan et le tape."
            )
        if where := _where(f"make {name}", found_pages):
            text.append(where)
        yield Item(COMMAND, name, says, "\n\n".join(text), (f"make {name}",))


def _where(words: str, found_pages: list[Item]) -> str:
    """The pages that speak of something by its name."""
    mention = re.compile(rf"(?<![\w-]){re.escape(words)}(?![\w-])")
    named = [page.name for page in found_pages if words in page.text and mention.search(page.text)]
    return f"Pages qui en parlent : {', '.join(named[:8])}." if named else ""
