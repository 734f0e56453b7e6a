"""Who must approve a merge request, held by a job: CODEOWNERS binds nobody on GitLab Free.

A job fails until each rule of .gitlab/CODEOWNERS that the branch touches has the approvals that it asks for;
with « Pipelines must succeed », which every edition has, the request cannot be merged before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.gitlab import PLACE, TOKEN, merge_request
from donnees_au_centre.project.codeowners import Wanted

SECONDS = 20.0


def missing_approvals(wanted: Iterable[Wanted], environ: Mapping[str, str]) -> list[Wanted]:
    """Asks GitLab who approved, and returns what too few owners approved.

    The author's own approval does not count.

    Args:
        wanted: what the branch asks for; what is optional is never missing.
        environ: CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID, and a token with the scope read_api in
            GITLAB_TOKEN.

    Raises:
        PlatformError: a variable is missing, or GitLab does not answer.
    """
    absent = [name for name in (*PLACE, TOKEN) if not environ.get(name)]
    if absent:
        raise PlatformError(
            f"Les approbations se demandent à GitLab ; des variables manquent : {', '.join(absent)}.",
            f"{TOKEN} est une variable masquée du projet (portée read_api) ; GitLab donne les autres à un "
            "travail de demande de fusion.",
        )
    import httpx

    request = merge_request(environ)
    with httpx.Client(
        base_url=environ[PLACE[0]], headers={"PRIVATE-TOKEN": environ[TOKEN]}, timeout=SECONDS
    ) as client:
        author = _ask(client, request)["author"]["username"]
        approved = {one["user"]["username"] for one in _ask(client, f"{request}/approvals")["approved_by"]}
        approved.discard(author)
        return [
            one for one in wanted if not one.optional and len(approved & _any_of(client, one)) < one.count
        ]


def _any_of(client: Any, wanted: Wanted) -> set[str]:
    return {name for owner in wanted.owners for name in _members(client, owner)}


def _members(client: Any, owner: str) -> set[str]:
    """The accounts that an owner stands for: the direct members of a group, or itself."""
    found: set[str] = set()
    page = "1"
    while page:
        answer = _get(client, f"/groups/{quote(owner, safe='')}/members?per_page=100&page={page}")
        if answer.status_code == 404:
            return {owner}
        found |= {one["username"] for one in _checked(answer).json() if one.get("state") == "active"}
        page = answer.headers.get("x-next-page", "")
    return found


def _ask(client: Any, path: str) -> Any:
    return _checked(_get(client, path)).json()


def _get(client: Any, path: str) -> Any:
    import httpx

    try:
        return client.get(path)
    except httpx.HTTPError as error:
        raise PlatformError(
            f"GitLab ne répond pas ({type(error).__name__}).", "Relancez ce travail un peu plus tard."
        ) from None


def _checked(answer: Any) -> Any:
    if answer.is_success:
        return answer
    advice = {
        401: f"Le jeton {TOKEN} est faux ou a expiré : faites-en un autre.",
        403: f"Donnez au jeton {TOKEN} la portée read_api.",
        404: f"Le jeton {TOKEN} ne voit pas ce projet : donnez-lui le rôle Reporter.",
    }.get(answer.status_code, "Relancez ce travail un peu plus tard.")
    raise PlatformError(f"GitLab répond {answer.status_code} à {answer.request.url.path}.", advice)
