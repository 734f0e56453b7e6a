"""`access`, `access-plan`, `access-check`: the rights of people and of the platform, as declared."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from datetime import date
from itertools import groupby

import psycopg

from donnees_au_centre.access import Change, Declaration, apply_access, declare, plan_access, read_entries
from donnees_au_centre.access.declaration import check_entries, readers_of, review_faults
from donnees_au_centre.access.files import Entry
from donnees_au_centre.audit import note_run
from donnees_au_centre.audit.rights import grant_rights
from donnees_au_centre.cli.confirmation import named, unnamed
from donnees_au_centre.cli.session import Session, open_project, parse_or_fail
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted, cut
from donnees_au_centre.history.structure import grant_rights as entitle_history
from donnees_au_centre.project.nodes import Manifest, domains_in
from donnees_au_centre.settings import Settings

# Of each kind of change, shown on the terminal, and how long.
FIRST, LINE = 3, 110


def access(settings: Settings, options: Mapping[str, str]) -> int:
    """Makes the rights of the database those declared, in one transaction, and says what changed.

    Raises:
        PlatformError: the files are wrong, the account may not give rights, or BASE does not name the
            database of a server that is not this checkout's.
    """
    session = Session(settings)
    opened = session.open_database()
    if not (named(settings, opened, options) or settings.embedded):
        raise unnamed(settings, opened)
    session.enter(opened)
    manifest = parse_or_fail(session).manifest
    with session.step("Accès"):
        said = give_rights(settings, opened.conninfo(), manifest)
    print(f"\n{said}")
    return 0


def give_rights(settings: Settings, conninfo: str, manifest: Manifest) -> str:
    """Applies the declared access to a database, and notes it in the audit journal.

    Returns:
        What was done, in a French sentence.

    Raises:
        PlatformError: the files are wrong, or the account may not give rights.
    """
    declaration = read_declaration(settings, manifest)
    applied = apply_access(conninfo, declaration)
    note_rights(settings, conninfo, applied.changes)
    said = summary(applied.changes, declaration)
    if not applied.left:
        return said
    return f"{said}\n{left_open(applied.left)} {write_script(settings, applied.left)} a le SQL."


def left_open(changes: list[Change]) -> str:
    """What only the server's administrator can close, in a French sentence."""
    kinds = ", ".join(f"{kind.lower()} {count}" for kind, count in Counter(c.kind for c in changes).items())
    return (
        f"Reste ouvert à tous les comptes ({kinds}) : ce que PostgreSQL donne à PUBLIC et que seul "
        "l'administrateur du serveur peut reprendre (docs/exploitant/acces.md)."
    )


def access_plan(settings: Settings, options: Mapping[str, str]) -> int:
    """Counts by kind what `access` would change, and writes its SQL to build/acces.sql; changes nothing.

    Raises:
        PlatformError: the files are wrong; or something differs and STRICT is set.
    """
    opened, manifest = open_project(Session(settings, quiet=True))
    declaration = read_declaration(settings, manifest)
    with psycopg.connect(opened.conninfo()) as connection:
        changes = plan_access(connection, declaration)
        connection.rollback()
    print(plan_summary(changes))
    if changes:
        print(f"\nLe SQL entier : {write_script(settings, changes)} ; make access l'applique.")
    if changes and (options.get("STRICT") or "").lower() not in ("", "0", "non", "false"):
        raise PlatformError(
            f"Les droits de la base {settings.database} diffèrent des accès déclarés "
            f"en {counted(len(changes), 'point')}.",
            "Lisez le SQL du fichier ci-dessus, puis make access l'applique.",
        )
    return 0


def access_check(settings: Settings, _options: Mapping[str, str]) -> int:
    """Checks the declared access against the project and the calendar; opens no database.

    Raises:
        PlatformError: an entry is wrong, or its review is past.
    """
    check_entries_of(settings, parse_or_fail(Session.without_database(settings)).manifest)
    return 0


def check_entries_of(settings: Settings, manifest: Manifest) -> None:
    """Checks the declared access against a project that has just been read, and the calendar; says how it is.

    Raises:
        PlatformError: an entry is wrong, or its review is past.
    """
    entries = read_files(settings, manifest)
    past, soon = review_faults(entries, date.today())
    print("\n".join([*past, *soon]), end="\n" if past or soon else "")
    if past:
        many = len(past) > 1
        raise PlatformError(
            f"{len(past)} accès {'déclarés ont passé leur' if many else 'déclaré a passé sa'} date de revue.",
            "Faites confirmer chacun par son approbateur, puis reculez « revue » d'un an au plus, là où elle "
            "est dite ; ou retirez l'accès (docs/exploitant/acces.md).",
        )
    print(f"Accès : {len(entries)} entrées bien écrites, aucune revue échue.")


