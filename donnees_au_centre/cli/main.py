"""The commands: `python -m donnees_au_centre <command>`, of which the Makefile is a thin skin."""

from __future__ import annotations

import errno
import io
import keyword
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from donnees_au_centre.closing import close
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import meant
from donnees_au_centre.inert import terminal
from donnees_au_centre.project.repeated import refuse_stale
from donnees_au_centre.refusals import frames
from donnees_au_centre.secret_files import take_secrets
from donnees_au_centre.settings import RESULTS, ROOT, Settings

# command -> (module below donnees_au_centre.cli, what it does). Imported one at a time: dbt and Dagster
# take seconds to import, which `stop` and `env` must not pay.
COMMANDS = {
    "demo": ("pipeline", "charge la zone de dépôt, construit et teste tout, puis résume"),
    "load": ("pipeline", "charge seulement la zone de dépôt"),
    "accept": ("deliveries", "charge un fichier en attente d'un accord (CONFIRMER=1)"),
    "withdraw": ("deliveries", "retire un fichier chargé et ses lignes (CONFIRMER=1)"),
    "source-check": ("source_check", "essaie la déclaration d'une source, sans rien charger"),
    "build": ("project", "construit et teste avec dbt seul"),
    "assemble": ("delivery", "assemble ce qui se livre : la plateforme et les AG, chacune à sa version"),
    "approvals": ("delivery", "attend l'approbation de chaque propriétaire de ce qui change"),
    "release": ("delivery", "prépare la version suivante de la plateforme ou d'une AG (CONFIRMER=1)"),
    "ci": ("ci", "joue la chaîne GitLab d'une demande de fusion sur cette machine"),
    "locations": ("locations", "charge chaque emplacement Dagster, sans serveur"),
    "slim": ("slim", "construit et teste ce que la branche change, à côté de ce qui existe"),
    "slim-drop": ("slim", "supprime ce que des essais interrompus ont laissé"),
    "rollback": ("rollback", "remontre aux lecteurs la version d'avant d'un mart ou d'une AG (CONFIRMER=1)"),
    "orphans": ("orphans", "liste les tables sans modèle, ou les supprime (CONFIRMER=1)"),
    "show": ("project", "montre le SQL compilé et les premières lignes d'un modèle"),
    "try": ("trying", "essaie une requête avec ref() et source(), sans rien écrire (SQL=… ou FICHIER=…)"),
    "why": ("why", "dit ce qu'est un modèle, qui en répond, comment il va et d'où il vient (MODEL=…)"),
    "docs": ("project", "ouvre la documentation dbt"),
    "learn": ("learn", "ouvre les exercices de SQL dans le navigateur, sur l'échantillon"),
    "training": ("training", "écrit les fiches, le diaporama et la page de la communauté"),
    "test-unit": ("project", "joue les tests unitaires dbt sur une base vide"),
    "test-macros": ("testing", "joue les cas des macros portables sur PostgreSQL et en VQL"),
    "denodo-export": ("portability", "écrit les vues Denodo, un script par domaine"),
    "catalogue": ("catalogue", "écrit le catalogue des jeux de données, pages où chercher"),
    "site": ("site", "écrit la documentation en un site, à ouvrir du disque ou à publier"),
    "contracts": ("contracts", "écrit les contrats de données des marts publics (ODCS)"),
    "report": ("report", "écrit les rapports sur la qualité et les exécutions"),
    "elementary": ("elementary", "cherche des anomalies dans les marts avec Elementary complet"),
    "lineage": ("lineage", "montre d'où vient une colonne et où elle va"),
    "descriptions": ("descriptions", "propose des descriptions, héritées ou d'un dictionnaire (CONFIRMER=1)"),
    "mcp": ("mcp", "sert les textes du projet à un assistant (MCP), sans aucune donnée"),
    "review": ("review", "écrit ce qu'une demande de fusion change, pour qui la relit (BASE=dossier)"),
    "audit-check": ("audit", "vérifie que le journal d'audit est entier"),
    "access": ("access", "applique à la base les accès déclarés"),
    "access-plan": ("access", "montre ce que access changerait, sans rien changer"),
    "access-check": ("access", "contrôle les accès déclarés et leurs dates de revue"),
    "register": ("rights", "écrit le registre des traitements (RGPD, article 30)"),
    "purge": ("rights", "efface ce qui a passé sa durée de conservation (CONFIRMER=1)"),
    "purge-plan": ("rights", "compte ce que purge effacerait, sans rien changer"),
    "person-access": ("rights", "rassemble tout ce que la base sait d'une personne"),
    "person-erase": ("rights", "efface une personne de la base, et le prouve (CONFIRMER=1)"),
    "person-rectify": ("rights", "rectifie une donnée d'une personne (CONFIRMER=1)"),
    "alert": ("notifications", "montre les messages à envoyer, ou les envoie (CONFIRMER=1)"),
    "digest": ("notifications", "montre le bilan hebdomadaire, ou l'envoie (CONFIRMER=1)"),
    "ui": ("pipeline", "ouvre Dagster"),
    "backup": ("backup", "sauve la base, l'historique de Dagster et les ancres dans un dossier"),
    "restore": ("backup", "remet une sauvegarde à la place de la base (CONFIRMER=1)"),
    "copy-prod": ("copying", "copie dans une base d'essai le brut de production, pseudonymisé (CONFIRMER=1)"),
    "new-administration": ("new_administration", "écrit le dépôt d'une autre administration (DOSSIER=…)"),
    "new-ag": ("new_ag", "déclare une nouvelle AG"),
    "new-source": ("new_source", "déclare la source d'un fichier inconnu, et écrit son staging"),
    "new-model": ("new_model", "crée un modèle depuis un gabarit"),
    "connections": ("connections", "écrit de quoi ouvrir la base dans Power BI, Excel ou DBeaver"),
    "new-indicator": ("new_indicator", "écrit un indicateur : la mesure d'un mart public, suivie"),
    "new-publication": ("new_publication", "écrit ce qui se publie d'un mart en données ouvertes"),
    "undo": ("undo", "montre ce que le dernier new-… a écrit, ou le retire (CONFIRMER=1)"),
    "adopt": ("adopt", "dit ce qui manque au projet dbt d'une AG, sans rien en exécuter (PROJET=…)"),
    "env": ("database", "donne les variables d'environnement"),
    "stop": ("database", "arrête ce qui tourne"),
    "clean": ("database", "montre les résultats et les bases du projet, ou les efface (CONFIRMER=1)"),
    "lint": ("quality", "contrôle l'écriture et les règles du projet"),
    "fix": ("quality", "corrige ce que les outils savent corriger"),
    "check": ("testing", "contrôle ce qui concerne les fichiers changés (DEPUIS=révision)"),
    "test": ("testing", "joue les contrôles et tous les tests, sauf les longues campagnes"),
    "test-long": ("testing", "joue les longues campagnes de tests"),
    "dependencies": ("dependencies", "dit de quoi l'environnement est fait, et ses failles connues"),
    "drivers": ("drivers", "installe les pilotes de sources, ou les liste"),
    "lock": ("quality", "recalcule requirements.txt et requirements-drivers.txt"),
}

