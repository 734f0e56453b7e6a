-- What benchmarks/scale.py compares the platform with: the same work on the same files, written by hand for
-- them, one statement after the other in one session. Each statement bears its name; `copie` reads the files
-- one by one. brut has what was received; lignes, each row typed and judged in one pass (1 excluded, 2 refused,
-- 3 kept with a doubt, 0 good), with the cells as received where something is wrong.

-- == copie

-- copie
create sequence ligne cache 1000;
create table fichiers (source_fichier text, lignes bigint, sha256 text);
create table mesures (mesure text, valeur double precision);
create table brut (
    source_fichier text not null default '',
    source_ligne bigint not null default nextval('ligne'),
    charge_le timestamptz not null default now(),
    annee_scolaire text,
    n_fase_de_l_etablissement text,
    n_fase_de_l_implantation text,
    niveau text,
    genre text,
    annee_d_etudes text,
    sexe text,
    nombre_d_eleves text,
    annee text default ''
);
copy brut (
    annee_scolaire, n_fase_de_l_etablissement, n_fase_de_l_implantation, niveau, genre, annee_d_etudes, sexe,
    nombre_d_eleves
) from stdin (format csv, delimiter ';', header true, encoding 'UTF8', freeze true);

-- analyse du brut
analyze brut;

-- == types

-- sans_blancs
create function sans_blancs(texte text) returns text immutable parallel safe
return nullif(
    btrim(
        texte,
        E' \t\n\x0b\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200e\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff'
    ),
    ''
);

-- entier
create function entier(texte text) returns integer stable parallel safe
return case
    -- Nearly all cells: the number, written in the one way that PostgreSQL writes it.
    when
        octet_length(texte) < 10
        and pg_input_is_valid(texte, 'integer')
        and cast(cast(texte as integer) as text) = texte
        then cast(texte as integer)
    when sans_blancs(texte) ~ '^-?[0-9]{1,9}$' then cast(sans_blancs(texte) as integer)
end;

-- mot
create function mot(texte text) returns text immutable parallel safe
return case
    -- A cell in error of a spreadsheet, which is no word.
    when texte not like '%#%' then sans_blancs(texte)
    when sans_blancs(texte) !~ '^#(?:N/[AB]|NV|GETTING_DATA|(?:DIV/0|REF|VALUE|NUM|NULL|SPILL|CALC|FIELD|BLOCKED|CONNECT|UNKNOWN|BUSY|VALEUR|NOMBRE|NUL|PROPAGATION|EPARS|CHAMP|BLOQUE|CONNEXION|INCONNU|OCCUPE|DEEL/0|VERW|WAARDE|GETAL|LEEG|OVERLOOP|VELD|BEZUG|WERT|ZAHL|KALK|FELD|NAME|NOM|NAAM)[ \u00a0\u202f]?[!?])$'
        then sans_blancs(texte)
end;

-- lignes
create table lignes as
with typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        case
            when
                annee_scolaire like '____-____'
                and pg_input_is_valid(replace(annee_scolaire, '-', ''), 'integer')
                and cast(cast(replace(annee_scolaire, '-', '') as integer) as text)
                = replace(annee_scolaire, '-', '')
                and cast(replace(annee_scolaire, '-', '') as integer) >= 10000000
                then annee_scolaire
            when sans_blancs(annee_scolaire) ~ '^[0-9]{4}-[0-9]{4}$' then sans_blancs(annee_scolaire)
        end as annee_scolaire,
        entier(n_fase_de_l_etablissement) as etablissement_id,
        entier(n_fase_de_l_implantation) as implantation_id,
        case when niveau in ('Maternel', 'Primaire', 'Secondaire') then niveau else mot(niveau) end as niveau,
        case when genre in ('Ordinaire', 'Spécialisé') then genre else mot(genre) end as genre,
        entier(annee_d_etudes) as annee_etudes,
        case when sexe in ('F', 'M') then sexe else mot(sexe) end as sexe,
        entier(nombre_d_eleves) as nombre_eleves,
        annee_scolaire as annee_recue,
        n_fase_de_l_etablissement,
        n_fase_de_l_implantation,
        niveau as niveau_recu,
        genre as genre_recu,
        annee_d_etudes,
        sexe as sexe_recu,
        nombre_d_eleves
    from brut
    -- Each cell is typed once, though it is looked at again below.
    offset 0
),

