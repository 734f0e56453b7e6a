"""`new-source`: from a file or a system that nothing reads yet to a source, its staging and their tests."""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import yaml

from donnees_au_centre.audit.runs import note_run, received_before
from donnees_au_centre.cli import new_system
from donnees_au_centre.cli.answers import Answers
from donnees_au_centre.cli.confirmation import is_set
from donnees_au_centre.cli.dictionary import OPTION, described_by_a_sheet, dictionary_of, words_told
from donnees_au_centre.cli.new_model import check_names, source_columns, staging_files
from donnees_au_centre.cli.new_system import System
from donnees_au_centre.cli.session import Access, Session, open_project, parse_or_fail
from donnees_au_centre.cli.source_files import NewTable, read_as, source_yaml, table_yaml
from donnees_au_centre.cli.writings import Writing, redraw, writing
from donnees_au_centre.discovery.columns import ColumnLook, References, name_key
from donnees_au_centre.discovery.dictionary import NO_WORDS, Words
from donnees_au_centre.discovery.locations import Place, place_of
from donnees_au_centre.discovery.look import FileLook, look
from donnees_au_centre.discovery.personal import OF_ROW
from donnees_au_centre.discovery.typings import Typing, guess
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted, meant
from donnees_au_centre.inert import argument, line
from donnees_au_centre.landing import load_landing, names, opening, read_declarations
from donnees_au_centre.landing.identifiers import IDENTIFIER
from donnees_au_centre.landing.kinds import name_of
from donnees_au_centre.landing.workbook import BOOKS
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.domains import PROJECT
from donnees_au_centre.project.metadata import governance_of
from donnees_au_centre.project.nodes import Manifest, Node, Source, domains_in
from donnees_au_centre.project.rules.governing import GDPR_ARTICLE
from donnees_au_centre.settings import Settings

USAGE = "make new-source FICHIER=age/ma_source/fichier.xlsx"
# What is said of a source: the key, its option, the question, an example.
SAID: Mapping[str, tuple[str, str, str]] = {
    "finalite": ("FINALITE", "À quoi servent ces données ?", "Suivre ce que le service offre."),
    "base_legale": (
        "BASE_LEGALE",
        "Quel décret ou quelle loi permet de les traiter ? (groupe : ce que dit celui de l'AG)",
        "Décret relatif à … ; RGPD, article 6(1)(e).",
    ),
    "conservation": (
        "CONSERVATION",
        "Combien de mois les garder ? (groupe : ce que dit celui de l'AG)",
        "60",
    ),
}
SAID_OF_PEOPLE: Mapping[str, tuple[str, str, str]] = {
    "personnes_concernees": ("PERSONNES", "De qui parlent ces données ?", "Élèves et leurs parents."),
    "destinataires": ("DESTINATAIRES", "Qui les reçoit ?", "Direction des inscriptions."),
}
YES_OR_NO = ("oui", "non", "1", "0", "true", "false")
BY_PERSON = (
    "PAR_PERSONNE",
    "Chaque ligne parle-t-elle d'une personne, nommée, numérotée ou sous pseudonyme ? (oui/non)",
    "oui ou non",
)
# What new data sets of an administration need when its group says nothing.
SAID_BY_GROUP: Mapping[str, tuple[str, str, str]] = {
    "source_authentique": ("SOURCE_AUTHENTIQUE", "Qu'est-ce qui fait foi ?", "Registre des établissements."),
    "rafraichissement": ("RAFRAICHISSEMENT", "Tous les combien de mois un nouveau fichier ?", "12"),
}
OF_GROUP = "groupe"
MEASURES = (
    "Les colonnes qui disent qui est une personne restent dans la table brute, que lit la seule cellule "
    "habilitée ; le staging n'en a au plus qu'un pseudonyme."
)
ADDED, REPLACED = "s_ajoutent", "se_remplacent"
# Names of columns by which a person is known, rather than by a name that others have too.
IDENTIFYING = re.compile(
    r"niss|nrn|rrn|insz|national|matricule|identifiant|identifier|(^|_)id(_|$)|numero|^n_|stamnummer"
)
# Where the codes and names that others know are, when commun is built.
REFERENCES = {
    "nis_code": "select distinct code_nis from commun.dim_commune",
    "postal_code": "select distinct code_postal from commun.dim_code_postal",
    "commune": "select distinct nom_normalise from commun.dim_commune_nom",
}
SEED = "seeds/commun/codes_postaux_communes.csv"
IN_FRENCH = {"nis_code": "codes NIS", "postal_code": "codes postaux", "commune": "noms de communes"}


