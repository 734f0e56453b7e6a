"""What passes by itself is tried again, and said once however deep it was tried."""

from __future__ import annotations

import traceback

import pytest

from donnees_au_centre.connectors import PassingFault, retried


def test_tries_within_tries_are_counted_and_said_once() -> None:
    asked = []

    def ask() -> None:
        asked.append(1)
        raise PassingFault("Coupé.", "Attendez.")

    said: list[str] = []
    with pytest.raises(PassingFault) as caught:
        retried(lambda: retried(ask, (0.0,)), (0.0, 0.0), said.append)
    assert caught.value.message == f"Coupé. Essayé {len(asked)} fois." == "Coupé. Essayé 6 fois."
    assert said == ["Coupé. Essayé 2 fois. Nouvel essai dans 0 s."] * 2
    assert len(traceback.format_exception(caught.value)) < 8
    with pytest.raises(PassingFault) as caught:
        retried(ask, ())
    assert caught.value.message == "Coupé."
