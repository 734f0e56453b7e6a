"""What a browser would follow in a static site: links, pictures, scripts, and the anchors they lead to."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Anchors(HTMLParser):
    """Addresses and ids of one page.

    Attributes:
        links: every `href` and `src`.
        loaded: those of them that a browser fetches by itself.
        ids: every `id`, in order.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        found = [said[key] or "" for key in ("href", "src") if key in said]
        self.links += found
        self.loaded += [] if tag == "a" else found
        self.ids += [said["id"] or ""] if "id" in said else []


def faults_of(site: Path, more: dict[str, list[str]] | None = None) -> list[str]:
    """What is wrong with the links of a site: dead ones, doubled anchors, what comes from elsewhere.

    Args:
        site: its folder; its links may lead to the sites beside it.
        more: page -> links that its script makes.
    """
    pages: dict[Path, Anchors] = {}

    def anchors(path: Path) -> Anchors:
        if path not in pages:
            pages[path] = Anchors(path.read_text("utf-8"))
        return pages[path]

    found = []
    for path in sorted(site.resolve().rglob("*.html")):
        page, place = anchors(path), path.relative_to(site.resolve()).as_posix()
        found += [f"{place}: #{one} twice" for one in set(page.ids) if page.ids.count(one) > 1]
        found += [f"{place}: loads {one}" for one in page.loaded if urlsplit(one).scheme not in ("", "data")]
        for link in [*page.links, *(more or {}).get(place, [])]:
            parts = urlsplit(link)
            if parts.scheme in ("http", "https"):
                found += [] if "." in parts.netloc else [f"{place}: {link}"]
            elif not parts.scheme:
                target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
                lost = not target.is_file()
                lost = lost or (bool(parts.fragment) and unquote(parts.fragment) not in anchors(target).ids)
                found += [f"{place}: {link}"] if lost else []
    return found
