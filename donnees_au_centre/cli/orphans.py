"""`orphans`: the tables that no model names any more, shown, then dropped on demand."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from donnees_au_centre.audit import keep_anchor, record
from donnees_au_centre.building.orphans import Orphan, drop_orphans, find_orphans, readers_of
from donnees_au_centre.cli.confirmation import confirmed
from donnees_au_centre.cli.session import Session, open_project
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.settings import Settings


def orphans(settings: Settings, options: Mapping[str, str]) -> int:
    """Shows the tables without a model and what reads them; with CONFIRMER, drops them and notes it.

    Args:
        options: TABLE, schema.name of one of them, all without it; CONFIRMER.

    Raises:
        PlatformError: TABLE is none of them, something reads one, or the database refuses.
    """
    access, manifest = open_project(Session(settings))
    with psycopg.connect(access.conninfo()) as connection:
        found = _chosen(find_orphans(connection, manifest), options.get("TABLE"))
        print("\n".join(_plan(connection, found)))
        lost = "une table supprimée ne revient que d'une sauvegarde du serveur."
        if not found or not confirmed(settings, access, options, lost):
            return 0
        try:
            dropped = drop_orphans(connection, found)
        except psycopg.errors.InsufficientPrivilege as error:
            raise PlatformError(
                "Ce compte ne possède pas ces tables : rien n'est supprimé.",
                "Relancez avec le compte qui les a construites (dbt_<ag>), ou un administrateur.",
            ) from error
        details = {"cible": settings.target, "tables": dropped}
        head = record(connection, "purge", "tables sans modèle", details)
        connection.commit()
        keep_anchor(settings, connection, head)
    print(f"\nSupprimées : {counted(len(dropped), 'table')}, {counted(sum(dropped.values()), 'ligne')}.")
    return 0


def _chosen(found: list[Orphan], wanted: str | None) -> list[Orphan]:
    if not wanted:
        return found
    chosen = [orphan for orphan in found if orphan.label == wanted]
    if not chosen:
        known = ", ".join(orphan.label for orphan in found) or "il n'y en a aucune"
        raise PlatformError(f"{wanted} n'est pas une table sans modèle.", f"Choisissez parmi : {known}.")
    return chosen


def _plan(connection: psycopg.Connection, found: list[Orphan]) -> list[str]:
    if not found:
        return ["\nChaque table de la base a son modèle, son seed ou sa source."]
    lines = ["\nSans modèle, seed ni source dans le projet :"]
    for orphan in found:
        readers = ", ".join(readers_of(connection, orphan))
        lines.append(f"  {orphan.label} ({orphan.size})" + (f", lue par {readers}" if readers else ""))
    return [*lines, "\nTABLE=<schéma.nom> n'en prend qu'une."]
