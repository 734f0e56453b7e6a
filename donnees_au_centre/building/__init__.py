"""dbt as the platform runs it: one build of a domain at a time, and French messages without values."""

from donnees_au_centre.building.french import speak_french
from donnees_au_centre.building.limits import limit_sessions
from donnees_au_centre.building.publication import offer_together
from donnees_au_centre.building.receipts import ask_receipts_once
from donnees_au_centre.building.reuse import reuse_what_stands
from donnees_au_centre.building.turns import take_turns
from donnees_au_centre.project.behavior_flags import keep_flags_few

# The option, and the variable that macros read, with which somebody lets a mart lose more rows than it may.
SHRINKING = "ACCEPTER_BAISSE"


def prepare() -> None:
    """Makes dbt, in this process, hold what it builds, wait for nothing without end, and speak French."""
    keep_flags_few()
    speak_french()
    limit_sessions()
    offer_together()
    reuse_what_stands()
    ask_receipts_once()
    # Last, and so first: a domain's turn is taken before anything of it is sent apart.
    take_turns()


__all__ = ["SHRINKING", "prepare"]
