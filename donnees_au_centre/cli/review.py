"""`review`: what a merge request changes, as a letter to its reviewer, and a note where it is discussed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from donnees_au_centre.access import read_entries
from donnees_au_centre.cli.changes import ancestor
from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import local_zone, some
from donnees_au_centre.git import git, unpack
from donnees_au_centre.project import ParseResult, read_manifest
from donnees_au_centre.project.consumers import read_consumers
from donnees_au_centre.project.nodes import Manifest, domains_in
from donnees_au_centre.project.reader import MANIFEST
from donnees_au_centre.review import Review, as_data, find_rights, letter, post_note, to_compile
from donnees_au_centre.review import review as compare
from donnees_au_centre.review.compiling import compile_some, read_dbt
from donnees_au_centre.review.rights import Right
from donnees_au_centre.settings import Settings

LOST = {
    "problem": "git n'a pas la révision avec laquelle comparer",
    "advice": "Donnez une révision que ce dépôt a (DEPUIS=main) ; en CI, GIT_DEPTH=0.",
}
SHOWN = 8
FOLDER, LETTER, DATA = "review", "demande.md", "demande.json"


def review(settings: Settings, options: Mapping[str, str]) -> int:
    """Writes build/review: the letter and its data; and the note of the merge request, with a token.

    What is proposed is the project as its files are. Its tables are those that a build made with
    DBT_SCHEMA_PREFIX; without a database, or without them, the letter says what it does not compare.

    Args:
        settings: of the checkout.
        options: BASE, the folder with the manifest.json of what is in production; GITLAB_TOKEN and what
            GitLab gives to a job of a merge request.

    Raises:
        PlatformError: BASE is no such folder, or the project does not parse.
    """
    folder = options.get("BASE", "").strip()
    read_base(settings, folder)
    session, place, missing = _session(settings)
    tell(session, parse_or_fail(session), Path(folder), place, missing, options)
    return 0


def tell(
    session: Session, parsed: ParseResult, folder: Path, place: str, missing: str, options: Mapping[str, str]
) -> None:
    """Writes the letter, and the note of the merge request.

    Args:
        session: of the command, entered.
        parsed: what is proposed; its nodes name the tables that were built of it.
        folder: of the manifest.json of what is in production.
        place: the libpq connection string of the database that has the tables of both; "" when there is none.
        missing: why there is none, in French.
        options: GITLAB_TOKEN and what GitLab gives to a job of a merge request.

    Raises:
        PlatformError: what is in production cannot be read.
    """
    base = read_base(session.settings, str(folder))
    with session.step("Comparaison avec la production"):
        before, after, unsaid = _compiled(session.settings, folder, base, parsed)
        today = datetime.now(local_zone()).date()
        rights, unknown = _rights(session.settings, base, parsed.manifest, today, options)
        with _connected(place) as connection:
            consumers = read_consumers(session.settings.root)
            found = compare(
                base,
                parsed.manifest,
                today,
                before,
                after,
                connection,
                missing,
                consumers,
                rights,
                unsaid + unknown,
            )
    written = write_review(session.settings, found)
    print(f"\nLettre de la demande de fusion : {written}")
    _, said = post_note(letter(found), options)
    print(said)


def _compiled(
    settings: Settings, folder: Path, base: Manifest, parsed: ParseResult
) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """The SQL of what may differ, on both sides, and what could not be made of it, in French."""
    from dbt_common.exceptions import DbtBaseException

    changed = to_compile(base, parsed.manifest)
    if not changed:
        return {}, {}, []
    unsaid = []
    after = compile_some(settings, parsed.project, parsed.manifest, changed)
    try:
        before = compile_some(settings, read_dbt(folder / MANIFEST), base, changed)
    except DbtBaseException as error:
        before = {}
        unsaid.append(f"Le projet en production n'est pas celui de ce dbt ({type(error).__name__}).")
    for manifest, compiled, when in ((base, before, "en production"), (parsed.manifest, after, "proposé")):
        if lost := sorted(one.label for key in changed - compiled.keys() if (one := manifest.find(key))):
            unsaid.append(
                f"Le SQL {when} de {some(lost, SHOWN)} ne se compile pas : comparé tel qu'il est écrit."
            )
    return before, after, unsaid


def _rights(
    settings: Settings, base: Manifest, head: Manifest, today: date, options: Mapping[str, str]
) -> tuple[tuple[Right, ...], list[str]]:
    """The rights that change, and why some are not compared, in French.

    A manifest has not what policies/ say: what is in production said it at the revision that the branch left.
    """
    root = settings.root
    try:
        since = options.get("DEPUIS") or ancestor(root)
        with TemporaryDirectory() as folder:
            former = Path(folder)
            unpack(git(root, "archive", "--format=tar", since, "models", "policies", **LOST), former)
            before, wrong = read_entries(former, domains_in(former))
    except PlatformError as error:
        return (), [f"Les droits n'ont pas été comparés : {' '.join(error.message.split())}"]
    after, faults = read_entries(root, domains_in(root))
    said = [
        f"Des droits déclarés {when} ne se lisent pas, et ne sont pas comparés : {listed[0]}"
        for when, listed in ((f"à la révision {since[:12]}", wrong), ("dans cette demande", faults))
        if listed
    ]
    return find_rights(base, head, before, after, today), said


def read_base(settings: Settings, folder: str) -> Manifest:
    """The manifest of what is in production.

    Raises:
        PlatformError: no folder is given, or it has none that can be read.
    """
    if not folder:
        raise PlatformError(
            f"BASE manque : le dossier du {MANIFEST} de ce qui est en production.",
            "make review BASE=<dossier> ; la construction de production l'écrit dans target/<base>/.",
        )
    if Path(folder).resolve() == settings.target_path.resolve():
        raise PlatformError(
            f"BASE={folder} est le dossier de ce projet-ci, que sa lecture récrit.",
            "Copiez-en le manifest.json ailleurs avant vos changements, et donnez cet autre dossier.",
        )
    try:
        return read_manifest(replace(settings, target_path=Path(folder)))
    except PlatformError:
        raise PlatformError(
            f"BASE={folder} n'a pas de {MANIFEST}.",
            "Donnez le dossier où la production garde le sien : target/<base>/ d'une construction sur main.",
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise PlatformError(
            f"{Path(folder) / MANIFEST} n'est pas celui d'un projet dbt.",
            "Donnez celui qu'a écrit une construction de ce projet.",
        ) from None


def write_review(settings: Settings, found: Review) -> Path:
    """Writes the letter and its data; the path of the letter."""
    folder = settings.build / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LETTER).write_text(letter(found), encoding="utf-8")
    data = json.dumps(as_data(found), ensure_ascii=False, indent=2)
    (folder / DATA).write_text(f"{data}\n", encoding="utf-8")
    return folder / LETTER


def _session(settings: Settings) -> tuple[Session, str, str]:
    """A session, with the database of the merge request, or why there is none, in French.

    With a database, dbt remembers what it read to build there.
    """
    missing = "aucune base n'est là : rien n'a été construit ici."
    if not settings.embedded or settings.state.exists():
        session = Session(settings)
        try:
            access = session.open_database()
            session.enter(access)
            return session, access.conninfo(), ""
        except PlatformError as error:
            missing = " ".join(error.message.split())
    return Session.without_database(settings), "", missing


@contextmanager
def _connected(place: str) -> Iterator[psycopg.Connection | None]:
    if not place:
        yield None
        return
    with psycopg.connect(place, autocommit=True) as connection:
        yield connection
