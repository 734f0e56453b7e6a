{{ staging(source('refnis', 'refnis'), [
    as_is('source_recu_le'),
    code(
        'lvl_refnis', 'niveau', pattern='[1-4]', sql='cast({} as integer)', required="niveau absent ou inconnu"
    ),
    nis_code('cd_refnis', 'code_nis', required="code NIS absent ou illisible"),
    expression(
        'code_nis_parent', to_code('cd_sup_refnis', domain_pattern('nis_code')), of='cd_sup_refnis',
        readable=is_code('cd_sup_refnis', domain_pattern('nis_code')) ~ ' or ' ~ is_code('cd_sup_refnis', '-'),
        optional="code de l'unité supérieure illisible"
    ),
    text('tx_refnis_de', 'nom_de'),
    text('tx_refnis_fr', 'nom_fr', required="nom français absent"),
    text('tx_refnis_nl', 'nom_nl'),
    day('dt_vldt_start', 'valide_du', pattern='dd/MM/yyyy', required="début de validité absent ou impossible"),
    day('dt_vldt_end', 'valide_au', pattern='dd/MM/yyyy', required="fin de validité absente ou impossible"),
    text('edition'),
    expression(
        'date_edition', to_date(dbt.concat(['edition', "'-01'"])), of='edition',
        readable=is_date(dbt.concat(['edition', "'-01'"])), optional="mois de l'édition impossible"
    ),
]) }}
