"""The letter as one note of the merge request, written once and then changed: GitLab's API of notes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from donnees_au_centre.french import cut
from donnees_au_centre.gitlab import PLACE, TOKEN, merge_request

if TYPE_CHECKING:
    import httpx

# The first line of our note, by which it is found again; nobody sees it.
MARKER = "<!-- donnees-au-centre : lettre de la demande de fusion -->"
# GitLab refuses a longer note; what is beyond is in the artifact.
LONGEST = 900_000
SECONDS = 20.0
ATTEMPTS = 4
# The longest that a server may make us wait, in seconds.
PATIENCE = 30.0
_REFUSALS = {
    401: f"GitLab ne connaît pas ce jeton ({TOKEN}) : il est faux, ou il a expiré",
    403: f"le jeton ({TOKEN}) n'a pas le droit d'écrire une note : il lui faut la portée api",
    404: "GitLab ne trouve pas la demande de fusion, ou le jeton n'a pas le droit de la voir",
    413: "la lettre est trop longue pour GitLab",
    422: "GitLab refuse la note",
}


class _Refused(Exception):
    """GitLab does not take the note; the message says why, in French."""


class _Again(Exception):
    """Another attempt may succeed, after so many seconds."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


def post_note(
    text: str, environ: Mapping[str, str], wait: Callable[[float], object] = time.sleep
) -> tuple[bool, str]:
    """Writes the letter in the merge request: a new note, or the one that is already there.

    Never raises for what GitLab or the network does: the letter is an artifact too.

    Args:
        text: of the letter, in Markdown.
        environ: CI_API_V4_URL, CI_PROJECT_ID and CI_MERGE_REQUEST_IID, that GitLab gives to a job of a merge
            request, and the token in GITLAB_TOKEN, or in the file that GITLAB_TOKEN_FILE names.
        wait: how to let seconds pass between two attempts.

    Returns:
        Whether the note stands there now, and what to say of it, in French; the token is never in it.
    """
    missing = [name for name in PLACE if not environ.get(name)]
    try:
        token = _token(environ)
        if missing or not token:
            absent = [*([] if token else [TOKEN]), *missing]
            return False, f"Pas de note dans la demande de fusion : il manque {', '.join(absent)}."
        return True, _posted(_body(text), environ, token, wait)
    except _Refused as refused:
        return False, f"La note n'a pas pu être écrite : {refused}. La lettre reste dans les artefacts."


def _token(environ: Mapping[str, str]) -> str:
    found = environ.get(TOKEN) or ""
    if file := environ.get(f"{TOKEN}_FILE"):
        try:
            found = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise _Refused(f"le fichier que nomme {TOKEN}_FILE ne se lit pas") from None
    found = found.strip()
    if not (found.isascii() and found.isprintable()) or " " in found:
        raise _Refused(f"{TOKEN} n'a pas la forme d'un jeton")
    return found


def _body(text: str) -> str:
    return f"{MARKER}\n{cut(text, LONGEST)}"


def _posted(body: str, environ: Mapping[str, str], token: str, wait: Callable[[float], object]) -> str:
    import httpx

    notes = f"{merge_request(environ)}/notes"
    why = ""
    try:
        with httpx.Client(timeout=SECONDS, headers={"PRIVATE-TOKEN": token}) as client:
            for attempt in range(ATTEMPTS):
                try:
                    # Each attempt looks first: what seemed to fail may have been written.
                    return _write(client, notes, body)
                except _Again as again:
                    why, after = str(again), again.after
                except (httpx.TransportError, ValueError) as error:
                    # Their texts may quote what was sent.
                    why, after = f"GitLab ne répond pas ({type(error).__name__})", None
                if attempt + 1 < ATTEMPTS:
                    wait(min(PATIENCE, 2.0**attempt if after is None else after))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise _Refused(f"GitLab ne peut être appelé ({type(error).__name__})") from None
    raise _Refused(f"{why}, {ATTEMPTS} fois")


def _write(client: httpx.Client, notes: str, body: str) -> str:
    for note, said in _ours(client, notes):
        if said == body:
            return "La note de la demande de fusion dit déjà cela."
        answer = client.put(f"{notes}/{note}", json={"body": body})
        # Somebody else's that begins as ours, or taken away meanwhile.
        if answer.status_code in (403, 404):
            continue
        _check(answer)
        return "La note de la demande de fusion est mise à jour."
    _check(client.post(notes, json={"body": body}))
    return "La note est écrite dans la demande de fusion."


def _ours(client: httpx.Client, notes: str) -> Iterator[tuple[int, str]]:
    """The notes that begin with our marker, the oldest first."""
    page = "1"
    while page:
        asked = {"per_page": "100", "page": page, "sort": "asc", "order_by": "created_at"}
        answer = client.get(notes, params=asked)
        _check(answer)
        found = answer.json()
        if not isinstance(found, list):
            raise _Refused("ce qui répond n'est pas l'API de GitLab")
        for note in found:
            if not note.get("system") and str(note.get("body", "")).startswith(MARKER):
                yield int(note["id"]), str(note["body"])
        page = answer.headers.get("x-next-page", "")


def _check(answer: httpx.Response) -> None:
    status = answer.status_code
    if status < 300:
        return
    if status == 429 or status >= 500:
        said = answer.headers.get("retry-after", "")
        why = "GitLab demande d'attendre (429)" if status == 429 else f"GitLab est en panne ({status})"
        raise _Again(why, float(said) if said.isdecimal() else None)
    raise _Refused(
        f"{_REFUSALS.get(status, 'GitLab répond autrement qu’attendu')} ({status})".replace("’", "'")
    )
