"""dbt as the platform runs it: one build of a domain at a time, and French messages without values."""

from orchestration.building.french import speak_french
from orchestration.building.limits import limit_sessions
from orchestration.building.turns import take_turns


def prepare() -> None:
    """Makes dbt, in this process, hold what it builds, wait for nothing without end, and speak French."""
    speak_french()
    limit_sessions()
    take_turns()


__all__ = ["prepare"]
