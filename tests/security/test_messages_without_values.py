"""No message, log, event or error repeats a received value: files full of marked words are read."""

from __future__ import annotations

import ast
import gzip
import io
import json
import logging
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import psycopg
import pytest

from donnees_au_centre.cli import main as cli
from donnees_au_centre.landing import LoadReport, contents, load_landing
from donnees_au_centre.landing.declaration import SourceTable
from donnees_au_centre.settings import ROOT
from donnees_au_centre.warehouse import EmbeddedServer
from tests.unit.landing_sources import as_nodes, source

# In whatever a file can hold; what no text of the platform says, nor any number that it counts.
MARK, NUMBER = "zyphrquatrefages", "85010211357"


def book(hidden: bool = False, **sheets: list[list[Any]]) -> bytes:
    """A workbook; without Excel's own errors, an openpyxl cell of type « e » holds any text."""
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for title, lines in sheets.items():
        sheet = made.create_sheet(title.replace("__", " "))
        for line in lines:
            sheet.append(line)
    if hidden:
        made.worksheets[-1].sheet_state = "hidden"
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def in_error() -> bytes:
    """A workbook whose cell « in error » holds words that are no error of Excel."""
    made = io.BytesIO(book(A=[["a", "b"], ["#N/A", 2]]))
    changed = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(b"<v>#N/A</v>", f"<v>{MARK}</v>".encode())
            new.writestr(name, content.replace(b"#N/A", MARK.encode()))
    return changed.getvalue()


