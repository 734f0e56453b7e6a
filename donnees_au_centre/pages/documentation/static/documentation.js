// The first page: what the search finds, with the words around, and an address that keeps it.
(function () {
  "use strict";

  const { prepare, search, words, fold, empty } = window.Recherche;
  const MOST = 40, AROUND = 160;
  const form = document.getElementById("recherche");
  const list = document.getElementById("resultats");
  const status = document.getElementById("nombre");
  const nothing = document.getElementById("rien");
  const home = document.getElementById("accueil");
  let found = null;

  // Words of the query that say something, as they are compared.
  function asked(query) {
    return words(query).filter((word) => !empty.has(word));
  }

  function meets(word, tokens) {
    const folded = words(word)[0] || fold(word);
    return tokens.some((token) => folded === token || (token.length > 1 && folded.startsWith(token)));
  }

  // A text with the words of the query marked.
  function marked(node, text, tokens) {
    for (const piece of text.split(/([\p{L}\p{N}]+)/u)) {
      if (piece && /[\p{L}\p{N}]/u.test(piece) && meets(piece, tokens)) {
        const mark = document.createElement("mark");
        mark.textContent = piece;
        node.append(mark);
      } else node.append(piece);
    }
    return node;
  }

  // The text around the first word of the query.
  function around(text, tokens) {
    let place = 0;
    for (const one of text.matchAll(/[\p{L}\p{N}]+/gu)) {
      if (meets(one[0], tokens)) { place = one.index; break; }
    }
    const start = Math.max(0, place - AROUND / 2);
    const from = start ? text.indexOf(" ", start) + 1 : 0;
    const cut = text.slice(from, from + 2 * AROUND);
    return (from ? "… " : "") + cut + (from + cut.length < text.length ? "…" : "");
  }

  function card(one, tokens) {
    const item = document.createElement("li");
    const title = document.createElement("h2");
    const link = document.createElement("a");
    const where = document.createElement("p");
    item.className = "card";
    link.href = one.adresse;
    title.append(marked(link, one.nom, tokens));
    where.className = "quiet";
    where.textContent = one.page ? one.genre + " · " + one.page : one.genre;
    item.append(title, where);
    if (one.texte) item.append(marked(document.createElement("p"), around(one.texte, tokens), tokens));
    return item;
  }

  function show() {
    const query = form.elements.q.value.trim(), tokens = asked(query);
    home.hidden = tokens.length > 0;
    if (!tokens.length) {
      list.replaceChildren();
      status.textContent = "";
      nothing.hidden = true;
      return;
    }
    found = found || prepare(window.INDEX);
    const result = search(found, query);
    list.replaceChildren(...result.numbers.slice(0, MOST).map((number) => card(found.choses[number], tokens)));
    const count = result.numbers.length;
    nothing.hidden = count > 0;
    status.textContent = count + (count > 1 ? " résultats" : " résultat") +
      (count > MOST ? " ; voici les " + MOST + " premiers" : "") +
      (result.all || !count ? "" : " ; aucun ne répond à tous les mots, voici ceux qui répondent à une partie");
  }

  // The search of another page comes after « ? », that of this one after « # ».
  function recall() {
    const kept = new URLSearchParams(location.hash.slice(1)).get("q") ?? new URLSearchParams(location.search).get("q");
    form.elements.q.value = kept || "";
    show();
  }

  form.addEventListener("input", function () {
    show();
    history.replaceState(null, "", "#" + new URLSearchParams({ q: form.elements.q.value }));
  });
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    const first = list.querySelector("a");
    if (first) first.focus();
  });
  window.addEventListener("hashchange", function () {
    if (location.hash.includes("=")) recall();
  });
  window.addEventListener("pageshow", recall);
  recall();
  // The first letter typed finds the index ready.
  setTimeout(function () { found = found || prepare(window.INDEX); });
})();
