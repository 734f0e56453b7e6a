"""Which columns seem to be about people: by their names and by what they hold.

Generous on purpose: a column that is missed is a fault, a false alarm is only a question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from donnees_au_centre.discovery.checks import is_bce_number, is_foreign_number, is_iban, is_national_number
from donnees_au_centre.discovery.first_names import FIRST_NAMES
from donnees_au_centre.discovery.layout import plain

_DIRECT, _INDIRECT, _SENSITIVE = "identifiant_direct", "identifiant_indirect", "sensible"
_PROFESSIONAL, _FINANCIAL = "professionnel", "financier"


_SPOKEN_OF = "son nom parle de personnes"
_NAMED, _NUMBERED = "son nom annonce un nom de personne", "son nom annonce un identifiant de personne"
_TRAIT, _BIRTH = "son nom annonce un trait d'une personne", "son nom annonce une naissance"
_FIRST_NAMES_SEEN = "des prénoms y sont"
_LIKE_NAMES = "« nom », et des mots comme ceux d'un nom de personne"
_REGISTERED = "son nom annonce un numéro de registre national"
# What tells who somebody is.
_SOMEBODY = (_NAMED, _NUMBERED, _REGISTERED, _FIRST_NAMES_SEEN, _LIKE_NAMES)
# The weakest of reasons: alone, they tell nothing of the columns beside them.
MAYBE = "« nom » peut être celui d'une personne"
_WORDS = "rien ne dit que ces mots ne nomment personne"
_FREE_TEXT = "rien ne dit que ces phrases ne citent personne"
_NUMBER_OF_WHOM = "rien ne dit que ce numéro n'est pas celui d'une personne"
WEAK = (MAYBE, _WORDS, _FREE_TEXT, _NUMBER_OF_WHOM)
# What holds of every column of a table whose rows are people, and of no other table.
OF_ROW = "chaque ligne semble parler d'une personne, et cette colonne avec elle"


@dataclass(frozen=True)
class Suspicion:
    """Why a column seems to be about people.

    Attributes:
        category: of personal data, as the governance metadata says it.
        why: in French, without quoting a cell.
        share: of the filled cells that have the form; 0 where only the name of the column tells.
    """

    category: str
    why: str
    share: float = 0.0


# Words of names of columns, in French, Dutch and English, without accents; `w` is a whole word of the name.
_PEOPLE = (
    r"eleves?|etudiants?|enfants?|jeunes?|mineurs?|beneficiaires?|agents?|personnes?|persons?|personeel|employes?|"
    r"employees?|travailleurs?|enseignants?|professeurs?|profs?|parents?|pere|mere|tuteurs?|representants?|"
    r"responsables?|contacts?|titulaires?|candidats?|demandeurs?|justiciables?|patients?|clients?|usagers?|"
    r"membres?|auteurs?|directeurs?|directrices?|directions?|president|presidente|secretaire|gestionnaires?|"
    r"leerlingen|leerling|kind|kinderen|ouders?|medewerkers?|leraars?|leerkracht|houders?|aanvragers?|students?|"
    r"child|children|teachers?|owners?|holders?|applicants?|users?|utilisateurs?|inspecteurs?|conducteurs?|docentes?|"
    r"collaborateurs?|collaboratrices?|dirigeants?|referents?|interlocuteurs?|correspondants?|mandataires?|"
    r"deputes?|senateurs?|elus?|maires?|parlementaires?|gerants?|proprietaires?|locataires?|fonctionnaires?|"
    r"stagiaires?|apprentis?|formateurs?|animateurs?|benevoles?|adherents?|allocataires?|temoins?|plaignants?|"
    r"authors?|writers?|editors?|owners?|directors?|coach(?:es)?|reps?|representatives?|pupils?|guardians?|mother|"
    r"father|judges?|lawyers?|doctors?|nurses?|victims?|suspects?|inmates?|prisoners?|defendants?|citizens?|tenants?|"
    r"supervisors?|approvers?|reviewers?|sponsors?|recipients?|beneficiary|beneficiaries|"
    r"eigenaars?|huurders?|burgers?|rechters?|vrijwilligers?|deelnemers?|bestuurders?|voorzitters?|burgemeesters?|"
    r"schepenen?|verantwoordelijken?|programm(?:eurs?|ers?|ierer\w*)|developers?|developpeurs?|entwickler\w*|"
    r"contactpersoon|contactpersonen|begunstigden?|"
    r"requerants?|chefs?|officers?|workers?|staff|managers?|mayors?|members?|"
    r"artistes?|artists?|kunstenaars?|acteurs?|actrices?|actors?|actress|realisateurs?|realisatrices?|regisseurs?|"
    r"laureats?|winners?|winnaars?|joueurs?|joueuses?|players?|spelers?|entraineurs?|arbitres?|juges?|"
    r"customers?|subjects?|participants?|respondents?|donors?|donateurs?|drivers?|passengers?|guests?|insured|"
    r"voters?|contributors?|subscribers?|graduates?|alumni|survivors?|employers?|klanten|klant|kunden?|"
    r"mitarbeiter\w*|schuler\w*|lehrer\w*|personen|einwohner|patienten|empleados?|trabajador(?:es)?|alumnos?|"
    r"estudiantes?|personas?|pacientes?|clientes?|diputados?|senadores|dipendenti|dipendente|studenti|studente|"
    r"persone|pazienti|paziente|clienti|cliente|deputados?|servidor(?:es)?|funcionarios?|alunos?|politician\w*|"
    r"organisateurs?|organisatrices?|organi[sz]ers?|organisator\w*|veranstalter\w*|organizador\w*|"
    r"organizzator\w*|intervenants?|orateurs?|speakers?|sprekers?|traducteurs?|illustrateurs?|illustrators?|"
    r"photographes?|photographers?|fotograaf|fotografen|compositeurs?|composers?|componist\w*|musiciens?|"
    r"interpretes?|architect\w*|notaires?|rapporteurs?|echevins?|bourgmestres?|ministres?|conseillers?|raadsl\w+|"
    r"sculpteurs?|peintres?|schrijvers?|vertalers?|uitvoerders?|chercheurs?|researchers?|onderzoekers?|reclamants?|"
    r"chauffeurs?|[ck]oordina\w+|coordena\w+|aanspreekpunt|verantwoordelijke|scenaristes?|createurs?|creators?|makers?|"
    r"presentat\w+|presenters?|depositaires?|"
    r"moniteurs?|monitrices?|educateurs?|educatrices?|surveillants?|accompagnateurs?|tresoriers?|"
    r"tresorieres?|delegue(?:e?s|e)?|infirmiers?|infirmieres?|assistant(?:e?s|e)?|puericult\w+|"
    r"dessinateurs?|graveurs?|danseurs?|chanteurs?|comediens?|metteurs? en scene|choregraphes?|"
    r"dramaturges?|redacteurs?|redactrices?|inventeurs?|encadrants?|promoteurs?|jurys?|"
    r"maitres? de stage|parrains?|marraines?|defunt(?:e?s|e)?|epoux|epouses?|mari|fils|fille|frere|"
    r"soeur|veuf|veuve|principal|trainers?|referees?|tutors?|instructors?|lecturers?|professors?|"
    r"investigators?|inspectors?|witness(?:es)?|attorneys?|physicians?|surgeons?|residents?|"
    r"householders?|landlords?|buyers?|sellers?|borrowers?|signator(?:y|ies)|senders?|receivers?|"
    r"request[eo]rs?|assignees?|reporters?|submitters?|technicians?|cashiers?|salespersons?|clerks?|"
    r"captains?|pilots?|riders?|runners?|swimmers?|cyclists?|jockeys?|docent(?:en)?|advocaten?|advocaat|"
    r"bewoners?|leden|lid|secretaris|penningmeester|bestuursl\w+|autor(?:en|es|as?|i)?|verfasser\w*|"
    r"bearbeiter\w*|teilnehmer\w*|spieler\w*|richter\w*|anwalt\w*|arzt\w*|fahrer\w*|betreuer\w*|"
    r"lehrkraft|lehrkrafte|studenten|studentin\w*|eltern|mieter\w*|eigentumer\w*|besitzer\w*|zeugen?|"
    r"opfer|maestr[oa]s?|profesor(?:a|es|as)?|professor(?:a|as|e|es|i|essa)|insegnant[ei]|"
    r"asesor(?:a|es)?|medic[oa]s?|enfermer[oa]s?|soci[oa]s?|associad[oa]s?|candidat[oai]s?|"
    r"eleitor(?:es)?|vereador(?:a|es)?|titolar[ei]|responsabil[ei]|referent[ei]s?|iscritt[oi]|"
    r"usuari[oa]s?|utent[ei]|conductor(?:es)?|autist[ai]|allenator[ei]|giocator[ei]|jugador(?:a|es)?|"
    r"jogador(?:a|es)?|atlet[aei]s?|testig[oa]s?|acusad[oa]s?|imputad[oa]s?|detenut[oi]|autric[ei]|"
    r"propietari[oa]s?|proprietari[oa]s?|inquilin[oa]s?|conyuges?|coniuge|ponentes?|"
    r"investigador(?:a|es)?|ricercator[ei]|"
    r"who|wie|qui|wer|quien|gerentes?|encargad[oa]s?|directora?(?:es)?|direttor[ei]|direttrice|presidentes?|"
    r"sindac[oi]|alcaldes?|prefeit[oa]s?|leiter\w*|vorsitzende\w*|ansprechpartner\w*|inhaber\w*|beheerders?|"
    r"signataires?|declarants?|victimes?|auteur|avocats?|medecins?|assures?|affilies?|licencies?|sportifs?|athletes?"
)
_NAMES: tuple[tuple[str, str, str], ...] = (
    (
        r"niss|nrn|rn|rrn|insz|ssin|nnr|registre national|national register|national number|rijksregister\w*|"
        r"numero national|n national|no national|nr national|identification nationale|bis|numero bis|ssn",
        _DIRECT,
        _REGISTERED,
    ),
    (
        r"prenoms?|voorna(?:am|men)|firstnames?|first names?|given names?|surnames?|lastnames?|last names?|"
        r"family names?|familiena(?:am|men)|achternaam|patronyme|nom de famille|nom de naissance|nom d usage|"
        r"(?:first|frst|fst|last|lst|mid|middle) (?:nm|names?)|(?:mothers? )?maiden(?: names?)?|"
        r"meisjesna(?:am|men)|deuxieme prenom|"
        r"apellidos?|nombres? y apellidos?|cognom[ei]|nachnamen?|vornamen?|zuname|sobrenomes?|nome e cognome|"
        r"geburtsname|fornavn|efternavn|fornamn|efternamn|primeiro nome|ultimo nome|"
        r"noms? et prenoms?|nom prenom|nom complet|fullname|full name|nom de jeune fille|initiales|pseudo",
        _DIRECT,
        _NAMED,
    ),
    (
        r"e ?mails?|mails?|courriels?|adresse electronique|adresse mail|e ?mail ?adres|mel|"
        r"messagerie|correos?(?: electronicos?)?|posta elettronica|pec",
        _DIRECT,
        "son nom annonce une adresse électronique",
    ),
    (
        r"tel|tels|telephones?|telefoon\w*|phones?|phone number|gsm|mobiles?|portables?|fax|"
        r"telefon[oei]?|telefonnummer|handy|celular|cellulare|movil",
        _DIRECT,
        "son nom annonce un téléphone",
    ),
    (
        r"(?:date|annee|jour|lieu|pays|commune) (?:de |d )?naissances?|naissances?|ne e? ?le|nee? le|ddn|"
        r"geburts\w*|(?:fecha|lugar) (?:de )?nacimiento|nacimiento|(?:data|luogo) (?:di )?nascita|nascita|"
        r"(?:data|local) (?:de )?nascimento|nascimento|born|place of birth|birth ?place|"
        r"geboorte\w*|birth ?dates?|birthdays?|date of birth|year of birth|dob|birth",
        _INDIRECT,
        _BIRTH,
    ),
    (
        r"adresses?|address|addresses|adres|adressen|rues?|straat|street|straatnaam|domiciles?|woonplaats|"
        r"direccion(?:es)?|domicilio|indirizz[oi]|residenza|anschrift|wohnort|strasse|endereco|"
        r"residences?|numero de (?:rue|maison)|huisnummer|busnummer|boite postale|voirie",
        _INDIRECT,
        "son nom annonce une adresse",
    ),
    (
        r"iban|bic|comptes?(?: bancaires?)?|numero de compte|rekening\w*|bank ?accounts?|"
        r"salaires?|remunerations?|"
        r"traitements?|wedde|loon|salary|salaries|revenus?|inkomen|income|baremes?|bourses?|saisies?|dettes?|"
        r"credit ?cards?|cards? numbers?|cc numbers?|ccnumber|cvv ?2?|cvc|cartes? (?:de credit|bancaires?)|"
        r"numero de carte|kredietkaart\w*|bankkaart\w*",
        _FINANCIAL,
        "son nom annonce un compte ou un revenu",
    ),
    (
        r"sante|health|gezondheid|handicaps?|diagnosti\w+|maladies?|pathologies?|medica\w+|medicaux|religions?|"
        r"godsdienst|cultes?|confession|syndica\w+|vakbond\w*|opinions?|ethni\w+|origine ethnique|"
        r"condamnations?|races?|ethnies?|blood ?(?:types?|groups?)|groupes? sanguins?|bloedgroep|"
        r"infractions?|delits?|peines?|detentions?|mandats?|mesures?|motif de cloture|judiciaires?|casier|"
        r"vaccin\w*|grossesses?|orientation sexuelle|disability|diagnosis|biometr\w+|autorite mandante",
        _SENSITIVE,
        "son nom annonce une donnée sensible",
    ),
    (
        r"sexes?|genre|geslacht|gender|sex|ages?|leeftijd|nationalites?|nationaliteit|nationality|etat civil|"
        r"burgerlijke staat|marital status|civilites?|aanspreektitel|situation familiale|langue maternelle|"
        r"sexo|sesso|geschlecht|edad|eta|alter|idade|estado civil|stato civile|familienstand|nacionalidad|"
        r"nazionalita|nacionalidade|staatsangehorigkeit|beruf|profesion|professione|profissao|job title|"
        r"seniority|senior ?citizen|dependents?|marital|education(?: level)?|spouse|partner|conjoints?|"
        r"profession|beroep|occupation|diplomes?|composition de menage",
        _INDIRECT,
        _TRAIT,
    ),
    (
        r"matricules?|stamnummer|badge|login|identifiant unique|user ?id|passeports?|passport|paspoort|"
        r"user ?names?|screen names?|noms? d utilisateur|gebruikersna(?:am|men)|pass ?words?|mots? de passe|"
        r"wachtwoord\w*|(?:twitter|social)(?: handle| account)?|handles?|linkedin|national ?id|"
        r"(?:num|no|nr|n|id|code) (?:fonc|pers|empl|etud?|pat|usag|adh)|"
        r"carte d identite|identiteitskaart|id ?card|plaque|immatriculation|nummerplaat|permis|photo|foto|"
        r"avatar\w*|profile(?: (?:url|pic\w*|image|link))?|portraits?|headshots?|dni|nif|cpf|"
        r"codice fiscale|orcid|"
        r"signature|handtekening|ip|adresse ip|ip address",
        _DIRECT,
        _NUMBERED,
    ),
    (
        r"remarques?|commentaires?|observations?|notes?|opmerking(?:en)?|comments?|remarks?|texte libre|"
        r"bios?|biograph\w+|biografie\w*|cv|curriculum(?: vitae)?|"
        r"infos?(?: rendez vous)?|informations?|precisions?|motivations?",
        _INDIRECT,
        "un texte libre peut citer une personne",
    ),
    (r"\w+ (?:par|by|door)$", _DIRECT, "son nom dit par qui c'est fait"),
    (rf"(?:{_PEOPLE})", _DIRECT, _SPOKEN_OF),
    (r"noms?|names?|na(?:am|men)|nom[ei]|nombres?|navn|namn|\w{2,}names?", _DIRECT, MAYBE),
)
# What a « nom », an « adresse » or a « numéro » is of, when it is nobody's.
_THINGS = re.compile(
    r"\b(?:ecoles?|etablissements?|implantations?|communes?|localites?|villes?|rues?|provinces?|regions?|pays|"
    r"arrondissements?|services?|p o|po|pouvoirs?(?: organisateurs?)?|bassins?|entites?|societes?|asbl|"
    r"entreprises?|"
    r"institutions?|organismes?|produits?|jours?|feries?|langues?|types?|tables?|fichiers?|colonnes?|variables?|"
    r"municipality|school|city|street|country|company|organi[sz]ation|file|column|dataset|gemeente|straat|"
    r"prison|prisons|maisons?|centres?|salles?|projets?|budgets?|niveaux?|reseaux?|fr|nl|de|en|lignes?)\b"
)
# What texts are of, when they are neither people nor what is said of them.
_NO_PEOPLE = re.compile(
    r"\b(?:codes?|kinds?|soorten|soort|categor\w+|statuts?|status|unites?|units?|libelles?|intitules?|titres?|titles?|titel|"
    r"labels?|urls?|liens?|links?|sites?|web|www|formats?|versions?|sources?|periodes?|periods?|mois|months?|"
    r"years?|annees?|domaines?|themes?|rubriques?|secteurs?|sectors?|activites?|activity|matieres?|disciplines?|"
    r"lieux|lieu|places?|locations?|endroits?|stations?|gares?|quartiers?|sections?|zones?|districts?|counties|"
    r"county|states?|department|departements?|departement|models?|modeles?|marques?|brands?|couleurs?|colors?|"
    r"items?|articles?|languages?|continents?|gemeenten?|provincies?|coordinates?|geo\w*|wkt|polygon|shape|"
    r"schools?|cities|countries|companies|universit\w+|hospitals?|hopita\w+|museums?|musees?|parcs?|parks?|"
    r"species|especes?|team|teams|equipes?|clubs?|party|parties|partis?|events?|evenements?)\b"
)
# « Nombre » in French, « name » in Spanish.
_SPANISH_NAME = re.compile(r"nombres?(?: completo| y apellidos?)?")
# What a figure about a group is called, in one column or in those of its table.
_FIGURE = r"nombre|nb|nbre|totaux|moyenne|taux|pourcentage|count|aantal|effectifs?"
_ADMINISTRATIVE = re.compile(rf"\b(?:{_FIGURE}|total|part)\b")
_COUNT = re.compile(rf"\b(?:{_FIGURE}|counts|populations?|inwoners|anzahl|quantit\w+|numero de)\b")
# What says where a thing is on a map.
_PLACED = re.compile(
    r"\b(?:latitude|longitude|lat|lon|lng|geo ?point|geometry|geom|geo ?shape|coordonnees|coordinates|wkt)\b"
)
# Beside a word of people, what says that each has a number.
_IDENTIFIED = re.compile(r"\b(?:id|ids|no|nr|num|number|numero|n|code|key|nummer)\b")
# How many traits make a person: a sex and an age, say.
_TRAITS = 2
# Kinds of people, when they come again and again.
_KINDS = re.compile(
    r"\b(?:types?|kinds?|soorten|soort|categor\w+|genres?|statuts?|status|roles?|fonctions?|publics?|groupes?|groups?|"
    r"niveaux?|classes?|ages?|sexes?|natures?)\b"
)
# Titles name what they are of, and sometimes people.
_TITLES = re.compile(r"\b(?:titres?|titles?|titel|titulo|titolo|objets?|subjects?|sujets?|onderwerp)\b")
# What tells of a person beside a name.
_AROUND = re.compile(
    r"\b(?:dossiers?|mandats?|numeros?|n|nr|no|id|identifiants?|references?|postal|cp|commune|localite|ville|"
    r"domicile|residence|entreprises?|bce|prise en charge|contrat|gemeente|postcode|zip|city|dates?|"
    r"suburb|town|borough|neighbou?rhood|quartier|hameau|section|deelgemeente|plaats|boite|bus|"
    r"charges?|offen[cs]es?|arrests?)\b"
)
# What a column is called that has no name: its place, « Colonne 3 », « Unnamed: 0 », « X1 ».
_UNNAMED = re.compile(
    r"(?:colonne|column|columna|coluna|colonna|spalte|kolom|champ|field|feld|veld|campo|unnamed|col|var)s?"
    r" ?\d*|[cfvx] ?\d+"
)
# How a name is cut, where its table is about people.
_PARTS = frozenset(("first", "last", "middle", "mi", "initial", "suffix", "given", "family"))
_PLACE = re.compile(r"\b(?:postal|cp|commune|localite|ville|gemeente|postcode|zip|city|type|date|annee)\b")
_MONEY = re.compile(
    r"\b(?:montants?|soutiens?|anciennete|subventions?|primes?|frais|couts?|eur|euros?|amount|bedrag|solde)\b"
)
_CATEGORIES, _AGAIN = 12, 5

_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?")
_MAIL = re.compile(r"[^@\s;,]+@[^@\s;,]+\.[A-Za-z]{2,}")
_PHONE = re.compile(
    r"(?<![\w.,/-])(?:(?:\+|00)[1-9][\d\s./()-]{7,17}\d|0[1-9]\d{0,2}[\s./-]?\d[\d\s./-]{4,10}\d)(?![\w,-])"
)
_PHONE_DIGITS = (9, 10)
_STREET = re.compile(
    r"(?:rue|avenue|av\.|bd|boulevard|chauss[ée]e|place|pl\.|all[ée]e|chemin|clos|quai|square|route|drève|"
    r"impasse|sentier|cour|voie)\s.+|.+(?:straat|laan|weg|lei|plein|steenweg|dreef)\s+\d+.*|"
    r"\d+\s.*\b(?:st|street|ave?|avenue|road|rd|blvd|boulevard|drive|dr|lane|ln|court|ct|way|place|pl)\b.*",
    re.IGNORECASE,
)
# A person in a text, or in the objects of a JSON.
_TITLED = re.compile(
    r"(?:MM?\.|Mrs?\.?|Mme\.?|Mmes|Mlle|Monsieur|Madame|Herr|Frau|De heer|Mevrouw)\s+[^\W\d_a-z].+"
)
_INITIALLED = re.compile(
    r"[^\W\d_a-z][\w'’-]+,? (?:[A-Z]\.[ -]?){1,3}$|"
    r"(?:[A-Z]\.[ -]?){1,3}(?:(?:de|du|van|von|der|den|di|da|ten|ter) )*[^\W\d_a-z][^\W\d_]"
)
_OF_PEOPLE = re.compile(
    r"""["'](?:nom|pr[eé]nom|civilit[eé]|first_?name|last_?name|surname|e-?mail)["']\s*:""", re.IGNORECASE
)
_BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IP = re.compile(rf"{_BYTE}(?:\.{_BYTE}){{3}}")
_FULL_NAME = re.compile(r"[^\W\d_a-z][\w'’-]+(?: [^\W\d_a-z][\w'’-]+){1,2}")
_SINGLE_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*\.?")
# What somebody is called on a network: « rita_m », « jorge84 », « miguelcastano », in small letters.
_ACCOUNT, _ACCOUNT_LONG = re.compile(r"@?([a-z]+)[a-z0-9_.]*"), 10
# What a name of two or three words has when it is that of an organisation or a place.
_ORGANISED = re.compile(
    r"\b(?:school|college|university|academy|institute|hospital|clinic|museum|church|park|river|lake|mount|island|"
    r"islands|city|county|district|station|airport|street|road|avenue|company|group|bank|airlines|club|united|"
    r"inc|corp|ltd|llc|gmbh|sa|asbl|vzw|saint|san|santa|new|north|south|east|west|centre|center|house|hall|"
    r"ecole|lycee|musee|institut|athenee|association|federation|service|haute|grand|petit|la|le|les)\b"
)
# Two or three words of another alphabet, each with a capital.
_FOREIGN_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_FOREIGN_WORDS = (2, 3)
# One to six words that begin with a capital, small ones such as « de » apart, or « DUPONT, J. ».
_PERHAPS_NAME = re.compile(r"[^\W\d_a-z][^\W\d_]*[.,]?(?:[ '’-]+[^\W\d_]+[.,]?){0,5}")
_MOST_PERHAPS, _SENTENCE, _SHORT = 0.5, 5, 3
# Share of first names that tells, where most cells are two or three words with a capital.
_FEW_FIRST_NAMES, _MOST_FULL_NAMES = 0.12, 0.6
# What a card of a bank begins with, and how many figures it has: those of an enterprise are fewer.
_CARD = re.compile(r"(?:3[47]\d|[456]\d{3})\d{12}")
# What stands for an identifier: hashes of the usual lengths.
_HEX, _HASHES = re.compile("[0-9a-fA-F]+"), (32, 40, 64, 128)
_LONG_FIRST_NAMES = tuple(name for name in sorted(FIRST_NAMES) if len(name) > _SHORT)


