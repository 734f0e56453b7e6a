// One answer of a learner, from the words typed to what is told of it. The pages and the tests both ask here.

import { ideaOf } from "./idees.js";
import { Refusal, TooLong } from "./moteur.js";
import { UnknownModel, compiled, inner, nearest } from "./requete.js";

/**
 * @param engine that is open
 * @param exercise null: the query is played and not judged
 * @param {string} sql as it was typed
 * @returns {Promise<object>} kind: empty, model, long, refused, shown, wrong, right; with what each needs.
 */
export async function answer(engine, exercise, sql) {
  if (!inner(sql)) return { kind: "empty" };
  const { marts } = engine.content;
  let sent;
  try {
    sent = compiled(inner(sql), marts);
  } catch (error) {
    if (!(error instanceof UnknownModel)) throw error;
    return { kind: "model", name: error.model, near: nearest(error.model, Object.keys(marts)) };
  }
  try {
    const result = await engine.run(sent);
    if (!exercise) return { kind: "shown", result };
    return { result, ...(await judged(engine, exercise, sql, sent, result)) };
  } catch (error) {
    if (error instanceof TooLong) return { kind: "long", idea: null };
    if (!(error instanceof Refusal)) throw error;
    const idea = exercise ? ideaOf({ sql, solution: exercise.solution, error, exercise, wanted: [] }) : null;
    return { kind: "refused", error, sent, idea };
  }
}

async function judged(engine, exercise, sql, sent, result) {
  const solution = compiled(inner(exercise.solution), engine.content.marts);
  const wanted = await engine.describe(solution);
  const fields = result.fields.map((field) => field.name);
  const given = { sql, solution: exercise.solution, exercise, fields, wanted, error: null, facts: null };
  if (fields.length !== wanted.length) {
    return { kind: "wrong", why: "columns", fields, wanted, idea: ideaOf(given) };
  }
  let facts;
  try {
    facts = await engine.compare(sent, solution, exercise.ordre ?? []);
  } catch (error) {
    // A type that does not compare with the one expected, or what is no query (explain…).
    if (!(error instanceof Refusal)) throw error;
    return { kind: "wrong", why: error.code === "42804" ? "types" : "form", wanted, idea: null };
  }
  const idea = ideaOf({ ...given, facts });
  if (facts.missing || facts.extra) return { kind: "wrong", why: "rows", facts, idea };
  if (!facts.ordered) return { kind: "wrong", why: "order", facts, idea };
  if (exercise.modele && idea) return { kind: "wrong", why: "form", facts, idea };
  const named = fields.every((name, place) => name === wanted[place]);
  if (!named && exercise.noms) return { kind: "wrong", why: "names", wanted, idea: null };
  return { kind: "right", facts, names: named ? null : wanted };
}
