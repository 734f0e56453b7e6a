"""`python -m orchestration.setup`: makes the environment of this checkout ready."""

import os
import sys

from orchestration.errors import PlatformError
from orchestration.settings import ROOT
from orchestration.setup.environment import Environment

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