def new_source(settings: Settings, options: Mapping[str, str]) -> int:
    """Declares a source, loads it, and writes its staging model, its écarts and their tests.

    Args:
        options: FICHIER, below the landing zone, or a path that is copied there (AG, SOURCE); or GENRE and
            CONNEXION of a system, which alone show what it has, with AG, SOURCE, EMPLACEMENT, DOSSIER,
            OPTIONS, INCREMENTAL; those of SAID; EN_TETE, TABLE, PERSONNEL, PERSONNE, SUCCESSION, DESCRIPTION;
            DICTIONNAIRE of its provider, with NOMS and COLONNE.

    Raises:
        PlatformError: the file or the system cannot be looked at or loaded, a declaration reads it already,
            or something that nobody can know was not said.
    """
    answers = Answers.to(options)
    system = new_system.system_of(answers)
    if system is not None and not system.is_chosen:
        print(new_system.shown_places(system))
        return 0
    system = system and new_system.placed(settings.root, system, answers)
    path = new_system.path_in_zone(system) if system else landed(settings, answers)
    session = Session(settings)
    access, manifest = open_project(session)
    known = references(settings.root, access)
    told = NO_WORDS
    if system is not None and not system.of_files:
        new_system.refuse_read(system, manifest)
        with session.step("Lecture de la source"):
            found, told = new_system.looked_at(system, known)
    else:
        refuse_declared(path, manifest)
        if system is not None:
            with session.step("Lecture de la source"):
                new_system.fetch_one(settings.landing, system, session.say)
        with session.step("Lecture du fichier"):
            found = looked(settings.landing, path, known, answers)
    print(f"\n{shown(path, found)}\n", flush=True)
    told = described_by(settings, answers, path, found, told)
    new = declared(settings.root, manifest, answers, path, found, system, told)
    name = staging_name(new)
    check_names(settings.root, new.domain, name)
    with writing(settings.root, f"new-source FICHIER={path}") as at_work:
        declare(at_work, new)
        node = source_of(parse_or_fail(session).manifest, new)
        load_one(settings, access, session, node)
        files = staging_of(new, name, node)
        at_work.create(files)
        redraw(at_work)
        at_work.uses += [rf"\b{name}\b", rf"""['"]{new.source}['"],\s*['"]{new.table}['"]"""]
        at_work.left += [
            f"Resteraient ce qui a été reçu, et ses lignes dans {node.schema}.{node.relation} : make orphans "
            "les montre."
        ]
        parse_or_fail(session)
    print("\nÉcrits :", *(f"  {one}" for one in (new.file, *files)), sep="\n")
    print(f"\n{next_steps(new, name)}")
    return 0


# The file


def landed(settings: Settings, answers: Answers) -> str:
    """The path of the file below the landing zone; one from elsewhere is copied there.

    Raises:
        PlatformError: no such file, or no place for it.
    """
    given = answers.of("FICHIER", "Quel fichier, sous la zone de dépôt ?")
    if not given:
        raise PlatformError("Quel fichier déclarer ?", f"Donnez son chemin : {USAGE}")
    caller = answers.given("CALLER_FOLDER")
    candidates = [
        settings.landing / given,
        settings.root / given,
        *([Path(caller) / given] if caller else []),
    ]
    file = next((one for one in candidates if one.is_file()), None)
    if file is None:
        raise PlatformError(
            f"Aucun fichier de ce nom : {given}.",
            f"Déposez-le dans {settings.landing}/<ag>/<source>/, puis : {USAGE}",
        )
    if file.is_relative_to(settings.landing):
        path = file.relative_to(settings.landing).as_posix()
    else:
        path = copied(settings, answers, file)
    domain, *folders, _ = path.split("/")
    known = domains_in(settings.root)
    if domain not in known or len(folders) != 1 or not IDENTIFIER.fullmatch(folders[0]):
        raise PlatformError(
            f"{path} n'est pas rangé comme <ag>/<source>/<fichier>.",
            f"AG parmi {', '.join(known)} ; la source en minuscules sans accent, chiffres et _ : "
            f"déplacez-le, puis {USAGE}",
        )
    return path


