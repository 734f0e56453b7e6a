"""Writes the documentation site: pages, menu, search. It opens from the disk, without a network."""

from __future__ import annotations

import posixpath
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment

from donnees_au_centre.catalogue import labels
from donnees_au_centre.catalogue.content import Catalogue
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.pages import environment, replaced
from donnees_au_centre.pages.documentation import reference
from donnees_au_centre.pages.documentation.documents import (
    Document,
    Documents,
    file_address,
    read_documents,
)
from donnees_au_centre.pages.documentation.markdown import blocks
from donnees_au_centre.pages.documentation.reference import COMMANDS, MACROS, RULES_PAGE, Entry
from donnees_au_centre.pages.search import write_search
from donnees_au_centre.pages.site import beside
from donnees_au_centre.project.glossary import FILE as VOCABULARY
from donnees_au_centre.project.nodes import Manifest

HERE = Path(__file__).parent
STATIC = HERE / "static"
FOLDER = "site"
# Folder of docs/ -> whom its pages are for; the readers come in the order in which they meet the platform.
READERS = {
    "apprendre": ("Apprendre", "Écrire sa première requête, dans le navigateur."),
    "analyste": ("Analyste", "D'un fichier reçu à un mart : déclarer, typer, tester, relire."),
    "gestionnaire": ("Gestionnaire", "Décrire les données, suivre leur qualité, répondre aux personnes."),
    "exploitant": ("Exploitant", "Installer, faire tourner, livrer, donner les droits, remettre en marche."),
    "contributeur": ("Contributeur", "Changer la plateforme : contrôles, décisions, licences."),
}
START, REFERENCE = "Commencer", "Référence"
# Those of the root that the menu shows, in its order.
FIRST = ("README.fr.md", "docs/architecture.md", "CONTRIBUTING.fr.md")
# Field of what is found -> how much a word found there counts; kind -> what its words are multiplied by.
WEIGHTS = {"nom": 10, "mots": 8, "page": 3, "texte": 2}
PAGE, SECTION, ROW, WORD = "Page", "Section", "Ligne d'un tableau", "Mot"
COMMAND, RULE, MACRO, DATASET = "Commande", "Règle", "Macro", "Jeu de données"
# Page -> what each of its rows is.
ROWS = {
    VOCABULARY: WORD,
    "docs/analyste/regles-denodo.md": RULE,
    "docs/analyste/macros-portables.md": MACRO,
}
FACTORS = {PAGE: 1.3, WORD: 1.3, COMMAND: 1.2, DATASET: 1.1, ROW: 0.8}

