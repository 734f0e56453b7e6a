"""`audit-check`: the proof that the audit journal is whole, and what it does not trace here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from donnees_au_centre.audit import Fault, Verification, anchor_file, verify
from donnees_au_centre.audit.anchors import Anchor, anchor_of, broken_anchors, read_anchors
from donnees_au_centre.audit.definitions import check_definitions
from donnees_au_centre.audit.journal import current_version
from donnees_au_centre.audit.reading import reading_state
from donnees_au_centre.audit.receipts import check_receipts
from donnees_au_centre.audit.rights import PART as JOURNAL
from donnees_au_centre.cli.session import Session
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.history.recording import waiting_runs
from donnees_au_centre.history.structure import PART as HISTORY
from donnees_au_centre.history.traces import check_history
from donnees_au_centre.notifications.memory import PART as MESSAGES
from donnees_au_centre.refusals import describe_error
from donnees_au_centre.settings import Settings

# What proves something, in the order of its installation.
PARTS = (JOURNAL, HISTORY, MESSAGES)
SHOWN = 50


@dataclass(frozen=True)
class Findings:
    """What a check found.

    Attributes:
        chain: of the rows and their anchors.
        faults: all that is wrong, those of the chain among them.
        remarks: what people should know besides, in French.
    """

    chain: Verification
    faults: tuple[Fault, ...]
    remarks: tuple[str, ...]


def audit_check(settings: Settings, options: Mapping[str, str]) -> int:
    """Checks the journal: its definitions and rights, its chain, its anchors, what it should tell of.

    Args:
        options: ANCRE, an anchor kept elsewhere, beside those of build/audit.

    Raises:
        PlatformError: something differs, and is named; or there is no anchor, and so no proof.
    """
    session = Session(settings)
    with session.step("Serveur PostgreSQL"):
        access = session.open_database()
    file = anchor_file(settings)
    anchors = read_anchors(file)
    if given := options.get("ANCRE"):
        anchors.append(anchor_of(given))
    with session.step("Vérification du journal d'audit"):
        try:
            with psycopg.connect(access.conninfo(), autocommit=True) as connection:
                found = examine(settings, connection, anchors)
        except psycopg.Error as error:
            raise PlatformError(
                f"Le journal d'audit ne se lit pas : {describe_error(error)}",
                "Vérifiez que ce compte a le rôle audit_auditeur (docs/exploitant/audit.md).",
            ) from error
    chain = found.chain
    print()
    for fault in found.faults[:SHOWN]:
        print(f"  {fault.message}")
    if len(found.faults) > SHOWN:
        print(f"  … et {counted(len(found.faults) - SHOWN, 'autre')}")
    print(f"Journal d'audit : {counted(chain.rows, 'ligne')}, {counted(chain.anchors, 'ancre')}.")
    if chain.head:
        print(f"Ancre à garder hors de cette machine : {chain.head}")
    if chain.can_rewrite:
        print(
            "Ce compte pourrait réécrire le journal (superutilisateur ou propriétaire) : face à lui, seules "
            "les ancres gardées ailleurs font foi."
        )
    for remark in found.remarks:
        print(remark)
    if found.faults:
        raise PlatformError(
            f"Le journal d'audit n'est pas intact : {counted(len(found.faults), 'anomalie')}, ci-dessus.",
            "Si un chargement est en cours, attendez sa fin ; si une exécution vient d'être tuée, "
            "relancez-la : elle dit l'écart au journal. Sinon, "
            "prévenez l'audit interne et ne corrigez rien : gardez une copie de la base et de build/audit, "
            "car depuis la dernière ancre le journal ne prouve plus rien. docs/exploitant/audit.md "
            "dit ensuite qui "
            "remet la structure en place, et comment se dit une base recréée exprès.",
        )
    if not chain.proven:
        raise PlatformError(
            "La chaîne du journal d'audit tient, mais aucune ancre ne le confirme : rien ne prouve qu'il n'a "
            f"pas été réécrit en entier, ni que sa fin n'a pas été coupée ({file} : absent ou vide).",
            "Donnez une ancre gardée ailleurs (résumé d'une exécution, artefact de CI) : make audit-check "
            "ANCRE=<numéro>:<condensé> ; ou remettez le fichier d'ancres. La prochaine exécution en garde "
            "une, qui ne prouvera que ce qui la suit.",
        )
    assert chain.head is not None
    if chain.proven < chain.head.number:
        print(
            f"Journal d'audit intact jusqu'à la ligne {chain.proven}, la dernière qu'une ancre confirme ; la "
            f"suite, jusqu'à la ligne {chain.head.number}, se tient sans que rien d'autre la prouve encore."
        )
    else:
        print("Journal d'audit intact.")
    return 0


def examine(settings: Settings, connection: psycopg.Connection, anchors: list[Anchor]) -> Findings:
    """Finds all that is wrong with the journal, and with what it should tell of; changes nothing.

    Args:
        settings: of the checkout, whose anchors and waiting runs are looked at.
        connection: its search path is changed.
        anchors: heads of the journal kept outside, oldest first.

    Raises:
        psycopg.Error: the database cannot be read.
        PlatformError: the file of anchors is none.
    """
    # What somebody put into another schema is not taken for PostgreSQL's own.
    connection.execute("set search_path = pg_catalog, pg_temp")
    condition = check_definitions(connection, PARTS)
    chain = verify(connection, anchors)
    now = current_version(connection)
    untold, beside = check_history(connection)
    unreceived, late = check_receipts(connection)
    reading = reading_state(connection)
    waiting = [
        Fault("historique", 0, f"{run} : attend dans {path} d'être notée ; la prochaine exécution le fait.")
        for path, run in waiting_runs(settings)
    ]
    former = [
        f"Structure d'une version antérieure : {script.relative_to(settings.root)} ; la prochaine exécution "
        "d'un compte qui le peut la met à jour, ou un administrateur joue ce fichier (psql "
        "--single-transaction -f)."
        for script in condition.former
    ]
    kept = [anchor for anchor in anchors if anchor.definitions]
    changed = [
        f"Les définitions du journal ne sont plus celles de l'ancre du {anchor.at} : {now[:16]}, et non "
        f"{anchor.definitions[:16]}."
        for anchor in kept[-1:]
        if anchor.definitions and anchor.definitions != now
    ]
    faults = [
        *condition.faults,
        *broken_anchors(anchor_file(settings)),
        *chain.faults,
        *untold,
        *unreceived,
        *waiting,
    ]
    return Findings(chain, tuple(faults), (*former, *changed, *beside, *late, reading.remark))
