-- Java regular expressions, written as PostgreSQL advanced regular expressions. Source: Denodo 7.0 manual, REGEXP,
-- SPLIT and REGEXP_LIKE, which all refer to java.util.regex.Pattern. What has no equivalent is refused, not guessed.

create or replace function vql.refuse_regexp(pattern text, part text) returns text
language plpgsql immutable parallel safe as $$
begin
    raise exception 'expression régulière « % » : « % » n''a pas d''équivalent dans ce moteur', pattern, part
        using hint = 'Récrire l''expression sans cette construction.', errcode = 'invalid_regular_expression';
end
$$;

-- The members of a Java character class \p{…}, as they are written between brackets; NULL when unknown.
create or replace function vql.java_property(name text) returns text
language sql immutable strict parallel safe as $$
    select case name
        when 'Lower' then 'a-z'
        when 'Upper' then 'A-Z'
        when 'ASCII' then '\u0001-\u007F'
        when 'Alpha' then 'A-Za-z'
        when 'Digit' then '0-9'
        when 'Alnum' then 'A-Za-z0-9'
        when 'Punct' then '!-/:-@\[-`{-~'
        when 'Graph' then '!-~'
        when 'Print' then ' -~'
        when 'Blank' then ' \t'
        when 'Cntrl' then '\u0001-\u001F\u007F'
        when 'XDigit' then '0-9A-Fa-f'
        when 'Space' then ' \t\n\u000B\f\r'
        when 'L' then '[:alpha:]'
        when 'IsL' then '[:alpha:]'
        when 'IsAlphabetic' then '[:alpha:]'
        when 'Lu' then '[:upper:]'
        when 'IsLu' then '[:upper:]'
        when 'IsUppercase' then '[:upper:]'
        when 'javaUpperCase' then '[:upper:]'
        when 'Ll' then '[:lower:]'
        when 'IsLl' then '[:lower:]'
        when 'IsLowercase' then '[:lower:]'
        when 'javaLowerCase' then '[:lower:]'
        when 'N' then '[:digit:]'
        when 'Nd' then '[:digit:]'
        when 'IsDigit' then '[:digit:]'
        when 'P' then '[:punct:]'
        when 'IsPunctuation' then '[:punct:]'
        when 'M' then '\u0300-\u036F'
        when 'Mn' then '\u0300-\u036F'
        when 'Z' then ' \u00A0\u2000-\u200A\u2028\u2029\u202F\u205F\u3000'
        when 'Zs' then ' \u00A0\u2000-\u200A\u202F\u205F\u3000'
        when 'IsWhite_Space' then '[:space:]'
        when 'javaWhitespace' then '[:space:]'
        when 'Sc' then '$\u00A2-\u00A5\u20A0-\u20BF'
        when 'InBasicLatin' then '\u0001-\u007F'
        when 'IsLatin' then 'A-Za-z\u00AA\u00BA\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02B8\u1E00-\u1EFF'
        when 'IsGreek' then '\u0370-\u03E1\u03F0-\u03FF\u1F00-\u1FFF'
        when 'IsCyrillic' then '\u0400-\u052F'
    end
$$;

create or replace function vql.java_regexp(
    pattern text, whole boolean default false, ignore_case boolean default false
) returns text
language plpgsql immutable strict parallel safe as $$
declare
    size constant integer := length(pattern);
    position integer := 1;
    output text := '';
    flags text := '';
    dot text := '[^\n\r\u0085\u2028\u2029]';
    names text[] := '{}';
    groups integer := 0;
    depth integer := 0;      -- of brackets: 0 outside a class
    c text;
    rest text;
    found text;
    negated boolean;
    last_quantifier boolean := false;
