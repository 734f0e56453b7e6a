-- Text. Source: Denodo 7.0 manual, Text Processing Functions; Other Functions (HASH).
-- "Usually input values of types that are not text are automatically converted to text": the overloads on anyelement.
-- Where the page says nothing of NULL, a NULL argument gives NULL.

create or replace function vql.ascii(value text) returns integer
language sql immutable parallel safe as 'select ascii(value)';
create or replace function vql.char(code bigint) returns text
language sql immutable parallel safe as 'select chr(code::integer)';
create or replace function vql.len(value text) returns integer
language sql immutable parallel safe as 'select char_length(value)';
create or replace function vql.lower(value text) returns text
language sql immutable parallel safe as 'select lower(value)';
create or replace function vql.upper(value text) returns text
language sql immutable parallel safe as $$ select replace(upper(value), 'ß', 'SS') $$;
create or replace function vql.textconstant(value text) returns text
language sql immutable parallel safe as 'select value';
create or replace function vql.hash(value text) returns text
language sql immutable parallel safe as $$ select encode(decode(md5(value), 'hex'), 'base64') $$;

-- "White spaces and carriage returns": blanks, tabulations and the characters that end a line.
create or replace function vql.trim(value text) returns text
language sql immutable parallel safe as $$ select btrim(value, E' \t\r\n\f\v') $$;
create or replace function vql.ltrim(value text) returns text
language sql immutable parallel safe as $$ select ltrim(value, E' \t\r\n\f\v') $$;
create or replace function vql.rtrim(value text) returns text
language sql immutable parallel safe as $$ select rtrim(value, E' \t\r\n\f\v') $$;

-- TRIM(<specification> <character> FROM <value>): of the character only the first is taken into account.
create or replace function vql.trim_both(value text, pad text default ' ') returns text
language sql immutable parallel safe as 'select btrim(value, left(pad, 1))';
create or replace function vql.trim_leading(value text, pad text default ' ') returns text
language sql immutable parallel safe as 'select ltrim(value, left(pad, 1))';
create or replace function vql.trim_trailing(value text, pad text default ' ') returns text
language sql immutable parallel safe as 'select rtrim(value, left(pad, 1))';

-- Index from 0; -1 when absent.
create or replace function vql.instr(value text, search text) returns integer
language sql immutable parallel safe as 'select strpos(value, search) - 1';
create or replace function vql.position(search text, value text) returns integer
language sql immutable parallel safe as 'select strpos(value, search)';

create or replace function vql.repeat(value text, count bigint) returns text
language sql immutable parallel safe as 'select repeat(value, count::integer)';
create or replace function vql.replace(value text, search text, replacement text) returns text
language sql immutable parallel safe as 'select replace(value, search, replacement)';

-- Only accents on Latin letters go, as the documented example shows: the Cyrillic letter of its text keeps its own.
create or replace function vql.removeaccents(value text) returns text
language sql immutable parallel safe as $$
    select normalize(
        regexp_replace(normalize(value, nfd), '([A-Za-z\u00C0-\u024F\u1E00-\u1EFF])[\u0300-\u036F]+', '\1', 'g'), nfc)
$$;

-- SUBSTRING(value, start, end): both indexes count from 0, the character at `end` is left out.
create or replace function vql.substring(value text, start bigint) returns text
language sql immutable parallel safe as $$
    select substr(value, case when start < 0 then 1 else start::integer + 1 end)
$$;
create or replace function vql.substring(value text, start bigint, finish bigint) returns text
language sql immutable parallel safe as $$
    select case when start <= finish then substr(
        value, greatest(start, 0)::integer + 1, greatest(finish - greatest(start, 0), 0)::integer) end
$$;

-- SUBSTR, and SUBSTRING with FROM: index from 1 and a length, as in SQL-92, but a negative length is no error.
create or replace function vql.substr(value text, start bigint) returns text
language sql immutable parallel safe as $$
    select substr(value, case when start < 1 then 1 else start::integer end)
$$;
create or replace function vql.substr(value text, start bigint, length bigint) returns text
language sql immutable parallel safe as $$
    select case when start + length is not null then substr(
        value,
        least(greatest(start, 1), 2147483647)::integer,
        greatest(least(start + length, char_length(value) + 1) - greatest(start, 1), 0)::integer) end
$$;

create or replace function vql.concat(variadic list text[]) returns text
language sql immutable parallel safe as $$
    select case when array_position(list, null) is null then array_to_string(list, '') end
$$;

-- The same for a first argument of another type, and CONCAT of two to five arguments of which some are not text.
do $do$
declare
    name text;
    kinds text[];
    chosen text;
    how_many integer;
    which integer;
begin
    foreach name in array array[
        'ascii', 'len', 'lower', 'upper', 'textconstant', 'hash', 'trim', 'ltrim', 'rtrim', 'removeaccents'
    ] loop
        execute format(
            $f$create or replace function vql.%1$s(value anyelement) returns %2$s
            language sql stable parallel safe as 'select vql.%1$s(vql.to_text(value))' $f$,
            name, case when name in ('ascii', 'len') then 'integer' else 'text' end);
    end loop;
    for how_many in 2..5 loop
        for which in 1..(1 << how_many) - 1 loop
            select
                array_agg(case when (which >> (n - 1)) & 1 = 1 then 'anyelement' else 'text' end order by n),
                string_agg(format('vql.to_text($%s)', n), ', ' order by n)
            into kinds, chosen
            from generate_series(1, how_many) as n;
            execute format(
                $f$create or replace function vql.concat(%s) returns text
                language sql stable parallel safe as 'select vql.concat(%s)' $f$,
                array_to_string(kinds, ', '), chosen);
        end loop;
    end loop;
end
$do$;
create or replace function vql.instr(value anyelement, search text) returns integer
language sql stable parallel safe as 'select vql.instr(vql.to_text(value), search)';
create or replace function vql.position(search text, value anyelement) returns integer
language sql stable parallel safe as 'select strpos(vql.to_text(value), search)';
create or replace function vql.repeat(value anyelement, count bigint) returns text
language sql stable parallel safe as 'select vql.repeat(vql.to_text(value), count)';
create or replace function vql.replace(value anyelement, search text, replacement text) returns text
language sql stable parallel safe as 'select replace(vql.to_text(value), search, replacement)';
create or replace function vql.substring(value anyelement, start bigint) returns text
language sql stable parallel safe as 'select vql.substring(vql.to_text(value), start)';
create or replace function vql.substring(value anyelement, start bigint, finish bigint) returns text
language sql stable parallel safe as 'select vql.substring(vql.to_text(value), start, finish)';
create or replace function vql.substr(value anyelement, start bigint) returns text
language sql stable parallel safe as 'select vql.substr(vql.to_text(value), start)';
create or replace function vql.substr(value anyelement, start bigint, length bigint) returns text
language sql stable parallel safe as 'select vql.substr(vql.to_text(value), start, length)';
