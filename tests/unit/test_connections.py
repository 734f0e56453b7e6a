"""Addresses and secrets: where they may come from, and that nothing says them."""

from __future__ import annotations

from pathlib import Path

import pytest

from donnees_au_centre.connectors import connection_named
from donnees_au_centre.errors import PlatformError

SECRET = "pässe/mot:de@passe"


def environ(**more: str) -> dict[str, str]:
    return {"SOURCE_AMONT": "mysql://lecteur@serveur:3306/base", **more}


def test_a_password_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mot"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    for given in ({"SOURCE_AMONT_PASSWORD": SECRET}, {"SOURCE_AMONT_PASSWORD_FILE": str(file)}):
        found = connection_named("amont", environ(**given))
        assert found.setting("password") == SECRET
        assert found.url("mysql+pymysql") == (
            "mysql+pymysql://lecteur:p%C3%A4sse%2Fmot%3Ade%40passe@serveur:3306/base"
        )
        assert SECRET not in repr(found)
        for said in (SECRET, found.url(), "p%C3%A4sse%2Fmot%3Ade%40passe", f"mysql://autre:{SECRET}@x/y"):
            assert "passe" not in found.hides(f"échec de {said}, voilà")


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("absente", {}, "SOURCE_ABSENTE est absente"),
        ("amont", {"SOURCE_AMONT": "mysql://moi:secret@h/b"}, "contient un mot de passe"),
        ("Amont", {}, "ne peut pas nommer une connexion"),
        ("https://moi:secret@odwb.be", {}, "ne peut pas être écrite dans une déclaration"),
        ("https://odwb.be/x?Api_Key=secret", {}, "ne peut pas être écrite dans une déclaration"),
        ("mysql://h/b", {}, "ne peut pas être écrite dans une déclaration"),
        ("amont", {"SOURCE_AMONT": "mysql://h:port/b"}, "ne se lit pas"),
    ],
)
def test_what_is_wrong_is_said_without_the_secret(name: str, given: dict[str, str], message: str) -> None:
    with pytest.raises(PlatformError, match=message) as caught:
        connection_named(name, environ(**given))
    assert "secret" not in str(caught.value)
    assert caught.value.advice


def test_a_file_that_cannot_be_read_is_named_by_its_variable(tmp_path: Path) -> None:
    found = connection_named("amont", environ(SOURCE_AMONT_PASSWORD_FILE=str(tmp_path / "rien")))
    with pytest.raises(PlatformError, match="SOURCE_AMONT_PASSWORD_FILE ne peut pas être lu"):
        found.setting("password")


def test_an_error_that_quotes_a_secret_is_told_without_it() -> None:
    found = connection_named("amont", environ(SOURCE_AMONT_API_KEY="clef-0123456789"))
    with pytest.raises(PlatformError) as caught, found.discreet():
        raise PlatformError("Refusé : ?key=clef-0123456789", "Revoyez clef-0123456789.")
    assert "0123456789" not in f"{caught.value} {caught.value!r} {caught.value.args}"
