{% set codes_postaux = [
    '1000', '1020', '1030', '1040', '1050', '1060', '1070', '1080', '1081', '1082', '1083',
    '1090', '1120', '1130', '1140', '1150', '1160', '1170', '1180', '1190', '1200', '1210',
] %}

with domiciles as (
    select * from {{ ref('stg_eleves_par_commune__domicile_bxl') }}
),

-- One column a postal code becomes one row.
depliees as (
    {%- for code_postal in codes_postaux %}
    select
        annee,
        niveau,
        '{{ code_postal }}' as code_postal,
        eleves_{{ code_postal }} as nombre_eleves
    from domiciles
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select * from depliees
    where nombre_eleves is not null
)

select * from final
