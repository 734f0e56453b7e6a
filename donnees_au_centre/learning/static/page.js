// The page: the paths, one exercise, the certificate. What is judged is in verification.js.

import { chartOf, draw, isNumber } from "./graphique.js";
import { inFrench } from "./erreurs.js";
import { Engine } from "./moteur.js";
import { dayOf, draft, draftOf, finish, forget } from "./progres.js";
import { answer } from "./verification.js";

const SHOWN = 100;
const BOOLEAN = 16;
const main = document.getElementById("contenu");
const state = document.getElementById("etat");
const bar = document.getElementById("chargement");
const content = await (await fetch(new URL("contenu.json", import.meta.url))).json();
const exercises = content.parcours.flatMap((path) => path.exercices.map((exercise) => ({ ...exercise, path, key: `${path.id}/${exercise.id}` })));
const engine = new Engine(content, told);
const ready = engine.open();
let lineage = null;

function told(words, share) {
  bar.value = share;
  bar.hidden = share === 1;
  // A screen reader hears the two ends, not each step.
  if (share < 0.05 || share === 1) state.textContent = share === 1 ? `PostgreSQL ${engine.version} est prêt, dans votre navigateur.` : `${words}…`;
}

ready.catch((error) => {
  bar.hidden = true;
  state.textContent = `PostgreSQL n'a pas démarré : ${error.message}. Que faire : rechargez la page ; si cela dure, essayez un autre navigateur (Firefox, Chromium, Edge).`;
});

/** An element: attributes, then what is in it. Texts are texts, never HTML. */
function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (typeof value === "boolean") made.toggleAttribute(key, value);
    else if (value !== null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A sentence in which `code` between backticks is shown as code. */
function rich(words) {
  return words.split(/`([^`]+)`/).map((part, place) => (place % 2 ? el("code", {}, part) : part));
}

const counted = (number, one, several) => `${number.toLocaleString(document.documentElement.lang)} ${Math.abs(number) < 2 ? one : several}`;
const day = (iso) => new Date(`${iso}T12:00:00`).toLocaleDateString(document.documentElement.lang, { day: "numeric", month: "long", year: "numeric" });
const isDone = (path) => path.exercices.every((exercise) => dayOf(`${path.id}/${exercise.id}`));

function home() {
  const next = exercises.find((exercise) => !dayOf(exercise.key));
  return [
    el("h1", {}, "Votre première requête, sans rien installer"),
    el("p", { class: "lead" }, "Ce site fait tourner le vrai PostgreSQL dans votre navigateur, sur l'échantillon inventé du projet : le même SQL et les mêmes tables qu'en production. Rien ne part de votre machine."),
    next
      ? el("p", {}, el("a", { class: "bouton", href: `#/${next.key}` }, next === exercises[0] ? "Commencer" : `Continuer : ${next.titre}`))
      : el("p", { class: "box good" }, "Tout est fait. Bravo."),
    el(
      "ol",
      { class: "cards parcours" },
      ...content.parcours.map((path) => {
        const done = path.exercices.filter((exercise) => dayOf(`${path.id}/${exercise.id}`)).length;
        return el(
          "li",
          { class: "card" },
          el("h2", {}, path.nom),
          el("p", {}, path.but),
          el("p", { class: "quiet" }, `${done} sur ${path.exercices.length} ${done < 2 ? "réussi" : "réussis"}`),
          el(
            "ol",
            { class: "etapes" },
            ...path.exercices.map((exercise) => {
              const key = `${path.id}/${exercise.id}`;
              return el("li", { class: dayOf(key) ? "fait" : "" }, el("a", { href: `#/${key}` }, exercise.titre), dayOf(key) ? el("span", { class: "quiet" }, " – réussi") : null);
            }),
          ),
          isDone(path) ? el("p", {}, el("a", { href: `#/certificat/${path.id}` }, "Imprimer le certificat")) : null,
        );
      }),
    ),
    el("h2", {}, "Sans exercice"),
    el("p", {}, el("a", { href: "#/libre" }, "Le bac à sable"), " : toutes les tables, vos questions, aucune correction."),
    el("p", { class: "quiet" }, "Votre progression reste dans ce navigateur. ", el("button", { type: "button", class: "lien", onclick: () => { forget(); route(); } }, "L'effacer")),
  ];
}

function exercise(one) {
  const place = exercises.indexOf(one);
  const [before, after] = [exercises[place - 1], exercises[place + 1]];
  const work = bench(one, one.tables, draftOf(one.key) ?? one.depart ?? "");
  return [
    el("p", { class: "crumbs" }, el("a", { href: "#/" }, "Parcours"), ` › ${one.path.nom} › ${one.path.exercices.findIndex((other) => other.id === one.id) + 1} sur ${one.path.exercices.length}`),
    el("h1", {}, one.titre),
    el("p", { class: "lead" }, ...rich(one.question)),
    work,
    el(
      "nav",
      { class: "suite", "aria-label": "Autres exercices" },
      before ? el("a", { href: `#/${before.key}` }, `← ${before.titre}`) : el("span"),
      after ? el("a", { href: `#/${after.key}` }, `${after.titre} →`) : el("span"),
    ),
  ];
}

