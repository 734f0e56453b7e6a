"""`purge`, `register`, `person-access`, `person-erase`, `person-rectify`: rights of people, duties of AGs."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg

from donnees_au_centre.administration import ours
from donnees_au_centre.audit import Head, keep_anchor
from donnees_au_centre.building import SHRINKING
from donnees_au_centre.building.offering import KEPT
from donnees_au_centre.cli.confirmation import confirmed, is_set
from donnees_au_centre.cli.project import build
from donnees_au_centre.cli.session import Access, Session, open_project, parse_or_fail
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.privacy.erasure import (
    erase,
    note,
    prove,
    raw_schemas,
    rectify,
    refresh_statistics,
    refuse_held,
    rewrite,
)
from donnees_au_centre.privacy.export import as_data, write_export
from donnees_au_centre.privacy.files import files_with
from donnees_au_centre.privacy.holds import held_datasets, read_holds
from donnees_au_centre.privacy.persons import nobody_named, read_asked, read_person_sources
from donnees_au_centre.privacy.places import STATISTICS, read_tables, search
from donnees_au_centre.privacy.purge import Due, apply_purge, plan_purge, shortest
from donnees_au_centre.privacy.register import missing, write_register
from donnees_au_centre.privacy.requests import Dossier, built_from, collect, take_role, telling
from donnees_au_centre.privacy.traces import (
    ANSWERS_KEPT,
    RETURNS_KEPT,
    erase_traces,
    find_traces,
    forget_old_files,
    told_beyond,
    told_traces,
)
from donnees_au_centre.project.datasets import read_datasets
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.versions import mart_of
from donnees_au_centre.refusals import describe_error
from donnees_au_centre.settings import Settings

STATES = {
    "a_effacer": "à effacer",
    "a_archiver": "à archiver puis effacer",
    "gele": "gelé",
    "suit": "suit ses sources",
    "absent": "absent de la base",
    "rien": "rien à effacer",
}
UNKNOWN = (
    "Attention : CONFIRMER=1 noterait quand même cet identifiant comme effacé, et ses lignes à venir "
    "ne seraient plus chargées."
)
FILES_TOO = (
    f"Hors de la base, aussi : les réponses aux personnes de plus de {ANSWERS_KEPT.days} jours, les "
    f"classeurs rendus de plus de {RETURNS_KEPT.days} jours, les pages et classeurs plus vieux que la plus "
    "courte durée."
)
LOST = "ce qui s'efface ne revient que d'une sauvegarde du serveur."
LOST_PERSON = f"{LOST[:-1]} ; l'identifiant reste noté, et ses lignes à venir ne se chargent plus."
ERASED_THERE = (
    "Les lectures à venir laissent cette personne de côté ; faites-la effacer là aussi, par qui les tient."
)
RECTIFIED_THERE = "La prochaine lecture en rapporterait l'ancienne valeur : faites-la d'abord corriger là."
LOST_VALUE = "la base ne garde pas l'ancienne valeur, ni les rejets et tests qui la montraient."


def purge_plan(settings: Settings, _options: Mapping[str, str]) -> int:
    """Counts by data set what is past its retention; changes nothing.

    Raises:
        PlatformError: a hold or a date format is wrong.
    """
    access, manifest = open_project(Session(settings))
    with connected(access) as connection:
        dues = plan(connection, manifest, settings, date.today())
        connection.rollback()
    past = sum(due.rows + due.rejects for due in dues)
    print(plan_text(dues))
    print(FILES_TOO)
    print(
        f"\n{counted(past, 'ligne')} à effacer ou à archiver : make purge montre le même plan, "
        "CONFIRMER=1 l'exécute."
        if past
        else "\nRien n'a passé sa durée de conservation."
    )
    return 0


def purge(settings: Settings, options: Mapping[str, str]) -> int:
    """Shows the plan; with CONFIRMER, deletes what it counts, notes it and rebuilds what was made of it.

    Args:
        options: CONFIRMER; ARCHIVES, the folder of what must be archived before it goes.

    Raises:
        PlatformError: the database refuses, or the rebuild failed; what was deleted stays deleted.
    """
    access, manifest = open_project(Session(settings))
    with connected(access) as connection:
        dues = plan(connection, manifest, settings, date.today())
        print(plan_text(dues))
        print(FILES_TOO)
        if not confirmed(settings, access, options, LOST):
            connection.rollback()
            return 0
        archives = options.get("ARCHIVES")
        done = apply_purge(connection, dues, Path(archives).absolute() if archives else None)
        connection.commit()
        keep_anchor(settings, connection)
    rewrite(access.conninfo(), {table for due in done for table in due.tables})
    waiting = [due.label for due in dues if due.state == "a_archiver" and not archives]
    if waiting:
        print(f"\nEn attente d'un dossier d'archives (ARCHIVES=…) : {', '.join(waiting)}.")
    print(
        f"\nEffacés : {counted(sum(due.rows for due in done), 'ligne')} "
        f"et {counted(sum(due.rejects for due in done), 'rejet')}."
    )
    rebuild(
        settings, access, manifest, {due.dataset.unique_id for due in done if due.dataset.kind == "source"}
    )
    if done and (settings.build / "reports").is_dir():
        from donnees_au_centre.pages.reports import write_reports

        write_reports(settings, access.conninfo(), manifest, datetime.now(UTC))
    files = forget_old_files(settings, datetime.now(UTC), shortest(dues))
    print(f"Hors de la base : {counted(len(files), 'fichier effacé', 'fichiers effacés')}.")
    return 0


def person_access(settings: Settings, options: Mapping[str, str]) -> int:
    """Writes all that the database holds of one person, as JSON and as a page.

    Args:
        options: IDENTIFIANT (asked for when it is not given) and AG.

    Raises:
        PlatformError: no right to it, or nobody named.
    """
    identifier = _identifier(options)
    access, manifest = open_project(Session(settings))
    with connected(access) as connection:
        dossier = _collect(connection, manifest, settings, identifier, options)
        files = _files(settings, dossier)
        head = note(connection, "acces_personne", dossier, dossier.counts())
        # No trace, no answer.
        connection.commit()
        _anchor(settings, access, head)
        traces = find_traces(settings, dossier.values, dossier.identifiers)
        data = as_data(dossier, read_datasets(manifest), files, traces)
    forget_old_files(settings, datetime.now(UTC))
    machine, page = write_export(data, settings.build / "droits")
    print(_told(dossier) + _told_systems(dossier, "Ce qu'ils ont de plus, eux seuls le disent."))
    print(
        f"\nPage : {page}\nJSON : {machine}\nCes fichiers sont personnels : remettez-les, puis effacez-les."
    )
    return 0


def person_erase(settings: Settings, options: Mapping[str, str]) -> int:
    """Shows what an erasure would delete; with CONFIRMER, deletes it and proves that nothing is left.

    Args:
        options: IDENTIFIANT (asked for when it is not given), AG, CONFIRMER.

    Raises:
        PlatformError: no right to it, a legal hold, or something is left.
    """
    identifier = _identifier(options)
    access, manifest = open_project(Session(settings))
    with connected(access) as connection:
        dossier = _collect(connection, manifest, settings, identifier, options)
        print(_told(dossier) + _told_systems(dossier, ERASED_THERE))
        _refuse_held(dossier, manifest, settings)
        files = _files(settings, dossier)
        if not is_set(options.get("CONFIRMER")):
            print(_told_files(files))
            print(told_traces(find_traces(settings, dossier.values, dossier.identifiers)))
            print(told_beyond())
            if not dossier.counts():
                print(UNKNOWN)
        if not confirmed(settings, access, options, LOST_PERSON):
            connection.rollback()
            return 0
        _, head = erase(connection, dossier, settings)
        connection.commit()
        _anchor(settings, access, head)
    return _conclude(settings, access, manifest, dossier, files)


def person_rectify(settings: Settings, options: Mapping[str, str]) -> int:
    """Shows the cells that would change; with CONFIRMER, changes them and rebuilds what was made of them.

    Args:
        options: IDENTIFIANT (asked for when it is not given), AG, COLONNE, VALEUR (none empties the cell).

    Raises:
        PlatformError: no right to it, a legal hold, or no such column.
    """
    column = (options.get("COLONNE") or "").strip()
    if not column:
        raise PlatformError("Que faut-il rectifier ?", "Donnez COLONNE=… (du brut) et VALEUR=….")
    identifier = _identifier(options)
    access, manifest = open_project(Session(settings))
    with connected(access) as connection:
        dossier = _collect(connection, manifest, settings, identifier, options)
        print(_told(dossier) + _told_systems(dossier, RECTIFIED_THERE))
        _refuse_held(dossier, manifest, settings)
        files = _files(settings, dossier)
        value = options.get("VALEUR") or None
        counts, former, head = rectify(connection, dossier, column, value)
        if not is_set(options.get("CONFIRMER")):
            print(_told_change(dossier, column, value))
        if not confirmed(settings, access, options, LOST_VALUE):
            connection.rollback()
            return 0
        connection.commit()
        _anchor(settings, access, head)
    refresh_statistics(access.conninfo(), dossier.places)
    rebuild(settings, access, manifest, {source.unique_id for source in _present(dossier)})
    print(f"\nRectifié : {_counted(counts)}.")
    with psycopg.connect(access.conninfo()) as connection:
        left = [hit.place for hit in search(connection, telling(former)).hits]
    if left:
        print(f"L'ancienne valeur se lit encore, peut-être pour d'autres personnes : {', '.join(left)}.")
    print(_clear_traces(settings, access, manifest, telling(former)))
    print(_told_files(files))
    print(
        "Un fichier redéposé rapporterait l'ancienne valeur : faites corriger la source authentique."
        + _told_systems(dossier, RECTIFIED_THERE)
    )
    return 0


def register(settings: Settings, _options: Mapping[str, str]) -> int:
    """Writes the register of Article 30 as a page and as CSV; no database is opened.

    Raises:
        PlatformError: it is incomplete; it is written all the same, and the message says what is missing.
    """
    session = Session.without_database(settings)
    contacts = ours().contacts
    datasets = read_datasets(parse_or_fail(session).manifest)
    sheet, page = write_register(datasets, contacts, settings.build / "registre")
    print(f"\nRegistre des traitements : {page}\nTableur : {sheet}")
    lines = missing(datasets)
    if lines:
        raise PlatformError(
            "Le registre des traitements est incomplet :\n" + "\n".join(f"  {line}" for line in lines),
            "Complétez ces clés sous config.meta.gouvernance du fichier nommé "
            "(docs/gestionnaire/gouvernance.md).",
        )
    return 0


def plan_text(dues: Iterable[Due]) -> str:
    """A plan of purge, one line a data set."""
    planned = list(dues)
    lines = [f"{'Jeu de données':58} {'avant le':>10} {'lignes':>9} {'rejets':>7}  état"]
    for due in planned:
        remark = f" ({due.remark})" if due.remark and due.state != "suit" else ""
        lines.append(
            f"{due.label:58} {due.before:%d/%m/%Y} {due.rows:>9} {due.rejects:>7}"
            f"  {STATES[due.state]}{remark}"
        )
    systems = [
        f"  {due.label} : {due.system}"
        for due in planned
        if due.system and due.rows and due.state in ("a_effacer", "a_archiver")
    ]
    if systems:
        lines += [
            "Ces systèmes ont peut-être encore ces lignes, et une lecture entière les rapporterait :",
            *systems,
            "Faites-les effacer là aussi, ou ne lisez que ce qui est à garder (`query`, ou le filtre que les "
            "`options` de ce genre permettent).",
        ]
    return "\n".join(lines)


@contextmanager
def connected(access: Access) -> Iterator[psycopg.Connection]:
    """A transaction; the database's refusals become errors for people."""
    try:
        with psycopg.connect(access.conninfo()) as connection:
            yield connection
    except psycopg.Error as error:
        raise PlatformError(
            f"PostgreSQL refuse : {describe_error(error).rstrip('.')}. Rien n'a changé.",
            "S'il s'agit de droits : make access les applique ; "
            "docs/gestionnaire/droits-des-personnes.md dit quel compte "
            "fait quoi.",
        ) from None


