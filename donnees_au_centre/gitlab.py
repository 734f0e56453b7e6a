"""What GitLab tells a job of its merge request, and the variable of the token with which it may be asked."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

TOKEN = "GITLAB_TOKEN"
PLACE = ("CI_API_V4_URL", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID")


def merge_request(environ: Mapping[str, str]) -> str:
    """The address of the merge request in GitLab's API.

    Args:
        environ: with the variables of PLACE.
    """
    api, project, number = (environ[name] for name in PLACE)
    return f"{api.rstrip('/')}/projects/{quote(project, safe='')}/merge_requests/{quote(number, safe='')}"