function sandbox() {
  return [
    el("p", { class: "crumbs" }, el("a", { href: "#/" }, "Parcours"), " › Bac à sable"),
    el("h1", {}, "Le bac à sable"),
    el("p", { class: "lead" }, "Toutes les tables du site. Rien ne s'y écrit, rien ne s'y casse."),
    bench(null, content.tables.map((table) => table.name), draftOf("libre") ?? `select *\nfrom ${content.tables[0].name}\nlimit 10`),
  ];
}

/** The editor, what is told, the rows, and the tables beside. */
function bench(one, names, sql) {
  const key = one?.key ?? "libre";
  const editor = el("textarea", { id: "requete", rows: Math.max(6, sql.split("\n").length + 1), spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-describedby": "aide-requete" });
  editor.value = sql;
  const said = el("div", { id: "reponse", role: "status", "aria-live": "polite" });
  const rows = el("div", { id: "resultat" });
  let hinted = 0;
  let busy = false;

  async function play() {
    if (busy) return;
    busy = true;
    go.disabled = true;
    said.replaceChildren(el("p", { class: "quiet" }, engine.version ? "Un instant…" : "PostgreSQL démarre ; votre requête suit."));
    try {
      await ready;
      const told = await answer(engine, one, editor.value);
      rows.replaceChildren(...(told.result ? await shown(told.result) : []));
      said.replaceChildren(...verdict(one, told));
      if (told.kind === "right") finish(key);
    } catch (error) {
      said.replaceChildren(note("bad", "La page n'a pas pu répondre.", `${error.message}. Que faire : rechargez la page ; votre requête est gardée.`));
    } finally {
      busy = false;
      go.disabled = false;
    }
  }

  const go = el("button", { type: "button", class: "principal", onclick: play }, one ? "Exécuter et vérifier" : "Exécuter");
  const hints = one ? [...one.indices, null] : [];
  const hint = el("button", { type: "button", onclick: () => {
    const words = hints[hinted++];
    said.replaceChildren(words ? note("info", `Indice ${hinted} sur ${one.indices.length}`, ...rich(words)) : solved(one));
    hint.textContent = hinted < one.indices.length ? "Un autre indice" : "Voir une solution";
    if (hinted > one.indices.length) hint.hidden = true;
  } }, "Un indice");
  editor.addEventListener("input", () => draft(key, editor.value));
  editor.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      play();
    }
  });
  const insert = (words) => {
    editor.setRangeText(words, editor.selectionStart, editor.selectionEnd, "end");
    editor.focus();
    draft(key, editor.value);
  };
  return el(
    "div",
    { class: "atelier" },
    el(
      "section",
      { "aria-label": "Votre requête" },
      el("label", { for: "requete" }, "Votre requête"),
      editor,
      el("p", { id: "aide-requete", class: "quiet" }, "Ctrl + Entrée exécute ; Tab passe au bouton suivant."),
      el(
        "div",
        { class: "boutons" },
        go,
        one ? hint : null,
        el("button", { type: "button", onclick: () => { editor.value = one?.depart ?? ""; draft(key, editor.value); editor.focus(); } }, "Recommencer"),
      ),
      said,
      rows,
    ),
    el(
      "aside",
      { "aria-label": "Les tables" },
      el("h2", {}, names.length === 1 ? "La table" : "Les tables"),
      el("p", { class: "quiet" }, "Un nom s'insère dans la requête quand on l'active."),
      ...names.map((name) => schema(content.tables.find((table) => table.name === name), names.length <= 3, insert, one?.modele)),
    ),
  );
}

function schema(table, open, insert, byRef) {
  const name = byRef ? `{{ ref('${table.name.split(".")[1]}') }}` : table.name;
  return el(
    "details",
    { class: "table", open },
    el("summary", {}, el("code", {}, table.name), el("span", { class: "quiet" }, ` ${counted(table.lignes, "ligne", "lignes")}`)),
    el("p", { class: "quiet" }, ...rich(table.description)),
    el("p", {}, el("button", { type: "button", class: "lien", onclick: () => insert(name) }, el("code", {}, name))),
    el(
      "ul",
      {},
      ...table.columns.map((column) =>
        el("li", {}, el("button", { type: "button", class: "lien", onclick: () => insert(column.nom) }, el("code", {}, column.nom)), el("span", { class: "quiet" }, ` ${column.type}`), column.description ? el("span", { class: "sens" }, ...rich(column.description)) : null),
      ),
    ),
  );
}

