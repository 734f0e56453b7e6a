"""Why dbt cannot read the project, in French, and in which files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pathspec import PathSpec

from donnees_au_centre.french import meant
from donnees_au_centre.reading import text_fault

# What dbt reads of a project, besides dbt_project.yml.
FOLDERS = ("models", "seeds", "snapshots", "macros", "tests")
ADVICE = " Que faire : "
SUFFIXES = (".sql", ".yml", ".yaml", ".md", ".csv")
# What makes a node that others may read.
NODES = (".sql", ".csv")
# dbt's messages name a file from the root, or from the folder of its kind.
_PATHS = re.compile(r"""[^\s'"(),:@]+\.(?:sql|ya?ml|md|csv)\b""")
_IDS = re.compile(r"\b(?:model|seed|snapshot)\.\w+\.(?P<name>\w+)(?:\.(?P<version>v\w+))?")
# In the words of dbt, or of building/french.py where it speaks in this process.
_PLACE = re.compile(
    r"(?:\w+ Error in \w+|Erreur dans [^(]+) \S+ \((?P<file>[^)]+)\)\s*(?P<said>.*)", re.DOTALL
)
_LINE = re.compile(r"^\s*line (?P<line>\d+)", re.MULTILINE)
_JINJA = {
    r"'(\w+)' is undefined": "« {0} » n'existe pas : ni macro, ni variable de ce nom",
    r"expected token '([^']+)', got '([^']+)'": "« {0} » est attendu, « {1} » est écrit",
    r"[Ee]ncountered unknown tag '([^']+)'": "la balise « {0} » n'existe pas, ou n'est pas ouverte",
    r"[Uu]nexpected end of template|missing end of (?:comment|raw) tag": "une balise n'est pas fermée",
    r"unexpected '([^']+)'": "« {0} » n'est pas attendu là",
    r"macro '[^']*?(\w+)' takes (?:no|not more than)": "la macro {0} ne prend pas tant d'arguments",
}


def sources_of(root: Path) -> Iterator[Path]:
    """The files that dbt reads in a project, relative to its root."""
    ignored = root / ".dbtignore"
    lines = ignored.read_text("utf-8").splitlines() if ignored.is_file() else []
    left_out = PathSpec.from_lines("gitwildmatch", lines)
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            file = path.relative_to(root)
            if path.suffix.lower() in SUFFIXES and path.is_file() and not left_out.match_file(file):
                yield file


def unreadable_texts(root: Path) -> dict[str, str]:
    """The files that are no text or no YAML, as nothing that reads them could say: file -> why, in French."""
    faults = {file.as_posix(): text_fault(root / file) for file in sources_of(root)}
    return {file: fault for file, fault in faults.items() if fault}


def files_named(message: str, root: Path) -> list[str]:
    """The files of the project that a message of dbt names, by path or by a node's name, in its order."""
    found: dict[str, int] = {}
    for match in _PATHS.finditer(message):
        for folder in ("", *FOLDERS):
            path = root / folder / match[0]
            if path.is_file() and path.is_relative_to(root):
                found.setdefault(path.relative_to(root).as_posix(), match.start())
    for match in _IDS.finditer(message):
        files = [file for file in sources_of(root) if file.suffix in NODES]
        # The first version of a model may stand in a file of its name alone.
        version = [file for file in files if file.stem == f"{match['name']}_{match['version']}"]
        for file in version or (file for file in files if file.stem == match["name"]):
            found.setdefault(file.as_posix(), match.start())
    return sorted(found, key=lambda file: found[file])


def explain(message: str, root: Path) -> str:
    """Says in French what dbt says; dbt's own words, cited, where none of ours are known."""
    for pattern, tell in _KINDS.items():
        if found := re.search(pattern, message, re.DOTALL):
            return tell(found, message, root)
    words = re.sub(r"\s+", " ", message.removeprefix("Encountered an error:")).strip()
    return f"dbt le refuse : « {words} »"


def _missing(found: re.Match[str], _message: str, root: Path) -> str:
    kind, name = found["what"], found["name"]
    what = f"source {name}" if kind == "source" else name
    if "disabled" in found["why"] and "found" not in found["why"]:
        return f"{found['file']} : lit {what}, qui est désactivé."
    problem = f"{found['file']} : lit {what}, qui n'existe pas (retiré, renommé, ou mal écrit)."
    return f"{problem} {meant(name, {file.stem for file in sources_of(root)}, '')}".rstrip()


def _jinja(found: re.Match[str], message: str, _root: Path) -> str:
    line = _LINE.search(found["said"])
    where = f"{found['file']}, ligne {line['line']}" if line else found["file"]
    said = found["said"].strip()
    if ADVICE in said:
        # A macro of the project, in words of its own; what follows is dbt's trace.
        return " ".join(re.split(r"\n\s*(?:>|\n)", said, maxsplit=1)[0].split())
    for pattern, french in _JINJA.items():
        if words := re.search(pattern, said):
            return f"{where} : {french.format(*words.groups())}."
    first = next((text.strip() for text in said.splitlines() if text.strip()), message)
    return f"{where} : ce fichier ne se compile pas : « {first} »"


def _twice(found: re.Match[str], message: str, root: Path) -> str:
    places = " et ".join(files_named(message, root))
    return f"« {found['name']} » est défini deux fois : {places}."


def _described_twice(found: re.Match[str], message: str, root: Path) -> str:
    return f"« {found['name']} » est décrit deux fois : {' et '.join(files_named(message, root))}."


def _invalid(found: re.Match[str], _message: str, _root: Path) -> str:
    return f"{found['file']} : une clé de « {found['kind']} » a une forme que dbt ne comprend pas."


def _private(found: re.Match[str], message: str, root: Path) -> str:
    reader, read = (found[side].split(".", 2)[-1] for side in ("reader", "read"))
    file = next(iter(files_named(found["reader"], root)), reader)
    return f"{file} : lit {read}, privé du domaine {found['group']} ; seuls les marts se lisent d'ailleurs."


def _ungrouped(found: re.Match[str], _message: str, _root: Path) -> str:
    group = found["group"]
    return f"{found['file']} : models/{group}/_{group}.yml ne déclare pas le groupe {group}."


def _variable(found: re.Match[str], _message: str, _root: Path) -> str:
    return f"la variable d'environnement {found['name']} manque."


MISSING = re.compile(
    r"'\S+' \((?P<file>[^)]+)\) depends on a (?P<what>\w+) named '(?P<name>[^']+)'.*?which "
    r"(?P<why>was not found or is disabled|was not found|is disabled)",
    re.DOTALL,
)
_KINDS: Mapping[str, Callable[[re.Match[str], str, Path], str]] = {
    MISSING.pattern: _missing,
    r'dbt found (?:two|\d+) \w+ with the name "(?P<name>[^"]+)"': _twice,
    r"dbt found two schema.yml entries for the same \w+ named (?P<name>\S+?)\.": _described_twice,
    r"Node (?P<reader>\S+) attempted to reference node (?P<read>\S+), which is not allowed because the "
    r"referenced node is private to the '(?P<group>\w+)' group": _private,
    r"Invalid (?P<kind>\w+) config given in (?P<file>\S+\.ya?ml)": _invalid,
    r"Env var required but not provided: '(?P<name>\w+)'": _variable,
    r"\((?P<file>[^)]+)\)\s*Invalid group '(?P<group>\w+)'": _ungrouped,
    _PLACE.pattern: _jinja,
}
