"""dbt as the platform runs it: one build of a domain at a time, and French messages without values."""

from orchestration.building.french import speak_french
from orchestration.building.turns import take_turns

# Variable with the id of the process whose end must be the end of dbt: an orphan would go on building.
PARENT = "PLATEFORME_PARENT"


def prepare() -> None:
    """Makes dbt, in this process, hold the domains that it builds and speak French of what fails."""
    speak_french()
    take_turns()


__all__ = ["PARENT", "prepare"]
