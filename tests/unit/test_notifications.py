"""What is said, to whom and when, decided from facts; and the words of it. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.notifications.alerts import people_of, weekly_destinations
from donnees_au_centre.notifications.decision import (
    LASTING,
    MENDED,
    NEW,
    WITHDRAWN,
    WORSE,
    Destination,
    Message,
    Said,
    decide,
)
from donnees_au_centre.notifications.declaration import Declaration, read_declaration
from donnees_au_centre.notifications.faults import find_faults
from donnees_au_centre.notifications.letter import Letter, as_html, as_markdown, as_text
from donnees_au_centre.notifications.sending import LIMITS, address_of, send
from donnees_au_centre.notifications.weekly import compose_weekly, week_of
from donnees_au_centre.notifications.wording import compose
from donnees_au_centre.project.nodes import Manifest, domains_in
from donnees_au_centre.project.versions import HELD
from donnees_au_centre.quality.facts import BROKEN, FRESHNESS, GOOD, WARNED, Affected, Quality
from donnees_au_centre.settings import ROOT
from tests.unit import notices
from tests.unit.manifests import good_manifest
from tests.unit.notices import DECLARATION, DOMAINS, NOW, OWNER, STEWARD, broken, control, quality, received

MAIL = Destination("courriel", STEWARD.email)


@pytest.fixture
def told(tmp_path: Path) -> Declaration:
    return notices.declaration(tmp_path)


def remembered(messages: Iterable[Message], at: datetime, sent: bool = True) -> list[Said]:
    """The messages as the memory gives them back."""
    return [
        Said(
            word.key,
            message.destination,
            word.word,
            word.severity,
            message.domain,
            word.label,
            word.copies,
            word.since,
            at,
            sent,
        )
        for message in messages
        for word in message.words
    ]


def words(messages: Iterable[Message]) -> list[tuple[str, str]]:
    return [(word.word, word.label) for message in messages for word in message.words]


# What is decided


def test_nothing_wrong_and_nothing_said_is_no_message(told: Declaration) -> None:
    assert decide(quality(control("a", GOOD), received("points_verts")), [], told) == []


def test_the_faults_of_a_domain_are_one_message_the_gravest_first(told: Declaration) -> None:
    state = quality(
        control("a", WARNED, label="averti"),
        control("b", label="recent"),
        control("c", label="ancien", since=NOW - timedelta(days=2)),
        broken("fct_marche"),
        control("d", domain="age", label="autre"),
    )
    messages = decide(state, [], told)
    sport = [message for message in messages if message.domain == "ags"]
    assert len(sport) == 1 and sport[0].destination == MAIL
    assert [word.label for word in sport[0].words] == ["fct_marche", "ancien", "recent", "averti"]
    assert {word.word for word in sport[0].words} == {NEW}
    # By mail and by Teams, as its route says.
    assert [message.destination.channel for message in messages if message.domain == "age"] == [
        "courriel",
        "teams",
    ]


def test_the_owner_is_in_copy_of_what_is_grave_or_strategic(told: Declaration) -> None:
    mart = "model.donnees_au_centre.fct_marche"
    simple, downstream = control("a"), control("b", dataset=None)
    downstream = replace(downstream, affected=(Affected(mart, "mart", "fct_marche", "ags", OWNER),))
    assert decide(quality(simple), [], told)[0].copies == ()
    assert decide(quality(simple), [], told, {mart})[0].copies == (OWNER.email,)
    assert decide(quality(downstream), [], told, {mart})[0].copies == (OWNER.email,)
    assert decide(quality(control("c", BROKEN)), [], told)[0].copies == (OWNER.email,)
    assert decide(quality(broken("fct_marche")), [], told)[0].copies == (OWNER.email,)


def test_the_owner_s_own_channel_hears_of_grave_faults_only(told: Declaration) -> None:
    def channels(state: Quality) -> list[str]:
        return [message.destination.channel for message in decide(state, [], told)]

    assert channels(quality(control("a", domain="age"))) == ["courriel", "teams"]
    assert channels(quality(control("a", BROKEN, domain="age"))) == ["courriel", "teams", "telephone"]


def test_somebody_is_always_told(told: Declaration) -> None:
    alone, nobody = control("a", steward=None), control("a", steward=None, owner=None)
    assert decide(quality(alone), [], told)[0].destination.mailbox == OWNER.email
    assert decide(quality(nobody), [], told)[0].destination.mailbox == "data-platform@fwb.example"


def test_two_stewards_have_a_message_each(told: Declaration) -> None:
    other = STEWARD.model_copy(update={"email": "autre@fwb.example"})
    messages = decide(quality(control("a"), control("b", steward=other)), [], told)
    assert [(message.destination.mailbox, len(message.words)) for message in messages] == [
        ("autre@fwb.example", 1),
        (STEWARD.email, 1),
    ]


def test_what_was_told_is_not_told_again_until_a_reminder_is_due(told: Declaration) -> None:
    begun, memory, days = NOW, [], []
    for age in range(30):
        # Each morning, a little earlier or later than the day before.
        now = NOW + timedelta(days=age, minutes=(-1) ** age * 5 + 6)
        messages = decide(quality(control("a", since=begun), now=now), memory, told)
        days += [(age, word) for word, _ in words(messages)]
        memory += remembered(messages, now)
    assert days == [(0, NEW)] + [(age, LASTING) for age in (1, 3, 7, 14, 21, 28)]


def test_a_fault_first_told_late_is_not_reminded_the_same_day(told: Declaration) -> None:
    state = quality(control("a", since=NOW - timedelta(days=5)))
    messages = decide(state, [], told)
    assert words(messages) == [(NEW, "fct_marche")]
    assert decide(state, remembered(messages, NOW), told) == []


def test_what_grew_worse_is_told_at_once(told: Declaration) -> None:
    memory = remembered(decide(quality(control("a", WARNED)), [], told), NOW)
    assert words(decide(quality(control("a")), memory, told)) == [(WORSE, "fct_marche")]
    better = remembered(decide(quality(control("a", BROKEN)), [], told), NOW)
    assert decide(quality(control("a", WARNED)), better, told) == []


def test_what_is_mended_is_told_to_those_who_knew_and_only_once(told: Declaration) -> None:
    memory = remembered(decide(quality(control("a", BROKEN), broken("fct_x")), [], told), NOW)
    mended = decide(quality(control("a", GOOD)), memory, told)
    assert sorted(words(mended)) == [(MENDED, "fct_marche"), (MENDED, "fct_x")]
    assert mended[0].copies == (OWNER.email,)
    # The memory then gives nothing back: the series is closed.
    assert decide(quality(control("a", GOOD)), [], told) == []


def test_a_control_that_left_the_project_is_not_called_mended(told: Declaration) -> None:
    memory = remembered(decide(quality(control("a")), [], told), NOW)
    assert words(decide(quality(control("b", GOOD)), memory, told)) == [(WITHDRAWN, "fct_marche")]


def test_an_erased_history_mends_nothing(told: Declaration) -> None:
    memory = remembered(decide(quality(control("a"), broken("fct_x")), [], told), NOW)
    assert decide(quality(runs=()), memory, told) == []


def test_what_could_not_be_sent_is_said_again(told: Declaration) -> None:
    state = quality(control("a"))
    memory = remembered(decide(state, [], told), NOW, sent=False)
    assert words(decide(state, memory, told)) == [(NEW, "fct_marche")]


def test_what_came_and_went_while_the_channel_was_down_is_said_as_such(told: Declaration) -> None:
    memory = remembered(decide(quality(control("a")), [], told), NOW, sent=False)
    messages = decide(quality(control("a", GOOD)), memory, told)
    assert words(messages) == [(MENDED, "fct_marche")]
    assert "l'alerte n'avait pas pu partir" in as_text(compose(messages[0], told, NOW))


def test_a_channel_that_was_down_changes_nothing_for_the_others(told: Declaration) -> None:
    state = quality(control("a", domain="age"))
    messages = decide(state, [], told)
    memory = [
        one
        for message in messages
        for one in remembered([message], NOW, sent=message.destination.channel == "courriel")
    ]
    again = decide(state, memory, told)
    assert [message.destination.channel for message in again] == ["teams"]


def test_a_change_of_route_mends_nothing(told: Declaration) -> None:
    memory = remembered(decide(quality(control("a")), [], told), NOW)
    moved = quality(control("a", steward=STEWARD.model_copy(update={"email": "nouvelle@fwb.example"})))
    assert words(decide(moved, memory, told)) == [(NEW, "fct_marche")]


def test_a_late_source_is_a_fault_and_told_once() -> None:
    late = received("points_verts", late=True, due=date(2026, 11, 20))
    fresh = control("points_verts", WARNED, kind=FRESHNESS, unique_id=late.unique_id)
    assert [fault.key.partition(":")[0] for fault in find_faults(quality(late))] == ["retard"]
    assert [fault.key.partition(":")[0] for fault in find_faults(quality(late, fresh))] == ["controle"]
    assert find_faults(quality(late))[0].text == (
        "Données promises chaque mois, attendues le 20 novembre 2026, pas reçues."
    )


def test_a_failed_load_is_as_grave_as_an_error(told: Declaration) -> None:
    state = quality(received("points_verts", failure="points_verts.csv : la colonne id manque", last=None))
    messages = decide(state, [], told)
    assert messages[0].copies == (OWNER.email,)
    assert "la colonne id manque" in as_text(compose(messages[0], told, NOW))
    # It has no date of its own: its age counts from the first word.
    tomorrow = replace(state, made_at=NOW + timedelta(days=1))
    assert words(decide(tomorrow, remembered(messages, NOW), told)) == [(LASTING, "points_verts")]


# What is written


@pytest.mark.parametrize(
    "rows, counted, said",
    [
        (None, "cas", ""),
        (0, "cas", ""),
        (1, "cas", "moins de 5\u00a0cas"),
        (4, "cas", "moins de 5\u00a0cas"),
        (5, "cas", "5\u00a0cas"),
        (12_168, "cas", "12\u202f168\u00a0cas"),
        (1, "fichier", "1\u00a0fichier"),
        (2, "fichier", "2\u00a0fichiers"),
    ],
)
def test_no_small_count_of_rows_is_said(rows: int | None, counted: str, said: str) -> None:
    (fault,) = find_faults(quality(control("a", rows=rows, counted=counted)))
    assert fault.rows == said


def test_a_load_that_fails_is_told_once_and_since_its_receipt() -> None:
    source = received("points_verts", failure="marches.json : coupé", failed_at=NOW - timedelta(hours=1))
    seen = control("comme_declare", WARNED, dataset=source.unique_id, counted="fichier")
    (fault,) = find_faults(quality(seen, source))
    assert (fault.key, fault.since) == (f"chargement:{source.unique_id}", NOW - timedelta(hours=1))
    (fault,) = find_faults(quality(seen, received("points_verts")))
    assert fault.text == f"Règle non respectée\u00a0: {seen.text}"


def test_a_small_count_is_in_no_form_of_the_letter(told: Declaration) -> None:
    state = quality(control("a", rows=3, message="Got 3 results, configured to fail if != 0", column=None))
    letter = compose(decide(state, [], told)[0], told, NOW)
    for form in (as_html(letter), as_markdown(letter), as_text(letter)):
        assert "moins de 5" in form and "Got" not in form


def test_the_letter_tells_which_figures_stay_and_why(told: Declaration) -> None:
    held = f"{HELD} : à corriger d'abord : essai. En attendant, les chiffres du 24 novembre restent."
    letter = compose(decide(quality(broken("fct_marche", message=held)), [], told)[0], told, NOW)
    text = " ".join(as_text(letter).split())
    assert "Le mart n'est pas offert. À corriger d'abord : essai." in text
    assert "les chiffres du 24 novembre restent" in text and "construite" not in text


def test_the_letter_says_all_that_its_reader_needs(told: Declaration) -> None:
    state = quality(broken("fct_marche", since=NOW - timedelta(days=2)))
    letter = compose(decide(state, [], told)[0], told, NOW)
    assert letter.subject == "AGS\u00a0: 1\u00a0nouveau problème (fct_marche)"
    text = " ".join(as_text(letter).split())
    for said in (
        "Ce que disent les contrôles des données, le 26 novembre 2026 à 05:12.",
        "Erreur : La table n'a pas pu être construite",
        "Où : fct_marche",
        "Depuis : le 24 novembre 2026 à 05:12 (2 jours)",
        'Détail technique : column "marche" does not exist',
        "Ce qui en dépend : fct_croise (Transversal)",
        f"Qui agit : {STEWARD.function} ({STEWARD.email})",
        f"Qui en répond : {OWNER.function} ({OWNER.email})",
        "Pour l'équipe technique : models/ags/marts/fct_marche.sql",
        "https://donnees.fwb.example/qualite/ags.html",
    ):
        assert said in text, said


def test_the_subject_counts_each_kind(told: Declaration) -> None:
    memory = remembered(decide(quality(control("a"), control("b")), [], told), NOW - timedelta(days=1))
    old = control("a", since=NOW - timedelta(days=1))
    state = quality(old, control("b", GOOD), control("c"), broken("fct_marche"))
    letter = compose(decide(state, memory, told)[0], told, NOW)
    assert letter.subject == (
        "AGS\u00a0: 2\u00a0nouveaux problèmes, 1\u00a0problème qui dure, 1\u00a0problème réparé"
    )
    assert [section.title for section in letter.sections] == [
        "Nouveau",
        "Dure toujours",
        "N'est plus en faute",
    ]


def test_what_is_mended_says_what_goes_again(told: Declaration) -> None:
    wrong = quality(broken("fct_marche"), received("points_verts", failure="marches.json : coupé"))
    memory = remembered(decide(wrong, [], told), NOW)
    text = as_text(compose(decide(quality(), memory, told)[0], told, NOW)).replace("\u00a0", " ")
    assert "fct_marche : La table se construit de nouveau." in text
    assert "points_verts : Le fichier se charge de nouveau." in text


def test_a_message_names_the_gravest_and_counts_the_others(told: Declaration) -> None:
    state = quality(*(control(f"c{place}") for place in range(15)))
    letter = compose(decide(state, [], told)[0], told, NOW)
    assert len(letter.sections[0].items) == 3
    assert letter.sections[0].left == "et 12\u00a0autres, sur la page du domaine."
    assert letter.subject == "AGS\u00a0: 15\u00a0nouveaux problèmes"


def test_html_escapes_what_is_told_and_needs_nothing_from_elsewhere(told: Declaration) -> None:
    state = quality(control("a", text='Une note <= 20 & "ronde".', label="<script>"))
    html = as_html(compose(decide(state, [], told)[0], told, NOW))
    assert "Une note &lt;= 20 &amp; " in html and "<script" not in html
    assert "src=" not in html and "@import" not in html and "url(" not in html


def test_teams_is_given_nobody_to_call(told: Declaration) -> None:
    state = quality(control("a", text="Voir <at>tous</at>."))
    assert "<at>" not in as_markdown(compose(decide(state, [], told)[0], told, NOW))


# The weekly digest


def test_the_digest_says_the_week_in_one_page(told: Declaration) -> None:
    state = quality(
        control("a", rows=2, advice="Corriger la base."),
        control("b", since=NOW - timedelta(days=20), advice="Corriger la base.", label="fct_vieux"),
        control("c", GOOD, mended=NOW - timedelta(days=3), former=WARNED, label="fct_gueri"),
        control("d", GOOD, mended=NOW - timedelta(days=12), former=WARNED, label="fct_ancien"),
        control("e", domain="age", label="fct_ailleurs"),
        received("points_verts", late=True, due=date(2026, 11, 20)),
        days={"ags": notices.days((80, 100), (80, 100), *[(90, 100)] * 6, (92, 100))},
    )
    letter = compose_weekly(state, "ags", told)
    assert letter.subject == "AGS\u00a0: la qualité des données au 26 novembre 2026"
    assert letter.intro == (
        "92\u00a0contrôles sur 100 sont bons, soit un score de 92,0 sur 100, en hausse par "
        "rapport à la semaine passée (80,0)."
    )
    sections = {section.title: section for section in letter.sections}
    assert list(sections) == [
        "À faire cette semaine",
        "Ce qui s'est cassé cette semaine",
        "Ce qui dure depuis plus longtemps",
        "Ce qui est en retard",
        "Ce qui a été réparé",
    ]
    tasks = sections["À faire cette semaine"].items
    assert tasks[0].title == "Corriger la base."
    assert tasks[0].lines == (("Pour", "fct_vieux, fct_marche"),)
    assert len(tasks) == 2
    assert "fct_gueri" in sections["Ce qui a été réparé"].items[0].title
    text = as_text(letter)
    assert "moins de 5" in text and "fct_ancien" not in text and "fct_ailleurs" not in text


def test_the_digest_of_a_good_week_is_short(told: Declaration) -> None:
    letter = compose_weekly(
        quality(control("a", GOOD), days={"ags": notices.days(*[(10, 10)] * 9)}), "ags", told
    )
    assert "Tous les contrôles sont bons (10), comme la semaine passée." in letter.intro
    assert [section.title for section in letter.sections] == ["À faire cette semaine"]
    assert "Rien" in letter.sections[0].items[0].title


def test_a_score_is_not_rounded_up_to_a_hundred(told: Declaration) -> None:
    state = quality(days={"ags": notices.days((9_999, 10_000))})
    assert "soit un score de 99,9 sur 100" in compose_weekly(state, "ags", told).intro
    assert "Aucun contrôle" in compose_weekly(quality(), "ags", told).intro


def test_weeks_are_those_of_brussels() -> None:
    assert week_of(datetime.fromisoformat("2026-11-29T22:30:00+00:00")) == "2026-W48"
    assert week_of(datetime.fromisoformat("2026-11-29T23:30:00+00:00")) == "2026-W49"


def test_the_digest_goes_to_the_steward_of_the_domain_and_its_owner_in_copy(told: Declaration) -> None:
    manifest = Manifest(good_manifest())
    owner, steward = people_of(manifest, "age")
    assert owner and steward
    assert weekly_destinations(manifest, told, "age") == {
        Destination("courriel", steward.email): (owner.email,)
    }
    assert weekly_destinations(manifest, told, "inconnu") == {
        Destination("courriel", "data-platform@fwb.example"): ()
    }


# The declaration


def test_the_project_s_own_declaration_is_right() -> None:
    declaration = read_declaration(ROOT, domains_in(ROOT))
    assert [channel.kind for channel in declaration.route("age", "gestionnaire")] == ["courriel"]
    assert declaration.page_of("age") == "build/reports/qualite/age.html"


@pytest.mark.parametrize(
    "wrong, right, said",
    [
        (
            "genre: teams, variable: ALERTES_TEAMS",
            "genre: msn, variable: ALERTES_TEAMS",
            "`genre: msn` n'existe",
        ),
        ("variable: ALERTES_TEAMS", "variable: 'https://secret/sig=1'", "jamais dans ce fichier"),
        ("variable: ALERTES_TEAMS", "adresse: x", "clé inconnue `adresse` dans le canal teams"),
        ("[courriel, teams]", "[courriel, pigeon]", "route age, gestionnaire : canal inconnu pigeon"),
        ("  age:", "  agx:", "route agx : ce domaine n'existe pas ; choisissez parmi age, ags"),
        ("proprietaire: [courriel],", "", "route defaut : il manque `proprietaire`"),
        ("[1, 3, 7]", "[3, 1]", "`rappels.jours`"),
        ("ensuite: 7", "ensuite: 0", "`rappels.ensuite`"),
        ("problemes_par_message: 3", "problemes_par_message: trois", "`problemes_par_message`"),
        ("https://donnees", "http://donnees", "commence par https://"),
        ("pages: https", "recours: a@b.example\npages: https", "clé inconnue `recours`"),
        ("pages:", "page:", "clé inconnue `page` au premier niveau"),
        ("canaux:", "canaux: [", "n'est pas du YAML lisible"),
    ],
)
def test_a_wrong_declaration_is_told_in_french(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    assert wrong in DECLARATION
    with pytest.raises(PlatformError) as caught:
        notices.declaration(tmp_path, DECLARATION.replace(wrong, right))
    assert said in caught.value.message and "policies/channels/canaux.yml" in caught.value.message
    assert "secret/sig" not in str(caught.value)


def test_a_missing_declaration_is_told(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="n'existe pas"):
        read_declaration(tmp_path, DOMAINS)


def test_the_address_of_a_channel_is_checked_and_never_shown(told: Declaration) -> None:
    teams, mail = told.channels["teams"], told.channels["courriel"]
    assert address_of(teams, {}) is None
    for channel, address in ((teams, "ntfy://h/motdepasse"), (mail, "motdepasse"), (mail, "mailto://")):
        with pytest.raises(PlatformError) as caught:
            address_of(channel, {channel.variable: address})
        assert channel.variable in caught.value.message and "motdepasse" not in str(caught.value)
    given = "https://prod-1.westeurope.logic.azure.com:443/workflows/abc/triggers/manual/paths/invoke"
    assert address_of(teams, {"ALERTES_TEAMS": f"{given}?api-version=2016-06-01&sp=x&sv=1.0&sig=abc"})


def test_a_letter_too_long_for_a_telephone_names_less(told: Declaration) -> None:
    declaration = told.model_copy(update={"most": 12})
    state = quality(*(control(f"c{place}", text="Une phrase. " * 60) for place in range(9)))
    message, made = decide(state, [], declaration)[0], []

    def letter(most: int | None) -> Letter:
        made.append(compose(message, declaration, NOW, most))
        return made[-1]

    # Nobody listens there: what counts is what would have left.
    assert "ne répond pas" in send(declaration.channels["telephone"], "ntfy://127.0.0.1:9/x", letter, "", ())
    assert len(as_markdown(made[0]).encode()) > LIMITS["ntfy"] >= len(as_markdown(made[-1]).encode())
    assert 0 < len(made[-1].sections[0].items) < 9
    assert made[-1].sections[0].left
