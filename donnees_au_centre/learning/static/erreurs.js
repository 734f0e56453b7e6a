// What PostgreSQL refuses, said in plain French with what to do; its own words stay beneath.

import { nearest, tokens } from "./requete.js";

const quoted = (message, number = 1) => [...message.matchAll(/"([^"]*)"/g)].map((one) => one[1])[number - 1] ?? "";
const did = (name) => (name ? ` Vouliez-vous « ${name} » ?` : "");

// SQLSTATE -> (error, sql, tables) -> [what, what to do]; tables: [{name, columns: [{nom}]}]
const SAID = {
  42703: (error, sql, tables) => {
    const [owner, name] = split(error.message.match(/column "?([^"\s]+)"?/)?.[1] ?? "");
    const used = usedTables(sql, tables);
    const columns = used.flatMap((table) => table.columns.map((column) => column.nom));
    const near = nearest(name, columns);
    return [
      `La colonne « ${name} » n'existe pas${owner ? ` dans « ${owner} »` : " dans les tables que vous lisez"}.`,
      near
        ? `Vouliez-vous « ${near} » ? Le panneau des tables donne les noms exacts.`
        : "Regardez les noms dans le panneau des tables ; un texte s'écrit entre apostrophes : 'Liège'.",
    ];
  },
  "42P01": (error, sql, tables) => {
    const missing = error.message.match(/relation "([^"]*)"/)?.[1];
    if (!missing) {
      const name = quoted(error.message);
      return [
        `« ${name} » est utilisé, mais aucune table de votre « from » ne porte ce nom.`,
        "Ajoutez la table avec une jointure, ou corrigez l'alias devant le point.",
      ];
    }
    const names = tables.map((table) => table.name);
    const short = names.find((name) => name.endsWith(`.${missing}`));
    const near = short ?? nearest(missing, names) ?? nearest(missing, names.map((name) => name.split(".")[1]));
    const full = names.find((name) => name === near || name.endsWith(`.${near}`));
    return [
      `La table « ${missing} » n'existe pas.`,
      short
        ? `Une table se nomme avec son schéma : ${short}.`
        : `${full ? `Vouliez-vous ${full} ? ` : ""}Le panneau des tables donne les noms, schéma compris.`,
    ];
  },
  42803: (error) =>
    /not allowed in WHERE/i.test(error.message)
      ? [
          "« where » ne peut pas contenir un calcul de groupe (count, sum, max…).",
          "« where » choisit les lignes avant le regroupement ; pour choisir des groupes, écrivez « having » après « group by ».",
        ]
      : [
          `La colonne ${quoted(error.message)} n'est ni dans « group by », ni dans un calcul (count, sum, max…).`,
          "Ajoutez-la à « group by », ou dites quelle valeur garder : min(…), max(…), sum(…).",
        ],
  42601: (error, sql) => {
    const near = quoted(error.message);
    if (/multiple commands/.test(error.message))
      return ["Il y a plusieurs requêtes.", "Gardez-en une seule ; un point-virgule ne peut être qu'à la fin."];
    if (/end of input/.test(error.message))
      return ["La requête s'arrête trop tôt.", "Une parenthèse reste ouverte, ou il manque la fin d'une condition."];
    if (/same number of columns/.test(error.message))
      return ["Les deux parties n'ont pas le même nombre de colonnes.", "Donnez à chaque « select » les mêmes colonnes, dans le même ordre."];
    const read = tokens(sql);
    const place = read.findIndex((token) => error.position && token.at >= error.position - 1);
    const before = read[place - 1];
    const comma = before?.lower === "," ? ` Une virgule est de trop avant « ${near} ».` : "";
    return [
      `PostgreSQL ne comprend plus la requête à partir de « ${near} ».`,
      `${comma.trim() || "Regardez juste avant : une virgule en trop ou en moins, une parenthèse, un mot mal écrit."} L'ordre est : select, from, where, group by, having, order by, limit.`,
    ];
  },
  42702: (error) => [
    `La colonne « ${quoted(error.message)} » existe dans plusieurs tables : laquelle ?`,
    "Écrivez l'alias de la table devant : c.nom, e.nom…",
  ],
  42883: (error) =>
    /operator/.test(error.message)
      ? [
          `Ces deux valeurs ne se comparent pas ou ne se calculent pas ensemble : ${error.message.split(": ")[1] ?? ""}.`,
          "Les deux côtés doivent avoir le même type : un code comme code_nis est un texte, entre apostrophes ; cast(… as integer) convertit.",
        ]
      : [
          `La fonction ${error.message.match(/function ([^ ]+)/)?.[1] ?? ""} n'existe pas pour ces valeurs.`,
          "Vérifiez son nom et le type de ce qu'elle reçoit ; cast(… as …) convertit.",
        ],
  42804: () => ["Les types ne vont pas ensemble.", "Convertissez l'un des côtés : cast(… as text), cast(… as integer)…"],
  "22P02": (error) => [`« ${quoted(error.message, 2) || quoted(error.message)} » ne se lit pas dans le type attendu.`, "Un nombre s'écrit sans apostrophes ; un texte ne devient pas un nombre."],
  22007: (error) => [`« ${quoted(error.message)} » n'est pas une date.`, "Une date s'écrit '2025-06-14' : année, mois, jour."],
  22008: (error) => [`« ${quoted(error.message)} » n'est pas une date qui existe.`, "Une date s'écrit '2025-06-14' : année, mois, jour."],
  22012: () => ["Une division par zéro.", "nullif(diviseur, 0) rend la division nulle au lieu d'échouer."],
  21000: () => ["Une sous-requête donne plusieurs lignes là où une seule est attendue.", "Utilisez « in (…) », ou réduisez-la à une ligne par max(…) ou min(…)."],
  25006: () => ["Ici on lit seulement : rien ne s'écrit ni ne s'efface.", "Écrivez une requête qui commence par « select » ou « with »."],
  42712: (error) => [`L'alias « ${quoted(error.message)} » sert deux fois.`, "Donnez un alias différent à chaque table."],
  42846: () => ["Cette conversion n'existe pas.", "Vérifiez le type de la colonne dans le panneau des tables."],
};

/**
 * @param {Error} error of PostgreSQL
 * @param {string} sql as it was sent
 * @param tables of the page
 * @returns {{what: string, todo: string, original: string, line: string}}
 */
export function inFrench(error, sql, tables) {
  const said = SAID[error.code]?.(error, sql, tables) ?? [
    "PostgreSQL refuse cette requête.",
    "Son message, ci-dessous, est en anglais ; le premier mot entre guillemets dit où regarder.",
  ];
  return { what: said[0], todo: said[1], original: error.message, line: marked(sql, error.position) };
}

/** The tables that a query names; all of them when it names none that exists. */
export function usedTables(sql, tables) {
  const words = tokens(sql).map((token) => token.name ?? token.lower);
  const used = tables.filter((table) => words.includes(table.name.split(".")[1]));
  return used.length ? used : tables;
}

function split(name) {
  const parts = name.split(".");
  return parts.length > 1 ? [parts[0], parts.slice(1).join(".")] : ["", name];
}

/** The line of the query where it was refused, with a mark below the place. */
function marked(sql, position) {
  if (!position) return "";
  const before = sql.slice(0, position - 1);
  const start = before.lastIndexOf("\n") + 1;
  const line = sql.slice(start).split("\n")[0];
  return `${before.split("\n").length} | ${line}\n${" ".repeat(String(before.split("\n").length).length)} | ${" ".repeat(before.length - start)}^`;
}
