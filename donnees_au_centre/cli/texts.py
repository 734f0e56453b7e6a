"""The texts of the project as bytes and as YAML: what `make lint` names and `make fix` writes again."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError as RoundTripError
from yamllint import linter
from yamllint.config import YamlLintConfig

from donnees_au_centre.cli.clean_files import CleanFiles
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.reading import BYTE_ORDER_MARKS, not_utf8

SUFFIXES = (".sql", ".yml", ".yaml", ".py", ".md")
# Made by the tools, or received: never written by a person of the project.
NOT_OURS = {"build", "dbt_packages", "dbt_packages_partiel", "landing", "logs", "target", "__pycache__"}
TOOLS = (".git", ".venv", ".cache", ".warehouse", ".dagster", ".pytest_cache", ".ruff_cache", ".hypothesis")
SHOWN = 20
WIDTH = 110
# What yamllint says in English, by rule; its own words for the rest.
YAML_RULES = {
    "braces": "espaces de trop ou absents dans des accolades",
    "brackets": "espaces de trop ou absents dans des crochets",
    "colons": "espaces de trop ou absents autour d'un deux-points",
    "commas": "espaces de trop ou absents autour d'une virgule",
    "comments": "un commentaire s'écrit « # texte », à deux espaces au moins de ce qui précède",
    "comments-indentation": "ce commentaire n'a pas le retrait de ce qui suit",
    "empty-lines": "trop de lignes vides",
    "hyphens": "un tiret de liste est suivi d'une espace",
    "indentation": "le retrait est de deux espaces par niveau, listes comprises",
    "key-duplicates": "cette clé est écrite deux fois : la seconde effacerait la première",
    "line-length": f"la ligne a plus de {WIDTH} caractères",
    "new-line-at-end-of-file": "le fichier ne finit pas par une fin de ligne",
    "new-lines": "les fins de ligne sont celles de Windows (CRLF)",
    "trailing-spaces": "espaces en fin de ligne",
    "truthy": "une valeur vraie ou fausse s'écrit true ou false",
    None: "ce n'est pas du YAML lisible",
}


def project_texts(root: Path) -> Iterator[Path]:
    """The texts that people write in the project: SQL, YAML, CSV seeds, Python and Markdown."""
    for folder, inner, files in os.walk(root):
        inner[:] = sorted(name for name in inner if name not in NOT_OURS and name not in TOOLS)
        for path in (Path(folder) / name for name in sorted(files)):
            suffix = path.suffix.lower()
            if suffix in SUFFIXES or (suffix == ".csv" and path.is_relative_to(root / "seeds")):
                yield path


def byte_fault(content: bytes) -> str:
    """What is wrong with the bytes of a text, in French; "" when nothing is."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return not_utf8(content, error)
    if content.startswith(BYTE_ORDER_MARKS["utf-8"]):
        return "commence par une marque d'ordre des octets (BOM), que PostgreSQL ne comprend pas"
    if b"\r" in content:
        line = content.count(b"\n", 0, content.index(b"\r")) + 1
        return f"fins de ligne de Windows (CRLF), à partir de la ligne {line}"
    return ""


def check_bytes(root: Path) -> bool:
    """Names the texts that are not UTF-8 with plain ends of line.

    Returns:
        True when there is none.

    Raises:
        PlatformError: one is no UTF-8 at all, which stops the tools that read it.
    """
    faults = {path: fault for path in project_texts(root) if (fault := byte_fault(path.read_bytes()))}
    for path, fault in list(faults.items())[:SHOWN]:
        print(f"{path.relative_to(root)} : {fault}. Que faire : make fix le réécrit en UTF-8.")
    if len(faults) > SHOWN:
        others = counted(len(faults) - SHOWN, "autre fichier", "autres fichiers")
        print(f"… et {others}. Si tout le projet y est : git config core.autocrlf input, puis make fix.")
    if any(not_text(path.read_bytes()) for path in faults):
        raise PlatformError(
            "Des fichiers nommés ci-dessus ne sont pas de l'UTF-8 : le reste ne peut pas être contrôlé.",
            "make fix les réécrit ; relisez leurs accents avec git diff, puis relancez.",
        )
    return not faults


