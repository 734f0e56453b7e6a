"""The progress of a long step: a bar that lines pass over on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io

import pytest

from donnees_au_centre.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def played(stream: io.StringIO, seconds: float) -> str:
    """A hundred things, so many seconds each; a line is said after the fiftieth."""
    clock = Clock()
    with Progress(lambda line: stream.write(f"{line}\n") and None, "nœuds", stream, clock) as progress:
        for done in range(1, 101):
            clock.now += seconds
            progress.advance(done, 100)
            if done == 50:
                progress.say("age : terminé")
    return stream.getvalue()


def test_elsewhere_a_line_comes_when_nothing_was_said_for_ten_seconds() -> None:
    lines = played(io.StringIO(), 1).splitlines()
    assert lines == [
        "10 nœuds sur 100…",
        "20 nœuds sur 100…",
        "30 nœuds sur 100, encore 70 s environ…",
        "40 nœuds sur 100, encore 60 s environ…",
        "50 nœuds sur 100, encore 50 s environ…",
        "age : terminé",
        "60 nœuds sur 100, encore 40 s environ…",
        "70 nœuds sur 100, encore 30 s environ…",
        "80 nœuds sur 100, encore 20 s environ…",
        "90 nœuds sur 100, encore 10 s environ…",
    ]
    assert played(io.StringIO(), 0.05) == "age : terminé\n"


def test_on_a_terminal_a_bar_is_drawn_over_itself_and_lines_stay_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    written = played(Terminal(), 0.3)
    assert "░ 50 nœuds sur 100, encore 20 s environ\r\x1b[Kage : terminé\n" in written
    assert "█ 100 nœuds sur 100" in written and written.endswith("\r\x1b[K")
    assert max(len(part) for part in written.split("\r\x1b[K")) <= 80
    # No more than five drawings a second.
    assert played(Terminal(), 0.01).count("sur 100") <= 8


def test_a_bar_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    assert max(len(part) for part in played(Terminal(), 0.3).split("\r\x1b[K")) <= 30


def test_long_waits_are_told_in_minutes() -> None:
    assert "encore 5 minutes environ" in played(io.StringIO(), 4)