# The rules of portable SQL have a page of docs/, with what to write instead of each form.
RULES_LEAD = (
    "Ce que `make lint` tient sur le manifeste de dbt : l'identifiant qu'il imprime, et quoi faire. "
    "Les {} règles du SQL portable, avec ce qu'il faut écrire à la place, ont leur page."
)


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        page: the first one.
        pages: how many there are, those of linked files too.
        bytes: of all files of the site.
        things: how many the search finds.
        code: blocks of code of the pages, but pictures and those without a language.
        not_played: those of them that a page says nobody plays.
    """

    page: Path
    pages: int
    bytes: int
    things: int
    code: int
    not_played: int


def write_site(root: Path, manifest: Manifest, catalogue: Catalogue, build: Path, now: datetime) -> Written:
    """Writes the site in place of the last one, at once.

    Args:
        root: of the checkout.
        manifest: of its dbt project: the macros.
        catalogue: its data sets, to which the search leads.
        build: the folder where this site and the others stand side by side.
        now: when it is written, with its time zone.

    Raises:
        PlatformError: a page cannot be shown, or leads to what does not exist.
    """
    documents = read_documents(root)
    tables = {
        COMMANDS: reference.commands(root, documents.french),
        RULES_PAGE: reference.rules(documents.french),
        MACROS: reference.macros(manifest),
    }
    found = list(_things(documents, tables, catalogue))
    with replaced(build / FOLDER) as made:
        for address, text in _files(root, documents, tables, build, now):
            path = made / address
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for source in documents.files:
            if not file_address(source).endswith(".html"):
                path = made / file_address(source)
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(root / source, path)
        for path in STATIC.iterdir():
            shutil.copyfile(path, made / path.name)
        write_search(made, found, WEIGHTS, FACTORS)
    code = [block for one in documents.french for block in blocks((root / one.source).read_text("utf-8"))]
    code = [block for block in code if block.language not in ("", "mermaid")]
    written = [path for path in (build / FOLDER).rglob("*") if path.is_file()]
    return Written(
        build / FOLDER / "index.html",
        sum(path.suffix == ".html" for path in written),
        sum(path.stat().st_size for path in written),
        len(found),
        len(code),
        sum(not block.played for block in code),
    )


def menu(documents: Documents) -> dict[str, list[tuple[str, str]]]:
    """Part of the menu -> address and title of its pages."""
    pages = {one.source: (one.address, one.page.title) for one in documents.french}
    found = {START: [pages[source] for source in FIRST if source in pages]}
    found[START][:1] = [(pages[FIRST[0]][0], "Présentation")] if FIRST[0] in pages else []
    for folder, (title, _) in READERS.items():
        inside = [source for source in pages if source.startswith(f"docs/{folder}/")]
        # A folder in the folder has its own first page, which leads to the others.
        found[title] = [pages[one] for one in inside if one.count("/") == 2 or one.endswith("/README.md")]
    others = [source for source in pages if source.count("/") == 1 and source not in (*FIRST, VOCABULARY)]
    found[START] += [pages[one] for one in others]
    found[REFERENCE] = [
        *([pages[VOCABULARY]] if VOCABULARY in pages else []),
        (COMMANDS, "Les commandes"),
        (RULES_PAGE, "Les règles du projet"),
        (MACROS, "Les macros"),
    ]
    return {title: entries for title, entries in found.items() if entries}


def _files(
    root: Path,
    documents: Documents,
    tables: Mapping[str, Mapping[str, list[Entry]]],
    build: Path,
    now: datetime,
) -> Iterator[tuple[str, str]]:
    templates = environment(HERE / "templates")
    parts = menu(documents)
    templates.globals |= {
        "menu": parts,
        "made_at": now,
        "readers": [(title, lead, parts[title]) for title, lead in READERS.values() if title in parts],
        "beside": beside(build, FOLDER),
    }
    yield "index.html", _rendered(templates, "index.html.j2", "index.html")
    for one in documents.pages.values():
        yield one.address, _rendered(templates, "document.html.j2", one.address, one=one, page=one.page)
    for address, title, lead in (
        (COMMANDS, "Les commandes", "Ce que `make help` dit, et les pages qui en parlent."),
        (RULES_PAGE, "Les règles du projet", RULES_LEAD.format(reference.portable_rules())),
        (MACROS, "Les macros", "Celles du projet dbt, par intention, avec leurs arguments."),
    ):
        yield (
            address,
            _rendered(
                templates, "reference.html.j2", address, title=title, lead=lead, groups=tables[address]
            ),
        )
    for source in documents.files:
        address = file_address(source)
        if address.endswith(".html"):
            yield (
                address,
                _rendered(templates, "fichier.html.j2", address, source=source, text=_text(root, source)),
            )


def _rendered(templates: Environment, template: str, address: str, **values: Any) -> str:
    root = "../" * address.count("/")
    return templates.get_template(template).render(root=root, here=address, **values)


def _text(root: Path, source: str) -> str:
    try:
        return (root / source).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise PlatformError(
            f"{source}, vers quoi mène une page, n'est pas un texte.", "Retirez le lien de la page."
        ) from error


def _things(
    documents: Documents, tables: Mapping[str, Mapping[str, list[Entry]]], catalogue: Catalogue
) -> Iterator[dict[str, str]]:
    """What the search finds: pages, their sections, rows that stand for one thing, and what the code says."""
    for one in documents.french:
        yield from _parts(one)
    for address, kind in ((COMMANDS, COMMAND), (RULES_PAGE, RULE), (MACROS, MACRO)):
        for group, entries in tables[address].items():
            for entry in entries:
                more = " ".join(f"{name} {said}" for name, said in entry.more.items())
                name = f"make {entry.name}" if kind == COMMAND else entry.name
                yield _thing(f"{address}#{entry.name}", kind, name, group, f"{entry.says} {more}")
    for page in catalogue.pages:
        data = page.dataset
        thing = _thing(
            posixpath.join("../catalogue", page.address),
            DATASET,
            data.name,
            labels.domain(data.domain),
            data.description,
        )
        yield {**thing, "mots": " ".join(data.synonyms)}


def _parts(one: Document) -> Iterator[dict[str, str]]:
    for part in one.page.parts:
        kind = ROWS.get(one.source, ROW) if part.row else SECTION if part.anchor else PAGE
        address = f"{one.address}#{part.anchor}" if part.anchor else one.address
        yield _thing(address, kind, part.title, one.page.title if part.anchor else "", part.text)


def _thing(address: str, kind: str, name: str, page: str, text: str) -> dict[str, str]:
    return {
        "adresse": address,
        "genre": kind,
        "nom": " ".join(name.split()),
        "page": page,
        "texte": " ".join(text.split()),
    }
