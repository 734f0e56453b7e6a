"""Who must approve a merge request, held by a job: CODEOWNERS binds nobody on GitLab Free.

A job fails until each section of .gitlab/CODEOWNERS that the branch touches has the approval of one of its
owners; with « Pipelines must succeed », which every edition has, the request cannot be merged before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.gitlab import PLACE, TOKEN, merge_request

FILE = ".gitlab/CODEOWNERS"
SECONDS = 20.0
_SECTION = re.compile(r"\[(?P<name>[^\]]+)\](?:\[\d+\])?\s*(?P<owners>.*)")


@dataclass
class Section:
    """One section of CODEOWNERS.

    Attributes:
        name: as it stands there.
        owners: `@group` or `@account`, without the @.
        patterns: of the paths that it answers for.
    """

    name: str
    owners: tuple[str, ...]
    patterns: list[str] = field(default_factory=list)

    def answers_for(self, path: str) -> bool:
        """True for a file of the checkout that it owns."""
        return any(_matches(pattern, path) for pattern in self.patterns)


def read_sections(text: str) -> list[Section]:
    """The sections of a CODEOWNERS in their order."""
    sections: list[Section] = []
    for line in text.splitlines():
        said = line.partition("#")[0].strip()
        if found := _SECTION.fullmatch(said):
            owners = tuple(owner.lstrip("@") for owner in found["owners"].split())
            sections.append(Section(found["name"], owners))
        elif said and sections:
            sections[-1].patterns.append(said.split()[0])
    return sections


def concerned(sections: Iterable[Section], files: Collection[str]) -> list[Section]:
    """The sections that own one of these files."""
    return [section for section in sections if any(map(section.answers_for, files))]


def _matches(pattern: str, path: str) -> bool:
    """As GitLab reads it: from the root; a folder ends with /, and * stays within a name."""
    wanted, given = pattern.strip("/").split("/"), path.split("/")
    if len(given) < len(wanted) or (not pattern.endswith("/") and len(given) != len(wanted)):
        return False
    return all(fnmatchcase(name, form) for form, name in zip(wanted, given, strict=False))


def missing_approvals(sections: Iterable[Section], environ: Mapping[str, str]) -> list[Section]:
    """Asks GitLab who approved, and returns the sections none of whose owners did.

    The author's own approval does not count.

    Args:
        sections: those that must approve.
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
            section
            for section in sections
            if not any(approved & _members(client, owner) for owner in section.owners)
        ]


def _members(client: Any, owner: str) -> set[str]:
    """The accounts that an owner stands for: those of a group, or itself."""
    found: set[str] = set()
    page = "1"
    while page:
        answer = _get(client, f"/groups/{quote(owner, safe='')}/members/all?per_page=100&page={page}")
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