def plan(connection: psycopg.Connection, manifest: Manifest, settings: Settings, today: date) -> list[Due]:
    """Counts what is past its retention, and says which holds have ended.

    Raises:
        PlatformError: a hold or a date format is wrong.
    """
    datasets = read_datasets(manifest)
    holds = read_holds(settings.root, datasets)
    for hold in holds:
        if hold.until < today:
            print(f"Un gel est échu depuis le {hold.until:%d/%m/%Y} et ne protège plus : {hold.reason}")
    return plan_purge(connection, manifest, datasets, holds, settings, today)


def _collect(
    connection: psycopg.Connection,
    manifest: Manifest,
    settings: Settings,
    identifier: str,
    options: Mapping[str, str],
) -> Dossier:
    take_role(connection)
    known = {source.domain for source in read_person_sources(manifest)}
    asked = read_asked(identifier, options.get("AG"), known)
    return collect(connection, manifest, settings, asked)


def _identifier(options: Mapping[str, str]) -> str:
    """IDENTIFIANT; else what is typed unseen, or the first line of the input: neither is in the history.

    Raises:
        PlatformError: there is none.
    """
    given = options.get("IDENTIFIANT")
    if not given and sys.stdin is not None:
        asks = sys.stdin.isatty()
        given = (
            getpass.getpass("Identifiant de la personne (ne s'affiche pas) : ")
            if asks
            else sys.stdin.readline()
        )
    if not (given or "").strip():
        raise nobody_named()
    return given or ""