def copied(settings: Settings, answers: Answers, file: Path) -> str:
    """Copies a file from elsewhere into the landing zone; its path there.

    Raises:
        PlatformError: nobody said where, or another file has this place.
    """
    known = domains_in(settings.root)
    domain = answers.of("AG", f"Pour quelle AG ({', '.join(known)}) ?")
    source = answers.of("SOURCE", "Comment nommer la source (minuscules, chiffres et _) ?")
    if domain not in known or not IDENTIFIER.fullmatch(source):
        raise PlatformError(
            f"{file.name} n'est pas dans la zone de dépôt.",
            f"Déposez-le dans {settings.landing}/<ag>/<source>/, ou donnez AG= et SOURCE= : il y sera copié.",
        )
    target = settings.landing / domain / source / file.name
    if target.exists():
        raise PlatformError(
            f"{target} existe déjà.",
            f"Donnez FICHIER={domain}/{source}/{file.name}, ou renommez l'un des deux.",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)
    print(f"Copié : {target}")
    return target.relative_to(settings.landing).as_posix()


def refuse_declared(path: str, manifest: Manifest) -> None:
    """Refuses a file that a declaration reads.

    Raises:
        PlatformError: one does.
    """
    tables = read_declarations(manifest.sources.values(), [])
    if owners := names.owners(path, tables):
        table, variant, _ = owners[0]
        raise PlatformError(
            f"{path} est déjà lu par {table.label} ({variant.location}).",
            f"make load le charge ; make new-model AG={table.domain} NAME=stg_{table.source}__{table.name} "
            "écrit son staging s'il manque.",
        )


def looked(zone: Path, path: str, known: References, answers: Answers) -> FileLook:
    """Looks at a file of the landing zone; asks where nothing tells whether its first line is a header.

    Raises:
        PlatformError: it holds no table that the loader reads, or nobody says what its first line is.
    """
    said = answers.given("EN_TETE")
    with opening.opened(zone, path) as file:
        found = look(file, known, is_set(said) if said else None)
        if found.sure:
            return found
        told = answers.of(
            "EN_TETE", "La première ligne du tableau porte-t-elle les noms des colonnes ? (oui/non)"
        )
        if not told:
            raise PlatformError(
                "Rien ne dit si la première ligne du tableau porte des noms de colonnes ou des valeurs.",
                "Regardez le fichier, puis la même commande avec EN_TETE=oui ou EN_TETE=non.",
            )
        file.seek(0)
        return look(file, known, is_set(told))


def references(root: Path, access: Access) -> dict[str, set[str]]:
    """The codes and names of communes that columns may be joined to: of the marts, else of the seed."""
    with suppress(psycopg.Error), psycopg.connect(access.conninfo()) as connection:
        return {
            what: {str(value) for (value,) in connection.execute(query).fetchall() if value}
            for what, query in REFERENCES.items()
        }
    if not (root / SEED).is_file():
        return {}
    with (root / SEED).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        "nis_code": {row["code_nis"] for row in rows},
        "postal_code": {row["code_postal"] for row in rows},
        "commune": {name_key(row["commune"]) for row in rows},
    }


# What is shown of it: forms and counts, never a cell


def shown(path: str, found: FileLook) -> str:
    """What a look found, in French."""
    packed = f", dans {name_of(found.packed)}" if found.packed else ""
    said = [f"{path} : {found.named}{packed}"]
    if found.charset:
        said.append(found.charset.codec + (" (marqué)" if found.charset.marked else ""))
    if found.file_format == "csv":
        delimiter = found.options.get("delimiter", ",")
        said.append(f"délimiteur « {'tabulation' if delimiter == chr(9) else delimiter} »")
    if found.first_line:
        first = "en-tête" if found.has_header else "sans en-tête, première ligne"
        said.append(f"{first} à la ligne {found.first_line}")
    if rows := found.options.get("envelope") or found.options.get("rows"):
        said.append(f"lignes sous « {rows} »")
    said.append(counted(found.table.rows, "ligne", "lignes") + ("" if found.whole else " lues"))
    keys = " ou ".join(" et ".join(key) for key in found.table.keys[:3])
    width = max(len(column.name) for column in found.table.columns)
    lines = [f"  {column.name:<{width}}  {column_shown(column)}" for column in found.table.columns]
    return "\n".join(
        [
            f"{', '.join(said)}.",
            *lines,
            f"Clé : {keys or 'aucune trouvée, ni paire de colonnes'}.",
            *found.remarks,
        ]
    )