begin
    found := substring(pattern from '^\(\?([a-zA-Z]+)\)');
    if found is not null then
        if found ~ '[^idmsuU]' then
            return vql.refuse_regexp(pattern, '(?' || found || ')');
        end if;
        position := length(found) + 4;
        if strpos(found, 's') > 0 or strpos(found, 'd') > 0 then
            dot := case when strpos(found, 's') > 0 then '(?:.|\n)' else '[^\n]' end;
        end if;
        flags := case when strpos(found, 'i') > 0 then 'i' else '' end
            || case when strpos(found, 'm') > 0 then 'w' else '' end;
    end if;
    if ignore_case and strpos(flags, 'i') = 0 then
        flags := flags || 'i';
    end if;

    while position <= size loop
        c := substr(pattern, position, 1);
        rest := substr(pattern, position);
        if c = '\' then
            last_quantifier := false;
            if rest ~ '^\\Q' then
                found := case when strpos(rest, '\E') > 0 then substr(rest, 3, strpos(rest, '\E') - 3)
                    else substr(rest, 3) end;
                output := output || regexp_replace(found, '([^[:alnum:]\s])', '\\\1', 'g');
                position := position + length(found) + 4;
                continue;
            end if;
            found := substring(rest from '^\\[pP](\{[^}]*\}|.)');
            if found is not null then
                negated := substr(rest, 2, 1) = 'P';
                position := position + 2 + length(found);
                rest := vql.java_property(btrim(found, '{}'));
                if rest is null or (negated and depth > 0) then
                    return vql.refuse_regexp(pattern, '\p' || found);
                end if;
                output := output || case
                    when depth > 0 then rest
                    when negated then '[^' || rest || ']'
                    else '[' || rest || ']'
                end;
                continue;
            end if;
            found := substring(rest from '^\\u([0-9A-Fa-f]{4})');
            if found is not null then
                output := output || '\u' || found;
                position := position + 6;
                continue;
            end if;
            found := substring(rest from '^\\x([0-9A-Fa-f]{2})');
            if found is not null then
                output := output || '\u00' || found;
                position := position + 4;
                continue;
            end if;
            found := substring(rest from '^\\x\{([0-9A-Fa-f]+)\}');
            if found is not null then
                output := output || '\U' || lpad(found, 8, '0');
                position := position + 4 + length(found);
                continue;
            end if;
            found := substring(rest from '^\\k<([A-Za-z][A-Za-z0-9]*)>');
            if found is not null then
                if array_position(names, found) is null then
                    return vql.refuse_regexp(pattern, '\k<' || found || '>');
                end if;
                output := output || '\' || array_position(names, found) || '(?:)';
                position := position + 4 + length(found);
                continue;
            end if;
            c := substr(pattern, position + 1, 1);
            position := position + 2;
            output := output || case
                when c = 'd' then case when depth > 0 then '0-9' else '[0-9]' end
                when c = 'w' then case when depth > 0 then 'A-Za-z0-9_' else '[A-Za-z0-9_]' end
                when c = 's' then case when depth > 0 then ' \t\n\u000B\f\r' else '[ \t\n\u000B\f\r]' end
                when c = 'h' then case when depth > 0 then ' \t\u00A0\u2000-\u200A\u202F\u205F\u3000'
                    else '[ \t\u00A0\u2000-\u200A\u202F\u205F\u3000]' end
                when c = 'v' then case when depth > 0 then '\n\u000B\f\r\u0085\u2028\u2029'
                    else '[\n\u000B\f\r\u0085\u2028\u2029]' end
                when c in ('t', 'n', 'r', 'f', 'a', 'e') then '\' || c
                when depth > 0 and c in ('D', 'W', 'S') then '\' || c
                when depth > 0 and c ~ '[A-Za-z0-9]' then vql.refuse_regexp(pattern, '[\' || c || ']')
                when c = 'D' then '[^0-9]'
                when c = 'W' then '[^A-Za-z0-9_]'
                when c = 'S' then '[^ \t\n\u000B\f\r]'
                when c = 'H' then '[^ \t\u00A0\u2000-\u200A\u202F\u205F\u3000]'
                when c = 'V' then '[^\n\u000B\f\r\u0085\u2028\u2029]'
                when c = 'R' then '(?:\r\n|[\n\u000B\f\r\u0085\u2028\u2029])'
                when c = 'b' then '\y'
                when c = 'B' then '\Y'
                when c = 'A' then '\A'
                when c = 'z' then '\Z'
                when c = 'Z' then '(?=\n?\Z)'
                when c ~ '[1-9]' then '\' || c
                when c ~ '[A-Za-z0-9]' or c = '' then vql.refuse_regexp(pattern, '\' || c)
                else '\' || c
            end;
            continue;
        end if;

        if depth > 0 then
            if c = '[' then
                if substr(pattern, position + 1, 1) = '^' then
                    return vql.refuse_regexp(pattern, '[[^');
                end if;
                depth := depth + 1;
            elsif c = ']' then
                depth := depth - 1;
                output := output || case when depth = 0 then ']' else '' end;
            elsif rest ~ '^&&' then
                return vql.refuse_regexp(pattern, '&&');
            else
                output := output || c;
            end if;
            position := position + 1;
            continue;
        end if;

        if c in ('*', '+', '?') or (c = '{' and rest ~ '^\{[0-9]+(,[0-9]*)?\}') then
            found := substring(rest from '^(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})[?+]?');
            if found ~ '.\+$' or last_quantifier then
                return vql.refuse_regexp(pattern, found);
            end if;
            output := output || found;
            position := position + length(found);
            last_quantifier := true;
            continue;
        end if;
        last_quantifier := false;
        if c = '[' then
            depth := 1;
            found := substring(rest from '^\[\^?\]?');
            output := output || replace(found, ']', '\]');
            position := position + length(found);
            continue;
        elsif c = '(' then
            found := substring(rest from '^\(\?<([A-Za-z][A-Za-z0-9]*)>');
            if found is not null then
                groups := groups + 1;
                names[groups] := found;
                output := output || '(';
                position := position + length(found) + 4;
                continue;
            elsif rest ~ '^\(\?' then
                found := substring(rest from '^\(\?(?::|=|!|<=|<!)');
                if found is null then
                    return vql.refuse_regexp(pattern, substring(rest from '^\(\?[A-Za-z-]*.?'));
                end if;
                output := output || found;
                position := position + length(found);
                continue;
            end if;
            groups := groups + 1;
            output := output || c;
        elsif c = '.' then
            output := output || dot;
        else
            output := output || c;
        end if;
        position := position + 1;
    end loop;
    if whole then
        output := '\A(?:' || output || ')\Z';
    elsif flags = '' and output ~ '^(?:\*\*\*|\(\?[a-zA-Z])' then
        output := '(?:)' || output;
    end if;
    return case when flags <> '' then '(?' || flags || ')' else '' end || output;
end
$$;

-- Names of the capturing groups of a Java pattern, by number; NULL for a group without a name.
create or replace function vql.java_groups(pattern text) returns text[]
language plpgsql immutable strict parallel safe as $$
declare
    found text[];
    names text[] := '{}';
    plain text := regexp_replace(regexp_replace(pattern, '\\.', '', 'g'), '\[[^]]*\]', '', 'g');
begin
    for found in select regexp_matches(plain, '\((?!\?)|\(\?<([A-Za-z][A-Za-z0-9]*)>', 'g') loop
        names := names || found[1];
    end loop;
    return names;
end
$$;

-- The replacement of Java ($1, ${name}, \ before a character taken as it is) as PostgreSQL's (\1, \&, \\).
create or replace function vql.java_replacement(pattern text, replacement text) returns text
language plpgsql immutable strict parallel safe as $$
declare
    names text[] := vql.java_groups(pattern);
    how_many integer := coalesce(array_length(names, 1), 0);
    position integer := 1;
    output text := '';
    c text;
    found text;
    number integer;
begin
    while position <= length(replacement) loop
        c := substr(replacement, position, 1);
        if c = '\' then
            c := substr(replacement, position + 1, 1);
            if c = '' then
                raise exception 'remplacement « % » : rien ne suit la barre oblique inverse', replacement
                    using errcode = 'invalid_parameter_value';
            end if;
            output := output || case when c = '\' then '\\' else c end;
            position := position + 2;
        elsif c = '$' then
            found := substring(substr(replacement, position) from '^\$\{([A-Za-z][A-Za-z0-9]*)\}');
            if found is not null then
                number := array_position(names, found);
                position := position + length(found) + 3;
            else
                found := substring(substr(replacement, position) from '^\$([0-9]+)');
                -- Java takes further digits only as long as such a group exists.
                while length(found) > 1 and found::numeric > how_many loop
                    found := left(found, -1);
                end loop;
                number := found::integer;
                position := position + 1 + length(found);
            end if;
            if number is null or number > how_many then
                raise exception 'remplacement « % » : le groupe n''existe pas dans « % »', replacement, pattern
                    using hint = 'Écrire \$ pour un dollar.', errcode = 'invalid_parameter_value';
            elsif number > 9 then
                perform vql.refuse_regexp(replacement, '$' || number);
            end if;
            output := output || case when number = 0 then '\&' else '\' || number end;
        else
            output := output || c;
            position := position + 1;
        end if;
    end loop;
    return output;
end
$$;

create or replace function vql.regexp(value text, pattern text, replacement text) returns text
language sql immutable parallel safe as $$
    select regexp_replace(value, vql.java_regexp(pattern), vql.java_replacement(pattern, replacement), 'g')
$$;
create or replace function vql.regexp(value anyelement, pattern text, replacement text) returns text
language sql stable parallel safe as 'select vql.regexp(vql.to_text(value), pattern, replacement)';

create or replace function vql.regexp_like(value text, pattern text) returns boolean
language sql immutable parallel safe as 'select value ~ vql.java_regexp(pattern, true)';
create or replace function vql.regexp_ilike(value text, pattern text) returns boolean
language sql immutable parallel safe as 'select value ~ vql.java_regexp(pattern, true, true)';
create or replace function vql.regexp_like(value anyelement, pattern text) returns boolean
language sql stable parallel safe as 'select vql.to_text(value) ~ vql.java_regexp(pattern, true)';
create or replace function vql.regexp_ilike(value anyelement, pattern text) returns boolean
language sql stable parallel safe as 'select vql.to_text(value) ~ vql.java_regexp(pattern, true, true)';

-- SPLIT as Java does: empty pieces at the end go, at the beginning they stay; a match of no width does not
-- split off an empty first piece. The array holds registers of one field, `string`.
create or replace function vql.split(pattern text, value text) returns jsonb
language sql immutable strict parallel safe as $$
    with pieces as (
        select piece, number
        from regexp_split_to_table(value, vql.java_regexp(pattern)) with ordinality as cut (piece, number)
    )
    select case
        when value = '' then '[{"string": ""}]'::jsonb
        else coalesce(
            (
                select jsonb_agg(jsonb_build_object('string', piece) order by number)
                from pieces
                where number <= (select max(number) from pieces where piece <> '')
            ),
            '[]'::jsonb)
    end
$$;
create or replace function vql.split(pattern text, value anyelement) returns jsonb
language sql stable parallel safe as 'select vql.split(pattern, vql.to_text(value))';
