{#
  Refuses a new table that breaks what the model promises, while the old one still stands: the model's own
  `unique`, `not_null` and `unique_combination` tests of severity error, and, for a mart, how far its rows may
  fall. The tests themselves are played afterwards, as ever; those of `played`, which the same command plays before
  the table has any reader, are left to then. Counts only: no message has a value of a row.
#}
{% macro refuse_bad_table(candidate, existing, played=[]) -%}
    {%- if not execute or flags.EMPTY or flags.SAMPLE -%}{{ return('') }}{%- endif -%}
    {%- set checks = key_checks() | rejectattr('test', 'in', played) | list -%}
    {%- set bound = shrink_bound() if existing is not none else none -%}
    {%- if not checks and bound is none -%}{{ return('') }}{%- endif -%}
    {% call statement('promises', fetch_result=True) -%}
        select
            {{ 'null' if bound is none else '(select count(*) from ' ~ existing ~ ')' }} as avant,
            {{ 'null' if bound is none else '(select count(*) from ' ~ candidate ~ ')' }} as apres
            {%- for check in checks %},
            ({{ check.sql | replace('__table__', candidate | string) }}) as faute_{{ loop.index }}
            {%- endfor %}
    {%- endcall %}
    {%- set counts = load_result('promises')['data'][0] -%}
    {%- set faults = [] -%}
    {%- for check in checks -%}
        {%- set wrong = counts[loop.index + 1] -%}
        {%- do faults.append(check.said ~ " : " ~ wrong) if wrong -%}
    {%- endfor -%}
    {%- if faults -%}
        {%- do exceptions.raise_compiler_error(
            "La nouvelle table ne tient pas ses promesses ; l'ancienne reste en place, entière. "
            ~ faults | join(' ; ') ~ ".\nQue faire : corrigez la source ou le modèle (make show MODEL=" ~ model.name
            ~ "), puis relancez make build SELECT=" ~ model.name ~ "+."
        ) -%}
    {%- endif -%}
    {%- if bound is not none -%}{%- do refuse_shrunk_table(counts[0], counts[1], bound) -%}{%- endif -%}
{%- endmacro %}


{#
  The same for what is filled in place, a seed or an incremental model: a post-hook, in the transaction that
  fills it, which a refusal undoes.
#}
{% macro refuse_bad_key() -%}
    {%- if model.config.materialized in ('seed', 'incremental') -%}
        {%- do refuse_bad_table(this, none) -%}
    {%- endif -%}
{%- endmacro %}


{# Refuses a table that lost more of its rows than it may, unless somebody said that it is meant. #}
{% macro refuse_shrunk_table(before, after, bound) -%}
    {%- set lost = 100 * (before - after) / before if before else 0 -%}
    {%- set small = before < 10 and after > 0 -%}
    {%- if lost <= bound or small or env_var('ACCEPTER_BAISSE', '') not in ('', '0') -%}{{ return('') }}{%- endif -%}
    {%- if shrink_is_expected(lost, after) -%}{{ return('') }}{%- endif -%}
    {%- do exceptions.raise_compiler_error(
        "La nouvelle table n'a que " ~ after ~ " lignes, où l'ancienne en a " ~ before ~ " : elle peut en perdre "
        ~ bound ~ " %. L'ancienne reste en place, entière.\nQue faire : regardez ce qui manque dans les sources et "
        ~ "leurs rejets ; si la baisse est voulue, make build SELECT=" ~ model.name ~ "+ ACCEPTER_BAISSE=1, ou "
        ~ "baisse_max: <pourcentage> sous config: meta: du modèle."
    ) -%}
{%- endmacro %}


{# The share of its rows, in percent, that this model may lose in one build; none when it is not bounded. #}
{% macro shrink_bound() -%}
    {%- set declared = (model.config.meta or {}).get('baisse_max') -%}
    {%- if declared is none and 'marts' not in model.fqn -%}{{ return(none) }}{%- endif -%}
    {%- set bound = 60 if declared is none else declared -%}
    {%- if bound is not number or bound is boolean or bound < 0 or bound > 100 -%}
        {%- do exceptions.raise_compiler_error(
            "baisse_max est " ~ bound ~ ". Que faire : donnez un nombre de 0 à 100 (100 : aucune limite)."
        ) -%}
    {%- endif -%}
    {{ return(none if bound == 100 else bound) }}
{%- endmacro %}


{#
  True when the fall was already said yes to where it began: a source below this model that declares it
  (allow_empty, max_shrink), or in the last week a delivery withdrawn, accepted after it waited, or purged.
#}
{% macro shrink_is_expected(lost, after) -%}
    {%- set sources = sources_below() -%}
    {%- for source in sources -%}
        {%- set options = (source.external or {}).get('options') or {} -%}
        {%- if (options.get('allow_empty') and after == 0) or 100 * (options.get('max_shrink') or 0) >= lost -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {%- if not sources or not adapter.get_relation(this.database, 'plateforme', 'chargements') -%}{{ return(false) }}{%- endif -%}
    {% call statement('accepted', fetch_result=True) -%}
        select count(*)
        from plateforme.chargements as recu
        where
            recu.charge_le > now() - interval '7 days'
            and (recu.source_nom, recu.table_nom) in (
                {%- for source in sources %}('{{ source.source_name }}', '{{ source.name }}'){{ ', ' if not loop.last }}{% endfor -%}
            )
            and (
                -- By make withdraw; a refused file that was taken away has no such reason.
                (recu.statut = 'retire' and recu.motif = 'retire')
                or (
                    recu.statut in ('charge', 'remplace')
                    and exists (
                        select
                        from plateforme.chargements as attendu
                        where
                            attendu.chargement_id < recu.chargement_id
                            and attendu.fichier = recu.fichier
                            and attendu.sha256 = recu.sha256
                            -- Accepted after it waited; or rows of it purged, or erased for a person.
                            and (attendu.statut = 'attente' or attendu.lignes > recu.lignes)
                    )
                )
            )
    {%- endcall %}
    {{ return(load_result('accepted')['data'][0][0] > 0) }}
{%- endmacro %}


{# The source tables that this model reads, directly or not. #}
{% macro sources_below() -%}
    {%- set waiting, seen, found = [model.unique_id], {}, [] -%}
    {%- for _ in range(10000) if waiting -%}
        {%- set unique_id = waiting.pop() -%}
        {%- if unique_id in graph.sources -%}
            {%- do found.append(graph.sources[unique_id]) -%}
        {%- elif unique_id in graph.nodes -%}
            {%- for parent in graph.nodes[unique_id].depends_on.nodes if parent not in seen -%}
                {%- do seen.update({parent: true}) -%}
                {%- do waiting.append(parent) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#
  What the model's tests of severity error say of its key: for each, its unique id, the count of what breaks it, in
  SQL over __table__, and its words. A test with a bound or a measure of its own is left to be played afterwards.
#}
{% macro key_checks() -%}
    {%- set found = [] -%}
    {%- for test in graph.nodes.values()
        if test.resource_type == 'test' and test.attached_node == model.unique_id and test.test_metadata
        and test.config.enabled and test.config.severity | lower == 'error' and test.config.error_if == '!= 0'
        and test.config.fail_calc == 'count(*)' and not test.config.limit
    -%}
        {%- set name, given = test.test_metadata.name, test.test_metadata.kwargs -%}
        {%- set columns = given.columns or [given.column_name] -%}
        {%- set key = columns | join(', ') -%}
        {%- set where = '(' ~ test.config.where ~ ')' if test.config.where else 'true' -%}
        {%- if name == 'not_null' -%}
            {%- do found.append({
                'test': test.unique_id,
                'sql': 'select count(*) from __table__ where ' ~ where ~ ' and ' ~ key ~ ' is null',
                'said': 'lignes sans ' ~ key
            }) -%}
        {%- elif name in ('unique', 'unique_combination') -%}
            {%- set filled = where ~ (' and ' ~ key ~ ' is not null' if name == 'unique' else '') -%}
            {%- do found.append({
                'test': test.unique_id,
                'sql': 'select count(*) from (select 1 from __table__ where ' ~ filled ~ ' group by ' ~ key
                    ~ ' having count(*) > 1) as doubles',
                'said': 'valeurs de ' ~ key ~ ' qui reviennent plusieurs fois'
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
