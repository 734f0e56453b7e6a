"""A flag that dbt does not have is named: dbt itself passes over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from donnees_au_centre.project.checks import check_flags
from donnees_au_centre.settings import ROOT


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("flags: {warn_eror: true}", "dbt n'a pas de drapeau warn_eror. Que faire : Écrivez warn_error"),
        ("flags: {xyz: 1}", "dbt n'a pas de drapeau xyz. Que faire : Retirez-le."),
    ],
)
def test_an_unknown_flag_is_named(tmp_path: Path, flags: str, said: str) -> None:
    (tmp_path / "dbt_project.yml").write_text(f"name: essai\n{flags}\n", encoding="utf-8")
    (found,) = check_flags(tmp_path)
    assert f"dbt_project.yml [drapeau-inconnu] {said}" in str(found)


def test_known_flags_pass(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: essai\nflags: {fail_fast: true}\n", encoding="utf-8")
    assert check_flags(tmp_path) == []
    (tmp_path / "dbt_project.yml").write_text("name: essai\n", encoding="utf-8")
    assert check_flags(tmp_path) == []
    assert check_flags(ROOT) == []
