// Stepping: by buttons, keys, slider, clock and link.
const $ = id => document.getElementById(id);
const { steps } = model;
let at = 0, timer = null;

function go(to) {
  at = Math.min(Math.max(to, 0), steps.length - 1);
  const run = graph.runOf(at), summary = run.frame && graph.summary(run), { first, last } = run;
  const where = `${first === last ? `step ${first + 1}` : `steps ${first + 1} to ${last + 1}`} of ${steps.length}`;
  panel.show(at);
  graph.show(at);
  panel.toFormula();
  $("slider").value = at;
  $("slider").setAttribute("aria-valuetext", `${at + 1} of ${steps.length}: ${(summary ?? steps[at]).title}`);
  $("count").textContent = where;
  $("said").textContent = `${where[0].toUpperCase()}${where.slice(1)}. ${summary ? spokenOfFolded(summary) : spoken(steps[at])}`;
  link();
  if (last === steps.length - 1) pause();
}
const next = () => go(graph.runOf(at).last + 1);
function back() {
  const before = graph.runOf(at).first - 1;
  go(before < 0 ? 0 : graph.runOf(before).first);
}

// A step in a sentence, for those who listen
const namesOf = list => list.map(v => model.values[v].name).join(" and ");
function spoken({ phase, title, operation }) {
  if (operation === null) return `${title}.`;
  const { inputs, outputs, rules } = model.operations[operation];
  if (phase === "forward") return `${title}: from ${namesOf(inputs)} to ${namesOf(outputs)}.`;
  return `${title}. ${rules.map(rule => `To ${model.values[rule.to].name}: ${spokenOfRule(rule)}.`).join(" ")}`;
}
function spokenOfRule({ to, arrives, before, total }) {
  if (graph.isHidden(to)) return "to be predicted";
  return `${labels.inWords(arrives)}${before === null ? "" : `, in sum ${labels.inWords(total)}`}`;
}
function spokenOfFolded({ title, phase, arrives, sent }) {
  const [from, to] = [arrives, sent].map(list => namesOf(list.map(entry => entry.value)));
  return `${title}, folded, ${phase}: from ${from} to ${to}.`;
}

// Playing
function pause() {
  clearInterval(timer);
  timer = null;
  $("play").textContent = "Play";
}
function play() {
  if (timer) return pause();
  if (graph.runOf(at).last === steps.length - 1) go(0);
  timer = setInterval(next, 1600);
  $("play").textContent = "Pause";
}

// Buttons and keys. Keys of what is typed into, or of parts that take the event for themselves, are left alone.
const moves = { first: () => go(0), back, next, last: () => go(steps.length - 1) };
const acts = {
  play, smaller: () => graph.resize("smaller"), fit: () => graph.resize("fit"), larger: () => graph.resize("larger"),
  layers: () => graph.fold(allLayers, !layers.folded().length),
  layer: () => { const frame = graph.runOf(at).frame ?? graph.frameAt(at); if (frame) graph.turn(frame); },
};
for (const [id, move] of Object.entries(moves)) acts[id] = () => { pause(); move(); };
for (const [id, act] of Object.entries(acts)) $(id)?.addEventListener("click", act);
const keys = {
  "-": "smaller", "0": "fit", "+": "larger", "=": "larger", ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last", " ": "play",
  f: "layer", F: "layers",
};
addEventListener("keydown", event => {
  const { key, target } = event, act = keys[key];
  if (key === "Escape") $("tip").hidden = true;
  if (!act || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target !== $("slider") && target.closest?.("input, textarea, select, [contenteditable]")) return;
  if (key === " " && target.closest?.("button, a, summary, [role=button]")) return;
  event.preventDefault();
  acts[act]();
});
$("slider").max = steps.length - 1;
$("slider").addEventListener("input", event => { pause(); go(+event.target.value); });
$("skip").addEventListener("click", event => {
  event.preventDefault();  // the address tells the step
  $("side").focus();
});
// The theme that was chosen, for as long as the tab is open: where pages may keep nothing, until they are loaded again
const theme = document.documentElement.dataset;
const kept = { get: () => { try { return sessionStorage.getItem("theme"); } catch { return null; } }, set: name => { try { sessionStorage.setItem("theme", name); } catch { /* it isn't kept */ } } };
if (["light", "dark"].includes(kept.get())) theme.theme = kept.get();
$("theme").addEventListener("click", () => {
  const dark = theme.theme === "dark" || (!theme.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  theme.theme = dark ? "light" : "dark";
  kept.set(theme.theme);
});

for (const li of document.querySelectorAll("#legend li:has(i)")) li.firstChild.className = li.textContent;  // in the theme's colours

// Folding
function nameLayers() {
  const isAny = layers.folded().length > 0;
  $("layers").textContent = isAny ? "Unfold all" : "Fold all";
}
nameLayers();
$("layers").hidden = layers.frames.length === 0;
graph.onFold(() => { nameLayers(); go(at); });

// Links: #step=16&fold=layers.0&fold=layers.1, with fold=* for all layers. The address is written when stepping rests:
// browsers refuse many changes at once.
let writing = null;
function link() {
  clearTimeout(writing);
  if (location.protocol !== "about:") writing = setTimeout(writeLink, 300);
}
const allLayers = layers.frames.map(f => f.name);
function writeLink() {
  const folded = layers.folded(), names = folded.length && folded.length === allLayers.length ? ["*"] : folded.map(encodeURIComponent);
  const hash = `#step=${at + 1}${names.map(name => `&fold=${name}`).join("")}`;
  if (location.hash !== hash) history.replaceState(history.state, "", hash);
}
function follow() {
  const told = new URLSearchParams(location.hash.slice(1)), step = parseInt(told.get("step"), 10), names = told.getAll("fold");
  const isFolded = name => names.includes("*") || names.includes(name);
  graph.fold(allLayers.filter(name => !isFolded(name)), false);
  graph.fold(allLayers.filter(isFolded), true);
  go(Number.isNaN(step) ? 0 : step - 1);
}
const LONG = 4000;  // points; a longer picture opens with its layers folded, as the network's outline
if (!location.hash && picture.svg.viewBox.baseVal.width > LONG) graph.fold(allLayers, true);
addEventListener("hashchange", () => { pause(); follow(); });
addEventListener("pagehide", () => { if (writing) writeLink(); });
if (location.hash) follow(); else go(0);
