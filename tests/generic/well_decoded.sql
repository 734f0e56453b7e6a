{#
  Hardly a row holds what letters become when a file is read under another encoding: Ã© for é, â€™ for ’,
  the replacement mark U+FFFD, control characters from 80 to 9F. Any column may.

  Arguments: at_most, the share of rows, from 0 to 1.
#}
{% test well_decoded(model, at_most=0.01) %}
{{ config(severity='warn', enabled=target.type != 'denodo') }}
with comptes as (
    select
        count(*) as lignes,
        count(*) filter (
            where cast(recues as text) ~ 'Ã[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|Â[\u0080-\u00bf]|â€|ï¿½|ï»¿|[\ufffd\u0080-\u009f]'
        ) as abimees
    from {{ model }} as recues
)

select
    lignes,
    abimees
from comptes
where abimees > lignes * {{ at_most }}
{% endtest %}
