"""`new-administration`: the repository of another one: the platform, and nothing of this administration."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import takewhile
from pathlib import Path, PurePosixPath

from donnees_au_centre.administration import FILE, UNSAID, read_administration
from donnees_au_centre.cli.new_ag import LINES, YEAR
from donnees_au_centre.cli.new_model import fill, quoted
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.git import git
from donnees_au_centre.project.domains import OWNERS, PROJECT, group_file, mend_workspace
from donnees_au_centre.project.nodes import CROSSING, PLATFORM, SHARED
from donnees_au_centre.project.repeated import HOLIDAYS, SCHOOL_YEARS, mend_repeated
from donnees_au_centre.settings import Settings
from donnees_au_centre.warehouse.state import in_french

USAGE = "make new-administration DOSSIER=../ma_plateforme"
# What the domains that are for all of them are, in the words of their groups.
KEPT = {
    SHARED: "Ce que toutes les administrations partagent : le calendrier, les références communes.",
    CROSSING: "Marts qui croisent plusieurs administrations.",
}
# Folders whose files are of one administration: its models, files, decisions, lessons, and what is proved on
# them. What is named below is the platform's all the same.
CONTENT = (
    *(
        "benchmarks",
        "dev/sample",
        "docs/apprendre/README.md",
        "docs/apprendre/exercices",
        "docs/images",
        "landing",
        "models",
        "observability/models",
    ),
    *("policies/access", "policies/consumers", "policies/contracts", "seeds", "tests"),
)
PLATFORMS = (
    *("models/_docs.md", f"models/{PLATFORM}", f"observability/models/{PLATFORM}.yml", "tests/generic"),
    *(f"policies/contracts/{PLATFORM}.yml", "tests/__init__.py"),
    *(HOLIDAYS, SCHOOL_YEARS, "seeds/commun/chiffres.csv", "seeds/commun/_calendrier__seeds.yml"),
)
# The calendar, which administration.yml says: its rules above, and here the days that they make.
CALENDAR = tuple(
    f"models/commun/intermediate/int_calendrier__{name}.{suffix}"
    for name in ("annees", "jours", "jours_feries")
    for suffix in ("sql", "yml")
)
# Who may do what of the platform itself.
ACCESS = ("policies/access/plateforme.yml", f"policies/access/{PLATFORM}.yml")
# Of this project, and of no other; some are written anew.
OURS = (
    *(FILE, OWNERS, "CHANGELOG.md", "GOVERNANCE.md", "README.fr.md", "README.md", "SECURITY.md"),
    "publiccode.yml",
)
LINK = re.compile(r"(?P<picture>!?)\[(?P<words>[^\]]*)\]\((?P<path>[^)#\s]+)(?:#[^)]*)?\)")
CHANGELOG = "# Changelog\n\nCe qui change pour qui lit, écrit ou exploite.\n\n## Unreleased\n"
NEWS = "docs/apprendre/nouveautes.md"
FIRST_NEWS = """\
# Ce qui est nouveau

Ce que disent les [changements](../../CHANGELOG.md), en mots simples.

## Pour commencer

