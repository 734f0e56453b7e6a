"""An FTP server, with TLS or without: pyftpdlib, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_DTPHandler, TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from tests.servers.certificates import certificates
from tests.servers.system import SECRET, System, free_port

USER = "age"


class _Cut:
    """After so many bytes of data the connection is lost, once."""

    left: int | None = None

    @classmethod
    def after(cls, count: int) -> None:
        cls.left = count


def _cutting(base: type[Any]) -> type[Any]:
    class Cutting(base):  # type: ignore[misc]
        def send(self, data: bytes) -> int:
            if _Cut.left is not None:
                if _Cut.left <= 0:
                    _Cut.left = None
                    self.close()
                    self.cmd_channel.close()
                    return 0
                data = data[: _Cut.left]
                _Cut.left -= len(data)
            sent: int = super().send(data)
            return sent

    return Cutting


@contextmanager
def ftp(folder: Path, tls: bool = True, mlsd: bool = True) -> Iterator[System]:
    """Serves a new folder `depot` below a folder.

    Args:
        folder: where.
        tls: whether it speaks TLS, and nothing else.
        mlsd: whether it can describe files in lists.
    """
    root = folder / "racine"
    (root / "depot").mkdir(parents=True)
    authority, certificate = certificates(folder)
    authorizer = DummyAuthorizer()
    authorizer.add_user(USER, SECRET, str(root), perm="elr")
    base = TLS_FTPHandler if tls else FTPHandler
    known = {name: value for name, value in base.proto_cmds.items() if mlsd or name not in ("MLSD", "MLST")}
    values: dict[str, Any] = {
        "authorizer": authorizer,
        "dtp_handler": _cutting(TLS_DTPHandler if tls else DTPHandler),
        "use_sendfile": False,
        "proto_cmds": known,
        "log_prefix": "",
        "auth_failed_timeout": 0,
    }
    if tls:
        values |= {
            "certfile": str(certificate),
            "keyfile": str(certificate),
            "tls_control_required": True,
            "tls_data_required": True,
            "ssl_context": None,
        }
    loop = IOLoop()
    server = FTPServer(("127.0.0.1", 0), type("Handler", (base,), values), ioloop=loop)
    running = threading.Event()
    running.set()

    def serve() -> None:
        while running.is_set():
            loop.loop(timeout=0.01, blocking=False)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    scheme = "ftps" if tls else "ftp"
    environ = {
        "SOURCE_ESSAI": f"{scheme}://{USER}@127.0.0.1:{server.address[1]}",
        "SOURCE_ESSAI_PASSWORD": SECRET,
        **({"SOURCE_ESSAI_CA_FILE": str(authority)} if tls else {}),
    }
    try:
        yield System(
            kind="ftp",
            environ=environ,
            put=lambda name, content: (root / "depot" / name).write_bytes(content),
            remove=lambda name: (root / "depot" / name).unlink(),
            cut=_Cut.after,
            refused={**environ, "SOURCE_ESSAI_PASSWORD": f"{SECRET}!"},
            unverified={k: v for k, v in environ.items() if not k.endswith("CA_FILE")} if tls else None,
            down={**environ, "SOURCE_ESSAI": f"{scheme}://{USER}@127.0.0.1:{free_port()}"},
            options={} if tls else {"allow_plain": True},
        )
    finally:
        running.clear()
        thread.join(10)
        server.close_all()