# They work while administration.yml is wrong: they mend, name what is wrong, or only end things.
REGARDLESS = ("fix", "lint", "stop")

# Options that are paths -> what they must lead to.
PATHS: dict[str, Callable[[Path], bool]] = {
    "ADMINISTRATION": Path.is_file,
    "LANDING": Path.is_dir,
    "AVIS": Path.is_file,
    "BASE": Path.is_dir,
    "PROJET": Path.is_dir,
    "DOSSIER": lambda path: path.parent.is_dir(),
    "EFFACES": Path.is_file,
}

# What a system refuses of a file, and what to do.
REFUSALS = {
    errno.EACCES: ("ce compte n'y a pas droit", "Donnez-lui le droit, ou lancez avec le compte qui l'a."),
    errno.EPERM: ("ce compte n'y a pas droit", "Donnez-lui le droit, ou lancez avec le compte qui l'a."),
    errno.EROFS: ("ce disque est en lecture seule", "Travaillez dans un dossier où l'on peut écrire."),
    errno.ENOSPC: (
        "le disque est plein",
        "Faites de la place, puis relancez ; make clean montre ce qu'il effacerait.",
    ),
    errno.EDQUOT: ("le quota de ce compte est atteint", "Faites de la place, puis relancez."),
    errno.EEXIST: ("un fichier est à la place d'un dossier", "Renommez-le ou effacez-le, puis relancez."),
    errno.ENOTDIR: ("un fichier est à la place d'un dossier", "Renommez-le ou effacez-le, puis relancez."),
    errno.EISDIR: ("un dossier est à la place d'un fichier", "Renommez-le ou effacez-le, puis relancez."),
}


