{#
  Runs work that takes a relation from its readers (drop, rename, replace, truncate) when nobody reads it.

  PostgreSQL queues such a request, and every later reader behind it. This one gives up after less than a
  second (and before PostgreSQL looks for deadlocks, which would cost a reader its query), lets the readers
  pass, and asks again; in the end it says who holds the relation. A relation held by PostgreSQL's own
  housekeeping is asked for longer: the housekeeping then gives way.

  The work is PL/pgSQL statements, undone as a whole when the lock does not come. It runs in the transaction
  under way, so that nothing is seen of it before the commit.
#}
{% macro when_free(relation, work) -%}
    {%- set patience = var('patience_verrou', 60) | float -%}
    {%- set found = namespace(free=false, holders='') -%}
    {%- for attempt in range(1 + (patience / 1.8) | int) if execute -%}
        {%- if not found.free -%}
            {%- call statement('attempt') -%}{{ lock_attempt_sql([relation.render()], work) }}{%- endcall -%}
            {%- call statement('holders', fetch_result=True) -%}
                select current_setting('plateforme.tenue_par', true)
            {%- endcall -%}
            {%- set holders = load_result('holders')['data'][0][0] -%}
            {%- set found.free = not holders -%}
            {%- if holders and not found.holders -%}
                {%- do log(
                    relation.schema ~ "." ~ relation.identifier ~ " attend : elle est tenue par " ~ holders
                    ~ ". Nouveaux essais pendant " ~ patience | int ~ " s ; les lecteurs passent.",
                    info=True
                ) -%}
            {%- endif -%}
            {%- set found.holders = holders -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if execute and not found.free -%}
        {%- do exceptions.raise_compiler_error(
            relation.schema ~ "." ~ relation.identifier ~ " n'a pas pu être remplacée : depuis plus de "
            ~ patience | int ~ " s elle est tenue par " ~ found.holders ~ ". L'ancienne reste en place, entière.\n"
            ~ "Que faire : demandez à ce rôle de finir sa transaction ou de fermer sa session (un administrateur "
            ~ "l'arrête par select pg_terminate_backend(<session>);), puis relancez make build SELECT="
            ~ model.name ~ "."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{# Work for when_free: drops a relation after the views that read it, in the order of their readers' locks. #}
{% macro drop_with_readers(relation) -%}
for _lecteur in
    select classe.oid::regclass as nom, case classe.relkind when 'm' then 'materialized view' else 'view' end as genre
    from unnest(_lecteurs) with ordinality as ordre (oid, rang)
    inner join pg_catalog.pg_class as classe on classe.oid = ordre.oid
    order by ordre.rang
loop
    execute format('drop %s if exists %s cascade', _lecteur.genre, _lecteur.nom);
end loop;
drop {{ 'materialized view' if relation.is_materialized_view else 'view' if relation.is_view else 'table' }} if exists {{ relation.render() }} cascade;
{%- endmacro %}


{# Drops a relation when nobody reads it, and has dbt know it. #}
{% macro drop_when_free(relation) -%}
    {%- do when_free(relation, drop_with_readers(relation)) -%}
    {%- do adapter.drop_relation(relation) -%}
{%- endmacro %}