def suspicion_of(name: str, cells: Mapping[str, int], numbers: bool = False) -> Suspicion | None:
    """Why a column may be about people; None where nothing tells so.

    Args:
        name: of the column, as received or as an identifier.
        cells: filled ones, with how often each comes.
        numbers: whether they are amounts: « élèves » is then how many.
    """
    told = _by_cells({cell: times for cell, times in cells.items() if not _DATE.fullmatch(cell.strip())})
    if told is not None and told.share >= 0.5:
        return told
    words = _words_of(name)
    if numbers and re.fullmatch(rf"(?:{_PEOPLE})", words) and words.endswith("s"):
        return told
    found = _by_name(words, cells, numbers)
    if found and found.why == MAYBE and _are_like_names(cells):
        return Suspicion(_DIRECT, _LIKE_NAMES)
    return found or told


def tell_of_people(columns: Sequence[tuple[str, Suspicion | None]]) -> bool:
    """Whether the rows of a table seem to be people: each has a name, a number, or two traits of its own.

    So do they where half of the columns are about people. Figures about groups and things on a map do not.

    Args:
        columns: their names, in order, and what each is suspected of.
    """
    traits, told = 0, 0
    words_of = [_words_of(name) for name, _ in columns]
    for place, (words, (_, found)) in enumerate(zip(words_of, columns, strict=True)):
        if _PLACED.search(words):
            return False
        if found is None:
            continue
        told += found.why not in WEAK
        numbered = found.why == _SPOKEN_OF and (place == 0 or _IDENTIFIED.search(words))
        if numbered or found.why in _SOMEBODY:
            traits += _TRAITS
        elif found.why in (_TRAIT, _BIRTH, MAYBE) or found.category == _FINANCIAL:
            traits += 1
    if traits < 2 * _TRAITS and any(map(_COUNT.search, words_of)):
        return False
    return traits >= _TRAITS or 2 * told >= len(columns)


