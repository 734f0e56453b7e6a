-- Ordered-set functions over a partition, of which PostgreSQL has only the aggregates: the dialect collects the values
-- of the partition in an array. Source: Denodo 7.0 manual, Analytic Functions (PERCENTILE_CONT, PERCENTILE_DISC).

create or replace function vql.percentile_cont_of(
    fraction double precision, items double precision[], descending boolean
) returns double precision
language sql immutable parallel safe as $$
    select case when descending
        then percentile_cont(fraction) within group (order by item desc)
        else percentile_cont(fraction) within group (order by item) end
    from unnest(items) as collected (item)
$$;

create or replace function vql.percentile_disc_of(
    fraction double precision, items anyarray, descending boolean
) returns anyelement
language sql immutable parallel safe as $$
    select case when descending
        then percentile_disc(fraction) within group (order by item desc)
        else percentile_disc(fraction) within group (order by item) end
    from unnest(items) as collected (item)
$$;
