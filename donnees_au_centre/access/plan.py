"""What to change in a database so that its rights are exactly those declared, and doing it.

The difference is read from PostgreSQL's catalogues and written as SQL; `make access-plan` sums it up,
`make access` executes it in one transaction. When nothing differs there is nothing to execute.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from donnees_au_centre.access.declaration import FILTERED_SUFFIX, MASKED_SUFFIX, Declaration
from donnees_au_centre.errors import PlatformError

_FOLDER = Path(__file__).parent
_FUNCTIONS = (_FOLDER / "functions.sql").read_text("utf-8")
_SCHEMA = (_FOLDER / "schema.sql").read_text("utf-8")
_STRAYS, _OWNERS, _CODE = (
    (_FOLDER / f"{name}.sql").read_text("utf-8") for name in ("strays", "owners", "code")
)
_VERSION = hashlib.sha256(f"{_SCHEMA}{_FUNCTIONS}".encode()).hexdigest()[:16]
OWN = "acces"
# Schemas with rights of their own: the roles that have some there, of reading and calling only.
EXEMPT = {
    "audit": "chargeur|dbt_.+|droits_des_personnes|rapport",
    "historique": "dbt_.+|rapport",
}
# Who owns the journal and the history: its functions are written in PL/pgSQL, and wait for one another.
KEEPER = "audit_proprietaire"
_BUILDING_FUNCTIONS = (
    "acces.appliquer(text,text)",
    "acces.ecarts(jsonb,text,text)",
    "acces.octrois(jsonb,text,text,oid,text)",
    "acces.octrois_fonction(jsonb,text,text,oid,text)",
    "acces.valeurs(text,text)",
    "acces.vue_restreinte(jsonb,text,text,oid,oid,text,jsonb,text)",
)
# Dropped with what made it (schema.sql).
_FORMER = "acces.valeurs(name,text,text)"
_ATTRIBUTES = {
    "rolsuper": "nosuperuser",
    "rolcreatedb": "nocreatedb",
    "rolcreaterole": "nocreaterole",
    "rolreplication": "noreplication",
    "rolbypassrls": "nobypassrls",
}
# What those who build and load write their statements in (do $$ … $$, plateforme.en_cours).
_LANGUAGES = ("plpgsql", "sql")
# Builtin functions by which any account could keep rows for others in large objects, or hold up those who
# wait for an advisory lock. Not pg_advisory_unlock_all: clients that pool their connections (Npgsql, thus
# Power BI) call it between two users.
_CLOSED = "^(lo_.*|loread|lowrite|pg_(try_)?advisory_(xact_)?lock.*)$"
_WAITING = "pg_catalog.pg_advisory_xact_lock(bigint)"
# Every column of PostgreSQL's catalogues that holds rights; another one would be a kind that nobody judges.
_RIGHTS_COLUMNS = frozenset(
    {
        "pg_attribute.attacl", "pg_class.relacl", "pg_database.datacl", "pg_default_acl.defaclacl",
        "pg_foreign_data_wrapper.fdwacl", "pg_foreign_server.srvacl", "pg_init_privs.initprivs",
        "pg_language.lanacl", "pg_largeobject_metadata.lomacl", "pg_namespace.nspacl",
        "pg_parameter_acl.paracl", "pg_proc.proacl", "pg_tablespace.spcacl", "pg_type.typacl",
    }
)  # fmt: skip
# Letter of pg_default_acl -> what ALTER DEFAULT PRIVILEGES calls it.
_DEFAULTS = {
    "r": "tables", "S": "sequences", "f": "functions", "T": "types", "n": "schemas", "L": "large objects",
}  # fmt: skip
# As pg_identify_object names it -> as ALTER … OWNER TO does, where they differ.
_OWNED = {
    "composite type": "type",
    "foreign-data wrapper": "foreign data wrapper",
    "statistics object": "statistics",
}
_ROUNDS = 3
_MADE_MEANWHILE = (
    psycopg.errors.DuplicateObject,
    psycopg.errors.UniqueViolation,
    psycopg.errors.InternalError_,  # tuple concurrently updated
)
# Seconds that `make access` waits for another one.
PATIENCE = 60
# The embedded server, whose databases are all the platform's (donnees_au_centre/warehouse/processes.py).
_EMBEDDED = "donnees\\_%"


@dataclass(frozen=True)
class Change:
    """One statement of the difference.

    Attributes:
        kind: what it is about, in French; changes of one kind stand together.
        statement: SQL, without its semicolon.
        administrator: only who owns the object, the server's administrator, can execute it.
    """

    kind: str
    statement: str
    administrator: bool = False


@dataclass(frozen=True)
class Applied:
    """What came of an application.

    Attributes:
        changes: what was changed; empty when all was as declared.
        left: what only the server's administrator may change.
    """

    changes: list[Change]
    left: list[Change]


def plan_access(connection: psycopg.Connection, declaration: Declaration) -> list[Change]:
    """Reads the difference between a database and the declaration; writes nothing.

    Args:
        connection: to the database; the transaction in progress is used.
        declaration: see `declare`.

    Returns:
        The changes in the order in which they can be executed.

    Raises:
        PlatformError: a declared role is somebody's login account; or PostgreSQL has a kind of right that
            is not known here.
    """
    return list(_Planner(connection, declaration).changes())


def apply_access(conninfo: str, declaration: Declaration) -> Applied:
    """Makes the rights of a database exactly those declared, in one transaction.

    Raises:
        PlatformError: the account may not do it, or PostgreSQL refuses something; nothing is changed then.
    """
    try:
        for _ in range(_ROUNDS):
            # Roles are the server's: another database of it may be given the same ones at this moment.
            with suppress(*_MADE_MEANWHILE):
                return _apply(conninfo, declaration)
        return _apply(conninfo, declaration)
    except psycopg.errors.LockNotAvailable as error:
        raise PlatformError(
            f"Les accès attendent depuis {PATIENCE} s un objet que tient {_busy(conninfo)}. Rien n'a changé.",
            "Demandez à ce rôle de finir sa transaction, puis relancez make access.",
        ) from error
    except psycopg.Error as error:
        raise PlatformError(
            f"PostgreSQL refuse d'appliquer les accès : {' '.join(str(error).split())}. Rien n'a changé.",
            "make access-plan écrit le SQL (build/acces.sql) ; un administrateur l'exécute avec un compte "
            "qui en a le droit.",
        ) from error


def _apply(conninfo: str, declaration: Declaration) -> Applied:
    changes: list[Change] = []
    with psycopg.connect(conninfo) as connection:
        check_account(connection)
        _take_turn(connection)
        # An object given back to its owner has rights of its own to settle.
        for _ in range(_ROUNDS):
            planned = plan_access(connection, declaration)
            mine = [change for change in planned if not change.administrator]
            if not mine:
                break
            for change in mine:
                connection.execute(change.statement.encode())
            changes += mine
        else:
            # After the last round nobody has looked yet.
            planned = plan_access(connection, declaration)
    return Applied(changes, [change for change in planned if change.administrator])


def _take_turn(connection: psycopg.Connection) -> None:
    """Has two applications come one after the other, by a lock that only who writes the declaration takes."""
    # Until the end: a reader who keeps his transaction open holds the view that must be made again.
    connection.execute(f"set local lock_timeout = '{PATIENCE}s'")
    if connection.execute("select to_regclass('acces.declaration')").fetchone() != (None,):
        connection.execute("lock table acces.declaration in share row exclusive mode")


def _busy(conninfo: str) -> str:
    """Who has a transaction open in the database, in French."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(
            "select string_agg(format('la session %s (rôle %s, depuis le %s)', pid, usename, "
            "to_char(xact_start, 'DD/MM à HH24:MI')), ' ou ' order by xact_start) from pg_stat_activity "
            "where datname = current_database() and xact_start is not null and pid <> pg_backend_pid() "
            "and usename is not null"
        ).fetchone()
    return row[0] if row and row[0] else "une session qui vient de finir"


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
        self.account = self._rows("select current_user::text")[0][0]
        self.restricted = {
            (f"{one['schema']}{one['suffixe']}", one["relation"]): one["colonne"] is not None
            for one in declaration.content["restreintes"]
        }

    def changes(self) -> Iterator[Change]:
        self._refuse_unknown_kinds()
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
        yield from self._strays()
        yield from self._foreign_owners()
        yield from self._code()

    def _refuse_unknown_kinds(self) -> None:
        """A right that nobody here reads is a right that nobody takes back."""
        columns = self._rows(
            "select c.relname || '.' || a.attname from pg_attribute as a "
            "inner join pg_class as c on a.attrelid = c.oid where a.atttypid = 'aclitem[]'::regtype "
            "and c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' and a.attnum > 0 "
            "and not a.attisdropped order by 1"
        )
        letters = self._rows(
            "select distinct 'pg_default_acl, ' || defaclobjtype::text from pg_default_acl order by 1"
        )
        unknown = [name for (name,) in columns if name not in _RIGHTS_COLUMNS]
        unknown += [name for (name,) in letters if name[-1] not in _DEFAULTS]
        if unknown:
            raise PlatformError(
                f"PostgreSQL a un genre de droits que la plateforme ne connaît pas ({', '.join(unknown)}) : "
                "elle ne peut pas dire que rien n'y est donné, et n'a rien changé.",
                "Mettez la plateforme à jour pour cette version de PostgreSQL, ou prenez une version connue "
                "(16 à 18).",
            )

    def _change(self, kind: str, statement: str, owner: int) -> Change:
        """A change that its object's owner makes."""
        return Change(kind, statement, administrator=not self._acts_for(owner))

    def _acts_for(self, owner: int) -> bool:
        return self.superuser or self._rows("select pg_has_role(%s::oid, 'usage')", [owner]) == [(True,)]

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
                    f"Le rôle {role} des accès déclarés existe déjà et c'est un compte de connexion.",
                    "Donnez un autre nom au rôle, là où il est déclaré, ou renommez le compte (alter "
                    f"role {role} "
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
        for member, group, grantor in self._rows(
            "select m.rolname, g.rolname, d.rolname from pg_auth_members as a "
            "inner join pg_roles as m on m.oid = a.member inner join pg_roles as g on g.oid = a.roleid "
            "inner join pg_roles as d on d.oid = a.grantor where m.rolname = any(%s) order by 1, 2, 3",
            [list(self.declared.roles)],
        ):
            # A role has what its entries say and no more.
            yield self._sql("revoke {} from {} granted by {} cascade", group, member, grantor)
        # Settings of nobody's account: of no use, but what a role writes there of itself all others read.
        for role, database in self._rows(
            "select r.rolname, d.datname from pg_db_role_setting as s inner join pg_roles as r "
            "on r.oid = s.setrole left join pg_database as d on d.oid = s.setdatabase "
            "where r.rolname = any(%s) order by 1, 2",
            [list(self.declared.roles)],
        ):
            place = self._sql(" in database {}", database) if database else ""
            yield self._sql("alter role {}", role) + place + " reset all"

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
        wanted = f"Les accès déclarés (version {_VERSION})"
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
        mixed = {schema for schema, _ in self.declared.content["exceptions"]}
        wanted: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for right in self.rights:
            schema = right["schema"]
            if right["relation"] is not None or schema in mixed or schema.endswith(MASKED_SUFFIX):
                continue
            for creator in {self.account, *self.declared.builders.get(schema, ())}:
                if creator != right["role"]:
                    wanted.setdefault((creator, schema), set()).add((right["role"], right["droit"]))
        present: dict[tuple[str, str, str], set[tuple[str, str]]] = {}
        # Given again after each new object: those of the platform's schemas, and of or to its roles.
        for creator, schema, letter, grantee, privilege, grantable in self._rows(
            "select pg_get_userbyid(d.defaclrole), coalesce(n.nspname, ''), d.defaclobjtype::text, "
            "case when a.grantee = 0 then '' else pg_get_userbyid(a.grantee) end, a.privilege_type, "
            "a.is_grantable from pg_default_acl as d "
            "left join pg_namespace as n on n.oid = d.defaclnamespace, aclexplode(d.defaclacl) as a "
            "where a.grantee <> d.defaclrole and coalesce(n.nspname, '') <> all(%s)",
            [list(EXEMPT)],
        ):
            if schema in (*self.declared.schemas, OWN) or self._ours(grantee) or self._ours(creator):
                # Written so that it is never the right that is wanted.
                found = f"{privilege} with grant option" if grantable else privilege
                present.setdefault((creator, schema, letter), set()).add((grantee, found))
        places = {(creator, schema, "r"): rights for (creator, schema), rights in wanted.items()}
        for creator, schema, letter in sorted({*places, *present}):
            prefix = self._sql("alter default privileges for role {}", creator)
            prefix += self._sql(" in schema {}", schema) if schema else ""
            place = (creator, schema, letter)
            has, must = present.get(place, set()), places.get(place, set())
            for grantee, privilege in sorted(has - must):
                right = privilege.partition(" ")[0].lower()
                yield f"{prefix} revoke {right} on {_DEFAULTS[letter]} from {self._grantee(grantee)}"
            for grantee, privilege in sorted(must - has):
                yield f"{prefix} grant {privilege.lower()} on tables to {self._grantee(grantee)}"
        # New ones are everybody's until told otherwise; one row of the catalogue tells.
        told = set(
            self._rows(
                "select pg_get_userbyid(defaclrole), defaclobjtype::text from pg_default_acl "
                "where defaclnamespace = 0"
            )
        )
        for creator in sorted({self.account, *self.declared.creators}):
            for letter, right in (("f", "execute on functions"), ("T", "usage on types")):
                if (creator, letter) not in told:
                    yield self._sql(
                        f"alter default privileges for role {{}} revoke {right} from public", creator
                    )

    # Functions

    def _functions(self) -> Iterator[str]:
        creators = self.declared.creators
        wanted = {(function, role, "EXECUTE") for function in _BUILDING_FUNCTIONS for role in creators}
        builders = {(schema, role) for schema, roles in self.declared.builders.items() for role in roles}
        restricted = [f"{schema}.{name}" for (schema, name), filtered in self.restricted.items() if filtered]
        found = []
        listed = self._rows(
            "select n.nspname, p.oid::regprocedure::text, "
            "case when a.grantee = 0 then '' else pg_get_userbyid(a.grantee) end, a.privilege_type, "
            # A trigger's function is nobody's to call.
            "a.is_grantable, pg_get_userbyid(p.proowner), p.prosecdef or p.prorettype = 'trigger'::regtype "
            "from pg_proc as p inner join pg_namespace as n on n.oid = p.pronamespace, "
            "aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a where n.nspname = any(%s) "
            # Those have their rights with their view.
            "and not (p.pronargs = 0 and format('%%s.%%s', n.nspname, p.proname) = any(%s))",
            [[*self.declared.schemas, OWN], restricted],
        )
        for schema, function, grantee, privilege, grantable, owner, uncalled in listed:
            if function == _FORMER:
                continue
            # One that runs as its owner would lend out its owner's rights; nobody calls a trigger's.
            if not uncalled:
                wanted |= {
                    (function, role, "EXECUTE")
                    for place, role in builders
                    if place == schema and role != owner
                }
            if grantee != owner:
                found.append((function, grantee, privilege, grantable))
        # New functions are everybody's until told otherwise.
        known = {function for _, function, *_ in listed}
        found += [(name, "", "EXECUTE", False) for name in _BUILDING_FUNCTIONS if name not in known]
        yield from self._difference("routine", found, wanted, quoted=False)

    # Tables and views

    def _relations(self) -> Iterator[str]:
        self.connection.execute(_FUNCTIONS.replace("{schema}", "pg_temp").encode())
        content = Jsonb(self.declared.content)
        views = (MASKED_SUFFIX, FILTERED_SUFFIX)
        real = [schema for schema in self.declared.schemas if not schema.endswith(views)]
        for (statement,) in self._rows(
            "select e from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace, "
            "pg_temp.ecarts(%s, n.nspname, c.relname) with ordinality as e (e, rang) "
            "where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') "
            "order by n.nspname, c.relname, rang",
            [content, real],
        ):
            yield statement
        # What nobody reads through any more; a function may be that of a view that is no longer filtered.
        for kind, schema, name, arguments in self._rows(
            "select 'view', n.nspname, c.relname, '' from pg_class as c inner join pg_namespace as n "
            "on n.oid = c.relnamespace where c.relkind = 'v' and n.nspname ~ %(views)s "
            "union all select 'routine', n.nspname, p.proname, "
            "'(' || pg_get_function_identity_arguments(p.oid) || ')' from pg_proc as p "
            "inner join pg_namespace as n on n.oid = p.pronamespace where n.nspname ~ %(views)s "
            "order by 1, 2, 3",
            {"views": f"({'|'.join(views)})$"},
        ):
            if (schema, name) not in self.restricted or arguments not in ("", "()"):
                # What builders name their arguments is no template.
                yield f"drop {kind} if exists {self._sql('{}.{}', schema, name)}{arguments} cascade"

    # What is nowhere declared

    def _strays(self) -> Iterator[Change]:
        languages = self._rows(
            "select l.lanname, case when a.grantee = 0 then '' else pg_get_userbyid(a.grantee) end, "
            "a.privilege_type, a.is_grantable from pg_language as l, "
            "aclexplode(coalesce(l.lanacl, acldefault('l', l.lanowner))) as a "
            "where l.lanpltrusted and a.grantee <> l.lanowner"
        )
        # Whom the closing of what was everybody's must leave at work.
        if self._rows("select to_regrole(%s)", [KEEPER]) == [(None,)]:
            yield Change("Rôles", f"create role {KEEPER} nologin", administrator=not self.superuser)
        keepers = [KEEPER] + [
            name
            for (name,) in self._rows(
                "select rolname from pg_roles where not rolsuper and rolname <> %s and "
                "oid in (select datdba from pg_database where datname = current_database())",
                [KEEPER],
            )
        ]
        speakers = {
            (name, role, "USAGE") for name in _LANGUAGES for role in (*self.declared.creators, *keepers)
        }
        found = [row for row in languages if self._ours(row[1]) or row[1] in keepers]
        yield from (
            Change("Langages", statement, administrator=not self.superuser)
            for statement in self._difference("language", found, speakers)
        )
        schemas = [*self.declared.schemas, OWN]
        views = (MASKED_SUFFIX, FILTERED_SUFFIX)
        for kind, word, name, column, grantee, privilege, owner in self._rows(
            _STRAYS,
            {
                "roles": list(self.declared.roles),
                "judged": [f"{OWN}.declaration"],
                "views": f"({'|'.join(views)})$",
                "tables": [schema for schema in self.declared.schemas if not schema.endswith(views)],
                "functions": schemas,
                "exempt": list(EXEMPT),
                "own": Jsonb(EXEMPT),
                "closed": _CLOSED,
                "embedded": _EMBEDDED,
            },
        ):
            whom = self._grantee(grantee)
            yield self._change(
                kind, f"revoke {privilege}{column} on {word} {name} from {whom} cascade", owner
            )
        yield from self._waiting(keepers)

    def _waiting(self, keepers: Sequence[str]) -> Iterator[Change]:
        """Those whose functions wait for one another keep the lock that everybody loses."""
        allowed = {
            name
            for (name,) in self._rows(
                "select pg_get_userbyid(a.grantee) from pg_proc as p, aclexplode(p.proacl) as a "
                "where p.oid = %s::regprocedure and a.grantee <> 0",
                [_WAITING],
            )
        }
        for role in sorted({*keepers} - allowed):
            yield Change(
                "Fonctions",
                self._sql(f"grant execute on function {_WAITING} to {{}}", role),
                administrator=not self.superuser,
            )

    def _foreign_owners(self) -> Iterator[Change]:
        owners = [
            {"schema": schema, "role": role}
            for schema, roles in self.declared.owners.items()
            for role in roles
        ]
        for kind, name, role in self._rows(
            _OWNERS, {"roles": list(self.declared.roles), "owners": Jsonb(owners)}
        ):
            statement = f"alter {_OWNED.get(kind, kind)} {name} owner to {self._sql('{}', self.account)}"
            [(owner,)] = self._rows("select oid from pg_roles where rolname = %s", [role])
            yield self._change("Propriétaires", statement, owner)

    def _code(self) -> Iterator[Change]:
        named = {"managed": [*self.declared.schemas, OWN], "roles": list(self.declared.roles)}
        for statement, owner in self._rows(_CODE, named):
            yield self._change("Déclencheurs, règles et comptes d'autres serveurs", statement, owner)

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

    def _rows(self, query: str, values: Sequence | Mapping | None = None) -> list[tuple]:
        return self.connection.execute(query.encode(), values or []).fetchall()

    def _sql(self, template: str, *parts: str | sql.Composable) -> str:
        composed = [part if isinstance(part, sql.Composable) else sql.Identifier(part) for part in parts]
        return sql.SQL(template).format(*composed).as_string(self.connection)
