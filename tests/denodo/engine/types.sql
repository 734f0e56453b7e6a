-- CAST targets and the text of values. Source: Denodo 7.0 manual, Type Conversion Functions; Data Types.
-- A VDP type is a PostgreSQL type: int integer, long bigint, float real, double double precision, decimal numeric,
-- text text, boolean boolean, blob bytea, array and register jsonb. The four datetime targets stand in dates.sql.

-- The text Java gives to a floating-point number: 10.0, 1.4219870663333333E9, 1.0E-5.
create or replace function vql.java_number(value text) returns text
language plpgsql immutable strict parallel safe as $$
declare
    sign text := case when left(value, 1) = '-' then '-' else '' end;
    body text := ltrim(value, '-');
    mantissa text := split_part(body, 'e', 1);
    power integer := coalesce(nullif(split_part(body, 'e', 2), ''), '0')::integer;
    whole text := split_part(mantissa, '.', 1);
    fraction text := split_part(mantissa, '.', 2);
    digits text;
begin
    if body in ('NaN', 'Infinity') then
        return value;
    end if;
    power := power + length(whole) - 1;
    digits := ltrim(whole || fraction, '0');
    if digits = '' then
        return sign || '0.0';
    end if;
    power := power - (length(whole || fraction) - length(digits));
    digits := rtrim(digits, '0');
    if power >= 7 or power < -3 then
        return sign || left(digits, 1) || '.' || coalesce(nullif(substr(digits, 2), ''), '0') || 'E' || power;
    elsif power >= 0 then
        digits := rpad(digits, greatest(length(digits), power + 1), '0');
        return sign || left(digits, power + 1) || '.' || coalesce(nullif(substr(digits, power + 2), ''), '0');
    end if;
    return sign || '0.' || repeat('0', -power - 1) || digits;
end
$$;

create or replace function vql.to_text(value text) returns text
language sql immutable parallel safe as 'select value';
create or replace function vql.to_text(value smallint) returns text
language sql immutable parallel safe as 'select value::text';
create or replace function vql.to_text(value integer) returns text
language sql immutable parallel safe as 'select value::text';
create or replace function vql.to_text(value bigint) returns text
language sql immutable parallel safe as 'select value::text';
create or replace function vql.to_text(value numeric) returns text
language sql immutable parallel safe as 'select value::text';
create or replace function vql.to_text(value real) returns text
language sql immutable parallel safe as 'select vql.java_number(value::text)';
create or replace function vql.to_text(value double precision) returns text
language sql immutable parallel safe as 'select vql.java_number(value::text)';
create or replace function vql.to_text(value boolean) returns text
language sql immutable parallel safe as 'select value::text';
create or replace function vql.to_text(value bytea) returns text
language sql immutable parallel safe as $$ select convert_from(value, 'UTF8') $$;
create or replace function vql.to_text(value date) returns text
language sql immutable parallel safe as $$ select to_char(value, 'FMYYYY-MM-DD') $$;
create or replace function vql.to_text(value time) returns text
language sql immutable parallel safe as 'select value::text';
create or replace function vql.to_text(value timestamp) returns text
language sql immutable parallel safe as $$
    select to_char(value, 'YYYY-MM-DD HH24:MI:SS') || coalesce(substring(value::time::text from '\..*'), '')
$$;
create or replace function vql.to_text(value timestamptz) returns text
language sql stable parallel safe as $$
    select vql.to_text(value::timestamp) || to_char(value, ' TZH:TZM')
$$;
create or replace function vql.to_text(value interval) returns text
language sql immutable parallel safe as 'select value::text';
create or replace function vql.to_text(value jsonb) returns text
language sql immutable parallel safe as 'select vql.display(value)';
create or replace function vql.to_text(value anyelement) returns text
language sql stable parallel safe as 'select value::text';

