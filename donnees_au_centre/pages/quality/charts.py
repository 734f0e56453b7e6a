"""The charts, drawn once as SVG inside the page; their colours are the page's own, in light, dark and print.

Vega draws with stand-in colours, which become the variables of the style sheet. Every chart says in words
what it shows, and its figures stand in a table beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any

from markupsafe import Markup, escape

from donnees_au_centre import french, inert
from donnees_au_centre.french import day
from donnees_au_centre.pages.quality.drawings import Drawings
from donnees_au_centre.quality.facts import Day

# Stand-in -> variable of the style sheet.
COLOURS = {
    "#0a0b01": "--ink",
    "#0a0b02": "--quiet",
    "#0a0b03": "--line",
    "#0a0b04": "--link",
    "#0a0b05": "--good",
    "#0a0b06": "--warn",
    "#0a0b07": "--bad",
    "#0a0b08": "--wash",
}
INK, QUIET, LINE, LINK, GOOD, WARN, BAD, WASH = COLOURS
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
WIDTH, ROW = 560, 26
# Days, from which an axis tells months and years.
MONTHS_FROM = 200
# A bar for a count that is not told: always this long, whatever the count.
HIDDEN_BAR = french.LEAST - 1
_ID = re.compile(r'(id="|url\(#|href="#)([^")]+)')
# The picture has one text; its parts have none to tell.
_PART = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
_SIZE = re.compile(r'<svg [^>]*?width="[^"]*" height="[^"]*" viewBox="0 0 ([\d.]+) ([\d.]+)">')


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        name: what it is about.
        value: its length.
        said: its figure, in words.
        colour: a stand-in of COLOURS.
    """

    name: str
    value: float
    said: str
    colour: str = LINK


@dataclass(frozen=True)
class Span:
    """What a source promised: from its last receipt to the day the next data are due.

    Attributes:
        name: label of the source.
        last, due: days.
        late: True when due is past.
    """

    name: str
    last: date
    due: date
    late: bool


def _once(draw: Callable[..., Markup]) -> Callable[..., Markup]:
    """Has a chart drawn when it shows something else, or stands elsewhere in its page, than the last time."""

    @wraps(draw)
    def drawn(self: Charts, *given: Any, **more: Any) -> Markup:
        self._number += 1
        what = repr((draw.__name__, self._number, given, sorted(more.items())))
        return Markup(self._drawings.drawn(what, lambda: draw(self, *given, **more)))

    return drawn


