"""Pictures written in Mermaid, drawn to SVG when a page is written: nothing runs in the reader's browser.

The part of Mermaid that the documentation uses: `flowchart LR` or `TD`, boxes, arrows with or without words.
Boxes stand in layers, each below all those that lead to it; within a layer, near what they are bound to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from markupsafe import escape

CHARACTER, LINE, PADDING = 7.6, 18, 12
GAP, WITHIN = 54, 18
Point = tuple[float, float]
SWEEPS = 12
# A narrow screen scrolls rather than make the words smaller than this many pixels for the whole.
LEAST = 640
# Shapes of Mermaid by their brackets, the longest first -> class of the box.
SHAPES = {("([", "])"): "round", ("[(", ")]"): "store", ("[", "]"): "plain", ("(", ")"): "round"}
_HEAD = re.compile(r"flowchart (LR|TD)")
_LINK = re.compile(r"\s+(?:-->\|(?P<bar>[^|]+)\||--\s+(?P<words>[^-][^>]*?)\s+-->|-->)\s+")
_BOX = re.compile(r"(?P<key>[\w-]+)(?P<shape>\W.*)?", re.DOTALL)
_BREAK = re.compile(r"<br\s*/?>")


@dataclass
class Box:
    """A box of the picture; one without a name is where a long arrow passes a layer.

    Attributes:
        lines: what it says.
        shape: a class of SHAPES.
        layer, place: which layer it is in, and where in it, in pixels across.
    """

    lines: tuple[str, ...] = ()
    shape: str = "plain"
    layer: int = 0
    place: float = 0

    @property
    def width(self) -> float:
        """In pixels; that of the text is estimated."""
        return max(map(len, self.lines)) * CHARACTER + 2 * PADDING if self.lines else 8

    @property
    def height(self) -> float:
        """In pixels."""
        return len(self.lines) * LINE + 2 * PADDING if self.lines else 8


@dataclass
class Flowchart:
    """What a picture says.

    Attributes:
        across: True when arrows run from left to right, False from top to bottom.
        boxes: key -> box.
        arrows: from, to, words; "" when an arrow says nothing.
    """

    across: bool
    boxes: dict[str, Box] = field(default_factory=dict)
    arrows: list[tuple[str, str, str]] = field(default_factory=list)


def read_flowchart(text: str) -> Flowchart:
    """Reads a picture.

    Args:
        text: Mermaid, without the marks of the block.

    Raises:
        ValueError: a line is not of the part of Mermaid that is drawn; it is named. Or there is no box.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    head = _HEAD.fullmatch(lines[0]) if lines else None
    if head is None:
        raise ValueError("l'image ne commence pas par « flowchart LR » ou « flowchart TD »")
    chart = Flowchart(head[1] == "LR")
    for line in lines[1:]:
        parts = _LINK.split(line)
        # A group of keys, then the words of an arrow (one of the two ways to write them), and so on.
        groups = [[_box(chart, one, line) for one in _split(group)] for group in parts[::3]]
        for number, (starts, ends) in enumerate(pairwise(groups)):
            said = (parts[3 * number + 1] or parts[3 * number + 2] or "").strip().strip('"')
            chart.arrows += [(start, end, said) for start in starts for end in ends]
    if not chart.boxes:
        raise ValueError("l'image n'a aucune boîte")
    return chart


def _split(group: str) -> Iterator[str]:
    """The boxes of a group, `a & b`; an ampersand between brackets is of their text."""
    yield from re.split(r"\s+&\s+(?![^\[(]*[\])])", group.strip())


def _box(chart: Flowchart, written: str, line: str) -> str:
    found = _BOX.fullmatch(written.strip())
    if found is None:
        raise ValueError(f"« {line} » : seuls des boîtes et des flèches (-->) se dessinent")
    key, shape = found["key"], (found["shape"] or "").strip()
    if not shape:
        chart.boxes.setdefault(key, Box((key,)))
        return key
    for (begin, end), name in SHAPES.items():
        if shape.startswith(begin) and shape.endswith(end):
            text = shape[len(begin) : -len(end)].strip('"')
            chart.boxes[key] = Box(tuple(part.strip() for part in _BREAK.split(text)), name)
            return key
    raise ValueError(f"« {line} » : cette forme de boîte ne se dessine pas")


def draw(chart: Flowchart, title: str) -> str:
    """The picture as SVG, in the colours of the page.

    Args:
        title: what it shows, for who does not see it.

    Raises:
        ValueError: its arrows run in a ring.
    """
    _layer(chart)
    layers, ways = _layers(chart)
    _order(layers, ways, chart.across)
    deep = [max(_depth(box, chart.across) for box in layer) for layer in layers]
    said = max((len(words) for *_, words in chart.arrows), default=0)
    gap = GAP + (said * CHARACTER * 0.9 if chart.across else 0)
    starts = [sum(deep[:number]) + number * gap for number in range(len(layers))]
    widest = max(box.place + _breadth(box, chart.across) / 2 for layer in layers for box in layer) + 4
    far = sum(deep) + (len(deep) - 1) * gap + 8

    def point(box: Box, side: float) -> Point:
        """A point of a box: side 0 where arrows come in, 1 where they leave."""
        depth = _depth(box, chart.across) if box.lines else deep[box.layer]
        along = 4 + starts[box.layer] + (deep[box.layer] - depth) / 2 + side * depth
        return (along, box.place) if chart.across else (box.place, along)

    drawn = []
    for (*_, words), way in zip(chart.arrows, ways, strict=True):
        drawn.append(_arrow([(point(one, 1), point(two, 0)) for one, two in pairwise(way)], chart.across))
        if words:
            (x, y), (tox, toy) = point(way[0], 1), point(way[1], 0)
            drawn.append(_text([words], (x + tox) / 2, (y + toy) / 2 - 6, "said"))
    for box in chart.boxes.values():
        drawn.append(_drawn_box(box, point(box, 0.5)))
    width, height = (far, widest) if chart.across else (widest, far)
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" '
        f'style="min-width: {min(width, LEAST):.0f}px" aria-label="{escape(title)}">{"".join(drawn)}</svg>'
    )