def beside_people(
    name: str, cells: Mapping[str, int], people: Sequence[str], is_next: bool
) -> Suspicion | None:
    """Why a column is about those whom another one names; None where nothing tells so.

    Args:
        name: of the column.
        cells: filled ones, with how often each comes.
        people: names of the columns that name people.
        is_next: whether one of them stands beside it.
    """
    words = _words_of(name)
    if is_next and _says_nothing(name) and _are_single_words(cells):
        return Suspicion(_DIRECT, "des mots seuls, à côté d'un nom de personne")
    bare = _bare(words)
    if bare != words and bare in {_bare(_words_of(one)) for one in people}:
        return Suspicion(_DIRECT, "son nom dit un numéro ou un code de qui est nommé à côté")
    return None


def _bare(words: str) -> str:
    """The words of a name without those that say that it is a name or a number: « id coordenador »."""
    left = re.sub(rf"{_IDENTIFIED.pattern}|\b(?:noms?|names?|naam|nom[ei])\b", " ", words)
    return " ".join(left.split())


def _are_single_words(cells: Mapping[str, int]) -> bool:
    like = sum(times for cell, times in cells.items() if _SINGLE_WORD.fullmatch(cell))
    return not _are_categories(cells) and like >= _MOST_PERHAPS * sum(cells.values())


