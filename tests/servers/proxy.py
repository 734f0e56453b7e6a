"""A proxy that passes bytes on, and cuts the connection in mid-stream when it is told to."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Proxy:
    """Before a server of loopback.

    Attributes:
        port: to connect to.
        left: bytes after which what the server sends is cut, once; None for never.
    """

    def __init__(self, target: int) -> None:
        """Listens."""
        self._target = target
        self.left: int | None = None
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, after: int) -> None:
        """Cuts the next content after so many bytes."""
        self.left = after

    def close(self) -> None:
        """Listens no longer."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, to: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(1 << 18):
                if counted and self.left is not None:
                    chunk, self.left = chunk[: self.left], self.left - len(chunk)
                    if self.left <= 0:
                        self.left = None
                        to.sendall(chunk)
                        break
                to.sendall(chunk)
        for one in (source, to):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextlib.contextmanager
def proxied(target: int) -> Iterator[Proxy]:
    """A proxy before a port of loopback."""
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