def column_shown(column: ColumnLook) -> str:
    """What a look found of one column, in French."""
    said = [read_as(column) or "texte"]
    if column.typing.macro != "clean_text":
        said[0] += f" ({column.typing.share * 100:.1f} %)".replace(".", ",")
    if column.empty:
        said.append(counted(column.empty, "vide", "vides"))
    said += [f"{times} × « {mark} »" for mark, times in column.nulls.items()]
    if column.dirty:
        forms = ", ".join(f"{times} de la forme « {form} »" for form, times in column.dirty.items())
        said.append(f"illisibles : {forms}")
    if column.reference:
        what, share = column.reference
        said.append(f"{IN_FRENCH.get(what, what)} ({share * 100:.0f} % connus)")
    if column.personal:
        said.append(f"PERSONNEL ? {column.personal.category} : {column.personal.why}")
    return " ; ".join(said)


# What is said of it


def described_by(settings: Settings, answers: Answers, path: str, found: FileLook, told: Words) -> Words:
    """What the provider says of the columns, in a dictionary or in his system; shows how much.

    Args:
        told: what his system says.

    Raises:
        PlatformError: the dictionary names none of the columns, or cannot be read in one way only.
    """
    columns = {column.name: column.header for column in found.table.columns}
    if answers.given(OPTION):
        _, source, name = path.split("/", 2)
        place = place_of(path, found.file_format, [*columns])
        about = [one for one in (answers.given("TABLE"), place.table, Path(name).stem, source) if one]
        read = dictionary_of(settings, answers.options, columns, about)
        told = replace(read, texts={**told.texts, **read.texts}, table=told.table)
    if told.texts:
        print(f"{words_told(told, [*columns])}\n", flush=True)
    elif found.file_format in BOOKS and (title := described_by_a_sheet(settings.landing / path, columns)):
        print(
            f"La feuille « {line(title)} » semble décrire ces colonnes : la même commande avec "
            f"{OPTION}={argument(path)} en reprend les textes.\n",
            flush=True,
        )
    return told


def declared(
    root: Path,
    manifest: Manifest,
    answers: Answers,
    path: str,
    found: FileLook,
    system: System | None = None,
    told: Words = NO_WORDS,
) -> NewTable:
    """The table to declare: what the look found, and what a person says.

    Raises:
        PlatformError: something that nobody can know was not said; the message lists all of it.
    """
    domain, source = path.split("/")[:2]
    proposed = None
    if system is not None and not system.of_files:
        place = new_system.place_of_rows(system)
        found, proposed = incremental(system, found, answers)
    else:
        place = place_of(path, found.file_format, [column.name for column in found.table.columns])
        if system is not None:
            found = replace(found, options={**system.options, **found.options})
            place = new_system.place_of_file(system, place)
    table = table_name(root, manifest, answers, domain, source, place)
    by_person = about_people(found, answers)
    categories = categories_of(found, place, answers, bool(by_person))
    described = answers.of(
        "DESCRIPTION", "Que décrit une ligne ?", told.table or f"Une ligne par ligne de {source}."
    )
    return NewTable(
        domain,
        source,
        table,
        place,
        found,
        categories,
        governance(root, manifest, answers, domain, categories, [BY_PERSON] if by_person is None else []),
        successive(answers, place),
        person_of(found, categories, answers),
        described,
        system.origin if system else {},
        proposed,
        told.texts,
    )


def incremental(
    system: System, found: FileLook, answers: Answers
) -> tuple[FileLook, Mapping[str, Any] | None]:
    """The look, with how to read only what changes where a person says yes; else what could be said so."""
    proposed = new_system.incremental_of(system, found)
    if proposed is None:
        return found, None
    said = answers.of(
        "INCREMENTAL",
        f"{proposed['cursor']} semble dire quand une ligne a changé. Ne lire, les fois suivantes, que ce qui "
        "a changé ? Ce que la source efface ne se verra pas. (oui/non)",
        "non",
    )
    if is_set(said):
        return replace(found, options={**found.options, "incremental": proposed}), None
    return found, proposed


