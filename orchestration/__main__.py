"""`python -m orchestration <command>`."""

import os
import sys

from orchestration.cli import main
from orchestration.closing import UMASK

os.umask(UMASK)
sys.exit(main(sys.argv[1:]))