-- CAST to a whole number drops the decimals (documented: CAST('int', 2.9) is 2); true is 1 and false is 0.
create or replace function vql.to_int(value text) returns integer
language sql immutable parallel safe as 'select value::integer';
create or replace function vql.to_int(value boolean) returns integer
language sql immutable parallel safe as 'select value::integer';
create or replace function vql.to_int(value integer) returns integer
language sql immutable parallel safe as 'select value';
create or replace function vql.to_int(value bigint) returns integer
language sql immutable parallel safe as 'select value::integer';
create or replace function vql.to_int(value real) returns integer
language sql immutable parallel safe as 'select trunc(value::double precision)::integer';
create or replace function vql.to_int(value double precision) returns integer
language sql immutable parallel safe as 'select trunc(value)::integer';
create or replace function vql.to_int(value numeric) returns integer
language sql immutable parallel safe as 'select trunc(value)::integer';

create or replace function vql.to_long(value text) returns bigint
language sql immutable parallel safe as 'select value::bigint';
create or replace function vql.to_long(value boolean) returns bigint
language sql immutable parallel safe as 'select value::integer::bigint';
create or replace function vql.to_long(value bigint) returns bigint
language sql immutable parallel safe as 'select value';
create or replace function vql.to_long(value integer) returns bigint
language sql immutable parallel safe as 'select value::bigint';
create or replace function vql.to_long(value real) returns bigint
language sql immutable parallel safe as 'select trunc(value::double precision)::bigint';
create or replace function vql.to_long(value double precision) returns bigint
language sql immutable parallel safe as 'select trunc(value)::bigint';
create or replace function vql.to_long(value numeric) returns bigint
language sql immutable parallel safe as 'select trunc(value)::bigint';

create or replace function vql.to_float(value text) returns real
language sql immutable parallel safe as 'select value::real';
create or replace function vql.to_float(value bigint) returns real
language sql immutable parallel safe as 'select value::real';
create or replace function vql.to_float(value real) returns real
language sql immutable parallel safe as 'select value';
create or replace function vql.to_float(value double precision) returns real
language sql immutable parallel safe as 'select value::real';
create or replace function vql.to_float(value numeric) returns real
language sql immutable parallel safe as 'select value::real';

create or replace function vql.to_double(value text) returns double precision
language sql immutable parallel safe as 'select value::double precision';
create or replace function vql.to_double(value bigint) returns double precision
language sql immutable parallel safe as 'select value::double precision';
create or replace function vql.to_double(value real) returns double precision
language sql immutable parallel safe as 'select value::double precision';
create or replace function vql.to_double(value double precision) returns double precision
language sql immutable parallel safe as 'select value';
create or replace function vql.to_double(value numeric) returns double precision
language sql immutable parallel safe as 'select value::double precision';

-- PostgreSQL turns a double into a numeric of 15 digits; the text of the double keeps them all.
create or replace function vql.to_decimal(value text) returns numeric
language sql immutable parallel safe as 'select value::numeric';
create or replace function vql.to_decimal(value bigint) returns numeric
language sql immutable parallel safe as 'select value::numeric';
create or replace function vql.to_decimal(value real) returns numeric
language sql immutable parallel safe as 'select value::text::numeric';
create or replace function vql.to_decimal(value double precision) returns numeric
language sql immutable parallel safe as 'select value::text::numeric';
create or replace function vql.to_decimal(value numeric) returns numeric
language sql immutable parallel safe as 'select value';

create or replace function vql.to_boolean(value text) returns boolean
language sql immutable parallel safe as 'select value::boolean';
create or replace function vql.to_boolean(value boolean) returns boolean
language sql immutable parallel safe as 'select value';
create or replace function vql.to_boolean(value bigint) returns boolean
language sql immutable parallel safe as 'select value <> 0';
create or replace function vql.to_boolean(value real) returns boolean
language sql immutable parallel safe as 'select value <> 0';
create or replace function vql.to_boolean(value double precision) returns boolean
language sql immutable parallel safe as 'select value <> 0';
create or replace function vql.to_boolean(value numeric) returns boolean
language sql immutable parallel safe as 'select value <> 0';

create or replace function vql.to_blob(value text) returns bytea
language sql immutable parallel safe as $$ select convert_to(value, 'UTF8') $$;
create or replace function vql.to_blob(value bytea) returns bytea
language sql immutable parallel safe as 'select value';
