"""A guarded page on this machine: where it listens, and the words that say so."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from donnees_au_centre.serving.guard import Guard, Key

HOST = "127.0.0.1"
# Seconds that open pages have to go when the program is asked to stop.
POLITENESS = 2
ONCE = (
    "  Cette adresse s'ouvre une fois, dans un navigateur ; la suivante s'affiche alors ici.\n"
    "  Les pages d'autres sites et les autres comptes de cette machine reçoivent un refus."
)


class Listener(uvicorn.Server):
    """A server that says when it answers.

    Args:
        app: what it serves, guarded.
        ready: called once it listens.
        place: `host`, `port` or `uds`, as uvicorn takes them.
    """

    def __init__(self, app: ASGIApp, ready: Callable[[], None], **place: Any) -> None:
        """Nothing is listened to yet."""
        # What a proxy says of the request counts for nothing here.
        config = uvicorn.Config(
            app,
            timeout_graceful_shutdown=POLITENESS,
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            **place,
        )
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens, then says so."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def on_port(app: ASGIApp, name: str, port: int, posted: tuple[str, ...] = (), remark: str = "") -> Listener:
    """Serves an application to whoever opens the link that is printed.

    Args:
        app: what to serve.
        name: for the reader of the terminal.
        port: of the loopback address.
        posted: see Guard.
        remark: printed under the link.
    """
    address = f"http://{HOST}:{port}"
    key = Key(address, lambda link: print(f"{name}, pour un autre navigateur : {link}", flush=True))

    def ready() -> None:
        lines = [f"{name} : {key.link()}", ONCE, *filter(None, [remark]), "Ctrl-C ou make stop l'arrête."]
        print("\n".join(lines), flush=True)

    guarded = Guard(app, [address, f"http://localhost:{port}"], key, posted)
    return Listener(guarded, ready, host=HOST, port=port)


def on_socket(
    app: ASGIApp, name: str, socket: Path, address: str, posted: tuple[str, ...] = (), start: str = "/"
) -> Listener:
    """Serves an application to the proxy that reaches a unix socket, and authenticates people.

    Args:
        app: what to serve.
        name: for the reader of the log.
        socket: its folder decides who reaches it.
        address: scheme and host of the proxy, as browsers write them.
        posted: see Guard.
        start: path of the first page.
    """
    guarded = Guard(app, [address], None, posted, start)
    return Listener(guarded, lambda: print(f"{name} : {socket}, pour {address}", flush=True), uds=str(socket))
