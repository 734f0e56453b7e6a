"""Who reads a sensitive data set: told by pgaudit to the server's log, where the server has pgaudit.

Object audit: pgaudit logs the statements on what its role `audit_lecture` may read, and that role, which
nobody is a member of, may read the data sets classified confidentiel or sensible, and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from donnees_au_centre.project.datasets import Dataset

READER = "audit_lecture"
SENSITIVE = ("confidentiel", "sensible")
Relation = tuple[str, str]


@dataclass(frozen=True)
class Reading:
    """Whether reading is traced on a server.

    Attributes:
        traced: True when pgaudit logs the reading of sensitive data sets.
        remark: French sentence for people: what is traced, or why not and what to do.
    """

    traced: bool
    remark: str


_HOW = "docs/exploitant/audit.md dit comment l'administrateur du serveur l'installe."


def reading_state(connection: psycopg.Connection) -> Reading:
    """Tells whether pgaudit traces reading here; changes nothing."""
    row = connection.execute(
        "select exists (select from pg_available_extensions where name = 'pgaudit'), "
        "exists (select from pg_settings where name = 'pgaudit.role'), "
        "exists (select from pg_extension where extname = 'pgaudit'), "
        # Before the module is loaded, any account may give a setting of that name to itself.
        "(select setting from pg_settings where name = 'pgaudit.role'), "
        # pgaudit writes what was read, the prefix of the line by whom; the other formats always do.
        "current_setting('log_line_prefix') like '%%\\%%u%%' "
        "or current_setting('log_destination') ~ 'csvlog|jsonlog', "
        "exists (select from pg_class as c, aclexplode(c.relacl) as a "
        "where a.grantee = to_regrole(%s) and a.privilege_type = 'SELECT')",
        [READER],
    ).fetchone()
    assert row is not None
    available, loaded, created, role, names_account, granted = row
    if not loaded:
        lacks = "est là, mais n'est pas chargée (shared_preload_libraries)" if available else "n'est pas là"
        return _untraced(f"l'extension pgaudit {lacks}")
    if not created or role != READER:
        return _untraced(
            "pgaudit est chargée, mais pas réglée dans cette base (create extension pgaudit ; "
            f"pgaudit.role = {READER})"
        )
    if not names_account:
        return _untraced(
            "pgaudit note la lecture, mais le journal du serveur ne dit pas de qui (%u dans log_line_prefix)"
        )
    if not granted:
        return _untraced(
            f"pgaudit est réglée, mais le rôle {READER} n'a le droit de lire aucun jeu de données (make "
            "build le lui donne)"
        )
    return Reading(
        True, "La lecture des données sensibles est tracée par pgaudit dans le journal du serveur."
    )


def _untraced(why: str) -> Reading:
    return Reading(False, f"La lecture des données sensibles n'est pas tracée : {why}. {_HOW}")


def trace_reading(connection: psycopg.Connection, datasets: Iterable[Dataset]) -> Reading:
    """Has pgaudit trace the sensitive data sets, where it is loaded; to be called after each build.

    A table that dbt has just made again has lost its grants: between the two its reading is not traced.

    Args:
        connection: in autocommit; setting pgaudit up takes a superuser, granting the owner of the tables.

    Raises:
        psycopg.Error: the database refuses the grants.
    """
    row = connection.execute(
        "select setting = %s and exists (select from pg_extension where extname = 'pgaudit') "
        "from pg_settings where name = 'pgaudit.role'",
        [READER],
    ).fetchone()
    if row is None:
        return reading_state(connection)
    set_up = row != (True,) and _set_up(connection)
    grant_reading(connection, sensitive_relations(datasets))
    if set_up:
        # A setting of the database is that of the sessions to come.
        connection.execute(sql.SQL("set pgaudit.role = {}").format(sql.Literal(READER)))
    return reading_state(connection)


def sensitive_relations(datasets: Iterable[Dataset]) -> set[Relation]:
    """Schema and name of the data sets whose reading is to be traced."""
    return {(one.schema, one.identifier) for one in datasets if one.classification in SENSITIVE}


def grant_reading(connection: psycopg.Connection, relations: Collection[Relation]) -> None:
    """Lets `audit_lecture` read these relations, those that exist, and no other."""
    granted = set(
        connection.execute(
            "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n "
            "on c.relnamespace = n.oid, aclexplode(c.relacl) as a "
            "where a.grantee = to_regrole(%s) and a.privilege_type = 'SELECT'",
            [READER],
        ).fetchall()
    )
    present = set(
        connection.execute(
            "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n "
            "on c.relnamespace = n.oid where c.relkind in ('r', 'p', 'v', 'm')"
        ).fetchall()
    )
    with connection.transaction():
        for action, chosen in {
            "grant select on {} to {}": set(relations) & present - granted,
            "revoke select on {} from {}": granted - set(relations),
        }.items():
            for relation in sorted(chosen):
                connection.execute(sql.SQL(action).format(sql.Identifier(*relation), sql.Identifier(READER)))


def _set_up(connection: psycopg.Connection) -> bool:
    """Makes the extension and its setting in this database; False when this account may not."""
    try:
        with connection.transaction():
            connection.execute("create extension if not exists pgaudit")
            # What was read and by whom: a statement would bring the values it compares with into the log.
            values = {"pgaudit.role": READER, "pgaudit.log_parameter": "off", "pgaudit.log_statement": "off"}
            for name, value in values.items():
                connection.execute(
                    sql.SQL("alter database {} set {} = {}").format(
                        sql.Identifier(connection.info.dbname), sql.SQL(name), sql.Literal(value)
                    )
                )
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True
