"""What is not a row, kept with its place and reason until its file's rows are in."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import NamedTuple

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.temporary import Overflow

# Of one file, on disk: as much is no file with some bad lines.
MAX_SPOOL = 256 << 20
TEXT_LIMIT = 10_000
# Motif -> what people read. build/summary.json, the history and the table of rejects keep the motif.
MOTIFS = {
    "caractere_invalide": "moitié de caractère isolée",
    "caractere_nul": "caractère nul, que PostgreSQL ne peut pas garder",
    "cle_en_double": "clé présente deux fois dans le même objet",
    "formule_sans_valeur": "formule sans valeur enregistrée",
    "guillemet_isole": "guillemet ouvert et jamais fermé sur la ligne",
    "hors_tableau": "ligne hors du tableau",
    "json_illisible": "ligne qui n'est pas du JSON",
    "ligne_trop_longue": "ligne trop longue",
    "ligne_vide": "ligne vide au milieu du fichier",
    "longueur_de_ligne": "ligne plus courte ou plus longue que ses colonnes",
    "nom_de_colonne": "nom de colonne déjà pris par un autre champ",
    "nombre_de_champs": "nombre de champs inattendu",
    "octet_nul": "octet nul, que PostgreSQL ne peut pas garder",
    "octets_invalides": "octets étrangers à l'encodage déclaré",
    "pas_un_objet": "valeur simple ou liste à la place d'un objet",
    "texte_apres_guillemet": "texte après un guillemet fermant",
}
# Kept with the rejects, and none of them: the declaration says that these lines are no rows.
OUT_OF_TABLE = "hors_tableau"
# How the detail begins of what a refused file said in place of what was expected: no message repeats it.
WITHHELD = "Fichier refusé : "


class Reject(NamedTuple):
    """One refused record.

    Attributes:
        line: as in the column source_ligne.
        offset: position of its first byte in the file, or None where a format has none.
        motif: identifier of the reason, in French.
        detail: the reason in a French sentence.
        text: readable form, cut beyond 10,000 characters.
        raw: exact bytes.
    """

    line: int
    offset: int | None
    motif: str
    detail: str
    text: str
    raw: bytes


class RejectSpool:
    """Rejects of one file, on disk beyond 1 MiB, so that a thoroughly bad file does not fill the memory."""

    def __init__(self) -> None:  # noqa: D107
        self._file = Overflow()
        self.count = 0

    def add(self, reject: Reject) -> None:
        """Keeps one reject.

        Raises:
            PlatformError: they are too many for one file, or for the disk.
        """
        if len(reject.text) > TEXT_LIMIT:
            reject = reject._replace(
                text=reject.text[:TEXT_LIMIT] + " … (la suite est dans la colonne octets)"
            )
        pickle.dump(tuple(reject), self._file, protocol=pickle.HIGHEST_PROTOCOL)
        self.count += 1
        if self._file.tell() > MAX_SPOOL:
            raise PlatformError(
                f"Le fichier a plus de {MAX_SPOOL >> 20} Mio de lignes illisibles, {self.count} : sa lecture "
                "est arrêtée.",
                "Ce n'est sans doute pas le fichier attendu : ouvrez-le, ou demandez-en un nouveau.",
            )

    def __iter__(self) -> Iterator[Reject]:
        """Gives the rejects in the order they came, from the first."""
        self._file.seek(0)
        for _ in range(self.count):
            yield Reject(*pickle.load(self._file))

    def close(self) -> None:
        """Frees the disk."""
        self._file.close()
