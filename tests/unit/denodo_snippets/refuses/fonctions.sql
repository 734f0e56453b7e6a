--- vql-fonction
select «length»(nom) as n from t

--- vql-fonction
select «char_length»(nom) as n from t

--- vql-fonction
select «LEFT»(nom, 3) as n from t

--- vql-fonction
select «right»(nom, 3) as n from t

--- vql-fonction
select «lpad»(code, 5, '0') as n from t

--- vql-fonction
select «split_part»(nom, ',', 1) as n from t

--- vql-fonction
select «strpos»(nom, 'a') as n from t

--- vql-fonction
select «initcap»(nom) as n from t

--- vql-fonction
select «translate»(nom, 'é', 'e') as n from t

--- vql-fonction
select «md5»(nom) as n from t

--- vql-fonction
select «sha256»(nom) as n from t

--- vql-fonction
select «to_char»(jour, 'YYYY-MM') as n from t

--- vql-fonction
select «to_number»(x, '999') as n from t

--- vql-fonction
select «date_trunc»('month', jour) as n from t

--- vql-fonction
select «date_part»('year', jour) as n from t

--- vql-fonction
select «age»(fin, debut) as n from t

--- vql-fonction
select «make_date»(annee, 1, 1) as n from t

--- vql-fonction
select «string_agg»(nom, ', ') as n from t

--- vql-fonction vql-agregat-ordre
select «string_agg»(nom, ', ' «order by nom») as n from t

--- vql-fonction
select «array_agg»(nom) as n from t

--- vql-fonction
select «json_build_object»('a', a) as n from t

--- vql-fonction
select «greatest»(a, b) as n from t

--- vql-fonction
select «least»(a, b) as n from t

--- vql-fonction
select «bool_or»(actif) as n from t

--- vql-fonction
select «bool_and»(actif) as n from t

--- vql-fonction
select «every»(actif) as n from t

--- vql-fonction
select «any_value»(nom) as n from t

--- vql-fonction
select «regexp_replace»(nom, 'a', 'b', 'g') as n from t

--- vql-fonction
select «regexp_matches»(nom, 'a') as n from t

--- vql-fonction
select «regexp_substr»(nom, 'a') as n from t

--- vql-fonction
select nom from t where «regexp_like»(nom, 'a')

--- vql-fonction
select «btrim»(nom) as n from t

--- vql-fonction
select «concat_ws»('-', a, b) as n from t

--- vql-fonction
select «format»('%s', a) as n from t

--- vql-fonction
select «stddev»(x) as n from t

--- vql-fonction
select «var_pop»(x) as n from t

--- vql-fonction
select «random»() as n

--- vql-fonction
select «gen_random_uuid»() as n

--- vql-fonction
select «unnest»(liste) as n from t

--- vql-fonction
select «row_to_json»(t) as n from t

--- vql-fonction
select «nvl»(a, b) as n from t

--- vql-fonction vql-booleen-valeur
select «if»(«a > 1», 1, 0) as n from t

--- vql-fonction
select «ceiling»(x) as n from t

--- vql-fonction
select «chr»(65) as n

--- vql-fonction
select «last_day»(jour) as n from t

--- vql-fonction
select «to_timestmp»('yyyy', x) as n from t

--- vql-fonction
select «inconnue»(x) as n from t

--- vql-fonction
select «current_time» as n

--- vql-fonction
select «localtimestamp» as n

--- vql-fonction
select «current_user» as n

--- vql-fonction
select «overlay»(nom placing 'x' from 2 for 3) as n from t

--- vql-fonction
select «try_cast»(x as integer) as n from t

--- vql-fonction
select «clock_timestamp»() as n

--- vql-fonction
select coalesce(«date_part»('year', jour), 0) as n from t

--- vql-arguments
select «replace»(nom, 'a') as n from t

--- vql-arguments
select «nullif»(a) as n from t

--- vql-arguments
select «concat»(a) as n from t

--- vql-arguments
select «current_timestamp»(3) as n

