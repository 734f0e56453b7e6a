"""A page of Markdown as HTML: GitLab's anchors, the site's links, tables, pictures; and its parts.

What the page says to the search is cut at its headings, and at the rows of its tables that stand for one
thing each: a rule, a macro, a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from donnees_au_centre.pages.documentation.flowchart import draw, read_flowchart
from donnees_au_centre.pages.site import FRENCH_SPACE

FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
# After the language of a block of code: nobody plays it, for it wants what is not here.
NOT_PLAYED = "nonjoue"
BESIDE = "pages qui l'emploient"
_PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")
_MARKS = re.compile(r"[^\w\- ]")
_COMMENT = re.compile(r"\s*(?:<!--.*?-->\s*)*", re.DOTALL)
# What GitLab folds up, the site folds up too.
_FOLDED = re.compile(r"\s*(?:</?details>|<summary>[^<>]*</summary>|\s)*")
_WORD = re.compile(r"(?!\d+$)[\w.-]+")


@dataclass(frozen=True)
class Block:
    """A block of code of a page.

    Attributes:
        language: as the page writes it; "" without.
        marks: words after it.
        text: the code.
        line: of the page, from 1.
    """

    language: str
    marks: tuple[str, ...]
    text: str
    line: int

    @property
    def played(self) -> bool:
        """False when the page says that nobody plays it."""
        return NOT_PLAYED not in self.marks


@dataclass
class Part:
    """What the search finds of a page.

    Attributes:
        anchor: "" for its beginning.
        title: of the heading, or the first cell of a row.
        text: in plain words.
        row: True for a row of a table.
    """

    anchor: str
    title: str
    text: str = ""
    row: bool = False


@dataclass
class Rendered:
    """A page as it is shown.

    Attributes:
        title: its first heading.
        html: its body, without the first heading.
        headings: level, anchor and text of those below the first.
        parts: what the search finds.
    """

    title: str = ""
    html: Markup = field(default_factory=Markup)
    headings: list[tuple[int, str, str]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)


def anchor(heading: str) -> str:
    """The anchor of a heading, as GitLab and GitHub make it.

    Args:
        heading: its text, with or without the marks of Markdown.
    """
    return _MARKS.sub("", heading.lower().strip()).replace(" ", "-")


def blocks(text: str) -> Iterator[Block]:
    """The blocks of code of a page, those within lists too.

    Args:
        text: Markdown.
    """
    for token in _PARSER.parse(text):
        if token.type == "fence" and token.map:
            language, *marks = token.info.split() or [""]
            yield Block(language, tuple(marks), token.content, token.map[0] + 1)


def code_of(text: str) -> Iterator[str]:
    """All the code of a page: its blocks, and what stands between backticks.

    Args:
        text: Markdown.
    """
    for token in _walk(_PARSER.parse(text)):
        if token.type in ("fence", "code_block", "code_inline"):
            yield token.content


def links(text: str) -> Iterator[str]:
    """Where a page leads: its links and pictures, as it writes them."""
    for token in _walk(_PARSER.parse(text)):
        if address := token.attrGet("href" if token.type == "link_open" else "src"):
            yield str(address)


def render(
    text: str, address: Callable[[str], str | None], beside: Mapping[str, Markup] | None = None
) -> Rendered:
    """A page as HTML.

    Args:
        text: Markdown.
        address: what a link leads to -> where it leads on the site; None for what is not on it.
        beside: anchor of a row of a table -> what a column more shows of it; BESIDE is its header.

    Raises:
        ValueError: a picture, or HTML, that the site cannot show.
    """
    tokens = _PARSER.parse(FRONT.sub("", text))
    for token in _walk(tokens):
        _relink(token, address)
    page = Rendered()
    _cut(tokens, page)
    page.html = Markup(_PARSER.renderer.render(list(_shown(tokens, page, beside or {})), _PARSER.options, {}))
    return page


def _walk(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _walk(token.children or ())


def _relink(token: Token, address: Callable[[str], str | None]) -> None:
    """A link as the site has it; of a text, spaces that no line ends in."""
    if token.type == "text":
        token.content = FRENCH_SPACE.sub("\u00a0", token.content)
    name = {"link_open": "href", "image": "src"}.get(token.type)
    if name and (target := token.attrGet(name)) is not None:
        found = address(str(target))
        if found is None:
            # No link is better than a dead one.
            token.attrs.pop(name)
        else:
            token.attrs[name] = found


def _plain(token: Token) -> str:
    """The words of an inline token."""
    said = (" " if one.type == "softbreak" else one.content for one in _walk([token]) if not one.children)
    return "".join(said).replace("\u00a0", " ")


def _cut(tokens: Sequence[Token], page: Rendered) -> None:
    """Gives headings and rows their anchors, and cuts the page into what the search finds."""
    taken: set[str] = set()
    page.parts.append(Part("", ""))
    row: Part | None = None
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            title, level = _plain(tokens[number + 1]), int(token.tag[1])
            if not page.title:
                page.title = page.parts[0].title = title
                continue
            name = _free(anchor(title), taken)
            token.attrs["id"] = name
            page.headings.append((level, name, title))
            page.parts.append(Part(name, title))
        elif token.type == "tr_open":
            row = _row(tokens, number, taken)
        elif token.type == "tr_close":
            if row:
                page.parts.append(row)
            row = None
        elif token.type in ("inline", "fence", "code_block"):
            if tokens[number - 1].type == "heading_open":
                continue
            said = _plain(token) if token.type == "inline" else token.content
            into = row or next(part for part in reversed(page.parts) if not part.row)
            into.text += f" {said}"


def _row(tokens: Sequence[Token], number: int, taken: set[str]) -> Part | None:
    """The part that a row of a table is, when its first cell begins with a name: code, bold, or one word."""
    first = tokens[number + 1]
    if first.type != "td_open":
        return None
    inline = tokens[number + 2]
    children = [one for one in inline.children or () if one.content.strip() or one.type != "text"]
    if not children:
        return None
    if children[0].type == "strong_open" and len(children) > 1:
        said = children[1].content
    elif children[0].type == "code_inline" or (len(children) == 1 and _WORD.fullmatch(inline.content)):
        said = children[0].content
    else:
        return None
    name = _free(anchor(said), taken)
    tokens[number].attrs["id"] = name
    return Part(name, _plain(inline), row=True)


def _free(name: str, taken: set[str]) -> str:
    """An anchor that no other has: the second is -1."""
    found, number = name, 0
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    taken.add(found)
    return found


def _shown(tokens: Sequence[Token], page: Rendered, beside: Mapping[str, Markup]) -> Iterator[Token]:
    """The tokens as the site shows them: pictures drawn, tables that scroll, no comments."""
    heading, tables, empty, row = page.title, 0, False, ""
    # The template shows the title, by which a page begins: its opening, its text, its end.
    skipped = 3 if tokens and tokens[0].tag == "h1" else 0
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = _plain(tokens[number + 1])
        if number < skipped:
            continue
        if token.type in ("html_block", "html_inline") and _COMMENT.fullmatch(token.content):
            continue
        if token.type == "html_block" and not _FOLDED.fullmatch(token.content):
            raise ValueError(f"le site ne montre pas de HTML : {token.content.strip()[:60]}")
        if token.type == "fence" and token.info.strip() == "mermaid":
            drawing = draw(read_flowchart(token.content), f"Schéma : {heading}")
            yield _html(f'<div class="picture" tabindex="0" role="group">{drawing}</div>\n')
        elif token.type == "table_open":
            tables += 1
            label = Markup.escape(f"Tableau {tables} : {heading}")
            yield _html(f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">')
            yield token
        elif token.type == "table_close":
            yield token
            yield _html("</div>\n")
        elif token.type == "tr_open":
            row = str(token.attrGet("id") or "")
            yield token
        elif token.type == "tr_close":
            if beside:
                header = tokens[number - 1].type == "th_close"
                yield _html(f'<th scope="col">{BESIDE}</th>' if header else f"<td>{beside.get(row, '')}</td>")
            yield token
        elif token.type in ("th_open", "th_close"):
            empty = not tokens[number + 1].content if token.type == "th_open" else empty
            # A header that says nothing is none.
            token.tag = "td" if empty else "th"
            if token.type == "th_open" and not empty:
                token.attrs["scope"] = "col"
            yield token
        elif token.type == "fence":
            code = Markup.escape(token.content)
            yield _html(f'<pre tabindex="0"><code>{code}</code></pre>\n')
        else:
            yield token


def _html(text: str) -> Token:
    made = Token("html_block", "", 0)
    made.content = text
    return made
