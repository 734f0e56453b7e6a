"""The files that open the database: each read back, each at the right place, and no secret in any."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from donnees_au_centre.cli import connections as command
from donnees_au_centre.cli.session import Access
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.pages.connections import Place, write_connections
from tests.small_project import settings_of

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
SECRETS = {"PGUSER": "compte_xyz", "PGPASSWORD": "mot-de-passe-xyz", "GITLAB_TOKEN": "jeton-xyz"}
SHARED = {"PGHOST": "pg.fwb.example", "PGPORT": "5433", "PGDATABASE": "entrepôt; {1}", **SECRETS}
ODC = "{urn:schemas-microsoft-com:office:odc}"


def written(place: Place, folder: Path) -> dict[str, str]:
    """The files, by the end of their names."""
    write_connections(place, folder, NOW)
    return {path.suffix: path.read_text("utf-8") for path in folder.iterdir()}


def where(files: dict[str, str]) -> set[tuple[str, str, str]]:
    """The host, the port and the database of each file, as its program reads them."""
    [power_bi] = json.loads(files[".pbids"])["connections"]
    assert power_bi["details"]["protocol"] == "postgresql"
    address = power_bi["details"]["address"]
    [dbeaver] = json.loads(files[".json"])["connections"].values()
    assert (dbeaver["provider"], dbeaver["driver"]) == ("postgresql", "postgres-jdbc")
    assert dbeaver["save-password"] is False and dbeaver["read-only"] is True
    configuration = dbeaver["configuration"]
    excel = odbc(files[".odc"])
    assert excel["DRIVER"] == "PostgreSQL Unicode(x64)"
    return {
        (*address["server"].split(":"), address["database"]),
        (configuration["host"], configuration["port"], configuration["database"]),
        (excel["SERVER"], excel["PORT"], excel["DATABASE"]),
    }


def odbc(text: str) -> dict[str, str]:
    """The connection string of an Office Data Connection, by key."""
    metas = []

    class Metas(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            metas.extend([dict(attrs)] if tag == "meta" else [])

    Metas().feed(text)
    assert {"name": "ProgId", "content": "ODC.Database"} in metas
    assert {"name": "SourceType", "content": "ODBC"} in metas
    [island] = re.findall(r"<xml id=msodc>(.*?)</xml>", text, re.DOTALL)
    [connection] = ElementTree.fromstring(island)
    assert connection.get(f"{ODC}Type") == "ODBC"
    string = connection.findtext(f"{ODC}ConnectionString") or ""
    pairs = re.findall(r"(\w+)=(\{(?:[^}]|\}\})*\}|[^;]*)(?:;|$)", string)
    return {key: re.sub(r"^\{(.*)\}$", r"\1", value).replace("}}", "}") for key, value in pairs}


def test_each_file_leads_to_the_shared_server_and_holds_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    settings = replace(settings_of(tmp_path), target="prod", database=SHARED["PGDATABASE"])
    files = written(command.place_of(settings, SHARED), tmp_path / "connexions")
    assert where(files) == {("pg.fwb.example", "5433", "entrepôt; {1}")}
    assert {".pbids", ".odc", ".json", ".html", ".css"} == set(files)
    for text in files.values():
        assert not [name for name in SECRETS.values() if name in text]
        assert not re.search(
            r"(?i)\b(uid|pwd|password|user|token)\b\s*[=:\"]", text.replace("save-password", "")
        )
    assert "make demo" not in files[".html"]


def test_the_embedded_server_is_started_and_its_password_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of(tmp_path)
    secret = Access("127.0.0.1", "54321", SECRETS["PGUSER"], SECRETS["PGPASSWORD"], "essai", tmp_path / "x")
    monkeypatch.setattr(command.Session, "open_database", lambda _: secret)
    assert command.connections(settings, {}) == 0
    files = {path.suffix: path.read_text("utf-8") for path in (settings.build / "connexions").iterdir()}
    assert where(files) == {("127.0.0.1", "54321", "essai")}
    assert "make demo" in files[".html"]
    everything = "".join(files.values()) + capsys.readouterr().out
    assert not [value for value in SECRETS.values() if value in everything]


@pytest.mark.parametrize("wrong", [{"PGHOST": "/run/postgresql"}, {"PGHOST": "a,b"}, {"PGPORT": "postgres"}])
def test_a_server_that_only_this_machine_understands_is_refused(
    tmp_path: Path, wrong: dict[str, str]
) -> None:
    with pytest.raises(PlatformError, match="Un autre poste ne comprendrait pas"):
        command.place_of(replace(settings_of(tmp_path), target="prod"), {**SHARED, **wrong})