function note(kind, title, ...words) {
  return el("div", { class: `box note ${kind}` }, el("p", { class: "titre" }, title), words.length ? el("p", {}, ...words) : null);
}

function solved(one) {
  return el("div", { class: "box note info" }, el("p", { class: "titre" }, "Une solution"), el("pre", { tabindex: "0" }, el("code", {}, one.solution)), el("p", {}, "Lisez-la, puis écrivez-la à votre façon : c'est le résultat qui est comparé, pas le texte."));
}

/** What is told of one answer. */
function verdict(one, told) {
  const idea = told.idea ? content.idees[told.idea] : null;
  const hint = idea ? el("div", { class: "box note idee", "data-idee": told.idea }, el("p", { class: "titre" }, idea.titre), el("p", {}, ...rich(idea.indice)), el("p", { class: "quiet" }, content.genres[idea.genre])) : null;
  if (told.kind === "empty") return [note("warn", "La requête est vide.", "Écrivez-en une, puis Ctrl + Entrée.")];
  if (told.kind === "model") return [note("bad", `Aucun mart ne s'appelle « ${told.name} ».`, told.near ? `Vouliez-vous ref('${told.near}') ?` : "Le panneau des tables donne les noms.")];
  if (told.kind === "long") return [note("bad", "La requête était trop longue : elle a été arrêtée.", "Sans condition dans « on », chaque ligne d'une table va avec chaque ligne de l'autre. PostgreSQL a redémarré ; corrigez et relancez.")];
  if (told.kind === "refused") {
    const { what, todo, original, line } = inFrench(told.error, told.sent, content.tables);
    return [
      el("div", { class: "box note bad" }, el("p", { class: "titre" }, what), el("p", {}, todo), line ? el("pre", { tabindex: "0" }, line) : null, el("p", { class: "quiet", lang: "en" }, `PostgreSQL : ${original}`)),
      hint,
    ].filter(Boolean);
  }
  if (told.kind === "shown") return [];
  if (told.kind === "right") {
    const after = exercises[exercises.indexOf(one) + 1];
    const last = one.path.exercices.at(-1).id === one.id;
    return [
      el(
        "div",
        { class: "box note good" },
        el("p", { class: "titre" }, "C'est juste."),
        told.names ? el("p", {}, `Les colonnes étaient demandées sous d'autres noms : ${told.names.join(", ")}.`) : null,
        one.retenir ? el("p", {}, ...rich(one.retenir)) : null,
        el("p", {}, after ? el("a", { class: "bouton", href: `#/${after.key}` }, last ? `Parcours suivant : ${after.path.nom}` : `Suivant : ${after.titre}`) : el("a", { class: "bouton", href: "#/" }, "Retour aux parcours")),
      ),
    ];
  }
  return [note("warn", ...different(told)), hint].filter(Boolean);
}

/** How a result differs, without giving it away. */
function different({ why, facts, wanted, fields, idea }) {
  if (why === "columns") return [`${counted(fields.length, "colonne", "colonnes")} au lieu de ${wanted.length}.`, `Attendues : ${wanted.join(", ")}.`];
  if (why === "types") return ["Une colonne n'a pas le type attendu.", `Attendues, dans cet ordre : ${wanted.join(", ")}.`];
  if (why === "names") return ["Les lignes sont justes, pas les noms des colonnes.", `Attendus : ${wanted.join(", ")}.`];
  if (why === "form") return idea ? ["Presque."] : ["Ce n'est pas une requête qui donne des lignes.", "Elle commence par select ou with."];
  if (why === "order") return ["Les lignes sont justes, pas leur ordre."];
  const { given, expected, missing, extra } = facts;
  const count = given === expected ? `${counted(given, "ligne", "lignes")}, c'est le bon nombre` : `${counted(given, "ligne", "lignes")} au lieu de ${expected.toLocaleString(document.documentElement.lang)}`;
  const apart = [missing ? `${counted(missing, "attendue manque", "attendues manquent")}` : null, extra ? `${counted(extra, "n'est pas attendue", "ne sont pas attendues")}` : null].filter(Boolean).join(", ");
  return ["Pas encore.", `${count} ; ${apart}.`];
}

