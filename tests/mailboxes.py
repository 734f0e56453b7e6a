"""Real servers on this machine that take what the platform sends: SMTP, HTTP, HTTPS with a certificate."""

from __future__ import annotations

import email
import email.policy
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@dataclass
class Posted:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Web:
    """An HTTP server that keeps what is posted to it; it may be down, or refuse."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.port = free_port()
        self.received: list[Posted] = []
        self.status = 200
        self._certificate = certificate
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if web.status == 200:
                    web.received.append(Posted(self.path, dict(self.headers), body))
                self.send_response(web.status)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer((HOST, self.port), Handler)
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self._server = server

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class Mail:
    """An SMTP server that keeps its mail; it may be down."""

    def __init__(self) -> None:
        self.port = free_port()
        self.received: list[EmailMessage] = []
        self.addressees: list[list[str]] = []
        self._controller: Controller | None = None

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        self.received.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        self.addressees.append(sorted(envelope.rcpt_tos))
        return "250 OK"

    def start(self) -> None:
        self._controller = Controller(self, hostname=HOST, port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None


@dataclass
class Mailboxes:
    """One of each, and the addresses that lead to them.

    Attributes:
        environ: the variables of the channels, with secrets in them.
        secrets: what must be seen nowhere.
        certificate: what a client must trust.
    """

    mail: Mail
    teams: Web
    ntfy: Web
    environ: dict[str, str]
    secrets: tuple[str, ...]
    certificate: Path


@contextmanager
def mailboxes(folder: Path) -> Iterator[Mailboxes]:
    certificate = make_certificate(folder)
    mail, teams, ntfy = Mail(), Web(certificate), Web()
    for server in (mail, teams, ntfy):
        server.start()
    environ = {
        "ALERTES_COURRIEL": f"mailto://{HOST}:{mail.port}?from=donnees@fwb.example&name=Données",
        "ALERTES_TEAMS": f"workflows://{HOST}:{teams.port}/fluxsecret/signaturesecrete",
        "ALERTES_NTFY": f"ntfy://compte:motdepasse@{HOST}:{ntfy.port}/sujetsecret",
    }
    secrets = ("fluxsecret", "signaturesecrete", "motdepasse", "sujetsecret")
    try:
        yield Mailboxes(mail, teams, ntfy, environ, secrets, certificate)
    finally:
        for server in (mail, teams, ntfy):
            server.stop()


def make_certificate(folder: Path) -> Path:
    """A certificate of this machine's own address and its key, in one file, good for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificat.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