def table_name(
    root: Path, manifest: Manifest, answers: Answers, domain: str, source: str, place: Place
) -> str:
    """The name of the table: TABLE, else what the name of the file says.

    Raises:
        PlatformError: it is no identifier, or is taken.
    """
    taken = {node.relation for node in manifest.sources.values() if node.domain == domain}
    proposed = place.table if place.table not in taken else f"{source}_{place.table}"[:40].rstrip("_")
    table = answers.of("TABLE", "Comment nommer la table ?", proposed)
    if not IDENTIFIER.fullmatch(table) or len(table) > 40:
        raise PlatformError(
            f"TABLE={table} ne peut pas nommer une table.",
            "Minuscules sans accent, chiffres et _, 40 au plus.",
        )
    if table in taken:
        raise PlatformError(
            f"{domain} a déjà une table brute {table}.", f"Donnez-en un autre : TABLE={table}_2, par exemple."
        )
    return table


def about_people(found: FileLook, answers: Answers) -> bool | None:
    """Whether each row is about somebody: PAR_PERSONNE, else what the look says; None where nobody says.

    That no row is, nothing can tell but a person: the names of a column, and its cells, may be of any kind.

    Raises:
        PlatformError: the answer is neither yes nor no.
    """
    option, question, _ = BY_PERSON
    seems = found.table.about_people
    said = answers.of(option, question, "oui" if seems else "")
    while answers.asks and not said:
        said = answers.of(option, question)
    if said and said.lower() not in YES_OR_NO:
        raise PlatformError(f"{option}={said} : c'est oui, ou non.", f'La même commande avec {option}="oui".')
    return is_set(said) if said else None


def categories_of(found: FileLook, place: Place, answers: Answers, by_person: bool) -> dict[str, str]:
    """The category of each column, when one at least is about people; nothing otherwise.

    Args:
        by_person: whether each row is about somebody: what it says is then about them, unless it is said not
            to be.

    Raises:
        PlatformError: PERSONNEL names no column or no category.
    """
    said: dict[str, str] = {}
    named = [one.name for one in found.table.columns]
    for part in filter(None, re.split(r"[,\s]+", answers.given("PERSONNEL"))):
        column, _, category = part.partition("=")
        if category not in words.CATEGORIES or column not in named:
            raise PlatformError(
                f"PERSONNEL={part} ne nomme pas une colonne et sa catégorie.",
                meant(
                    category if column in named else column,
                    words.CATEGORIES if column in named else named,
                    "Écrivez PERSONNEL='colonne=catégorie …', catégorie parmi "
                    f"{', '.join(words.CATEGORIES)}.",
                ),
            )
        said[column] = category
    for column in found.table.columns:
        if column.name in said:
            continue
        if column.personal and column.personal.why != OF_ROW:
            said[column.name] = confirmed_category(column, answers)
        elif by_person:
            said[column.name] = "identifiant_indirect"
    if set(said.values()) <= {words.NOT_PERSONAL}:
        return {}
    everything = [column.name for column in found.table.columns] + ([place.capture] if place.capture else [])
    return {name: said.get(name, words.NOT_PERSONAL) for name in everything}


def confirmed_category(column: ColumnLook, answers: Answers) -> str:
    """The category that a person gives to a column that may be about people, else what the look says."""
    proposed = column.personal.category if column.personal else words.NOT_PERSONAL
    while answers.asks:
        why = column.personal.why if column.personal else ""
        said = answers.read(f"{column.name} : {why}. {', '.join(words.CATEGORIES)} ? [{proposed}] ").strip()
        if not said or said in words.CATEGORIES:
            return said or proposed
    return proposed


def person_of(found: FileLook, categories: Mapping[str, str], answers: Answers) -> str | None:
    """The column that says whom a row is about: PERSONNE, else the first identifier that looks like one.

    Raises:
        PlatformError: PERSONNE is no column.
    """
    direct = [name for name, category in categories.items() if category == "identifiant_direct"]
    if said := answers.given("PERSONNE"):
        named = [column.name for column in found.table.columns]
        if said not in named:
            raise PlatformError(
                f"PERSONNE={said} n'est pas une colonne de la table.",
                meant(said, named, "Donnez celle qui dit de qui est la ligne."),
            )
        return said
    return next((name for name in direct if IDENTIFYING.search(name)), None)


