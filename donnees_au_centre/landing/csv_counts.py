"""What became of the lines of a text file, and what that says of the file as a whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from donnees_au_centre.french import counted

# Why lines were refused -> what the declaration can say of it.
_MENDING = {
    "court": "faute de dernières cellules : si le fournisseur les omet quand elles sont vides, déclarez "
    "`short_rows: true`",
    "long": "pour des cellules vides en trop : si le fournisseur finit ainsi ses lignes, déclarez "
    "`long_rows: true`",
    "large": "pour des cellules en trop : un délimiteur dans un texte sans guillemets, ou une note à droite "
    "du tableau (`beside`)",
    "largeurs": "pour une longueur qui n'est pas celle de leurs colonnes : vérifiez `widths` et `encoding`",
    "guillemet": "pour un guillemet qui ne va pas : si ce n'est ici qu'un caractère, déclarez `quote: \"\"`",
    "octets": "pour des octets d'un autre encodage que {codec} : corrigez `encoding` si tout le fichier est "
    "ainsi",
}


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
        filled: records whose missing last cells were filled.
        refused: refused records by reason, a key of _MENDING.
        misencoded: cells of the rows in another encoding.
        doubtful: records that hold lines like records, as a stray quote would make them.
        first: line of the first refused record by reason, and of the first `misencoded` and `doubtful`.
    """

    rows: int = 0
    header_lines: int = 0
    row_lines: int = 0
    refused_lines: int = 0
    blank_lines: int = 0
    outside_lines: int = 0
    filled: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    misencoded: int = 0
    doubtful: int = 0
    first: dict[str, int] = field(default_factory=dict)

    def warnings(self, codec: str) -> list[str]:
        """French sentences about what the reader of a report should know.

        Args:
            codec: the encoding that was declared.
        """
        said = [
            f"{counted(count, 'ligne refusée', 'lignes refusées')} (dès la ligne {self.first[reason]}) "
            f"{_MENDING[reason].format(codec=codec)}."
            for reason, count in self.refused.most_common()
        ]
        if self.filled and self.filled == self.rows:
            said.append(
                "Aucune ligne ne va jusqu'à la dernière colonne (`short_rows`) : vérifiez `delimiter`."
            )
        if self.doubtful:
            hold = counted(
                self.doubtful, "cellule entre guillemets tient", "cellules entre guillemets tiennent"
            )
            said.append(
                f"{hold} des lignes entières du tableau (dès la ligne {self.first['doubtful']}) : rien n'y "
                'est touché ; si un guillemet isolé en est la cause, déclarez `quote: ""`.'
            )
        if self.misencoded:
            said.append(misencoded_warning(self.misencoded, codec, self.first["misencoded"]))
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
