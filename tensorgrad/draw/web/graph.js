// The picture: Graphviz's SVG. The step at work is marked, numbers follow when they change, layers fold, tips tell more.
//
// graph.show(at)            marks what has happened up to a step, and what is at work in it
// graph.centre()            scrolls to what is at work
// graph.onPick(callback)    is called with the number of a value when its card is clicked
// graph.hide(values)        hides the numbers of these values' gradients, and
// graph.reveal()            shows them again
// graph.runOf(at)           {first, last, frame}: the steps that are one, since they lie in a folded layer; else frame is null
// graph.summary(run)        what such a run takes in and gives out
// graph.fold(names, shut), graph.folded(), graph.onFold(callback): the names of the layers that are folded
const graph = (() => {
  const pane = document.getElementById("graph"), tip = document.getElementById("tip");
  const { values, operations, steps } = model, { svg, nodes, edges, frames, cards, PAIR, numberOf } = picture;
  const { clamp, middle, closing, cutAt, reaching, arrowHead } = geometry;
  const escaped = s => String(s).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  function drawn(name, attributes = {}, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function groupedBy(list, key) {
    const groups = new Map();
    for (const x of list) groups.set(key(x), groups.get(key(x)) ?? []).get(key(x)).push(x);
    return groups;
  }

  // Tips, and what screen readers are told -----------------------------------------------------------------------------

  const hidden = new Set();  // the values whose gradients are to be guessed
  const unlabelled = new Set();  // cards whose label waits for a moment of rest
  let labelling = null;
  function labelSoon(n) {
    unlabelled.add(n);
    labelling ??= setTimeout(() => {
      unlabelled.forEach(label);
      unlabelled.clear();
      labelling = null;
    }, 50);
  }
  model.onChange(() => {
    cards.forEach(labelSoon);
    hideTip();
  });
  const knows = n => !n.isLater, knowsGradient = n => n.isReached && values[n.value].grad !== null && !hidden.has(n.value);
  function label(n) {
    const v = values[n.value], grad = knowsGradient(n) ? ` Gradient ${labels.inWords(v.grad)}.` : "";
    n.g.setAttribute("aria-label", `${v.name}, shape ${shapeText(v.shape)}. ${knows(n) ? `Value ${labels.inWords(v.data)}.${grad}` : "Not computed yet."}`);
  }
  function showTip(n, g = n.g) {
    label(n);
    const v = values[n.value], part = (array, heading) => `${heading}<pre>${escaped(labels.shown(array))}</pre>`;
    tip.innerHTML = `<strong>${escaped(v.name)}</strong> <small>${shapeText(v.shape)} ${v.dtype}</small>` + (
      !knows(n) ? `<p class="note">not computed yet</p>` :
        part(v.data, "") + (knowsGradient(n) ? part(v.grad, `<h3 class="backward">gradient</h3>`) : ""));
    tip.hidden = false;
    const box = g.getBoundingClientRect(), { width, height } = tip.getBoundingClientRect();
    const below = box.bottom + 8 + height < innerHeight;
    tip.style.left = `${Math.max(clamp(box.left, 8, innerWidth - width - 8), 4)}px`;
    tip.style.top = `${below ? box.bottom + 8 : Math.max(box.top - height - 8, 4)}px`;
  }
  const hideTip = () => { tip.hidden = true; };
  const listeners = { pick: [], fold: [] };
  const pressed = (g, act) => {
    g.addEventListener("click", act);
    g.addEventListener("keydown", event => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      act(event);
    });
  };
  for (const n of cards) {
    labelSoon(n);
    n.g.setAttribute("tabindex", "0");
    n.g.setAttribute("role", "img");
    for (const on of ["mouseenter", "focus"]) n.g.addEventListener(on, () => showTip(n));
    for (const off of ["mouseleave", "blur"]) n.g.addEventListener(off, hideTip);
  }
  for (const { g, card } of nodes.values()) {
    if (!card) continue;
    g.addEventListener("mouseenter", () => showTip(nodes.get(card), g));
    g.addEventListener("mouseleave", hideTip);
  }
  function onPick(callback) {
    if (!listeners.pick.length) {
      for (const n of cards) {
        n.g.setAttribute("role", "button");
        pressed(n.g, () => listeners.pick.forEach(f => f(n.value)));
      }
    }
    listeners.pick.push(callback);
  }

  // Folding: the inside of a layer makes room for a block, and the picture closes up ------------------------------------
  //
  // Where nothing visible is left across a folded layer, its x (and likewise its y) is shrunk down to the block's size;
  // everywhere else things are only moved. So the order of all things stays, and none comes to lie on another.

  const AROUND = 8;  // points around a node that are moved with it
  const ROOM = [40, 20];  // around a block, for the lines that end at it

  const nameOf = f => f.name || f.title;  // the model itself has no name
  const boxOfText = t => { const { x, y, width, height } = t.getBBox(); return [x, y, x + width, y + height]; };
  function button(f, kind, label, ...children) {
    const g = drawn("g", { class: kind, tabindex: 0, role: "button", "aria-expanded": String(kind === "fold"), "aria-label": label }, ...children);
    pressed(g, () => turn(f));
    f.g.append(g);
    return g;
  }
  /** The titles of frames become buttons. How wide they are is guessed: measuring would take a layout of all of the picture. */
  function addButtons() {
    for (const f of frames) {
      const [x0, y0, x1] = f.box, last = f.texts.at(-1);
      f.titleBox = [x0, y0, Math.min(numberOf(last, "x") + 12 + .56 * numberOf(last, "font-size") * last.textContent.length, x1), y0 + 20];
      f.texts.forEach(t => t.setAttribute("x", numberOf(t, "x") + 8));
      f.button = button(f, "fold", `${nameOf(f)}: ${f.about} ${f.size}. Fold`,
        drawn("rect", { x: x0 + 3, y: y0 + 2, width: f.titleBox[2] - x0 - 3, height: 18, rx: 4 }),
        drawn("path", { class: "mark", d: `M${x0 + 6.5},${y0 + 6.5}h7l-3.5,5z` }), ...f.texts);
    }
  }
  /** Blocks for these frames, which have none yet. */
  function addBlocks(list) {
    const short = s => s.length > 30 ? `${s.slice(0, 29)}…` : s;
    for (const f of list) {
      const words = [f.title, short(f.about), f.size].filter(line => line);
      const texts = words.map((line, i) => drawn("text", { x: 20, y: 17 + 13 * i, class: i ? "about" : "name" }, line));
      f.block = { texts, height: 13 * texts.length + 12, g: button(f, "block", `${nameOf(f)}, folded: ${f.about} ${f.size}. Unfold`, ...texts) };
    }
    for (const { block } of list) block.width = Math.max(...block.texts.map(t => t.getComputedTextLength())) + 34;
    for (const { block: { g, width, height } } of list) {
      const sheet = by => drawn("rect", { x: by, y: -by, width, height, rx: 6 });
      g.prepend(sheet(4), sheet(0), drawn("path", { class: "mark", d: "M9,8l5,4.5l-5,4.5z" }));
    }
  }
  addButtons();

  const written = points => points.map(p => p.map(x => +x.toFixed(2)).join(",")).join(" ");
  let place = (x, y) => [x, y];  // where a point of Graphviz's picture lies now
  const shift = (g, [x, y]) => {
    const [dx, dy] = place(x, y).map((moved, i) => +(moved - [x, y][i]).toFixed(3));
    if (dx || dy) g.setAttribute("transform", `translate(${dx} ${dy})`);
    else g.removeAttribute("transform");
  };
  const away = (x, isAway) => { x.isAway = isAway; x.g.classList.toggle("away", isAway); };

  const whole = svg.viewBox.baseVal, { width: fullWidth, height: fullHeight } = whole;
  const [tx, ty] = svg.querySelector("g.graph").getAttribute("transform").match(/translate\(([-\d.]+)[ ,]([-\d.]+)\)/).slice(1).map(Number);
  let lines = edges.map(e => ({ ...e, members: [e] }));  // the edges that are seen, each with those that it stands for

  function layOut() {
    const shut = frames.filter(f => f.isFolded && !f.around.some(a => a.isFolded)), standsFor = new Map();
    shut.forEach(f => f.inside.forEach(n => standsFor.set(n, f)));
    addBlocks(shut.filter(f => !f.block));
    for (const n of nodes.values()) { n.frame = standsFor.get(n) ?? null; away(n, n.frame !== null); }
    const open = frames.filter(f => !shut.includes(f) && !f.around.some(a => a.isFolded));
    lines = seenLines(standsFor);

    const kept = !shut.length ? [] : [...nodes.values()].filter(n => !n.isAway).map(n => n.box).concat(open.map(f => f.titleBox), lines.flatMap(l => labelBoxes(l.edge)));
    const [X, Y] = ["width", "height"].map((size, axis) => closing(
      kept.map(box => [box[axis] - AROUND, box[axis + 2] + AROUND]),
      shut.map(f => ({ a: f.box[axis], b: f.box[axis + 2], wanted: f.block[size] + ROOM[axis] }))));
    place = (x, y) => [X(x), Y(y)];
    for (const n of nodes.values()) if (!n.isAway) shift(n.g, middle(n.box));
    for (const f of frames) {
      const isOpen = open.includes(f), isShut = shut.includes(f);
      f.g.classList.toggle("away", !isOpen && !isShut);
      f.g.classList.toggle("shut", isShut);
      f.shape.setAttribute(f.attribute, f.asDrawn.replace(PAIR, (_, x, y) => written([place(+x, +y)])));
      shift(f.button, [f.titleBox[0], f.titleBox[1]]);
    }
    shut.forEach(placeBlock);
    lines.forEach(draw);
    svg.setAttribute("viewBox", [0, 0, X(fullWidth - tx) + tx, Y(fullHeight - ty) + ty].map(x => +x.toFixed(2)).join(" "));
    natural = { width: whole.width * 4 / 3, height: whole.height * 4 / 3 };
  }
  const labelBoxes = edge => edge.labelBoxes ??= edge.labels.map(boxOfText);
  /** Edges that end in the same folded layers are one line, the widest of them; those inside of one aren't seen. */
  function seenLines(standsFor) {
    const groups = groupedBy(edges, e => {
      const [a, b] = [e.from, e.to].map(n => standsFor.get(n));
      return a && a === b ? null : a || b ? `${a?.id ?? e.from.name}>${b?.id ?? e.to.name}` : e;
    });
    edges.forEach(e => away(e, true));
    groups.delete(null);
    return [...groups.values()].map(members => {
      const edge = members.reduce((a, b) => b.width > a.width || (a.isDashed && !b.isDashed) ? b : a);
      away(edge, false);
      return { edge, members, from: standsFor.get(edge.from) ?? null, to: standsFor.get(edge.to) ?? null };
    });
  }
  /** The block stands in the middle of what is left of its layer, at the height at which lines come. */
  function placeBlock(f) {
    const [x0, y0, x1, y1] = [...place(f.box[0], f.box[1]), ...place(f.box[2], f.box[3])], { width, height, g } = f.block;
    const heights = lines.filter(l => l.from === f || l.to === f).map(l => place(...borderPoint(l.edge.points, f.box, l.from === f))[1]);
    const y = heights.length ? heights.reduce((a, b) => a + b) / heights.length : (y0 + y1) / 2;
    const left = (x0 + x1 - width) / 2, top = clamp(y - height / 2, y0 + 4, y1 - height - 4);
    f.block.box = [left, top, left + width, top + height];
    g.setAttribute("transform", `translate(${left.toFixed(2)} ${top.toFixed(2)})`);
  }
  const borderPoint = (line, box, isStart) => cutAt(isStart ? [...line].reverse() : line, box).at(-1);
  function draw({ edge, from, to }) {
    let points = edge.points;
    if (to) points = cutAt(points, to.box);
    if (from) points = cutAt([...points].reverse(), from.box).reverse();
    points = points.map(p => place(...p));
    const [tipX, tipY] = place(...edge.tip);
    let head = edge.headPoints.replace(PAIR, (_, x, y) => written([[tipX + +x - edge.tip[0], tipY + +y - edge.tip[1]]]));
    for (const [frame, isStart] of [[from, true], [to, false]]) {
      if (!frame) continue;
      if (isStart) points.reverse();
      const { end, bend } = reaching(points, frame.block.box);
      if (edge.isBack === isStart) {
        const arrow = arrowHead(bend[1], end);
        head = written(arrow.points);
        points.push(...bend, arrow.base);
      } else points.push(...bend, end);
      if (isStart) points.reverse();
    }
    edge.path.setAttribute("d", `M${written(points.slice(0, 1))}C${written(points.slice(1))}`);
    edge.head.setAttribute("points", head);
    edge.labels.forEach(t => shift(t, [numberOf(t, "x"), numberOf(t, "y")]));
  }

  /** Fold or unfold layers; what `still` names stays where it is on the screen. */
  function fold(names, isFolded, still = null) {
    const chosen = frames.filter(f => names.includes(f.name));
    if (chosen.every(f => f.isFolded === isFolded)) return;
    const placeOf = () => (still.g.classList.contains("shut") ? still.block.g : still.button).getBoundingClientRect();
    const before = still && placeOf();
    chosen.forEach(f => { f.isFolded = isFolded; });
    layOut();
    resized();
    setZoom(zoom);
    listeners.fold.forEach(f => f());
    if (!still) return centre();
    const after = placeOf();
    pane.scrollBy({ left: after.left - before.left, top: after.top - before.top, behavior: "instant" });
  }
  function turn(f) {
    const hadFocus = f.g.contains(document.activeElement);
    fold([f.name], !f.isFolded, f);
    hideTip();
    if (hadFocus) (f.isFolded ? f.block.g : f.button).focus({ preventScroll: true });
  }

  // The steps through a folded layer are one
  const frameOf = step => step?.operation == null ? null : nodes.get(operations[step.operation].pill)?.frame ?? null;
  function runOf(at) {
    const frame = frameOf(steps[at]);
    const isIn = i => frame && steps[i]?.phase === steps[at].phase && frameOf(steps[i]) === frame;
    let first = at, last = at;
    while (isIn(first - 1)) first -= 1;
    while (isIn(last + 1)) last += 1;
    return { first, last, frame };
  }
  const users = values.map(() => new Set()), makers = [];
  operations.forEach((o, k) => { o.inputs.forEach(v => users[v].add(k)); o.outputs.forEach(v => { makers[v] = k; }); });
  /** What a folded layer takes in and gives out in a run of steps: values forward, gradients backward. */
  function summary({ first, last, frame }) {
    const { phase } = steps[first], inside = new Set(steps.slice(first, last + 1).map(s => s.operation)), isInside = k => inside.has(k);
    const count = [...inside].reduce((sum, k) => sum + operations[k].count, 0), all = count === frame.operations ? "" : ` of ${frame.operations}`;
    const title = `${nameOf(frame)}: ${count}${all} operation${count === 1 && !all ? "" : "s"}`;
    const told = list => [...new Set(list)].map(value => ({ value, array: values[value].data }));
    const parts = [...inside].map(k => operations[k]), made = parts.flatMap(o => o.outputs);
    const outward = made.filter(v => v === model.root || ![...users[v]].every(isInside));
    if (phase === "forward") return { phase, title, arrives: told(parts.flatMap(o => o.inputs).filter(v => !isInside(makers[v]))), sent: told(outward) };
    const rules = groupedBy(parts.flatMap(o => o.rules).filter(rule => !isInside(makers[rule.to])), rule => rule.to);
    const sums = [...rules].map(([value, list]) => ({ value, array: list.map(rule => rule.arrives).reduce(added) }));
    return { phase, title, arrives: parts.flatMap(o => o.arrives).filter(a => outward.includes(a.value)), sent: sums };
  }
  const added = (a, b) => Object.assign(new np.NDArray(a.shape, a.data.map((x, i) => x + b.data[i])), { complex: a.complex, blocks: a.blocks });

  // Size: all of it where that can be read, and otherwise as small as can be read ---------------------------------------

  let natural = { width: whole.width * 4 / 3, height: whole.height * 4 / 3 }, zoom = 1, isChosen = false;
  function fitting() {
    const around = getComputedStyle(pane), inside = (all, ...sides) => sides.reduce((left, side) => left - parseFloat(around[side]), all);
    return Math.min(inside(pane.clientWidth, "paddingLeft", "paddingRight") / natural.width, inside(pane.clientHeight, "paddingTop", "paddingBottom") / natural.height);
  }
  function setZoom(to) {
    zoom = clamp(to, Math.min(fitting(), .25), 3);
    svg.style.width = `${natural.width * zoom}px`;
    svg.style.height = `${natural.height * zoom}px`;
  }
  const readable = () => clamp(fitting(), innerWidth > 800 ? .75 : .85, 1.35);
  const resized = () => { if (!isChosen) setZoom(readable()); };
  function resize(how) {
    isChosen = true;
    setZoom({ smaller: zoom / 1.25, larger: zoom * 1.25, fit: Math.abs(zoom - fitting()) < .01 ? readable() : fitting() }[how]);
    centre();
  }
  addEventListener("resize", () => { resized(); centre(); });

  // The step at work ---------------------------------------------------------------------------------------------------

  const mark = (x, key, name, value) => {
    if (x[key] === value) return false;
    x[key] = value;
    x.g.classList.toggle(name, value);
    return true;
  };
  let shownAt = 0;
  function atWork({ phase, operation }) {
    if (operation === null) return [values[model.root].card];
    const o = operations[operation];
    return [o.pill, ...(phase === "forward" ? o.outputs : o.rules.map(rule => rule.to)).map(v => values[v].card)];
  }
  function show(at) {
    shownAt = at;
    const run = runOf(at), { last, frame } = run, working = new Set(frame ? [] : atWork(steps[at])), running = new Set(steps.slice(run.first, last + 1).map(s => s.operation));
    const takesPart = n => running.has(n.operation) || (frame !== null && n.frame === frame && running.has(makers[n.value]));
    for (const n of nodes.values()) {
      const changed = [mark(n, "isLater", "later", n.from > last), mark(n, "isReached", "reached", n.reached <= last), mark(n, "isNow", "now", working.has(n.name))];
      if (n.value !== undefined && (changed[0] || changed[1])) labelSoon(n);
    }
    for (const { edge, members } of lines) {
      mark(edge, "isLater", "later", members.every(e => Math.max(e.from.from, e.to.from) > last));
      mark(edge, "isNow", "now", members.some(e => takesPart(e.from) || takesPart(e.to)));
    }
    for (const f of frames.filter(f => f.block)) {
      f.block.g.classList.toggle("now", f === frame);
      f.block.g.classList.toggle("later", f.inside.every(n => n.operation === undefined || n.from > last));
    }
    hideTip();
    centre();
  }
  /** The node or block in the middle of what is at work. */
  function centre() {
    const frame = frameOf(steps[shownAt]), name = atWork(steps[shownAt]).find(name => nodes.has(name));
    const g = frame ? frame.block.g : nodes.get(name)?.g;
    if (!g) return;
    const box = g.getBoundingClientRect(), around = pane.getBoundingClientRect();
    pane.scrollBy({ left: box.left + box.width / 2 - around.left - around.width / 2, top: box.top + box.height / 2 - around.top - around.height / 2 });
  }
  function setHidden(list) {
    hidden.clear();
    list.forEach(value => hidden.add(value));
    for (const n of cards) if (mark(n, "isHidden", "secret", hidden.has(n.value)) || n.isHidden) labelSoon(n);
    hideTip();
  }

  layOut();
  resized();
  return {
    show, centre, resize, onPick, runOf, summary, frames,
    hide: setHidden, reveal: () => setHidden([]), isHidden: value => hidden.has(value),
    fold: (names, isFolded) => fold(names, isFolded),
    folded: () => frames.filter(f => f.isFolded).map(f => f.name),
    frameAt: at => { const n = nodes.get(operations[steps[at].operation]?.pill); return n && frames.filter(f => f.inside.includes(n)).sort((a, b) => a.inside.length - b.inside.length)[0]; },
    turn,
    onFold: callback => listeners.fold.push(callback),
    get zoom() { return zoom; },
  };
})();
