"""A wrong variable, a hasty command, another account of the machine: what is closed by default."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest.mock import MagicMock

import pytest

from donnees_au_centre import closing
from donnees_au_centre.cli import access, database, deliveries, orphans, pipeline, quality, rights
from donnees_au_centre.cli import main as cli
from donnees_au_centre.cli import session as sessions
from donnees_au_centre.cli.session import Access, Session, child_environment
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import RESULTS, ROOT, SERVER_VARIABLES, Settings
from donnees_au_centre.warehouse.state import StateFolder
from tests.small_project import settings_of

# Three databases of one name: a name alone does not tell them apart.
HERE = Access("127.0.0.1", "54321", "donnees", "secret", "donnees", Path("mot_de_passe"))
PROD = Access("pg-prod.example", "5432", "dbt", "secret", "donnees", None)
ADDRESS = "donnees@pg-prod.example"
OTHERS = ("donnees", "donnees@pg-staging.example", "donnees@127.0.0.1:54321", "pg-prod.example", "1", " ")


def prod(settings: Settings) -> Settings:
    return replace(settings, target="prod", database="donnees")


# Every command that destroys or changes rows: its module, what it does, and what it reads before.
COMMANDS: dict[str, tuple[ModuleType, list[str], list[str], dict[str, str]]] = {
    "purge": (rights, ["apply_purge"], ["plan", "plan_text"], {}),
    "person_erase": (
        rights,
        ["erase"],
        ["_collect", "_told", "_refuse_held", "_files", "_told_files"],
        {"IDENTIFIANT": "X1"},
    ),
    "person_rectify": (
        rights,
        ["refresh_statistics", "rebuild"],
        ["_collect", "_told", "_refuse_held", "_files", "rectify", "_told_change"],
        {"IDENTIFIANT": "X1", "COLONNE": "nom"},
    ),
    "orphans": (orphans, ["drop_orphans", "record"], ["_chosen", "find_orphans", "_plan", "psycopg"], {}),
    "accept": (deliveries, ["load_landing", "note_run"], [], {"FICHIER": "a"}),
    "withdraw": (deliveries, ["withdraw_file", "record"], ["held", "_returning"], {"FICHIER": "a"}),
    "access": (access, ["give_rights"], [], {}),
}
READ = (
    "parse_or_fail",
    "read_declarations",
    "ensure_audit",
    "ensure_table",
    "_delivery",
    "_waiting",
    "_readers",
)


class Stage:
    """A command on a database that is not there: what it asked of it."""

    def __init__(self, name: str, settings: Settings, patch: pytest.MonkeyPatch) -> None:
        module, self.acting, reading, self.options = COMMANDS[name]
        self.run: Callable = getattr(module, name)
        self.settings = prod(settings)
        self.connection = MagicMock()
        self.mocks = {one: MagicMock(name=one) for one in [*self.acting, *reading]}
        self.mocks |= {one: MagicMock(name=one) for one in READ if hasattr(module, one)}
        if "rectify" in self.mocks:
            self.mocks["rectify"].return_value = ({}, {}, None)
        if "held" in self.mocks:
            self.mocks["held"].return_value = SimpleNamespace(rows=1, rejects=0)
        if "psycopg" in self.mocks:
            self.mocks["psycopg"].connect.return_value.__enter__.return_value = self.connection
        if "_chosen" in self.mocks:
            self.mocks["_chosen"].return_value = [SimpleNamespace(label="age.reste")]
            self.mocks["_plan"].return_value = []
        if "_waiting" in self.mocks:
            self.mocks["_delivery"].return_value.path = "a"
            self.mocks["_delivery"].return_value.digest.return_value = "0"
            self.mocks["_waiting"].return_value = {"a": ("pourquoi", "0")}
        for one, mock in self.mocks.items():
            patch.setattr(module, one, mock)
        session = MagicMock()
        session.open_database.return_value = PROD
        for one, value in {
            "open_project": lambda _: (PROD, MagicMock()),
            "connected": lambda _: contextlib.nullcontext(self.connection),
            "Session": lambda _: session,
        }.items():
            if hasattr(module, one):
                patch.setattr(module, one, value)

    def play(self, **options: str) -> int:
        return self.run(self.settings, {**self.options, **options})

    def untouched(self) -> bool:
        done = any(self.mocks[one].called for one in self.acting)
        return not done and not self.connection.commit.called


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_confirmation_does_not_reach_a_database_that_was_not_named(
    name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DBT_TARGET and PG* lead to production by mistake: CONFIRMER=1 alone stops, and says what to type."""
    stage = Stage(name, settings, monkeypatch)
    with pytest.raises(PlatformError) as refused:
        stage.play(CONFIRMER="1")
    assert ADDRESS in refused.value.message and "prod" in refused.value.message
    assert f"BASE={ADDRESS}" in refused.value.advice and stage.untouched()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_name_of_another_database_stops_everything(
    name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right name on the wrong server, or no server: the command thought of another database."""
    stage = Stage(name, settings, monkeypatch)
    for other in OTHERS:
        with pytest.raises(PlatformError, match="Rien n'a été touché"):
            stage.play(CONFIRMER="1", BASE=other)
    assert stage.untouched()


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "access"])
def test_a_command_names_its_database_and_what_is_lost_before_it_acts(
    name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Shown first: the database, the server, the target, what cannot be undone, and the words that act."""
    stage = Stage(name, settings, monkeypatch)
    assert stage.play() == 0 and stage.play(BASE=ADDRESS) == 0 and stage.untouched()
    said = capsys.readouterr().out
    assert f"Base : {ADDRESS} (cible prod, compte dbt)." in said and "Sans retour : " in said
    assert f"CONFIRMER=1 BASE={ADDRESS}" in said


@pytest.mark.parametrize("name", COMMANDS)
def test_a_named_database_is_reached(name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same stage acts when it is told: what is tested above is the refusal."""
    stage = Stage(name, settings, monkeypatch)
    with contextlib.suppress(Exception):  # what follows the deed has no database here
        stage.play(CONFIRMER="1", BASE=ADDRESS)
    assert not stage.untouched()


def test_neither_word_counts_from_the_environment(tmp_path: Path) -> None:
    """`export CONFIRMER=1 BASE=…`, forgotten in a profile: make drops both, and no tool inherits them."""
    start = tmp_path / "dev/setup/start.sh"
    start.parent.mkdir(parents=True)
    start.write_text('echo "$1|$CONFIRMER|$BASE"\n')
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    around = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    around |= {"CONFIRMER": "1", "BASE": ADDRESS}
    done = subprocess.run(["make", "-s", "purge"], cwd=tmp_path, env=around, capture_output=True, text=True)
    assert done.stdout == "purge||\n" and done.stderr.count("ne compte pas") == 2
    typed = ["make", "-s", "purge", "CONFIRMER=1", f"BASE={ADDRESS}"]
    done = subprocess.run(typed, cwd=tmp_path, env=around, capture_output=True, text=True)
    assert done.stdout == f"purge|1|{ADDRESS}\n" and done.stderr == ""
    inherited = child_environment(settings_of(tmp_path), HERE, {"CONFIRMER": "1", "BASE": ADDRESS})
    assert not {"CONFIRMER", "BASE"} & set(inherited)
    assert not {"CONFIRMER", "BASE"} & set(quality.test_environment({"CONFIRMER": "1", "BASE": ADDRESS}))


@pytest.mark.parametrize("target", ["staging", "prod"])
@pytest.mark.parametrize(
    "landing", [None, "", "landing", str(ROOT / "landing"), f"{ROOT}/policies/../landing"]
)
def test_invented_rows_do_not_go_to_production(target: str, landing: str | None) -> None:
    """`make demo` with the variables of production and no LANDING would load the sample there."""
    variables = dict(zip(SERVER_VARIABLES, ("pg-prod.example", "5432", "dbt", "x", "donnees"), strict=True))
    around = {"DBT_TARGET": target, **variables, **({} if landing is None else {"LANDING": landing})}
    for named in ({}, {"BASE": "donnees"}, {"BASE": "donnees@pg-staging.example"}):
        with pytest.raises(PlatformError, match=f"échantillon inventé.*{ADDRESS}") as refused:
            Settings.load({**around, **named})
        assert "LANDING=" in refused.value.advice and f"BASE={ADDRESS}" in refused.value.advice
    assert Settings.load({**around, "BASE": ADDRESS}).database == "donnees"
    assert Settings.load({**around, "DBT_TARGET": "ci"}).database == "donnees"


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_no_variable_leads_past_the_server_that_is_named(
    target: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PGHOSTADDR and PGSERVICE would send libpq elsewhere than where PGHOST, and the message, say."""
    values = zip(
        SERVER_VARIABLES, (PROD.host, PROD.port, PROD.user, PROD.password, PROD.database), strict=True
    )
    for name, value in values:
        monkeypatch.setenv(name, value)
    for name in sessions.ELSEWHERE:
        monkeypatch.setenv(name, "192.0.2.1")
    seen = []

    def look(*_: object) -> object:
        seen.append({name for name in sessions.ELSEWHERE if name in os.environ})
        return SimpleNamespace(
            notice=None, host="127.0.0.1", port=1, user="d", password="x", password_file=None
        )

    monkeypatch.setattr(sessions, "_check", look)
    monkeypatch.setattr(
        sessions, "EmbeddedServer", lambda _: SimpleNamespace(start=look, ensure_database=look)
    )
    Session(replace(settings, target=target), quiet=True).open_database()
    assert seen and not any(seen)


@pytest.mark.parametrize(
    ("target", "options", "launches"),
    [("dev", {}, True), ("ci", {}, False), ("prod", {}, False), ("prod", {"BASE": ADDRESS}, True)],
)
def test_the_interface_only_reads_where_nobody_said_to_launch(
    target: str,
    options: dict[str, str],
    launches: bool,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`make ui` with the variables of production: nothing is launched from it, and no schedule runs in it."""
    commands: list[list[str]] = []
    monkeypatch.setattr(
        pipeline, "serve", lambda _settings, _name, command, _environment: commands.append(command)
    )
    monkeypatch.setattr(pipeline, "parse", lambda _: SimpleNamespace(notice=None))
    monkeypatch.setattr(Session, "open_database", lambda _: HERE if target == "dev" else PROD)
    monkeypatch.setattr(Session, "enter", lambda *_: {})
    # The sample's systems are a server of their own, that nothing here needs and nobody would stop.
    monkeypatch.setattr(Session, "sample_systems", lambda _: contextlib.nullcontext())
    monkeypatch.setattr("orchestration.home.prepare_home", lambda _: None)
    pipeline.ui(replace(settings, target=target), options)
    assert "orchestration.dagster_ui" in commands[0]
    assert (
        {"--lancer", "--demon"} <= set(commands[0])
        if launches
        else not {"--lancer", "--demon"} & set(commands[0])
    )
    assert launches or f"make ui BASE={ADDRESS}" in capsys.readouterr().out


# make clean


@pytest.fixture
def embedded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    for name in RESULTS:
        (settings.root / name).mkdir()
    server = MagicMock()
    server.databases.return_value = ["donnees_au_centre", "donnees_au_centre_lot_a1b2c3"]
    monkeypatch.setattr(database, "EmbeddedServer", lambda _: server)
    return server


def test_clean_names_what_it_would_delete_and_waits(
    settings: Settings, embedded: MagicMock, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make clean` typed too fast: it names the databases and what is lost, and deletes nothing."""
    assert database.clean(settings, {}) == 0
    said = capsys.readouterr().out
    assert "donnees_au_centre, donnees_au_centre_lot_a1b2c3" in said
    assert "Sans retour" in said and "make clean CONFIRMER=1" in said
    assert not embedded.destroy.called and not embedded.stop.called
    assert all((settings.root / name).is_dir() for name in RESULTS)
    assert database.clean(settings, {"CONFIRMER": "1"}) == 0
    assert embedded.destroy.called and not any((settings.root / name).exists() for name in RESULTS)


def test_clean_never_touches_another_server(
    settings: Settings,
    embedded: MagicMock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the variables of production, it says so, and connects nowhere."""
    monkeypatch.setenv("PGHOST", PROD.host)
    monkeypatch.setenv("PGPORT", PROD.port)
    connect = MagicMock()
    monkeypatch.setattr("psycopg.connect", connect)
    assert database.clean(prod(settings), {"CONFIRMER": "1"}) == 0
    assert f"{ADDRESS}, n'est jamais touchée" in capsys.readouterr().out and not connect.called


# Files


def others(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode) & 0o077


@pytest.fixture
def open_umask() -> Iterator[None]:
    former = os.umask(0)
    yield
    os.umask(former)


def test_what_a_command_writes_is_for_its_account_alone() -> None:
    """Whatever the umask of whoever types the command."""
    code = (
        "import os, runpy, sys; os.umask(0); sys.argv = ['x', 'lnit']\n"
        "try: runpy.run_module('donnees_au_centre', run_name='__main__')\n"
        "except SystemExit: print(oct(os.umask(0)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "0o77\n", done.stderr


@pytest.mark.usefixtures("open_umask")
def test_what_an_older_version_left_open_is_closed(settings: Settings) -> None:
    """build/, target/, Dagster's history, the server's state, the environment: open to all."""
    folders = [settings.root / name for name in (*RESULTS, ".venv", ".warehouse")]
    for folder in folders:
        folder.mkdir(mode=0o777)
    cli.close_folders(settings)
    for folder in folders:
        passes = 0o011 if os.geteuid() == 0 and folder.name in (".venv", ".warehouse") else 0
        assert others(folder) == passes, folder


@pytest.mark.usefixtures("open_umask")
def test_the_state_of_the_server_is_closed_from_the_start(tmp_path: Path) -> None:
    """The password and the memory of the server, in a folder that nobody else lists."""
    folder = StateFolder(tmp_path / "etat")
    with folder.lock():
        folder.password()
    assert others(folder.path) in ((0, 0o011) if os.geteuid() == 0 else (0,))
    assert others(folder.password_file) == 0
    folder.path.chmod(0o777)
    with folder.lock():
        assert others(folder.path) & 0o066 == 0


def test_a_folder_of_another_account_is_not_written_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody prepared the folder where the password or the pages go."""
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(PlatformError, match="appartient à un autre compte"):
        closing.close(tmp_path)
    with pytest.raises(PlatformError, match="appartient à un autre compte"), StateFolder(tmp_path).lock():
        pass
