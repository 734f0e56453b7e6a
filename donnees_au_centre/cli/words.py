"""The words that docs/vocabulaire.md refuses, looked for in every French text of the project."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from donnees_au_centre.cli.clean_files import CleanFiles
from donnees_au_centre.project.glossary import FILE, Term, mention, terms_of

# Markdown for people: the twin of an English page ends in .fr.md.
PAGES = ("docs/**/*.md", "*.fr.md")
DESCRIBED = ("models", "macros", "seeds", "tests/generic", "tests/singular")
TEMPLATES = "donnees_au_centre/**/*.j2"
MESSAGES = ("donnees_au_centre", "orchestration")
# What a file is found clean by, beside the words themselves.
READERS = ("donnees_au_centre/cli/words.py", "donnees_au_centre/project/glossary.py")
# What is no French text: code, addresses, and a foreign word that a page quotes, in italics.
_QUOTED = re.compile(r"```.*?```|`[^`\n]+`|\]\([^)\n]*\)|https?://\S+|(?<![*\w])\*[^*\n]+\*(?!\*)", re.DOTALL)
_MARKS = re.compile(r"\{[%{#].*?[%}#]\}|<[^>]*>", re.DOTALL)
_FRENCH = re.compile(r"\b(?:le|la|les|de|des|du|un|une|est|sont|pour|dans|ne|pas|ce)\b")


def refused_words(root: Path) -> list[str]:
    """Where a text says a word that the vocabulary refuses; one French sentence each, with what to say."""
    refused = {word: term for term in terms_of(root) for word in term.refused}
    if not refused:
        return []
    patterns = {word: mention(word) for word in refused}
    found, clean = [], []
    context = (root / FILE, *(path for name in READERS if (path := root / name).is_file()))
    known = CleanFiles(root, "mots", context)
    for path in known.unread(french_files(root)):
        faults = []
        for line, text in french_texts(path):
            for word, pattern in patterns.items():
                for met in pattern.finditer(text):
                    place = f"{path.relative_to(root)}:{line + text.count(chr(10), 0, met.start())}"
                    faults.append(f"{place} : « {met[0]} » : {_advice(refused[word])}")
        found += faults
        if not faults:
            clean.append(path)
    known.keep(clean)
    return found


def _advice(term: Term) -> str:
    return f"dites « {term.name} » ({term.means}). {FILE}:{term.line} le dit."


def french_files(root: Path) -> list[Path]:
    """The files of a checkout that hold French texts, but the vocabulary itself."""
    found = [path for pattern in (*PAGES, TEMPLATES) for path in root.glob(pattern)]
    found += [path for folder in DESCRIBED for path in (root / folder).rglob("*.yml")]
    found += [path for folder in MESSAGES for path in (root / folder).rglob("*.py")]
    return sorted(path for path in found if path != root / FILE)


def french_texts(path: Path) -> Iterator[tuple[int, str]]:
    """The French texts of a file, each with its line; what is quoted is left out."""
    text = path.read_text("utf-8")
    if path.suffix == ".j2":
        yield 1, _blank(_MARKS, text)
    elif path.suffix == ".md":
        yield 1, _blank(_QUOTED, text)
    else:
        for line, said in _messages(text) if path.suffix == ".py" else _descriptions(text):
            yield line, _blank(_QUOTED, said)


def _blank(pattern: re.Pattern[str], text: str) -> str:
    """The text without what a pattern finds; its lines stay where they were."""
    return pattern.sub(lambda found: "\n" * found[0].count("\n"), text)


def _descriptions(text: str) -> Iterator[tuple[int, str]]:
    """The descriptions of a YAML file, with their lines."""
    nodes = [yaml.compose(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == "description" and isinstance(value, yaml.ScalarNode):
                    yield value.start_mark.line + 1, value.value
                nodes.append(value)
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value


def _messages(text: str) -> Iterator[tuple[int, str]]:
    """The French texts of a module, with their lines; its comments and docstrings are in English."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_french(node.value):
            yield node.lineno, node.value


def _is_french(text: str) -> bool:
    return len(set(_FRENCH.findall(text))) > 1
