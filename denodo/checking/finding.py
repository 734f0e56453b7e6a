"""What the checker answers: findings, and the rules they come from."""

from __future__ import annotations

from dataclasses import dataclass

ERROR = "erreur"
WARNING = "avertissement"

Edit = tuple[int, int, str]


@dataclass(frozen=True)
class Rule:
    """One thing that portable SQL does without. Texts are French, for an analyst who knows SQL.

    `refused` names the construct, `why` gives the reason, `write` what to write instead.
    """

    id: str
    refused: str
    why: str
    write: str
    severity: str = ERROR

    @property
    def portable_only(self) -> bool:
        """True when VQL has the construct: nothing to say where the text is written for Denodo alone."""
        return not self.id.startswith("vql-")


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
