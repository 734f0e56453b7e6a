"""`python -m donnees_au_centre <command>`."""

import os
import sys

from donnees_au_centre.cli.main import main
from donnees_au_centre.closing import UMASK

os.umask(UMASK)
sys.exit(main(sys.argv[1:]))
