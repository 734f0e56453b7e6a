// The page of the catalogue: its cards shown, hidden and ordered as the search and the filters say.
(function () {
  "use strict";

  const form = document.getElementById("recherche");
  if (!form) return;
  const { prepare, search, words } = window.Recherche;
  const found = prepare(window.INDEX);
  const list = document.getElementById("resultats");
  const cards = new Map([...list.children].map((card) => [card.dataset.adresse, card]));
  const status = document.getElementById("nombre");
  const nothing = document.getElementById("rien");
  const FILTERS = ["ag", "genre", "classification", "personnelles", "strategique"];

  function chosen(name) {
    const field = form.elements[name];
    return field.type === "checkbox" ? (field.checked ? field.value : "") : field.value;
  }

  function show() {
    const query = form.elements.q.value.trim();
    const result = words(query).length ? search(found, query) : { numbers: found.choses.map((_, number) => number), all: true };
    const kept = result.numbers
      .map((number) => cards.get(found.choses[number].adresse))
      .filter((card) => FILTERS.every((name) => !chosen(name) || card.dataset[name] === chosen(name)));
    for (const card of cards.values()) card.hidden = true;
    for (const card of kept) {
      card.hidden = false;
      list.append(card);
    }
    nothing.hidden = kept.length > 0;
    status.textContent = (kept.length > 1 ? kept.length + " jeux de données" : kept.length + " jeu de données") +
      (result.all || !kept.length ? "" : " ; aucun ne répond à tous les mots, voici ceux qui répondent à une partie");
  }

  // The address holds the search: it can be kept, sent, and found again by going back.
  function remember() {
    const kept = new URLSearchParams();
    for (const name of ["q", ...FILTERS]) if (chosen(name)) kept.set(name, chosen(name));
    history.replaceState(null, "", "#" + kept);
  }

  function recall() {
    const kept = new URLSearchParams(location.hash.slice(1));
    for (const name of ["q", ...FILTERS]) {
      const field = form.elements[name];
      if (field.type === "checkbox") field.checked = kept.get(name) === field.value;
      else field.value = kept.get(name) || "";
    }
    show();
  }

  form.addEventListener("input", function () { show(); remember(); });
  form.addEventListener("reset", function () { setTimeout(function () { show(); remember(); form.elements.q.focus(); }); });
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    const first = [...list.children].find((card) => !card.hidden);
    if (first) first.querySelector("a").focus();
  });
  window.addEventListener("hashchange", function () {
    if (location.hash.includes("=")) recall();
  });
  // The browser puts back what was typed after a step back; the address decides.
  window.addEventListener("pageshow", recall);
  recall();
})();
