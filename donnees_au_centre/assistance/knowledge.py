"""All that is served, gathered once, and the search over it."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from donnees_au_centre.assistance import cards, texts
from donnees_au_centre.assistance.item import DATASET, Item
from donnees_au_centre.project.lineage import Lineage
from donnees_au_centre.project.nodes import Manifest

# A name counts more than a first line, and that more than what follows.
_NAME, _SUMMARY, _TEXT = 6.0, 3.0, 1.0
_WORD = re.compile(r"[a-z0-9]{2,}")
_EMPTY = frozenset(
    word
    for line in (
        "au aux avec ce ces comment dans de des du elle en est et eux il je la le les leur lui ma mais mes",
        "mon ne nos notre nous on ou par pas pour qu que quel quelle quels qui quoi sa se ses son sur ta te",
        "tu un une vos votre vous the of to in is",
    )
    for word in line.split(" ")
)


def folded(said: str) -> list[str]:
    """The words of a text without accents, capitals, plurals and the words that say nothing."""
    plain = unicodedata.normalize("NFKD", said.casefold())
    found = _WORD.findall("".join(sign for sign in plain if not unicodedata.combining(sign)))
    return [word.rstrip("sx") if len(word) > 3 else word for word in found if word not in _EMPTY]


@dataclass(frozen=True)
class Knowledge:
    """All that is served.

    Attributes:
        items: in their order; of two of the same kind and name, the first.
        whole: False when a part of the project could not be read, and something else stands for it.
        trace: works out the lineage of columns; asked for once, for it takes half a minute.
    """

    items: tuple[Item, ...]
    whole: bool
    trace: Callable[[], Lineage]

    @cached_property
    def lineage(self) -> Lineage:
        """The lineage of every column.

        Raises:
            PlatformError: the project does not compile.
        """
        return self.trace()

    @cached_property
    def _words(self) -> list[tuple[Counter[str], Counter[str], Counter[str]]]:
        return [
            (
                Counter(folded(f"{item.name} {' '.join(item.others)}")),
                Counter(folded(item.summary)),
                Counter(folded(item.text)),
            )
            for item in self.items
        ]

    @cached_property
    def _rarity(self) -> dict[str, float]:
        met = Counter(word for parts in self._words for word in set().union(*parts))
        return {word: math.log(1 + len(self.items) / count) for word, count in met.items()}

    def named(self, kinds: Iterable[str], name: str) -> Item | None:
        """What bears a name, or another of its names, capitals aside; a table may come without its source."""
        asked, chosen = name.strip().casefold(), [one for one in self.items if one.kind in set(kinds)]
        for fits in (
            lambda one: one.name.casefold() == asked,
            lambda one: asked in (other.casefold() for other in one.others),
            lambda one: one.kind == DATASET and one.name.casefold().rpartition(".")[2] == asked,
        ):
            if found := [one for one in chosen if fits(one)]:
                return found[0]
        return None

    def near(self, kinds: Iterable[str], name: str, most: int = 5) -> list[str]:
        """Names that exist and look like one that does not; never the one that was asked."""
        known = {one.name.casefold(): one.name for one in self.items if one.kind in set(kinds)}
        close = get_close_matches(name.casefold()[:100], list(known), n=most, cutoff=0.5)
        return [known[one] for one in close]

    def search(self, asked: str, kind: str | None, most: int) -> list[Item]:
        """What answers best to some words, the best first."""
        wanted = set(folded(asked))
        scored = []
        for place, (item, (name, summary, text)) in enumerate(zip(self.items, self._words, strict=True)):
            if kind and item.kind != kind:
                continue
            length = 1 + math.log(1 + text.total())
            points = sum(
                self._rarity[word]
                * (
                    _NAME * (word in name)
                    + _SUMMARY * (word in summary)
                    + _TEXT * math.log(1 + text[word]) / length
                )
                for word in wanted
                if word in self._rarity
            )
            if points:
                scored.append((-points, place, item))
        return [item for *_, item in sorted(scored)[:most]]


def gather(root: Path, manifest: Manifest, whole: bool, trace: Callable[[], Lineage]) -> Knowledge:
    """Puts together what is served of a checkout.

    Args:
        manifest: of the project as its files stand.
        whole, trace: see Knowledge.
    """
    pages = list(texts.pages(root))
    items = [
        *cards.cards(manifest),
        *texts.terms(root),
        *texts.rules(pages),
        *texts.commands(root, pages),
        *pages,
    ]
    first: dict[tuple[str, str], Item] = {}
    for item in items:
        first.setdefault((item.kind, item.name), item)
    return Knowledge(tuple(first.values()), whole, trace)