--- vql-arguments
select «upper»(a, b) as n from t

--- vql-arguments
select «trunc»(x, 2) as n from t

--- vql-arguments
select «position»('a', nom) as n from t

--- vql-arguments
select «sum»(*) as n from t

--- vql-forme-appel
select «pg_catalog.upper»(nom) as n from t

--- vql-forme-appel
select replace(«texte =>» nom, 'a', 'b') as n from t

--- vql-ordre-motif portable=non
select «to_date»(x, 'YYYY-MM-DD') as n from t

--- vql-ordre-motif
select «to_localdate»(x, 'yyyy-MM-dd') as n from t

--- vql-substring
select «substring»(nom from '[0-9]+') as n from t

--- vql-substring
select substring(nom «for» 3) as n from t

--- vql-trim
select «trim»(nom, 'x') as n from t

--- sens-trim-caracteres
select trim(both «'xyz'» from nom) as n from t

--- vql-trim
select «ltrim»(code, '0') as n from t

--- vql-extract
select extract(«epoch» from instant) as n from t

--- vql-extract
select extract(«isodow» from jour) as n from t

--- vql-extract
select extract(«century» from jour) as n from t

--- vql-extract
select extract(«isoyear» from jour) as n from t

--- vql-filter
select count(*) «filter» (where a > 1) as n from t

--- vql-filter
select sum(x) «filter» (where actif) as n from t

--- vql-fonction vql-agregat-ordre
select «array_agg»(nom «order by annee desc») as n from t

--- vql-within-group
select percentile_cont(0.5) «within group» (order by x) as n from t

--- vql-within-group
select mode() «within group» (order by x) as n from t

--- vql-fenetre
select «rank»() as n from t

--- vql-fenetre
select sum(x) over (partition by a, «b») as n from t

--- vql-fenetre
select row_number() over (partition by a order by b, «c») as n from t

--- vql-fenetre sens-fenetre
select lag(x) «ignore nulls» «over» (order by b) as n from t

--- vql-fenetre
select «nth_value»(x, 2) over (order by b) as n from t

--- vql-fenetre
select count(«distinct» x) over (partition by b) as n from t

--- vql-fenetre
select sum(x) over (order by b rows between 1 preceding and current row «exclude» current row) as n from t

--- vql-fenetre
select sum(x) over (order by b «groups» between 1 preceding and current row) as n from t

--- sens-fenetre
select row_number() «over» (partition by a order by b) as n from t

--- sens-fenetre
select sum(x) «over» () as n from t

--- sens-substring
select «substring»(nom, 1, 3) as n from t

--- sens-substring
select «SUBSTRING»(nom, 2) as n from t

--- sens-instr
select «instr»(nom, 'a') as n from t

--- sens-trim
select «trim»(nom) as n from t

--- sens-trim sens-trim
select «ltrim»(nom) as n, «rtrim»(nom) as m from t

--- sens-to-date
select «to_date»(x, 'YYYY-MM-DD') as n from t

--- sens-to-date
select «to_timestamp»('yyyy-MM-dd', x) as n from t

--- sens-log
select «log»(2, x) as n from t

--- sens-trunc-date
select «trunc»(jour, 'MONTH') as n from t

--- sens-trunc-date
select «trunc»(current_date) as n

--- sens-max-min
select «max»(a, b) as n from t

--- sens-max-min
select «min»(a, b, c) as n from t

--- sens-jour-semaine
select «getdayofweek»(jour) as n from t

--- sens-jour-semaine
select «firstdayofweek»(jour) as n from t

--- sens-milliseconde
select extract(«millisecond» from instant) as n from t

--- avis-extract-seconde
select extract(«second» from timestamp '2024-01-01 10:00:00') as n

--- avis-motif-java
select formatdate(«'YYYY-MM-DD'», jour) as n from t

--- vql-extract
select extract(«'year'» from recu_le) as annee from t

--- vql-fonction
select «addquarter»(recu_le, 1) as x from t