def _refuse_held(dossier: Dossier, manifest: Manifest, settings: Settings) -> None:
    datasets, today = read_datasets(manifest), date.today()
    holds = read_holds(settings.root, datasets)
    refuse_held(dossier, holds, held_datasets(holds, manifest, datasets, today), today)


def _files(settings: Settings, dossier: Dossier) -> dict[str, list[int]]:
    written = {value for value in dossier.values if len(value) != 64}
    known = [(file, line) for _, file, line in dossier.lines]
    return files_with(settings.landing, {source.domain for source in dossier.sources}, written, known)


def _present(dossier: Dossier) -> list:
    labels = {label for place in dossier.places for label in place.sources}
    return [source for source in dossier.sources if source.label in labels]


def rebuild(settings: Settings, access: Access, manifest: Manifest, sources: Iterable[str]) -> None:
    """Builds again what was made of some sources and is in the database, if this account may.

    Raises:
        PlatformError: dbt failed.
    """
    with psycopg.connect(access.conninfo()) as connection:
        tables = {mart_of(table.schema, table.name) for table in read_tables(connection)}
        names = [
            (node.name, node.schema)
            for node in built_from(manifest, sources)
            if node.kind == "model" and (node.schema, node.relation) in tables
        ]
        may = all(
            connection.execute("select has_schema_privilege(session_user, %s, 'create')", [schema]).fetchone()
            == (True,)
            for schema in {schema for _, schema in names}
        )
    if not names:
        return
    selection = " ".join(sorted(name for name, _ in names))
    if not may:
        print(f"\nCe compte ne construit pas : faites jouer make build SELECT='{selection}'.")
        return
    # What was deleted on purpose leaves the marts, however many rows they lose, and their older versions go.
    build(settings, {"SELECT": selection, SHRINKING: "1", KEPT: "0"})


