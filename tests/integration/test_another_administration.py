"""The platform of another administration, made as docs/contributeur/adapter.md says: nothing speaks of us."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import subprocess
import sys
import zipfile
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
import yaml

from donnees_au_centre.administration import FILE, UNSAID
from donnees_au_centre.cli import quality
from donnees_au_centre.cli.changes import changed_files
from donnees_au_centre.cli.new_administration import new_administration
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.git import git
from donnees_au_centre.learning.sample import check_sample
from donnees_au_centre.pages.documentation.documents import read_documents
from donnees_au_centre.settings import ROOT, Settings
from tests.small_project import environment

# What only this administration says, wherever it is read.
OF_US = re.compile(
    r"wallon|fédération|\bfwb\b|bruxell|brussels|\bbelg|minist[eè]re|odwb|adeps|secrétariat général|léopold"
    r"|rue de la presse|données au centre|\b(?:agaj|agc|agmj|ags)\b",
    re.IGNORECASE,
)
THEIRS = """
plateforme: {nom: "Carrefour des données", courriel: carrefour@fr-test.example}
administration: {nom: "Canton de Fribourg-Test", ensemble: "Canton"}
responsable_du_traitement:
  {nom: "Conseil d'État", adresse: "rue des Chanoines 17, 1701 Fribourg-Test", courriel: etat@fr-test.example}
delegue_a_la_protection_des_donnees:
  {nom: "Préposée", adresse: "rue des Chanoines 2, 1701 Fribourg-Test", courriel: preposee@fr-test.example}
autorite_de_controle: {nom: "Autorité de la transparence", adresse: "rue des Chanoines 2, 1701 Fribourg-Test"}
# So far from here that the day is often another.
fuseau: Pacific/Noumea
langue: fr-CH
couleurs: {bandeau: "#ffffff", texte_du_bandeau: "#111111", trait: "#b00020", lien: "#8a0019",
           bandeau_sombre: "#f0f0f0", lien_sombre: "#ff9aa8"}
