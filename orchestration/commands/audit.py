"""`audit-check`: the proof that the audit journal is whole, and what it does not trace here."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from orchestration.audit import anchor_file, verify
from orchestration.audit.anchors import anchor_of, read_anchors
from orchestration.audit.reading import reading_state
from orchestration.commands.session import Session
from orchestration.errors import PlatformError
from orchestration.landing.report import counted
from orchestration.refusals import told
from orchestration.settings import Settings

SHOWN = 50


def audit_check(settings: Settings, options: Mapping[str, str]) -> int:
    """Checks the journal's chain against itself, the anchors of build/audit and ANCRE.

    Raises:
        PlatformError: a row was altered, taken out, put in or moved; it is named.
    """
    session = Session(settings)
    with session.step("Serveur PostgreSQL"):
        access = session.open_database()
    anchors = read_anchors(anchor_file(settings))
    if given := options.get("ANCRE"):
        anchors.append(anchor_of(given))
    with session.step("Vérification du journal d'audit"):
        try:
            with psycopg.connect(access.conninfo(), autocommit=True) as connection:
                found = verify(connection, anchors)
                reading = reading_state(connection)
        except psycopg.Error as error:
            raise PlatformError(
                f"Le journal d'audit ne se lit pas : {told(error)}",
                "Vérifiez que ce compte a le rôle audit_auditeur (docs/audit.md).",
            ) from error
    print()
    for fault in found.faults[:SHOWN]:
        print(f"  {fault.message}")
    if len(found.faults) > SHOWN:
        print(f"  … et {counted(len(found.faults) - SHOWN, 'autre')}")
    print(f"Journal d'audit : {counted(found.rows, 'ligne')}, {counted(found.anchors, 'ancre')}.")
    if found.head:
        print(f"Ancre à garder hors de cette machine : {found.head}")
    if found.can_rewrite:
        print(
            "Ce compte pourrait réécrire le journal (superutilisateur ou propriétaire) : face à lui, seules "
            "les ancres gardées ailleurs font foi."
        )
    print(reading.remark)
    if found.faults:
        raise PlatformError(
            f"Le journal d'audit a été modifié : {counted(len(found.faults), 'anomalie')}, dites ci-dessus.",
            "Prévenez l'audit interne ; ne corrigez rien : gardez une copie de la base et de build/audit. "
            "Une base recréée exprès se dit en archivant son fichier d'ancres (docs/audit.md).",
        )
    return 0