class Charts:
    """Draws the charts of one page; no two elements of it have the same id.

    Args:
        drawings: those of the last time.
    """

    def __init__(self, drawings: Drawings | None = None) -> None:
        """Counts from one."""
        self._number = 0
        self._drawings = drawings or Drawings()

    @_once
    def trend(self, days: Sequence[Day], name: str) -> Markup:
        """The score day by day.

        Args:
            days: two at least, each with a score.
            name: whose score.
        """
        import altair as alt

        scores = [(one.day, round(one.score, 2)) for one in days if one.score is not None]
        points = [{"jour": f"{day.isoformat()}T00:00:00", "score": score} for day, score in scores]
        first, newest, lowest = scores[0][1], scores[-1][1], min(score for _, score in scores)
        floor = max(0, 10 * int((lowest - 2) // 10))
        base = alt.Chart(alt.InlineData(points)).encode(
            x=alt.X(
                "jour:T",
                axis=alt.Axis(title=None, format="%-d %b", tickCount=6, grid=False, labelOverlap=True),
            ),
            y=alt.Y(
                "score:Q",
                scale=alt.Scale(domain=[floor, 100], nice=False),
                axis=alt.Axis(title=None, tickCount=4, format="d"),
            ),
        )
        line = base.mark_line(color=LINK, strokeWidth=2.5)
        last = [points[-1]]
        end = alt.Chart(alt.InlineData(last)).encode(x="jour:T", y="score:Q")
        dot = end.mark_point(color=LINK, filled=True, size=70, opacity=1)
        label = end.mark_text(
            dx=10,
            align="left",
            fontSize=15,
            fontWeight="bold",
            color=INK,
            text=french.decimal(newest),
        )
        words = (
            f"Courbe du score de {name}, du {day(days[0].day)} au {day(days[-1].day)} : "
            f"{french.decimal(first)} au début, {french.decimal(newest)} à la fin, "
            f"{french.decimal(lowest)} au plus bas."
        )
        return self._drawn((line + dot + label).properties(width=WIDTH + 120, height=170), words)

    @_once
    def bars(self, bars: Sequence[Bar], words: str, highest: float | None = None) -> Markup:
        """Horizontal bars, in the order given, each with its figure.

        Args:
            bars: one at least, of different names.
            words: what the chart shows.
            highest: end of the scale; the longest bar if None.
        """
        import altair as alt

        rows = [
            {"nom": bar.name, "valeur": bar.value, "dit": bar.said, "couleur": bar.colour} for bar in bars
        ]
        longest = highest or max(bar.value for bar in bars) or 1
        base = alt.Chart(alt.InlineData(rows)).encode(
            y=alt.Y("nom:N", sort=None, axis=alt.Axis(title=None, ticks=False, domain=False, labelLimit=330)),
            x=alt.X("valeur:Q", scale=alt.Scale(domain=[0, longest], nice=False), axis=None),
        )
        drawn = base.mark_bar(height={"band": 0.62}).encode(color=alt.Color("couleur:N", scale=None))
        text = base.mark_text(align="left", dx=6, fontSize=13, color=INK).encode(text="dit:N")
        # The figure of the longest bar stands beyond its end.
        return self._drawn((drawn + text).properties(width=WIDTH - 190, height=ROW * len(bars)), words)

    @_once
    def stacks(self, stacks: Mapping[str, Sequence[Bar]], words: str) -> Markup:
        """One stacked bar a name, its parts labelled inside; a part of zero is left out.

        Args:
            stacks: name -> its parts.
            words: what the chart shows.
        """
        import altair as alt

        rows, labels, longest = [], [], 0.0
        for name, parts in stacks.items():
            at = 0.0
            for bar in parts:
                if bar.value:
                    rows.append({"nom": name, "de": at, "a": at + bar.value, "couleur": bar.colour})
                    labels.append({"nom": name, "milieu": at + bar.value / 2, "dit": bar.said})
                    at += bar.value
            longest = max(longest, at)
        order = list(stacks)
        y = alt.Y("nom:N", sort=order, axis=alt.Axis(title=None, ticks=False, domain=False))
        scale = alt.Scale(domain=[0, longest or 1], nice=False)
        drawn = (
            alt.Chart(alt.InlineData(rows))
            .mark_bar(height={"band": 0.7}, stroke=WASH, strokeWidth=1)
            .encode(
                y=y,
                x=alt.X("de:Q", axis=None, scale=scale),
                x2="a:Q",
                color=alt.Color("couleur:N", scale=None),
            )
        )
        text = (
            alt.Chart(alt.InlineData(labels))
            .mark_text(fontSize=12, fontWeight="bold", color=WASH)
            .encode(y=y, x=alt.X("milieu:Q", scale=scale), text="dit:N")
        )
        return self._drawn((drawn + text).properties(width=WIDTH, height=ROW * len(stacks)), words)

    @_once
    def freshness(self, spans: Sequence[Span], today: date) -> Markup:
        """What was promised: a bar from each last receipt to the day the next is due, and a line for today.

        Args:
            spans: one at least, of different names.
            today: in local time.
        """
        import altair as alt

        def at(when: date) -> str:
            return f"{when.isoformat()}T00:00:00"

        rows = [
            {"nom": one.name, "de": at(one.last), "a": at(one.due), "couleur": BAD if one.late else GOOD}
            for one in spans
        ]
        late = [{"nom": one.name, "de": at(one.due), "a": at(today)} for one in spans if one.late]
        moments = [today, *(one.last for one in spans), *(one.due for one in spans)]
        # Over a few months, several ticks share a month: then they are days.
        form = "%-d %b" if (max(moments) - min(moments)).days <= MONTHS_FROM else "%b %Y"
        x = alt.X("de:T", axis=alt.Axis(title=None, format=form, tickCount=6, labelOverlap=True))
        y = alt.Y("nom:N", sort=None, axis=alt.Axis(title=None, ticks=False, domain=False, labelLimit=260))
        layers = [
            alt.Chart(alt.InlineData(rows))
            .mark_bar(height={"band": 0.42}, cornerRadius=3, opacity=0.85)
            .encode(y=y, x=x, x2="a:T", color=alt.Color("couleur:N", scale=None))
        ]
        if late:
            layers.append(
                alt.Chart(alt.InlineData(late))
                .mark_rule(color=BAD, strokeDash=[3, 3], strokeWidth=2)
                .encode(y=y, x="de:T", x2="a:T")
            )
        now = alt.Chart(alt.InlineData([{"de": at(today), "dit": "aujourd'hui"}]))
        layers.append(now.mark_rule(color=INK, strokeWidth=1.5).encode(x="de:T"))
        layers.append(
            now.mark_text(color=INK, fontSize=12, dy=-8, baseline="bottom").encode(
                x="de:T", y=alt.value(0), text="dit:N"
            )
        )
        behind = sum(one.late for one in spans)
        words = (
            "Une barre par source, de la dernière réception au jour où la suivante est promise ; un trait "
            f"marque aujourd'hui, {day(today)}. {behind or 'Aucune'} en retard, sur {len(spans)}."
        )
        layered = alt.layer(*layers).properties(width=WIDTH - 60, height=ROW * len(spans))
        return self._drawn(layered, words)

    def _drawn(self, chart: Any, words: str) -> Markup:
        import vl_convert

        chart = chart.configure(
            background="transparent",
            font=FONT,
            aria=False,
            padding={"left": 4, "top": 8, "right": 72, "bottom": 4},
        )
        chart = chart.configure_view(stroke=None).configure_axis(
            labelColor=INK,
            labelFontSize=13,
            gridColor=LINE,
            domainColor=LINE,
            tickColor=LINE,
            labelFont=FONT,
            labelPadding=7,
        )
        # A control character in a name would end the whole process.
        drawing = _shown(chart.to_dict())
        svg = vl_convert.vegalite_to_svg(drawing, format_locale="fr-FR", time_format_locale="fr-FR")
        return self._own(svg, words)

    def _own(self, svg: str, words: str) -> Markup:
        """The drawing as a picture with a text, in the colours of the page."""
        svg = _PART.sub("", svg)
        svg = _ID.sub(lambda found: f"{found[1]}g{self._number}-{found[2]}", svg)
        for stand_in, variable in COLOURS.items():
            svg = svg.replace(f'="{stand_in}"', f'="var({variable})"')
        said = str(escape(words))
        return Markup(
            _SIZE.sub(
                lambda size: (
                    f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" role="img" aria-label="{said}" '
                    f'style="max-width:{float(size[1]):.0f}px" viewBox="0 0 {size[1]} {size[2]}">'
                ),
                svg,
                count=1,
            )
        )


def _shown(part: Any) -> Any:
    """A drawing whose texts all show."""
    if isinstance(part, dict):
        return {key: _shown(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_shown(value) for value in part]
    return inert.line(part) if isinstance(part, str) else part


def parts(values: Mapping[str, int], colours: Mapping[str, str]) -> Iterator[Bar]:
    """The parts of a stacked bar, in the order of the colours."""
    for name, colour in colours.items():
        if many := values.get(name, 0):
            yield Bar(name, many, french.number(many), colour)
