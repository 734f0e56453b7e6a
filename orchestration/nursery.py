"""One process a code location, all forked from one that has imported everything once.

Memory that nobody writes is then held once, and what Dagster takes to import is waited for once. A location
that dies is forked anew; the others do not notice.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import dagster as dg
import yaml
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._grpc.client import DagsterGrpcClient

from orchestration import places as known

# Seconds between two looks at the children, and before one that just died is forked again.
LOOK, AGAIN = 0.5, 2.0
# Seconds that who starts waits for locations to answer; one that does not by then is shown so.
PATIENCE = 120


@contextlib.contextmanager
def locations(folder: Path) -> Iterator[Path]:
    """Has the code locations answer, and writes the file from which the web server and the daemon know them.

    To be entered while this process has one thread.

    Args:
        folder: that no other account reads: code servers carry out code for whoever reaches their sockets.

    Returns:
        The file, a Dagster workspace.

    Raises:
        PlatformError: EMPLACEMENTS cannot be read.
    """
    targets = known.read_targets(known.WORKSPACE)
    with contextlib.ExitStack() as stack:
        places: Mapping[str, Mapping[str, Any]] = known.remote_places(os.environ, targets)
        if not places:
            # Its tables are made here, once: locations that begin together would each make them.
            with dg.DagsterInstance.get():
                pass
            sockets = stack.enter_context(code_servers(targets, folder))
            _wait(sockets.values())
            places = {name: {"socket": str(socket)} for name, socket in sockets.items()}
        servers = [{"grpc_server": {"location_name": name, **place}} for name, place in places.items()]
        shared = folder / "workspace.yaml"
        shared.write_text(yaml.dump({"load_from": servers}), encoding="utf-8")
        yield shared


@contextlib.contextmanager
def code_servers(targets: Mapping[str, LoadableTargetOrigin], folder: Path) -> Iterator[dict[str, Path]]:
    """Has each location served from a socket in a private folder, by processes that end with this one.

    To be entered while this process has one thread: a fork takes no other along.

    Returns:
        location -> its socket, which is there once it is loaded.
    """
    sockets = {name: folder / f"{name}.sock" for name in targets}
    alive, owned = os.pipe()
    nurse = os.fork()
    if nurse == 0:
        os.close(owned)
        _in_child(lambda: _tend(targets, sockets, alive))
    os.close(alive)
    try:
        yield sockets
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(nurse, signal.SIGTERM)
        os.waitpid(nurse, 0)
        # Whoever still runs something ends after it.
        os.close(owned)


def _tend(targets: Mapping[str, LoadableTargetOrigin], sockets: dict[str, Path], alive: int) -> None:
    """Forks the locations, and anew each one that ends, until nobody needs them."""
    # Here, not above: who serves pages has no use for them.
    from orchestration import code_locations, server  # noqa: F401

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    # What is shared stays so: the collector writes in what it looks at.
    gc.collect()
    gc.freeze()
    children: dict[int, str] = {}

    def begin(name: str) -> None:
        child = os.fork()
        if child == 0:
            _in_child(lambda: server.serve(targets[name], alive, socket=str(sockets[name])))
        children[child] = name

    try:
        for name in sockets:
            begin(name)
        later: dict[str, float] = {}
        while not select.select([alive], [], [], LOOK)[0]:
            while children and (ended := os.waitpid(-1, os.WNOHANG))[0]:
                # A run that it had started may end here too: who starts it is gone, and it is ours.
                name = children.pop(ended[0], "")
                if name:
                    later[name] = time.monotonic() + AGAIN
            for name in [one for one, when in later.items() if when <= time.monotonic()]:
                del later[name]
                begin(name)
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)


def _in_child(work: Callable[[], None]) -> NoReturn:
    """Does it, and ends the process: nothing of who forked it is finished a second time."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # A run is a process that imports what its starter had as its main module.
        sys.modules["__main__"] = types.ModuleType("__main__")
        work()
        code = 0
    except (KeyboardInterrupt, SystemExit):
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait(sockets: Iterable[Path]) -> None:
    last = time.monotonic() + PATIENCE
    for socket in sockets:
        while time.monotonic() < last and not _answers(socket):
            time.sleep(0.1)


def _answers(socket: Path) -> bool:
    try:
        return socket.exists() and DagsterGrpcClient(socket=str(socket)).ping("") is not None
    except DagsterUserCodeUnreachableError:
        return False
