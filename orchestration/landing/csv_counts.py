"""What became of the lines of a CSV file, and what that says of the file as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.landing.report import counted


@dataclass
class Counts:
    """Physical lines of one file: lines = header + in rows + refused + blank + out of the table.

    Attributes:
        rows: records given to COPY.
        header_lines: lines of the header.
        row_lines: lines of those records.
        refused_lines: lines in the rejects.
        blank_lines: blank lines at the end of the file.
        outside_lines: lines that the declaration leaves out of the table.
        misencoded: cells of those records in another encoding.
        misencoded_line: line of the first of them.
        short: lines refused for their missing last cells.
        long: lines refused for empty cells in excess.
        doubtful: records that hold lines like records, as a stray quote would make them.
        doubtful_line: line of the first of them.
    """

    rows: int = 0
    header_lines: int = 0
    row_lines: int = 0
    refused_lines: int = 0
    blank_lines: int = 0
    outside_lines: int = 0
    misencoded: int = 0
    misencoded_line: int = 0
    short: int = 0
    long: int = 0
    doubtful: int = 0
    doubtful_line: int = 0

    def warnings(self, codec: str) -> list[str]:
        """French sentences about what the reader of a report should know.

        Args:
            codec: the encoding that was declared.
        """
        said = []
        if self.short:
            said.append(
                f"{counted(self.short, 'ligne refusée', 'lignes refusées')} faute de dernières cellules : si "
                "le fournisseur les omet quand elles sont vides, déclarez `short_rows: true`."
            )
        if self.long:
            said.append(
                f"{counted(self.long, 'ligne refusée', 'lignes refusées')} pour des cellules vides en trop, "
                "à la fin : si le fournisseur termine ainsi ses lignes, déclarez `long_rows: true`."
            )
        if self.doubtful:
            hold = counted(
                self.doubtful, "cellule entre guillemets tient", "cellules entre guillemets tiennent"
            )
            said.append(
                f"{hold} des lignes entières du tableau (dès la ligne {self.doubtful_line}) : rien n'y est "
                'touché ; si un guillemet isolé en est la cause, déclarez `quote: ""`.'
            )
        if self.misencoded:
            said.append(misencoded_warning(self.misencoded, codec, self.misencoded_line))
        return said


def misencoded_warning(cells: int, codec: str | None, line: int) -> str:
    """What to say of cells in another encoding.

    Args:
        cells: how many.
        codec: the encoding declared; None for a format that has none to declare.
        line: of the first one.
    """
    hold = counted(cells, "cellule porte", "cellules portent")
    than = f" que {codec}" if codec else ""
    mend = "dites au fournisseur qu'il mêle deux encodages ou abîme des lettres"
    if codec:
        mend = f"si tout le fichier est ainsi, corrigez `encoding` ; sinon, {mend}"
    return (
        f"{hold} des lettres d'un autre encodage{than} (« Ã© » pour « é »), dès la ligne {line} : rien n'y "
        f"est touché ; {mend}."
    )
