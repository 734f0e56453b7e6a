"""The commands of the platform: `python -m orchestration <command>`, of which the Makefile is a thin skin."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from orchestration.errors import PlatformError
from orchestration.settings import Settings

# command -> (module below orchestration.commands, what it does). Imported one at a time: dbt and Dagster
# take seconds to import, which `stop` and `env` must not pay.
COMMANDS = {
    "demo": ("pipeline", "charge la zone de dépôt, construit et teste tout, puis résume"),
    "load": ("pipeline", "charge seulement la zone de dépôt"),
    "build": ("project", "construit et teste avec dbt seul"),
    "orphans": ("orphans", "liste les tables sans modèle, ou les supprime (CONFIRMER=1)"),
    "show": ("project", "montre le SQL compilé et les premières lignes d'un modèle"),
    "docs": ("project", "ouvre la documentation dbt"),
    "test-unit": ("project", "joue les tests unitaires dbt sur une base vide"),
    "test-macros": ("macros", "joue les cas des macros portables sur PostgreSQL et en VQL"),
    "denodo-export": ("portability", "écrit les vues Denodo, un script par domaine"),
    "catalogue": ("catalogue", "écrit le catalogue des jeux de données, pages où chercher"),
    "report": ("report", "écrit les rapports sur la qualité et les exécutions"),
    "elementary": ("elementary", "cherche des anomalies dans les marts avec Elementary complet"),
    "lineage": ("lineage", "montre d'où vient une colonne et où elle va"),
    "audit-check": ("audit", "vérifie que le journal d'audit est entier"),
    "access": ("access", "applique à la base les droits déclarés dans access/"),
    "access-plan": ("access", "montre ce que access changerait, sans rien changer"),
    "access-check": ("access", "contrôle les fichiers access/ et leurs dates de revue"),
    "register": ("rights", "écrit le registre des traitements (RGPD, article 30)"),
    "purge": ("rights", "efface ce qui a passé sa durée de conservation (CONFIRMER=1)"),
    "purge-plan": ("rights", "compte ce que purge effacerait, sans rien changer"),
    "person-access": ("rights", "rassemble tout ce que la base sait d'une personne"),
    "person-erase": ("rights", "efface une personne de la base, et le prouve (CONFIRMER=1)"),
    "person-rectify": ("rights", "rectifie une donnée d'une personne (CONFIRMER=1)"),
    "alert": ("notifications", "montre les messages à envoyer, ou les envoie (CONFIRMER=1)"),
    "digest": ("notifications", "montre le bilan hebdomadaire, ou l'envoie (CONFIRMER=1)"),
    "ui": ("pipeline", "ouvre Dagster"),
    "new-model": ("templates", "crée un modèle depuis un gabarit"),
    "env": ("database", "donne les variables d'environnement"),
    "stop": ("database", "arrête ce qui tourne"),
    "clean": ("database", "efface les résultats et la base du projet"),
    "lint": ("quality", "contrôle l'écriture et les règles du projet"),
    "fix": ("quality", "corrige ce que les outils savent corriger"),
    "check": ("quality", "contrôle les règles du projet dans le manifeste"),
    "test": ("quality", "joue les contrôles et tous les tests"),
    "lock": ("quality", "recalcule requirements.txt"),
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
    parser = argparse.ArgumentParser(prog="python -m orchestration", allow_abbrev=False)
    parser.add_argument("command", choices=COMMANDS, metavar="commande", help=", ".join(COMMANDS))
    name = parser.parse_args(arguments).command
    environ = os.environ if environ is None else environ
    try:
        settings = Settings.load(with_absolute_landing(environ))
        module = import_module(f"orchestration.commands.{COMMANDS[name][0]}")
        run: Callable[[Settings, Mapping[str, str]], int] = getattr(module, name.replace("-", "_"))
        return run(settings, environ)
    except PlatformError as error:
        sys.stdout.flush()
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrompu.", file=sys.stderr)
        return 130


def with_absolute_landing(environ: Mapping[str, str]) -> dict[str, str]:
    """Resolves a relative LANDING against the folder where the user typed the command (CALLER_FOLDER).

    `make -C` moves to the checkout before anything runs. A name that is no folder there is left as it is:
    the checkout is tried next, and the error shows what the user typed.
    """
    landing, caller = environ.get("LANDING"), environ.get("CALLER_FOLDER")
    if landing and caller and (folder := Path(caller) / landing).is_dir():
        return {**environ, "LANDING": str(folder.resolve())}
    return dict(environ)
