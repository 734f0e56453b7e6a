"""What a command learns from a person: by its options, or by asking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Answers:
    """What a person says: by options, and on a terminal by answers.

    Attributes:
        options: of the command.
        asks: whether somebody is there to answer.
        read: what gives an answer.
    """

    options: Mapping[str, str]
    asks: bool
    read: Callable[[str], str] = input

    @classmethod
    def to(cls, options: Mapping[str, str]) -> Answers:
        """What a person says to a command that was just typed, on a terminal or not."""
        return cls(options, sys.stdin is not None and sys.stdin.isatty())

    def given(self, option: str) -> str:
        """An option, "" for none."""
        return (self.options.get(option) or "").strip()

    def of(self, option: str, question: str, default: str = "") -> str:
        """An option, else an answer, else the default.

        Args:
            option: its name.
            question: in French.
            default: what an empty answer means.
        """
        if said := self.given(option):
            return said
        if not self.asks:
            return default
        return self.read(f"{question}{f' [{default}]' if default else ''} ").strip() or default