def _anchor(settings: Settings, access: Access, head: Head) -> None:
    with psycopg.connect(access.conninfo()) as connection:
        keep_anchor(settings, connection, head)


def _conclude(
    settings: Settings,
    access: Access,
    manifest: Manifest,
    dossier: Dossier,
    files: Mapping[str, Sequence[int]],
) -> int:
    """Rebuilds, then searches the whole database for the person.

    Raises:
        PlatformError: something is left, or could not be read.
    """
    refresh_statistics(access.conninfo(), dossier.places)
    failure = None
    try:
        rebuild(settings, access, manifest, {source.unique_id for source in _present(dossier)})
    except PlatformError as error:
        failure = error
    with psycopg.connect(access.conninfo()) as connection:
        proof = prove(connection, dossier, raw_schemas(dossier.sources))
    print(f"\nRecherche dans toute la base : {proof.found.tables} tables et {STATISTICS} lues.")
    if proof.coincidences:
        print(f"Même nombre, dans des données qui ne parlent de personne : {', '.join(proof.coincidences)}.")
    print(_told_files(files) + _told_systems(dossier, ERASED_THERE))
    print(_clear_traces(settings, access, manifest, dossier.values, dossier.identifiers))
    print(told_beyond())
    if failure is not None:
        raise PlatformError(
            f"La personne est effacée, mais la reconstruction a échoué.\n{failure.message}", failure.advice
        )
    if proof.left:
        raise PlatformError(
            f"La personne se trouve encore dans : {', '.join(proof.left)}.",
            "Ces endroits ne viennent pas de ses sources : jugez-les un à un, avec le responsable du jeu.",
        )
    if proof.found.unread:
        raise PlatformError(
            "Effacé, sans preuve pour les tables que ce compte ne lit pas : "
            f"{', '.join(proof.found.unread)}.",
            "Un administrateur relance person-erase avec son compte : il ne reste rien à effacer, et la "
            "recherche lit tout.",
        )
    print("Plus aucune valeur de la personne dans la base.")
    return 0


