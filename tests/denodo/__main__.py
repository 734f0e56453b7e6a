"""`python -m tests.denodo transpile|cases FILE`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from denodo.lexer import VqlSyntaxError
from tests.denodo.postgresql import NotTranslatable, to_postgresql

_CASES = """\
Traduit chaque cas du VQL documenté, l'exécute sur PostgreSQL et compare au résultat que le manuel imprime.
Le code de sortie est 0 quand aucun cas n'est différent.

Le fichier a des colonnes séparées par des tabulations, nommées à la première ligne :
  doc_page  function  expression  documented_result  note
L'expression est une valeur (LEN('abc')) ou un SELECT, dont compte la première colonne de la première ligne.
Résultat nul : NULL. Nombres : comparés avec les décimales imprimées. Tableaux : comme le manuel les imprime,
sans compter les espaces. Une note qui contient « DOC INCONSISTENT » excuse un cas ; une ligne qui commence
par # est ignorée. Fuseau horaire : Europe/Brussels.

La commande crée le schéma vql dans la base ; rien d'autre n'y reste. Le serveur de ce projet convient :
  eval "$(make -s env)"
  python -m tests.denodo cases tests/integration/vql_cases_dates.tsv
"""
_NO_SERVER = """\
Donnez le serveur : eval "$(make -s env)" pour celui de ce projet, les variables PGHOST, PGPORT, PGUSER,
PGPASSWORD et PGDATABASE, ou --conninfo 'host=127.0.0.1 port=5432 dbname=essai user=moi'."""


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns 0 when all is well, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.denodo", description="Le VQL documenté de Denodo.")
    commands = parser.add_subparsers(dest="command", required=True)
    transpiled = commands.add_parser("transpile", help="écrire en PostgreSQL un script VQL")
    transpiled.add_argument("files", nargs="+", type=Path, metavar="FICHIER")
    cased = commands.add_parser(
        "cases",
        help="rejouer des cas documentés sur un PostgreSQL",
        description=_CASES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cased.add_argument("files", nargs="+", type=Path, metavar="FICHIER", help="cas à rejouer (TSV)")
    cased.add_argument("--conninfo", default="", help="connexion PostgreSQL (sinon, les variables PG*)")
    options = parser.parse_args(arguments)
    try:
        return {"transpile": _transpile, "cases": _cases}[options.command](options)
    except (VqlSyntaxError, NotTranslatable, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1


def _transpile(options: argparse.Namespace) -> int:
    for file in options.files:
        statements = to_postgresql(file.read_text(encoding="utf-8"), pretty=True)
        print("\n\n".join(f"{statement}\n;" for statement in statements))
    return 0


def _cases(options: argparse.Namespace) -> int:
    import psycopg

    from tests.denodo.cases import DIFFERENT, read_cases, run_cases, summary
    from tests.denodo.engine import install

    cases = [case for file in options.files for case in read_cases(file)]
    try:
        with psycopg.connect(options.conninfo, autocommit=True) as connection:
            install(connection)
            outcomes = run_cases(connection, cases)
    except psycopg.OperationalError as error:
        print(f"Connexion impossible : {error}\n{_NO_SERVER}", file=sys.stderr)
        return 1
    print(summary(outcomes))
    return 1 if any(outcome.status == DIFFERENT for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
