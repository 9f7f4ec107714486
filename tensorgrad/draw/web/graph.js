// The pane of the picture: what has happened so far is shown, the step at work is marked, layers fold, tips tell more.
//
// graph.show(at)          shows the picture at a step
// graph.centre()          scrolls to what is at work
// graph.onPick(callback)  is called with the number of a value when its card is clicked
// graph.hide(values)      hides the numbers of these values' gradients; graph.reveal() shows them, graph.isHidden(value) asks
// graph.resize(how)       "smaller", "larger", or "fit"
// graph.runOf(at), graph.summary(run): as of layers
// graph.fold(names, isFolded), graph.turn(frame), graph.frameAt(at), graph.onFold(callback)

const graph = (() => {
  const pane = document.getElementById("graph"), tip = document.getElementById("tip");
  const { values, operations, steps } = model, { svg, nodes, frames } = picture, { clamp } = geometry;

  // Tips, and what screen readers are told -----------------------------------------------------------------------------

  const hidden = new Set();  // the values whose gradients are to be predicted
  const isKnown = n => !n.isLater, isGradientKnown = n => n.isReached && values[n.value].grad !== null && !hidden.has(n.value);
  function label(n) {
    const { name, shape, data, grad } = values[n.value];
    const gradient = isGradientKnown(n) ? ` Gradient ${labels.inWords(grad)}.` : "";
    const told = isKnown(n) ? `Value ${labels.inWords(data)}.${gradient}` : "Not computed yet.";
    n.g.setAttribute("aria-label", `${name}, shape ${shapeText(shape)}. ${told}`);
  }
  const waiting = new Set();  // cards whose label waits for a moment of rest, as it takes longer than a step may
  let timer = null;
  function labelSoon(n) {
    waiting.add(n);
    timer ??= setTimeout(() => {
      waiting.forEach(label);
      waiting.clear();
      timer = null;
    }, 50);
  }
  function showTip(n, g = n.g) {
    label(n);
    const { name, shape, dtype, data, grad } = values[n.value], numbers = array => element("pre", {}, labels.shown(array));
    tip.replaceChildren(element("strong", {}, name), " ", element("small", {}, `${shapeText(shape)} ${dtype}`),
      isKnown(n) ? numbers(data) : element("p", { class: "note" }, "not computed yet"),
      ...isGradientKnown(n) ? [element("h3", { class: "backward" }, "gradient"), numbers(grad)] : []);
    tip.hidden = false;
    const box = g.getBoundingClientRect(), { width, height } = tip.getBoundingClientRect();
    const isBelow = box.bottom + 8 + height < innerHeight;
    tip.style.left = `${Math.max(clamp(box.left, 8, innerWidth - width - 8), 4)}px`;
    tip.style.top = `${isBelow ? box.bottom + 8 : Math.max(box.top - height - 8, 4)}px`;
  }
  const hideTip = () => { tip.hidden = true; };
  for (const n of cards) {
    labelSoon(n);
    n.g.setAttribute("tabindex", "0");
    n.g.setAttribute("role", "img");
    for (const on of ["mouseenter", "focus"]) n.g.addEventListener(on, () => showTip(n));
    for (const off of ["mouseleave", "blur"]) n.g.addEventListener(off, hideTip);
  }
  for (const { g, card } of nodes.values()) {
    if (!card) continue;
    g.addEventListener("mouseenter", () => showTip(card, g));
    g.addEventListener("mouseleave", hideTip);
  }
  model.onChange(() => {
    cards.forEach(labelSoon);
    hideTip();
  });
  function onPick(callback) {
    for (const n of cards) {
      n.g.setAttribute("role", "button");
      picture.onPress(n.g, () => callback(n.value));
    }
  }
  function hide(list) {
    hidden.clear();
    list.forEach(value => hidden.add(value));
    for (const n of cards) if (mark(n, "isHidden", "secret", hidden.has(n.value))) labelSoon(n);
    hideTip();
  }

  // Size: all of it where that can be read, and otherwise as small as can be read ---------------------------------------

  let zoom = 1, isChosen = false;
  const natural = side => svg.viewBox.baseVal[side] * 4 / 3;  // pixels for points
  function fitting() {
    const around = getComputedStyle(pane), inside = (all, ...sides) => sides.reduce((left, side) => left - parseFloat(around[side]), all);
    return Math.min(inside(pane.offsetWidth, "paddingLeft", "paddingRight") / natural("width"),
      inside(pane.offsetHeight, "paddingTop", "paddingBottom") / natural("height"));
  }
  function setZoom(to) {
    zoom = clamp(to, Math.min(fitting(), .25), 3);
    for (const side of ["width", "height"]) svg.style[side] = `${natural(side) * zoom}px`;
  }
  const readable = () => clamp(fitting(), innerWidth > 800 ? .75 : .85, 1.35);
  const adapt = () => setZoom(isChosen ? zoom : readable());
  function resize(how) {
    const fit = fitting(), isFit = Math.abs(zoom - fit) < .01;
    isChosen = true;
    setZoom({ smaller: zoom / 1.25, larger: zoom * 1.25, fit: isFit ? readable() : fit }[how]);
    centre();
  }
  addEventListener("resize", () => {
    adapt();
    centre();
  });
  svg.style.display = "none";  // while the pane is measured: to lay out a large picture takes long, and once is enough
  adapt();
  svg.style.display = "";

  // The step at work ---------------------------------------------------------------------------------------------------

  let shownAt = 0;
  /** Keep a mark of a node or an edge, and its class; whether it has changed. */
  function mark(thing, key, name, value) {
    if (thing[key] === value) return false;
    thing[key] = value;
    thing.g.classList.toggle(name, value);
    return true;
  }
  /** The names of the nodes that a step is about, the most important first. */
  function namesAt({ phase, operation }) {
    if (operation === null) return [values[model.root].card];
    const { pill, outputs, rules } = operations[operation];
    return [pill, ...(phase === "forward" ? outputs : rules.map(rule => rule.to)).map(v => values[v].card)];
  }
  const makers = [];
  operations.forEach((o, k) => o.outputs.forEach(v => { makers[v] = k; }));

  function show(at) {
    shownAt = at;
    const { first, last, frame } = layers.runOf(at), now = new Set(frame ? [] : namesAt(steps[at]));
    const running = new Set(steps.slice(first, last + 1).map(step => step.operation));
    const takesPart = n => running.has(n.operation) || (frame !== null && n.frame === frame && running.has(makers[n.value]));
    for (const n of nodes.values()) {
      const changes = [mark(n, "isLater", "later", n.from > last), mark(n, "isReached", "reached", n.reached <= last)];
      mark(n, "isNow", "now", now.has(n.name));
      if (n.value !== undefined && changes.includes(true)) labelSoon(n);
    }
    for (const { edge, members } of layers.lines) {
      mark(edge, "isLater", "later", members.every(e => Math.max(e.from.from, e.to.from) > last));
      mark(edge, "isNow", "now", members.some(e => takesPart(e.from) || takesPart(e.to)));
    }
    for (const { block, inside } of frames.filter(f => f.block)) {
      block.g.classList.toggle("now", block === frame?.block);
      block.g.classList.toggle("later", inside.every(n => n.operation === undefined || n.from > last));
    }
    hideTip();
    centre();
  }
  function centre() {
    const name = namesAt(steps[shownAt]).find(name => nodes.has(name)), n = nodes.get(name);
    if (!n) return;
    const box = (n.frame ? n.frame.block.g : n.g).getBoundingClientRect(), around = pane.getBoundingClientRect();
    pane.scrollBy({
      left: box.left + box.width / 2 - around.left - around.width / 2, top: box.top + box.height / 2 - around.top - around.height / 2,
    });
  }

  // Folding ------------------------------------------------------------------------------------------------------------

  const listeners = [];
  function fold(names, isFolded) {
    if (!layers.fold(names, isFolded)) return;
    adapt();
    listeners.forEach(listener => listener());
  }
  /** Fold or unfold one layer, which stays where it is on the screen, and keeps the focus. */
  function turn(f) {
    const hadFocus = f.g.contains(document.activeElement), before = layers.handle(f).getBoundingClientRect();
    fold([f.name], !f.isFolded);
    const after = layers.handle(f).getBoundingClientRect();
    pane.scrollBy({ left: after.left - before.left, top: after.top - before.top });
    if (hadFocus) layers.handle(f).focus({ preventScroll: true });
  }
  layers.onPress(turn);
  /** The innermost layer that the step at work is in. */
  function frameAt(at) {
    const n = nodes.get(operations[steps[at].operation]?.pill);
    return n && frames.filter(f => f.inside.includes(n)).sort((a, b) => b.around.length - a.around.length)[0];
  }

  return {
    show, centre, onPick, hide, reveal: () => hide([]), isHidden: value => hidden.has(value), resize, fold, turn, frameAt,
    runOf: layers.runOf, summary: layers.summary, onFold: listener => listeners.push(listener),
    get zoom() { return zoom; },
  };
})();
