"""A letter and its three forms: HTML for e-mail, short Markdown for Teams and ntfy, text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2

from donnees_au_centre.administration import ours
from donnees_au_centre.inert import line, markdown, text

TEMPLATES = Path(__file__).with_name("templates")
WIDTH = 100


@dataclass(frozen=True)
class Item:
    """One thing said.

    Attributes:
        title: what, in one sentence.
        mark: a word before it (« Échec »), or "".
        severity: of donnees_au_centre.notifications.faults.SEVERITIES, for its colour; "" for none.
        lines: label -> value, in order; what a phone shows too.
        more: label -> value, in order; for the long forms only.
    """

    title: str
    mark: str = ""
    severity: str = ""
    lines: tuple[tuple[str, str], ...] = ()
    more: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Section:
    """Things of one kind.

    Attributes:
        title: « Nouveau ».
        items: those that are named.
        left: sentence on those that are not; "" when all are.
    """

    title: str
    items: tuple[Item, ...]
    left: str = ""


@dataclass(frozen=True)
class Letter:
    """What is sent, or shown.

    Attributes:
        subject: one short line.
        intro: one or two sentences.
        sections: in order.
        page: address or path of the page that says more.
        closing: why the reader receives it.
    """

    subject: str
    intro: str
    sections: tuple[Section, ...]
    page: str
    closing: str


def as_html(letter: Letter) -> str:
    """The letter as an HTML document that needs nothing from elsewhere."""
    return _environment().get_template("courriel.html.j2").render(letter=letter, link=ours().colours.link)


def as_markdown(letter: Letter) -> str:
    """The letter as the few signs of Markdown that Teams and ntfy both draw."""
    parts = [markdown(letter.intro)]
    for section in letter.sections:
        parts.append(f"**{markdown(section.title)}**")
        for item in section.items:
            title = markdown(item.title)
            said = [f"**{item.mark}**\u00a0: {title}" if item.mark else title]
            said += [f"{label}\u00a0: {markdown(value)}" for label, value in item.lines]
            parts.append("- " + "  \n  ".join(said))
        if section.left:
            parts.append(markdown(section.left))
    link = (
        f"[La page du domaine]({letter.page})" if linkable(letter.page) else f"La page\u00a0: {letter.page}"
    )
    return "\n\n".join([*parts, link])


def as_text(letter: Letter) -> str:
    """The letter for a terminal."""
    parts = [line(letter.subject), "=" * min(WIDTH, len(letter.subject)), "", *_wrapped(letter.intro, "")]
    for section in letter.sections:
        parts += ["", line(section.title), "-" * len(section.title)]
        for item in section.items:
            parts += _wrapped(f"* {f'{item.mark} : ' if item.mark else ''}{item.title}", "  ")
            for label, value in (*item.lines, *item.more):
                parts += [f"  {one}" for one in _wrapped(f"{label} : {value}", "  ")]
        if section.left:
            parts += _wrapped(section.left, "")
    return "\n".join([*parts, "", f"La page : {letter.page}", line(letter.closing)])


def linkable(page: str) -> bool:
    """True for an address that opens from anywhere."""
    return page.startswith("https://")


def _wrapped(said: str, indent: str) -> Sequence[str]:
    return textwrap.wrap(
        line(said), WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=text,
    )
    environment.tests["linkable"] = linkable
    return environment
