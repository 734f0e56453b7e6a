"""`python -m dev.setup`: makes the environment of this checkout ready."""

import os
import sys

from dev.setup.environment import Environment
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import ROOT

# Packages are no secret, and root's server runs its programs as another account; but nobody else writes here.
os.umask(0o022)
try:
    Environment(ROOT).make_ready()
except PlatformError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
except KeyboardInterrupt:
    print("\nInterrompu : la mise en place reprendra à la prochaine commande.", file=sys.stderr)
    sys.exit(130)