def archive(*names: str) -> bytes:
    """A zip of files with these names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name in names:
            packed.writestr(name, f"a,b\n1,{MARK}\n")
    return file.getvalue()


def text(value: Any) -> bytes:
    """JSON."""
    return json.dumps(value, ensure_ascii=False).encode()


# Name of the file -> its content and how it is declared: each way that a reader has to take or refuse one.
FILES: dict[str, tuple[bytes, dict[str, Any]]] = {
    "sans_entete.csv": (f"{MARK} un,{NUMBER}\n{MARK} deux,2\n".encode(), {}),
    "sans_entete_large.csv": (f"{MARK},{NUMBER},{MARK} trois\n".encode(), {"names": "position"}),
    "double.csv": (f"a,b,{MARK},{MARK.upper()}\n1,2,3,4\n".encode(), {}),
    "reserve.csv": (f"a,b,charge_le,{MARK}\n1,2,3,4\n".encode(), {}),
    "renomme.csv": (f"a,b,c,{MARK}\n1,2,3,4\n".encode(), {"renames": {"c": "a"}}),
    "etroit.csv": (f"{MARK}\n{NUMBER}\n".encode(), {"names": "position"}),
    "nouvelles.csv": (f"a,b,{MARK} {NUMBER}\n1,2,3\n".encode(), {}),
    "large.csv": (f"a,b\n1,2,{MARK}\n3,4\n".encode(), {}),
    "guillemet.csv": (f'a,b\n1,"{MARK}\n"2"{MARK},3\n4,5\n'.encode(), {}),
    "octets.csv": (f"a,b\n1,{MARK}\xe9\n2,3\n".encode("latin-1"), {}),
    "entete_octets.csv": (f"a,{MARK}\xe9\n1,2\n".encode("latin-1"), {}),
    "entete_guillemet.csv": (f'"{MARK},b\n1,2\n'.encode(), {}),
    "nul.csv": (f"a,b\n1,{MARK}\0\n2,3\n".encode(), {}),
    "entete_nul.csv": (f"a,{MARK}\0\n1,2\n".encode(), {}),
    "mal_encode.csv": (f"a,b\n1,{MARK} Ã© é\n".encode(), {}),
    "directive.csv": (f"sep=;\na;b\n1;{MARK}\n".encode(), {}),
    "titre.csv": (f"{MARK}\n\na,b\n1,2\nTotal,{MARK}\n".encode(), {"header_row": 3, "footer": "Total"}),
    "cote.csv": (f"a,,{MARK}\n1,,{MARK}\n".encode(), {"beside": "b"}),
    "illisible.csv": (f"a,b\n{(MARK + chr(10)) * 40}1,2\n".encode(), {}),
    "vide.csv": (f"a,b\n{MARK}\n".encode(), {}),
    "contrainte.csv": (f"a,b\n{MARK},{NUMBER}\n".encode(), {}),
    "imprevu.csv": (f"a,b\n{MARK},2\n".encode(), {}),
    "compresse.csv.gz": (gzip.compress(f"{MARK},b\n1,2\n".encode()), {}),
    "page.csv": (f"<html><title>{MARK}</title>{NUMBER}</html>".encode(), {}),
    "deux.csv.zip": (archive(f"{MARK}.csv", f"{NUMBER}.csv"), {}),
    "aucun.csv.zip": (archive(f"{MARK}.csv"), {"member": "x*.csv"}),
    "etape.json": (text({MARK: [{"a": 1}], NUMBER: 2}), {"rows": "records.*"}),
    "cle.json": (text({MARK: {"x": [{"a": 1, "b": 2}]}}), {"rows": "lignes.*"}),
    "colonnes.json": (text([{"a": 1, MARK: NUMBER}]), {}),
    "nouvelles.json": (text([{"a": 1, "b": 2, MARK: 1, "sous": {NUMBER: 2}}]), {}),
    "collision.json": (text([{"a": 1, "b": 2, f"{MARK}_x": 1, MARK: {"x": 2}}] * 7), {"max_rejects": 1}),
    "double_cle.json": (f'[{{"a": 1, "b": 2}}, {{"{MARK}": 1, "{MARK}": 2}}]'.encode(), {}),
    "parents.json": (text([{MARK: 1, "classes": [{"a": 1, "b": 2}]}]), {"rows": "*.classes.*"}),
    "cles.json": (text({MARK: {"a": 1, "b": 2}, NUMBER: {"a": 1, "b": 2}}), {}),
    "erreur.json": (text({"error": MARK, MARK: NUMBER}), {}),
    "coupe.json": (f'[{{"a": 1, "b": "{MARK}"}}, {{"a": {NUMBER} {MARK}'.encode(), {}),
    "suite.json": (f'[{{"a": 1, "b": 2}}] {MARK}'.encode(), {}),
    "simple.json": (text([MARK, NUMBER]), {}),
    "annonce.json": (f'{{"total_count": {NUMBER}, "results": [{{"a": 1, "b": 2}}]}}'.encode(),
                     {"envelope": "opendatasoft_v2"}),
    "octets.json": (f'[{{"a": "{MARK}\xe9"}}]'.encode("latin-1"), {}),
    "moitie.json": (f'[{{"a": 1, "b": "{MARK}\\ud800"}}, {{"a": 1, "b": 2}}]'.encode(), {}),
    "lignes.json": (f'{{"a": 1, "b": 2}}\n{{"a": {MARK}\n'.encode(), {"rows": "lines"}),
    "sans_entete.xlsx": (book(**{MARK: [[MARK, NUMBER], [1, 2]]}), {}),
    "feuille.xlsx": (book(**{MARK: [["a", "b"], [1, 2]]}), {"sheet": "Agents"}),
    "autre.xlsx": (book(Vide=[["?"]], **{MARK: [["a", "b"], [1, 2]]}), {}),
    "non_lue.xlsx": (book(True, A=[["a", "b"], [1, 2]], **{MARK: [["x"]], NUMBER: [["x"]]}), {}),
    "motif.xlsx": (book(**{f"20 {MARK}": [["a", "b"], [1, 2, MARK]]}), {"sheets": "20*"}),
    "vide_en_tete.xlsx": (book(**{MARK: [[], [], [MARK]]}), {}),
    "erreur.xlsx": (in_error(), {}),
    "formule.xlsx": (book(A=[["a", "b"], [f"={MARK}", 2], [3, 4]]), {}),
    "abime.xlsx": (book(**{MARK: [["a", "b"], [MARK, 2]]})[:-200], {}),
}  # fmt: skip


def declared() -> list[SourceTable]:
    """A table a file."""
    from donnees_au_centre.landing import read_declarations

    return read_declarations(
        as_nodes(
            *(
                source(
                    f"age/{place}/{name}",
                    ["a", "b"],
                    name.removesuffix(".gz").removesuffix(".zip").rpartition(".")[2],
                    options,
                    name=f"t{place}_{name.partition('.')[0]}",
                )
                for place, (name, (_, options)) in enumerate(FILES.items())
            )
        )
    )


class Loaded:
    """What a load of all the files says, and where it says it."""

    def __init__(self, conninfo: str, landing: Path) -> None:
        """Puts the files in place and loads them."""
        for place, (name, (content, _)) in enumerate(FILES.items()):
            path = landing / "age" / str(place) / name
            path.parent.mkdir(parents=True)
            path.write_bytes(content)
        self.conninfo, self.lines = conninfo, list[str]()
        self.tables = declared()
        load_landing(conninfo, landing, [self.table("contrainte")])
        self.ask("alter table raw_age.{} add check (a = 'x') not valid", self.table("contrainte").identifier)
        self.ask("delete from plateforme.chargements")
        self.report: LoadReport = load_landing(conninfo, landing, self.tables, progress=self.lines.append)

    def table(self, name: str) -> SourceTable:
        """The table of a file."""
        return next(table for table in self.tables if table.name.endswith(f"_{name}"))

    def ask(self, query: str, name: str = "x") -> list[tuple[Any, ...]]:
        """Asks the database."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(psycopg.sql.SQL(query).format(psycopg.sql.Identifier(name)))
            return cursor.fetchall() if cursor.description else []

    def said(self) -> dict[str, str]:
        """All that leaves the administration, by where it stands."""
        journal = self.ask("select fichier, chargements::text from plateforme.chargements")
        return {
            "lignes de la commande": "\n".join(self.lines),
            "bilan": json.dumps(asdict(self.report), ensure_ascii=False),
            **{f"plateforme.chargements, {file}": row for file, row in journal},
        }


