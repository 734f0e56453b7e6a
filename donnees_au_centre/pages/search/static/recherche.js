// The search of the static sites: no library, no network. Accents, capitals, plurals, synonyms and one typing
// mistake do not matter. Every function is pure; each site's own script shows what `window.Recherche` finds.
//
// The data are { poids, avantages, choses, equivalents }: fields of a thing -> how much a word found there
// counts; kinds of things -> a factor for all of theirs; the things; groups of synonyms.
(function () {
  "use strict";

  // How a word of the query meets a word of the text -> part of the weight.
  const EXACT = 1, PREFIX = 0.7, SYNONYM = 0.6, TYPO = 0.4;
  const EMPTY = new Set("a au aux ce ces d dans de des du en est et l la le les leur ou par pour qu que qui s sa se ses son sur un une y".split(" "));

  function fold(text) {
    return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/œ/g, "oe").replace(/æ/g, "ae");
  }

  // Words as they are compared: folded, without a plural mark.
  function words(text) {
    return fold(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean).map(singular);
  }

  function singular(word) {
    return word.length > 3 ? word.replace(/(?<=ea)ux$/, "u").replace(/(?<=[^s])s$/, "") : word;
  }

  // True when one insertion, removal, replacement or swap of neighbours leads from a to b.
  function oneMistake(a, b) {
    if (Math.abs(a.length - b.length) > 1 || a === b) return false;
    let i = 0;
    while (i < a.length && i < b.length && a[i] === b[i]) i++;
    const restA = a.slice(i), restB = b.slice(i);
    return restA.slice(1) === restB || restA === restB.slice(1) || restA.slice(1) === restB.slice(1) ||
      (restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2));
  }

  function prepare(data) {
    const index = new Map();
    data.choses.forEach(function (one, number) {
      const factor = data.avantages[one.genre] || 1;
      for (const [field, weight] of Object.entries(data.poids)) {
        for (const word of words(one[field] || "")) {
          if (!index.has(word)) index.set(word, new Map());
          const held = index.get(word);
          held.set(number, Math.max(held.get(number) || 0, weight * factor));
        }
      }
    });
    const groups = data.equivalents.map((group) => group.map((phrase) => words(phrase).filter((word) => !EMPTY.has(word))));
    return { index: index, groups: groups, choses: data.choses };
  }

  function better(scores, number, score) {
    if ((scores.get(number) || 0) < score) scores.set(number, score);
  }

  // Things that hold a word, or one that begins with it, or one close to it.
  function meeting(found, token) {
    const scores = new Map();
    let met = false;
    for (const [word, held] of found.index) {
      const part = word === token ? EXACT : token.length > 1 && word.startsWith(token) ? PREFIX : 0;
      if (part) {
        met = true;
        for (const [number, weight] of held) better(scores, number, weight * part);
      }
    }
    // A mistake is looked for only where the word as typed exists nowhere.
    if (!met && token.length > 3) {
      for (const [word, held] of found.index) {
        if (oneMistake(token, word) || (word.length > token.length && oneMistake(token, word.slice(0, token.length)))) {
          for (const [number, weight] of held) better(scores, number, weight * TYPO);
        }
      }
    }
    return scores;
  }

  // Things that hold every word of a phrase.
  function holding(found, phrase) {
    let scores = null;
    for (const word of phrase) {
      const held = found.index.get(word) || new Map();
      const next = new Map();
      for (const [number, weight] of held) {
        if (!scores || scores.has(number)) next.set(number, scores ? Math.min(scores.get(number), weight) : weight);
      }
      scores = next;
    }
    return scores || new Map();
  }

  // The query as parts that must all be met: words, and phrases that a group of synonyms knows.
  function partsOf(found, query) {
    const tokens = words(query);
    const useful = tokens.filter((token) => !EMPTY.has(token));
    const left = useful.length ? useful : tokens;
    const parts = [];
    for (let start = 0; start < left.length; ) {
      let length = 1, group = null;
      for (const one of found.groups) {
        for (const phrase of one) {
          if (phrase.length >= length && phrase.every((word, i) => word === left[start + i])) {
            length = phrase.length;
            group = one;
          }
        }
      }
      parts.push({ tokens: left.slice(start, start + length), group: group });
      start += length;
    }
    return parts;
  }

  function scoresOf(found, part) {
    let scores = null;
    for (const token of part.tokens) {
      const met = meeting(found, token);
      if (scores) {
        for (const number of scores.keys()) {
          if (met.has(number)) scores.set(number, Math.min(scores.get(number), met.get(number)));
          else scores.delete(number);
        }
      } else scores = met;
    }
    for (const phrase of part.group || []) {
      for (const [number, weight] of holding(found, phrase)) better(scores, number, weight * SYNONYM);
    }
    return scores;
  }

  // Numbers of things, best first; `all` is false when none meets every part of the query.
  function search(found, query) {
    const parts = partsOf(found, query);
    const totals = new Map(), counts = new Map();
    for (const part of parts) {
      for (const [number, score] of scoresOf(found, part)) {
        totals.set(number, (totals.get(number) || 0) + score);
        counts.set(number, (counts.get(number) || 0) + 1);
      }
    }
    let numbers = [...totals.keys()].filter((number) => counts.get(number) === parts.length);
    const all = numbers.length > 0;
    if (!all) numbers = [...totals.keys()];
    numbers.sort((a, b) => counts.get(b) - counts.get(a) || totals.get(b) - totals.get(a) || a - b);
    return { numbers: numbers, all: all };
  }

  window.Recherche = { fold: fold, words: words, empty: EMPTY, oneMistake: oneMistake, prepare: prepare, search: search };
})();
