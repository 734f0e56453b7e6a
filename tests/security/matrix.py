"""What every role may do with every object of every kind: asked of PostgreSQL, and as policies declare."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import psycopg

Right = tuple[str, str, str, str]

# Column of the catalogues that holds rights -> kind, letter of acldefault, objects (oid, name), question.
# A column that is not here is a kind of object that nobody judged: the matrix fails.
KINDS = {
    "pg_class.relacl": (
        "table", "r",
        "select c.oid, format('%s.%s', n.nspname, c.relname) from pg_class as c inner join pg_namespace as n "
        "on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname <> 'pg_toast'",
        "has_table_privilege({role}, {oid}, {right})",
    ),
    "pg_attribute.attacl": (
        "column", "c",
        "select c.oid, format('%s.%s', n.nspname, c.relname) from pg_class as c inner join pg_namespace as n "
        "on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'f') "
        "and exists (select from pg_attribute where attrelid = c.oid and attacl is not null)",
        "has_any_column_privilege({role}, {oid}, {right})",
    ),
    "pg_proc.proacl": (
        "function", "f",
        "select p.oid, format('%s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) "
        "from pg_proc as p inner join pg_namespace as n on n.oid = p.pronamespace",
        "has_function_privilege({role}, {oid}, {right})",
    ),
    "pg_namespace.nspacl": (
        "schema", "n", "select oid, nspname from pg_namespace where nspname !~ '^pg_(toast_)?temp_'",
        "has_schema_privilege({role}, {oid}, {right})",
    ),
    "pg_database.datacl": (
        "database", "d",
        "select oid, case when datname = current_database() then 'this' else datname end "
        "from pg_database where datname in (current_database(), 'postgres', 'template1')",
        "has_database_privilege({role}, {oid}, {right})",
    ),
    "pg_language.lanacl": (
        "language", "l", "select oid, lanname from pg_language where lanpltrusted",
        "has_language_privilege({role}, {oid}, {right})",
    ),
    "pg_type.typacl": (
        "type", "T",
        "select t.oid, format('%s.%s', n.nspname, t.typname) from pg_type as t "
        "inner join pg_namespace as n on n.oid = t.typnamespace "
        "left join pg_class as c on c.oid = t.typrelid "
        # Rows of a table, and arrays, have no rights of their own.
        "where coalesce(c.relkind, 'c') = 'c' and t.typtype <> 'm' "
        "and t.oid not in (select typarray from pg_type)",
        "has_type_privilege({role}, {oid}, {right})",
    ),
    "pg_foreign_data_wrapper.fdwacl": (
        "wrapper", "F", "select oid, fdwname from pg_foreign_data_wrapper",
        "has_foreign_data_wrapper_privilege({role}, {oid}, {right})",
    ),
    "pg_foreign_server.srvacl": (
        "server", "S", "select oid, srvname from pg_foreign_server",
        "has_server_privilege({role}, {oid}, {right})",
    ),
    "pg_tablespace.spcacl": (
        "tablespace", "t", "select oid, spcname from pg_tablespace",
        "has_tablespace_privilege({role}, {oid}, {right})",
    ),
    "pg_parameter_acl.paracl": (
        "parameter", "p", "select oid, parname from pg_parameter_acl",
        "has_parameter_privilege({role}, {name}, {right})",
    ),
    "pg_largeobject_metadata.lomacl": (
        "large object", "L", "select oid, oid::text from pg_largeobject_metadata",
        # A function of its own from PostgreSQL 18 on.
        "exists (select from pg_largeobject_metadata as l, "
        "aclexplode(coalesce(l.lomacl, acldefault('L', l.lomowner))) as a where l.oid = {oid} "
        "and a.privilege_type = {right} and (a.grantee = 0 or pg_has_role({role}, a.grantee, 'usage')))",
    ),
    "pg_default_acl.defaclacl": (
        "defaults", "",
        "select d.oid, format('%s %s', coalesce(n.nspname, ''), d.defaclobjtype) from pg_default_acl as d "
        "left join pg_namespace as n on n.oid = d.defaclnamespace",
        "",
    ),
    # What objects came with.
    "pg_init_privs.initprivs": ("", "", "", ""),
}  # fmt: skip
SEQUENCES = (
    "sequence", "s",
    "select c.oid, format('%s.%s', n.nspname, c.relname) from pg_class as c inner join pg_namespace as n "
    "on n.oid = c.relnamespace where c.relkind = 'S'",
    "has_sequence_privilege({role}, {oid}, {right})",
)  # fmt: skip
COLUMNS = (
    "select c.relname || '.' || a.attname from pg_attribute as a inner join pg_class as c "
    "on c.oid = a.attrelid where a.atttypid = 'aclitem[]'::regtype and c.relkind = 'r' and a.attnum > 0 "
    "and c.relnamespace = 'pg_catalog'::regnamespace"
)
RELATIONS = (
    "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace "
    "where c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^(pg_|information_schema)' order by 1, 2"
)
COLUMN_RIGHTS = ("SELECT", "INSERT", "UPDATE", "REFERENCES")


def kinds(connection: psycopg.Connection) -> set[str]:
    """The columns of this server's catalogues that hold rights."""
    return {name for (name,) in connection.execute(COLUMNS)}


