"""docs/exploitant/menaces.md promises nothing that no test holds."""

from __future__ import annotations

import re
from pathlib import Path

from donnees_au_centre.settings import ROOT

PAGE = (ROOT / "docs/exploitant/menaces.md").read_text(encoding="utf-8")
TEST = re.compile(r"`([\w/]+)::(\w+)`")
OPEN = "non couvert"


def threats() -> list[tuple[str, str]]:
    """The rows of the page's tables of threats: the threat, what holds it."""
    rows = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")]
    return [(row[0].strip(), row[-1].strip()) for row in rows if row[-1].strip() != "tenu par"]


def test_each_threat_has_a_test_or_says_that_it_is_open() -> None:
    """A promise without a proof is no promise."""
    assert len(threats()) > 30
    assert [threat for threat, held in threats() if not TEST.search(held) and OPEN not in held] == []


def test_the_tests_that_the_page_names_exist() -> None:
    """A test that is renamed or deleted takes its promise with it."""
    missing = []
    for name, function in TEST.findall(PAGE):
        file = ROOT / "tests" / f"{name}.py"
        if not file.is_file() or f"def {function}(" not in file.read_text(encoding="utf-8"):
            missing.append(f"{name}::{function}")
    assert missing == []


def test_every_file_of_attacks_is_named() -> None:
    """Whoever reads the page sees all that is tried."""
    named = {name for name, _ in TEST.findall(PAGE)}
    files = {f"security/{file.stem}" for file in Path(ROOT, "tests/security").glob("test_*.py")}
    assert files - named - {"security/test_threat_model"} == set()