def is_of_things(name: str) -> bool:
    """Whether the name of a column says that it is of a thing or a place: an « école », a « commune »."""
    return _THINGS.search(_words_of(name)) is not None


def in_doubt(name: str, cells: Mapping[str, int]) -> Suspicion | None:
    """Why a column of texts may name people, though nothing says so; None where its name says what it is.

    Args:
        name: of the column.
        cells: filled ones, with how often each comes.
    """
    words = _words_of(name)
    if not cells or _THINGS.search(words) or _ADMINISTRATIVE.search(words):
        return None
    if doubt := in_doubt_of_number(name, cells):
        return doubt
    named = not _NO_PEOPLE.search(words)
    if named and (_are_like_names(cells) or any(map(_is_somebody, cells))):
        return Suspicion(_DIRECT, _WORDS)
    if _are_categories(cells) or not (named or _TITLES.search(words)):
        return None
    total = sum(cells.values())
    like = sum(times for cell, times in cells.items() if _PERHAPS_NAME.fullmatch(cell)) / total
    if named and like >= _MOST_PERHAPS and len(cells) > _CATEGORIES:
        return Suspicion(_DIRECT, _WORDS)
    long = sum(times for cell, times in cells.items() if len(cell.split()) >= _SENTENCE) / total
    return Suspicion(_INDIRECT, _FREE_TEXT) if long >= _MOST_PERHAPS else None