def rights(connection: psycopg.Connection, roles: Collection[str]) -> set[Right]:
    """(role, kind, object, right) of all that each role may do: given to it, everybody's or as owner."""
    found: set[Right] = set()
    for kind, letter, objects, question in (*KINDS.values(), SEQUENCES):
        if not question:
            continue
        possible = (
            "select unnest(%(columns)s::text[])" if letter == "c"
            else f"select privilege_type from aclexplode(acldefault('{letter}', 10))"
        )  # fmt: skip
        asked = question.format(
            role="roles.name", oid="things.oid", right="possible.word", name="things.name"
        )
        query = (
            f"select roles.name, things.name, possible.word from unnest(%(roles)s::name[]) as roles (name) "
            f"cross join ({objects.replace('%s', '%%s')}) as things (oid, name) "
            f"cross join ({possible}) as possible (word) where {asked}"
        )
        values = {"roles": list(roles), "columns": list(COLUMN_RIGHTS)}
        found |= {(role, kind, name, word) for role, name, word in connection.execute(query.encode(), values)}
    return found


def default_rights(connection: psycopg.Connection, roles: Collection[str]) -> set[Right]:
    """(role or `public`, `defaults`, schema and letter, right) of what objects to come will give."""
    return set(
        connection.execute(
            "select coalesce(r.rolname, 'public'), 'defaults', "
            "format('%%s %%s', coalesce(n.nspname, ''), d.defaclobjtype), a.privilege_type "
            "from pg_default_acl as d left join pg_namespace as n on n.oid = d.defaclnamespace, "
            "aclexplode(d.defaclacl) as a left join pg_roles as r on r.oid = a.grantee "
            "where a.grantee <> d.defaclrole and (a.grantee = 0 or r.rolname = any(%s))",
            [list(roles)],
        )
    )


