"use strict";
const { steps, nodes, complex } = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const text = s => String(s).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const GRADIENT = ["#a3123f", "#ead9df"];  // the colours of what tells about gradients in the cards

// The picture: nodes and arrows by the names that Graphviz gave them
const groups = {}, edges = [];
for (const g of document.querySelectorAll("#graph g.node, #graph g.edge")) {
  const name = g.querySelector("title").textContent;
  if (g.classList.contains("edge")) {
    const [from, to] = name.split("->");
    edges.push({ g, from, to });
    continue;
  }
  groups[name] = g;
  let about = false;  // from the word "grad" on
  for (const part of g.querySelectorAll("text, polygon, path")) {
    const word = part.textContent.trim();
    if (part.tagName === "text" && word === "grad") about = true;
    const fill = (part.getAttribute("fill") || "").toLowerCase();
    if ((part.tagName === "text" && about) || GRADIENT.includes(fill)) part.classList.add("gradient");
  }
}
for (const title of document.querySelectorAll("#graph title, #graph [*|title]")) {
  if (title.tagName === "title") title.remove();
  else title.removeAttributeNS("http://www.w3.org/1999/xlink", "title");
}
const words = n => `${n.name}, shape ${n.shape}`;
for (const [name, n] of Object.entries(nodes)) {
  const g = groups[name];
  if (!g) continue;
  g.setAttribute("tabindex", "0");
  g.setAttribute("role", "img");
  g.setAttribute("aria-label", words(n));
  for (const on of ["mouseenter", "focus"]) g.addEventListener(on, () => showTip(g, name));
  for (const off of ["mouseleave", "blur"]) g.addEventListener(off, () => { $("tip").hidden = true; });
}

function showTip(g, name) {
  const n = nodes[name], reached = g.classList.contains("reached");
  const grad = n.grad === null ? "" : reached ? `<h3 class="backward">gradient</h3><pre>${text(n.grad)}</pre>` : "";
  const known = !g.classList.contains("later");
  $("tip").innerHTML = `<strong>${text(n.name)}</strong> <small>${text(n.shape)} ${text(n.dtype)}</small>` +
    (known ? `<pre>${text(n.data)}</pre>${grad}` : `<p class="note">not computed yet</p>`);
  $("tip").hidden = false;
  const box = g.getBoundingClientRect(), tip = $("tip").getBoundingClientRect();
  const x = Math.min(Math.max(box.left, 8), innerWidth - tip.width - 8);
  const below = box.bottom + 8 + tip.height < innerHeight;
  $("tip").style.left = `${Math.max(x, 4)}px`;
  $("tip").style.top = `${below ? box.bottom + 8 : Math.max(box.top - tip.height - 8, 4)}px`;
  g.setAttribute("aria-label", `${words(n)}. ${known ? `Value ${n.data}.` : "Not computed yet."} ${grad ? `Gradient ${n.grad}.` : ""}`);
}

// The size of the picture: all of it where that can be read, and otherwise as small as can be read
const svg = document.querySelector("#graph svg"), natural = { width: svg.viewBox.baseVal.width * 4 / 3, height: svg.viewBox.baseVal.height * 4 / 3 };
let zoom = 1, chosen = false;
function fitting() {
  const pane = $("graph"), around = getComputedStyle(pane);
  const inside = (whole, ...sides) => sides.reduce((left, side) => left - parseFloat(around[side]), whole);
  return Math.min(inside(pane.clientWidth, "paddingLeft", "paddingRight") / natural.width,
    inside(pane.clientHeight, "paddingTop", "paddingBottom") / natural.height);
}
function setZoom(to) {
  zoom = Math.min(Math.max(to, Math.min(fitting(), .25)), 3);
  svg.style.width = `${natural.width * zoom}px`;
  svg.style.height = `${natural.height * zoom}px`;
}
const readable = () => Math.min(Math.max(fitting(), innerWidth > 800 ? .75 : .85), 1.35);
const resized = () => { if (!chosen) setZoom(readable()); };
for (const [id, to] of [["smaller", () => zoom / 1.25], ["fit", () => Math.abs(zoom - fitting()) < .01 ? readable() : fitting()], ["larger", () => zoom * 1.25]]) {
  $(id).addEventListener("click", () => { chosen = true; setZoom(to()); centre(); });
}
addEventListener("resize", resized);

