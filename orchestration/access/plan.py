"""What to change in a database so that its rights are exactly those of access/, and doing it.

The difference is read from PostgreSQL's catalogues and written as SQL; `make access-plan` sums it up,
`make access` executes it in one transaction. When nothing differs there is nothing to execute.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from orchestration.access.declaration import MASKED_SUFFIX, Declaration
from orchestration.errors import PlatformError

_FOLDER = Path(__file__).parent
_FUNCTIONS = (_FOLDER / "functions.sql").read_text("utf-8")
_SCHEMA = (_FOLDER / "schema.sql").read_text("utf-8")
_VERSION = hashlib.sha256(f"{_SCHEMA}{_FUNCTIONS}".encode()).hexdigest()[:16]
OWN = "acces"
# Schemas with rights of their own, which this module leaves alone.
EXEMPT = ("audit", "historique")
_BUILDING_FUNCTIONS = (
    "acces.appliquer(text,text)",
    "acces.ecarts(jsonb,text,text)",
    "acces.octrois(jsonb,text,text,oid,text)",
)
_READING_FUNCTION = "acces.valeurs(name,text,text)"
_ATTRIBUTES = {
    "rolsuper": "nosuperuser",
    "rolcreatedb": "nocreatedb",
    "rolcreaterole": "nocreaterole",
    "rolreplication": "noreplication",
    "rolbypassrls": "nobypassrls",
}


@dataclass(frozen=True)
class Change:
    """One statement of the difference.

    Attributes:
        kind: what it is about, in French; changes of one kind stand together.
        statement: SQL, without its semicolon.
    """

    kind: str
    statement: str


def plan_access(connection: psycopg.Connection, declaration: Declaration) -> list[Change]:
    """Reads the difference between a database and the declaration; writes nothing.

    Args:
        connection: to the database; the transaction in progress is used.
        declaration: see `declare`.

    Returns:
        The changes in the order in which they can be executed.

    Raises:
        PlatformError: a role of access/ is somebody's login account.
    """
    return list(_Planner(connection, declaration).changes())


def apply_access(conninfo: str, declaration: Declaration) -> list[Change]:
    """Makes the rights of a database exactly those declared, in one transaction.

    Returns:
        What was changed; empty when all was as declared.

    Raises:
        PlatformError: the account may not do it, or PostgreSQL refuses something; nothing is changed then.
    """
    changes: list[Change] = []
    try:
        with psycopg.connect(conninfo) as connection:
            connection.execute("select pg_advisory_xact_lock(hashtextextended('acces', 7411))")
            check_account(connection)
            changes = plan_access(connection, declaration)
            for change in changes:
                connection.execute(change.statement.encode())
    except psycopg.Error as error:
        raise PlatformError(
            f"PostgreSQL refuse d'appliquer les accès : {' '.join(str(error).split())}. Rien n'a changé.",
            "make access-plan écrit le SQL (build/acces.sql) ; un administrateur l'exécute avec un compte "
            "qui en a le droit.",
        ) from error
    return changes


def check_account(connection: psycopg.Connection) -> None:
    """Makes sure that the account may give rights.

    Raises:
        PlatformError: it may not; the message says what an administrator must run.
    """
    found = connection.execute(
        "select rolname, current_database(), rolsuper or (rolcreaterole and pg_has_role(datdba, 'usage')) "
        "from pg_roles, pg_database where rolname = current_user and datname = current_database()"
    ).fetchone()
    assert found is not None
    account, database, allowed = found
    if not allowed:
        raise PlatformError(
            f"Le compte {account} ne peut pas donner de droits sur la base {database} : "
            "il faut créer des rôles et posséder la base.",
            "Un administrateur lance make access avec son compte (PGUSER, PGPASSWORD), exécute le SQL que "
            f"donne make access-plan, ou donne ces droits au compte : alter role {account} createrole ; "
            f"alter database {database} owner to {account}.",
        )


class _Planner:
    """One reading of the catalogues."""

    def __init__(self, connection: psycopg.Connection, declaration: Declaration) -> None:
        self.connection = connection
        self.declared = declaration
        self.rights = declaration.content["droits"]
        self.superuser = self._rows("select rolsuper from pg_roles where rolname = current_user")[0][0]

    def changes(self) -> Iterator[Change]:
        for kind, statements in (
            ("Rôles", self._roles()),
            ("Schémas", self._schemas()),
            ("Déclaration", self._declaration()),
            ("Base", self._database()),
            ("Droits par défaut", self._defaults()),
            ("Fonctions", self._functions()),
            ("Tables et vues", self._relations()),
        ):
            yield from (Change(kind, statement) for statement in statements)

    # Roles

    def _roles(self) -> Iterator[str]:
        columns = ", ".join(_ATTRIBUTES)
        known = {
            name: (login, comment, flags)
            for name, login, comment, *flags in self._rows(
                f"select rolname, rolcanlogin, shobj_description(oid, 'pg_authid'), {columns} from pg_roles"
            )
        }
        for role, comment in self.declared.roles.items():
            login, present, flags = known.get(role, (False, None, []))
            if login:
                raise PlatformError(
                    f"Le rôle {role} de access/ existe déjà et c'est un compte de connexion.",
                    f"Donnez un autre nom au rôle dans access/, ou renommez le compte (alter role {role} "
                    f"rename to …), puis rendez-le membre du rôle : grant {role} to ….",
                )
            if role not in known:
                yield self._sql("create role {} nologin", role)
                if not self.superuser and role in self.declared.creators:
                    # To give them default privileges, and to see to what they own.
                    yield self._sql("grant {} to current_user with inherit true, set true", role)
            elif wrong := [word for word, wrong in zip(_ATTRIBUTES.values(), flags, strict=True) if wrong]:
                yield self._sql(f"alter role {{}} {' '.join(wrong)}", role)
            if comment != present:
                yield self._sql("comment on role {} is {}", role, sql.Literal(comment))
        for member, group in self._rows(
            "select m.rolname, g.rolname from pg_auth_members as a "
            "inner join pg_roles as m on m.oid = a.member inner join pg_roles as g on g.oid = a.roleid "
            "where m.rolname = any(%s) order by 1, 2",
            [list(self.declared.roles)],
        ):
            # A role has what its entries say and no more.
            yield self._sql("revoke {} from {}", group, member)

    # Schemas

    def _schemas(self) -> Iterator[str]:
        present = {name for (name,) in self._rows("select nspname from pg_namespace")}
        for schema in (*self.declared.schemas, OWN):
            if schema not in present:
                yield self._sql("create schema {}", schema)
        wanted = {(schema, right["role"], "USAGE") for right in self.rights for schema in [right["schema"]]}
        for schema, roles in self.declared.builders.items():
            wanted |= {(schema, role, right) for role in roles for right in ("USAGE", "CREATE")}
        wanted |= {(OWN, role, "USAGE") for role in self.declared.creators}
        owners = set(self._rows("select nspname, pg_get_userbyid(nspowner) from pg_namespace"))
        wanted = {right for right in wanted if right[:2] not in owners}
        found = self._rows(
            "select n.nspname, case when a.grantee = 0 then '' else pg_get_userbyid(a.grantee) end, "
            "a.privilege_type, a.is_grantable from pg_namespace as n, aclexplode(n.nspacl) as a "
            "where a.grantee <> n.nspowner and n.nspname not like 'pg\\_%%' "
            "and n.nspname <> all(%s)",
            [["information_schema", *EXEMPT]],
        )
        # Elsewhere than in our schemas, only our own roles and PUBLIC are ours to judge.
        found = [row for row in found if row[0] in (*self.declared.schemas, OWN) or self._ours(row[1])]
        yield from self._difference("schema", found, wanted)

    # What the database remembers

    def _declaration(self) -> Iterator[str]:
        version = self._rows("select obj_description(to_regnamespace(%s), 'pg_namespace')", [OWN])[0][0]
        wanted = f"Les droits déclarés par les fichiers access/ (version {_VERSION})"
        if version != wanted:
            yield _SCHEMA.strip()
            yield _FUNCTIONS.replace("{schema}", OWN).strip()
            yield self._sql("comment on schema {} is {}", OWN, sql.Literal(wanted))
        stored = None
        if self._rows("select to_regclass('acces.declaration')")[0][0] is not None:
            rows = self._rows("select contenu from acces.declaration")
            stored = rows[0][0] if rows else None
        if stored != self.declared.content:
            yield self._sql(
                "insert into acces.declaration (contenu) values ({}) on conflict (seule) "
                "do update set contenu = excluded.contenu, appliquee_le = now()",
                sql.Literal(Jsonb(self.declared.content)),
            )
        found = self._rows(
            "select 'acces.declaration', "
            "case when a.grantee = 0 then '' else pg_get_userbyid(a.grantee) end, a.privilege_type, "
            "a.is_grantable from pg_class as c, aclexplode(c.relacl) as a "
            "where c.oid = to_regclass('acces.declaration') and a.grantee <> c.relowner"
        )
        wanted_rights = {("acces.declaration", role, "SELECT") for role in self.declared.creators}
        yield from self._difference("table", found, wanted_rights, quoted=False)

    # Database

    def _database(self) -> Iterator[str]:
        name = self._rows("select current_database()")[0][0]
        wanted = {(name, role, "CONNECT") for role in self.declared.roles}
        # dbt compares a view with a temporary one (macros/materialization/view.sql).
        wanted |= {(name, role, "TEMPORARY") for role in self.declared.creators}
        found = self._rows(
            "select d.datname, case when a.grantee = 0 then '' else pg_get_userbyid(a.grantee) end, "
            "a.privilege_type, a.is_grantable "
            "from pg_database as d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a "
            "where d.datname = current_database() and a.grantee <> d.datdba"
        )
        yield from self._difference("database", [row for row in found if self._ours(row[1])], wanted)

    # Tables to come

    def _defaults(self) -> Iterator[str]:
        account = self._rows("select current_user")[0][0]
        mixed = {schema for schema, _ in self.declared.content["exceptions"]}
        wanted: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for right in self.rights:
            schema = right["schema"]
            if right["relation"] is not None or schema in mixed or schema.endswith(MASKED_SUFFIX):
                continue
            for creator in {account, *self.declared.builders.get(schema, ())}:
                if creator != right["role"]:
                    wanted.setdefault((creator, schema), set()).add((right["role"], right["droit"]))
        present: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for creator, schema, grantee, privilege in self._rows(
            "select pg_get_userbyid(d.defaclrole), n.nspname, "
            "case when a.grantee = 0 then '' else pg_get_userbyid(a.grantee) end, a.privilege_type "
            "from pg_default_acl as d inner join pg_namespace as n on n.oid = d.defaclnamespace, "
            "aclexplode(d.defaclacl) as a where d.defaclobjtype = 'r' and n.nspname = any(%s)",
            [[*self.declared.schemas, OWN]],
        ):
            present.setdefault((creator, schema), set()).add((grantee, privilege))
        for place in sorted({*wanted, *present}):
            creator, schema = place
            prefix = self._sql("alter default privileges for role {} in schema {}", creator, schema)
            has, must = present.get(place, set()), wanted.get(place, set())
            for grantee, privilege in sorted(has - must):
                yield f"{prefix} revoke {privilege.lower()} on tables from {self._grantee(grantee)}"
            for grantee, privilege in sorted(must - has):
                yield f"{prefix} grant {privilege.lower()} on tables to {self._grantee(grantee)}"
        shut = {
            creator
            for (creator,) in self._rows(
                "select pg_get_userbyid(defaclrole) from pg_default_acl where defaclobjtype = 'f' "
                "and defaclnamespace = 0 and not exists (select from aclexplode(defaclacl) where grantee = 0)"
            )
        }
        for creator in self.declared.creators:
            if creator not in shut:
                yield self._sql(
                    "alter default privileges for role {} revoke execute on functions from public", creator
                )

    # Functions

    def _functions(self) -> Iterator[str]:
        sharing = {(shared["schema"], shared["relation"]) for shared in self.declared.content["filtres"]}
        readers = {
            right["role"]
            for right in self.rights
            for schema, _ in sharing
            if right["schema"] in (schema, f"{schema}{MASKED_SUFFIX}")
        }
        creators = self.declared.creators
        wanted = {(function, role, "EXECUTE") for function in _BUILDING_FUNCTIONS for role in creators}
        wanted |= {(_READING_FUNCTION, role, "EXECUTE") for role in {*readers, *creators}}
        builders = {(schema, role) for schema, roles in self.declared.builders.items() for role in roles}
        found = []
        listed = self._rows(
            "select n.nspname, p.oid::regprocedure::text, "
            "case when a.grantee = 0 then '' else pg_get_userbyid(a.grantee) end, a.privilege_type, "
            "a.is_grantable, pg_get_userbyid(p.proowner) "
            "from pg_proc as p inner join pg_namespace as n on n.oid = p.pronamespace, "
            "aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a where n.nspname = any(%s)",
            [[*self.declared.schemas, OWN]],
        )
        for schema, function, grantee, privilege, grantable, owner in listed:
            wanted |= {
                (function, role, "EXECUTE") for place, role in builders if place == schema and role != owner
            }
            if grantee != owner:
                found.append((function, grantee, privilege, grantable))
        # New functions are everybody's until told otherwise.
        known = {function for _, function, *_ in listed}
        found += [
            (function, "", "EXECUTE", False)
            for function in (*_BUILDING_FUNCTIONS, _READING_FUNCTION)
            if function not in known
        ]
        yield from self._difference("function", found, wanted, quoted=False)

    # Tables and views

    def _relations(self) -> Iterator[str]:
        self.connection.execute(_FUNCTIONS.replace("{schema}", "pg_temp").encode())
        content = Jsonb(self.declared.content)
        real = [schema for schema in self.declared.schemas if not schema.endswith(MASKED_SUFFIX)]
        for (statement,) in self._rows(
            "select e from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace, "
            "pg_temp.ecarts(%s, n.nspname, c.relname) with ordinality as e (e, rang) "
            "where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') "
            "order by n.nspname, c.relname, rang",
            [content, real],
        ):
            yield statement
        masked = {
            (f"{one['schema']}{MASKED_SUFFIX}", one["relation"]) for one in self.declared.content["masques"]
        }
        for schema, view in self._rows(
            "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n "
            "on n.oid = c.relnamespace where c.relkind = 'v' and n.nspname like '%%\\_masque' order by 1, 2"
        ):
            if (schema, view) not in masked:
                yield self._sql("drop view {}.{} cascade", schema, view)

    # Writing

    def _difference(
        self,
        thing: str,
        found: Iterable[Sequence],
        wanted: Collection[tuple[str, str, str]],
        quoted: bool = True,
    ) -> Iterator[str]:
        """Revocations, then grants, from the present rights (object, grantee, privilege, grantable)."""
        present = {(name, grantee, privilege) for name, grantee, privilege, grantable in found}
        passed_on = {(name, grantee, privilege) for name, grantee, privilege, grantable in found if grantable}
        for name, grantee, privilege in sorted((present - set(wanted)) | passed_on):
            place = self._sql("{}", name) if quoted else name
            yield f"revoke {privilege.lower()} on {thing} {place} from {self._grantee(grantee)} cascade"
        for name, grantee, privilege in sorted((set(wanted) - present) | (passed_on & set(wanted))):
            place = self._sql("{}", name) if quoted else name
            yield f"grant {privilege.lower()} on {thing} {place} to {self._grantee(grantee)}"

    def _ours(self, grantee: str) -> bool:
        return not grantee or grantee in self.declared.roles

    def _grantee(self, name: str) -> str:
        return self._sql("{}", name) if name else "public"

    def _rows(self, query: str, values: Sequence | None = None) -> list[tuple]:
        return self.connection.execute(query.encode(), values or []).fetchall()

    def _sql(self, template: str, *parts: str | sql.Composable) -> str:
        composed = [part if isinstance(part, sql.Composable) else sql.Identifier(part) for part in parts]
        return sql.SQL(template).format(*composed).as_string(self.connection)