def not_text(content: bytes) -> bool:
    """True when the bytes are not UTF-8."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def mend_bytes(root: Path) -> bool:
    """Writes texts again in UTF-8, without byte order mark, with plain ends of line; says which.

    Returns:
        True when one could not be.
    """
    left = False
    for path in project_texts(root):
        content = path.read_bytes()
        fault = byte_fault(content)
        if not fault:
            continue
        text, encoding = decoded(content)
        name = path.relative_to(root)
        if text is None:
            print(f"{name} : {fault} ; aucun encodage connu ne le lit. Que faire : enregistrez-le en UTF-8.")
            left = True
            continue
        path.write_bytes(re.sub("\r\n?", "\n", text).encode())
        again = f", lu comme {encoding} : relisez ses accents" if encoding == "cp1252" else ""
        print(f"{name} : réécrit en UTF-8{again}.")
    return left


def decoded(content: bytes) -> tuple[str | None, str]:
    """The text of a file and the encoding that gives it; None when none of those of a Windows editor does."""
    marked = [name for name, mark in BYTE_ORDER_MARKS.items() if content.startswith(mark)]
    for encoding in [*(name for name in marked if name != "utf-8"), "utf-8-sig", "cp1252"]:
        try:
            return content.decode(encoding).removeprefix("\ufeff"), encoding
        except UnicodeDecodeError:
            continue
    return None, ""


def check_yaml(root: Path) -> bool:
    """Says where YAML is not written as .yamllint asks; True when it is everywhere."""
    settings, faults, clean = yaml_settings(root), False, []
    # What it finds also hangs on its version.
    context = [path for path in (root / ".yamllint", root / "requirements.txt") if path.is_file()]
    known = CleanFiles(root, "yamllint", tuple(context))
    for path in known.unread(yaml_files(root)):
        found = list(linter.run(path.read_text("utf-8"), settings))
        for one in found:
            said = YAML_RULES.get(one.rule, one.desc)
            print(f"{path.relative_to(root)}:{one.line}:{one.column} : {said}.")
        faults |= bool(found)
        if not found:
            clean.append(path)
    known.keep(clean)
    return not faults


def mend_yaml(root: Path) -> bool:
    """Writes again the YAML that .yamllint refuses, where the form alone changes; says which.

    Returns:
        True when some is still refused.
    """
    settings, left = yaml_settings(root), False
    for path in yaml_files(root):
        text = path.read_text("utf-8")
        forms = {form: len(list(linter.run(form, settings))) for form in (text, *same_data(text))}
        # The first of the best: what changes least.
        best = min(forms, key=lambda form: forms[form])
        left |= forms[best] > 0
        if best != text:
            path.write_text(best, encoding="utf-8")
            print(f"{path.relative_to(root)} : remis en forme.")
    return left


def same_data(text: str) -> Iterator[str]:
    """Other forms of a YAML text that say the same, from what changes least."""
    try:
        said = yaml.safe_load(text)
        tidied = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
        tidied = re.sub(r"^([ \t]*)#(?=[^\s#!])", r"\1# ", tidied, flags=re.MULTILINE)
        tidied = re.sub("\n{4,}", "\n\n\n", tidied).strip("\n") + "\n"
        for form in (tidied, _dumped(tidied, WIDTH), _dumped(tidied, 10 * WIDTH)):
            if yaml.safe_load(form) == said:
                yield form
    except (RoundTripError, yaml.YAMLError):
        return


def _dumped(text: str, width: int) -> str:
    """The text read and written by a tool that keeps comments and quotes; long lines are cut at a width."""
    tool = YAML()
    tool.preserve_quotes, tool.width = True, width
    tool.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    tool.dump(tool.load(text), out)
    return re.sub(r"[ \t]+$", "", out.getvalue(), flags=re.MULTILINE)


def yaml_files(root: Path) -> list[Path]:
    """The YAML that people write in the project."""
    return [path for path in project_texts(root) if path.suffix.lower() in (".yml", ".yaml")]


def yaml_settings(root: Path) -> YamlLintConfig:
    """The rules of .yamllint; which files they are for is decided here."""
    rules = yaml.safe_load((root / ".yamllint").read_text("utf-8"))
    rules.pop("ignore-from-file", None)
    return YamlLintConfig(yaml.safe_dump(rules))
