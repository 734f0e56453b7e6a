"""A relay before a server, that cuts what passes when it is told to."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Relay:
    """Passes connections on, on a port of the loopback.

    Attributes:
        host: where it listens.
        port: there.
        limit: bytes of the server after which every connection is cut; None for never.
        left: bytes of the server after which one connection is cut, once; None for never.
    """

    def __init__(self, target: tuple[str, int], host: str) -> None:
        """Listens at once."""
        self.target = target
        self.limit: int | None = None
        self.left: int | None = None
        self._listening = socket.create_server((host, 0))
        self.host, self.port = self._listening.getsockname()
        self._open: list[socket.socket] = [self._listening]
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self, after: int) -> None:
        """Cuts once, after so many bytes."""
        self.left = after

    def close(self) -> None:
        """Ends all that passes."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(self.target)
                for one in (near, far):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open += [near, far]
                threading.Thread(target=self._pass, args=(near, far, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(far, near, True), daemon=True).start()

    def _pass(self, origin: socket.socket, target: socket.socket, counted: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := origin.recv(1 << 16):
                passed += len(data)
                if counted and self.limit is not None and passed > self.limit:
                    break
                if counted and self.left is not None:
                    data, self.left = data[: self.left], self.left - len(data)
                    if self.left <= 0:
                        self.left = None
                        target.sendall(data)
                        break
                target.sendall(data)
        for one in (origin, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextmanager
def relay(port: int, host: str = "127.0.0.1") -> Iterator[Relay]:
    """A relay to a server on a port of this machine.

    Args:
        port: of the server.
        host: where it listens.
    """
    found = Relay(("127.0.0.1", port), host)
    try:
        yield found
    finally:
        found.close()


def nobody() -> int:
    """A port of the loopback where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
