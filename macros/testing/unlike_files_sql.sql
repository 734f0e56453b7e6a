{#
  CTEs: the files, `douteux`, of which source and staging may not have the same lines, each once. A file at a time of
  the source, by the loads that brought it, so that its lines are sorted in memory.
#}
{% macro unlike_files_sql(origin, loads, model, issues) -%}
    {%- set digest = 'sum(hashint8extended(cast(source_ligne as bigint), 0)) as condense' -%}
    fichiers (source_fichier, chargements) as (
        values
        (cast(null as text), cast(null as bigint[]))
        {%- for file, of_file in loads.items() %},
        ({{ text_literal(file) }}, array[{{ of_file | join(', ') }}])
        {%- endfor %}
    ),

    recues as (
        select
            fichiers.source_fichier,
            comptees.*
        from fichiers
        cross join lateral (
            select
                count(*) as lignes,
                count(distinct source_ligne) as distinctes,
                {{ digest }}
            from {{ origin }}
            where source_fichier = fichiers.source_fichier and chargement_id = any(fichiers.chargements)
        ) as comptees
        where fichiers.source_fichier is not null
    ),

    -- Where that is not all the rows, some are of a load that nobody knows: all of them are looked at.
    inconnues as (
        select distinct source_fichier
        from {{ origin }}
        where (select count(*) from {{ origin }}) <> (select coalesce(sum(recues.lignes), 0) from recues)
    ),

    ecartees as (
        select source_fichier, source_ligne
        from {{ issues }}
        where nature in ('rejet', 'exclusion')
        group by source_fichier, source_ligne, nature
    ),

    placees as (
        select
            source_fichier,
            sum(lignes) as lignes,
            sum(condense) as condense
        from (
            select source_fichier, count(*) as lignes, {{ digest }}
            from {{ model }}
            group by source_fichier
            union all
            select source_fichier, count(*) as lignes, {{ digest }}
            from ecartees
            group by source_fichier
        ) as cotes
        group by source_fichier
    ),

    douteux as (
        select coalesce(recues.source_fichier, placees.source_fichier, '') as source_fichier
        from recues
        full outer join placees
            on recues.source_fichier = placees.source_fichier
        where
            recues.lignes is distinct from recues.distinctes
            or recues.lignes is distinct from placees.lignes
            or recues.condense is distinct from placees.condense
        union
        select source_fichier from inconnues
    )
{%- endmacro %}
