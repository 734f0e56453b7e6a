-- Arrays and registers, as jsonb. Source: Denodo 7.0 manual, Type Conversion Functions (REGISTER, ARRAY_TO_STRING),
-- Aggregation Functions (LIST, NEST), Other Functions (MAP, GETSESSION), Text Processing Functions (REPLACEMAP).
-- An array is a JSON array; its elements are registers, JSON objects, or plain values where it has one field
-- without a name. Names of fields that a function cannot know are f1, f2…

-- A value inside a compound one; a double keeps the decimal it prints (1.0).
create or replace function vql.to_json(value double precision) returns jsonb
language sql immutable parallel safe as $$
    select case when value::text in ('NaN', 'Infinity', '-Infinity') then to_jsonb(value)
        else to_jsonb(vql.java_number(value::text)::numeric) end
$$;
create or replace function vql.to_json(value real) returns jsonb
language sql immutable parallel safe as $$
    select case when value::text in ('NaN', 'Infinity', '-Infinity') then to_jsonb(value)
        else to_jsonb(vql.java_number(value::text)::numeric) end
$$;
create or replace function vql.to_json(value integer) returns jsonb
language sql immutable parallel safe as 'select to_jsonb(value)';
create or replace function vql.to_json(value bigint) returns jsonb
language sql immutable parallel safe as 'select to_jsonb(value)';
create or replace function vql.to_json(value numeric) returns jsonb
language sql immutable parallel safe as 'select to_jsonb(value)';
create or replace function vql.to_json(value text) returns jsonb
language sql immutable parallel safe as 'select to_jsonb(value)';
create or replace function vql.to_json(value anyelement) returns jsonb
language sql stable parallel safe as 'select to_jsonb(value)';

-- A compound value as the manual prints it: Array { { 1 } { .1 } } (SPLIT), Array { one, two } (LIST),
-- Array [ A, Register { x, y } B, Register { x, z } ] (NEST of several fields), Register { 1, A }.
create or replace function vql.display_item(value jsonb, nested boolean) returns text
language plpgsql immutable parallel safe as $$
begin
    return case jsonb_typeof(value)
        when 'array' then coalesce(
            (
                select case
                    when not bool_and(jsonb_typeof(item) = 'object')
                        then 'Array { ' || string_agg(vql.display_item(item, false), ', ' order by number) || ' }'
                    when bool_and(jsonb_array_length(jsonb_path_query_array(item, '$.*')) = 1)
                        then 'Array { ' || string_agg(vql.display_item(item, true), ' ' order by number) || ' }'
                    else 'Array [ ' || string_agg(
                        regexp_replace(vql.display_item(item, true), '^{ (.*) }$', '\1'), ' ' order by number) || ' ]'
                end
                from jsonb_array_elements(value) with ordinality as items (item, number)
            ), 'Array {  }')
        when 'object' then case when nested then '{ ' else 'Register { ' end || coalesce(
            (
                select string_agg(vql.display_item(field.value, false), ', ' order by number)
                from jsonb_each(value) with ordinality as field (key, value, number)
            ), '') || ' }'
        when 'null' then 'NULL'
        else value #>> '{}'
    end;
end
$$;

create or replace function vql.display(value jsonb) returns text
language sql immutable strict parallel safe as 'select vql.display_item(value, false)';
create or replace function vql.display(value bytea) returns text
language sql immutable parallel safe as $$ select '[BINARY DATA] - ' || octet_length(value) || ' bytes' $$;
create or replace function vql.display(value text) returns text
language sql immutable parallel safe as 'select value';
create or replace function vql.display(value anyelement) returns text
language sql stable parallel safe as 'select vql.to_text(value)';

create or replace function vql.join_item(
    value jsonb, separator text, fields text, opens text, closes text, begins text, ends text, inner_value boolean
) returns text
language plpgsql immutable parallel safe as $$
begin
    return case jsonb_typeof(value)
        when 'array' then opens || coalesce(
            (
                select string_agg(
                    vql.join_item(item, separator, fields, opens, closes, begins, ends, false), separator
                    order by number)
                from jsonb_array_elements(value) with ordinality as items (item, number)
            ), '') || closes
        when 'object' then case when inner_value then begins else '' end || coalesce(
            (
                select string_agg(
                    vql.join_item(field.value, separator, fields, opens, closes, begins, ends, true), fields
                    order by number)
                from jsonb_each(value) with ordinality as field (key, value, number)
            ), '') || case when inner_value then ends else '' end
        when 'null' then ''
        else value #>> '{}'
    end;
end
$$;

create or replace function vql.array_to_string(separator text, value jsonb) returns text
language sql immutable strict parallel safe as $$
    select vql.join_item(value, separator, ',', '{', '}', '(', ')', false)
