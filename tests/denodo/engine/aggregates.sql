-- Aggregates. Source: Denodo 7.0 manual, Aggregation Functions. NULL values are left out, except by FIRST, LAST,
-- LIST and NEST. MAX, MIN and COUNT are PostgreSQL's own.

-- SUM keeps the type of its argument, so the sum of int values wraps as the manual warns.
create or replace aggregate vql.sum(integer) (
    sfunc = pg_catalog.int4_sum, stype = bigint, finalfunc = vql.wrap_int
);
create or replace aggregate vql.sum(bigint) (
    sfunc = pg_catalog.int8_sum, stype = numeric, finalfunc = vql.wrap_long
);
create or replace aggregate vql.sum(real) (sfunc = pg_catalog.float4pl, stype = real);
create or replace aggregate vql.sum(double precision) (sfunc = pg_catalog.float8pl, stype = double precision);
create or replace aggregate vql.sum(numeric) (sfunc = pg_catalog.numeric_add, stype = numeric);

create or replace aggregate vql.avg(double precision) (
    sfunc = pg_catalog.float8_accum, stype = double precision[], finalfunc = pg_catalog.float8_avg,
    initcond = '{0,0,0}'
);
-- In two passes, the mean first: every digit of the documented results comes out so, and not otherwise.
create or replace function vql.how_many(seen double precision[]) returns bigint
language sql immutable strict parallel safe as 'select count(v) from unnest(seen) as v';
create or replace function vql.squares(seen double precision[]) returns double precision
language sql immutable strict parallel safe as $$
    select sum((v - mean) * (v - mean))
    from unnest(seen) as v cross join (select sum(u) / count(u) as mean from unnest(seen) as u) as m
$$;
create or replace function vql.final_var(seen double precision[]) returns double precision
language sql immutable strict parallel safe as
'select vql.squares(seen) / nullif(vql.how_many(seen) - 1, 0)';
create or replace function vql.final_varp(seen double precision[]) returns double precision
language sql immutable strict parallel safe as 'select vql.squares(seen) / nullif(vql.how_many(seen), 0)';
create or replace function vql.final_stdev(seen double precision[]) returns double precision
language sql immutable strict parallel safe as 'select sqrt(vql.final_var(seen))';
create or replace function vql.final_stdevp(seen double precision[]) returns double precision
language sql immutable strict parallel safe as 'select sqrt(vql.final_varp(seen))';
do $do$
declare
    name text;
begin
    foreach name in array array['stdev', 'stdevp', 'var', 'varp'] loop
        execute format(
            'create or replace aggregate vql.%1$s(double precision) '
            '(sfunc = pg_catalog.array_append, stype = double precision[], finalfunc = vql.final_%1$s)', name);
    end loop;
end
$do$;

-- FIRST and LAST count NULL as a value: documented for LAST.
create or replace function vql.first_step(seen anyarray, value anyelement) returns anyarray
language sql immutable parallel safe as 'select case when seen is null then array[value] else seen end';
create or replace function vql.last_step(seen anyarray, value anyelement) returns anyarray
language sql immutable parallel safe as 'select array[value]';
create or replace function vql.only_value(seen anyarray) returns anyelement
language sql immutable parallel safe as 'select seen[1]';
create or replace aggregate vql.first(anyelement) (
    sfunc = vql.first_step, stype = anyarray, finalfunc = vql.only_value
);
create or replace aggregate vql.last(anyelement) (
    sfunc = vql.last_step, stype = anyarray, finalfunc = vql.only_value
);

-- MEDIAN: the middle value, or the average of the two in the middle; half a day is dropped from a date.
create or replace function vql.middle(seen double precision[]) returns double precision
language sql immutable strict parallel safe as $$
    select avg(v) from (
        select v, row_number() over (order by v) as n, count(*) over () as size from unnest(seen) as v where v is not null
    ) as ranked
    where n in ((size + 1) / 2, size / 2 + 1)
$$;
create or replace function vql.middle(seen numeric[]) returns numeric
language sql immutable strict parallel safe as $$
    select case when min(v) = max(v) then min(v) else trim_scale((min(v) + max(v)) / 2) end from (
        select v, row_number() over (order by v) as n, count(*) over () as size from unnest(seen) as v where v is not null
    ) as ranked
    where n in ((size + 1) / 2, size / 2 + 1)
$$;
create or replace function vql.middle(seen date[]) returns date
language sql immutable strict parallel safe as $$
    select min(v) + (max(v) - min(v)) / 2 from (
        select v, row_number() over (order by v) as n, count(*) over () as size from unnest(seen) as v where v is not null
    ) as ranked
    where n in ((size + 1) / 2, size / 2 + 1)
$$;
do $do$
declare
    kind text;
begin
    foreach kind in array array['time', 'timestamp', 'timestamptz'] loop
        execute format(
            $f$create or replace function vql.middle(seen %1$s[]) returns %1$s
            language sql immutable strict parallel safe as $b$
                select min(v) + (max(v) - min(v)) / 2 from (
                    select v, row_number() over (order by v) as n, count(*) over () as size from unnest(seen) as v where v is not null
                ) as ranked
                where n in ((size + 1) / 2, size / 2 + 1)
            $b$ $f$, kind);
    end loop;
    foreach kind in array array['double precision', 'numeric', 'date', 'time', 'timestamp', 'timestamptz'] loop
        execute format(
            $f$create or replace aggregate vql.median(%1$s) (
                sfunc = pg_catalog.array_append, stype = %1$s[], finalfunc = vql.middle
            )$f$, kind);
    end loop;