def in_doubt_of_number(name: str, cells: Mapping[str, int]) -> Suspicion | None:
    """Why numbers or codes may be those of people; None where their name says what they are of.

    Args:
        name: of the column.
        cells: filled ones, with how often each comes.
    """
    words = _words_of(name)
    if _THINGS.search(words) or _NO_PEOPLE.search(words) or len(cells) <= _CATEGORIES:
        return None
    of = _bare(re.sub(r"^(num|id|no|nr)(?=[a-z]{5,})", r"\1 ", words))
    return Suspicion(_INDIRECT, _NUMBER_OF_WHOM) if of not in ("", words) else None


def around_people(name: str, dated: bool, rows_are_people: bool = False) -> Suspicion | None:
    """Why a column of a table that names people is about them too; None where nothing tells so.

    Args:
        name: of the column.
        dated: whether it holds days.
        rows_are_people: whether each row seems to be about somebody, so that all it says is.
    """
    words = _words_of(name)
    if dated:
        return Suspicion(_INDIRECT, "une date, dans un tableau qui nomme des personnes")
    if words in _PARTS:
        return Suspicion(_DIRECT, "une part d'un nom, dans un tableau qui nomme des personnes")
    if _MONEY.search(words):
        return Suspicion(_FINANCIAL, "un montant, dans un tableau qui nomme des personnes")
    if _AROUND.search(words):
        return Suspicion(_INDIRECT, "un numéro ou un lieu, dans un tableau qui nomme des personnes")
    if not words and not _says_nothing(name):
        return Suspicion(_INDIRECT, "un nom en une autre écriture, dans un tableau qui nomme des personnes")
    if rows_are_people:
        return Suspicion(_INDIRECT, OF_ROW)
    return None


