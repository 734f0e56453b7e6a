{#
  A two-way table of counts in which no small count can be read, nor worked out from the totals: CTEs, of which
  the last has the name asked for, a line for every cell, every row total, every column total and the whole.

      with lues as (…),

      {{ suppress_small_counts(
          'lues', name='protegees', row='arrondissement', column='type_de_mesure', person='jeune_pseudonyme',
          within=['annee'], count='prises_en_charge', sums=['jours']
      ) }}

      select * from protegees

  It gives: the columns of within; row and column, as text, « Total » in the totals and « Non précisé » for a
  null; niveau (cellule, total_ligne, total_colonne, total); count; the sums; statut, « publié » or « supprimé ».
  What is suppressed is null. Every pair of a row and a column of a table has its line: a zero is published as
  0, for nobody is in it, unless it stands where cells are hidden; there it is null like them.

  What is hidden, in each table apart, k being the threshold:
  1. small: a count above zero that fewer than k persons are behind; a person is counted once, however many
     lines. Lines of nobody known count, and are nobody.
  2. totals: the small row totals, and if fewer than k persons are behind all of them, the row total next
     above them, so that none is found by subtraction. The columns likewise. The whole when it is small, and
     everything with it.
  3. rows R: those with a small cell or a hidden total. Columns C likewise.
  4. a row of R with fewer than k persons in its cells below C takes into C the column of its greatest cell; a
     column of C likewise takes a row into R.
  5. every cell of R x C is hidden.

  Why nothing can be recovered. Take the rows with a hidden total as one, and the columns too. Of the hidden
  rectangle, whoever knows all that is published knows the sum a of each row, b of each column and n of all,
  and nothing else. The values that a cell may have are then exactly those from max(0, a + b - n) to
  min(a, b): a range as wide as the least of a, b, n - a and n - b. By 2 and 4 every a and b is k at least (a
  cell that is not small counts k at least; a row all of whose cells are small has its whole total hidden in
  the rectangle, and is k at least unless its total is hidden too). And a row is never alone in R beside a
  column whose total is published: such a column holds a small cell and took another row by 4, or was taken
  by a row with too few persons below the other columns of C, which can then not all have hidden totals, by
  2. So n - a, the sum of the other rows, is k at least too. A row with a hidden total shares what is found of
  it with another one, from 0 on. Every hidden count can thus have at least k + 1 values.
  tests/integration/test_suppression.py has an attacker try.

  That is what the published numbers tell. Who also applies these rules to every table that could be behind them
  may learn more of a tiny one: of the rows (0, 1) and (5, 5), no other table gives the same output. Do not
  publish a table of two by two.

  What it does not do: two tables of the same persons published apart (other rows, other columns, a total over
  the tables of within) are not held against each other: publish one table of a subject.

  relation: relation or CTE, one line for each thing counted. name: of the last CTE. row, column: its columns
  for the two ways. person: its column that says whose line it is. within: columns without nulls; a table for
  each of their values. count: name of the count. sums: numeric columns to add up, hidden where the count is;
  the sums have no width of their own, as they may be zero or negative. threshold: k, 5 by default.
#}
{% macro suppress_small_counts(relation, name, row, column, person, within=[], count='nombre', sums=[], threshold=5) -%}
    {{- check_whole_number('suppress_small_counts', '« threshold »', threshold, 2) -}}
    {#- Without `within` there is one table, and one key to join on all the same. -#}
    {%- set keys = within or ['tableau'] -%}
    {%- set sides = {'ligne': 'colonne', 'colonne': 'ligne'} -%}
{{ name }}_comptables as (
    select
        {%- for key in keys %}
        {{ key if within else "cast('tout' as text) as tableau" }},
        {%- endfor %}
        coalesce(cast({{ row }} as text), 'Non précisé') as ligne,
        coalesce(cast({{ column }} as text), 'Non précisé') as colonne,
        {%- for measure in sums %}
        {{ measure }},
        {%- endfor %}
        {{ person }} as personne
    from {{ relation }}
),

{% for level, group in {
    'cellules': keys + ['ligne', 'colonne'], 'lignes': keys + ['ligne'], 'colonnes': keys + ['colonne'],
    'ensembles': keys
}.items() -%}
{{ name }}_{{ level }} as (
    select
        {{ group | join(',\n        ') }},
        {%- for measure in sums %}
        sum({{ measure }}) as {{ measure }},
        {%- endfor %}
        count(*) as nombre,
        count(distinct personne) as personnes
    from {{ name }}_comptables
    group by {{ group | join(', ') }}
),

{% endfor -%}
{%- for side, other in sides.items() -%}
-- Of each {{ side }} that is small, the total is hidden.
{{ name }}_{{ side }}s_petites as (
    select {{ (keys + [side]) | join(', ') }}
    from {{ name }}_{{ side }}s
    where personnes < {{ threshold }}
),

{{ name }}_{{ side }}s_reunies as (
    select
        {{ qualified('comptables', keys) }},
        count(distinct comptables.personne) as personnes
    from {{ name }}_comptables as comptables
    inner join {{ name }}_{{ side }}s_petites as petites
        on {{ joined('comptables', 'petites', keys + [side]) }}
    group by {{ qualified('comptables', keys) }}
),

{{ name }}_{{ side }}s_limites as (
    select
        {{ qualified('totaux', keys) }},
        min(totaux.personnes) as suivant
    from {{ name }}_{{ side }}s as totaux
    inner join {{ name }}_{{ side }}s_reunies as reunies
        on {{ joined('totaux', 'reunies', keys) }}
    where reunies.personnes < {{ threshold }} and totaux.personnes >= {{ threshold }}
    group by {{ qualified('totaux', keys) }}
),

{{ name }}_{{ side }}s_masquees as (
    select {{ (keys + [side]) | join(', ') }}
    from {{ name }}_{{ side }}s_petites
    union all
    select
        {{ qualified('totaux', keys) }},
        min(totaux.{{ side }}) as {{ side }}
    from {{ name }}_{{ side }}s as totaux
    inner join {{ name }}_{{ side }}s_limites as limites
        on {{ joined('totaux', 'limites', keys) }} and totaux.personnes = limites.suivant
    group by {{ qualified('totaux', keys) }}
),

{{ name }}_{{ side }}s_choisies as (
    select {{ (keys + [side]) | join(', ') }}
    from {{ name }}_cellules
    where personnes < {{ threshold }}
    union all
    select {{ (keys + [side]) | join(', ') }}
    from {{ name }}_{{ side }}s_masquees
),

{{ name }}_{{ side }}s_touchees as (
    select {{ (keys + [side]) | join(', ') }}
    from {{ name }}_{{ side }}s_choisies
    group by {{ (keys + [side]) | join(', ') }}
),

{% endfor -%}
{%- for side, other in sides.items() -%}
{{ name }}_{{ side }}s_cachees as (
    select
        {{ qualified('comptables', keys + [side]) }},
        count(distinct comptables.personne) as personnes
    from {{ name }}_comptables as comptables
    inner join {{ name }}_{{ other }}s_touchees as touchees
        on {{ joined('comptables', 'touchees', keys + [other]) }}
    group by {{ qualified('comptables', keys + [side]) }}
),

-- Too little is hidden there: its greatest cell is hidden as well.
{{ name }}_{{ side }}s_faibles as (
    select {{ qualified('touchees', keys + [side]) }}
    from {{ name }}_{{ side }}s_touchees as touchees
    left join {{ name }}_{{ side }}s_cachees as cachees
        on {{ joined('touchees', 'cachees', keys + [side]) }}
    where coalesce(cachees.personnes, 0) < {{ threshold }}
),

{{ name }}_{{ side }}s_fortes as (
    select
        {{ qualified('cellules', keys + [side]) }},
        max(cellules.personnes) as personnes
    from {{ name }}_cellules as cellules
    inner join {{ name }}_{{ side }}s_faibles as faibles
        on {{ joined('cellules', 'faibles', keys + [side]) }}
    group by {{ qualified('cellules', keys + [side]) }}
),

{{ name }}_{{ other }}s_ajoutees as (
    select
        {{ qualified('cellules', keys + [side]) }},
        min(cellules.{{ other }}) as {{ other }}
    from {{ name }}_cellules as cellules
    inner join {{ name }}_{{ side }}s_fortes as fortes
        on {{ joined('cellules', 'fortes', keys + [side]) }} and cellules.personnes = fortes.personnes
    group by {{ qualified('cellules', keys + [side]) }}
),

{% endfor -%}
{%- for side in sides -%}
{{ name }}_{{ side }}s_reprises as (
    select {{ (keys + [side]) | join(', ') }}
    from {{ name }}_{{ side }}s_touchees
    union all
    select {{ (keys + [side]) | join(', ') }}
    from {{ name }}_{{ side }}s_ajoutees
),

{{ name }}_{{ side }}s_retenues as (
    select {{ (keys + [side]) | join(', ') }}
    from {{ name }}_{{ side }}s_reprises
    group by {{ (keys + [side]) | join(', ') }}
),

{% endfor -%}
{{ name }}_lignes_et_colonnes as (
    select
        {{ qualified('lignes', keys + ['ligne']) }},
        colonnes.colonne,
        case
            when lignes_retenues.ligne is not null and colonnes_retenues.colonne is not null then 1
            else 0
        end as cachee
    from {{ name }}_lignes as lignes
    inner join {{ name }}_colonnes as colonnes
        on {{ joined('lignes', 'colonnes', keys) }}
    left join {{ name }}_lignes_retenues as lignes_retenues
        on {{ joined('lignes', 'lignes_retenues', keys + ['ligne']) }}
    left join {{ name }}_colonnes_retenues as colonnes_retenues
        on {{ joined('colonnes', 'colonnes_retenues', keys + ['colonne']) }}
),

{{ name }}_niveaux as (
    select
        {{ qualified('places', keys + ['ligne', 'colonne']) }},
        cast('cellule' as text) as niveau,
        {%- for measure in sums %}
        coalesce(cellules.{{ measure }}, 0) as {{ measure }},
        {%- endfor %}
        coalesce(cellules.nombre, 0) as nombre,
        places.cachee
    from {{ name }}_lignes_et_colonnes as places
    left join {{ name }}_cellules as cellules
        on {{ joined('places', 'cellules', keys + ['ligne', 'colonne']) }}
    {%- for side in sides %}
    union all
    select
        {{ qualified('totaux', keys) }},
        {{ 'totaux.ligne' if side == 'ligne' else "cast('Total' as text) as ligne" }},
        {{ 'totaux.colonne' if side == 'colonne' else "cast('Total' as text) as colonne" }},
        cast('total_{{ side }}' as text) as niveau,
        {%- for measure in sums %}
        totaux.{{ measure }},
        {%- endfor %}
        totaux.nombre,
        case when masquees.{{ side }} is not null then 1 else 0 end as cachee
    from {{ name }}_{{ side }}s as totaux
    left join {{ name }}_{{ side }}s_masquees as masquees
        on {{ joined('totaux', 'masquees', keys + [side]) }}
    {%- endfor %}
    union all
    select
        {{ keys | join(',\n        ') }},
        cast('Total' as text) as ligne,
        cast('Total' as text) as colonne,
        cast('total' as text) as niveau,
        {%- for measure in sums %}
        {{ measure }},
        {%- endfor %}
        nombre,
        case when personnes < {{ threshold }} then 1 else 0 end as cachee
    from {{ name }}_ensembles
),

{{ name }} as (
    select
        {%- for key in within %}
        {{ key }},
        {%- endfor %}
        /* protection: supprime */ ligne as {{ row }},
        /* protection: supprime */ colonne as {{ column }},
        niveau,
        /* protection: supprime */ case when cachee = 0 then nombre end as {{ count }},
        {%- for measure in sums %}
        /* protection: supprime */ case when cachee = 0 then {{ measure }} end as {{ measure }},
        {%- endfor %}
        /* protection: supprime */ case when cachee = 1 then 'supprimé' else 'publié' end as statut
    from {{ name }}_niveaux
)
{%- endmacro %}


{# Columns, each after the name of its relation. #}
{% macro qualified(relation, columns) -%}
    {{ relation }}.{{ columns | join(', ' ~ relation ~ '.') }}
{%- endmacro %}


{# A condition: two relations have the same values in these columns, none of them null. #}
{% macro joined(one, other, columns) -%}
    {%- for column in columns -%}
        {{ ' and ' if not loop.first }}{{ one }}.{{ column }} = {{ other }}.{{ column }}
    {%- endfor -%}
{%- endmacro %}