def successive(answers: Answers, place: Place) -> str | dict[str, str] | None:
    """What the files of the table are to one another; None for a single one.

    Raises:
        PlatformError: SUCCESSION is neither.
    """
    if not place.capture:
        return None
    proposed = REPLACED if place.capture.startswith("extraction") else ADDED
    said = answers.of(
        "SUCCESSION", f"Les fichiers suivants s'ajoutent ({ADDED}) ou se remplacent ({REPLACED}) ?", proposed
    )
    if said not in (ADDED, REPLACED):
        raise PlatformError(f"SUCCESSION={said} est inconnu.", f"Choisissez {ADDED} ou {REPLACED}.")
    dated = place.capture if "yyyy" in place.form else "reception"
    return {REPLACED: dated} if said == REPLACED else ADDED


def governance(
    root: Path,
    manifest: Manifest,
    answers: Answers,
    domain: str,
    categories: Mapping[str, str],
    unsaid: Sequence[tuple[str, str, str]] = (),
) -> dict[str, Any]:
    """What the table says itself of its governance.

    Args:
        unsaid: what else nobody said: its option, the question, an example.

    Raises:
        PlatformError: something is still to be said; the message lists all of it.
    """
    known = {
        **folder_defaults(root, domain),
        **governance_of(manifest, Node({"fqn": ["", domain, "staging"]})),
    }
    asked = {**SAID, **(SAID_OF_PEOPLE if categories else {})}
    asked |= {key: said for key, said in SAID_BY_GROUP.items() if key not in known}
    said: dict[str, Any] = {role: known[role] for role in words.RESPONSIBLES if known.get(role)}
    missing = [f'{option}="{example}"' for option, _, example in unsaid]
    for key, (option, question, example) in asked.items():
        text = answers.of(option, f"{question} (par exemple : {example})")
        while answers.asks and not text:
            text = answers.of(option, question)
        if not text:
            missing.append(f'{option}="{example}"')
        elif text != OF_GROUP or key not in ("base_legale", "conservation"):
            said[key] = value_of(key, text)
        elif key not in known:
            raise PlatformError(f"Le groupe {domain} ne dit pas {key}.", f'Donnez {option}="{example}".')
    if missing:
        raise PlatformError(
            f"Rien ne peut le deviner : il reste à dire {counted(len(missing), 'chose', 'choses')}.",
            f"La même commande avec {' '.join(missing)}"
            + (
                " ; groupe : ce que dit celui de l'AG."
                if any(one.startswith(("BASE_LEGALE=", "CONSERVATION=")) for one in missing)
                else "."
            ),
        )
    if categories:
        said["classification"] = classification(known, categories)
        said["mesures"] = answers.given("MESURES") or MEASURES
        refuse_unfit(domain, known, said)
    order = [*words.KEYS]
    return dict(sorted(said.items(), key=lambda item: order.index(item[0])))


def folder_defaults(root: Path, domain: str) -> dict[str, Any]:
    """What dbt_project.yml says of the governance of all sources."""
    project = yaml.safe_load((root / PROJECT).read_text(encoding="utf-8"))
    found = next(iter((project.get("sources") or {}).values()), None) or {}
    levels = [found.get("+meta") or {}, (found.get(domain) or {}).get("+meta") or {}]
    return {key: value for level in levels for key, value in (level.get(words.FOLDER_DEFAULTS) or {}).items()}


def value_of(key: str, text: str) -> Any:
    """What a person said of a key, as the YAML has it.

    Raises:
        PlatformError: months are no number.
    """
    if key not in ("conservation", "rafraichissement"):
        return text
    if not re.fullmatch(r"[1-9]\d{0,3}", text):
        raise PlatformError(
            f"« {text} » n'est pas un nombre de mois.", "Donnez un entier : 60 pour cinq ans."
        )
    months = int(text)
    if key == "rafraichissement":
        return {"tous_les": months, "unite": "mois"}
    return {"mois": months, "depuis": "reception", "sort": "effacement"}


def classification(known: Mapping[str, Any], categories: Mapping[str, str]) -> str:
    """The lowest classification that the columns and the folder allow."""
    order = words.CLASSIFICATIONS
    demands = [words.CATEGORIES[category] for category in categories.values()]
    return max([*demands, str(known.get("classification", order[0]))], key=order.index)


