"""What somebody who read this project would do to hide a change of the audit journal."""

# Works the chain out again, from the first row to the last.
REHASH = """
do $$
declare e audit.evenements; before text;
begin
    for e in select * from audit.evenements order by id loop
        e.precedent := coalesce(before, e.precedent);
        before := encode(sha256(convert_to(jsonb_build_array(
            e.id, to_char(e.fait_le at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), e.compte, e.adresse,
            e.systeme, e.revision, e.commande, e.action, e.objet, e.details, e.precedent
        )::text, 'UTF8')), 'hex');
        update audit.evenements set precedent = e.precedent, condense = before where id = e.id;
    end loop;
end $$
"""
