"""Writes the pages from the templates."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from donnees_au_centre import french
from donnees_au_centre.catalogue import labels
from donnees_au_centre.pages import environment, replaced
from donnees_au_centre.pages.quality import charts as drawing
from donnees_au_centre.pages.quality.charts import Bar, Charts, Span, parts
from donnees_au_centre.pages.quality.content import (
    FAULTY,
    GRAVITIES,
    KINDS,
    MOST,
    STATES,
    Reason,
    View,
    kinds_of,
    view,
)
from donnees_au_centre.pages.quality.drawings import Drawings
from donnees_au_centre.pages.site import FRENCH_SPACE, beside
from donnees_au_centre.quality.facts import BROKEN, FAILED, GOOD, WARNED, Quality

HERE = Path(__file__).parent
STATIC = HERE / "static"
FIRST = "index.html"
DRAWINGS = ("trend", "scores", "outcomes", "freshness", "rejects")
# Bars of the chart of reasons; the table has them all.
BARS = 10
OUTCOMES = {
    GOOD: ("réussis", drawing.GOOD, "--good"),
    WARNED: ("avertissements", drawing.WARN, "--warn"),
    FAILED: ("échecs", drawing.BAD, "--bad"),
    BROKEN: ("impossibles", drawing.QUIET, "--quiet"),
}
# Between the tags of a page; a narrow mark is never left alone at the end or the beginning of a line.
_TEXT = re.compile(r">[^<]+<")


@dataclass(frozen=True)
class Answers:
    """What the stewards of a domain said of their lines.

    Attributes:
        noted: lines beside which a steward wrote something.
        still: those among them that a later run of their control found in fault again.
        aside: those among them that were put aside, and that came again in what was received since.
    """

    noted: int = 0
    still: int = 0
    aside: int = 0


def write_pages(
    quality: Quality,
    folder: Path,
    answers: Mapping[str, Answers] | None = None,
    names: Mapping[str, str] | None = None,
    drawings: Path | None = None,
) -> Path:
    """Writes the page of the ministry and one a domain, in place of the last ones.

    Pages link to the other sites (../../catalogue…) and to Elementary's page (../elementary.html) when these
    are there.

    Args:
        quality: what is known.
        folder: of the pages, build/reports/qualite.
        answers: domain -> what its stewards said in their workbooks.
        names: domain -> its name in full, the acronym first; the short names of the quality otherwise.
        drawings: file of the charts as they were last drawn; None to draw them all.

    Returns:
        The page of the ministry.
    """
    templates = _templates(quality, folder)
    views = {domain: view(quality, domain) for domain in ("", *quality.domains)}
    last = Drawings(drawings)
    with replaced(folder) as made:
        for path in STATIC.iterdir():
            shutil.copyfile(path, made / path.name)
        for domain, one in views.items():
            text = templates.get_template("ag.html.j2" if domain else "ministere.html.j2").render(
                root="",
                here=domain,
                page=one,
                views=views,
                drawn=_charts(quality, one, views, last),
                answer=(answers or {}).get(domain),
                names=names or {},
            )
            (made / (f"{domain}.html" if domain else FIRST)).write_text(french_spaces(text), encoding="utf-8")
    last.keep()
    return folder / FIRST


def french_spaces(page: str) -> str:
    """A page whose « », : ; ? and ! never begin or end a line by themselves."""
    return _TEXT.sub(lambda found: FRENCH_SPACE.sub("\u00a0", found[0]), page)


def _templates(quality: Quality, folder: Path) -> Any:
    made = environment(HERE / "templates")
    reports, catalogue = folder.parent, folder.parent.parent / "catalogue"
    made.filters["ago"] = lambda at: french.ago(at, quality.made_at)
    made.filters["kinds"] = kinds_of
    made.tests["administration"] = lambda domain: domain not in labels.DOMAINS
    made.globals |= {
        "quality": quality,
        "GRAVITIES": GRAVITIES,
        "KINDS": KINDS,
        "FAULTY": FAULTY,
        "STATES": STATES,
        "OUTCOMES": OUTCOMES,
        "MOST": MOST,
        "score_of": french.score,
        "share": _share,
        # One folder further from them than the other sites.
        "others": [(title, f"../{address}") for title, address in beside(catalogue.parent, "reports")],
        "elementary": "../elementary.html" if (reports / "elementary.html").is_file() else "",
        "workbooks": "../gestionnaires" if any((reports / "gestionnaires").glob("*.xlsx")) else "",
        "dataset_page": lambda domain, unique_id, label: _dataset_page(catalogue, domain, unique_id, label),
    }
    return made


def _dataset_page(catalogue: Path, domain: str, unique_id: str | None, label: str) -> str:
    """The address of a data set in the catalogue; "" when it has no page there."""
    if not unique_id:
        return ""
    # The label of a source table may be the name of both.
    name = ".".join(unique_id.split(".")[2:4]) if unique_id.startswith("source.") else label
    address = f"jeux/{domain}.{name}.html"
    return f"../../catalogue/{address}" if (catalogue / address).is_file() else ""


def _share(part: int, whole: int) -> str:
    """`97 %`, rounded down: a hundred is everything."""
    return f"{100 * part // whole}\u00a0%" if whole else "–"


def _charts(quality: Quality, page: View, views: Mapping[str, View], last: Drawings) -> dict[str, Markup]:
    """Each chart of DRAWINGS; empty when it would have nothing to show."""
    charts, drawn = Charts(last), dict.fromkeys(DRAWINGS, Markup(""))
    if len(page.days) > 1:
        drawn["trend"] = charts.trend(page.days, page.name)
    if page.domain:
        spans = [
            Span(one.label, french.day_of(one.last), one.due, one.late)
            for one in (line.source for line in page.freshness)
            if one.last and one.due
        ]
        if spans:
            drawn["freshness"] = charts.freshness(spans, french.day_of(quality.made_at))
        if shown := [one for one in page.reasons if one.kind in FAULTY][:BARS]:
            drawn["rejects"] = charts.bars(
                _reason_bars(shown), f"Ce qui est mis de côté le plus souvent : {_spoken(shown)}."
            )
        return drawn
    others = [one for domain, one in views.items() if domain]
    played = [one for one in others if one.played]
    if played:
        bars = [Bar(one.name, 100 * one.good / one.played, one.score, drawing.LINK) for one in played]
        said = french.listed(f"{bar.name} {bar.said}" for bar in bars)
        drawn["scores"] = charts.bars(bars, f"Score de chaque domaine, sur 100 : {said}.", highest=100)
        drawn["outcomes"] = charts.stacks(
            {
                one.name: [
                    Bar(outcome, one.count(outcome), french.number(one.count(outcome)), colour)
                    for outcome, (_, colour, _) in OUTCOMES.items()
                ]
                for one in played
            },
            "Contrôles de chaque domaine, par résultat.",
        )
    colours = {
        "jour": drawing.GOOD,
        "sans": drawing.LINK,
        "jamais": drawing.WARN,
        "retard": drawing.BAD,
        "echec": drawing.BAD,
    }
    states = {one.name: list(parts(one.states(), colours)) for one in others if one.freshness}
    if states:
        drawn["freshness"] = charts.stacks(states, "Sources de chaque domaine, par fraîcheur.")
    return drawn


def _reason_bars(reasons: list[Reason]) -> list[Bar]:
    colours = {"unreadable": drawing.BAD, "rejected": drawing.LINK, "anomalies": drawing.QUIET}
    bars, names = [], set()
    for one in reasons:
        name = one.reason if one.reason not in names else f"{one.reason} ({one.source})"
        names.add(name)
        length = drawing.HIDDEN_BAR if french.small(one.lines) else one.lines
        bars.append(Bar(name, length, french.few(one.lines), colours[one.kind]))
    return bars


def _spoken(reasons: list[Reason]) -> str:
    return french.listed(f"{one.reason}, {french.rows(one.lines)}" for one in reasons)