def readers_of_marts(settings: Settings, manifest: Manifest) -> Mapping[str, list[str]] | None:
    """The roles that read each mart, by its unique id; None when an entry is wrong: others say so."""
    try:
        return readers_of(read_files(settings, manifest), manifest)
    except PlatformError:
        return None


def read_files(settings: Settings, manifest: Manifest) -> list[Entry]:
    """Reads the declared access, which must be right.

    Raises:
        PlatformError: an entry is wrong; the message has them all.
    """
    entries, faults = read_entries(settings.root, domains_in(settings.root))
    # What an unreadable entry grants is not known: the rest is judged all the same.
    faults += check_entries(entries, manifest)
    if faults:
        raise PlatformError(
            "Les accès déclarés sont à corriger :\n" + "\n".join(f"  {fault}" for fault in faults),
            "docs/exploitant/acces.md donne les clés d'une entrée.",
        )
    return entries


def read_declaration(settings: Settings, manifest: Manifest) -> Declaration:
    """What the files mean today; tells about the reviews past or near.

    Raises:
        PlatformError: an entry is wrong.
    """
    today = date.today()
    entries = read_files(settings, manifest)
    for line in (line for lines in review_faults(entries, today) for line in lines):
        print(f"-- {line}")
    return declare(entries, manifest, today)


def note_rights(settings: Settings, conninfo: str, changes: list[Change]) -> None:
    """Gives the platform's roles their part in the audit journal, and notes there what was changed.

    Raises:
        PlatformError: the journal could not be made, shared or written; the rights stay as they were applied.
    """
    try:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            grant_rights(connection)
            entitle_history(connection)
    except psycopg.Error as error:
        raise PlatformError(
            "Les droits sont appliqués, mais pas ceux du journal d'audit et de l'historique : "
            f"{str(error).strip()}",
            "Un administrateur lance make access avec son compte (docs/exploitant/audit.md).",
        ) from error
    if changes:
        counts = dict(Counter(change.kind for change in changes))
        note_run(settings, conninfo, "droits", "access", {"issue": "reussi", "changements": counts})


def script(changes: list[Change]) -> str:
    """The changes as a SQL script of one transaction, with a French title a kind."""
    if not changes:
        return "-- Rien à changer : les droits de la base sont ceux des accès déclarés."
    lines = ["begin;"]
    for (kind, administrator), group in groupby(changes, key=lambda one: (one.kind, one.administrator)):
        lines += ["", f"-- {kind}" + (", par l'administrateur du serveur" if administrator else "")]
        lines += [f"{change.statement.rstrip(';')};" for change in group]
    return "\n".join([*lines, "", "commit;"])


def plan_summary(changes: list[Change]) -> str:
    """What would be changed, in French: how much of each kind, and the first of each."""
    if not changes:
        return "Rien à changer : les droits de la base sont ceux des accès déclarés."
    lines = [f"À changer dans la base : {counted(len(changes), 'point')}."]
    left = [change for change in changes if change.administrator]
    if left:
        lines.append(left_open(left))
    for kind, group in groupby(changes, key=lambda change: change.kind):
        statements = [" ".join(change.statement.split()) for change in group]
        lines.append(f"  {kind} : {len(statements)}")
        lines += [f"    {cut(statement, LINE)}" for statement in statements[:FIRST]]
        if len(statements) > FIRST:
            lines.append("    …")
    return "\n".join(lines)


def write_script(settings: Settings, changes: list[Change]) -> str:
    """Writes the changes as SQL, for the administrator who will execute it.

    Returns:
        The file, from the checkout.

    Raises:
        PlatformError: it cannot be written.
    """
    path = settings.build / "acces.sql"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{script(changes)}\n", encoding="utf-8")
    except OSError as error:
        raise PlatformError(
            f"{path} ne peut pas être écrit ({error.strerror}).", "Donnez à ce compte le droit d'y écrire."
        ) from error
    return os.path.relpath(path, settings.root)


def summary(changes: list[Change], declaration: Declaration) -> str:
    """What was applied, in French."""
    roles = f"{len(declaration.roles)} rôles, {len(declaration.schemas)} schémas"
    if not changes:
        return f"Accès : rien à changer ({roles})."
    counts = Counter(change.kind for change in changes)
    detail = ", ".join(f"{kind.lower()} {count}" for kind, count in counts.items())
    return f"Accès appliqués ({roles}) ; changements : {detail}."
