// A simple chart of a result: bars, or a line when the first column is a time. The table says the same.

const NUMBERS = new Set([20, 21, 23, 700, 701, 1700]);
const DATE = 1082;
const SVG = "http://www.w3.org/2000/svg";
const MOST = 40;

export const isNumber = (field) => NUMBERS.has(field.type);

/** What a result can show: the places of its labels and of its values; null when a chart would say nothing. */
export function chartOf({ fields, rows }) {
  const time = (field) => field.type === DATE || /^annee/.test(field.name);
  const label = fields.findIndex((field) => time(field) || !isNumber(field));
  const value = fields.findIndex((field, place) => place !== label && isNumber(field) && !/(^|_)(id|code)$/.test(field.name));
  if (label < 0 || value < 0 || rows.length < 2 || rows.length > MOST) return null;
  const points = rows.map((row) => ({ label: row[label] ?? "null", value: Number(row[value] ?? 0) }));
  return { kind: time(fields[label]) ? "line" : "bars", label: fields[label].name, value: fields[value].name, points };
}

/** Draws it. */
export function draw({ kind, label, value, points }) {
  const shown = kind === "line" ? [...points].sort((one, other) => (one.label < other.label ? -1 : 1)) : points;
  const top = Math.max(...shown.map((point) => point.value), 0);
  const low = Math.min(...shown.map((point) => point.value), 0);
  const made = kind === "line" ? line(shown, low, top) : bars(shown, low, top);
  made.setAttribute("role", "img");
  const highest = shown.reduce((one, other) => (other.value > one.value ? other : one));
  made.setAttribute("aria-label", `${value} par ${label}. Le plus haut : ${highest.label}, ${highest.value.toLocaleString(document.documentElement.lang)}. Le tableau donne tout.`);
  return made;
}

function bars(points, low, top) {
  const height = 26;
  const made = svg("svg", { viewBox: `0 0 640 ${points.length * height}`, class: "graphique" });
  const span = top - low || 1;
  const x = (value) => 220 + ((value - low) / span) * 340;
  points.forEach((point, place) => {
    const y = place * height;
    made.append(
      text(210, y + 17, cut(point.label, 30), "end"),
      svg("rect", { x: Math.min(x(0), x(point.value)), y: y + 4, width: Math.max(1, Math.abs(x(point.value) - x(0))), height: 18 }),
      text(x(Math.max(point.value, 0)) + 6, y + 17, point.value.toLocaleString(document.documentElement.lang), "start"),
    );
  });
  return made;
}

function line(points, low, top) {
  const made = svg("svg", { viewBox: "0 0 640 260", class: "graphique" });
  const x = (place) => 60 + (place * 560) / (points.length - 1);
  const y = (value) => 215 - ((value - low) / (top - low || 1)) * 190;
  made.append(
    svg("line", { x1: 60, x2: 620, y1: y(low), y2: y(low) }),
    svg("polyline", { points: points.map((point, place) => `${x(place)},${y(point.value)}`).join(" ") }),
    ...points.map((point, place) => svg("circle", { cx: x(place), cy: y(point.value), r: 3.5 })),
    text(54, y(top) + 4, top.toLocaleString(document.documentElement.lang), "end"),
    text(54, y(low) + 4, low.toLocaleString(document.documentElement.lang), "end"),
    text(60, 245, points[0].label, "start"),
    text(620, 245, points.at(-1).label, "end"),
  );
  return made;
}

function svg(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function text(x, y, words, anchor) {
  const made = svg("text", { x, y, "text-anchor": anchor });
  made.textContent = words;
  return made;
}

const cut = (words, most) => (words.length > most ? `${words.slice(0, most - 1)}…` : words);
