"""What is wrong with the journal, one sentence each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing wrong in the journal.

    Attributes:
        kind: of a row: alteree, absente, lien (inserted, replaced or moved), double; of the whole against its
            anchors: ancre, coupee, remplace; of the anchors themselves: ancres; of the schema: definition,
            droit; against what the journal tells of: historique, reception.
        number: id of the row; of the first one when several are missing; 0 for the journal as a whole.
        message: French sentence that names the row or the thing.
    """

    kind: str
    number: int
    message: str
