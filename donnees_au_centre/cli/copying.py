"""`copy-prod`: the raw rows of production, pseudonymised, where a release candidate is tried."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import psycopg
from psycopg.conninfo import make_conninfo

from donnees_au_centre.audit import keep_anchor, record
from donnees_au_centre.cli.confirmation import confirmed
from donnees_au_centre.cli.session import Access, Session, parse_or_fail
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.keys import LEAST
from donnees_au_centre.landing import read_declarations
from donnees_au_centre.privacy.copying import Copied, Plan, copy_rows, prepare, read_plan, refuse_same
from donnees_au_centre.refusals import describe_error
from donnees_au_centre.settings import SERVER_VARIABLES, Settings

# Where a candidate is tried: never `dev`, which is for invented rows, nor production.
TARGETS = ("ci", "staging")
PREFIX = "PROD_"
# What the journals of both sides say of it.
OBJECT = "brut de production, pseudonymisé, pour l'essai d'un candidat"
LOST = "le brut d'à présent de cette base, et son journal des chargements : la copie prend leur place."


def copy_prod(settings: Settings, options: Mapping[str, str]) -> int:
    """Shows how each table would go; with CONFIRMER, copies them.

    Options: PROD_PGHOST, PROD_PGPORT, PROD_PGUSER, PROD_PGPASSWORD, PROD_PGDATABASE; CONFIRMER, BASE.

    Raises:
        PlatformError: the target is or was production, something of production cannot be read, or one of the
            two servers refuses; the former copy is still there.
    """
    if settings.target not in TARGETS:
        raise PlatformError(
            f"La cible {settings.target} ne reçoit pas de copie de production.",
            f"Donnez DBT_TARGET={TARGETS[1]}, et les variables PG… d'une base d'essai ; dev a ses lignes "
            "inventées.",
        )
    production = _production(options)
    session = Session(settings)
    access = session.open_database()
    session.enter(access)
    manifest = parse_or_fail(session).manifest
    tables = read_declarations(manifest.own_sources)
    try:
        with _connected(production) as source, _connected(access) as target:
            source.read_only, source.isolation_level = True, psycopg.IsolationLevel.REPEATABLE_READ
            target.autocommit = True
            refuse_same(source, target)
            plan = read_plan(source, manifest, tables)
            print(plan_text(production, plan))
            if not confirmed(settings, access, options, LOST):
                return 0
            said = {"tables": len(plan.tables), "pseudonymisees": sum(one.personal for one in plan.tables)}
            # Before the first row leaves: a copy that is killed has been one.
            with _connected(production) as connection:
                record(connection, "export", OBJECT, {**said, "vers": access.address})
            with session.step("Tables de la base d'essai"):
                prepare(target, plan)
            with session.step("Copie"), target.transaction():
                # Nobody has the key, nobody will.
                counts = copy_rows(source, target, plan, secrets.token_bytes(LEAST), session.say)
                total = {**said, "de": production.address, "lignes": sum(counts.values())}
                head = record(target, "chargement", OBJECT, total)
            keep_anchor(settings, target, head)
    except psycopg.Error as error:
        raise PlatformError(
            f"La copie de {production.address} vers {access.address} s'est arrêtée : {describe_error(error)}",
            "L'ancienne copie, s'il y en a une, est encore là. Levez la cause, puis relancez.",
        ) from None
    print(
        f"\nCopiées : {counted(sum(counts.values()), 'ligne')} dans {access.address}. La clé de cette copie "
        "n'existe plus. La suite : make build, avec les clés de cette base."
    )
    return 0


def plan_text(production: Access, plan: Plan) -> str:
    """What would be copied, for people."""
    lines = [f"De {production.address} (compte {production.user}), au même instant pour toutes les tables :"]
    lines += [f"  {_how(one)}" for one in plan.tables]
    lines.append(
        "  plateforme.chargements, rejets_chargement : le texte des rejets de ces tables est retiré."
    )
    if plan.absent:
        lines.append(f"Vides, car absentes de production : {', '.join(one.label for one in plan.absent)}.")
    if plan.left:
        lines.append(f"Pas copiées, car le candidat ne les déclare pas : {', '.join(plan.left)}.")
    undeclared = [f"{one.table.label} : {', '.join(one.undeclared)}" for one in plan.tables if one.undeclared]
    if undeclared:
        lines.append(
            "Sans catégorie, donc pseudonymisées ; si elles ne disent rien d'une personne, déclarez-le dans "
            "leur source, config: {meta: {donnee_personnelle: aucune}} :"
        )
        lines += [f"  {one}" for one in undeclared]
    return "\n".join(lines)


def _how(copied: Copied) -> str:
    place = f"{copied.table.schema}.{copied.table.identifier}"
    if not copied.personal:
        return f"{place} : telle quelle"
    parts = [f"pseudonymes ({', '.join(sorted(copied.hidden))})"] if copied.hidden else []
    parts += [f"tirage ({', '.join(sorted(copied.drawn))})"] if copied.drawn else []
    return f"{place} : {' ; '.join(parts)}"


def _production(options: Mapping[str, str]) -> Access:
    """The way to production.

    Raises:
        PlatformError: a variable is missing.
    """
    given = {name: (options.get(f"{PREFIX}{name}") or "").strip() for name in SERVER_VARIABLES}
    if missing := [f"{PREFIX}{name}" for name, value in given.items() if not value]:
        raise PlatformError(
            f"D'où copier ? Il manque {', '.join(missing)}.",
            "Définissez ces variables, celles d'un compte qui lit le brut de production ; celles sans "
            f"{PREFIX} sont de la base d'essai (docs/exploitant/livraison.md).",
        )
    host, port, user, password, database = given.values()
    return Access(host, port, user, password, database, None)


def _connected(access: Access) -> psycopg.Connection:
    # Without the keys of pseudonyms, which PGOPTIONS may hold: production has nothing to do with them.
    conninfo = make_conninfo(access.conninfo(), client_encoding="UTF8", application_name="copy-prod")
    # And a policy that hides rows from this account fails the copy, rather than leave them out.
    return psycopg.connect(conninfo, connect_timeout=10, options="-c row_security=off")
