"""`python -m donnees_au_centre.project`: the violations of the rules, grouped by file."""

from __future__ import annotations

import sys

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.project import broken_rules, parse
from donnees_au_centre.project.checks import shown
from donnees_au_centre.settings import Settings


def main() -> int:
    """Parses the project, prints what breaks a rule; returns 1 if anything does."""
    try:
        settings = Settings.load()
        parsed = parse(settings)
    except PlatformError as error:
        print(error, file=sys.stderr)
        return 1
    if parsed.notice:
        print(parsed.notice, file=sys.stderr)
        return 1
    violations = broken_rules(settings.root, parsed.manifest)
    if violations:
        print(shown(violations))
        print(counted(len(violations), "point à corriger.", "points à corriger."))
        return 1
    print("Toutes les règles du projet sont suivies.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