/** A result: the table, its chart, where its columns come from. */
async function shown(result) {
  const { fields, rows, cut } = result;
  const some = rows.slice(0, SHOWN);
  const count = cut ? `plus de ${counted(rows.length, "ligne", "lignes")}` : counted(rows.length, "ligne", "lignes");
  const title = rows.length > SHOWN ? `${count}, dont les ${SHOWN} premières` : count;
  const chart = chartOf(result);
  const value = (field, text) => (text === null ? el("span", { class: "quiet" }, "null") : field.type === BOOLEAN ? (text === "t" ? "true" : "false") : text);
  return [
    el(
      "div",
      { class: "scroll lignes", tabindex: "0", role: "region", "aria-label": "Résultat" },
      el(
        "table",
        {},
        el("caption", {}, title),
        el("thead", {}, el("tr", {}, ...fields.map((field) => el("th", { scope: "col", class: isNumber(field) ? "num" : null }, field.name)))),
        el("tbody", {}, ...some.map((row) => el("tr", {}, ...row.map((text, place) => el("td", { class: isNumber(fields[place]) ? "num" : null }, value(fields[place], text)))))),
      ),
    ),
    chart ? el("details", {}, el("summary", {}, `Graphique : ${chart.value} par ${chart.label}`), draw(chart)) : null,
    fields.length ? el("details", { class: "origines" }, el("summary", {}, "D'où viennent ces colonnes"), ...(await origins(fields))) : null,
  ].filter(Boolean);
}

/** For each column of a result, what PostgreSQL says it is read from, and the way up to the received file. */
async function origins(fields) {
  lineage ??= await (await fetch(new URL("lignage.json", import.meta.url))).json();
  return fields.map((field) => {
    const origin = field.origin ? engine.columns[field.origin] : null;
    if (!origin) return el("div", {}, el("h2", {}, el("code", {}, field.name)), el("p", { class: "quiet" }, "Calculée dans votre requête."));
    const { table, column } = origin;
    const meaning = content.tables.find((one) => one.name === table)?.columns.find((one) => one.nom === column)?.description;
    const steps = lineage[table]?.[column] ?? [];
    return el(
      "div",
      {},
      el("h2", {}, el("code", {}, field.name), field.name === column ? "" : el("span", { class: "quiet" }, ` (${column})`), el("span", { class: "quiet" }, ` de ${table}`)),
      meaning ? el("p", {}, ...rich(meaning)) : null,
      steps.length
        ? el("ul", { class: "lignage" }, ...steps.map(([depth, label, operation, source]) => el("li", { class: `n${Math.min(depth, 6)}` }, el("code", {}, label), el("span", { class: "quiet" }, ` ${operation}${source ? ", reçue telle quelle" : ""}`))))
        : el("p", { class: "quiet" }, "Aucune autre colonne : une valeur calculée par le modèle."),
    );
  });
}

function certificate(path) {
  if (!isDone(path)) return [el("h1", {}, "Pas encore"), el("p", {}, "Le certificat d'un parcours s'imprime quand tous ses exercices sont réussis. ", el("a", { href: "#/" }, "Retour aux parcours"))];
  const days = path.exercices.map((one) => dayOf(`${path.id}/${one.id}`)).sort();
  const name = el("output", { class: "nom", for: "nom" }, "…");
  return [
    el("p", { class: "crumbs" }, el("a", { href: "#/" }, "Parcours"), ` › ${path.nom} › Certificat`),
    el(
      "div",
      { class: "saisie" },
      el("label", { for: "nom" }, "Votre nom, tel qu'il s'imprimera ; il n'est ni gardé ni envoyé"),
      el("input", { id: "nom", type: "text", autocomplete: "name", maxlength: "80", oninput: (event) => { name.textContent = event.target.value || "…"; } }),
      el("button", { type: "button", class: "principal", onclick: () => print() }, "Imprimer"),
    ),
    el(
      "article",
      { class: "certificat" },
      el("p", { class: "quiet" }, document.querySelector(".brand").textContent.trim()),
      el("h1", {}, path.nom),
      el("p", {}, name, " a réussi les exercices de ce parcours :"),
      el("ol", {}, ...path.exercices.map((one) => el("li", {}, one.titre))),
      el("p", {}, days[0] === days.at(-1) ? `Le ${day(days[0])}.` : `Du ${day(days[0])} au ${day(days.at(-1))}.`),
      el("p", { class: "quiet" }, "Chaque réponse a été exécutée par PostgreSQL et comparée ligne à ligne à la solution. Fait dans le navigateur de la personne, sans surveillance : ce papier dit un travail fait, il n'atteste pas une identité."),
    ),
  ];
}

function route() {
  const [, first, second] = decodeURIComponent(location.hash).match(/^#\/([^/]*)\/?(.*)$/) ?? [];
  const path = content.parcours.find((one) => one.id === second);
  const one = exercises.find((other) => other.key === `${first}/${second}`);
  const view = first === "libre" ? sandbox() : first === "certificat" && path ? certificate(path) : one ? exercise(one) : home();
  main.replaceChildren(...view);
  const title = main.querySelector("h1").textContent;
  document.title = `${title} – Apprendre`;
  return title;
}

// The brand leads to the first page without fetching PostgreSQL again.
document.querySelector(".brand").href = "#/";

addEventListener("hashchange", () => {
  if (!location.hash.startsWith("#/")) return;
  route();
  main.focus();
  scrollTo(0, 0);
});
route();
