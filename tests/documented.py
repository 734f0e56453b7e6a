"""The blocks of commands of the documentation that tests play."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from donnees_au_centre.pages.documentation.markdown import Block, blocks
from donnees_au_centre.settings import ROOT

SHELL = ("sh", "bash")
# A page whose blocks are one story, in their order -> the test that follows it.
STORIES = {"docs/analyste/premier-modele.md": "tests/e2e/test_first_model.py"}


def played() -> Iterator[tuple[str, Block]]:
    """The blocks that are played one by one against a demo, with their place; those of a story are not."""
    for page in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=lambda one: one.name):
        name = page.relative_to(ROOT).as_posix()
        for block in blocks(page.read_text("utf-8")) if name not in STORIES else ():
            if block.language in SHELL and block.played:
                yield f"{name}:{block.line}", block


def told_by(story: str) -> bool:
    """True when the test that follows a story reads its page."""
    return story in (ROOT / Path(STORIES[story])).read_text("utf-8")