@pytest.fixture(scope="module")
def loaded(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """All the files, loaded once; the code trips over one of them."""
    server.ensure_database("essai_valeurs")
    take = contents.LOADERS["csv"]

    def trip(target: Any, file: Any, rejects: Any) -> Any:
        if target.table.name.endswith("_imprevu"):
            raise KeyError(MARK)
        return take(target, file, rejects)

    contents.LOADERS["csv"] = trip
    try:
        yield Loaded(server.start().conninfo("essai_valeurs"), tmp_path_factory.mktemp("zone"))
    finally:
        contents.LOADERS["csv"] = take
        server.drop_database("essai_valeurs")


def test_a_file_full_of_values_puts_none_of_them_in_a_message(loaded: Loaded) -> None:
    """Whatever a reader trips over, what leaves the administration holds no word of the file."""
    leaks = [
        (place, line)
        for place, words in loaded.said().items()
        for line in words.lower().splitlines()
        if MARK in line or NUMBER in line
    ]
    assert leaks == []
    statuses = {table.table.partition("_")[2]: table.status for table in loaded.report.tables}
    # The files did what they are here for.
    refused = {name for name, status in statuses.items() if status in ("echec", "attente")}
    assert {"sans_entete", "double", "deux", "etape", "feuille", "coupe", "contrainte", "imprevu"} <= refused
    assert {"nouvelles", "collision", "non_lue", "motif", "erreur", "annonce"} & set(statuses) - refused


def test_a_header_less_file_does_not_show_its_first_record(loaded: Loaded) -> None:
    """The attack: a file of persons without its header; the message tells where its people look."""
    table = loaded.table("sans_entete")
    [(message,)] = loaded.ask(
        f"select message from plateforme.chargements where table_nom = '{table.name}' and statut = 'echec'"
    )
    assert "colonnes obligatoires : a, b. Le fichier a 2 colonnes, dont 0 au nom déclaré" in message
    assert "`header: false`" in message and "dans raw_age.rejets_chargement" in message
    kept = f"select texte from raw_age.rejets_chargement where table_nom = '{table.name}'"
    assert loaded.ask(kept) == [(f"{MARK} un\n{NUMBER}",)]


def test_refused_words_go_when_the_file_is_mended(loaded: Loaded, tmp_path: Path) -> None:
    """What was kept of a refused file does not outlive it."""
    table = loaded.table("double")
    path = tmp_path / table.variants[0].location
    path.parent.mkdir(parents=True)
    path.write_text("a,b\n1,2\n")
    kept = f"select texte from raw_age.rejets_chargement where table_nom = '{table.name}'"
    assert MARK in loaded.ask(kept)[0][0]
    load_landing(loaded.conninfo, tmp_path, [table])
    assert loaded.ask(kept) == []


def test_an_error_of_the_code_quotes_nothing_in_dagster(caplog: pytest.LogCaptureFixture) -> None:
    """An unforeseen error in a step: no event of the run, nor its log, has its words or its cause's."""
    import dagster as dg

    from orchestration.failures import told_failures

    @dg.op
    def trip() -> None:
        with told_failures():
            try:
                int(MARK)
            except ValueError as error:
                raise KeyError(NUMBER) from error

    @dg.job
    def job() -> None:
        trip()

    with caplog.at_level(logging.DEBUG):
        done = job.execute_in_process(raise_on_error=False)
    events = "\n".join(map(str, done.all_events)) + caplog.text
    assert not done.success and "KeyError" in events
    assert MARK not in events and NUMBER not in events


def test_an_error_of_the_code_quotes_nothing_on_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The file that programmers are given has the places of an error, not its words."""
    from donnees_au_centre.cli import rights

    def trip(*_: object) -> int:
        raise ValueError(f"{MARK}\n{NUMBER}: KeyError: {MARK}") from KeyError(NUMBER)

    monkeypatch.setattr(rights, "purge_plan", trip)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cli.main(["purge-plan"], {}) == 1
    (detail,) = [path.read_text("utf-8") for path in tmp_path.iterdir()]
    assert "in trip\nValueError" in detail
    assert not [word for word in (MARK, NUMBER) if word in detail + capsys.readouterr().err]


def test_an_error_of_dbt_about_a_cell_does_not_quote_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's words on a value (a date past year 9999, a text where a count is expected) reach no event."""
    from dbt.task.base import BaseRunner
    from dbt_common.events import functions
    from dbt_common.exceptions import CompilationError

    from donnees_au_centre.audit.discretion import hide_values

    hide_values()
    fired: list[str] = []
    monkeypatch.setattr(functions, "fire_event", lambda event, *_, **__: fired.append(event.message()))

    class Runner:
        """As much of dbt's runner as it takes."""

        node = SimpleNamespace(
            unique_id="model.x", resource_type="model", name="x", original_file_path="x.sql"
        )
        _handle_generic_exception = BaseRunner._handle_generic_exception
        _handle_catchable_exception = BaseRunner._handle_catchable_exception

    try:
        int(MARK)
    except ValueError as error:
        said = [BaseRunner.handle_exception(Runner(), error, None)]
        try:
            # So does dbt with what a macro trips over.
            raise CompilationError(str(error)) from error
        except CompilationError as wrapped:
            said.append(BaseRunner.handle_exception(Runner(), wrapped, None))
    # In French where another test of this process had dbt speak it.
    assert all("x.sql" in one and "ValueError" in one for one in said)
    assert MARK not in "".join([*said, *fired])


def test_the_log_of_the_server_quotes_no_statement(server: EmbeddedServer) -> None:
    """A session that is ended while it looks for a person leaves no trace of whom."""
    conninfo = server.start().conninfo("postgres")
    log = (server.status().home or Path()) / "server.log"
    before = log.stat().st_size
    with psycopg.connect(conninfo, autocommit=True) as admin, psycopg.connect(conninfo) as session:
        with pytest.raises(psycopg.OperationalError):
            session.execute(f"select pg_terminate_backend(pg_backend_pid()), pg_sleep(1), '{MARK}'")
        with pytest.raises(psycopg.Error):
            admin.execute(f"select cast('{MARK}' as integer)")
    written = log.read_bytes()[before:]
    assert b"terminating connection" in written
    assert MARK.encode() not in written


# Words by which the loader's code calls what it received.
RECEIVED = {"header", "headers", "received", "seen", "others", "title", "words", "cell", "cells", "raw_name"}
RECEIVED |= {"value", "values", "record", "records_of", "members", "entry", "keys", "text", "content"}
# What of a received thing may be told: how many there are and where they stand.
TELLING = {"len", "counted", "ranks", "sum", "_shown", "shown"}
MESSAGES = {"PlatformError", "Withheld", "EmptyFile", "Refused", "MisplacedRows"}
MESSAGES |= {"_path_error", "fail", "_bad_header", "append"}


def _interpolated(call: ast.Call) -> Iterator[ast.AST]:
    arguments = call.args[:2] if isinstance(call.func, ast.Name) else call.args
    for argument in arguments:
        for node in ast.walk(argument):
            if isinstance(node, ast.FormattedValue):
                yield node.value


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in TELLING:
        return
    if isinstance(node, ast.Name):
        yield node.id
    if isinstance(node, ast.Attribute):
        yield node.attr
    for child in ast.iter_child_nodes(node):
        yield from _names(child)


def test_no_message_of_the_loader_is_made_of_what_it_received() -> None:
    """A new message that would interpolate a header, a title, a key or a cell fails here first."""
    # What is declared is no received word.
    code = [path for path in (ROOT / "donnees_au_centre/landing").glob("*.py") if path.stem != "declaration"]
    assert len(code) > 20
    assert [
        f"{path.name}, line {call.lineno}: {ast.unparse(shown)}"
        for path in code
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", getattr(call.func, "attr", "")) in MESSAGES
        for shown in _interpolated(call)
        if RECEIVED & set(_names(shown))
    ] == []
