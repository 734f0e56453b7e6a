"""Addresses and secrets: where they may come from, and that nothing says them."""

from __future__ import annotations

import ast
import traceback
from pathlib import Path

import pytest

from donnees_au_centre import connectors
from donnees_au_centre.connectors import connection_named, kind_named, reader_of, system_named
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


@pytest.mark.parametrize(
    "address",
    [
        "https://h/x.csv?sv=2024&sig=s3cr%2Bet%3D&annee=2026",
        "https://h/x.csv?sv=2024&access_token=s3cr%2Bet%3D",
        "mysql://lecteur@h/base?password=s3cr%2Bet%3D",
        "mssql+pyodbc://h/?odbc_connect=DRIVER%3Dx%3BUID%3Dmoi%3BPWD%3Ds3cr%2Bet%3D",
        "wasbs://h/x?sas=s3cr%2Bet%3D",
    ],
)
def test_a_secret_behind_the_address_is_said_nowhere(address: str) -> None:
    found = connection_named("amont", {"SOURCE_AMONT": address})
    for said in (found.url(), "refusé : s3cr+et=", "s3cr%2Bet%3D", f"{found!r}"):
        assert "s3cr" not in found.hides(said)
    assert "s3cr" not in repr(found)
    assert found.hides("annee=2026, base, lecteur") == "annee=2026, base, lecteur"


def test_what_an_error_came_from_is_not_told_with_it() -> None:
    found = connection_named("amont", environ(SOURCE_AMONT_PASSWORD="clef-0123456789"))
    for foreseen in (True, False):
        with pytest.raises(PlatformError) as caught, found.discreet():
            try:
                raise ValueError(f"dsn: password={found.setting('password')}")
            except ValueError as error:
                if foreseen:
                    raise PlatformError("Refusé.", "Revoyez.") from error
                raise
        assert "0123456789" not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(KeyError), found.discreet():
        raise KeyError("une faute qui ne dit rien du système")


def test_no_kind_hands_on_the_words_of_its_library() -> None:
    """The chain of an error is printed with it."""
    folder = Path(connectors.__file__).parent
    for file in (
        *folder.glob("kinds/*.py"),
        folder / "sql_reading.py",
        folder / "files.py",
        folder / "web.py",
    ):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and node.cause is not None:
                assert isinstance(node.cause, ast.Constant), f"{file.name}:{node.lineno}"


@pytest.mark.parametrize(
    ("kind", "address", "allowed"),
    [
        ("postgresql", "mysql://h/b", "postgresql:// ou postgres://"),
        ("rest", "sftp://h", "https:// ou http://"),
        ("sql", "oracle+oracledb://h/b", ""),
        ("postgresql", "postgres://h/b", ""),
    ],
)
def test_an_address_is_one_of_its_kind(kind: str, address: str, allowed: str) -> None:
    options = kind_named(kind).options_class()
    if not allowed:
        assert reader_of(kind, "amont", "x", options, {"SOURCE_AMONT": address}).location == "x"
        return
    with pytest.raises(PlatformError, match="ne convient pas") as caught:
        reader_of(kind, "amont", "x", options, {"SOURCE_AMONT": address})
    assert allowed in caught.value.advice


@pytest.mark.parametrize(
    ("external", "named"),
    [
        ({"location": "age/x.csv"}, ""),
        ({"kind": "inconnu", "connection": "amont"}, ""),
        (
            {"kind": "postgresql", "connection": "amont", "location": "public.eleves"},
            "base PostgreSQL, connexion « amont », public.eleves",
        ),
        (
            {"kind": "sftp", "connection": "amont", "folder": "/exports", "location": "age/x/*.csv"},
            "serveur SFTP, connexion « amont », /exports",
        ),
    ],
)
def test_a_system_is_named_for_people(external: dict[str, str], named: str) -> None:
    assert system_named(external) == named
