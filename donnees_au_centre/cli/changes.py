"""What the files of a branch concern: which tests read them, found by the names that tests import."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from itertools import product
from pathlib import Path, PurePosixPath

import yaml

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.git import git

# Those that need no server: the rest takes minutes.
QUICK = "tests/unit/"
CASES = "tests/macros/test_cases.py"
# What dbt reads, and the rules of the project over it.
PROJECT = (
    "models/",
    "seeds/",
    "macros/",
    "tests/generic/",
    "tests/singular/",
    "policies/",
    "dbt_project.yml",
)
# What the linters of Python read, or are set by.
PYTHON = ("*.py", "pyproject.toml", "requirements*.txt")
# The code whose imports are held in order.
CODE = tuple(
    f"{folder}/*.py" for folder in ("benchmarks", "denodo", "dev", "donnees_au_centre", "orchestration")
)
# Tests -> what they read without importing it, as patterns in which * stands for / too.
READ = {
    "tests/unit/test_assistance.py": ("*.md", "Makefile"),
    "tests/unit/test_code_blocks.py": ("*.md", "Makefile", "docs/*", "macros/*.sql"),
    "tests/unit/test_commands.py": ("Makefile",),
    "tests/unit/test_denodo_checking.py": ("README*", "docs/analyste/*", "macros/*"),
    "tests/unit/test_documentation.py": ("*.md", "Makefile", "docs/*"),
    "tests/unit/test_domains.py": (
        ".gitlab/CODEOWNERS",
        "dbt_project.yml",
        "deploy/*.yml",
        "orchestration/*.yaml",
    ),
    "tests/unit/test_drivers.py": ("dev/setup/*", "docs/exploitant/*", "pyproject.toml", "requirements*"),
    "tests/unit/test_governance_guide.py": ("docs/gestionnaire/*",),
    "tests/unit/test_locations_factory.py": ("orchestration/workspace.yaml",),
    "tests/unit/test_open_project.py": (
        *(
            ".agents/*",
            ".gitlab*",
            "LICENSE*",
            "Makefile",
            "REUSE.toml",
            "docs/*",
            "publiccode.yml",
            "pyproject.toml",
        ),
        *(
            f"{page}*.md"
            for page in ("AGENTS", "CHANGELOG", "CONTRIBUTING", "GOVERNANCE", "README", "SECURITY")
        ),
        "requirements*",
    ),
    "tests/unit/test_overlay.py": (
        "dbt_project.yml",
        "models/*/marts/*.yml",
        "observability/*",
        "requirements*",
    ),
    "tests/unit/test_pictures.py": (*CODE, "docs/architecture.md", "models/*.sql"),
    "tests/unit/test_portability_status.py": ("docs/analyste/*", "macros/*"),
    "tests/unit/test_reviewed_schemas.py": (".vscode/*", "models/*.yml", "policies/*"),
    "tests/unit/test_rooms.py": CODE,
    "tests/unit/test_sample_generator.py": ("landing/*",),
    "tests/unit/test_setup.py": ("dev/setup/*", "requirements*"),
}

# A file at the beginning of a line of what tools find.
_FAULTY = re.compile(r"^(?: *--> )?([\w./-]+\.[a-z]+)(?=:| :|$)", re.MULTILINE)


@dataclass(frozen=True)
class Concerned:
    """What changed files concern.

    Attributes:
        files: that changed, from the root.
        python: True when the linters of Python read one of them, or are set by it.
        project: True when dbt, or a rule over what it reads, reads one of them.
        quick: test files without a server that read one of them, or are one of them.
        longer: the others that do; they take minutes.
        macros: portable macros whose cases are to be played.
    """

    files: tuple[str, ...]
    python: bool
    project: bool
    quick: tuple[str, ...]
    longer: tuple[str, ...]
    macros: tuple[str, ...]


def changed_files(root: Path, since: str = "") -> list[str]:
    """The files that differ from the branch that this one left, those not yet committed or followed included.

    Args:
        since: a revision to compare with; the common ancestor with the main branch when empty.

    Raises:
        PlatformError: git does not know the revision, or this is no clone.
    """
    base = since or ancestor(root)
    return sorted(
        {
            # Of a file that moved, both places.
            *_git(root, "diff", "--name-only", "--no-renames", "-z", "--relative", base, "--"),
            *_git(root, "ls-files", "-z", "--others", "--exclude-standard"),
        }
    )


def concerned(root: Path, files: Collection[str]) -> Concerned:
    """Finds what these files concern: a test file by its name, the others by what tests import."""
    modules = {module for file in files if (module := _module(file))}
    tests = {
        path.relative_to(root).as_posix()
        for path in (root / "tests").rglob("test_*.py")
        if not {path.relative_to(root).as_posix(), *_fixtures(root, path)}.isdisjoint(files)
        or not modules.isdisjoint(_imported(root, path))
    }
    tests |= {
        test
        for test, patterns in READ.items()
        if (root / test).is_file() and any(fnmatchcase(*pair) for pair in product(files, patterns))
    }
    quick = sorted(test for test in tests if test.startswith(QUICK))
    macros = {
        path.stem
        for path in map(PurePosixPath, files)
        if (path.suffix == ".sql" and path.parts[0] == "macros")
        or (path.suffix == ".yml" and path.parts[:3] == ("tests", "macros", "cases"))
    }
    return Concerned(
        tuple(sorted(files)),
        any(fnmatchcase(*pair) for pair in product(files, PYTHON)),
        any(file.startswith(PROJECT) for file in files),
        tuple(quick),
        tuple(sorted(tests - set(quick))),
        tuple(sorted(name for name in macros if (root / f"tests/macros/cases/{name}.yml").is_file())),
    )


def untouched(root: Path, said: str, files: Collection[str]) -> list[str]:
    """The files in which faults are told, that a branch did not change.

    Args:
        said: what the checks printed; a fault begins its line with its file, or is below it.
        files: that the branch changed, from the root.
    """
    told = {found[1] for found in _FAULTY.finditer(said)}
    return sorted(name for name in told - {*files} if (root / name).is_file())


def only_words(root: Path, files: Collection[str], since: str = "") -> bool:
    """True when, of what dbt reads, nothing but descriptions differs: what it compiles to is the same.

    Args:
        files: that changed, from the root.
        since: as in `changed_files`.
    """
    base = since or ancestor(root)
    return all(_same_but_words(root, base, file) for file in files if file.startswith(PROJECT))


def _same_but_words(root: Path, base: str, file: str) -> bool:
    if not file.endswith(".yml"):
        return False
    try:
        before, after = text_at(root, base, file), (root / file).read_text("utf-8")
        return _without_words(yaml.safe_load(before)) == _without_words(yaml.safe_load(after))
    except (PlatformError, OSError, ValueError, yaml.YAMLError):
        # It is new, gone, or cannot be read, which other checks tell.
        return False


def _without_words(content: object) -> object:
    if isinstance(content, dict):
        return {name: _without_words(one) for name, one in content.items() if name != "description"}
    return [_without_words(one) for one in content] if isinstance(content, list) else content


def _module(file: str) -> str:
    """The module of a Python file, and the package of what stands beside its modules; "" outside of them."""
    path = PurePosixPath(file)
    if path.parts[0] in ("docs", "models", "macros", "landing", "seeds", "policies") or len(path.parts) < 2:
        return ""
    kept = path.with_suffix("").parts if path.suffix == ".py" else path.parent.parts
    return ".".join(kept[:-1] if kept[-1] == "__init__" else kept)


def _fixtures(root: Path, path: Path) -> set[str]:
    """The files from which pytest gives a test its fixtures: a conftest.py of its folder or above."""
    return {f"{folder}/conftest.py" for folder in path.relative_to(root).parents}


def _imported(root: Path, path: Path) -> set[str]:
    """The modules that a test imports, the packages they come from, and those of the tests' own helpers."""
    found, waiting = set(), [path]
    while waiting:
        for name in _names(waiting.pop()):
            if name not in found:
                found.add(name)
                helper = root.joinpath(*name.split(".")).with_suffix(".py")
                if name.startswith("tests.") and helper.is_file():
                    waiting.append(helper)
    return found


@cache
def _names(path: Path) -> frozenset[str]:
    return frozenset(_read_names(ast.parse(path.read_text("utf-8"))))


def _read_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def text_at(root: Path, revision: str, path: str) -> str:
    """What a file said at a revision.

    Raises:
        PlatformError: git does not know the revision, or it has no such file.
    """
    return "".join(_git(root, "show", f"{revision}:./{path}"))


def ancestor(root: Path) -> str:
    """The revision that this branch left: the common ancestor with the main branch, else HEAD.

    Before the first commit it is the tree in which nothing is: everything has changed since.
    """
    for main in ("origin/HEAD", "origin/main", "main"):
        try:
            return _git(root, "merge-base", "HEAD", main)[0].strip()
        except PlatformError:
            continue
    try:
        _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    except PlatformError:
        return _git(root, "hash-object", "-w", "-t", "tree", os.devnull)[0].strip()
    return "HEAD"


def _git(root: Path, *arguments: str) -> list[str]:
    advice = "Donnez une révision qui existe (DEPUIS=main), ou lancez make test."
    said = git(root, *arguments, problem="git ne peut dire ce qui a changé", advice=advice)
    return [name for name in said.decode().split("\0") if name]