def _words_of(name: str) -> str:
    """The words of a column's name, small and without accents; none of a name that only says its place."""
    words = _plain_words(name)
    return "" if _UNNAMED.fullmatch(words) else words


def _says_nothing(name: str) -> bool:
    """Whether a column has no name, or only that of its place; a name in another alphabet is one."""
    return not name.strip() or _UNNAMED.fullmatch(_plain_words(name)) is not None


def _plain_words(name: str) -> str:
    return re.sub("[^a-z0-9]+", " ", plain(_split_humps(name))).strip()


def _split_humps(name: str) -> str:
    """« birthDate » as « birth Date », « etudiant2 » as « etudiant 2 »."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z]{2})(?=[A-Z][a-z])|(?<=[^\W\d_]{3})(?=\d)", " ", name)


def _are_like_names(cells: Mapping[str, int]) -> bool:
    """Whether most cells are two or three words with a capital, none of an organisation or a place."""
    total = sum(cells.values())
    like = sum(
        times
        for cell, times in cells.items()
        if _FULL_NAME.fullmatch(cell) and not _ORGANISED.search(plain(cell))
    )
    return total > 0 and like >= _MOST_FULL_NAMES * total


def _by_name(words: str, cells: Mapping[str, int], numbers: bool) -> Suspicion | None:
    if _ADMINISTRATIVE.search(words) and (numbers or not _SPANISH_NAME.fullmatch(words)):
        # A count of people is about nobody.
        return None
    for pattern, category, why in _NAMES:
        found = re.search(rf"(?:^| )(?:{pattern})(?= |$)", words)
        if not found:
            continue
        if why == MAYBE and _THINGS.search(words.replace(found[0].strip(), "", 1)):
            return None
        if why == _SPOKEN_OF and _are_categories(cells) and (_KINDS.search(words) or not _are_words(cells)):
            return None
        if why == _SPOKEN_OF and _PLACE.search(words):
            category = _INDIRECT
        return Suspicion(category, why)
    return None


def may_be_of_people(cells: Iterable[str]) -> bool:
    """Whether one of the names of columns may be what a cell holds of a person: it would be written out."""
    tests = [test for test, *_ in _FORMS]
    return any(test(cell) for cell in cells if cell for test in tests)


def _are_words(cells: Mapping[str, int]) -> bool:
    """Whether most different cells are words with a capital, as names are: not « F » or « 12 »."""
    like = sum(1 for cell in cells if len(cell) > _SHORT and _PERHAPS_NAME.fullmatch(cell))
    return like > len(cells) / 2


def _are_categories(cells: Mapping[str, int]) -> bool:
    """Whether a few cells come again and again: kinds of people, not people."""
    if cells and all(map(_FULL_NAME.fullmatch, cells)):
        return False
    return len(cells) <= _CATEGORIES and sum(cells.values()) >= _AGAIN * max(1, len(cells))


def _by_cells(cells: Mapping[str, int]) -> Suspicion | None:
    """What the cells themselves tell; also of one in twenty, such as the addresses in a free text."""
    total = sum(cells.values())
    if not total:
        return None
    for test, category, why, least in _FORMS:
        share = sum(times for cell, times in cells.items() if test(cell)) / total
        if share >= least:
            return Suspicion(category, why, share)
        if test is _has_first_name and share >= _FEW_FIRST_NAMES:
            full = sum(times for cell, times in cells.items() if _FULL_NAME.fullmatch(cell)) / total
            if full >= _MOST_FULL_NAMES:
                return Suspicion(category, why, share)
    return None


def _has_phone(cell: str) -> bool:
    return any(_is_phone(one[0]) for one in _PHONE.finditer(cell))


def _is_phone(text: str) -> bool:
    """Whether a text is a telephone number, and no number of an enterprise, nor a code without a space."""
    if text.startswith(("+", "00")):
        return True
    if is_bce_number(text) or (text.isdecimal() and not text.startswith("04")):
        return False
    return len(re.sub(r"\D", "", text)) in _PHONE_DIGITS


def _has_first_name(cell: str) -> bool:
    words = re.findall(r"[^\W\d_]+", plain(cell))
    if not words or not cell[:1].isupper():
        return False
    several = sum(word in FIRST_NAMES for word in words) >= max(2, len(words) / 3)
    return several or (len(words) <= 4 and bool({words[0], words[-1]} & FIRST_NAMES))


def _is_somebody(cell: str) -> bool:
    """Whether a cell is a first name and one or two more words with a capital, none of an organisation."""
    named = _FULL_NAME.fullmatch(cell) and _has_first_name(cell)
    return bool(named) and not _ORGANISED.search(plain(cell))


def _is_account(cell: str) -> bool:
    """Whether a cell may be what somebody is called on a network, made of a first name."""
    found = _ACCOUNT.fullmatch(cell)
    made = found is not None and (found[1] != cell or len(cell) >= _ACCOUNT_LONG)
    return made and cell.lstrip("@").startswith(_LONG_FIRST_NAMES)


def _is_foreign_name(cell: str) -> bool:
    """Whether a cell is two or three words with a capital, of another alphabet: Greek, Cyrillic."""
    words = cell.split()
    return len(words) in _FOREIGN_WORDS and all(
        _FOREIGN_WORD.fullmatch(word) and word[0] > "\u036f" and word[0].isupper() and word[1:].islower()
        for word in words
    )


def _is_card(cell: str) -> bool:
    """Whether a cell is the number of a card of a bank: its length, its beginning, its last figure (Luhn)."""
    digits = re.sub("[ -]", "", cell)
    if not _CARD.fullmatch(digits):
        return False
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


def _is_hash(cell: str) -> bool:
    return len(cell) in _HASHES and _HEX.fullmatch(cell) is not None


def _is_street(cell: str) -> bool:
    return _STREET.fullmatch(cell.strip()) is not None and any(map(str.isdigit, cell))


def _has_national_number(cell: str) -> bool:
    return is_national_number(cell.strip())


_FORMS: tuple[tuple[Callable[[str], object], str, str, float], ...] = (
    (_has_national_number, _DIRECT, "des numéros de registre national y sont (chiffres de contrôle)", 0.2),
    (
        is_foreign_number,
        _DIRECT,
        "des numéros du registre d'un autre pays y sont (chiffres de contrôle)",
        0.5,
    ),
    (lambda cell: _MAIL.search(cell), _DIRECT, "des adresses électroniques y sont", 0.02),
    (lambda cell: is_iban(cell.strip()), _FINANCIAL, "des numéros de compte (IBAN) y sont", 0.05),
    (_IP.fullmatch, _DIRECT, "des adresses IP y sont", 0.5),
    (_is_card, _FINANCIAL, "des numéros de carte bancaire y sont (chiffre de contrôle)", 0.5),
    (_has_phone, _DIRECT, "des téléphones y sont", 0.1),
    (_is_street, _INDIRECT, "des adresses y sont", 0.2),
    (_has_first_name, _DIRECT, _FIRST_NAMES_SEEN, 0.3),
    (_is_foreign_name, _DIRECT, "des noms d'une autre écriture y sont", 0.5),
    (_TITLED.match, _DIRECT, "des personnes y sont nommées", 0.1),
    (_INITIALLED.match, _DIRECT, "des noms avec des initiales y sont", 0.3),
    (_OF_PEOPLE.search, _DIRECT, "des objets y ont le nom ou l'adresse d'une personne", 0.1),
    (_is_account, _DIRECT, "des comptes au nom de personnes y sont", 0.2),
    (_is_hash, _INDIRECT, "des empreintes y sont : elles peuvent remplacer des identifiants", 0.9),
)