jugees as (
    select
        *,
        case
            when implantation_id is null and lower(sans_blancs(n_fase_de_l_implantation)) = 'total' then 1
            when
                annee_scolaire is null or etablissement_id is null or implantation_id is null or niveau is null
                or genre is null or annee_etudes is null or sexe is null or nombre_eleves is null
                then 2
            when
                niveau not in ('Maternel', 'Primaire', 'Secondaire') or genre not in ('Ordinaire', 'Spécialisé')
                or sexe not in ('F', 'M')
                then 3
            else 0
        end as gravite
    from typees
    offset 0
)

select
    source_fichier,
    source_ligne,
    charge_le,
    annee_scolaire,
    etablissement_id,
    implantation_id,
    niveau,
    genre,
    annee_etudes,
    sexe,
    nombre_eleves,
    gravite,
    case
        when gravite > 0
            then array[
                annee_recue, n_fase_de_l_etablissement, n_fase_de_l_implantation, niveau_recu, genre_recu,
                annee_d_etudes, sexe_recu, nombre_d_eleves
            ]
    end as recues
from jugees;

-- effectifs
create view effectifs as
select * from lignes
where gravite in (0, 3);

-- ecarts
create table ecarts as
select
    lignes.source_fichier,
    lignes.source_ligne,
    lignes.charge_le,
    case lignes.gravite when 1 then 'exclusion' when 2 then 'rejet' else 'anomalie' end as nature,
    fautes.colonne,
    lignes.recues[fautes.place] as valeur_brute,
    fautes.motif
from lignes
cross join lateral (
    values
    (1, 3, true, 'n_fase_de_l_implantation', 'ligne de total'),
    (2, 1, annee_scolaire is null, 'annee_scolaire', 'année scolaire absente ou illisible'),
    (
        2, 2, etablissement_id is null, 'n_fase_de_l_etablissement',
        'numéro FASE de l''établissement absent ou illisible'
    ),
    (
        2, 3, implantation_id is null, 'n_fase_de_l_implantation',
        'numéro FASE de l''implantation absent ou illisible'
    ),
    (2, 4, niveau is null, 'niveau', 'niveau absent'),
    (2, 5, genre is null, 'genre', 'genre absent'),
    (2, 6, annee_etudes is null, 'annee_d_etudes', 'année d''études absente ou illisible'),
    (2, 7, sexe is null, 'sexe', 'sexe absent'),
    (2, 8, nombre_eleves is null, 'nombre_d_eleves', 'nombre d''élèves absent ou illisible'),
    (3, 4, niveau not in ('Maternel', 'Primaire', 'Secondaire'), 'niveau', 'niveau inconnu, gardé tel quel'),
    (3, 5, genre not in ('Ordinaire', 'Spécialisé'), 'genre', 'genre inconnu, gardé tel quel'),
    (3, 7, sexe not in ('F', 'M'), 'sexe', 'sexe inconnu, gardé tel quel')
) as fautes (gravite, place, presente, colonne, motif)
where lignes.gravite > 0 and lignes.gravite = fautes.gravite and fautes.presente;

-- analyse des lignes
analyze lignes, ecarts;

-- == mart

-- population
create table population as
select
    annee_scolaire,
    etablissement_id,
    implantation_id,
    niveau,
    genre,
    sum(nombre_eleves) as nombre_eleves
from effectifs
group by annee_scolaire, etablissement_id, implantation_id, niveau, genre;

-- rien de vide
alter table population
alter annee_scolaire set not null, alter etablissement_id set not null, alter implantation_id set not null,
alter niveau set not null, alter genre set not null, alter nombre_eleves set not null;

-- analyse du mart
analyze population;

