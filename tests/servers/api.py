"""APIs on this machine: a generic one with four pagings, an Opendatasoft portal, tokens; all may fail."""

from __future__ import annotations

import base64
import json
import re
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

HOST = "127.0.0.1"
DATASETS = "/api/explore/v2.1/catalog/datasets/"
# Of Opendatasoft: rows of a page, and the rank beyond which none is given.
MOST, REACHED = 100, 10_000


@dataclass
class Asked:
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]


@dataclass
class Api:
    """A server and what it holds; each attribute may change while it runs.

    Attributes:
        records: JSON texts, one a row.
        fields: of the Opendatasoft data set: name and type.
        said: label and description of some of them; and, under "", the title of the data set.
        total: announced in place of the number of records.
        size: rows of a page, whatever is asked beyond it.
        secrets: what each way of proving oneself expects; without any, everybody may read.
        faults: what comes next in place of an answer, first in, first out; `after` answers are given before.
        lifetime: seconds of a token; revoked: whether each is refused after one use, before its end.
    """

    records: list[str] = field(default_factory=list)
    dataset: str = "points-verts"
    fields: list[tuple[str, str]] = field(default_factory=list)
    said: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    total: int | None = None
    size: int = 1000
    secrets: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    after: int = 0
    lifetime: int = 3600
    revoked: bool = False
    endless: bool = False
    asked: list[Asked] = field(default_factory=list)
    tokens: int = 0
    used: set[str] = field(default_factory=set)
    port: int = 0
    scheme: str = "http"
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{HOST}:{self.port}"

    def fault(self, *faults: str, after: int = 0) -> None:
        self.faults[:], self.after = faults, after

    def next_fault(self) -> str:
        with self.lock:
            if self.after:
                self.after -= 1
                return ""
            return self.faults.pop(0) if self.faults else ""

    def reset(self) -> None:
        """As it was when it started."""
        fresh = Api(port=self.port, scheme=self.scheme, lock=self.lock)
        self.__dict__.update(fresh.__dict__)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Api

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self, body: str | bytes, status: int = 200, **headers: str) -> None:
        content = body.encode() if isinstance(body, str) else body
        headers = {"Content_Type": "application/json; charset=utf-8", **headers}
        said = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        length = "" if "Content_Length" in headers else f"Content-Length: {len(content)}\r\n"
        self.wfile.write(f"HTTP/1.1 {status} X\r\n{said}{length}\r\n".encode() + content)

    def do_POST(self) -> None:
        body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        secret = base64.b64encode(f"client:{self.api.secrets.get('oauth2')}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {secret}":
            said = {"error": "invalid_client", "error_description": f"bad {self.headers['Authorization']}"}
            self.answer(json.dumps(said), 401)
            return
        assert body["grant_type"] == ["client_credentials"]
        with self.api.lock:
            self.api.tokens += 1
            token = f"jeton-secret-{self.api.tokens}"
        given = {"access_token": token, "token_type": "Bearer", "expires_in": self.api.lifetime}
        self.answer(json.dumps(given | {"scope": body.get("scope", [""])[0]}))

    def allowed(self, query: dict[str, list[str]]) -> bool:
        given, key = (
            self.headers.get(name, "").encode("latin-1").decode() for name in ("Authorization", "X-Api-Key")
        )
        secrets = self.api.secrets
        for way, secret in secrets.items():
            if way == "api_key" and secret in (key, query.get("cle", [""])[0]):
                return True
            if way == "ods" and given == f"Apikey {secret}":
                return True
            if way == "bearer" and given == f"Bearer {secret}":
                return True
            if way == "basic" and given == "Basic " + base64.b64encode(secret.encode()).decode():
                return True
            if way == "oauth2" and given == f"Bearer jeton-secret-{self.api.tokens}":
                fresh = given not in self.api.used or not self.api.revoked
                self.api.used.add(given)
                return fresh
        return not secrets

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        with self.api.lock:
            self.api.asked.append(Asked(parts.path, query, dict(self.headers)))
        if not self.allowed(query):
            self.answer(json.dumps({"message": f"refused: {self.headers.get('Authorization')} {query}"}), 401)
            return
        fault = self.api.next_fault()
        if fault and self.failed(fault):
            return
        if parts.path.startswith(DATASETS):
            self.portal(parts.path.removeprefix(DATASETS), query, fault)
        else:
            self.generic(parts.path, query, fault)

    def failed(self, fault: str) -> bool:
        """Gives a fault in place of the answer; False for one that comes within it."""
        if fault.startswith("429"):
            wait = fault.partition(" ")[2] or "0"
            body = {
                "errorcode": 10002,
                "error": "Too many requests",
                "call_limit": 10000,
                "limit_time_unit": "day",
            }
            self.answer(json.dumps(body), 429, Retry_After=wait, X_RateLimit_Remaining="0")
        elif fault.isdecimal():
            self.answer('{"message": "panne"}', int(fault))
        elif fault == "html":
            self.answer("<!doctype html><p>Connectez-vous", Content_Type="text/html")
        elif fault.startswith("to "):
            self.answer("", 302, Location=fault.removeprefix("to "))
        else:
            return False
        return True

    def sent(self, body: str, fault: str, **headers: str) -> None:
        """Gives a body, or what a fault leaves of it."""
        if fault == "cut":
            half = body.encode()[: len(body) // 2]
            self.answer(half, 200, Content_Length=str(len(body) + 1), **headers)
            self.close_connection = True
        elif fault == "early":
            self.answer(body[: len(body) // 2], 200, **headers)
        elif fault == "invalid":
            self.answer(body[: len(body) // 2] + " ?? " + body[len(body) // 2 :], 200, **headers)
        else:
            self.answer(body, 200, **headers)

    # A generic API

    def generic(self, path: str, query: dict[str, list[str]], fault: str) -> None:
        api = self.api
        records, total = self.since(api.records, query), api.total
        total = len(records) if total is None else total
        size = min(api.size, int(query.get("size", query.get("limit", ["1000"]))[0]))
        number = 0
        if path == "/page":
            number = int(query["page"][0]) - 1
        elif path == "/offset":
            number = -1 if not size else int(query["offset"][0]) // size
        elif path in ("/cursor", "/link"):
            number = int(query.get("cursor", ["0"])[0])
        if api.endless:
            number = 0
        shown = records if path in ("/whole", "/list") else records[number * size : (number + 1) * size]
        if path == "/offset":
            start = int(query["offset"][0])
            shown = records[start : start + size]
        rows = f"[{', '.join(shown)}]"
        more = (number + 1) * size < len(records) or api.endless
        headers = {"X_Total": str(total)}
        following = "null"
        if path == "/cursor" and more:
            following = json.dumps(str(number + 1))
        if path == "/link" and more:
            headers["Link"] = (
                f'<{api.url}/link?cursor={number + 1}&size={size}>; rel="next", </>; rel="first"'
            )
            following = json.dumps(f"{api.url}/link?cursor={number + 1}&size={size}")
        if path not in ("/page", "/offset", "/cursor", "/link", "/whole", "/list"):
            self.answer('{"message": "inconnu"}', 404)
            return
        body = rows if path == "/list" else f'{{"total": {total}, "suite": {following}, "lignes": {rows}}}'
        self.sent(body, fault, **headers)

    def since(self, records: Sequence[str], query: dict[str, list[str]]) -> Sequence[str]:
        if "depuis" not in query:
            return records
        return [one for one in records if json.loads(one)["maj"] >= query["depuis"][0]]

    # Opendatasoft

    def portal(self, rest: str, query: dict[str, list[str]], fault: str) -> None:
        api = self.api
        dataset, _, what = rest.partition("/")
        if dataset != api.dataset:
            said = {"error_code": "DatasetNotFoundError", "message": f"dataset {dataset} not found"}
            self.answer(json.dumps(said), 404)
            return
        if not what:
            fields = [
                dict(
                    zip(
                        ("name", "type", "label", "description"),
                        (name, kind, *api.said.get(name, (name, None))),
                        strict=True,
                    )
                )
                for name, kind in api.fields
            ]
            metas = {"default": {"title": api.said.get("", (dataset, None))[0]}}
            described = {"dataset_id": dataset, "has_records": True, "metas": metas, "fields": fields}
            self.answer(json.dumps(described))
            return
        where = query.get("where", [""])[0]
        if where.startswith("faux"):
            self.refused("ODSQLError", "ODSQL query is malformed: unknown field faux")
            return
        records = self.filtered(where)
        total = len(records) if api.total is None else api.total
        if what == "records":
            limit, offset = int(query.get("limit", ["10"])[0]), int(query.get("offset", ["0"])[0])
            if limit > MOST or offset + limit > REACHED:
                self.refused("InvalidRESTParameterError", "Invalid value for limit API parameter")
                return
            shown = ", ".join(records[offset : offset + limit])
            self.sent(f'{{"total_count": {total}, "results": [{shown}]}}', fault)
            return
        body = "\n".join(records)
        if fault == "error":
            half = records[: len(records) // 2]
            body = "\n".join([*half, '{"error_code": "InternalError", "message": "timeout"}'])
        self.sent(body, fault, Content_Type="application/jsonlines; charset=utf-8")

    def refused(self, code: str, message: str) -> None:
        self.answer(json.dumps({"error_code": code, "message": message}), 400)

    def filtered(self, where: str) -> list[str]:
        found = re.search(r"(\w+) >= (?:date)?'?([^'\s]+)'?$", where)
        if not found:
            return self.api.records
        name, least = found.groups()
        values = (json.loads(one)[name] for one in self.api.records)
        later = (value >= (int(least) if isinstance(value, int) else least) for value in values)
        return [one for one, kept in zip(self.api.records, later, strict=True) if kept]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that went away is no news."""


@contextmanager
def api_server(certificate: Path | None = None) -> Iterator[Api]:
    """A server on a port of its own, until the end of the block; in https with a certificate and its key."""
    api = Api(scheme="https" if certificate else "http")
    handler: type[_Handler] = type("Handler", (_Handler,), {"api": api})
    server = _Server((HOST, 0), handler)
    api.port = server.server_address[1]
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
