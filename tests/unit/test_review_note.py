"""The letter is one note of the merge request, and what GitLab refuses is said without the token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from donnees_au_centre.review import MARKER, post_note
from tests.servers.gitlab import GitLab, gitlab


@pytest.fixture(scope="module")
def running() -> Iterator[GitLab]:
    with gitlab() as server:
        yield server


@pytest.fixture
def server(running: GitLab) -> GitLab:
    fresh = GitLab(port=running.port)
    running.__dict__.update(fresh.__dict__)
    return running


def ours(server: GitLab) -> list[str]:
    return [note["body"] for note in server.notes if note["body"].startswith(MARKER)]


def test_it_is_written_then_changed_then_left(server: GitLab) -> None:
    server.say(f"Je cite : {MARKER}")
    server.say(f"{MARKER} approuvé", system=True)
    for number in range(120):
        server.say(f"Remarque {number}.")
    assert post_note("Un.", server.environ) == (True, "La note est écrite dans la demande de fusion.")
    for _ in range(100):
        server.say("Encore une.")
    assert post_note("Deux.", server.environ) == (True, "La note de la demande de fusion est mise à jour.")
    assert post_note("Deux.", server.environ) == (True, "La note de la demande de fusion dit déjà cela.")
    assert [body for body in ours(server) if "approuvé" not in body] == [f"{MARKER}\nDeux."]
    assert [method for method, _ in server.asked if method != "GET"] == ["POST", "PUT"]


def test_the_note_of_somebody_else_stays_as_it_is(server: GitLab) -> None:
    copied = server.say(f"{MARKER}\nUne copie.")
    server.others.add(copied["id"])
    assert post_note("Un.", server.environ)[0]
    assert post_note("Deux.", server.environ)[0]
    assert ours(server) == [f"{MARKER}\nUne copie.", f"{MARKER}\nDeux."]


def test_the_token_may_be_in_a_file(server: GitLab, tmp_path: Path) -> None:
    file = tmp_path / "jeton"
    file.write_text(f"{server.token}\n", encoding="utf-8")
    environ = {**server.environ, "GITLAB_TOKEN": "", "GITLAB_TOKEN_FILE": str(file)}
    assert post_note("Un.", environ)[0]


@pytest.mark.parametrize("faults", [[429], [500], [502, 429, 503], [429, 429, 429]])
def test_it_waits_and_tries_again(server: GitLab, faults: list[int]) -> None:
    server.faults = list(faults)
    waited: list[float] = []
    assert post_note("Un.", server.environ, waited.append)[0]
    assert len(ours(server)) == 1
    assert len(waited) == len(faults)
    assert all(seconds == 3.0 for seconds, fault in zip(waited, faults, strict=True) if fault == 429)


def test_what_was_written_before_a_failure_is_not_written_twice(server: GitLab) -> None:
    server.lost = 1
    assert post_note("Un.", server.environ, lambda _: None) == (
        True,
        "La note de la demande de fusion dit déjà cela.",
    )
    assert len(ours(server)) == 1


def test_a_server_makes_nobody_wait_for_hours(server: GitLab) -> None:
    server.faults, server.retry = [429] * 4, "7200"
    waited: list[float] = []
    posted, said = post_note("Un.", server.environ, waited.append)
    assert not posted
    assert "429" in said
    assert waited == [30.0] * 3


@pytest.mark.parametrize(
    ("fault", "said"), [(401, "ce jeton"), (403, "portée api"), (404, "ne trouve pas"), (302, "autrement")]
)
def test_a_refusal_is_said_once(server: GitLab, fault: int, said: str) -> None:
    server.faults = [fault]
    posted, told = post_note("Un.", server.environ, lambda _: pytest.fail("a refusal is no failure"))
    assert not posted
    assert said in told
    assert f"({fault})" in told
    assert len(server.asked) == 1


@pytest.mark.parametrize("token", ["glpat-faux", "glpat-\nsecret", "glpat-é", "deux mots"])
def test_no_message_has_the_token(server: GitLab, token: str, tmp_path: Path) -> None:
    file = tmp_path / "jeton"
    file.write_text(token, encoding="utf-8")
    environ = {**server.environ, "GITLAB_TOKEN_FILE": str(file)}
    posted, said = post_note("Un.", environ)
    assert not posted
    assert token not in said
    assert "artefacts" in said


def test_nobody_there_is_said(server: GitLab) -> None:
    environ = {**server.environ, "CI_API_V4_URL": "http://127.0.0.1:1/api/v4"}
    waited: list[float] = []
    posted, said = post_note("Un.", environ, waited.append)
    assert not posted
    assert "ne répond pas" in said
    assert server.token not in said
    assert waited == [1.0, 2.0, 4.0]


def test_without_a_token_nothing_is_asked(server: GitLab) -> None:
    posted, said = post_note("Un.", {**server.environ, "GITLAB_TOKEN": ""})
    assert not posted
    assert said == "Pas de note dans la demande de fusion : il manque GITLAB_TOKEN."
    assert not server.asked
