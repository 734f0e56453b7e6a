-- Comparison operators. Source: Denodo 7.0 manual, Comparison Operators; Text Processing Functions (SIMILARITY).
-- CONTAINSAND, CONTAINSOR and ISCONTAINED ignore case; NULL counts as unknown (Three-valued Logic).

create or replace function vql.containsand(value text, parts text[]) returns boolean
language sql immutable parallel safe as $$
    select case
        when bool_or(strpos(lower(value), lower(part)) = 0) then false
        when bool_or(value is null or part is null) then null
        else true
    end
    from unnest(parts) as part
$$;
create or replace function vql.containsor(value text, parts text[]) returns boolean
language sql immutable parallel safe as $$
    select case
        when bool_or(strpos(lower(value), lower(part)) > 0) then true
        when bool_or(value is null or part is null) then null
        else false
    end
    from unnest(parts) as part
$$;
create or replace function vql.iscontained(value text, texts text[]) returns boolean
language sql immutable parallel safe as $$
    select case
        when bool_or(strpos(lower(whole), lower(value)) = 0) then false
        when bool_or(value is null or whole is null) then null
        else true
    end
    from unnest(texts) as whole
$$;
create or replace function vql.containsand(value anyelement, parts text[]) returns boolean
language sql stable parallel safe as 'select vql.containsand(vql.to_text(value), parts)';
create or replace function vql.containsor(value anyelement, parts text[]) returns boolean
language sql stable parallel safe as 'select vql.containsor(vql.to_text(value), parts)';
create or replace function vql.iscontained(value anyelement, texts text[]) returns boolean
language sql stable parallel safe as 'select vql.iscontained(vql.to_text(value), texts)';

-- The manual names its similarity algorithms and refers to the literature; these are the usual definitions.
create or replace function vql.levenshtein(a text, b text) returns integer
language plpgsql immutable strict parallel safe as $$
declare
    previous integer[];
    current integer[];
    i integer;
    j integer;
begin
    previous := array(select generate_series(0, length(b)));
    for i in 1..length(a) loop
        current := array[i];
        for j in 1..length(b) loop
            current[j + 1] := least(
                current[j] + 1, previous[j + 1] + 1,
                previous[j] + case when substr(a, i, 1) = substr(b, j, 1) then 0 else 1 end);
        end loop;
        previous := current;
    end loop;
    return previous[length(b) + 1];
end
$$;

create or replace function vql.jaro(a text, b text) returns double precision
language plpgsql immutable strict parallel safe as $$
declare
    reach constant integer := greatest(greatest(length(a), length(b)) / 2 - 1, 0);
    taken boolean[] := array_fill(false, array[greatest(length(b), 1)]);
    matched text := '';
    in_b text := '';
    i integer;
    j integer;
    m double precision;
    swaps integer := 0;
begin
    if a = b then
        return 1;
    end if;
    for i in 1..length(a) loop
        for j in greatest(1, i - reach)..least(length(b), i + reach) loop
            if not taken[j] and substr(a, i, 1) = substr(b, j, 1) then
                taken[j] := true;
                matched := matched || substr(a, i, 1);
                exit;
            end if;
        end loop;
    end loop;
    m := length(matched);
    if m = 0 then
        return 0;
    end if;
    for j in 1..length(b) loop
        if taken[j] then
            in_b := in_b || substr(b, j, 1);
        end if;
    end loop;
    for i in 1..length(matched) loop
        if substr(matched, i, 1) <> substr(in_b, i, 1) then
            swaps := swaps + 1;
        end if;
    end loop;
    return (m / length(a) + m / length(b) + (m - swaps / 2.0) / m) / 3;
end
$$;

create or replace function vql.jaro_winkler(a text, b text) returns double precision
language sql immutable strict parallel safe as $$
    select jaro + 0.1 * common * (1 - jaro)
    from (
        select
            vql.jaro(a, b) as jaro,
            (select count(*) from generate_series(1, 4) as n
            where n <= least(length(a), length(b)) and left(a, n) = left(b, n)) as common
    ) as measured
$$;

-- Words of a text, in lower case, with the weight of a unit vector in which no word is rarer than another.
create or replace function vql.weighted_words(value text) returns table (word text, weight double precision)
language sql immutable strict parallel safe rows 10 as $$
    select word, ln(count(*) + 1) / sqrt(sum(ln(count(*) + 1) ^ 2) over ())
    from regexp_split_to_table(lower(value), '[^[:alnum:]]+') as word
    where word <> ''
    group by word
$$;

create or replace function vql.similarity(a text, b text, algorithm text default 'JaroWinklerTFIDF')
returns double precision
language plpgsql immutable strict parallel safe as $$
begin
    case lower(replace(algorithm, ' ', ''))
        when 'scaledlevenshtein' then
            return case when a = b then 1
                else 1 - vql.levenshtein(a, b)::double precision / greatest(length(a), length(b)) end;
        when 'jaro' then
            return vql.jaro(a, b);
        when 'jarowinkler' then
            return vql.jaro_winkler(a, b);
        when 'level2jaro' then
            return coalesce((
                select avg(best) from (
                    select max(vql.jaro(x.word, y.word)) as best
                    from vql.weighted_words(a) as x cross join vql.weighted_words(b) as y
                    group by x.word
                ) as matches), 0);
        when 'tfidf' then
            return coalesce((
                select sum(x.weight * y.weight)
                from vql.weighted_words(a) as x inner join vql.weighted_words(b) as y on x.word = y.word), 0);
        when 'jaccard' then
            return coalesce((
                select count(*) filter (where x.word is not null and y.word is not null)::double precision
                    / nullif(count(*), 0)
                from vql.weighted_words(a) as x full join vql.weighted_words(b) as y on x.word = y.word), 0);
        when 'jarowinklertfidf' then
            return coalesce((
                select sum(contribution) from (
                    select max(case
                        when x.word = y.word then 2
                        when vql.jaro_winkler(x.word, y.word) >= 0.9 then vql.jaro_winkler(x.word, y.word)
                    end) as best,
                    (array_agg(
                        x.weight * y.weight * vql.jaro_winkler(x.word, y.word)
                        order by x.word = y.word desc, vql.jaro_winkler(x.word, y.word) desc
                    ))[1] as contribution
                    from vql.weighted_words(a) as x cross join vql.weighted_words(b) as y
                    group by x.word
                ) as matches
                where best is not null), 0);
        else
            raise exception 'SIMILARITY : l''algorithme « % » n''est pas disponible dans ce moteur', algorithm
                using errcode = 'feature_not_supported';
    end case;
end
$$;

-- value ~ (text, threshold[, algorithm]).
create or replace function vql.similar(value text, terms text[]) returns boolean
language sql immutable parallel safe as $$
    select vql.similarity(value, terms[1], coalesce(terms[3], 'JaroWinklerTFIDF')) >= terms[2]::double precision
$$;
