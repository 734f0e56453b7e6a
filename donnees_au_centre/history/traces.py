"""The history against the audit journal: each run is in both, with the same results.

historique.noter writes both in one transaction: what is in one alone was put there, or taken out, by hand.
"""

from __future__ import annotations

import psycopg

from donnees_au_centre.audit.faults import Fault
from donnees_au_centre.audit.journal import readable
from donnees_au_centre.audit.structure import may_read

# The runs noted before the column was have no account; a row without one that comes after the first with one
# was not written by the function.
_DIFFERENCES = """
with notees as (
    select
        id, compte, objet, commande as lanceur, (details->>'numero')::integer as execution_id,
        details->>'execution' as cle, details->>'commande' as commande, details->>'issue' as issue,
        (details->>'commencee_le')::timestamptz as commencee_le, details->'statuts' as statuts
    from {place}
    where action = 'historique'
),

statuts as (
    select c.execution_id, jsonb_object_agg(c.statut, c.nombre) as statuts
    from (
        select execution_id, statut, count(*) as nombre
        from historique.resultats
        group by execution_id, statut
    ) as c
    group by c.execution_id
),

gardees as (
    select e.*, coalesce(s.statuts, '{{}}') as statuts
    from historique.executions as e
    left join statuts as s on e.execution_id = s.execution_id
    where e.compte is not null
        or e.execution_id > (
            select min(p.execution_id) from historique.executions as p where p.compte is not null
        )
)

select
    n.id, g.execution_id,
    to_char(coalesce(g.commencee_le, n.commencee_le), 'DD/MM/YYYY HH24:MI'),
    coalesce(g.commande, n.commande), coalesce(g.lanceur, n.lanceur), coalesce(g.portee, n.objet),
    coalesce(g.compte, n.compte)
from gardees as g
full join notees as n on g.execution_id = n.execution_id and g.cle::text = n.cle
where g.execution_id is null and n.commencee_le > now() - interval '90 days'
    or n.id is null
    or n.statuts <> g.statuts
    or (n.issue, n.compte, n.commencee_le) is distinct from (g.issue, g.compte, g.commencee_le)
    and g.execution_id is not null
order by coalesce(g.execution_id, n.execution_id)
"""


def check_history(connection: psycopg.Connection) -> tuple[list[Fault], list[str]]:
    """Finds runs that are in the history or in the journal alone, or with other results.

    Runs that began more than 90 days ago may be forgotten by the history: the journal keeps them.

    Returns:
        The faults, and remarks for people: in French.

    Raises:
        psycopg.Error: the database cannot be read.
    """
    place = readable(connection)
    if place is None:
        return [], []
    read = may_read(connection, "historique", "executions", "resultats")
    noted = connection.execute(f"select count(*) from {place} where action = 'historique'").fetchone()
    if read is None:
        gone = Fault("historique", 0, "L'historique des exécutions n'existe plus, et le journal en dit.")
        return ([gone] if noted != (0,) else []), []
    if not read:
        return [], ["Le journal n'est pas comparé avec l'historique, que ce compte ne lit pas."]
    known = connection.execute(
        "select exists (select from pg_attribute where attrelid = 'historique.executions'::regclass "
        "and attname = 'compte' and not attisdropped)"
    ).fetchone()
    if known != (True,):
        return [], []
    return [_fault(*row) for row in connection.execute(_DIFFERENCES.format(place=place))], []


def _fault(
    event: int | None,
    run: int | None,
    begun: str,
    command: str,
    launcher: str,
    scope: str,
    account: str | None,
) -> Fault:
    said = f"commencée le {begun} ({launcher}, {command}, {scope}, compte {account or 'inconnu'})"
    if event is None:
        message = f"Exécution n° {run}, {said} : dans l'historique, et le journal n'en dit rien."
    elif run is None:
        message = f"Ligne {event} : l'exécution {said} n'est plus dans l'historique."
    else:
        message = f"Ligne {event} : l'exécution n° {run}, {said}, n'a plus les résultats notés."
    return Fault("historique", event or 0, message)
