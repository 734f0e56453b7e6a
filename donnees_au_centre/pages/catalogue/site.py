"""Writes the site: pages from templates, the search index, one script, the common style sheet."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from donnees_au_centre.access.files import ALL_ROWS, Entry
from donnees_au_centre.catalogue import labels
from donnees_au_centre.catalogue.content import FRESHNESS, STATES, Catalogue, Page
from donnees_au_centre.pages import environment, replaced
from donnees_au_centre.pages.search import write_search
from donnees_au_centre.pages.site import beside
from donnees_au_centre.project.nodes import SHARED

HERE = Path(__file__).parent
STATIC = HERE / "static"
# Fields of a data set -> how much a word found there counts. Its steward chose the synonyms for that.
WEIGHTS = {"nom": 10, "synonymes": 12, "texte": 4, "colonnes": 2, "autres": 1}
# What is offered comes before what was received.
OFFERED = {"mart": 1.3}


def write_site(catalogue: Catalogue, folder: Path) -> Path:
    """Writes the site in place of the last one, at once: a reader never finds half of it.

    Args:
        catalogue: what the pages show.
        folder: of the site; what it held is gone afterwards. Its pages lead to the sites beside it.

    Returns:
        The first page.
    """
    with replaced(folder) as made:
        for address, text in _files(catalogue, beside(folder.parent, folder.name)):
            path = made / address
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        write_search(made, things(catalogue), WEIGHTS, OFFERED)
        for path in STATIC.iterdir():
            shutil.copyfile(path, made / path.name)
    return folder / "index.html"


def things(catalogue: Catalogue) -> Iterator[dict[str, str]]:
    """What the search finds: the words of each data set, by the field where they stand."""
    for page in catalogue.pages:
        one = page.dataset
        others = [
            one.purpose,
            one.authority,
            one.owner.function if one.owner else "",
            one.steward.function if one.steward else "",
            *(labels.CATEGORIES[category] for category in page.personal),
        ]
        yield {
            "adresse": page.address,
            "nom": one.name,
            "genre": one.kind,
            "synonymes": " ".join(one.synonyms),
            "texte": f"{one.description} {labels.domain(one.domain)} {catalogue.domains[one.domain]}",
            "colonnes": " ".join(f"{column.name} {column.description}" for column in one.columns),
            "autres": " ".join(filter(None, others)),
        }


def _files(catalogue: Catalogue, others: Sequence[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    render = _renderer(catalogue, others)
    pages = catalogue.pages
    yield "index.html", render("index.html.j2", "", here="index")
    yield (
        "strategiques.html",
        render(
            "liste.html.j2",
            "",
            here="strategiques",
            title="Jeux stratégiques",
            lead="Ceux dont l'administration dépend pour décider ou pour rendre compte.",
            shown=[page for page in pages if page.dataset.strategic],
        ),
    )
    yield "a-completer.html", render("a_completer.html.j2", "", here="a-completer")
    for domain, description in catalogue.domains.items():
        shown = [page for page in pages if page.dataset.domain == domain]
        yield (
            f"ag/{domain}.html",
            render(
                "liste.html.j2",
                "../",
                here=domain,
                title=labels.domain(domain),
                lead=description,
                shown=shown,
            ),
        )
    for page in pages:
        yield page.address, render("jeu.html.j2", "../", here="", page=page, one=page.dataset)


def _renderer(catalogue: Catalogue, others: Sequence[tuple[str, str]]) -> Any:
    templates = environment(HERE / "templates")
    templates.filters |= {
        "action": labels.action,
        "by_number": labels.by_number,
        "refresh": labels.refresh,
        "retention": labels.retention,
        "rows": rows_of,
    }
    templates.globals |= {
        "catalogue": catalogue,
        "beside": others,
        "by_id": {page.dataset.unique_id: page for page in catalogue.pages},
        "KINDS": labels.KINDS,
        "CLASSIFICATIONS": labels.CLASSIFICATIONS,
        "CATEGORIES": labels.CATEGORIES,
        "PROTECTIONS": labels.PROTECTIONS,
        "STATES": STATES,
        "FRESHNESS": FRESHNESS,
        "SHARED": SHARED,
        "to_complete": sum(len(page.gaps) for page in catalogue.pages) + len(catalogue.gaps),
        "today": catalogue.made_at.date(),
        "checks_of": checks_of,
    }

    def render(template: str, root: str, **values: Any) -> str:
        return templates.get_template(template).render(root=root, **values)

    return render


def rows_of(entry: Entry) -> str:
    """Which rows an entry lets its role see, in French; "" when nothing is filtered."""
    if isinstance(entry.rows, Mapping):
        return " ; ".join(
            f"{name.replace('_', ' ')} : {', '.join(values)}" for name, values in entry.rows.items()
        )
    return "toutes les lignes" if entry.rows == ALL_ROWS else ""


def checks_of(page: Page, column: str) -> list[Any]:
    """The tests of one column."""
    return [check for check in page.checks if check.column == column]
