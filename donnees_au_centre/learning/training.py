"""What a group is trained with, from the pages of docs/apprendre: sheets to print, slides, the community.

A page is Markdown: a title, an introduction, parts. Its sheet takes the introduction and the parts of SHEET;
the slides take all of it. Links to other pages are left as words: on paper and on a wall nobody follows them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from donnees_au_centre.catalogue.content import Catalogue
from donnees_au_centre.catalogue.content import Page as DataPage
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.pages import environment, replaced
from donnees_au_centre.pages.site import FRENCH_SPACE

HERE = Path(__file__).parent
STATIC = HERE / "formation"
DOCS = Path("docs/apprendre")
PATHS = DOCS / "parcours"
ROLES = ("data-owner", "data-steward", "analyste", "relecteur", "exploitant", "autre-administration")
COMMUNITY, NEWS = "communaute.md", "nouveautes.md"
SHEET = ("L'essentiel", "S'auto-évaluer", "Où regarder")
# The gravest first; what is not here is no question.
_GRAVITY = ("erreur", "echec", "averti")
_ADVICE = "Écrivez-la comme ses voisines : docs/apprendre/parcours/README.md dit ses parties."


@dataclass(frozen=True)
class Part:
    """A part of a page: its heading, and what stands below it."""

    title: str
    body: Markup


@dataclass(frozen=True)
class Lesson:
    """A page of docs/apprendre.

    Attributes:
        name: of its file, without `.md`.
        title: its first heading.
        opening: what stands before its first part.
        parts: in their order.
    """

    name: str
    title: str
    opening: Markup
    parts: tuple[Part, ...]

    @property
    def sheet(self) -> list[Part]:
        """The parts that its printed sheet takes."""
        return [one for one in self.parts if one.title in SHEET]


@dataclass(frozen=True)
class Question:
    """The question of the month.

    Attributes:
        page: the data set that it is about.
        column: of the control; "" where it is about no column alone.
        text: the rule that is not respected, or why lines were set aside.
        is_control: False for lines that were set aside, when all controls are good.
        among: how many there are of them.
    """

    page: DataPage
    column: str
    text: str
    is_control: bool
    among: int


def read_lesson(path: Path) -> Lesson:
    """A page of docs/apprendre as its Markdown says it.

    Raises:
        PlatformError: the file is not there, or has no title or no part.
    """
    if not path.is_file():
        raise PlatformError(f"La page {path} manque.", _ADVICE)
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    pieces: list[tuple[str, str, list[Token]]] = []
    tokens = parser.parse(path.read_text("utf-8"))
    for place, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag in ("h1", "h2"):
            pieces.append((token.tag, _words(tokens[place + 1]), []))
        elif pieces:
            pieces[-1][2].append(token)
    if not pieces or pieces[0][0] != "h1" or len(pieces) < 2:
        raise PlatformError(f"La page {path.name} n'a pas un titre, puis des parties.", _ADVICE)
    bodies = [Markup(parser.renderer.render(_on_paper(body), parser.options, {})) for _, _, body in pieces]
    parts = tuple(Part(title, body) for (_, title, _), body in zip(pieces, bodies, strict=True))
    return Lesson(path.stem, parts[0].title, bodies[0], parts[1:])


def _words(heading: Token) -> str:
    return "".join(one.content for one in heading.children or ())


def _on_paper(tokens: Sequence[Token]) -> list[Token]:
    """The tokens of a part, without the heading that begins it, the links to files, and loose signs."""
    kept = list(tokens)
    while kept and kept[0].type in ("inline", "heading_close"):
        kept.pop(0)
    for token in kept:
        if token.children:
            token.children = list(_without_links(token.children))
    return kept


def _without_links(children: Sequence[Token]) -> Iterator[Token]:
    within = False
    for one in children:
        if one.type == "link_open" and not re.match("https?:", str(one.attrs.get("href", ""))):
            within = True
        elif one.type == "link_close" and within:
            within = False
        else:
            if one.type == "text":
                one.content = FRENCH_SPACE.sub("\u00a0", one.content)
            yield one


def question_of(found: Catalogue, day: date) -> Question | None:
    """The question of the month, another one each month; None when all is well, or nothing is known.

    Among the gravest controls that are not good, those of strategic data sets first; without any, among the
    reasons why received lines or cells were set aside. Nothing is counted: few lines may tell of a person.

    Args:
        found: the catalogue, with what the last runs say.
        day: of the month.
    """
    bad = [
        (_GRAVITY.index(check.result.outcome), page, check.column or "", check.text)
        for page in found.pages
        for check in page.checks
        if check.result and check.result.outcome in _GRAVITY
    ]
    asked = bad or [
        (0, page, "", reason)
        for page in found.pages
        if page.received
        for reason in sorted({*page.received.aside, *page.received.anomalies})
    ]
    if not asked:
        return None

    def rank(one: tuple[int, DataPage, str, str]) -> tuple[int, bool]:
        return one[0], not one[1].dataset.strategic

    first = min(map(rank, asked))
    gravest = [one for one in asked if rank(one) == first]
    _, page, column, text = gravest[(day.year * 12 + day.month) % len(gravest)]
    return Question(page, column, text, bool(bad), len(asked))


def stewards_of(found: Catalogue) -> list[tuple[str, str, Mapping[str, list[str]]]]:
    """Who is steward of what: function, mailbox, and the names of data sets by domain."""
    held: dict[tuple[str, str], dict[str, list[str]]] = {}
    for page in found.pages:
        steward = page.dataset.steward
        if steward:
            of_domain = held.setdefault((steward.function, steward.email), {})
            of_domain.setdefault(page.dataset.domain, []).append(page.dataset.name)
    return [(*who, of_domain) for who, of_domain in sorted(held.items())]


def write_training(root: Path, found: Catalogue, folder: Path) -> Path:
    """Writes the sheets, the slides and the page of the community in place of the last ones, at once.

    Args:
        root: of the checkout, whose docs/apprendre is read.
        found: the catalogue: who answers for what, and the controls of the last runs.
        folder: of the site; what it held is gone afterwards.

    Returns:
        The first page.

    Raises:
        PlatformError: a page is not there, or is not written as its neighbours.
    """
    lessons = [read_lesson(root / PATHS / f"{name}.md") for name in ROLES]
    community, news = (read_lesson(root / DOCS / name) for name in (COMMUNITY, NEWS))
    templates = environment(HERE / "templates")
    pages: dict[str, tuple[str, dict[str, Any]]] = {
        "index.html": ("formation.html.j2", {}),
        "diaporama.html": ("diaporama.html.j2", {}),
        "communaute.html": (
            "communaute.html.j2",
            {
                "community": community,
                "news": news.parts[0],
                "question": question_of(found, found.made_at.date()),
                "known": bool(found.knowledge.results),
                "stewards": stewards_of(found),
            },
        ),
        **{f"fiche-{one.name}.html": ("fiche.html.j2", {"lesson": one}) for one in lessons},
    }
    with replaced(folder) as made:
        for path in STATIC.iterdir():
            shutil.copyfile(path, made / path.name)
        for name, (template, values) in pages.items():
            text = templates.get_template(template).render(
                root="", lessons=lessons, made_at=found.made_at, **values
            )
            (made / name).write_text(text, "utf-8")
    return folder / "index.html"
