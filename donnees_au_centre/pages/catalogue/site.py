"""Writes the site: pages from templates, the search index, one script, the common style sheet."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.access.files import ALL_ROWS, Entry
from donnees_au_centre.catalogue import labels
from donnees_au_centre.catalogue.content import FRESHNESS, STATES, Catalogue, Page
from donnees_au_centre.pages import environment, replaced
from donnees_au_centre.project.nodes import SHARED

HERE = Path(__file__).parent
STATIC = HERE / "static"
SYNONYMS = HERE / "synonymes.yml"


def write_site(catalogue: Catalogue, folder: Path) -> Path:
    """Writes the site in place of the last one, at once: a reader never finds half of it.

    Args:
        catalogue: what the pages show.
        folder: of the site; what it held is gone afterwards.

    Returns:
        The first page.
    """
    with replaced(folder) as made:
        for address, text in _files(catalogue):
            path = made / address
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for path in STATIC.iterdir():
            shutil.copyfile(path, made / path.name)
    return folder / "index.html"


def search_index(catalogue: Catalogue) -> dict[str, Any]:
    """What the script searches: words of each data set by weight, and the groups of synonyms."""
    return {
        "jeux": [
            {
                "adresse": page.address,
                "nom": page.dataset.name,
                "genre": page.dataset.kind,
                "synonymes": " ".join(page.dataset.synonyms),
                "texte": " ".join(
                    [
                        page.dataset.description,
                        labels.domain(page.dataset.domain),
                        catalogue.domains[page.dataset.domain],
                    ]
                ),
                "colonnes": " ".join(
                    f"{column.name} {column.description}" for column in page.dataset.columns
                ),
                "autres": " ".join(
                    filter(
                        None,
                        [
                            page.dataset.purpose,
                            page.dataset.authority,
                            page.dataset.owner.function if page.dataset.owner else "",
                            page.dataset.steward.function if page.dataset.steward else "",
                            *(labels.CATEGORIES[category] for category in page.personal),
                        ],
                    )
                ),
            }
            for page in catalogue.pages
        ],
        "equivalents": yaml.safe_load(SYNONYMS.read_text(encoding="utf-8")),
    }


def _files(catalogue: Catalogue) -> Iterable[tuple[str, str]]:
    render = _renderer(catalogue)
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
    # Loaded as a script: a page opened from the disk may fetch nothing.
    text = json.dumps(search_index(catalogue), ensure_ascii=False, separators=(",", ":"))
    yield "donnees.js", f"window.CATALOGUE = {text.replace('<', chr(92) + 'u003c')};\n"


def _renderer(catalogue: Catalogue) -> Any:
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