La plateforme est là : à chacun son [parcours](parcours/README.md).
"""
# Publishes what is made of the sample: the exercises.
PUBLISHING = ".gitlab/ci/main.yml"
# git follows no folder that is empty, and the landing zone must be there.
KEEPER = "landing/.gitkeep"
CONFORMED, SYNONYMS = (
    "donnees_au_centre/project/conformed.yml",
    "donnees_au_centre/pages/search/synonymes.yml",
)


def new_administration(settings: Settings, options: Mapping[str, str]) -> int:
    """Writes the repository of another administration into a new folder.

    Reads DOSSIER, the folder, and ADMINISTRATION, the file that will be its administration.yml; without it,
    one is written in which a person completes what is hers.

    Raises:
        PlatformError: the folder has something in it or cannot be written, this checkout is none of git, or
            ADMINISTRATION cannot be followed. Nothing is then left.
    """
    root, folder = settings.root, _folder(options.get("DOSSIER") or "", settings.root)
    given = Path(options["ADMINISTRATION"]).absolute() if options.get("ADMINISTRATION") else None
    if given and not given.is_file():
        raise PlatformError(
            f"ADMINISTRATION={options['ADMINISTRATION']} n'est pas un fichier.",
            "Donnez celui qui deviendra son administration.yml ; sans cette option, il est à compléter.",
        )
    theirs = read_administration(given.parent, given.name) if given else None
    files = list(_copied(root))
    written = given.read_text("utf-8") if given else fill("administration.yml", {})
    texts = _written(root, written.strip() + "\n")
    texts["README.md"] = fill("lisez-moi.md", {"name": theirs.platform.name if theirs else "Nos données"})
    with _whole(folder) as made:
        for name in files:
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, made / name)
        for name, text in texts.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_text(text, encoding="utf-8")
        for page in (*made.glob("docs/**/*.md"), *made.glob("*.md")):
            page.write_text(_unlinked(page), encoding="utf-8")
        mend_workspace(made)
        if given and theirs:
            if theirs.logo:
                (made / theirs.logo).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(given.parent / theirs.logo, made / theirs.logo)
            mend_repeated(made)
        for arguments in (("init", "-q", "-b", "main"), ("add", "-A")):
            git(
                made,
                *arguments,
                problem=f"{folder} n'a pas été écrit, rien n'en reste : git {arguments[0]} échoue",
                advice="Corrigez ce qu'il dit, puis relancez la même commande.",
            )
    print(f"\nÉcrit : {folder}, {counted(len({*files, *texts}), 'fichier')}, sans aucune donnée d'ici.")
    print(_next_steps(folder, given is not None))
    return 0


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder beside, to be filled: it takes its name when it is whole, and is gone when it is not.

    Raises:
        PlatformError: the system refuses.
    """
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.partiel")
    try:
        try:
            beside.mkdir()
            yield beside
            beside.rename(folder)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
    except OSError as error:
        raise PlatformError(
            f"{folder} n'a pas été écrit, rien n'en reste : {in_french(error)}.",
            f"Donnez un dossier où ce compte peut écrire, sur un disque qui a 50 Mo de libres : {USAGE}",
        ) from error


def _folder(given: str, root: Path) -> Path:
    if not given:
        raise PlatformError("Dans quel dossier écrire ?", f"Donnez-en un qui n'existe pas encore : {USAGE}")
    folder = Path(given).resolve()
    if root == folder or root in folder.parents:
        raise PlatformError(f"DOSSIER={given} est dans ce projet-ci.", f"Donnez un dossier à côté : {USAGE}")
    if folder.exists() and not folder.is_dir():
        raise PlatformError(f"DOSSIER={given} est un fichier.", f"Donnez un dossier : {USAGE}")
    if not folder.parent.is_dir():
        raise PlatformError(
            f"DOSSIER={given} : le dossier {folder.parent} n'existe pas.",
            "Créez-le, ou donnez un dossier dont le parent est là.",
        )
    if folder.exists() and any(folder.iterdir()):
        raise PlatformError(
            f"DOSSIER={given} existe déjà, et n'est pas vide.", f"Donnez-en un autre : {USAGE}"
        )
    return folder


def _copied(root: Path) -> Iterator[str]:
    """The files of this checkout that another administration takes as they are, by path."""
    said = git(
        root,
        *("ls-files", "-z"),
        problem="Ce que suit git ne se lit pas",
        advice="Lancez cette commande dans un clone du dépôt (git clone), non dans une image.",
    )
    for name in sorted(said.decode().split("\0")):
        path = PurePosixPath(name)
        below = {name, *map(str, path.parents)}
        content = below.intersection(CONTENT) and not below.intersection((*PLATFORMS, *CALENDAR))
        if name and name not in OURS and not content and (root / name).is_file():
            yield name