logo: logo.svg
calendrier:
  jours_feries:
    saint_nicolas: {nom: "Saint-Nicolas", nature: scolaire, le: 6 décembre}
  annees_scolaires:
    {premiere: 2024, derniere: 2026, regles: [{depuis: 2024, debut: quatrième jeudi d'août, fin: 3 juillet}]}
"""
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 3"><path d="M0 0h2v3H0z"/></svg>'
COURSES = """\
numero;intitule;formatrice;debut
1;Poterie;formatrice1@a.example;01.09.2025
2;Danse;formatrice2@a.example;15.10.2025
"""
FAILING = {"accepted_values": {"description": "On danse.", "arguments": {"values": ["Danse"]}}}
SOURCE = {
    "FICHIER": "sfo/cours/cours_2025.csv",
    "CLE": "numero",
    "FINALITE": "Suivre les cours offerts.",
    "BASE_LEGALE": "Loi du 1er mars ; RGPD, article 6(1)(e).",
    "CONSERVATION": "60",
    "RAFRAICHISSEMENT": "12",
    "PERSONNES": "Formatrices.",
    "PAR_PERSONNE": "non",
    "DESTINATAIRES": "Le service.",
}
# Green, whatever the data.
PROVED = ("lint", "test-unit", "site", "training", "denodo-export")
READ = ("build", "report", "catalogue", "register", "contracts", "alert", "digest")
# In one process, which imports dbt once: each is a command of make, and its options.
PLAYED = """
import json, os, sys
from donnees_au_centre.cli.main import main
given = dict(os.environ)
for command, options in json.loads(sys.argv[1]):
    print("== make", command, flush=True)
    # A command makes its tools' environment this process's own.
    os.environ.clear()
    os.environ.update(given | options)
    print("==", main([command]), flush=True)
"""
MANUAL = re.compile("site/(?!index.html|style.css)")
# Tags, and pictures.
CODE = re.compile(r"<[^>]*>|data:[^\"]*")
# What only programmers read of a file.
UNREAD = {
    ".sql": r"(?s)\{#.*?#\}|--[^\n]*",
    ".yml": r"(?m)#.*$",
    ".yaml": r"(?m)#.*$",
    ".j2": r"(?s)\{#.*?#\}|<[^>]*>",
    ".html": r"(?s)<[^>]*>",
    ".js": r"(?m)//.*$",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that the command writes for them."""
    place = tmp_path_factory.mktemp("fribourg")
    (place / "theirs.yml").write_text(THEIRS, encoding="utf-8")
    (place / "logo.svg").write_text(LOGO, encoding="utf-8")
    assert write(place / "depot", ADMINISTRATION=str(place / "theirs.yml")) == 0
    return place / "depot"


def write(folder: Path, **options: str) -> int:
    return new_administration(Settings.load({}), {"DOSSIER": str(folder), **options})


def test_its_files_say_nothing_of_us(folder: Path) -> None:
    # The manual keeps our examples, and the package its name.
    apart = ("docs/", "denodo/", "dev/", "LICENSES/", ".agents/", ".git/", "AGENTS", "CONTRIBUTING", "README")
    kinds = (".md", ".csv", ".css", *UNREAD)
    said = [
        f"{name}: {found[0]}"
        for path in sorted(folder.rglob("*"))
        if path.suffix in kinds and not (name := path.relative_to(folder).as_posix()).startswith(apart)
        for found in OF_US.finditer(re.sub(UNREAD.get(path.suffix, "(?!)"), "", path.read_text("utf-8")))
    ]
    assert said == []


def test_each_link_of_its_pages_leads_somewhere(folder: Path) -> None:
    assert "docs/analyste/macros-portables.md" in read_documents(folder).pages


def test_its_pipeline_publishes_no_exercises_and_has_its_landing_zone(folder: Path) -> None:
    pipeline = yaml.safe_load((folder / ".gitlab/ci/main.yml").read_text("utf-8"))
    steps = " ".join(pipeline["pages"]["script"])
    assert "make site" in steps and "build/catalogue" in steps
    assert "apprendre" not in steps and "learn" not in steps
    (folder / "landing/reel.csv").touch()
    followed = git(folder, "ls-files", "-co", "--exclude-standard", "landing", problem="", advice="")
    assert followed == b"landing/.gitkeep\n"
    (folder / "landing/reel.csv").unlink()
    with pytest.raises(
        PlatformError, match="échantillon inventé de la plateforme, qui n'est pas dans ce dépôt"
    ):
        check_sample(replace(Settings.load({}), root=folder, landing=folder / "landing"))


def test_what_dbt_and_the_containers_repeat_is_theirs(folder: Path) -> None:
    assert "Pacific/Noumea" in (folder / "macros/naming/time_zone.sql").read_text("utf-8")
    assert "  TZ: Pacific/Noumea\n" in (folder / "deploy/compose.yml").read_text("utf-8")
    assert "code_age" not in (folder / "deploy/stack.yml").read_text("utf-8")
    assert (folder / "seeds/commun/annees_scolaires.csv").read_text("utf-8").splitlines()[1:] == [
        "2024-2025,2024-08-22,2025-07-03",
        "2025-2026,2025-08-28,2026-07-03",
        "2026-2027,2026-08-27,2027-07-03",
    ]


def test_without_their_file_one_is_written_to_complete(tmp_path: Path) -> None:
    assert write(tmp_path / "depot") == 0
    assert UNSAID in (tmp_path / "depot" / FILE).read_text("utf-8")
    # Before its first commit, all of it has changed.
    assert FILE in changed_files(tmp_path / "depot")
    with pytest.raises(PlatformError, match="existe déjà, et n'est pas vide"):
        write(tmp_path / "depot")
    with pytest.raises(PlatformError, match="est dans ce projet-ci"):
        write(ROOT / "build" / "ailleurs")


def test_a_folder_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "fichier").touch()
    with pytest.raises(PlatformError, match="est un fichier"):
        write(tmp_path / "fichier")
    with pytest.raises(PlatformError, match=r"le dossier .*/absent n'existe pas"):
        write(tmp_path / "absent" / "depot")
    with pytest.raises(PlatformError, match=r"/proc/depot n'a pas été écrit, rien n'en reste"):
        write(Path("/proc/depot"))
    # As a disk that is full in the middle: the larger files do not go in.
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(PlatformError, match="rien n'en reste : la taille des fichiers y est limitée"):
            write(tmp_path / "depot")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == ["fichier"]


def test_a_file_of_theirs_that_cannot_be_followed_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "theirs.yml").write_text("plateforme: {nom: X}\n", encoding="utf-8")
    with pytest.raises(PlatformError, match=r"theirs\.yml : plateforme\.courriel : manque") as refused:
        write(tmp_path / "depot", ADMINISTRATION=str(tmp_path / "theirs.yml"))
    assert f"Corrigez {tmp_path / 'theirs.yml'}" in refused.value.advice
    assert not (tmp_path / "depot").exists()


@pytest.mark.long
def test_an_administration_of_theirs_is_built_and_read_under_their_name(folder: Path, database: str) -> None:
    complete(folder)
    # Before there is anything to load.
    said = play(folder, database, ("demo", {}))
    (folder / "landing/sfo/cours").mkdir(parents=True)
    (folder / "landing" / SOURCE["FICHIER"]).write_text(COURSES, encoding="utf-8")
    named = {"AG": "sfo", "NAME": "Service de la formation"}
    said += play(folder, database, ("new-ag", named), ("new-source", SOURCE))
    complete(folder)
    said += play(folder, database, *((command, {}) for command in PROVED))
    assert re.findall(r"(?m)^== (\d+)$", said) == ["0"] * (3 + len(PROVED))
    # What fails is told to somebody.
    file = folder / "models/sfo/staging/cours/stg_cours__cours.yml"
    written = yaml.safe_load(file.read_text("utf-8"))
    written["models"][0]["columns"] = [{"name": "intitule", "data_tests": [FAILING]}]
    file.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    said += play(folder, database, *((command, {}) for command in READ))
    # The manual keeps our examples.
    told = {name: text for name, text in readable(folder / "build").items() if not MANUAL.match(name)}
    texts = {"terminal": said, **told}
    assert [
        f"{name}: {text[max(0, one.start() - 60) : one.end() + 30]!r}"
        for name, text in texts.items()
        for one in OF_US.finditer(text)
    ] == []
    assert "plateforme Carrefour des données. Une question ? carrefour@fr-test.example" in said
    page = (folder / "build/reports/qualite/index.html").read_text("utf-8")
    for theirs in ("Canton de Fribourg-Test", "Carrefour des données", "data:image/svg+xml"):
        assert theirs in page
    assert "--top: #ffffff" in (folder / "build/reports/qualite/style.css").read_text("utf-8")
    register = (folder / "build/registre/registre.html").read_text("utf-8")
    for theirs in (
        "rue des Chanoines 17",
        "par Carrefour des données, Canton de Fri",
        "Formatrices.",
    ):
        assert theirs in register


def complete(folder: Path) -> None:
    """Writes what a person must."""
    for path in (*(folder / "models").rglob("*.yml"), *(folder / "policies").rglob("*.yml")):
        text = path.read_text("utf-8")
        text = re.sub(r'((?:courriel|email): )"À compléter[^"]*"', r"\1bureau@fr-test.example", text)
        path.write_text(re.sub(r'"À (?:compléter|décrire)[^"]*"', '"Le bureau"', text), encoding="utf-8")


def play(folder: Path, conninfo: str, *commands: tuple[str, dict[str, str]]) -> str:
    """Plays commands of make in the folder; returns what they print."""
    here = {"DBT_TARGET": "ci", "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", PLAYED, json.dumps(commands)],
        cwd=folder,
        env={**quality.test_environment(os.environ), **environment(conninfo), **here},
        capture_output=True,
        text=True,
    )
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def readable(folder: Path) -> dict[str, str]:
    """What a person reads of each result, by its path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as book:
                parts = [part for part in book.namelist() if part.endswith(".xml")]
                found[name] = " ".join(book.read(part).decode() for part in parts)
        elif path.name == "elementary.html":
            # Its maker's page, in which ours is the name.
            found[name] = re.findall("<title>.*?</title>", path.read_text("utf-8"))[0]
        elif path.suffix in (".html", ".csv", ".json", ".yaml", ".js", ".css"):
            found[name] = unescape(CODE.sub(" ", path.read_text("utf-8-sig")))
    return found
