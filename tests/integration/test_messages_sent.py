"""Messages that really leave: SMTP, HTTP and HTTPS servers of this machine, and the memory in PostgreSQL."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.notifications.alerts import Outcome, Post
from donnees_au_centre.notifications.declaration import Declaration
from donnees_au_centre.notifications.memory import ensure_memory, forget_old_messages, read_said
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.quality.facts import BROKEN, GOOD, WARNED, Quality
from tests.mailboxes import Mailboxes, mailboxes
from tests.unit import notices
from tests.unit.manifests import good_manifest
from tests.unit.notices import NOW, OWNER, STEWARD, broken, control, quality


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailboxes]:
    with mailboxes(tmp_path_factory.mktemp("canaux")) as found, pytest.MonkeyPatch.context() as patch:
        # Teams is reached over TLS only: its certificate is checked, against this one.
        patch.setenv("REQUESTS_CA_BUNDLE", str(found.certificate))
        yield found


@pytest.fixture
def boxes(servers: Mailboxes) -> Mailboxes:
    """The servers up, empty and willing."""
    for server in (servers.mail, servers.teams, servers.ntfy):
        server.stop()
        server.start()
        server.received.clear()
    servers.mail.addressees.clear()
    servers.teams.status = servers.ntfy.status = 200
    return servers


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as opened:
        yield opened


@pytest.fixture
def told(tmp_path: Path) -> Declaration:
    return notices.declaration(tmp_path)


def post(connection: psycopg.Connection, told: Declaration, boxes: Mailboxes, state: Quality) -> Post:
    return Post(connection, state, Manifest(good_manifest()), told, boxes.environ, "essai")


def alert(connection: psycopg.Connection, told: Declaration, boxes: Mailboxes, state: Quality) -> Outcome:
    return post(connection, told, boxes, state).alert()


def subjects(boxes: Mailboxes) -> list[str]:
    return [message["subject"].replace("\u00a0", " ") for message in boxes.mail.received]


def test_one_message_an_administration_to_its_steward_and_owner(
    connection: psycopg.Connection, told: Declaration, boxes: Mailboxes
) -> None:
    age = STEWARD.model_copy(update={"email": "data-steward.age@fwb.example"})
    state = quality(
        control("a", WARNED),
        control("b", rows=3),
        broken("fct_marche"),
        control("c", domain="age", steward=age),
        control("d", BROKEN, domain="age", steward=age, message="relation absente"),
    )
    outcome = alert(connection, told, boxes, state)
    assert (outcome.sent, outcome.failed, outcome.off) == (4, [], [])
    assert subjects(boxes) == ["AGE : 2 nouveaux problèmes", "AGS : 3 nouveaux problèmes"]
    assert boxes.mail.addressees == [
        sorted([age.email, OWNER.email]),
        sorted([STEWARD.email, OWNER.email]),
    ]
    sport = boxes.mail.received[1]
    assert (sport["to"], sport["cc"]) == (STEWARD.email, OWNER.email)
    assert sport["from"] == "Données <donnees@fwb.example>"
    assert sport["auto-submitted"] == "auto-generated"
    text, html = (sport.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for form in (text, html):
        assert "pas pu être construite" in form and "moins de 5" in form and "Got " not in form
        assert STEWARD.function.replace("'", "&#39;") in form or STEWARD.function in form
    (card,) = boxes.teams.received
    assert card.path.startswith("/workflows/fluxsecret/") and "sig=signaturesecrete" in card.path
    title, body = (block["text"] for block in card.body["attachments"][0]["content"]["body"])
    assert title.replace("\u00a0", " ") == "AGE : 2 nouveaux problèmes"
    assert "**Nouveau**" in body and "relation absente" not in body
    (ring,) = boxes.ntfy.received
    assert (ring.body["topic"], ring.headers["X-Markdown"]) == ("sujetsecret", "yes")
    # The telephone is the owner's: the error, and not the failed test.
    assert ring.body["title"].replace("\u00a0", " ") == "AGE : 1 nouveau problème (fct_marche)"
    assert "[La page du domaine](https://donnees.fwb.example/qualite/age.html)" in ring.body["message"]


def test_a_restart_repeats_nothing_then_a_reminder_then_the_end(
    connection: psycopg.Connection, database: str, told: Declaration, boxes: Mailboxes
) -> None:
    fault = control("a")
    assert alert(connection, told, boxes, quality(fault)).sent == 1
    with psycopg.connect(database, autocommit=True) as later:
        assert alert(later, told, boxes, quality(fault)).sent == 0
        tomorrow = NOW + timedelta(days=1)
        assert alert(later, told, boxes, quality(fault, now=tomorrow)).sent == 1
        assert alert(later, told, boxes, quality(fault, now=tomorrow + timedelta(hours=6))).sent == 0
        assert alert(later, told, boxes, quality(control("a", GOOD), now=tomorrow)).sent == 1
        assert alert(later, told, boxes, quality(control("a", GOOD), now=tomorrow)).sent == 0
        # It begins again: a new series, told anew.
        assert alert(later, told, boxes, quality(fault, now=NOW + timedelta(days=9))).sent == 1
    assert subjects(boxes) == [
        "AGS : 1 nouveau problème (fct_marche)",
        "AGS : 1 problème qui dure (fct_marche)",
        "AGS : 1 problème réparé (fct_marche)",
        "AGS : 1 nouveau problème (fct_marche)",
    ]


def test_a_channel_that_is_down_delays_its_own_messages_only(
    connection: psycopg.Connection, told: Declaration, boxes: Mailboxes, caplog: pytest.LogCaptureFixture
) -> None:
    state = quality(control("a", domain="age"))
    boxes.teams.stop()
    with caplog.at_level(logging.DEBUG):
        outcome = alert(connection, told, boxes, state)
    assert (outcome.sent, subjects(boxes)) == (1, ["AGE : 1 nouveau problème (fct_marche)"])
    (failure,) = outcome.failed
    assert "par le canal teams" in failure and "son serveur ne répond pas" in failure
    boxes.teams.start()
    boxes.teams.status = 503
    assert "refuse le message (code 503)" in alert(connection, told, boxes, state).failed[0]
    boxes.teams.status = 200
    assert (alert(connection, told, boxes, state).sent, len(boxes.teams.received)) == (1, 1)
    assert (alert(connection, told, boxes, state).sent, len(boxes.mail.received)) == (0, 1)
    kept = connection.execute("select array_agg(e::text) from historique.envois as e").fetchone()
    said = " ".join([*kept[0], *outcome.lines(), *(record.getMessage() for record in caplog.records)])
    assert not any(secret in said for secret in boxes.secrets)


def test_mail_that_is_down_leaves_later_and_once(
    connection: psycopg.Connection, told: Declaration, boxes: Mailboxes
) -> None:
    boxes.mail.stop()
    state = quality(control("a"), broken("fct_marche"))
    outcome = alert(connection, told, boxes, state)
    assert outcome.sent == 0 and STEWARD.email in outcome.failed[0]
    boxes.mail.start()
    # One is mended meanwhile: it is said with the one that lasts, in one message.
    assert alert(connection, told, boxes, quality(control("a", GOOD), broken("fct_marche"))).sent == 1
    (message,) = boxes.mail.received
    assert subjects(boxes) == ["AGS : 1 nouveau problème, 1 problème réparé"]
    assert "l'alerte n'avait pas pu partir" in message.get_body(("plain",)).get_content()
    assert read_said(connection)[-1].sent


def test_a_channel_without_an_address_is_off_and_remembers_nothing(
    connection: psycopg.Connection, told: Declaration, boxes: Mailboxes
) -> None:
    off = replace(boxes, environ={"ALERTES_COURRIEL": boxes.environ["ALERTES_COURRIEL"]})
    outcome = alert(connection, told, off, quality(control("a", domain="age")))
    assert (outcome.sent, outcome.off) == (1, ["teams", "telephone"])
    assert "éteints" in outcome.lines()[-1]
    assert {said.destination.channel for said in read_said(connection)} == {"courriel"}


def test_a_wrong_address_stops_before_anything_leaves(
    connection: psycopg.Connection, told: Declaration, boxes: Mailboxes
) -> None:
    wrong = replace(boxes, environ={**boxes.environ, "ALERTES_TEAMS": "teams://motdepasse"})
    with pytest.raises(PlatformError, match="ALERTES_TEAMS") as caught:
        alert(connection, told, wrong, quality(control("a", domain="age")))
    assert "motdepasse" not in str(caught.value) and boxes.mail.received == []


def test_two_runs_that_end_together_say_it_once(
    connection: psycopg.Connection, database: str, told: Declaration, boxes: Mailboxes
) -> None:
    ensure_memory(connection)
    sent: list[int] = []

    def run() -> None:
        with psycopg.connect(database, autocommit=True) as own:
            sent.append(alert(own, told, boxes, quality(control("a"))).sent)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(sent) == [0, 0, 0, 1]
    assert len(boxes.mail.received) == 1


def test_the_digest_leaves_once_a_week_and_late_rather_than_never(
    connection: psycopg.Connection, told: Declaration, boxes: Mailboxes
) -> None:
    state = quality(days={"age": notices.days(*[(9, 10)] * 9)})
    boxes.mail.stop()
    assert len(post(connection, told, boxes, state).digest(["age"]).failed) == 1
    boxes.mail.start()
    assert alert(connection, told, boxes, state).sent == 1
    again = post(connection, told, boxes, state).digest(["age"])
    assert (again.sent, again.before) == (0, 1) and "1\u00a0bilan est déjà parti" in again.lines()[1]
    assert alert(connection, told, boxes, state).sent == 0
    (message,) = boxes.mail.received
    assert (message["to"], message["cc"]) == ("steward.age@fwb.example", "owner.age@fwb.example")
    assert subjects(boxes) == ["AGE : la qualité des données au 26 novembre 2026"]
    next_week = replace(state, made_at=NOW + timedelta(days=7))
    assert post(connection, told, boxes, next_week).digest(["age"]).sent == 1


def test_what_ended_long_ago_is_forgotten_and_what_lasts_is_not(
    connection: psycopg.Connection, told: Declaration, boxes: Mailboxes
) -> None:
    assert forget_old_messages(connection, NOW) == 0
    ended, lasting = control("a"), control("b")
    long_ago = NOW - timedelta(days=500)
    assert alert(connection, told, boxes, quality(ended, lasting, now=long_ago)).sent == 1
    state = quality(control("a", GOOD), lasting, now=long_ago + timedelta(hours=1))
    assert alert(connection, told, boxes, state).sent == 1
    # The end of it was told yesterday: it stays.
    state = quality(control("c"), lasting, now=long_ago + timedelta(hours=2))
    assert alert(connection, told, boxes, state).sent == 1
    assert alert(connection, told, boxes, quality(control("c", GOOD), lasting)).sent == 1
    assert forget_old_messages(connection, NOW) == 2
    assert {said.label for said in read_said(connection)} == {lasting.label}
    kept = connection.execute(
        "select distinct split_part(probleme, '.', 3) from historique.envois"
    ).fetchall()
    assert sorted(kept) == [("b",), ("c",)]
    with pytest.raises(psycopg.Error, match="90 derniers jours"):
        connection.execute("select historique.purger_envois(now())")


def test_what_was_said_is_never_touched(connection: psycopg.Connection) -> None:
    ensure_memory(connection)
    for order in ("update historique.envois set mot = 'repare'", "delete from historique.envois"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(order)


def test_an_account_that_only_writes_the_history_can_send(
    connection: psycopg.Connection, database: str, told: Declaration, boxes: Mailboxes
) -> None:
    user = f"essai_envois_{connection.info.backend_pid}"
    name = sql.Identifier(user)
    connection.execute(sql.SQL("create role {} login password 'essai'").format(name))
    try:
        with psycopg.connect(database, user=user, password="essai", autocommit=True) as own:
            with pytest.raises(PlatformError, match="ne peut pas"):
                alert(own, told, boxes, quality(control("a")))
            ensure_memory(connection)
            connection.execute(sql.SQL("grant audit_ecriture to {}").format(name))
            assert alert(own, told, boxes, quality(control("a"))).sent == 1
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                own.execute(
                    "insert into historique.envois overriding system value select * from historique.envois"
                )
    finally:
        connection.execute(sql.SQL("drop role {}").format(name))
