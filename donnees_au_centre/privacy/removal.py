"""What every removal of raw rows owes the loader: the journal of loads says how many rows are left."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql

from donnees_au_centre.landing.audit import LOADED, PLACING
from donnees_au_centre.landing.rejects import OUT_OF_TABLE
from donnees_au_centre.landing.tables import REJECTS_TABLE

_NOTE = """
insert into plateforme.chargements (
    domaine, source_nom, table_nom, fichier, variante, statut, message, recu_le, octets, sha256, lignes,
    rejets, lignes_vides, hors_tableau, mal_encodees, motif, empreinte, signature
)
select
    domaine, source_nom, table_nom, fichier, variante, 'remplace', {message}, recu_le, octets, sha256,
    (select count(*) from {raw} where source_fichier = fichier),
    (
        select count(*) from {rejects} as r
        where r.source_nom = c.source_nom and r.table_nom = c.table_nom and r.source_fichier = c.fichier
            and r.motif <> {aside}
    ),
    lignes_vides, hors_tableau, mal_encodees,
    case when motif = 'accepte' then motif else 'effacees' end, empreinte, signature
from plateforme.chargements as c
where chargement_id = (
    select max(chargement_id) from plateforme.chargements
    where domaine = {domain} and source_nom = {source} and table_nom = {name} and fichier = {file}
        and statut = any({placing})
) and statut = any({loaded})
"""


def note_removed(
    connection: psycopg.Connection,
    relation: tuple[str, str],
    source: tuple[str, str, str],
    files: Iterable[str],
    message: str,
) -> None:
    """Notes that rows of files left the raw table, so that the loader does not put the files back.

    Args:
        connection: in the transaction that removed them.
        relation: schema and name of the raw table.
        source: domain, source and table, as the journal of loads names them.
        files: of the landing zone.
        message: French, without any personal value.
    """
    domain, name, table = source
    for file in sorted(set(files)):
        connection.execute(
            sql.SQL(_NOTE).format(
                raw=sql.Identifier(*relation),
                rejects=sql.Identifier(f"raw_{domain}", REJECTS_TABLE),
                message=sql.Literal(message),
                domain=sql.Literal(domain),
                source=sql.Literal(name),
                name=sql.Literal(table),
                file=sql.Literal(file),
                aside=sql.Literal(OUT_OF_TABLE),
                placing=sql.Literal(list(PLACING)),
                loaded=sql.Literal(list(LOADED)),
            )
        )
