"""What the checker answers."""

from __future__ import annotations

from dataclasses import dataclass

ERROR = "erreur"
WARNING = "avertissement"

Edit = tuple[int, int, str]


@dataclass(frozen=True)
class Finding:
    """One construct that is refused, and where.

    `start` and `end` are offsets into the checked text, `line` and `column` count from 1; `edit` is a
    replacement (start, end, text) that keeps the meaning on PostgreSQL, when there is a safe one.
    """

    rule: str
    severity: str
    line: int
    column: int
    start: int
    end: int
    message: str
    why: str
    portable_form: str
    edit: Edit | None = None

    @property
    def is_error(self) -> bool:
        """True when the text must not be used as it is."""
        return self.severity == ERROR
