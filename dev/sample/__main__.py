"""`python -m dev.sample`: writes the synthetic landing zone."""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from dev.sample import DEFAULT_SEED, SCALABLE, SOURCES, generate
from donnees_au_centre.errors import PlatformError

# What argparse says, of which only these can happen here.
ENGLISH = {
    "unrecognized arguments:": "option inconnue",
    "expected one argument": "une valeur est attendue",
    "argument ": "option ",
}


class FrenchParser(argparse.ArgumentParser):
    """A parser whose failures are errors for users."""

    def error(self, message: str) -> NoReturn:
        """Turns a wrong command line into an error.

        Raises:
            PlatformError: always.
        """
        for english, french in ENGLISH.items():
            message = message.replace(english, french)
        raise PlatformError(f"La commande n'est pas comprise : {message}.", "Voir les options avec --aide.")


def _positive(text: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"« {text} » n'est pas un nombre supérieur à zéro")
    return value


def _whole(text: str) -> int:
    digits = text.replace("_", "")
    if not digits.isdecimal() or int(digits) == 0:
        raise argparse.ArgumentTypeError(f"« {text} » n'est pas un nombre entier supérieur à zéro")
    return int(digits)


def parser() -> argparse.ArgumentParser:
    """The command line, in French."""
    result = FrenchParser(
        prog="python -m dev.sample",
        description="Écrit une zone de dépôt synthétique : formes et défauts des fichiers réels, "
        "contenu inventé. La même graine et la même échelle donnent les mêmes octets.",
        add_help=False,
        allow_abbrev=False,
    )
    options = result.add_argument_group("options possibles")
    options.add_argument("-h", "--aide", action="help", help="affiche cette aide")
    options.add_argument(
        "--sortie",
        type=Path,
        default=Path("landing"),
        metavar="DOSSIER",
        help="où écrire (landing par défaut)",
    )
    options.add_argument(
        "--graine",
        type=_whole,
        default=DEFAULT_SEED,
        metavar="N",
        help=f"graine du hasard ({DEFAULT_SEED} par défaut)",
    )
    options.add_argument(
        "--echelle",
        type=_positive,
        default=1.0,
        metavar="X",
        help="facteur sur le nombre d'écoles, de marches, de subventions, d'agents (1 par défaut)",
    )
    options.add_argument(
        "--seulement",
        action="append",
        default=[],
        metavar="AG/SOURCE",
        help=f"n'écrit que cette source ; se répète ; parmi {', '.join(SOURCES)}",
    )
    options.add_argument(
        "--lignes",
        type=_whole,
        metavar="N",
        help=f"nombre exact de lignes sur vingt années, avec --seulement {SCALABLE}",
    )
    options.add_argument(
        "--bilan",
        type=Path,
        metavar="FICHIER",
        help="écrit en JSON ce que chaque fichier contient de défauts (hors de la zone de dépôt)",
    )
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0 done, 1 failed with a message."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that does not know « or é shows another character; it must not stop the command.
            stream.reconfigure(errors="replace")
    try:
        _run(arguments)
    except PlatformError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(arguments: Sequence[str] | None) -> None:
    options = parser().parse_args(arguments)
    tally_file: Path | None = options.bilan
    if tally_file and options.sortie.resolve() in tally_file.resolve().parents:
        raise PlatformError(
            f"Le bilan {tally_file} serait dans la zone de dépôt, où il serait un fichier non déclaré.",
            "Donnez à --bilan un chemin hors de ce dossier.",
        )
    start = time.monotonic()
    tallies = generate(
        options.sortie,
        seed=options.graine,
        scale=options.echelle,
        only=options.seulement,
        rows=options.lignes,
        progress=lambda source: print(f"  {source}", file=sys.stderr, flush=True),
    )
    if tally_file:
        report = {path: tally.as_dict() for path, tally in sorted(tallies.items())}
        try:
            tally_file.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise PlatformError(
                f"Le bilan {tally_file} n'a pas pu être écrit : {error.strerror or error}.",
                "Vérifiez que le dossier existe et que vous pouvez y écrire.",
            ) from error
    rows = sum(tally.lignes for tally in tallies.values())
    seconds = time.monotonic() - start
    print(f"{len(tallies)} fichiers, {rows} lignes écrits dans {options.sortie} en {seconds:.1f} s.")


if __name__ == "__main__":
    sys.exit(main())
