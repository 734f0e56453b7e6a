-- Datetime patterns of documented VQL, in schema `vql`: FORMATDATE, TO_DATE, TO_LOCALDATE, TO_TIME, TO_TIMESTAMP,
-- TO_TIMESTAMPTZ. Source: Denodo 7.0 manual, pages date_processing_functions and date_and_time_pattern_strings, which
-- refer to Java's SimpleDateFormat for the letters; names of months and days are those of Java 8.
--
-- A pattern is cut into tokens once, for writing and for reading: a run of one letter ('yyyy') or a text, marked by a
-- leading quote ('''T'). Functions of the pattern alone are immutable, so that a constant pattern is worked out when the
-- query is planned, not once a row.
--
-- Reading is as SimpleDateFormat reads, except where that would guess: the number of letters of a number counts only
-- among digits without a separator (yyyyMMdd); names are read short or long, in upper or lower case; yy with two digits
-- is a year between 80 years ago and 20 years ahead; fields which are missing are those of 1970-01-01 00:00:00. But the
-- whole text must follow the pattern, and 31 February, month 13 or a weekday which is not the date's are errors.
-- hh without a marker a takes 0 to 23, as the manual does ('yyyy-MM-dd hh:mm:ss' with 23:59:59, page catalog_elements).
-- S is a number of milliseconds (.5 is 5 ms); with more than three letters it is a decimal fraction of a second.

-- -------------------------------------------------------------------------------------------------------------- names

-- Names of a kind ('month', 'weekday', 'era') in a language, short or long; January and Monday come first.
create or replace function vql.date_names(kind text, language text, long boolean) returns text[]
language sql immutable strict parallel safe as $$
    select case kind
        when 'month' then case language
            when 'en' then case when long
                then array['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September',
                    'October', 'November', 'December']
                else array['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] end
            when 'fr' then case when long
                then array['janvier', 'février', 'mars', 'avril', 'mai', 'juin', 'juillet', 'août', 'septembre',
                    'octobre', 'novembre', 'décembre']
                else array['janv.', 'févr.', 'mars', 'avr.', 'mai', 'juin', 'juil.', 'août', 'sept.', 'oct.', 'nov.',
                    'déc.'] end
            when 'de' then case when long
                then array['Januar', 'Februar', 'März', 'April', 'Mai', 'Juni', 'Juli', 'August', 'September',
                    'Oktober', 'November', 'Dezember']
                else array['Jan', 'Feb', 'Mrz', 'Apr', 'Mai', 'Jun', 'Jul', 'Aug', 'Sep', 'Okt', 'Nov', 'Dez'] end
            when 'es' then case when long
                then array['enero', 'febrero', 'marzo', 'abril', 'mayo', 'junio', 'julio', 'agosto', 'septiembre',
                    'octubre', 'noviembre', 'diciembre']
                else array['ene', 'feb', 'mar', 'abr', 'may', 'jun', 'jul', 'ago', 'sep', 'oct', 'nov', 'dic'] end
            when 'it' then case when long
                then array['gennaio', 'febbraio', 'marzo', 'aprile', 'maggio', 'giugno', 'luglio', 'agosto',
                    'settembre', 'ottobre', 'novembre', 'dicembre']
                else array['gen', 'feb', 'mar', 'apr', 'mag', 'giu', 'lug', 'ago', 'set', 'ott', 'nov', 'dic'] end
            when 'nl' then case when long
                then array['januari', 'februari', 'maart', 'april', 'mei', 'juni', 'juli', 'augustus', 'september',
                    'oktober', 'november', 'december']
                else array['jan', 'feb', 'mrt', 'apr', 'mei', 'jun', 'jul', 'aug', 'sep', 'okt', 'nov', 'dec'] end
            when 'pt' then case when long
                then array['Janeiro', 'Fevereiro', 'Março', 'Abril', 'Maio', 'Junho', 'Julho', 'Agosto', 'Setembro',
                    'Outubro', 'Novembro', 'Dezembro']
                else array['Jan', 'Fev', 'Mar', 'Abr', 'Mai', 'Jun', 'Jul', 'Ago', 'Set', 'Out', 'Nov', 'Dez'] end
        end
        when 'weekday' then case language
            when 'en' then case when long
                then array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
                else array['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] end
            when 'fr' then case when long
                then array['lundi', 'mardi', 'mercredi', 'jeudi', 'vendredi', 'samedi', 'dimanche']
                else array['lun.', 'mar.', 'mer.', 'jeu.', 'ven.', 'sam.', 'dim.'] end
            when 'de' then case when long
                then array['Montag', 'Dienstag', 'Mittwoch', 'Donnerstag', 'Freitag', 'Samstag', 'Sonntag']
                else array['Mo', 'Di', 'Mi', 'Do', 'Fr', 'Sa', 'So'] end
            when 'es' then case when long
                then array['lunes', 'martes', 'miércoles', 'jueves', 'viernes', 'sábado', 'domingo']
                else array['lun', 'mar', 'mié', 'jue', 'vie', 'sáb', 'dom'] end
            when 'it' then case when long
                then array['lunedì', 'martedì', 'mercoledì', 'giovedì', 'venerdì', 'sabato', 'domenica']
                else array['lun', 'mar', 'mer', 'gio', 'ven', 'sab', 'dom'] end
            when 'nl' then case when long
                then array['maandag', 'dinsdag', 'woensdag', 'donderdag', 'vrijdag', 'zaterdag', 'zondag']
                else array['ma', 'di', 'wo', 'do', 'vr', 'za', 'zo'] end
            when 'pt' then case when long
                then array['Segunda-feira', 'Terça-feira', 'Quarta-feira', 'Quinta-feira', 'Sexta-feira', 'Sábado',
                    'Domingo']
                else array['Seg', 'Ter', 'Qua', 'Qui', 'Sex', 'Sáb', 'Dom'] end
        end
        when 'era' then case language
            when 'fr' then array['av. J.-C.', 'ap. J.-C.']
            when 'de' then array['v. Chr.', 'n. Chr.']
            when 'it' then array['a.C.', 'dopo Cristo']
            else array['BC', 'AD']
        end
        when 'half day' then array['AM', 'PM']
    end
$$;

-- ------------------------------------------------------------------------------------------------------------- pattern

-- The tokens of a pattern; an error names a letter which is no symbol, or a quote which is not closed.
create or replace function vql.pattern_tokens(pattern text) returns text[]
language plpgsql immutable strict parallel safe as $$
declare
    tokens text[] := '{}';
    literal text;
    letter text;
    place integer := 1;
    first integer;
begin
    while place <= char_length(pattern) loop
        letter := substr(pattern, place, 1);
        first := place;
        if letter ~ '[A-Za-z]' then
            if strpos('GyYMLwWDdFEuaHkKhmsSzZX', letter) = 0 then
                perform vql.date_error(format('modèle « %s » : la lettre « %s » (position %s) n''est pas un symbole de date '
                    'documenté ; un texte se met entre apostrophes', pattern, letter, place));
            end if;
            while substr(pattern, place, 1) = letter loop
                place := place + 1;
            end loop;
            tokens := tokens || substr(pattern, first, place - first);
            continue;
        end if;
        if letter <> '''' then
            literal := letter;
            place := place + 1;
        elsif substr(pattern, place + 1, 1) = '''' then
            literal := '''';
            place := place + 2;
        else
            literal := '';
            place := place + 1;
            loop
                letter := substr(pattern, place, 1);
                if letter = '' then
                    perform vql.date_error(format('modèle « %s » : l''apostrophe ouverte à la position %s n''est pas fermée',
                        pattern, first));
                elsif letter <> '''' then
                    literal := literal || letter;
                    place := place + 1;
                elsif substr(pattern, place + 1, 1) = '''' then
                    literal := literal || '''';
                    place := place + 2;
                else
                    place := place + 1;
                    exit;
                end if;
            end loop;
        end if;
        if left(tokens[cardinality(tokens)], 1) = '''' then
            tokens[cardinality(tokens)] := tokens[cardinality(tokens)] || literal;
        else
            tokens := tokens || ('''' || literal);
        end if;
    end loop;
    return tokens;
end
$$;

-- Whether a pattern has a symbol among some letters, such as those of the time zone, 'zZX'.
create or replace function vql.pattern_has(pattern text, letters text) returns boolean
language plpgsql immutable strict parallel safe as $$
declare
    token text;
begin
    foreach token in array vql.pattern_tokens(pattern) loop
        if strpos(letters, left(token, 1)) > 0 then
            return true;
        end if;
    end loop;
    return false;
end
$$;

-- ------------------------------------------------------------------------------------------------------------- writing

-- A displacement in seconds: +02, +0200, +02:00 for 1, 2 and 3 parts.
create or replace function vql.offset_text(seconds integer, parts integer) returns text
language sql immutable strict parallel safe as $$
    select case when seconds < 0 then '-' else '+' end
        || lpad(cast(abs(seconds) / 3600 as text), 2, '0')
        || case parts when 1 then '' when 3 then ':' else '' end
        || case parts when 1 then '' else lpad(cast(abs(seconds) % 3600 / 60 as text), 2, '0') end
$$;

-- The name of the zone of the session at an instant: CEST, Central European Summer Time, otherwise GMT+05:30.
create or replace function vql.zone_name(instant timestamptz, long boolean) returns text
language plpgsql stable strict parallel safe as $$
declare
    short text := to_char(instant, 'TZ');
    name text;
begin
    if long then
        name := case short
            when 'CET' then 'Central European Time'
            when 'CEST' then 'Central European Summer Time'
            when 'WET' then 'Western European Time'
            when 'WEST' then 'Western European Summer Time'
            when 'EET' then 'Eastern European Time'
            when 'EEST' then 'Eastern European Summer Time'
            when 'GMT' then 'Greenwich Mean Time'
            when 'BST' then 'British Summer Time'
            when 'UTC' then 'Coordinated Universal Time'
            when 'EST' then 'Eastern Standard Time'
            when 'EDT' then 'Eastern Daylight Time'
            when 'CST' then 'Central Standard Time'
            when 'CDT' then 'Central Daylight Time'
            when 'MST' then 'Mountain Standard Time'
            when 'MDT' then 'Mountain Daylight Time'
            when 'PST' then 'Pacific Standard Time'
            when 'PDT' then 'Pacific Daylight Time'
        end;
    elsif short ~ '^[A-Z]{3,}$' then
        name := short;
    end if;
    return coalesce(name, 'GMT' || vql.offset_text(cast(extract(timezone from instant) as integer), 3));
end
$$;

-- The date from which the weeks of a year are counted: Monday of the week with 4 January (ISO), or, where weeks begin
-- on Sunday, Sunday of the week with 1 January.
create or replace function vql.first_week(year integer, week_start integer) returns date
language sql immutable strict parallel safe as $$
    select case
        when week_start = 1 then make_date(year, 1, 4) - cast(extract(isodow from make_date(year, 1, 4)) as integer) + 1
        else make_date(year, 1, 1) - cast(extract(dow from make_date(year, 1, 1)) as integer)
    end
$$;

-- The text of a moment: `local` gives its fields, `instant` its zone.
create or replace function vql.write_tokens(tokens text[], local timestamp, instant timestamptz, i18n text) returns text
language plpgsql stable strict parallel safe as $$
declare
    result text := '';
    token text;
    letter text;
    width integer;
    number bigint;
    week_year integer;
    week_start integer;
    before integer;
begin
    foreach token in array tokens loop
        letter := left(token, 1);
        width := char_length(token);
        number := null;
        if letter = '''' then
            result := result || substr(token, 2);
            continue;
        elsif letter = 'y' then
            number := abs(extract(year from local));
            if width = 2 then
                number := number % 100;
            end if;
        elsif letter in ('M', 'L') then
            if width > 2 then
                result := result || (vql.date_names('month', vql.i18n_language(i18n), width > 3))[extract(month from local)];
            else
                number := extract(month from local);
            end if;
        elsif letter = 'd' then
            number := extract(day from local);
        elsif letter = 'H' then
            number := extract(hour from local);
        elsif letter = 'm' then
            number := extract(minute from local);
        elsif letter = 's' then
            number := trunc(extract(second from local));
        elsif letter = 'S' then
            if width > 3 then
                result := result || rpad(to_char(local, 'US'), width, '0');
            else
                number := trunc(extract(millisecond from local)) % 1000;
            end if;
        elsif letter = 'h' then
            number := (extract(hour from local) + 11) % 12 + 1;
        elsif letter = 'K' then
            number := extract(hour from local) % 12;
        elsif letter = 'k' then
            number := (extract(hour from local) + 23) % 24 + 1;
        elsif letter = 'a' then
            result := result || case when extract(hour from local) < 12 then 'AM' else 'PM' end;
        elsif letter = 'E' then
            result := result
                || (vql.date_names('weekday', vql.i18n_language(i18n), width > 3))[extract(isodow from local)];
        elsif letter = 'u' then
            number := extract(isodow from local);
        elsif letter = 'D' then
            number := extract(doy from local);
        elsif letter = 'F' then
            number := div(extract(day from local) - 1, 7) + 1;
        elsif letter in ('w', 'Y') then
            week_start := vql.week_start(i18n);
            week_year := extract(year from local);
            if cast(local as date) >= vql.first_week(week_year + 1, week_start) then
                week_year := week_year + 1;
            elsif cast(local as date) < vql.first_week(week_year, week_start) then
                week_year := week_year - 1;
            end if;
            number := case
                when letter = 'w' then (cast(local as date) - vql.first_week(week_year, week_start)) / 7 + 1
                when width = 2 then week_year % 100
                else week_year
            end;
        elsif letter = 'W' then
            week_start := vql.week_start(i18n);
            before := (extract(dow from date_trunc('month', local)) - week_start + 7) % 7;
            number := div(extract(day from local) + before - 1, 7)
                + case when 7 - before >= case week_start when 1 then 4 else 1 end then 1 else 0 end;
        elsif letter = 'G' then
            result := result || (vql.date_names('era', vql.i18n_language(i18n), true))[
                case when extract(year from local) > 0 then 2 else 1 end
            ];
        elsif letter = 'z' then
            result := result || vql.zone_name(instant, width > 3);
        elsif letter = 'Z' then
            result := result || vql.offset_text(cast(extract(timezone from instant) as integer), 2);
        elsif letter = 'X' then
            result := result || case
                when extract(timezone from instant) = 0 then 'Z'
                else vql.offset_text(cast(extract(timezone from instant) as integer), width)
            end;
        end if;
        if number is not null then
            result := result || case
                when number < 10 and width = 2 then '0' || number
                else lpad(cast(number as text), greatest(width, char_length(cast(number as text))), '0')
            end;
        end if;
    end loop;
    return result;
end
$$;

-- The same pattern for to_char, where one says the same for every year after Christ; empty otherwise.
create or replace function vql.pattern_template(pattern text) returns text
language plpgsql immutable strict parallel safe as $$
declare
    template text := '';
    token text;
begin
    foreach token in array vql.pattern_tokens(pattern) loop
        template := template || case
            when left(token, 1) = '''' then '"' || replace(replace(substr(token, 2), '\', '\\'), '"', '\"') || '"'
            when token = 'yyyy' then 'YYYY'
            when token = 'yy' then 'YY'
            when token = 'MM' then 'MM'
            when token = 'M' then 'FMMM'
            when token = 'dd' then 'DD'
            when token = 'd' then 'FMDD'
            when token = 'HH' then 'HH24'
            when token = 'H' then 'FMHH24'
            when token = 'mm' then 'MI'
            when token = 'ss' then 'SS'
            when token = 'SSS' then 'MS'
        end;
    end loop;
    return coalesce(template, '');
end
$$;

create or replace function vql.write_moment(tokens text[], template text, value timestamp, i18n text) returns text
language plpgsql stable strict parallel safe as $$
begin
    if template <> '' and value >= timestamp '0001-01-01' then
        return to_char(value, template);
    end if;
    return vql.write_tokens(tokens, value, cast(value as timestamptz), i18n);
end
$$;
create or replace function vql.write_moment(tokens text[], template text, value timestamptz, i18n text) returns text
language plpgsql stable strict parallel safe as $$
begin
    if template <> '' and cast(value as timestamp) >= timestamp '0001-01-01' then
        return to_char(value, template);
    end if;
    return vql.write_tokens(tokens, cast(value as timestamp), value, i18n);
end
$$;
create or replace function vql.format_pattern(pattern text, value timestamp, i18n text) returns text
language sql stable parallel safe as $$
    select vql.write_moment(vql.pattern_tokens(pattern), vql.pattern_template(pattern), value, i18n)
$$;
create or replace function vql.format_pattern(pattern text, value timestamptz, i18n text) returns text
language sql stable parallel safe as $$
    select vql.write_moment(vql.pattern_tokens(pattern), vql.pattern_template(pattern), value, i18n)
$$;

create or replace function vql.formatdate(pattern text, value timestamp) returns text
language sql stable parallel safe as $$ select vql.format_pattern(pattern, value, vql.session_i18n()) $$;
create or replace function vql.formatdate(pattern text, value timestamptz) returns text
language sql stable parallel safe as $$ select vql.format_pattern(pattern, value, vql.session_i18n()) $$;
create or replace function vql.formatdate(pattern text, value date) returns text
language sql stable parallel safe as $$ select vql.formatdate(pattern, cast(value as timestamp)) $$;
create or replace function vql.formatdate(pattern text, value time) returns text
language sql stable parallel safe as $$ select vql.formatdate(pattern, timestamp '1970-01-01' + value) $$;

create or replace function vql.formatdate(pattern text, value timestamp, i18n text) returns text
language sql stable parallel safe as $$ select vql.format_pattern(pattern, value, i18n) $$;
create or replace function vql.formatdate(pattern text, value timestamptz, i18n text) returns text
language sql stable parallel safe as $$ select vql.format_pattern(pattern, value, i18n) $$;
create or replace function vql.formatdate(pattern text, value date, i18n text) returns text
language sql stable parallel safe as $$ select vql.format_pattern(pattern, cast(value as timestamp), i18n) $$;
create or replace function vql.formatdate(pattern text, value time, i18n text) returns text
language sql stable parallel safe as $$ select vql.format_pattern(pattern, timestamp '1970-01-01' + value, i18n) $$;

-- A text is no datetime; as the type of a bare NULL it gives NULL.
create or replace function vql.formatdate(pattern text, value text) returns text
language plpgsql immutable strict parallel safe as $$
begin
    return vql.date_error('FORMATDATE n''accepte pas une valeur de type text : convertissez-la d''abord, par exemple avec '
        'TO_TIMESTAMP ou TO_LOCALDATE');
end
$$;
create or replace function vql.formatdate(pattern text, value text, i18n text) returns text
language sql immutable strict parallel safe as $$ select vql.formatdate(pattern, value) $$;

-- ------------------------------------------------------------------------------------------------------------- reading

-- A regular expression for a text as it is.
create or replace function vql.literal_expression(literal text) returns text
language sql immutable strict parallel safe as $$
    select regexp_replace(literal, '([^[:alnum:][:space:]])', '\\\1', 'g')
$$;

-- A regular expression for one of several names, in upper or lower case, the longest first.
create or replace function vql.names_expression(names text[]) returns text
language sql immutable strict parallel safe as $$
    select '(' || string_agg(spelled.expression, '|' order by spelled.length desc, spelled.expression) || ')'
    from (
        select
            char_length(name) as length,
            (
                select string_agg(
                    case
                        when lower(letter) <> upper(letter) then '[' || lower(letter) || upper(letter) || ']'
                        when letter ~ '[[:alnum:] ]' then letter
                        else '\' || letter
                    end, '' order by place
                )
                from regexp_split_to_table(name, '') with ordinality as letters (letter, place)
            ) as expression
        from unnest(names) as name
    ) as spelled
$$;

-- Whether a token stands for digits.
create or replace function vql.is_number(token text) returns boolean
language sql immutable parallel safe as $$
    select coalesce(token ~ '^([yYwWDdFuHkKhmsS]+|M{1,2}|L{1,2})$', false)
$$;

-- The number of a name among those of its kind, from 1.
create or replace function vql.name_number(kind text, language text, name text) returns integer
language plpgsql immutable strict parallel safe as $$
begin
    return coalesce(
        array_position(cast(lower(cast(vql.date_names(kind, language, true) as text)) as text[]), lower(name)),
        array_position(cast(lower(cast(vql.date_names(kind, language, false) as text)) as text[]), lower(name))
    );
end
$$;

-- One regular expression for each token, in order; each symbol is one group.
create or replace function vql.pattern_pieces(tokens text[], i18n text) returns text[]
language plpgsql immutable strict parallel safe as $$
declare
    pieces text[] := '{}';
    token text;
    letter text;
    width integer;
    kind text;
    place integer;
    among_digits boolean;
begin
    for place in 1 .. cardinality(tokens) loop
        token := tokens[place];
        letter := left(token, 1);
        width := char_length(token);
        -- Digits which touch the digits of a neighbour are as many as the letters.
        among_digits := vql.is_number(tokens[place - 1]) or vql.is_number(tokens[place + 1]);
        kind := case
            when letter = 'E' then 'weekday'
            when letter in ('M', 'L') and width > 2 then 'month'
            when letter = 'G' then 'era'
            when letter = 'a' then 'half day'
        end;
        pieces := pieces || case
            when letter = '''' then vql.literal_expression(substr(token, 2))
            when kind is not null then vql.names_expression(
                vql.date_names(kind, vql.i18n_language(i18n), true) || vql.date_names(kind, vql.i18n_language(i18n), false)
            )
            when letter = 'z' then '(GMT[+-]\d{1,2}:?\d{2}|[+-]\d{4}|[A-Za-z][A-Za-z/_ ]*[A-Za-z])'
            when letter = 'Z' then '([+-]\d{4}|GMT[+-]\d{1,2}:?\d{2}|[A-Z]{3,5})'
            when letter = 'X' then '(Z|[+-]\d{2}' || case width when 1 then '' when 2 then '\d{2}' else ':\d{2}' end || ')'
            when among_digits then format('(\d{%s})', width)
            when letter = 'S' then case when width > 3 then '(\d{1,9})' else '(\d{1,3})' end
            when letter in ('y', 'Y') then '(\d{1,6})'
            when letter = 'D' then '(\d{1,3})'
            else '(\d{1,2})'
        end;
    end loop;
    return pieces;
end
$$;

-- The regular expression of a whole pattern.
create or replace function vql.pattern_expression(pattern text, i18n text) returns text
language sql immutable strict parallel safe as $$
    select '^' || coalesce(string_agg(piece, '' order by place), '') || '$'
    from unnest(vql.pattern_pieces(vql.pattern_tokens(pattern), i18n)) with ordinality as pieces (piece, place)
$$;

-- Where the fields yyyy, MM, dd, HH, mm, ss and SSS begin in a text as long as its pattern, 0 for none; empty where the
-- pattern has anything else, or one of them twice, or has no date.
create or replace function vql.pattern_places(pattern text) returns integer[]
language plpgsql immutable strict parallel safe as $$
declare
    fields text[] := array['yyyy', 'MM', 'dd', 'HH', 'mm', 'ss', 'SSS'];
    places integer[] := array[0, 0, 0, 0, 0, 0, 0];
    place integer := 1;
    field integer;
    token text;
begin
    foreach token in array vql.pattern_tokens(pattern) loop
        if left(token, 1) = '''' then
            place := place + char_length(token) - 1;
            continue;
        end if;
        field := array_position(fields, token);
        if field is null or places[field] > 0 then
            return '{}';
        end if;
        places[field] := place;
        place := place + char_length(token);
    end loop;
    return case when 0 = any (places[1:3]) then '{}' else places end;
end
$$;

-- The form of the texts which can be cut at these places without more ado; empty where the pattern has no places. Days
-- from the 29th on are left to the reading by tokens, which says what is wrong with them.
create or replace function vql.pattern_shape(pattern text) returns text
language plpgsql immutable strict parallel safe as $$
declare
    shape text := '^';
    token text;
begin
    if cardinality(vql.pattern_places(pattern)) = 0 then
        return '';
    end if;
    foreach token in array vql.pattern_tokens(pattern) loop
        shape := shape || case token
            when 'yyyy' then '(?!0000)[0-9]{4}'
            when 'MM' then '(?:0[1-9]|1[0-2])'
            when 'dd' then '(?:0[1-9]|1[0-9]|2[0-8])'
            when 'HH' then '(?:[01][0-9]|2[0-3])'
            when 'mm' then '[0-5][0-9]'
            when 'ss' then '[0-5][0-9]'
            when 'SSS' then '[0-9]{3}'
            else vql.literal_expression(substr(token, 2))
        end;
    end loop;
    return shape || '$';
end
$$;

-- Says where a text leaves its pattern: at a token whose content is not right, or, without one, where the longest
-- beginning that follows the pattern ends.
create or replace function vql.reading_error(pattern text, value text, i18n text, token integer, cause text) returns void
language plpgsql immutable parallel safe as $$
declare
    tokens text[] := vql.pattern_tokens(pattern);
    pieces text[] := vql.pattern_pieces(tokens, i18n);
    count integer := coalesce(token - 1, cardinality(pieces));
    beginning text;
    expected text;
begin
    loop
        beginning := case
            when count = 0 then ''
            else substring(value from '^(?:' || regexp_replace(array_to_string(pieces[1:count], ''), '(?<!\\)\((?!\?)', '(?:', 'g')
                || ')')
        end;
        exit when beginning is not null or count = 0;
        count := count - 1;
    end loop;
    expected := case
        when cause is not null then cause
        when count = cardinality(tokens) then 'texte en trop'
        when left(tokens[count + 1], 1) = '''' then format('« %s » attendu', substr(tokens[count + 1], 2))
        else format('« %s » attendu', tokens[count + 1])
    end;
    perform vql.date_error(format('la valeur « %s » ne suit pas le modèle « %s » : %s à la position %s',
        value, pattern, expected, coalesce(char_length(beginning), 0) + 1));
end
$$;

-- The local time which a text says, without regard to its zone.
create or replace function vql.read_tokens(
    pattern text, tokens text[], expression text, shape text, places integer[], value text, i18n text
) returns timestamp
language plpgsql stable strict parallel safe as $$
declare
    groups text[];
    token text;
    letter text;
    place integer := 0;
    field integer := 0;
    number integer;
    lowest integer;
    highest integer;
    year integer := 1970;
    month integer;
    day integer;
    day_of_year integer;
    weekday integer;
    week integer;
    week_year integer;
    hour integer := 0;
    half integer;
    halved boolean := false;
    minute integer := 0;
    second integer := 0;
    microseconds integer := 0;
    before_christ boolean := false;
    short_year boolean := false;
    oldest date := current_date - interval '80 years';
    result date;
    day_place integer;
    weekday_place integer;
begin
    if shape <> '' and value ~ shape then
        return cast(substr(value, places[1], 4) || '-' || substr(value, places[2], 2) || '-' || substr(value, places[3], 2)
            || case when places[4] > 0 then 'T' || substr(value, places[4], 2) else 'T00' end
            || case when places[5] > 0 then ':' || substr(value, places[5], 2) else ':00' end
            || case when places[6] > 0 then ':' || substr(value, places[6], 2) else ':00' end
            || case when places[7] > 0 then '.' || substr(value, places[7], 3) else '' end as timestamp);
    end if;
    groups := regexp_match(value, expression);
    if groups is null then
        perform vql.reading_error(pattern, value, i18n, null, null);
    end if;
    foreach token in array tokens loop
        place := place + 1;
        letter := left(token, 1);
        continue when letter = '''';
        field := field + 1;
        continue when letter in ('z', 'Z', 'X');
        if letter = 'E' or letter = 'G' or letter = 'a' or letter in ('M', 'L') and char_length(token) > 2 then
            number := vql.name_number(
                case letter when 'E' then 'weekday' when 'G' then 'era' when 'a' then 'half day' else 'month' end,
                vql.i18n_language(i18n), groups[field]
            );
        elsif letter = 'S' then
            microseconds := case
                when char_length(token) > 3 then cast(left(rpad(groups[field], 6, '0'), 6) as integer)
                else 1000 * cast(groups[field] as integer)
            end;
            continue;
        else
            number := cast(groups[field] as integer);
        end if;
        lowest := 0;
        highest := 999999;
        if letter = 'y' then
            year := number;
            if char_length(token) = 2 and char_length(groups[field]) = 2 then
                year := cast(extract(year from oldest) as integer);
                year := year - year % 100 + number;
                short_year := true;
            end if;
            lowest := 1;
        elsif letter in ('M', 'L') then
            month := number;
            lowest := 1;
            highest := 12;
        elsif letter = 'd' then
            day := number;
            day_place := place;
            lowest := 1;
            highest := 31;
        elsif letter = 'H' then
            hour := number;
            highest := 23;
        elsif letter = 'm' then
            minute := number;
            highest := 59;
        elsif letter = 's' then
            second := number;
            highest := 59;
        elsif letter = 'k' then
            hour := number % 24;
            lowest := 1;
            highest := 24;
        elsif letter in ('h', 'K') then
            hour := case when letter = 'h' and number = 12 then 0 else number end;
            halved := true;
            highest := case when not tokens && array['a', 'aa', 'aaa', 'aaaa'] then 23 when letter = 'h' then 12 else 11 end;
            lowest := case when highest = 12 then 1 else 0 end;
        elsif letter = 'a' then
            half := number - 1;
        elsif letter = 'G' then
            before_christ := number = 1;
        elsif letter in ('E', 'u') then
            weekday := number;
            weekday_place := place;
            lowest := 1;
            highest := 7;
        elsif letter = 'D' then
            day_of_year := number;
            day_place := place;
            lowest := 1;
            highest := 366;
        elsif letter = 'w' then
            week := number;
            day_place := place;
            lowest := 1;
            highest := 53;
        elsif letter = 'Y' then
            week_year := number;
            lowest := 1;
        else
            perform vql.date_error(format('modèle « %s » : le symbole « %s » ne sert qu''à écrire une date', pattern, token));
        end if;
        if number not between lowest and highest then
            perform vql.reading_error(pattern, value, i18n, place, format('%s hors de %s à %s', groups[field], lowest, highest));
        end if;
    end loop;
    if halved and half is not null then
        hour := hour + 12 * half;
    end if;
    if short_year and make_date(year, coalesce(month, 1), 1) + coalesce(day, 1) - 1 < oldest then
        year := year + 100;
    end if;
    if before_christ then
        year := - year;
    end if;
    if month is null and day is null and day_of_year is not null then
        result := make_date(year, 1, 1) + day_of_year - 1;
        if extract(year from result) <> year then
            perform vql.reading_error(pattern, value, i18n, day_place, format('l''année %s n''a pas de jour %s', year, day_of_year));
        end if;
    elsif month is null and day is null and week is not null then
        week_year := coalesce(week_year, year);
        result := vql.first_week(week_year, vql.week_start(i18n)) + 7 * (week - 1);
        if result >= vql.first_week(week_year + 1, vql.week_start(i18n)) then
            perform vql.reading_error(pattern, value, i18n, day_place, format('l''année %s n''a pas de semaine %s', week_year, week));
        end if;
        if weekday is not null then
            result := result + (weekday - vql.week_start(i18n) + 7) % 7;
        end if;
    else
        month := coalesce(month, 1);
        if day > 28 and day > extract(day from make_date(year, month, 1) + interval '1 month' - interval '1 day') then
            perform vql.reading_error(pattern, value, i18n, day_place,
                format('le mois %s de %s n''a pas de jour %s', month, year, day));
        end if;
        result := make_date(year, month, coalesce(day, 1));
    end if;
    if weekday is not null and weekday <> extract(isodow from result) then
        perform vql.reading_error(pattern, value, i18n, weekday_place, format('le %s n''est pas ce jour de semaine', result));
    end if;
    return result + make_interval(hours => hour, mins => minute, secs => second) + microseconds * interval '1 microsecond';
end
$$;

-- The instant which a text says, its zone included: a displacement, an abbreviation (CEST) or a name.
create or replace function vql.read_instant(
    pattern text, tokens text[], expression text, shape text, places integer[], zoned boolean, value text, i18n text
) returns timestamptz
language plpgsql stable strict parallel safe as $$
declare
    local timestamp := vql.read_tokens(pattern, tokens, expression, shape, places, value, i18n);
    groups text[];
    token text;
    field integer := 0;
    place integer := 0;
    zone text;
    zone_place integer;
    parts text[];
begin
    if not zoned then
        return cast(local as timestamptz);
    end if;
    groups := regexp_match(value, expression);
    foreach token in array tokens loop
        place := place + 1;
        continue when left(token, 1) = '''';
        field := field + 1;
        if left(token, 1) in ('z', 'Z', 'X') then
            zone := groups[field];
            zone_place := place;
        end if;
    end loop;
    parts := regexp_match(zone, '^(?:GMT)?([+-])(\d{1,2}):?(\d{2})?$');
    if parts is not null then
        return (local - cast(parts[1] || parts[2] || ':' || coalesce(parts[3], '00') as interval)) at time zone 'UTC';
    end if;
    zone := case
        when zone = 'Z' then 'UTC'
        when zone ilike 'Central European%' then 'CET'
        when zone ilike 'Western European%' then 'WET'
        when zone ilike 'Eastern European%' then 'EET'
        when zone ilike 'Greenwich Mean Time' or zone ilike 'Coordinated Universal Time' then 'UTC'
        when zone ilike 'British Summer Time' then 'BST'
        when zone ~* '^(Eastern|Central|Mountain|Pacific) (Standard|Daylight) Time$'
            then upper(left(zone, 1)) || case when zone ilike '% Daylight %' then 'DT' else 'ST' end
        else zone
    end || case when zone ilike '% European Summer Time' then '+S' else '' end;
    begin
        return case zone
            when 'CET+S' then local at time zone 'CEST'
            when 'WET+S' then local at time zone 'WEST'
            when 'EET+S' then local at time zone 'EEST'
            when 'CET' then local at time zone interval '1 hour'
            when 'WET' then local at time zone interval '0'
            when 'EET' then local at time zone interval '2 hours'
            else local at time zone zone
        end;
    exception when invalid_parameter_value then
        perform vql.reading_error(pattern, value, i18n, zone_place, format('fuseau « %s » inconnu', groups[field]));
    end;
end
$$;

-- The local time which a text says: that of its instant where it says a zone.
create or replace function vql.read_local(
    pattern text, tokens text[], expression text, shape text, places integer[], zoned boolean, value text, i18n text
) returns timestamp
language plpgsql stable strict parallel safe as $$
begin
    if zoned then
        return cast(vql.read_instant(pattern, tokens, expression, shape, places, zoned, value, i18n) as timestamp);
    end if;
    return vql.read_tokens(pattern, tokens, expression, shape, places, value, i18n);
end
$$;

-- In the i18n of the session, or in a given one. Everything but the value depends on the pattern alone: a constant
-- pattern is worked out once, and `value`, which may be costly, stands once only, so that the planner may inline.
create or replace function vql.session_expression(pattern text) returns text
language sql stable parallel safe as $$
    select case vql.session_i18n()
        when 'en' then vql.pattern_expression(pattern, 'en')
        else vql.pattern_expression(pattern, vql.session_i18n())
    end
$$;
create or replace function vql.parse_pattern(pattern text, value text) returns timestamp
language sql stable parallel safe as $$
    select vql.read_local(
        pattern, vql.pattern_tokens(pattern), vql.session_expression(pattern), vql.pattern_shape(pattern),
        vql.pattern_places(pattern), vql.pattern_has(pattern, 'zZX'), value, vql.session_i18n()
    )
$$;
create or replace function vql.parse_pattern(pattern text, value text, i18n text) returns timestamp
language sql stable parallel safe as $$
    select vql.read_local(
        pattern, vql.pattern_tokens(pattern), vql.pattern_expression(pattern, i18n), vql.pattern_shape(pattern),
        vql.pattern_places(pattern), vql.pattern_has(pattern, 'zZX'), value, i18n
    )
$$;
create or replace function vql.parse_instant(pattern text, value text) returns timestamptz
language sql stable parallel safe as $$
    select vql.read_instant(
        pattern, vql.pattern_tokens(pattern), vql.session_expression(pattern), vql.pattern_shape(pattern),
        vql.pattern_places(pattern), vql.pattern_has(pattern, 'zZX'), value, vql.session_i18n()
    )
$$;
create or replace function vql.parse_instant(pattern text, value text, i18n text) returns timestamptz
language sql stable parallel safe as $$
    select vql.read_instant(
        pattern, vql.pattern_tokens(pattern), vql.pattern_expression(pattern, i18n), vql.pattern_shape(pattern),
        vql.pattern_places(pattern), vql.pattern_has(pattern, 'zZX'), value, i18n
    )
$$;

create or replace function vql.to_localdate(pattern text, value text) returns date
language sql stable parallel safe as $$ select cast(vql.parse_pattern(pattern, value) as date) $$;
create or replace function vql.to_localdate(pattern text, value text, language text) returns date
language sql stable parallel safe as $$ select cast(vql.parse_pattern(pattern, value, language) as date) $$;

create or replace function vql.to_time(pattern text, value text) returns time
language sql stable parallel safe as $$ select cast(vql.parse_pattern(pattern, value) as time) $$;
create or replace function vql.to_time(pattern text, value text, language text) returns time
language sql stable parallel safe as $$ select cast(vql.parse_pattern(pattern, value, language) as time) $$;

create or replace function vql.to_timestamp(pattern text, value text) returns timestamp
language sql stable parallel safe as $$ select vql.parse_pattern(pattern, value) $$;
create or replace function vql.to_timestamp(pattern text, value text, language text) returns timestamp
language sql stable parallel safe as $$ select vql.parse_pattern(pattern, value, language) $$;

create or replace function vql.to_timestamptz(pattern text, value text) returns timestamptz
language sql stable parallel safe as $$ select vql.parse_instant(pattern, value) $$;
create or replace function vql.to_timestamptz(pattern text, value text, language text) returns timestamptz
language sql stable parallel safe as $$ select vql.parse_instant(pattern, value, language) $$;

-- Deprecated: its result is VDP's date, which keeps milliseconds; `timestamp` false sets the time of day to zero.
create or replace function vql.to_date(pattern text, value text) returns timestamptz
language sql stable parallel safe as $$ select date_trunc('milliseconds', vql.parse_instant(pattern, value)) $$;
create or replace function vql.to_date(pattern text, value text, i18n text) returns timestamptz
language sql stable parallel safe as $$ select date_trunc('milliseconds', vql.parse_instant(pattern, value, i18n)) $$;
create or replace function vql.to_date(pattern text, value text, "timestamp" boolean) returns timestamptz
language sql stable parallel safe as $$
    select date_trunc(case when "timestamp" then 'milliseconds' else 'day' end, vql.parse_instant(pattern, value))
$$;
create or replace function vql.to_date(pattern text, value text, i18n text, "timestamp" boolean) returns timestamptz
language sql stable parallel safe as $$
    select date_trunc(case when "timestamp" then 'milliseconds' else 'day' end, vql.parse_instant(pattern, value, i18n))
$$;
