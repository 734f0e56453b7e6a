// What a learner did, kept in this browser alone.

const KEY = "donnees-au-centre.apprendre";

/** {done: {exercise -> day}, drafts: {exercise -> query}}; what cannot be kept is forgotten at the end. */
function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY));
    return { done: kept?.done ?? {}, drafts: kept?.drafts ?? {} };
  } catch {
    return { done: {}, drafts: {} };
  }
}

let state = load();

function keep() {
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    // A private window, or no room: the exercises work all the same.
  }
}

export const dayOf = (exercise) => state.done[exercise] ?? null;
export const draftOf = (exercise) => state.drafts[exercise] ?? null;

export function finish(exercise) {
  state.done[exercise] ??= new Date().toISOString().slice(0, 10);
  keep();
}

export function draft(exercise, sql) {
  state.drafts[exercise] = sql;
  keep();
}

export function forget() {
  state = { done: {}, drafts: {} };
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
}