$$;
create or replace function vql.array_to_string(
    separator text, opens text, closes text, begins text, ends text, value jsonb
) returns text
language sql immutable strict parallel safe as $$
    select vql.join_item(value, separator, separator, opens, closes, begins, ends, false)
$$;

create or replace function vql.register(fields record) returns jsonb
language plpgsql stable parallel safe as $$
begin
    return to_jsonb(fields);
end
$$;

-- A map made with CREATE MAP is rows of this table; names keep the case they were created with.
create table if not exists vql.maps (
    map_name text not null,
    key text not null,
    value text,
    primary key (map_name, key)
);

create or replace function vql.map(key text, map_name text) returns text
language sql stable strict parallel safe as $$
    select m.value from vql.maps as m
    where m.map_name = map.map_name and lower(m.key) = lower(map.key) order by m.key limit 1
$$;
create or replace function vql.map(key text, map_name text, i18n text) returns text
language sql stable parallel safe as 'select vql.map(key, map_name)';

-- The view a text names, `view` or `database.view`; NULL when it does not exist.
create or replace function vql.find_view(name text) returns regclass
language sql stable strict parallel safe as $$
    select to_regclass(
        (select string_agg(quote_ident(part), '.' order by n)
        from unnest(string_to_array(name, '.')) with ordinality as parts (part, n)))
$$;

create or replace function vql.map(key text, view_name text, key_field text, value_field text) returns text
language plpgsql stable strict as $$
declare
    found text;
begin
    if vql.find_view(view_name) is null then
        return null;
    end if;
    execute format(
        'select vql.to_text(%I) from %s where lower(vql.to_text(%I)) = lower($1) limit 1',
        value_field, vql.find_view(view_name), key_field) into found using key;
    return found;
end
$$;

-- Every occurrence of a key becomes its value, from left to right, the longest key first.
create or replace function vql.replace_keys(value text, keys text[], replacements text[]) returns text
language plpgsql immutable parallel safe as $$
declare
    output text := '';
    position integer := 1;
    chosen integer;
    n integer;
begin
    while position <= length(value) loop
        chosen := null;
        for n in 1..coalesce(array_length(keys, 1), 0) loop
            if keys[n] <> '' and starts_with(substr(value, position), keys[n])
                and (chosen is null or length(keys[n]) > length(keys[chosen])) then
                chosen := n;
            end if;
        end loop;
        output := output || case when chosen is null then substr(value, position, 1)
            else coalesce(replacements[chosen], '') end;
        position := position + case when chosen is null then 1 else length(keys[chosen]) end;
    end loop;
    return output;
end
$$;

create or replace function vql.replacemap(value text, map_name text) returns text
language sql stable strict parallel safe as $$
    select case when count(m.key) > 0 then vql.replace_keys(
        replacemap.value, array_agg(m.key order by m.key), array_agg(m.value order by m.key)) end
    from vql.maps as m where m.map_name = replacemap.map_name
$$;

create or replace function vql.replacemap(value text, view_name text, key_field text, value_field text) returns text
language plpgsql stable strict as $$
declare
    keys text[];
    replacements text[];
begin
    if vql.find_view(view_name) is null or (
        select count(*) from pg_attribute
        where attrelid = vql.find_view(view_name) and attname in (key_field, value_field) and not attisdropped
    ) < (case when key_field = value_field then 1 else 2 end) then
        return null;
    end if;
    execute format(
        'select array_agg(vql.to_text(%1$I)), array_agg(vql.to_text(%2$I)) from %3$s where %1$I is not null',
        key_field, value_field, vql.find_view(view_name)) into keys, replacements;
    return vql.replace_keys(value, keys, replacements);
end
$$;

create or replace function vql.getsession(parameter text) returns text
language plpgsql stable parallel safe as $$
begin
    return case lower(parameter)
        when 'user' then current_user::text
        when 'useragent' then current_setting('application_name')
        when 'database' then current_schema()::text
        when 'i18n' then coalesce(nullif(current_setting('vql.i18n', true), ''), 'fr_euro')
        when 'roles' then vql.display((
            select coalesce(jsonb_agg(rolname::text order by rolname::text), '[]'::jsonb) from pg_roles
            where rolname <> current_user and pg_has_role(oid, 'member') and not rolsuper))
    end;
end
$$;

-- GETVAR(name, type, default): the value that CONTEXT ('VAR name' = …) gave, else the default.
create or replace function vql.getvar(name text, kind text, fallback anyelement) returns anyelement
language plpgsql stable parallel safe as $$
declare
    given text := nullif(current_setting('vql.var_' || name, true), '');
    result fallback%type;
begin
    if given is null then
        return fallback;
    end if;
    result := given;
    return result;
end
$$;
create or replace function vql.getvar(name text, kind text, fallback text) returns text
language sql stable parallel safe as
$$ select coalesce(nullif(current_setting('vql.var_' || name, true), ''), fallback) $$;
