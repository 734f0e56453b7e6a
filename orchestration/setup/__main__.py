"""`python -m orchestration.setup`: makes the environment of this checkout ready."""

import sys

from orchestration.errors import PlatformError
from orchestration.settings import ROOT
from orchestration.setup.environment import Environment

try:
    Environment(ROOT).make_ready()
except PlatformError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
except KeyboardInterrupt:
    print("\nInterrompu : la mise en place reprendra à la prochaine commande.", file=sys.stderr)
    sys.exit(130)
