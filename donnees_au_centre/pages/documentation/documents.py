"""The pages of the checkout as the site has them: where each stands, what it links to, who uses a word."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from markupsafe import Markup, escape

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import unbroken
from donnees_au_centre.pages.documentation.markdown import Rendered, anchor, render
from donnees_au_centre.project.glossary import FILE as VOCABULARY
from donnees_au_centre.project.glossary import mention, read_terms

FRENCH, ENGLISH = "fr", "en"
# Where a file of the checkout that a page links to is shown.
FILES = "fichiers"
_IMAGES = (".png", ".svg", ".jpg")
_HOME = "README.fr.md"


@dataclass(frozen=True)
class Document:
    """A page of the checkout on the site.

    Attributes:
        source: its file below the checkout.
        address: on the site.
        language: fr, or en for those that a program or another country reads.
        page: as it is shown.
    """

    source: str
    address: str
    language: str
    page: Rendered


@dataclass(frozen=True)
class Documents:
    """What the site shows of the checkout.

    Attributes:
        pages: source -> page.
        files: those that pages link to and that are no page, below the checkout.
    """

    pages: Mapping[str, Document]
    files: frozenset[str]

    @property
    def french(self) -> list[Document]:
        """Those that the menu and the search have."""
        return [one for one in self.pages.values() if one.language == FRENCH]


def address_of(source: str) -> str:
    """Where a page of the checkout stands on the site."""
    if source == _HOME:
        return "presentation.html"
    path = source.removeprefix("docs/").removesuffix(".md")
    folder, _, name = path.rpartition("/")
    # The page of a folder is what a server gives of it.
    return f"{folder}/index.html" if folder and name == "README" else f"{path.lower()}.html"


def file_address(source: str) -> str:
    """Where a file that is no page stands on the site: pictures as they are, texts in a page."""
    return f"{FILES}/{source}" if source.endswith(_IMAGES) else f"{FILES}/{source}.html"


def read_documents(root: Path) -> Documents:
    """Renders the pages of docs/ and of the checkout's root.

    Raises:
        PlatformError: one cannot be shown, or links to what does not exist.
    """
    sources = [path.relative_to(root).as_posix() for path in sorted(root.glob("docs/**/*.md"))]
    sources += sorted(path.name for path in root.glob("*.md"))
    linked: set[str] = set()
    texts = {source: (root / source).read_text("utf-8") for source in sources}
    pages: dict[str, Document] = {}
    # The vocabulary tells which pages use its words: it comes last.
    for source in sorted(sources, key=lambda one: one == VOCABULARY):
        found = {}
        if source == VOCABULARY:
            here = address_of(VOCABULARY)
            for term in read_terms(texts[VOCABULARY]):
                patterns = [mention(word, conjugated=True) for word in term.words]
                found[anchor(term.words[0])] = users(patterns, pages.values(), here)
        try:
            page = render(texts[source], _resolver(root, source, texts, linked), found)
        except ValueError as error:
            raise PlatformError(f"{source} : {error}.", "Corrigez la page, puis relancez.") from error
        french = source.startswith("docs/") or source.endswith(".fr.md")
        pages[source] = Document(source, address_of(source), FRENCH if french else ENGLISH, page)
    return Documents({source: pages[source] for source in sources}, frozenset(linked))


def _resolver(root: Path, source: str, pages: Iterable[str], linked: set[str]) -> Callable[[str], str | None]:
    """What turns a link of a page into one of the site; it remembers the files that are linked."""
    here = posixpath.dirname(address_of(source))

    def resolve(target: str) -> str | None:
        parts = urlsplit(target)
        if parts.scheme or not parts.path:
            return target
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), unquote(parts.path)))
        file = root / path
        if path.startswith("..") or not file.exists():
            raise ValueError(f"le lien vers {target} ne mène nulle part")
        if file.is_dir():
            readme = f"{path}/README.md"
            if readme not in pages:
                return None
            path = readme
        if path in pages:
            address = address_of(path)
        else:
            linked.add(path)
            address = file_address(path)
        found = quote(posixpath.relpath(address, here or "."))
        return f"{found}#{parts.fragment}" if parts.fragment else found

    return resolve


def users(patterns: Iterable[re.Pattern[str]], pages: Iterable[Document], here: str) -> Markup:
    """The pages that say a word, folded up when they are many; each link leads where it is first said.

    Args:
        patterns: any of which is enough.
        pages: among which; English ones count for nothing.
        here: address of the page that will show it.
    """
    patterns = list(patterns)
    found = []
    for one in pages:
        if one.language == FRENCH and (place := _first(one, patterns)) is not None:
            address = posixpath.relpath(one.address, posixpath.dirname(here) or ".")
            target = f"{quote(address)}#{place}" if place else quote(address)
            found.append(f'<li><a href="{escape(target)}">{escape(one.page.title)}</a></li>')
    if not found:
        return Markup('<span class="quiet">aucune</span>')
    said = "".join(found)
    count = escape(unbroken(len(found), "page"))
    return Markup(f'<details><summary>{count}</summary><ul class="plainlist">{said}</ul></details>')


def _first(one: Document, patterns: list[re.Pattern[str]]) -> str | None:
    """The anchor of the first part of a page that says a word; None when none does."""
    return next(
        (
            part.anchor
            for part in one.page.parts
            if any(pattern.search(f"{part.title} {part.text}") for pattern in patterns)
        ),
        None,
    )
