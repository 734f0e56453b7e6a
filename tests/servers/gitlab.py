"""GitLab's API of the notes of one merge request, on this machine: pages, tokens, refusals, failures."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

HOST = "127.0.0.1"
NOTES = "/api/v4/projects/7/merge_requests/12/notes"
# Notes of a page, whatever is asked beyond it.
MOST = 100


@dataclass
class GitLab:
    """The server and what it holds; each attribute may change while it runs.

    Attributes:
        token: that it knows.
        notes: `{id, body, system}`, the oldest first.
        others: ids of the notes that somebody else wrote, which the token may not change.
        faults: statuses answered in place of the next answers, first in, first out.
        lost: how many of the next writings are done, and then answered by a failure.
        retry: seconds that a 429 asks for.
        asked: method of each request, and its path.
    """

    token: str = "glpat-secret"
    notes: list[dict[str, Any]] = field(default_factory=list)
    others: set[int] = field(default_factory=set)
    faults: list[int] = field(default_factory=list)
    lost: int = 0
    retry: str = "3"
    asked: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def environ(self) -> dict[str, str]:
        """What GitLab gives to a job, and the token."""
        return {
            "CI_API_V4_URL": f"http://{HOST}:{self.port}/api/v4",
            "CI_PROJECT_ID": "7",
            "CI_MERGE_REQUEST_IID": "12",
            "GITLAB_TOKEN": self.token,
        }

    def say(self, body: str, system: bool = False) -> dict[str, Any]:
        """Adds a note."""
        self.notes.append({"id": 300 + len(self.notes), "body": body, "system": system})
        return self.notes[-1]


@contextmanager
def gitlab() -> Iterator[GitLab]:
    """Runs it until the end of the block."""
    state = GitLab()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._answered(self._listed)

        def do_POST(self) -> None:
            self._answered(lambda: (201, state.say(self._sent()["body"]), {}))

        def do_PUT(self) -> None:
            self._answered(self._changed)

        def _answered(self, answer: Any) -> None:
            state.asked.append((self.command, urlsplit(self.path).path))
            sent = int(self.headers.get("content-length") or 0)
            self._bytes = self.rfile.read(sent) if sent else b""
            if state.faults:
                status = state.faults.pop(0)
                more = {"retry-after": state.retry} if status == 429 else {}
                return self._give(status, {"message": f"{status} error"}, more)
            if self.headers.get("private-token") != state.token:
                return self._give(401, {"message": "401 Unauthorized"}, {})
            if not urlsplit(self.path).path.startswith(NOTES):
                return self._give(404, {"message": "404 Not found"}, {})
            status, content, more = answer()
            if state.lost and self.command != "GET":
                state.lost -= 1
                status, content, more = 500, {"message": "500 Internal Server Error"}, {}
            return self._give(status, content, more)

        def _sent(self) -> dict[str, Any]:
            return dict(json.loads(self._bytes))

        def _listed(self) -> tuple[int, Any, dict[str, str]]:
            query = parse_qs(urlsplit(self.path).query)
            page = int(query.get("page", ["1"])[0])
            size = min(MOST, int(query.get("per_page", ["20"])[0]))
            found = state.notes if query.get("sort") == ["asc"] else state.notes[::-1]
            shown = found[(page - 1) * size : page * size]
            more = str(page + 1) if page * size < len(found) else ""
            return 200, shown, {"x-next-page": more}

        def _changed(self) -> tuple[int, Any, dict[str, str]]:
            wanted = int(self.path.rpartition("/")[2])
            note = next((one for one in state.notes if one["id"] == wanted), None)
            if note is None:
                return 404, {"message": "404 Not found"}, {}
            if wanted in state.others:
                return 403, {"message": "403 Forbidden"}, {}
            note["body"] = self._sent()["body"]
            return 200, note, {}

        def _give(self, status: int, content: Any, more: dict[str, str]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            for name, value in {**more, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        state.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield state
        finally:
            server.shutdown()
