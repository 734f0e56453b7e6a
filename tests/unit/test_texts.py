"""Bytes and YAML: what lint names, what fix writes again, and what it leaves."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from donnees_au_centre.cli.texts import (
    byte_fault,
    check_bytes,
    check_yaml,
    mend_bytes,
    mend_yaml,
)
from donnees_au_centre.cli.words import refused_words
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import ROOT

GOOD = "-- Les élèves.\nselect 1\n"
FAULTS = {
    "models/age/bom.sql": (b"\xef\xbb\xbf" + GOOD.encode(), "BOM"),
    "models/age/crlf.sql": (GOOD.replace("\n", "\r\n").encode(), "CRLF"),
    "seeds/age/cp1252.csv": (GOOD.encode("cp1252"), "« é » écrit par Windows"),
    "macros/utf16.yml": (GOOD.encode("utf-16"), "UTF-16"),
    "docs/tout.md": (b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(), "BOM"),
    "orchestration/mac.py": (GOOD.replace("\n", "\r").encode(), "CRLF"),
}
UGLY = """\
version: 2
models:
- name: dim_ecoles   {}
  description: "Une école (cf. {{{{ doc('x') }}}})."
  columns:
      - name:  fase # la clé
        data_tests: [ unique,not_null ]
      #sans nom
      - {{name: nom, description: Le nom.}}




  config: {{meta: {{a: 007, b: '1', c: yes-no}}}}""".format("")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copy(ROOT / ".yamllint", tmp_path)
    for name, (content, _) in FAULTS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    # Received files are kept as they came.
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "recu.csv").write_bytes(GOOD.encode("cp1252"))
    return tmp_path


def test_each_fault_of_bytes_is_named_then_mended(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PlatformError, match="ne sont pas de l'UTF-8"):
        check_bytes(root)
    said = capsys.readouterr().out
    for name, (_, told) in FAULTS.items():
        [line] = [line for line in said.splitlines() if line.startswith(name)]
        assert told in line
    assert "recu.csv" not in said
    assert not mend_bytes(root)
    assert "seeds/age/cp1252.csv : réécrit en UTF-8, lu comme cp1252" in capsys.readouterr().out
    assert {(root / name).read_bytes() for name in FAULTS} == {GOOD.encode()}
    assert check_bytes(root)
    assert (root / "landing" / "recu.csv").read_bytes() == GOOD.encode("cp1252")


def test_what_no_encoding_reads_is_left_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.sql"
    # 0x81 means nothing in cp1252.
    file.write_bytes(b"select '\x81\xe9'\n")
    assert mend_bytes(tmp_path)
    assert file.read_bytes() == b"select '\x81\xe9'\n"
    assert "aucun encodage connu ne le lit" in capsys.readouterr().out


def test_a_carriage_return_is_found_on_its_line() -> None:
    assert byte_fault(b"a\nb\r\nc\n").endswith("à partir de la ligne 2")
    assert byte_fault("é\n".encode()) == ""


def test_lint_accepts_the_yaml_that_fix_writes(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mend_bytes(root)
    (root / "macros/utf16.yml").write_text("a: 1\n", "utf-8")
    file = root / "models/age/_age.yml"
    file.write_text(UGLY, "utf-8")
    said = yaml.safe_load(file.read_text("utf-8"))
    assert not check_yaml(root)
    shown = capsys.readouterr().out
    assert "_age.yml:3:1 : le retrait est de deux espaces par niveau, listes comprises." in shown
    assert "_age.yml:7:22 : espaces de trop ou absents dans des crochets." in shown
    assert not mend_yaml(root)
    assert check_yaml(root)
    assert yaml.safe_load(file.read_text("utf-8")) == said
    assert "# la clé" in file.read_text("utf-8")
    assert "\"Une école (cf. {{ doc('x') }}).\"" in file.read_text("utf-8")


def test_yaml_that_cannot_be_read_is_left(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mend_bytes(root)
    file = root / "macros/utf16.yml"
    file.write_text("a: [\n", "utf-8")
    assert mend_yaml(root)
    assert file.read_text("utf-8") == "a: [\n"
    assert not check_yaml(root)
    assert "macros/utf16.yml:2:1 : ce n'est pas du YAML lisible." in capsys.readouterr().out


VOCABULARY = """\
# Le vocabulaire

| dites | pour | évitez |
|---|---|---|
| **jeu de données** | une table offerte | **dataset**, table (quand on parle d'elle) |
| **exécution**, **passage** | une commande dbt | **run** ; **merge request** |
| **PO** | un pouvoir organisateur | **MR** |
"""
# What a text says of words to avoid -> the words that are named, with their lines.
SAID = {
    "docs/a.md": ("Un dataset.\n\nDeux\ndatasets et un Run.", [(1, "dataset"), (4, "datasets"), (4, "Run")]),
    "docs/b.md": (
        "Du code : `run`, un mot cité : *dataset*, [un lien](run.md), brun.\n\n```\nrun\n```",
        [],
    ),
    "docs/c.md": ("Une merge\nrequest, **une MR**, mr.", [(1, "merge\nrequest"), (2, "MR")]),
    "README.md": ("A run of a dataset.", []),
    "models/age/x.yml": ("models:\n  - name: run\n    description: >-\n      Un dataset.", [(3, "dataset")]),
    "donnees_au_centre/x.py": ('# a run\nx = "run"\ny = "Le run ne finit pas."', [(3, "run")]),
    "donnees_au_centre/x.html.j2": ("{{ run }}\n<p class='run'>Le run.</p>", [(2, "run")]),
}


def test_words_that_the_vocabulary_refuses_are_named_where_they_stand(tmp_path: Path) -> None:
    for name, content in {
        "docs/vocabulaire.md": VOCABULARY,
        **{name: said for name, (said, _) in SAID.items()},
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    said = refused_words(tmp_path)
    for name, (_, words) in SAID.items():
        found = [one for one in said if one.startswith(f"{name}:")]
        assert sorted(one.partition(" » : ")[0] for one in found) == sorted(
            f"{name}:{line} : « {word}" for line, word in words
        )
    assert "dites « jeu de données » (une table offerte). docs/vocabulaire.md:5 le dit." in said[0]
    # What was found clean is not read again, and a new word to avoid has it read again.
    (tmp_path / "docs/vocabulaire.md").write_text(
        VOCABULARY.replace("| **run**", "| **brun**, **run**"), "utf-8"
    )
    assert any(one.startswith("docs/b.md:1 : « brun »") for one in refused_words(tmp_path))
    (tmp_path / "docs/vocabulaire.md").unlink()
    assert refused_words(tmp_path) == []
