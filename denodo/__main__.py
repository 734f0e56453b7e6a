"""`python -m denodo check FILE`, `python -m denodo regles`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns 0 when all is well, 1 or 2 otherwise (see `check_files`)."""
    parser = argparse.ArgumentParser(prog="python -m denodo", description="Le VQL documenté de Denodo.")
    commands = parser.add_subparsers(dest="command", required=True)
    checked = commands.add_parser("check", help="dire ce qui n'est pas du VQL documenté ou pas portable")
    checked.add_argument("files", nargs="+", type=Path, metavar="FICHIER")
    checked.add_argument("--vql", action="store_true", help="ne chercher que ce que VQL n'a pas")
    commands.add_parser("regles", help="écrire la page des règles (docs/analyste/regles-denodo.md)")
    options = parser.parse_args(arguments)
    from denodo.checking.report import check_files, rules_page

    if options.command == "check":
        return check_files(options.files, portable=not options.vql)
    sys.stdout.write(rules_page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