def _layer(chart: Flowchart) -> None:
    """Puts each box one layer after the last of those that lead to it."""
    for _ in chart.boxes:
        moved = False
        for start, end, _words in chart.arrows:
            least = chart.boxes[start].layer + 1
            if chart.boxes[end].layer < least:
                chart.boxes[end].layer, moved = least, True
        if not moved:
            return
    if chart.arrows:
        raise ValueError("les flèches tournent en rond")


def _layers(chart: Flowchart) -> tuple[list[list[Box]], list[list[Box]]]:
    """The boxes by layer, and the boxes by which each arrow goes, with one in every layer that it passes."""
    layers: list[list[Box]] = [[] for _ in range(1 + max(box.layer for box in chart.boxes.values()))]
    for box in chart.boxes.values():
        layers[box.layer].append(box)
    ways = []
    for start, end, _words in chart.arrows:
        first, last = chart.boxes[start], chart.boxes[end]
        passed = [Box(layer=number) for number in range(first.layer + 1, last.layer)]
        for box in passed:
            layers[box.layer].append(box)
        ways.append([first, *passed, last])
    return layers, ways


def _order(layers: list[list[Box]], ways: list[list[Box]], across: bool) -> None:
    """Gives each box its place: in turn from each end, near the middle of what it is bound to."""
    before: dict[int, list[Box]] = {}
    after: dict[int, list[Box]] = {}
    for way in ways:
        for one, two in pairwise(way):
            before.setdefault(id(two), []).append(one)
            after.setdefault(id(one), []).append(two)
    for layer in layers:
        _spread(layer, across)
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        near = before if forth else after
        for layer in layers if forth else reversed(layers):
            for box in layer:
                if bound := near.get(id(box)):
                    box.place = sum(one.place for one in bound) / len(bound)
            layer.sort(key=lambda box: box.place)
            _spread(layer, across)
    first = min(box.place - _breadth(box, across) / 2 for layer in layers for box in layer)
    for box in (box for layer in layers for box in layer):
        box.place += 4 - first


def _spread(layer: list[Box], across: bool) -> None:
    """Moves the boxes of a layer apart, in their order, each as little as can be (isotonic regression)."""
    offsets = [0.0]
    for one, two in pairwise(layer):
        offsets.append(offsets[-1] + (_breadth(one, across) + _breadth(two, across)) / 2 + WITHIN)
    blocks: list[list[float]] = []
    for box, offset in zip(layer, offsets, strict=True):
        blocks.append([box.place - offset])
        while len(blocks) > 1 and _mean(blocks[-2]) > _mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    wanted = [_mean(block) for block in blocks for _ in block]
    for box, place, offset in zip(layer, wanted, offsets, strict=True):
        box.place = place + offset


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _breadth(box: Box, across: bool) -> float:
    """How much of its layer a box takes; an arrow that passes takes little."""
    return (box.height if across else box.width) if box.lines else 10


def _depth(box: Box, across: bool) -> float:
    """How thick a box makes its layer."""
    return (box.width if across else box.height) if box.lines else 0


def _arrow(steps: list[tuple[Point, Point]], across: bool) -> str:
    """A smooth line through points, with a point at its end."""
    (x, y), _ = steps[0]
    path = f"M{x:.0f} {y:.0f}"
    for (fromx, fromy), (tox, toy) in steps:
        # Straight on where a layer is passed.
        path += f"L{fromx:.0f} {fromy:.0f}" if (fromx, fromy) != (x, y) else ""
        middle = (fromx + tox) / 2 if across else (fromy + toy) / 2
        first, second = ((middle, fromy), (middle, toy)) if across else ((fromx, middle), (tox, middle))
        path += f"C{first[0]:.0f} {first[1]:.0f} {second[0]:.0f} {second[1]:.0f} {tox:.0f} {toy:.0f}"
    _, (x, y) = steps[-1]
    head = f"{x:.0f},{y:.0f} " + (
        f"{x - 8:.0f},{y - 4:.0f} {x - 8:.0f},{y + 4:.0f}"
        if across
        else f"{x - 4:.0f},{y - 8:.0f} {x + 4:.0f},{y - 8:.0f}"
    )
    return f'<path d="{path}"/><polygon points="{head}"/>'


def _drawn_box(box: Box, middle: Point) -> str:
    x, y = middle
    corner = {"round": box.height / 2, "store": 10}.get(box.shape, 4)
    return (
        f'<rect class="{box.shape}" x="{x - box.width / 2:.0f}" y="{y - box.height / 2:.0f}" '
        f'width="{box.width:.0f}" height="{box.height:.0f}" rx="{corner:.0f}"/>' + _text(box.lines, x, y, "")
    )


def _text(lines: Sequence[str], x: float, y: float, kind: str) -> str:
    first = y - (len(lines) - 1) * LINE / 2 + 4.5
    return "".join(
        f'<text class="{kind}" x="{x:.0f}" y="{first + number * LINE:.0f}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