// What a step says
const arrays = (entries, name) => entries.map(e => `<h3 class="${name === "gradient" ? "backward" : ""}">${text(e[name])} <small>${text(e.shape)}</small></h3><pre>${text(e.value)}</pre>`).join("");
const heading = words => `<h3 class="heading">${words}</h3>`;
function rule(r) {
  const part = r.before !== null ? ", one more part" : r.more ? ", a first part" : "";
  const notes = [r.note, ...Object.entries(r.where).map(([f, doc]) => `${f}: ${doc}`)].filter(n => n);
  return `<div class="rule"><h3 class="backward">${text(r.gradient)}<small>${part}</small></h3>` +
    (r.formula ? `<div class="formula"><span class="unseen">${text(r.gradient)} </span>= ${r.formula}</div>` : "") +
    notes.map(n => `<p class="note">${text(n)}</p>`).join("") + `<pre>${text(r.gives)}</pre>` +
    (r.before === null ? "" :
      `<p class="note">Paths meet at ${text(r.to)}, so their parts are added. There was already</p><pre>${text(r.before)}</pre>` +
      `<p class="note">and now the sum is</p><pre class="total">${text(r.total)}</pre>`) +
    (r.more ? `<p class="note">More comes to ${text(r.to)} along another path.</p>` : "") + `</div>`;
}
function said(step) {
  const forward = step.phase === "forward";
  const head = `<p class="phase ${step.phase}">${forward ? "Forward: values" : "Backward: gradients"}</p><h2>${text(step.title)}</h2>`;
  if (forward) return head + heading("What comes in") + arrays(step.inputs, "name") + heading("What goes out") + made_by(step) + arrays(step.outputs, "name");
  return head + (step.inputs.length ? heading("What arrives") + arrays(step.inputs, "gradient") : "") +
    (step.rules.length ? heading("What the rule sends on") : "") + step.rules.map(rule).join("") +
    arrays(step.outputs, "gradient") + (complex ? `<p class="note">Complex gradients are shown as .grad has them: conjugated.</p>` : "");
}
// An assignment says what it makes of what
const made_by = step => !step.formula ? "" : `<div class="rule"><div class="formula">${text(step.outputs[0].name)} = ${step.formula}</div>` +
  (step.note ? `<p class="note">${text(step.note)}</p>` : "") + `</div>`;
// The same in a sentence, for those who listen
function spoken(step) {
  const of = entries => entries.map(e => e.name).join(" and ");
  if (step.phase === "forward") return `${step.title}: from ${of(step.inputs)} to ${of(step.outputs)}.`;
  return `${step.title}. ` + step.rules.map(r => `To ${r.to}: ${short(r.gives)}${r.before === null ? "" : `, in sum ${short(r.total)}`}.`).join(" ");
}
const short = numbers => numbers.length < 80 ? numbers : "an array, shown in the panel";

// Stepping
const made = new Set(steps.flatMap(s => s.phase === "forward" ? [s.operation, ...s.shows] : []));
let at = 0, timer = null;
function go(to) {
  at = Math.min(Math.max(to, 0), steps.length - 1);
  const step = steps[at], done = new Set(), reached = new Set();
  for (const s of steps.slice(0, at + 1)) {
    if (s.phase === "forward") [s.operation, ...s.shows].forEach(n => done.add(n));
    else s.shows.forEach(n => reached.add(n));
  }
  const now = new Set([step.operation, ...step.shows, ...(step.rules || []).map(r => r.node)]);
  for (const [name, g] of Object.entries(groups)) {
    g.classList.toggle("later", made.has(name) && !done.has(name));
    g.classList.toggle("reached", reached.has(name));
    g.classList.toggle("now", now.has(name));
  }
  for (const { g, from, to: end } of edges) {
    const later = [from, end].some(n => made.has(n) && !done.has(n));
    g.classList.toggle("later", later);
    g.classList.toggle("now", step.operation !== null && (from === step.operation || end === step.operation));
  }
  $("panel").innerHTML = said(step);
  $("side").scrollTop = 0;
  $("said").textContent = `Step ${at + 1} of ${steps.length}. ${spoken(step)}`;
  $("slider").value = at;
  $("slider").setAttribute("aria-valuetext", `${at + 1} of ${steps.length}: ${step.title}`);
  $("count").textContent = `step ${at + 1} of ${steps.length}`;
  centre();
  if (at === steps.length - 1) pause();
}
function centre() {
  const step = steps[at], g = groups[step.operation] || groups[step.shows[0]];
  if (!g) return;
  const box = g.getBoundingClientRect(), frame = $("graph").getBoundingClientRect();
  $("graph").scrollBy({ left: box.left + box.width / 2 - frame.left - frame.width / 2, top: box.top + box.height / 2 - frame.top - frame.height / 2 });
}
function pause() {
  clearInterval(timer);
  timer = null;
  $("play").textContent = "Play";
}
function play() {
  if (timer) return pause();
  if (at === steps.length - 1) go(0);
  timer = setInterval(() => go(at + 1), 1600);
  $("play").textContent = "Pause";
}
const moves = { first: () => go(0), back: () => go(at - 1), next: () => go(at + 1), last: () => go(steps.length - 1), play };
for (const [id, move] of Object.entries(moves)) $(id).addEventListener("click", () => { if (id !== "play") pause(); move(); });
for (const id of ["smaller", "fit", "larger"]) moves[id] = () => $(id).click();
const keys = { "-": "smaller", "0": "fit", "+": "larger", "=": "larger", ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last", " ": "play" };
addEventListener("keydown", event => {
  if (event.key === "Escape") $("tip").hidden = true;
  const id = keys[event.key];
  if (!id || event.ctrlKey || event.metaKey || event.altKey || (event.key === " " && event.target.tagName === "BUTTON")) return;
  event.preventDefault();
  if (["first", "back", "next", "last"].includes(id)) pause();
  moves[id]();
});
$("slider").max = steps.length - 1;
$("slider").addEventListener("input", event => { pause(); go(+event.target.value); });
$("theme").addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme === "dark" ||
    (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "light" : "dark";
});
resized();
go(0);
