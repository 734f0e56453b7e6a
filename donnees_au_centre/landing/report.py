"""What a load did, file by file."""

from __future__ import annotations

from dataclasses import dataclass, field

from donnees_au_centre.french import counted
from donnees_au_centre.landing.audit import LOADED

# Nothing of the file was taken.
REFUSED = {"echec": "échec", "attente": "en attente"}


@dataclass
class FileReport:
    """One file.

    Attributes:
        path: relative to the landing root.
        variant: name of the variant that reads it, "" when none does.
        status: charge, remplace, identique, doublon, echec, attente (waits for a yes), retire (withdrawn, not
            loaded again, no audit row), or inchange (nothing new, no audit row).
        message: warnings or the reason of a failure, in French, possibly "".
        rows: records loaded by this run.
        rejects: lines of this file put into the rejects by this run.
        blank_lines: blank lines at its end.
        out_of_table: lines that the declaration leaves out of the table.
        misencoded: cells in another encoding than the declared one.
        seconds: time it took.
        columns_added: how many columns it brought that nobody declared.
    """

    path: str
    variant: str
    status: str
    message: str = ""
    rows: int = 0
    rejects: int = 0
    blank_lines: int = 0
    out_of_table: int = 0
    misencoded: int = 0
    seconds: float = 0.0
    columns_added: int = 0

    def line(self) -> str:
        """One line for the terminal, in French."""
        seconds = f"{self.seconds:.1f} s".replace(".", ",")
        if self.status in REFUSED:
            return f"{self.path} : {REFUSED[self.status]} ({seconds}). {self.message}"
        if self.status not in LOADED:
            words = {
                "identique": "reçu à l'identique",
                "doublon": "doublon",
                "inchange": "inchangé",
                "retire": "retiré, pas rechargé",
            }
            return f"{self.path} : {words[self.status]}{f'. {self.message}' if self.message else ''}"
        done = "chargé" if self.status == "charge" else "remplacé"
        counts = f"{counted(self.rows, 'ligne')}, {counted(self.rejects, 'illisible')}, "
        counts += f"{self.out_of_table} hors du tableau, {seconds}" if self.out_of_table else seconds
        return f"{self.path} : {done}, {counts}{f'. {self.message}' if self.message else ''}"


@dataclass
class TableReport:
    """One source table.

    Attributes:
        domain: as in the declaration; so are `source` and `table`.
        status: charge, identique, inchange, jamais_recu, attente when a file waits for a yes, or echec when a
            file or the table failed.
        files: in the order of their paths.
        gone: files that left the landing zone, and whose rows are still in the table.
        message: the reason of a failure of the table itself, in French, else "".
        kind: of the system that it comes from; "" for the landing zone alone.
    """

    domain: str
    source: str
    table: str
    status: str = "inchange"
    files: list[FileReport] = field(default_factory=list)
    message: str = ""
    gone: list[str] = field(default_factory=list)
    kind: str = ""

    @property
    def loaded(self) -> bool:
        """Whether a file brought rows in this run."""
        return any(file.status in LOADED for file in self.files)

    def settle(self, ever_loaded: bool) -> None:
        """Derives the status from the files.

        Args:
            ever_loaded: whether rows of an earlier file are in the table.
        """
        statuses = {file.status for file in self.files}
        if self.message or "echec" in statuses:
            self.status = "echec"
        elif "attente" in statuses:
            self.status = "attente"
        elif not self.files and not ever_loaded:
            self.status = "jamais_recu"
        elif self.loaded:
            self.status = "charge"
        else:
            self.status = "identique" if "identique" in statuses else "inchange"

    def reasons(self) -> list[str]:
        """Why it failed or waits, in French, one entry a cause; empty when it did not."""
        files = [f"{file.path} : {file.message}" for file in self.files if file.status in REFUSED]
        return [*([self.message] if self.message else []), *files]


@dataclass
class LoadReport:
    """A whole load.

    Attributes:
        tables: in the order of the declarations.
        unmatched: files that no declaration matches, relative to the landing root.
        hints: what some of them look like, in French.
        ignored: lock files of Office, relative to the landing root.
    """

    tables: list[TableReport] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    hints: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[TableReport]:
        """The tables with a failure, or a file that waits for a yes."""
        return [table for table in self.tables if table.status in REFUSED]

    @property
    def gone(self) -> list[str]:
        """Files that left the landing zone, and whose rows stay."""
        return sorted(path for table in self.tables for path in table.gone)
