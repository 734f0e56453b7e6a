// Which mistaken idea a query shows, from its words, from what PostgreSQL refused and from how its rows differ.
//
// idees-fausses.yml says what is told of each; the names here are its `id`. The first that holds is told.

import { plain, tokens } from "./requete.js";

const AGGREGATES = new Set(["count", "sum", "avg", "min", "max"]);
const COMPARED = new Set(["=", "<>", "!=", "<", ">", "<=", ">="]);
const ORDER = ["select", "from", "where", "group", "having", "order", "limit"];

/** A query with the questions that the ideas below ask of it. */
class Read {
  constructor(sql) {
    this.tokens = tokens(sql);
    this.words = this.tokens.map((token) => token.lower);
  }

  has(...sequence) {
    return this.places(...sequence).length > 0;
  }

  places(...sequence) {
    return this.words.flatMap((_, place) =>
      sequence.every((word, step) => this.words[place + step] === word) ? [place] : [],
    );
  }

  in(clause) {
    return this.tokens.filter((token) => token.clause === clause);
  }

  levels(clause) {
    const found = new Map();
    for (const token of this.in(clause)) found.set(token.level, [...(found.get(token.level) ?? []), token]);
    return [...found.values()];
  }

  /** What stands between the brackets of each call of a function: its words. */
  calls(name) {
    return this.places(name, "(").map((place) => {
      const opened = this.tokens[place + 1].depth;
      const end = this.tokens.findIndex((token, at) => at > place + 1 && token.lower === ")" && token.depth === opened);
      return this.words.slice(place + 2, end < 0 ? undefined : end);
    });
  }

  get aggregates() {
    return [...AGGREGATES].some((name) => this.has(name, "("));
  }

  /** True when something is counted or added in the same `select` as a join: it counts pairs. */
  pairs(names = [...AGGREGATES], sides = ["join"]) {
    const joined = new Set(this.tokens.filter((token) => sides.includes(token.lower)).map((token) => token.scope));
    return names.some((name) => this.places(name, "(").some((place) => joined.has(this.tokens[place].scope)));
  }

  get joins() {
    return this.places("join").length;
  }

  get outer() {
    return ["left", "right", "full"].some((side) => this.has(side, "join") || this.has(side, "outer", "join"));
  }

  /** Number of expressions in the outermost `group by`. */
  get grouped() {
    const depth = Math.min(...this.in("group").map((token) => token.depth));
    const own = this.in("group").filter((token) => token.depth === depth);
    return own.length ? own.filter((token) => token.lower === ",").length + 1 : 0;
  }

  /** Alias -> true for tables joined by `left join`. */
  get leftAliases() {
    return this.places("left").map((place) => {
      let at = this.words.indexOf("join", place) + 1;
      if (this.words[at] === "(") return "";
      while (this.words[at + 1] === ".") at += 2;
      if (this.words[at + 1] === "as") return this.words[at + 2];
      return this.tokens[at + 1]?.kind === "word" && !["on", "using"].includes(this.words[at + 1])
        ? this.words[at + 1]
        : this.words[at];
    });
  }
}

const missingColumn = (error) => error?.message.match(/column "?([^"\s]+)"? does not exist/)?.[1];
const refused = (state, pattern = /./) => ({ error }) => error?.code === state && pattern.test(error.message);
const fewer = ({ facts }) => facts && facts.missing > 0 && facts.given < facts.expected;
const more = ({ facts }) => facts && facts.given > facts.expected;
const differs = ({ facts }) => facts && facts.missing + facts.extra > 0;
// One `left join`, and a row without its like counted as one.
const countsTheUnmatched = ({ query }) => query.joins === 1 && query.has("count", "(", "*") && query.pairs(["count"], ["left"]);

