"""An Azure container: Azurite, which npm installs once beside the checkout's other caches."""

from __future__ import annotations

import base64
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azure.core.exceptions import AzureError
from azure.storage.blob import ContainerClient

from tests.servers.relay import relay
from tests.servers.system import System, free_port

ROOT = Path(__file__).resolve().parents[2]
PLACE, PACKAGE = ROOT / ".cache/servers/azurite", "azurite@3.37.0"
# Azurite takes the accounts that AZURITE_ACCOUNTS says.
ACCOUNT, KEY = "age", base64.b64encode(b"une cle d'essai, qui n'ouvre rien").decode()


def missing() -> str:
    """Why there is no Azurite here, "" when there is; it is installed when npm can."""
    program = PLACE / "node_modules/.bin/azurite-blob"
    if program.exists():
        return ""
    if shutil.which("npm") is None:
        return "npm n'est pas là"
    PLACE.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(PLACE), PACKAGE]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    except subprocess.TimeoutExpired:
        return "npm n'a pas installé Azurite en 4 minutes"
    return "" if done.returncode == 0 and program.exists() else "npm n'a pas pu installer Azurite"


@contextmanager
def azure(folder: Path) -> Iterator[System]:
    """Serves one container."""
    port = free_port()
    program = PLACE / "node_modules/.bin/azurite-blob"
    command = [str(program), "--blobPort", str(port), "--location", str(folder)]
    command += ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    process = subprocess.Popen(
        command,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    credential = {"account_name": ACCOUNT, "account_key": KEY}
    try:
        with relay(port) as proxy:
            container = ContainerClient(
                f"http://127.0.0.1:{port}/{ACCOUNT}", "partenaire", credential=credential, retry_total=0
            )
            deadline = time.monotonic() + 60
            while True:
                try:
                    container.create_container()
                    break
                except AzureError:
                    if time.monotonic() > deadline or process.poll() is not None:
                        raise
                    time.sleep(0.1)
            environ = {
                "SOURCE_ESSAI": "az://partenaire",
                "SOURCE_ESSAI_ENDPOINT": f"http://127.0.0.1:{proxy.port}/{ACCOUNT}",
                "SOURCE_ESSAI_ACCOUNT": ACCOUNT,
                "SOURCE_ESSAI_ACCOUNT_KEY": KEY,
            }
            yield System(
                kind="azure",
                environ=environ,
                put=lambda name, content: container.upload_blob(f"depot/{name}", content, overwrite=True),
                remove=lambda name: container.delete_blob(f"depot/{name}"),
                cut=proxy.cut,
                refused={**environ, "SOURCE_ESSAI_ACCOUNT_KEY": base64.b64encode(b"une autre cle").decode()},
                down={
                    **environ,
                    "SOURCE_ESSAI_ENDPOINT": f"http://127.0.0.1:{free_port()}/{ACCOUNT}",
                },
            )
            container.close()
    finally:
        process.terminate()
        process.wait(10)