def refuse_unfit(domain: str, known: Mapping[str, Any], said: Mapping[str, Any]) -> None:
    """Refuses what `make lint` would of data about people.

    Raises:
        PlatformError: the legal basis cites no article of the GDPR, or the rows are kept for ever.
    """
    basis = said.get("base_legale", known.get("base_legale"))
    if not GDPR_ARTICLE.search(str(basis)):
        raise PlatformError(
            "Des colonnes parlent de personnes, et la base légale ne cite pas d'article du RGPD.",
            "Donnez BASE_LEGALE=\"… ; RGPD, article 6(1)(e).\", ou PERSONNEL='colonne=aucune …' si elles ne "
            "parlent de personne.",
        )
    kept = said.get("conservation", known.get("conservation")) or {}
    if kept.get("mois") == words.UNLIMITED:
        raise PlatformError(
            f"Le groupe {domain} garde ses données sans limite : pas celles de personnes.",
            "Donnez CONSERVATION=<mois>.",
        )


# What is written


def declare(at_work: Writing, new: NewTable) -> None:
    """Writes the YAML of the source, or its new table into it.

    Raises:
        PlatformError: the YAML has no sure place for a table.
    """
    at_work.will_change(new.file)
    before = at_work.before[new.file]
    text = source_yaml(new) if before is None else f"{before.rstrip()}\n{table_yaml(new)}"
    refuse_unread(text, new)
    file = at_work.root / new.file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def refuse_unread(text: str, new: NewTable) -> None:
    """Refuses to add a table to a YAML that does not end with the tables of its one source.

    Raises:
        PlatformError: it does not.
    """
    try:
        sources = yaml.safe_load(text)["sources"]
        tables = [
            table["name"] for source in sources if source["name"] == new.source for table in source["tables"]
        ]
    except (yaml.YAMLError, KeyError, TypeError):
        tables = []
    if tables[-1:] != [new.table]:
        raise PlatformError(
            f"{new.file} ne finit pas par les tables de {new.source} : la nouvelle n'a pas de place sûre.",
            "Mettez ses `tables:` en dernier, puis relancez.",
        )


def source_of(manifest: Manifest, new: NewTable) -> Source:
    """The node of the new table."""
    return next(
        node
        for node in manifest.sources.values()
        if (node.domain, node.source_name, node.name) == (new.domain, new.source, new.table)
    )


def load_one(settings: Settings, access: Access, session: Session, node: Source) -> None:
    """Loads the files of the new table, and notes it.

    Raises:
        PlatformError: they are not loaded.
    """
    table = read_declarations([node])[0]
    before = received_before(access.conninfo())
    with session.step("Chargement"):
        report = load_landing(access.conninfo(), settings.landing, [table], progress=session.say)
    if report.failed:
        raise PlatformError(
            f"Rien n'est chargé : {' '.join(report.failed[0].reasons())}",
            "Corrigez ce que le message dit, puis relancez.",
        )
    details = {"decision": "nouvelle source", "fichiers": len(report.tables[0].files)}
    note_run(settings, access.conninfo(), "chargement", table.label, details, since=before)


def staging_name(new: NewTable) -> str:
    """The name of the staging model."""
    return f"stg_{new.source}__{new.table}"


def staging_of(new: NewTable, name: str, node: Source) -> dict[str, str]:
    """The files of the staging model, by path, its unit test among them."""
    typings = {column.name: column.typing for column in new.look.table.columns}
    hidden = hidden_of(new)
    if new.place.capture:
        typings[new.place.capture] = guess(new.place.capture, Counter([new.place.value]))
    key = key_of(new, hidden)
    files = staging_files(new.domain, name, node, source_columns(node), typings, key, hidden)
    described = f"{new.folder}/{name}.yml"
    files[described] += unit_test(new, name, typings, hidden)
    return files


def hidden_of(new: NewTable) -> dict[str, bool]:
    """The columns that say who a person is: True for one of which staging has a pseudonym, False for none."""
    return {
        column: column == new.person
        for column, category in new.categories.items()
        if category == "identifiant_direct" or column == new.person
    }