// In the order they are tried: what PostgreSQL refused, what is wrong in any query, what the rows show.
export const IDEAS = {
  guillemets_doubles: ({ query, error }) =>
    error?.code === "42703" &&
    query.tokens.some((token) => token.kind === "quoted" && token.text.slice(1, -1) === error.message.match(/"(.*)"/)?.[1]),
  signes_d_ailleurs: ({ query, error }) => error && (query.has("==") || query.has("&&") || query.has("||", "(")),
  comparaison_enchainee: ({ query, error }) =>
    error &&
    query.words.some((word, at) => COMPARED.has(word) && query.words.slice(at + 2, at + 5).some((next, step, rest) => COMPARED.has(next) && !rest.slice(0, step).some((one) => ["and", "or", ","].includes(one)))),
  alias_dans_where: ({ query, error }) => {
    const name = error?.code === "42703" ? missingColumn(error) : null;
    return name && query.has("as", name) && [...query.in("where"), ...query.in("having")].some((token) => token.lower === name);
  },
  agregat_dans_where: refused("42803", /not allowed in WHERE/i),
  group_by_incomplet: refused("42803", /GROUP BY/),
  ordre_des_mots: ({ query, error }) =>
    error?.code === "42601" &&
    [...new Set(query.tokens.map((token) => token.level))].some((level) => {
      const met = query.tokens.filter((token) => token.level === level && ORDER.includes(token.lower)).map((token) => ORDER.indexOf(token.lower));
      return met.some((one, at) => at && one < met[at - 1]);
    }),
  virgule: ({ query, error, facts, fields, wanted }) => {
    if (error?.code === "42601") return query.has(",", "from") || query.has(",", "where") || query.has(",", ")");
    if (facts || error || !fields || fields.length >= wanted.length) return false;
    // « select nom code_nis »: the second name became the alias of the first.
    return fields.some((name) => wanted.includes(name) && query.words.some((word, at) => at && word === name && query.tokens[at].clause === "select" && query.tokens[at - 1].kind === "word" && !["select", "distinct", "as"].includes(query.words[at - 1])));
  },
  colonne_ambigue: refused("42702"),
  egal_null: ({ query }) => query.places("null").some((at) => ["=", "<>", "!="].includes(query.words[at - 1])),
  not_in_null: ({ query, facts }) => facts && facts.missing > 0 && query.has("not", "in", "(", "select"),
  et_pour_ou: ({ query, facts }) =>
    facts && facts.missing > 0 &&
    query.in("where").some((token) => {
      const at = query.tokens.indexOf(token);
      const words = query.words.slice(at);
      const sides = (from) => (words[from + 1] === "." ? [words[from + 2], from + 3] : [words[from], from + 1]);
      const [column, equal] = sides(0);
      if (words[equal] !== "=" || query.tokens[at + equal + 1]?.kind !== "string" || words[equal + 2] !== "and") return false;
      const [again, other] = sides(equal + 3);
      return again === column && words[other] === "=" && query.tokens[at + other + 1]?.kind === "string";
    }),
  priorite_et_ou: (context) =>
    differs(context) && context.query.levels("where").some((level) => level.some((one) => one.lower === "and") && level.some((one) => one.lower === "or")),
  like_sans_joker: ({ query, facts }) =>
    facts && facts.missing + facts.extra > 0 &&
    query.tokens.some((token, at) => token.kind === "string" && ((["=", "in"].includes(query.words[at - 1]) && /%/.test(token.text)) || (["like", "ilike"].includes(query.words[at - 1]) && !/[%_]/.test(token.text)))),
  casse_du_texte: ({ query, model, facts }) =>
    facts && facts.missing > 0 &&
    query.tokens.some((token) => token.kind === "string" && model.tokens.some((other) => other.kind === "string" && other.text !== token.text && plain(other.text) === plain(token.text) && plain(token.text))),
  moyenne_et_null: (context) =>
    differs(context) && [...AGGREGATES].some((name) => context.query.calls(name).some((words) => words.includes("coalesce"))) && !context.model.words.includes("coalesce"),
  dates_et_heures: (context) => context.facts?.missing > 0 && context.query.has("between") && !context.model.has("between"),
  produit_cartesien: (context) =>
    (more(context) || (differs(context) && context.query.aggregates)) &&
    (context.query.has("cross", "join") || context.query.has("on", "true") ||
      (context.query.levels("from").some((level) => level.some((token) => token.lower === ",")) && !context.query.in("where").some((token) => token.lower === "="))),
  left_annule: ({ query, facts }) =>
    facts && facts.missing > 0 && query.outer &&
    query.leftAliases.some((alias) => query.in("where").some((token) => {
      const at = query.tokens.indexOf(token);
      return token.lower === alias && query.words[at + 1] === "." && query.words[at + 3] !== "is" && query.words[at - 1] !== "(";
    })),
  jointure_interne: (context) =>
    context.facts?.missing > 0 && context.query.joins > 0 && !context.query.outer && context.model.outer,
  jointure_qui_multiplie: (context) =>
    differs(context) && context.query.pairs() && !context.query.has("count", "(", "distinct") && !countsTheUnmatched(context) &&
    (context.model.has("count", "(", "distinct") || !context.model.pairs() || context.model.joins < context.query.joins),
  distinct_cache: (context) => differs(context) && context.query.has("select", "distinct") && !context.model.has("select", "distinct"),
  compter_lignes_ou_valeurs: (context) => {
    if (!differs(context)) return false;
    const every = (read) => read.places("count", "(", "*").length;
    const some = (read) => read.calls("count").filter((words) => words[0] !== "*" && words[0] !== "distinct").length;
    const unlike = (read) => read.calls("count").filter((words) => words[0] === "distinct").length;
    return (
      countsTheUnmatched(context) ||
      (every(context.query) > every(context.model) && some(context.model) + unlike(context.model) > some(context.query) + unlike(context.query)) ||
      (some(context.query) > some(context.model) && every(context.model) + unlike(context.model) > every(context.query) + unlike(context.query))
    );
  },
  division_entiere: (context) => {
    const decimal = (read) => read.words.some((word) => ["numeric", "decimal", "::"].includes(word) || /^\d+\.\d*$/.test(word)) || read.has("avg", "(");
    return differs(context) && context.query.has("/") && !decimal(context.query) && decimal(context.model);
  },
  union_sans_all: (context) =>
    differs(context) && context.query.places("union").length > context.query.places("union", "all").length && context.model.has("union", "all"),
  different_et_null: (context) =>
    context.facts?.missing > 0 && !context.facts.extra &&
    ["<>", "!=", "not"].some((word) => context.query.has(word)) &&
    ["coalesce", "is"].filter((word) => context.model.has(word)).some((word) => !context.query.has(word)),
  group_by_de_trop: (context) => more(context) && context.query.grouped > context.model.grouped,
  lignes_repetees: (context) => more(context) && context.facts.sameWithoutRepeats,
  limite_sans_ordre: (context) => differs(context) && context.query.has("limit") && !context.query.has("order", "by"),
  having_ou_where: (context) => differs(context) && context.model.has("having") && !context.query.has("having"),
  ordre_non_demande: ({ query, facts }) => facts && !facts.missing && !facts.extra && !facts.ordered && !query.has("order", "by"),
  sens_de_l_ordre: ({ query, facts }) => facts && !facts.missing && !facts.extra && !facts.ordered && query.has("order", "by"),
  table_en_dur: ({ query, exercise, facts }) =>
    exercise.modele && facts && !facts.missing && !facts.extra && !query.tokens.some((token) => token.kind === "ref"),
  sans_final: ({ query, exercise, facts }) =>
    exercise.modele && facts && !facts.missing && !facts.extra && query.words.slice(-4).join(" ") !== "select * from final",
};

/**
 * @param given {sql, solution, error, facts, fields, wanted, exercise}: the query and the solution as they were
 *     written; what PostgreSQL refused or how the rows differ; names of the columns, given and wanted.
 * @returns {string | null} the name of the idea
 */
export function ideaOf(given) {
  const context = { ...given, query: new Read(given.sql), model: new Read(given.solution) };
  return Object.keys(IDEAS).find((name) => IDEAS[name](context)) ?? null;
}
