// One slide at a time: arrows, space, Page Up and Down, Home, End; the address says which.
const slides = [...document.querySelectorAll(".diapo")];
let place = 0;

function show(wanted) {
  place = Math.min(Math.max(wanted, 0), slides.length - 1);
  slides.forEach((slide, each) => {
    slide.classList.toggle("la", each === place);
  });
  window.scrollTo(0, 0);
  history.replaceState(null, "", `#${slides[place].id}`);
  document.getElementById("place").textContent = `${place + 1} / ${slides.length}`;
}

const KEYS = {
  ArrowRight: () => place + 1, ArrowDown: () => place + 1, PageDown: () => place + 1, " ": () => place + 1,
  ArrowLeft: () => place - 1, ArrowUp: () => place - 1, PageUp: () => place - 1,
  Home: () => 0, End: () => slides.length - 1,
};

document.addEventListener("keydown", (event) => {
  const to = KEYS[event.key];
  if (!to || event.ctrlKey || event.altKey || event.metaKey || event.target.closest("button, a")) return;
  event.preventDefault();
  show(to());
});
document.getElementById("avant").addEventListener("click", () => show(place - 1));
document.getElementById("apres").addEventListener("click", () => show(place + 1));
window.addEventListener("hashchange", () => show(slides.findIndex((one) => `#${one.id}` === location.hash)));
document.documentElement.classList.add("une");
show(slides.findIndex((one) => `#${one.id}` === location.hash));
