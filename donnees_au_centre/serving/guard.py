"""Who may speak to a served page: the browser that was given its link, from that page itself.

A browser sends requests to any address on behalf of any page. So each request must be addressed to the
served page (Host: a name that leads here is not enough), come from it (Origin, Sec-Fetch-Site), and carry
what only the reader of the terminal could have given to this browser (a cookie, in exchange for a link).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN = "jeton"
READING = ("GET", "HEAD")
HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PAGE = """<!doctype html>
<html lang="fr"><meta charset="utf-8"><title>{title}</title>{head}
<style>body {{ font: 1rem/1.5 sans-serif; margin: 4rem auto; max-width: 40rem; padding: 0 1rem }}</style>
<h1>{title}</h1><p>{text}</p></html>
"""
CLOSED = (
    "Ouvrez l'adresse que le terminal a affichée (make ui, make docs) : elle ne vaut qu'une fois, pour le "
    "navigateur qui la reçoit, et la suivante s'affiche à sa suite. Si ce navigateur l'a déjà ouverte : "
    '<a href="{start}">continuer</a>.'
)
FOREIGN = 'Une autre page demandait ceci en votre nom. <a href="{start}">Ouvrir celle-ci</a>.'


class Key:
    """The secret of one launch: a link that opens once, and the cookie that it becomes.

    Args:
        address: of the page, scheme and host.
        announce: told the next link each time one was used.
    """

    def __init__(self, address: str, announce: Callable[[str], None]) -> None:
        """Draws the secrets; they are kept in memory only."""
        # Browsers share the cookies of a host between its ports.
        self.name = f"page-{urlsplit(address).port}"
        self._address = address
        self._announce = announce
        self._cookie = secrets.token_urlsafe(32)
        self._token = secrets.token_urlsafe(32)

    def link(self) -> str:
        """The address that opens the page, once."""
        return f"{self._address}/?{TOKEN}={self._token}"

    def take(self, token: str) -> bool:
        """Uses the link up; False when this is not its token."""
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            return False
        self._token = secrets.token_urlsafe(32)
        self._announce(self.link())
        return True

    def cookie(self) -> str:
        """The header that gives the cookie to a browser."""
        return f"{self.name}={self._cookie}; Path=/; HttpOnly; SameSite=Strict"

    def fits(self, cookies: Mapping[str, str]) -> bool:
        """True for cookies among which this one is; the others may be of any program of this machine."""
        return secrets.compare_digest(cookies.get(self.name, "").encode(), self._cookie.encode())


class Guard:
    """Stands before an ASGI application; what it refuses never reaches it.

    Args:
        app: the application.
        addresses: where it is read, as a browser writes it: `http://127.0.0.1:3000`.
        key: None where an authenticating proxy stands before the application.
        posted: ends of the paths that are never read by GET, since reading them could act.
        start: path of the first page.
    """

    def __init__(
        self,
        app: ASGIApp,
        addresses: Iterable[str],
        key: Key | None,
        posted: tuple[str, ...] = (),
        start: str = "/",
    ) -> None:
        """Nothing is listened to here."""
        self.app = app
        self._origins = {urlsplit(address).netloc: address for address in addresses}
        self._key = key
        self._posted = posted
        self._start = start

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets one request through, or refuses it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        refusal = self._refusal(asked)
        if refusal is None and self._key and not self._key.fits(asked.cookies):
            token = asked.query_params.get(TOKEN, "")
            refusal = self._open(asked, token) or self._closed()
        if refusal is None:
            await self.app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            # Before it is accepted: the server answers 403.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, _with_headers(send))

    def _refusal(self, asked: HTTPConnection) -> Response | None:
        headers, scope = asked.headers, asked.scope
        method = scope.get("method", "websocket")
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or hosts[0] not in self._origins:
            known = ", ".join(self._origins.values())
            return _page(421, "Cette adresse n'est pas la bonne", f"Cette page se lit à : {known}.")
        acts = method not in READING
        if (origins or acts) and origins != [self._origins[hosts[0]]]:
            return self._closed()
        # A link somewhere else may open the page, in a tab of its own; nothing else from there.
        visits = method == "GET" and headers.get("sec-fetch-dest") == "document"
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not visits:
            return self._closed()
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if acts and method != "websocket" and kind != "application/json":
            return _page(415, "Demande refusée", "Seul du JSON (application/json) est reçu ici.")
        if method in READING and scope["path"].rstrip("/").endswith(self._posted or ("\0",)):
            return _page(405, "Demande refusée", "Cette adresse reçoit du JSON par POST, et ne se lit pas.")
        return None

    def _open(self, asked: HTTPConnection, token: str) -> Response | None:
        """Exchanges the link for the cookie; None when there is no such link."""
        assert self._key
        if asked.scope.get("method") != "GET" or not token or not self._key.take(token):
            return None
        # Not a redirection: after one, a browser that came from a link elsewhere would hold the cookie back.
        head = f'<meta http-equiv="refresh" content="0;url={self._start}">'
        page = _page(200, "Ouverture…", f'<a href="{self._start}">Continuer</a>', head)
        page.headers["Set-Cookie"] = self._key.cookie()
        return page

    def _closed(self) -> Response:
        text = (CLOSED if self._key else FOREIGN).format(start=self._start)
        return _page(403, "Cette page ne vous est pas ouverte", text)


def _page(status: int, title: str, text: str, head: str = "") -> Response:
    page = PAGE.format(title=title, text=text, head=head)
    return HTMLResponse(page, status, {"Cache-Control": "no-store"})


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                # Beside the application's own policy: a browser follows both.
                if name == "Content-Security-Policy":
                    headers.append(name, value)
                else:
                    headers[name] = value
        await send(message)

    return sending
