"""An SFTP server: asyncssh, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from tests.servers.relay import relay
from tests.servers.system import SECRET, System, free_port

USER, PHRASE = "age", "une phrase"


@dataclass
class SftpSystem(System):
    """And what only it has.

    Attributes:
        key: the private key that enters too, protected by `phrase`.
        fingerprint: of the server's key.
        known_hosts: the line of such a file.
    """

    key: str = ""
    phrase: str = PHRASE
    fingerprint: str = ""
    known_hosts: str = ""


class _Server(asyncssh.SSHServer):
    def __init__(self, key: str) -> None:
        self._key = asyncssh.import_public_key(key)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, SECRET)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: Any) -> bool:
        return bool(key == self._key)


@contextmanager
def sftp(folder: Path) -> Iterator[SftpSystem]:
    """Serves a new folder `depot` below a folder."""
    root = folder / "racine"
    (root / "depot").mkdir(parents=True)
    host_key, own = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    other = asyncssh.generate_private_key("ssh-ed25519")
    public = own.export_public_key().decode()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def factory(channel: Any) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(root))

    async def start() -> Any:
        return await asyncssh.create_server(
            lambda: _Server(public),
            "127.0.0.1",
            0,
            server_host_keys=[host_key],
            sftp_factory=factory,
            config=None,
        )

    listening = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
    with relay(listening.get_port()) as proxy:
        shown = host_key.export_public_key().decode().strip()
        environ = {
            "SOURCE_ESSAI": f"sftp://{USER}@127.0.0.1:{proxy.port}",
            "SOURCE_ESSAI_PASSWORD": SECRET,
            "SOURCE_ESSAI_HOST_KEY": shown,
        }
        yield SftpSystem(
            kind="sftp",
            environ=environ,
            put=lambda name, content: (root / "depot" / name).write_bytes(content),
            remove=lambda name: (root / "depot" / name).unlink(),
            cut=proxy.cut,
            refused={**environ, "SOURCE_ESSAI_PASSWORD": f"{SECRET}!"},
            unverified={
                **environ,
                "SOURCE_ESSAI_HOST_KEY": other.export_public_key().decode(),
            },
            down={**environ, "SOURCE_ESSAI": f"sftp://{USER}@127.0.0.1:{free_port()}"},
            key=own.export_private_key(passphrase=PHRASE, cipher_name="aes256-ctr", rounds=50).decode(),
            fingerprint=host_key.get_fingerprint(),
            known_hosts=f"[127.0.0.1]:{proxy.port} {shown}",
        )
    loop.call_soon_threadsafe(listening.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