def main(arguments: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: the command's name.
        environ: where the options are (LANDING, MODEL, SELECT...); the process's own environment if None.

    Returns:
        The exit code: 0 done, 1 failed with a message, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that does not know « or é shows another character; it must not stop the command.
            stream.reconfigure(errors="replace")
    # A copy: commands make their tools' environment this process's own, and still read their options.
    with terminal():
        if faults := take_secrets(os.environ) if environ is None else ():
            print("\n" + "\n".join(map(str, faults)), file=sys.stderr)
            return 1
        return _run(arguments, dict(os.environ) if environ is None else environ)


def _run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    try:
        name = _command(arguments)
        settings = Settings.load(with_absolute_paths(environ))
        close_folders(settings)
        if name not in REGARDLESS:
            # Of the checkout of this code, as all that it says of the administration.
            refuse_stale(ROOT)
        module = import_module(f"donnees_au_centre.cli.{COMMANDS[name][0]}")
        run: Callable[[Settings, Mapping[str, str]], int] = getattr(module, function_of(name))
        return run(settings, environ)
    except PlatformError as error:
        sys.stdout.flush()
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrompu.", file=sys.stderr)
        return 130
    except Exception as error:
        sys.stdout.flush()
        print(f"\n{_unforeseen(error)}", file=sys.stderr)
        return 1


def function_of(command: str) -> str:
    """The name of the function of a command, in its module."""
    name = command.replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


def _command(arguments: Sequence[str]) -> str:
    """The command's name.

    Raises:
        PlatformError: none, an unknown one, or more than one.
    """
    if len(arguments) == 1 and arguments[0] in COMMANDS:
        return arguments[0]
    given = " ".join(arguments)
    raise PlatformError(
        f"« {given} » n'est pas une commande." if given else "Quelle commande ?",
        meant(given, COMMANDS, f"Les commandes : {', '.join(COMMANDS)}."),
    )


def close_folders(settings: Settings) -> None:
    """Closes what this checkout makes to other accounts.

    Raises:
        PlatformError: a folder is another account's.
    """
    for name in RESULTS:
        # A link leads to a place that somebody chose, a share for example.
        if not (folder := settings.root / name).is_symlink():
            close(folder)
    for folder in (settings.root / ".venv", settings.state):
        close(folder, passable=True)


def _unforeseen(error: Exception) -> PlatformError:
    """An error that nobody foresaw, in French; what programmers need of it goes to a file."""
    if isinstance(error, OSError) and error.errno in REFUSALS:
        why, advice = REFUSALS[error.errno]
        return PlatformError(f"{error.filename or 'Un fichier'} : {why}.", advice)
    with tempfile.NamedTemporaryFile(
        "w", prefix="donnees-au-centre-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        # Without the texts of the errors, which may quote a value: nobody would think of erasing it there.
        file.write(frames("".join(traceback.format_exception(error))) + "\n")
    return PlatformError(
        f"Erreur imprévue de la plateforme ({type(error).__name__}).",
        f"Donnez {file.name}, qui en garde le détail, à qui s'occupe de son code ; relancer peut suffire.",
    )


def with_absolute_paths(environ: Mapping[str, str]) -> dict[str, str]:
    """Resolves relative paths against the folder where the user typed the command (CALLER_FOLDER).

    `make -C` moves to the checkout before anything runs. A name that stands for nothing there is left as it
    is: the checkout is tried next, and the error shows what the user typed.
    """
    found = dict(environ)
    if caller := environ.get("CALLER_FOLDER"):
        for name, fits in PATHS.items():
            if (given := environ.get(name)) and fits(path := Path(caller) / given):
                found[name] = str(path.resolve())
    return found