def key_of(new: NewTable, hidden: Mapping[str, bool]) -> str:
    """The column without which a row is nothing: a key, else one that is always filled; "" for none."""
    table = new.look.table
    shown_ = [column for column in table.columns if column.name not in hidden]
    readable = [column.name for column in shown_ if not (column.empty or column.nulls or column.dirty)]
    keys = [column for key in table.keys for column in key if column in readable]
    return next(iter([*keys, *readable]), "")


# Examples that no file gave: what a cell holds, and what it becomes.
INVENTED: Mapping[str, tuple[str, Any]] = {
    "clean_text": (" exemple ", "exemple"),
    "to_boolean": ("Oui", True),
    "to_bce_number": ("0206.731.645", "0206731645"),
    "school_year": ("2024-2025", "2024-2025"),
}
INVENTED_MOMENT = ("2024-02-29T10:30:00+01:00", "2024-02-29 09:30:00")
INVENTED_DAY = ("2024", "24", "02", "29")


def invented(typing: Typing) -> tuple[str, Any]:
    """A cell that is nobody's, and what a typing makes of it."""
    if typing.macro in INVENTED:
        return INVENTED[typing.macro]
    if typing.macro == "to_integer":
        return "7", 7
    if typing.macro == "to_decimal":
        sign = "," if "decimal_separator=','" in typing.arguments else "."
        return (f"7{sign}5", "7.5") if typing.arguments[1] != "0" else ("7", "7")
    if typing.macro == "to_moment" and not typing.arguments:
        return INVENTED_MOMENT
    if typing.macro in ("to_date", "to_moment"):
        year, short, month, day = INVENTED_DAY
        text = typing.arguments[0].replace('"', "").replace("'", "")
        for part, value in (
            ("yyyy", year),
            ("yy", short),
            ("MM", month),
            ("M", "2"),
            ("dd", day),
            ("d", day),
        ):
            text = text.replace(part, value)
        time = f" 10:10:{'10' if 'ss' in text else '00'}" if typing.macro == "to_moment" else ""
        return re.sub("HH|mm|ss", "10", text), f"2024-02-29{time}"
    length = re.search(r"\{(\d+)\}", typing.arguments[0]) if typing.arguments else None
    code = "1" * int(length[1] if length else 1)
    return code, code


def unit_test(new: NewTable, name: str, typings: Mapping[str, Typing], hidden: Mapping[str, bool]) -> str:
    """The YAML of a unit test: cells that no file gave, and what the staging model makes of them."""
    given, expected = [], []
    for column, typing in typings.items():
        if column in hidden:
            given += [f"{column}: exemple"] if hidden[column] else []
        elif typing.macro == "school_key":
            given.append(f"{column}: 12/34")
            expected += [f"{column}_etablissement: 12", f"{column}_implantation: 34"]
        else:
            cell, value = invented(typing)
            given.append(f'{column}: "{cell}"')
            text = str(value).lower() if isinstance(value, bool) else value
            expected.append(f"{column}: {text}" if isinstance(value, int) else f'{column}: "{value}"')
    rows = [
        "",
        "unit_tests:",
        f"  - name: {name}_exemple",
        '    description: "Des cellules inventées, chacune sous la forme de sa colonne, sont lues."',
        f"    model: {name}",
        "    given:",
        f"      - input: source('{new.source}', '{new.table}')",
        "        rows:",
        *_row(given, 10),
        "    expect:",
        "      rows:",
        *_row(expected, 8),
    ]
    return "\n".join(rows) + "\n"


def _row(cells: Sequence[str], indent: int) -> list[str]:
    first, *others = cells
    return [f"{' ' * indent}- {first}", *(f"{' ' * indent}  {cell}" for cell in others)]


def next_steps(new: NewTable, name: str) -> str:
    """What to do with the files of a new source, in French."""
    raw = [column for column, is_pseudonym in hidden_of(new).items() if not is_pseudonym]
    people = "\n     relisez la catégorie de chaque colonne ;" if new.categories else ""
    if raw:
        people += f"\n     {', '.join(raw)} : dans la table brute seulement (PERSONNEL= au besoin) ;"
    return (
        "Ensuite :\n"
        f"  1. relisez {new.file} : descriptions, types, gouvernance ;{people}\n"
        f"  2. make build SELECT=source:{new.source}+ construit et teste ;\n"
        f"  3. make show MODEL={name} montre ses premières lignes ;\n"
        "  4. make lint relit l'écriture. Une erreur ? make undo montre ce qu'il défait."
    )