end
$do$;

-- GROUP_CONCAT: a row with a NULL field is left out, unless the first argument is false.
create or replace function vql.group_concat_step(
    so_far text, ignore_null boolean, between_rows text, between_fields text, fields text[]
) returns text
language sql immutable parallel safe as $$
    select case
        when coalesce(ignore_null, true) and array_position(fields, null) is not null then so_far
        else coalesce(so_far || between_rows, '') || array_to_string(fields, between_fields, '')
    end
$$;
create or replace aggregate vql.group_concat(boolean, text, text, text[]) (
    sfunc = vql.group_concat_step, stype = text
);

create or replace function vql.list_of(seen anycompatiblearray) returns jsonb
language sql stable strict parallel safe as
$$ select jsonb_agg(vql.to_json(v) order by n) from unnest(seen) with ordinality as items (v, n) $$;
create or replace aggregate vql.list(anycompatible) (
    sfunc = pg_catalog.array_append, stype = anycompatiblearray, finalfunc = vql.list_of
);
create or replace aggregate vql.nest(anycompatible) (
    sfunc = pg_catalog.array_append, stype = anycompatiblearray, finalfunc = vql.list_of
);

-- GROUP_CONCAT of one to four fields of which some are not text.
do $do$
declare
    kinds text;
    after_four text;
    after_three text;
    step text;
begin
    for how_many in 1..4 loop
        for which in 0..(1 << how_many) - 1 loop
            select
                string_agg(case when (which >> (n - 1)) & 1 = 1 then 'anyelement' else 'text' end, ', ' order by n),
                string_agg(format('vql.to_text($%s)', n + 4), ', ' order by n),
                string_agg(format('vql.to_text($%s)', n + 3), ', ' order by n)
            into kinds, after_four, after_three
            from generate_series(1, how_many) as n;
            step := format('group_concat_step_%s_%s', how_many, which);
            execute format(
                $f$create or replace function vql.%1$s(text, boolean, text, text, %2$s) returns text
                language sql stable parallel safe as 'select vql.group_concat_step($1, $2, $3, $4, array[%3$s])' $f$,
                step, kinds, after_four);
            execute format(
                'create or replace aggregate vql.group_concat(boolean, text, text, %2$s) '
                '(sfunc = vql.%1$s, stype = text)', step, kinds);
            execute format(
                $f$create or replace function vql.%1$s(text, text, text, %2$s) returns text
                language sql stable parallel safe as 'select vql.group_concat_step($1, true, $2, $3, array[%3$s])' $f$,
                step, kinds, after_three);
            execute format(
                'create or replace aggregate vql.group_concat(text, text, %2$s) '
                '(sfunc = vql.%1$s, stype = text)', step, kinds);
        end loop;
    end loop;
end
$do$;

-- REGISTER and NEST of one to five fields. The first that is not text may have any type of its own; those after
-- it must go together, unless the caller makes a row() of all.
do $do$
declare
    kinds text;
    pairs text;
    fields text;
begin
    for how_many in 1..5 loop
        for which in 0..(1 << how_many) - 1 loop
            select
                string_agg(
                    case
                        when (which >> (n - 1)) & 1 = 0 then 'text'
                        when which & ((1 << (n - 1)) - 1) = 0 then 'anyelement'
                        else 'anycompatible'
                    end, ', ' order by n),
                string_agg(format('%L, vql.to_json($%s)', 'f' || n, n), ', ' order by n),
                string_agg('$' || n + 1, ', ' order by n)
            into kinds, pairs, fields
            from generate_series(1, how_many) as n;
            execute format(
                $f$create or replace function vql.register(%1$s) returns jsonb
                language sql stable parallel safe as $b$ select jsonb_build_object(%2$s) $b$ $f$, kinds, pairs);
            continue when how_many = 1;
            execute format(
                $f$create or replace function vql.nest_step(jsonb, %1$s) returns jsonb
                language sql stable parallel safe as $b$
                    select coalesce($1, '[]'::jsonb) || jsonb_build_array(vql.register(%2$s)) $b$ $f$, kinds, fields);
            execute format(
                'create or replace aggregate vql.nest(%1$s) (sfunc = vql.nest_step, stype = jsonb)', kinds);
        end loop;
    end loop;
end
$do$;

create or replace function vql.group_concat_only(so_far text, value text) returns text
language sql immutable parallel safe as $$ select vql.group_concat_step(so_far, true, ',', ' ', array[value]) $$;
create or replace function vql.group_concat_only(so_far text, value anyelement) returns text
language sql stable parallel safe as 'select vql.group_concat_only(so_far, vql.to_text(value))';
create or replace function vql.group_concat_rows(so_far text, between_rows text, value text) returns text
language sql immutable parallel safe as
$$ select vql.group_concat_step(so_far, true, between_rows, ' ', array[value]) $$;
create or replace function vql.group_concat_rows(so_far text, between_rows text, value anyelement) returns text
language sql stable parallel safe as 'select vql.group_concat_rows(so_far, between_rows, vql.to_text(value))';
create or replace aggregate vql.group_concat(text) (sfunc = vql.group_concat_only, stype = text);
create or replace aggregate vql.group_concat(anyelement) (sfunc = vql.group_concat_only, stype = text);
create or replace aggregate vql.group_concat(text, text) (sfunc = vql.group_concat_rows, stype = text);
create or replace aggregate vql.group_concat(text, anyelement) (sfunc = vql.group_concat_rows, stype = text);
