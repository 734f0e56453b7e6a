"""A web server with files, which can fail in every way: the standard library's, in threads."""

from __future__ import annotations

import hashlib
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.servers.certificates import certificates
from tests.servers.system import SECRET, System, free_port

PIECE = 1 << 18
MODIFIED = "Mon, 06 Jan 2025 08:00:00 GMT"


@dataclass
class Web:
    """What the server has, and does.

    Attributes:
        files: by path.
        faults: what happens to the next requests of content, in order: ("status", code, headers),
            ("cut", bytes), ("short", bytes: the length says more than what comes).
        moved: path -> address.
        head: whether HEAD is known.
        described: whether ETag, dates and lengths are said.
        ranges: whether a part can be asked for.
        token: that is asked for; "" for none.
        pause: seconds between two pieces of a content.
        requests: what came: method, path, headers.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[tuple[Any, ...]] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    head: bool = True
    described: bool = True
    ranges: bool = True
    token: str = ""
    pause: float = 0
    port: int = 0
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def web(certificate: Path | None = None) -> Iterator[Web]:
    """Serves on loopback, over TLS when there is a certificate."""
    state = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(False)

        def do_GET(self) -> None:
            self.answer(True)

        def say(self, code: int, headers: dict[str, str], content: bytes = b"") -> None:
            self.send_response(code)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            for start in range(0, len(content) if self.command == "GET" else 0, PIECE):
                self.wfile.write(content[start : start + PIECE])
                time.sleep(state.pause)

        def answer(self, content: bool) -> None:
            path = unquote(self.path.partition("?")[0])
            state.requests.append(
                (self.command, path, {name.lower(): value for name, value in self.headers.items()})
            )
            if not content and not state.head:
                return self.say(405, {})
            if state.token and self.headers.get("Authorization") != f"Bearer {state.token}":
                return self.say(401, {})
            if path in state.moved:
                return self.say(302, {"Location": state.moved[path]})
            fault = state.faults.pop(0) if content and state.faults else ("",)
            if fault[0] == "status":
                return self.say(fault[1], fault[2])
            if path not in state.files:
                return self.say(404, {})
            whole, headers, code, start = state.files[path], {}, 200, 0
            etag = f'"{hashlib.sha256(whole).hexdigest()[:16]}"'
            if state.described:
                headers = {"ETag": etag, "Last-Modified": MODIFIED}
            given = self.headers.get("Range", "")
            if state.ranges and given and self.headers.get("If-Range", etag) == etag:
                start, code = int(given.removeprefix("bytes=").rstrip("-")), 206
                headers["Content-Range"] = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
            part = whole[start:]
            if fault[0] in ("cut", "short"):
                headers["Content-Length"] = str(len(part))
                self.say(code, headers, part[: fault[1]])
                self.close_connection = True
                return None
            if not state.described:
                headers["Connection"] = "close"
                headers["Content-Length"] = ""
                self.close_connection = True
            return self.say(code, headers, part)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def https(folder: Path) -> Iterator[tuple[System, Web]]:
    """One file at an address, behind a token and TLS."""
    authority, certificate = certificates(folder)
    with web(certificate) as state:
        state.token = SECRET.replace("è", "e")
        environ = {
            "SOURCE_ESSAI": f"https://127.0.0.1:{state.port}",
            "SOURCE_ESSAI_TOKEN": state.token,
            "SOURCE_ESSAI_CA_FILE": str(authority),
        }
        yield (
            System(
                kind="http",
                environ=environ,
                put=lambda name, content: state.files.__setitem__(f"/depot/{name}", content),
                remove=lambda name: state.files.pop(f"/depot/{name}"),
                cut=lambda after: state.faults.append(("cut", after)),
                refused={**environ, "SOURCE_ESSAI_TOKEN": f"{state.token}!"},
                unverified={k: v for k, v in environ.items() if not k.endswith("CA_FILE")},
                down={**environ, "SOURCE_ESSAI": f"https://127.0.0.1:{free_port()}"},
            ),
            state,
        )
