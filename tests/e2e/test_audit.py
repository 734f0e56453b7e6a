"""The audit on the sample: what a run leaves behind, and what `make audit-check` says of it."""

from __future__ import annotations

import psycopg

from donnees_au_centre.settings import DEFAULT_DATABASE
from donnees_au_centre.warehouse import EmbeddedServer
from tests.e2e.conftest import Checkout


def cheat(checkout: Checkout, *statements: str) -> None:
    """What a superuser does to the journal: the triggers are off."""
    conninfo = EmbeddedServer(checkout.folder / ".warehouse").start().conninfo(DEFAULT_DATABASE)
    with psycopg.connect(conninfo) as connection:
        connection.execute("alter table audit.evenements disable trigger all")
        for statement in statements:
            connection.execute(statement)
        connection.execute("alter table audit.evenements enable always trigger sans_retouche")


def test_the_journal_is_whole_after_a_run_and_says_when_it_is_not(built: Checkout) -> None:
    assert built.summary()["audit"]["ancre"]
    done = built.command("audit-check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pgaudit" in done.stdout and "Ancre à garder" in done.stdout
    actions = {action for (action,) in built.ask("select distinct action from audit.journal")}
    assert {"chargement", "construction"} <= actions
    assert built.command("audit-check", ANCRE=built.summary()["audit"]["ancre"]).returncode == 0
    cheat(built, "update audit.evenements set objet = objet || '.' where id = 2")
    refused = built.command("audit-check")
    assert refused.returncode == 1
    assert "Ligne 2 : son contenu n'est plus celui noté." in refused.stdout
    assert "Que faire" in refused.stderr
    cheat(built, "update audit.evenements set objet = rtrim(objet, '.') where id = 2")
    assert built.command("audit-check").returncode == 0
    last = built.ask("select max(id) from audit.journal")[0][0]
    cheat(built, f"create table public.coupe as select * from audit.evenements where id = {last}")
    cheat(built, f"delete from audit.evenements where id = {last}")
    refused = built.command("audit-check")
    assert refused.returncode == 1
    assert "la fin du journal a été coupée" in refused.stdout
    cheat(built, "insert into audit.evenements select * from public.coupe", "drop table public.coupe")
    assert built.command("audit-check").returncode == 0
