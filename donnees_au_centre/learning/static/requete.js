// A query as its author wrote it: the tokens, where each stands, and the marts behind {{ ref('…') }}.

const SPACE = /\s+/y;
const COMMENT = /--[^\n]*|\/\*[\s\S]*?\*\//y;
const KINDS = [
  ["ref", /\{\{\s*ref\(\s*(?:'([^']*)'|"([^"]*)")\s*\)\s*\}\}/y],
  ["string", /(?:[eE])?'(?:[^']|'')*'/y],
  ["quoted", /"(?:[^"]|"")*"/y],
  ["number", /\d+(?:\.\d+)?|\.\d+/y],
  ["word", /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ["sign", /::|<>|!=|<=|>=|==|\|\||&&|[-+*/%=<>(),.;{}]|./suy],
];
// What begins a part of a query; a bracket opens a level of its own.
const CLAUSES = new Set(["select", "from", "where", "group", "having", "order", "limit", "on", "with", "union"]);
const JOINS = new Set(["join", "left", "right", "full", "inner", "cross"]);

/**
 * The tokens of a query, comments left out.
 *
 * Each has: kind, text, lower (of a word or a sign), at (place), depth (of brackets), level (number of its
 * pair of brackets), scope (level of the `select` it belongs to) and clause (the part of the query it stands in).
 */
export function tokens(sql) {
  const found = [];
  const levels = [{ number: 0, clause: "", scope: 0 }];
  let at = 0;
  let numbers = 0;
  while (at < sql.length) {
    const skipped = match(SPACE, sql, at) || match(COMMENT, sql, at);
    if (skipped) {
      at += skipped[0].length;
      continue;
    }
    const [kind, read] = KINDS.map(([name, pattern]) => [name, match(pattern, sql, at)]).find(([, one]) => one);
    const text = read[0];
    const lower = text.toLowerCase();
    if (lower === ")" && levels.length > 1) levels.pop();
    const level = levels.at(-1);
    if (kind === "word" && CLAUSES.has(lower)) level.clause = lower;
    if (lower === "select") level.scope = level.number;
    // « left join » ends the condition of the join before it.
    if (kind === "word" && JOINS.has(lower) && level.clause === "on") level.clause = "from";
    const name = kind === "ref" ? (read[1] ?? read[2]) : undefined;
    found.push({ kind, text, lower, at, name, depth: levels.length - 1, level: level.number, scope: level.scope, clause: level.clause });
    if (lower === "(") levels.push({ number: ++numbers, clause: level.clause, scope: level.scope });
    at += text.length;
  }
  return found;
}

function match(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** The query without what follows its last semicolon, so that it can stand between brackets. */
export function inner(sql) {
  const read = tokens(sql);
  while (read.length && read.at(-1).lower === ";") read.pop();
  const last = read.at(-1);
  return last ? sql.slice(0, last.at + last.text.length) : "";
}

/** An unknown name in {{ ref('…') }}. */
export class UnknownModel extends Error {
  constructor(name) {
    super(name);
    this.model = name;
  }
}

/**
 * Puts the table of each mart in place of {{ ref('mart') }}, as dbt does when it compiles.
 *
 * @param {string} sql
 * @param {Record<string, string>} marts name -> schema.table
 */
export function compiled(sql, marts) {
  let made = "";
  let at = 0;
  for (const token of tokens(sql)) {
    if (token.kind !== "ref") continue;
    if (!(token.name in marts)) throw new UnknownModel(token.name);
    made += sql.slice(at, token.at) + marts[token.name];
    at = token.at + token.text.length;
  }
  return made + sql.slice(at);
}

/** The name nearest to a misspelt one, null when none is near. */
export function nearest(name, known) {
  const wanted = plain(name);
  let best = null;
  for (const one of known) {
    const far = distance(wanted, plain(one));
    if (far <= Math.max(2, Math.floor(one.length / 3)) && (!best || far < best.far)) best = { one, far };
  }
  if (best) return best.one;
  return known.find((one) => wanted.length > 3 && (plain(one).includes(wanted) || wanted.includes(plain(one)))) ?? null;
}

/** A text without accents, capitals nor signs. */
export function plain(text) {
  return text.normalize("NFD").replace(/[^\p{L}\p{N}]/gu, "").toLowerCase();
}

function distance(one, other) {
  let before = Array.from({ length: other.length + 1 }, (_, place) => place);
  for (let row = 1; row <= one.length; row++) {
    const now = [row];
    for (let column = 1; column <= other.length; column++) {
      const changed = before[column - 1] + (one[row - 1] === other[column - 1] ? 0 : 1);
      now.push(Math.min(changed, before[column] + 1, now[column - 1] + 1));
    }
    before = now;
  }
  return before.at(-1);
}
