"""`python -m donnees_au_centre <command>`."""

import gc
import os
import sys

# What is imported stays to the end: nothing to look for among it.
gc.disable()

from donnees_au_centre.cli.main import main  # noqa: E402
from donnees_au_centre.closing import UMASK  # noqa: E402

gc.freeze()
gc.enable()
os.umask(UMASK)
sys.exit(main(sys.argv[1:]))
