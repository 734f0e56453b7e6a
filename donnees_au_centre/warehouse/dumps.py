"""A database written to a file and read back, by PostgreSQL's own programs."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.warehouse.binaries import PACKAGE

# What a dump of a database does not say of it: who may connect, and the settings of its sessions.
_RIGHTS = """
select format('grant %s on database {} to %s', privilege_type, coalesce(quote_ident(rolname), 'public'))
from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) as given
left join pg_roles on pg_roles.oid = given.grantee
where datname = current_database() and grantee <> datdba
order by 1
"""
_SETTINGS = """
select coalesce(quote_ident(rolname), ''), setting
from pg_db_role_setting
join pg_database on pg_database.oid = setdatabase
left join pg_roles on pg_roles.oid = setrole
cross join unnest(setconfig) as setting
where datname = current_database()
order by 1, 2
"""


def dump(conninfo: str, file: Path) -> None:
    """Writes a database to a file: rows, views, sequences, functions, owners and rights.

    Raises:
        PlatformError: the database cannot be read whole; nothing is left of the file.
    """
    _run("pg_dump", conninfo, "--format", "custom", "--file", str(file))


def dump_roles(conninfo: str, file: Path) -> None:
    """Writes the roles of a server and who is in which, without their passwords.

    Raises:
        PlatformError: the server refuses.
    """
    _run("pg_dumpall", conninfo, "--roles-only", "--no-role-passwords", "--file", str(file))


def properties(conninfo: str) -> list[str]:
    """The statements that give a database of another name, `{}`, what a dump does not hold."""
    with psycopg.connect(conninfo) as connection:
        granted = [row[0] for row in connection.execute(_RIGHTS)]
        settings = [tuple(row) for row in connection.execute(_SETTINGS)]
    found = ["revoke all on database {} from public", *granted]
    for role, setting in settings:
        name, _, value = setting.partition("=")
        where = f"alter role {role} in database {{}}" if role else "alter database {}"
        literal = sql.Literal(value).as_string(None)
        found.append(f"{where} set {name} to {literal}")
    return found


def restore(conninfo: str, file: Path) -> None:
    """Reads a dump into an empty database, as it was.

    Raises:
        PlatformError: something of it is refused; the database holds a part.
    """
    _run("pg_restore", conninfo, "--exit-on-error", str(file))


def restore_roles(conninfo: str, file: Path) -> None:
    """Makes the roles that are missing; those that are there keep their passwords.

    Raises:
        PlatformError: the server cannot be reached.
    """
    _run("psql", conninfo, "--no-psqlrc", "--quiet", "--file", str(file))


def elsewhere(conninfo: str, database: str) -> str:
    """The same server, another database."""
    return make_conninfo(conninfo, dbname=database)


def _run(program: str, conninfo: str, *arguments: str) -> None:
    parts: dict[str, Any] = dict(conninfo_to_dict(conninfo))
    # Not in the command, which other accounts see.
    environment = {**os.environ, "PGPASSWORD": str(parts.pop("password", os.environ.get("PGPASSWORD", "")))}
    environment.pop("PGOPTIONS", None)
    done = subprocess.run(
        [str(_program(program)), "--dbname", make_conninfo("", **parts), *arguments],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise PlatformError(
            f"{program} a échoué : {said[0] if said else f'code {done.returncode}'}",
            "Vérifiez les droits de ce compte, et que ce programme n'est pas plus vieux que le serveur.",
        )


def _program(name: str) -> Path:
    """Of the platform's own PostgreSQL, else of the machine.

    Raises:
        PlatformError: neither has it.
    """
    spec = importlib.util.find_spec(PACKAGE)
    own = Path(spec.origin).parent / "pginstall/bin" / name if spec and spec.origin else None
    if own is not None and own.exists():
        return own
    if found := shutil.which(name):
        return Path(found)
    raise PlatformError(
        f"{name} manque sur cette machine.", "Installez les programmes clients de PostgreSQL, puis relancez."
    )