def _clear_traces(
    settings: Settings,
    access: Access,
    manifest: Manifest,
    values: Collection[str],
    identifiers: Collection[str] = (),
) -> str:
    """Takes values out of the files of the platform, once the database has them no more; says what stays."""
    begun, remade = datetime.now(UTC), None
    if (settings.build / "reports").is_dir():
        # Imported here: charts and Elementary take seconds. They read what stewards wrote before it goes.
        from donnees_au_centre.pages.reports import write_reports

        write_reports(settings, access.conninfo(), manifest, begun)
        remade = begun
    traces = find_traces(settings, values, identifiers, remade)
    left = erase_traces(settings, traces, values)
    gone = counted(len(traces) - len(left), "autre fichier effacé", "autres fichiers effacés")
    again = "pages et classeurs refaits, " if remade else ""
    return "\n".join(filter(None, [f"Hors de la base : {again}{gone}.", told_traces(left, done=True)]))


def _told(dossier: Dossier) -> str:
    lines = [
        f"  {place.table.label} : {counted(len(place.rows), 'ligne')}"
        for place in dossier.places
        if place.rows
    ] or ["  aucune ; vérifiez d'abord l'écriture de l'identifiant (zéros, lettres) et l'AG"]
    lines.insert(0, "Lignes sur cette personne :")
    for domain, prints in sorted(dossier.fingerprints.items()):
        lines += [f"  empreinte pour {domain} (audit, gels) : {one}" for one in prints]
    if dossier.homonyms:
        lines.append(f"À vérifier, des homonymes sont possibles : {', '.join(dossier.homonyms)}.")
    return "\n".join(lines)


def _told_change(dossier: Dossier, column: str, value: str | None) -> str:
    lines = [
        f"Serait vidée ({column}) :" if value is None else f"Prendrait la valeur « {value} » ({column}) :"
    ]
    for place in dossier.places:
        if place.kind == "brut" and column in place.table.columns:
            changed = sum(row[column] != value for row in place.rows)
            lines.append(f"  {place.table.label} : {counted(changed, 'cellule')} sur {len(place.rows)}")
    if value is None:
        lines.append("Pour une autre valeur, donnez VALEUR=….")
    lines.append(
        "Écrivez-la comme la source : au typage, une valeur illisible est vidée, ou sa ligne rejetée."
    )
    return "\n".join(lines)


def _told_systems(dossier: Dossier, then: str) -> str:
    """The systems that the rows are read in, and what follows; "" when all came in files."""
    systems = [f"  {label} : {system}" for label, system in sorted(dossier.systems.items())]
    said = ["\nCes systèmes, d'où elles sont lues, les ont encore :", *systems, then]
    return "\n".join(said) if systems else ""


def _told_files(files: Mapping[str, Sequence[int]]) -> str:
    if not files:
        return "Aucun fichier de la zone de dépôt ne parle de la personne."
    lines = ["Hors de la base, ces fichiers de la zone de dépôt parlent encore de la personne :"]
    for name, numbers in files.items():
        lines.append(
            f"  {name} : "
            + (
                f"{'lignes' if len(numbers) > 1 else 'ligne'} {', '.join(map(str, numbers))}"
                if numbers
                else "à chercher"
            )
        )
    return "\n".join([*lines, "Faites-les remplacer ou effacer par qui les dépose."])


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{table} {count}" for table, count in counts.items() if count) or "rien"
