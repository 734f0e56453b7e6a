"""dbt in a process of its own: what it says goes to standard output, in dbt's own JSON, a line an event.

`python -m donnees_au_centre.building.child <target folder> <TAKEN or MADE> <dbt command and options>`: the
project is the one that was read by who starts it, in the folder under the name of dbt's own memory. Passwords
and keys come by the environment alone. SIGINT and SIGTERM end it as Ctrl-C ends dbt, its queries cancelled,
and so does the end of the process that started it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from donnees_au_centre.building.dbt_run import FINISHED, PATIENCE, SPOKEN, play
from donnees_au_centre.project.reader import PARTIAL_PARSE

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

# Whether what has not changed is taken as it is.
TAKEN, MADE = "repris", "refait"
# The last event, ours: its message is why the command failed as a whole, empty when it did not.
ENDED = "Ended"
# Seconds between two looks at who started this process.
PAUSE = 1.0


def main(arguments: Sequence[str]) -> int:
    """Runs dbt; returns 0 when it could work, whatever became of the nodes, and 1 otherwise."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # Also where a shell that starts things in the background had SIGINT ignored.
        signal.signal(number, signal.default_int_handler)
    # Ctrl-C reaches who started this process, and who says so here: told twice, dbt cancels no query.
    os.setpgid(0, 0)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    folder, taking, *command = arguments
    kept = (Path(folder) / PARTIAL_PARSE).read_bytes()
    project = Manifest.from_msgpack(kept, decoder=extended_mashumuro_decoder)
    error = play(project, command, taking == TAKEN, _hear)
    _tell({"info": {"name": ENDED, "level": "info", "msg": error or ""}, "data": {}})
    return 1 if error else 0


def _hear(event: EventMsg) -> None:
    from dbt_common.events.functions import msg_to_dict

    if event.info.name in (FINISHED, *SPOKEN):
        _tell(msg_to_dict(event))


def _tell(event: Mapping[str, Any]) -> None:
    # Nobody may listen any more: dbt goes on to its end all the same. One write a line: threads do not mix.
    with suppress(OSError):
        os.write(sys.stdout.fileno(), f"{json.dumps(event)}\n".encode())


def _end_with(parent: int) -> None:
    """Ends this process after the one that started it, as Ctrl-C would, then at once."""
    while os.getppid() == parent:
        time.sleep(PAUSE)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(PATIENCE)
    os._exit(1)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