-- == contrôles

-- entier en base
with presentes as (
    select
        source_fichier,
        count(*) as lignes,
        count(*) filter (
            where concat_ws(
                ' ', annee_scolaire, n_fase_de_l_etablissement, n_fase_de_l_implantation, niveau, genre,
                annee_d_etudes, sexe, nombre_d_eleves
            ) ~ 'Ã[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|Â[\u0080-\u00bf]|â€|ï¿½|ï»¿|[\ufffd\u0080-\u009f]'
        ) as abimees
    from brut
    group by source_fichier
)

select *
from fichiers
full join presentes
    using (source_fichier)
where
    fichiers.lignes is distinct from presentes.lignes
    or fichiers.lignes = 0
    or presentes.abimees > presentes.lignes * 0.01
    or exists (
        select from fichiers as autres
        where autres.sha256 = fichiers.sha256 and autres.source_fichier <> fichiers.source_fichier
    );

-- volume comparable
with reperes as (
    select percentile_disc(0.5) within group (order by lignes) as lignes
    from fichiers
)

select *
from fichiers
cross join reperes
where fichiers.lignes < reperes.lignes * 0.7 or fichiers.lignes > reperes.lignes * 1.5;

-- rien ne se perd
with placees as (
    select source_fichier, source_ligne
    from effectifs
    union all
    select source_fichier, source_ligne
    from ecarts
    where nature <> 'anomalie'
    group by source_fichier, source_ligne, nature
)

select brut.source_fichier, placees.source_fichier
from brut
full join placees
    on brut.source_fichier = placees.source_fichier and brut.source_ligne = placees.source_ligne
where
    brut.source_ligne is null
    or placees.source_ligne is null
    -- As many on both sides, none without the other: none twice.
    or (select count(*) from brut) <> (select count(*) from placees);

-- clé des effectifs
select annee_scolaire, etablissement_id, implantation_id, niveau, genre, annee_etudes, sexe
from effectifs
group by annee_scolaire, etablissement_id, implantation_id, niveau, genre, annee_etudes, sexe
having count(*) > 1;

-- écarts peu nombreux
with recues as (
    select source_fichier, count(*) as lignes
    from brut
    group by source_fichier
)

select ecarts.source_fichier, ecarts.colonne
from ecarts
inner join recues
    on ecarts.source_fichier = recues.source_fichier
where ecarts.nature <> 'exclusion'
group by ecarts.source_fichier, ecarts.colonne, recues.lignes
having count(distinct ecarts.source_ligne) > greatest(5, recues.lignes * 0.1);

-- clé du mart
select annee_scolaire, etablissement_id, implantation_id, niveau, genre
from population
group by annee_scolaire, etablissement_id, implantation_id, niveau, genre
having count(*) > 1;

-- établissements retrouvés
select count(*), count(connus.etablissement_id)
from population
left join (select distinct etablissement_id from age.dim_etablissement) as connus
    on population.etablissement_id = connus.etablissement_id
having count(connus.etablissement_id) < count(*) * 0.9;

-- implantations retrouvées
select count(*), count(connues.implantation_id)
from population
left join (select distinct implantation_id from age.dim_implantation) as connues
    on population.implantation_id = connues.implantation_id
having count(connues.implantation_id) < count(*) * 0.9;

-- niveaux
select niveau
from population
where niveau not in ('Maternel', 'Primaire', 'Secondaire')
group by niveau;

-- genres
select genre
from population
where genre not in ('Ordinaire', 'Spécialisé')
group by genre;

-- autant d'implantations
select count(distinct implantation_id)
from population
having
    abs(count(distinct implantation_id) - (select max(valeur) from mesures where mesure = 'implantations'))
    > 0.3 * (select max(valeur) from mesures where mesure = 'implantations');

-- moyenne stable
select avg(nombre_eleves)
from population
having
    abs(avg(nombre_eleves) - (select max(valeur) from mesures where mesure = 'moyenne'))
    > 0.3 * (select max(valeur) from mesures where mesure = 'moyenne');
