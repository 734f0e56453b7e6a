"""`python -m orchestration.manifest`: the violations of the rules, grouped by file."""

from __future__ import annotations

import sys
from itertools import groupby

from orchestration.errors import PlatformError
from orchestration.landing.report import counted
from orchestration.manifest import check_manifest, parse
from orchestration.settings import Settings


def main() -> int:
    """Parses the project, prints what breaks a rule; returns 1 if anything does."""
    try:
        parsed = parse(Settings.load())
    except PlatformError as error:
        print(error, file=sys.stderr)
        return 1
    if parsed.notice:
        print(parsed.notice, file=sys.stderr)
        return 1
    violations = check_manifest(parsed.manifest)
    for file, group in groupby(violations, key=lambda violation: violation.file):
        print(file)
        for violation in group:
            print(f"  [{violation.rule}] {violation.message}\n      Que faire : {violation.advice}")
    left = counted(len(violations), "point à corriger.", "points à corriger.")
    print(left if violations else "Toutes les règles du projet sont suivies.")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
