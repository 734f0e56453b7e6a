"""Which failures pass by themselves, and so may be tried again."""

from __future__ import annotations

import psycopg
import pytest

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.refusals import describe_error, in_french, is_passing, passes


@pytest.mark.parametrize("code", ["08006", "08001", "57P01", "57P02", "57P03", "40001", "40P01", "55P03"])
def test_what_passes_is_known_by_its_code(code: str) -> None:
    assert is_passing(psycopg.errors.lookup(code)("x"))
    assert is_passing(psycopg.errors.lookup(code)("x"))
    said = in_french(code, "x", {}) or f"x [SQLSTATE {code}]"
    assert passes(f"Erreur dans le modèle dim_x\n  {said}")


@pytest.mark.parametrize("code", ["22012", "42703", "42501", "53100", "57014", "23505"])
def test_the_rest_does_not_pass(code: str) -> None:
    error = psycopg.errors.lookup(code)("x")
    assert not is_passing(error)
    assert not passes(describe_error(error))
    assert not passes(in_french(code, "x", {}) or "")


def test_a_connection_without_a_code_is_a_lost_one() -> None:
    lost = psycopg.OperationalError('connection failed: connection to server at "::1", port 1 failed: no')
    assert is_passing(lost) and passes(describe_error(lost))
    told = PlatformError("La base ne répond pas.", "Relancez.")
    assert not is_passing(told)
    told.__cause__ = lost
    assert is_passing(told)
    assert passes(in_french(None, "server closed the connection unexpectedly", {}) or "")
    assert not is_passing(ValueError("connection to server failed"))
    assert not is_passing(None)