def _written(root: Path, administration: str) -> dict[str, str]:
    """The files that another administration has in words of its own."""
    review = f"{date.today() + YEAR}"
    groups = {
        group_file(domain): fill(
            "group.yml",
            {"ag": domain, "described": "\n".join(quoted("description", words, 4)), "review": review},
        )
        for domain, words in KEPT.items()
    }
    project = LINES.sub(
        lambda line: line[0] if line["name"] in (*KEPT, PLATFORM) else "", (root / PROJECT).read_text("utf-8")
    )
    # In words that hold anywhere, but for who answers and who approves.
    kept = {
        path.relative_to(root).as_posix(): _unsaid(path.read_text("utf-8"))
        for path in (*(root / "models" / PLATFORM).rglob("*.yml"), *(root / name for name in ACCESS))
    }
    packaged = (root / "pyproject.toml").read_text("utf-8")
    ignored = (root / ".gitignore").read_text("utf-8")
    return {
        FILE: administration,
        **groups,
        PROJECT: project,
        OWNERS: _owners((root / OWNERS).read_text("utf-8")),
        **kept,
        "pyproject.toml": packaged.replace('"benchmarks", ', ""),
        ".gitignore": f"{ignored}# Real files are never in git.\n/landing/*\n!/{KEEPER}\n",
        KEEPER: "",
        "CHANGELOG.md": CHANGELOG,
        NEWS: FIRST_NEWS,
        PUBLISHING: _without_exercises((root / PUBLISHING).read_text("utf-8")),
        **{name: _header(root, name) for name in (HOLIDAYS, SCHOOL_YEARS)},
        "SECURITY.md": "# Sécurité\n\nUne faille s'écrit à `plateforme.courriel` d'`administration.yml`, "
        "jamais dans un ticket public.\n",
        CONFORMED: _head(root, CONFORMED) + "{}\n",
        SYNONYMS: _head(root, SYNONYMS)
        + "- [chargement, fichier reçu, ingestion]\n- [qualité, contrôle, test]\n",
    }


def _without_exercises(said: str) -> str:
    """A pipeline that publishes no exercises: they are of a sample that does not leave."""
    kept = [line for line in said.splitlines(keepends=True) if not re.search(r"npm|make learn", line)]
    return "".join(kept).replace(" build/apprendre", "")


def _header(root: Path, name: str) -> str:
    """The first line of a table: what administration.yml says comes below."""
    return (root / name).read_text("utf-8").partition("\n")[0] + "\n"


def _unsaid(said: str) -> str:
    """YAML whose functions, mailboxes and approvers a person must write."""
    said = re.sub(
        r"\{fonction: [^}]*courriel: [^}]*\}", f'{{fonction: "{UNSAID}", courriel: "{UNSAID}"}}', said
    )
    said = re.sub(
        r"(?m)^( +(?:owner|steward):\n +name: ).*(\n +email: ).*$", rf'\g<1>"{UNSAID}"\g<2>"{UNSAID}"', said
    )
    return re.sub(r"(?m)^(    approbateur: ).*$", rf'\g<1>"{UNSAID}"', said)


def _unlinked(page: Path) -> str:
    """A page without its pictures that are not there, and with mere words for links to such files."""

    def kept(link: re.Match[str]) -> str:
        if "://" in link["path"] or (page.parent / link["path"]).exists():
            return link[0]
        return "" if link["picture"] else link["words"]

    return LINK.sub(kept, page.read_text("utf-8"))


def _head(root: Path, name: str) -> str:
    """The comment that a file begins with."""
    lines = (root / name).read_text("utf-8").splitlines(keepends=True)
    return "".join(takewhile(lambda line: line.startswith("#"), lines))


def _owners(said: str) -> str:
    """CODEOWNERS without the sections of administrations, and with owners that are not ours."""
    parts = [part for part in said.split("\n\n") if not re.search(r"(?m)^/\*/[a-z0-9]+/$", part)]
    kept = "\n\n".join(parts)
    for gone in ("landing/commun", "benchmarks", "tests/security"):
        kept = kept.replace(f"/{gone}/\n", "")
    return re.sub(r"@[\w.-]+/", "@groupe/", kept)


def _next_steps(folder: Path, complete: bool) -> str:
    steps = [
        f"cd {folder} ; make help installe et montre les commandes",
        *(() if complete else (f"complétez {FILE}, puis make fix",)),
        'make new-ag AG=agx NAME="…" pour votre première administration',
        "make new-source FICHIER=agx/ma_source/… pour sa première source",
        f"make lint nomme chaque « {UNSAID} » qui reste : groupes, accès, relecteurs",
    ]
    return "Ensuite :\n" + "\n".join(f"  {n}. {step} ;" for n, step in enumerate(steps, 1))[:-2] + "."