OWNED = {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"}
READ = {"SELECT"}
CREATORS = r"chargeur|dbt_.+"
# What PostgreSQL gives to everybody and the platform takes back: kind, object, right.
CLOSED = (
    ("function", r"pg_catalog\.(lo_.*|loread|lowrite|pg_(try_)?advisory_(xact_)?lock.*)\(.*", "EXECUTE"),
    ("language", "plpgsql|sql", "USAGE"),
    ("schema", "public", "USAGE"),
    ("database", "this", "CONNECT|TEMPORARY"),
)
# Where the whole server is the platform's.
CLOSED_EMBEDDED = (*CLOSED, ("database", "postgres|template1", "CONNECT|TEMPORARY"))


def of_relation(role: str, schema: str, name: str) -> set[str]:
    """What a role may do with a table or view, written by hand from the files."""
    raw, rejects = schema.startswith("raw_"), name == "rejets_chargement"
    marts = {"age", "agaj", "data_platform"}
    journal = (schema, name) == ("plateforme", "chargements")
    filtered, turn = name == "dim_ecoles", name == "tour_de_construction"
    if schema == "acces":
        # What builds and loads must know which rights to give.
        return READ if re.fullmatch(CREATORS, role) else set()
    if role == "chargeur":
        # Its own tables, and yet: the journal is neither emptied nor rewritten.
        if raw:
            return {"SELECT", "INSERT", "DELETE", "MAINTAIN"}
        return {"SELECT", "INSERT", "MAINTAIN"} if schema == "plateforme" else set()
    if role.startswith("dbt_"):
        ag = role.removeprefix("dbt_")
        layers = (ag, f"{ag}_staging", f"{ag}_reference", f"{ag}_intermediate")
        if schema == f"{ag}_versions":
            return OWNED
        if schema in layers or schema.removesuffix("_masque") in layers or schema == f"{ag}_filtre":
            return OWNED
        readable = schema in marts or (schema == f"raw_{ag}" and not rejects) or journal
        return READ if readable and not turn else set()
    if turn:
        return set()
    if role == "rapport":
        return READ if schema == "data_platform" or journal else set()
    if role == "bi":
        return READ if schema == "age" and name in ("dim_ecoles", "fct_interne") else set()
    if role == "droits_des_personnes":
        if schema == "plateforme":
            return {"SELECT", "INSERT"}
        made = schema.removesuffix("_versions") in marts or schema.endswith("_staging")
        return {"SELECT", "UPDATE", "DELETE"} if raw or made else set()
    if role.startswith("steward_"):
        ag = role.removeprefix("steward_")
        return READ if schema in (ag, f"{ag}_staging_masque", f"{ag}_reference_masque") else set()
    if role.endswith("_donnees_brutes"):
        return READ if schema == f"raw_{role.removesuffix('_donnees_brutes')}" else set()
    if role == "po_essai":
        return READ if schema == "age_filtre" and filtered else set()
    if role == "ecoles_masquees":
        return READ if schema == "age_masque" and filtered else set()
    raise AssertionError(f"rôle inattendu : {role}")


def may_create(role: str, schema: str) -> bool:
    """Whether a role makes objects in a schema, written by hand from the files."""
    if role == "chargeur":
        return schema.startswith("raw_") or schema == "plateforme"
    if role.startswith("dbt_"):
        ag = role.removeprefix("dbt_")
        own = {ag, *(f"{ag}_{layer}" for layer in ("staging", "intermediate", "reference", "versions"))}
        return schema == "tests" or re.sub("_(masque|filtre)$", "", schema) in own
    return False


def declared(right: Right, relations: Collection[tuple[str, str]]) -> bool:
    """Whether a right on an object that is not PostgreSQL's own is declared, or follows from it."""
    role, kind, name, word = right
    schema, _, thing = name.partition(".")
    builder = re.fullmatch(CREATORS, role) is not None
    if kind in ("table", "column"):
        return word in of_relation(role, schema, thing)
    if kind == "schema":
        if word == "CREATE":
            return may_create(role, name)
        seen = {place for place, thing in relations if of_relation(role, place, thing)}
        return name in seen or may_create(role, name) or (name == "acces" and builder) or _layer(role, name)
    if kind == "function":
        if schema == "acces":
            return builder
        if thing == "dim_ecoles()":
            return bool(of_relation(role, schema, "dim_ecoles"))
        if thing == "oublier_chargements()":
            return role == f"dbt_{schema.removesuffix('_versions')}"
        return role == "chargeur" and (schema == "plateforme" or thing == "noter_lignes_modifiees()")
    if kind == "language":
        return builder and name in ("plpgsql", "sql")
    if kind == "database":
        return name == "this" and (word == "CONNECT" or (builder and word == "TEMPORARY"))
    return role == "chargeur" and kind == "sequence" and schema == "plateforme"


def _layer(role: str, schema: str) -> bool:
    """The schemas that an entry of a whole layer opens, though nothing stands there yet."""
    if role == "droits_des_personnes":
        return (
            re.fullmatch(
                "raw_.*|plateforme|tests|.*_(staging|intermediate|versions)|age|agaj|data_platform", schema
            )
            is not None
        )
    return re.fullmatch(r"raw_.*|.*_masque", schema) is not None and (of_relation(role, schema, "") != set())


def faults(
    found: Iterable[Right],
    everybody: Collection[Right],
    relations: Collection[tuple[str, str]],
    closed: Iterable[tuple[str, str, str]],
) -> list[str]:
    """What a role may do and nobody declared.

    Args:
        found: of `rights`.
        everybody: what a new role may do in a new database: what PostgreSQL comes with.
        relations: schema and name of the platform's tables and views.
        closed: what of it the platform takes back, on this server.
    """
    common = usual(everybody, closed)
    return sorted(
        f"{right[0]} peut {right[3]} sur {right[1]} {right[2]}"
        for right in found
        if right[1:] not in common and not declared(right, relations)
    )


def usual(everybody: Iterable[Right], closed: Iterable[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """What everybody has and keeps: clients read PostgreSQL's catalogues."""
    closed = list(closed)
    return {right[1:] for right in everybody if not _closed(right, closed)}


def missing(
    found: Collection[Right], roles: Iterable[str], relations: Iterable[tuple[str, str]]
) -> list[str]:
    """What is declared of tables and views, and a role may not do."""
    return sorted(
        f"{role} ne peut pas {word} sur {schema}.{name}"
        for role in roles
        for schema, name in relations
        for word in of_relation(role, schema, name)
        if (role, "table", f"{schema}.{name}", word) not in found and word != "MAINTAIN"
    )


def _closed(right: Right, closed: Iterable[tuple[str, str, str]]) -> bool:
    _, kind, name, word = right
    return any(
        kind == taken and re.fullmatch(names, name) and re.fullmatch(words, word)
        for taken, names, words in closed
    )
