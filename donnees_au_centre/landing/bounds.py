"""What a delivery must give before its rows may replace others: some rows, enough of them, most readable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted, local_zone
from donnees_au_centre.inert import argument
from donnees_au_centre.landing.declaration import SHAPE_ADVICE, SourceTable
from donnees_au_centre.landing.rejects import MOTIFS

# What a source may lose that does not say it itself.
DEFAULT_SHRINK = 0.6
# Fewer rows in place, or unreadable lines, prove nothing where the source itself declares no bound.
FEW_ROWS, FEW_LINES = 10, 5
# How the message of a file that waits begins.
WAITS = "En attente d'un accord"
# What makes a file without a row right, or one past its bounds: in the audit's column `motif`.
EMPTY, SHRUNK, UNREADABLE, WITHDRAWN = "vide", "chute", "illisible", "retire"
TOO_FEW, RETYPED = "trop_peu", "types_changes"
EMPTY_ALLOWED, ACCEPTED, ERASED = "vide_admise", "accepte", "effacees"
ADMITTED = (EMPTY_ALLOWED, ACCEPTED, ERASED)


class EmptyFile(PlatformError):
    """A file without even a header."""


class Refused(PlatformError):
    """A file that can be read and must not be taken, at least not without a yes.

    Attributes:
        status: echec, or attente for what a yes can load.
        motif: why, for the audit.
        rows: rows that it would bring.
        digest: SHA-256 of its content, which a yes is about; the loader sets it.
        figures: of a system, which never gives the same bytes again, what a yes is about (`records.Figures`);
            "" of a file.
    """

    def __init__(self, status: str, motif: str, message: str, advice: str, rows: int = 0) -> None:
        """Keeps what the audit tells apart."""
        super().__init__(message, advice)
        self.status, self.motif, self.rows = status, motif, rows
        self.digest: str | None = None
        self.figures = ""


@dataclass(frozen=True)
class Former:
    """What a delivery is compared with.

    Attributes:
        path: the same file before, or the latest of the table's other files.
        rows: how many it has in the raw table.
        received: when.
        own: whether it is the same file.
    """

    path: str
    rows: int
    received: datetime
    own: bool

    def words(self) -> str:
        """« les 3 029 lignes en place, reçues le 20/10/2025 à 14:05 »."""
        which = "en place" if self.own else f"de {self.path}"
        at = self.received.astimezone(local_zone())
        return f"{counted(self.rows, 'ligne')} {which}, depuis le {at:%d/%m/%Y à %H:%M}"


@dataclass(frozen=True)
class Delivery:
    """What the reading of a file gave, before anybody decides about it.

    Attributes:
        path: of the file.
        file_format: as declared.
        rows: accepted.
        refused: lines that are no rows, by motif.
        first: number of the first of them, as in source_ligne; 0 when there is none.
        note: French words on what was read, "" for none.
    """

    path: str
    file_format: str
    rows: int
    refused: Mapping[str, int]
    first: int = 0
    note: str = ""

    def check(self, table: SourceTable, former: Former | None, accepted: bool) -> str:
        """Decides whether the file may be taken.

        Args:
            table: whose bounds count.
            former: what the file replaces or follows; None when there is nothing.
            accepted: somebody said yes to this very content.

        Returns:
            The motif for the audit, "" when nothing is special.

        Raises:
            Refused: it must not, or waits for a yes.
        """
        if self.rows == 0:
            return self._check_empty(table, former)
        if accepted:
            return ACCEPTED
        self._check_readable(table, former)
        self._check_least(table, former)
        self._check_length(table, former)
        return ""

    def _check_least(self, table: SourceTable, former: Former | None) -> None:
        if self.rows >= table.min_rows:
            return
        raise Refused(
            "attente",
            TOO_FEW,
            f"{WAITS} : {counted(self.rows, 'ligne')} seulement, moins que les "
            f"{counted(table.min_rows, 'ligne')} attendues (`min_rows`). {_stays(former)}",
            f"S'il est juste, make accept FICHIER={argument(self.path)} ; sinon, demandez ce qui manque.",
            self.rows,
        )

    def _check_empty(self, table: SourceTable, former: Former | None) -> str:
        if table.allow_empty and not self.refused:
            return EMPTY_ALLOWED
        found = f"{self._refusals()}. " if self.refused else ""
        advice = (
            f"{self._options()}, ou demandez un nouveau fichier."
            if self.refused
            else "Demandez un nouveau fichier ; si la source peut être vide, écrivez `allow_empty: true`."
        )
        raise Refused(
            "echec",
            EMPTY,
            f"Livraison vide : aucune ligne acceptée. {found}{self._said()}{_stays(former)}",
            advice,
        )

    def _check_readable(self, table: SourceTable, former: Former | None) -> None:
        refused = sum(self.refused.values())
        share = table.max_rejects
        if refused <= FEW_LINES or refused <= (self.rows + refused) * share:
            return
        raise Refused(
            "attente",
            UNREADABLE,
            f"{WAITS} : {self._refusals()} sur {counted(self.rows + refused, 'ligne')}, plus "
            f"que les {percent(share)} permis (`max_rejects`). {self._said()}{_stays(former)}",
            f"{self._options()}, ou demandez un nouveau fichier ; pour charger malgré "
            f"tout les lignes lisibles, make accept FICHIER={argument(self.path)}",
            self.rows,
        )

    def _check_length(self, table: SourceTable, former: Former | None) -> None:
        share = DEFAULT_SHRINK if table.max_shrink is None else table.max_shrink
        if former is None or (former.rows < FEW_ROWS and table.max_shrink is None):
            return
        if self.rows >= former.rows * (1 - share):
            return
        fall = 1 - self.rows / former.rows
        raise Refused(
            "attente",
            SHRUNK,
            f"{WAITS} : {counted(self.rows, 'ligne')} seulement, une chute de "
            f"{percent(fall)}, au-delà des {percent(share)} permis (`max_shrink`). {_stays(former)}",
            f"S'il est juste, make accept FICHIER={argument(self.path)} ; sinon, demandez un nouveau "
            "fichier.",
            self.rows,
        )

    def _said(self) -> str:
        return f"{self.note} " if self.note else ""

    def _options(self) -> str:
        """Where to look when lines are refused."""
        advice = SHAPE_ADVICE[self.file_format]
        return advice[0].upper() + advice[1:]

    def _refusals(self) -> str:
        total = sum(self.refused.values())
        reasons = ", ".join(
            f"{MOTIFS.get(motif, motif)} : {count}" for motif, count in sorted(self.refused.items())
        )
        return f"{counted(total, 'ligne refusée', 'lignes refusées')} dès la ligne {self.first} ({reasons})"


def percent(share: float) -> str:
    """« 50 % », « 99,7 % »."""
    return f"{share * 100:.1f}".removesuffix(".0").replace(".", ",") + "\u00a0%"


def _stays(former: Former | None) -> str:
    if former is None:
        return "Rien n'en est pris ; la table n'a encore aucune ligne."
    return f"Rien n'en est pris, et rien ne change : {former.words()}."
