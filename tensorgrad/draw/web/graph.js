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
  const pane = document.getElementById("graph"), svg = pane.querySelector("svg"), tip = document.getElementById("tip");
  const { values, operations, steps } = model;
  const escaped = s => String(s).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
  const groupedBy = (list, key) => list.reduce((groups, x) => groups.set(key(x), [...groups.get(key(x)) ?? [], x]), new Map());

  // Numbers in three digits, as Python writes them into the cards -------------------------------------------------------

  /** Three digits and a power of ten; of two texts that are as near, that with the even digit, as in Python. */
  function threeDigits(x) {
    const [exact, power] = x.toExponential(50).split("e"), isHalf = /^.{4}50*$/.test(exact.replace("-", ""));
    if (isHalf && "02468".includes(exact.replace("-", "")[3])) return [exact.slice(0, exact.indexOf(".") + 3), +power];
    const [digits, near] = x.toExponential(2).split("e");
    return [digits, +near];
  }
  function number(x, padded = false) {
    if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
    if (Number.isInteger(x) && Math.abs(x) < 1e6) return String(x);
    const [digits, power] = threeDigits(x), isTiny = Math.abs(x) < 1e-3;
    const short = s => padded || !s.includes(".") ? s : s.replace(/\.?0+$/, "");
    if (isTiny || power >= 3) return `${isTiny ? digits : short(digits)}e${power}`;
    return short(Number(`${digits}e${power}`).toFixed(2 - power));
  }
  function complexNumber(re, im) {
    return `${formatNumber(re)}${im < 0 || Object.is(im, -0) ? "−" : "+"}${formatNumber(Math.abs(im))}j`;
  }

  /** The numbers of a small array in rows; of a larger one range, mean, and how many are no numbers. */
  function table(array) {
    const { shape, data } = array, width = shape.at(-1) ?? 1;
    if (!data.length) return [["empty"]];
    const isSmall = shape.length < 2 ? data.length <= 6 : shape.length === 2 && data.length <= 12 && shape[0] <= (width > 4 ? 1 : 4) && width <= 6;
    if (!isSmall) return statistics(array).map(line => [line]);
    const rows = Array.from({ length: data.length / width }, (_, i) => [...data.slice(i * width, (i + 1) * width)]);
    return rows.map(row => row.map(x => number(x, data.length > 1)));
  }
  function statistics(array) {
    const isComplex = array.complex, size = isComplex ? "|z| " : "";
    const all = !isComplex ? array.data : Array.from({ length: array.data.length / 2 }, (_, i) => Math.hypot(array.data[2 * i], array.data[2 * i + 1]));
    let low = Infinity, high = -Infinity, sum = 0, count = 0;
    for (const x of all) if (Number.isFinite(x)) { low = Math.min(low, x); high = Math.max(high, x); sum += x; count += 1; }
    const range = array.blocks ? [array.low, array.high] : [low, high], mean = `mean ${number(sum / count)}`;
    const lines = !count ? [] : range[0] === range[1] ? [`all ${size}${number(low)}`] : [`${size}${number(range[0])} … ${number(range[1])}`, mean];
    return count === all.length ? lines : [...lines, `${(all.length - count).toLocaleString("en")} nan or inf`];
  }
  /** An array for a tip: in full if it isn't large. */
  function shown(array) {
    if (array.blocks || array.data.length > 400) return statistics(array).join(", ");
    return array.complex ? shownComplex(array.shape, array.data) : formatArray(array);
  }
  function shownComplex([n, ...rest], data) {
    if (n === undefined) return complexNumber(data[0], data[1]);
    const size = data.length / n, rows = Array.from({ length: n }, (_, i) => shownComplex(rest, data.slice(i * size, (i + 1) * size)));
    return `[${rows.join(rest.length ? "\n " : "  ")}]`;
  }
  const inWords = array => array.data.length > 12 || array.blocks ? statistics(array).join(", ") : shown(array).replace(/\s+/g, " ");
  const shapeOf = v => `(${v.shape.join(", ")}${v.shape.length === 1 ? "," : ""})`;

  // What Graphviz drew: nodes, edges and frames, and where they lie -----------------------------------------------------

  const PAIR = /(-?[\d.]+),(-?[\d.]+)/g;
  const pointsOf = shape => [...(shape.getAttribute("d") ?? shape.getAttribute("points")).matchAll(PAIR)].map(pair => [+pair[1], +pair[2]]);
  const boxAround = points => [0, 1].map(i => Math.min(...points.map(p => p[i]))).concat([0, 1].map(i => Math.max(...points.map(p => p[i]))));
  function boxOf(g) {
    const points = [...g.querySelectorAll("path, polygon")].flatMap(pointsOf);
    for (const e of g.querySelectorAll("ellipse")) {
      const [x, y, rx, ry] = ["cx", "cy", "rx", "ry"].map(name => +e.getAttribute(name));
      points.push([x - rx, y - ry], [x + rx, y + ry]);
    }
    return boxAround(points);
  }
  const contains = (a, b) => a[0] <= b[0] && a[1] <= b[1] && a[2] >= b[2] && a[3] >= b[3];
  const titleOf = g => g.querySelector("title").textContent;
  const numberOf = (element, name, otherwise = 1) => +(element.getAttribute(name) ?? otherwise);
  function element(name, attributes = {}, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  const valueOfCard = new Map(values.map((v, i) => [v.card, i])), pills = new Map(operations.map((o, k) => [o.pill, k]));
  const nodes = new Map(), XLINK = "http://www.w3.org/1999/xlink";
  for (const g of svg.querySelectorAll("g.node")) {
    const name = titleOf(g);
    nodes.set(name, { name, g, box: boxOf(g), value: valueOfCard.get(name), operation: pills.get(name), from: 0, reached: Infinity });
    if (g.classList.contains("reference")) {  // the name of data whose card is far away, which tells what it is and shows the card's tip
      const [, kind, data] = g.querySelector("a").getAttributeNS(XLINK, "title").match(/^(\S+) (.*)$/s);
      g.classList.add(kind);
      nodes.get(name).card = values.find(v => v.name === data)?.card;
    }
  }
  const edges = [...svg.querySelectorAll("g.edge")].map(g => {
    const [from, to] = titleOf(g).split("->").map(name => nodes.get(name)), [path, head] = ["path", "polygon"].map(name => g.querySelector(name));
    const points = pointsOf(path), tip = pointsOf(head)[1], far = p => Math.hypot(p[0] - tip[0], p[1] - tip[1]);
    return {
      g, from, to, path, head, points, tip, headPoints: head.getAttribute("points"), labels: [...g.querySelectorAll("text")],
      isBack: far(points[0]) < far(points.at(-1)),  // the arrow's head is at the start of the line
      width: numberOf(path, "stroke-width"), isDashed: path.hasAttribute("stroke-dasharray"),
    };
  });
  const frames = [...svg.querySelectorAll("g.cluster")].map(g => {
    const texts = [...g.querySelectorAll("text")], shape = g.querySelector("path, polygon"), id = titleOf(g), title = texts[0]?.textContent.trim() ?? id;
    const attribute = shape.hasAttribute("d") ? "d" : "points", box = boxOf(g);
    return { id, g, box, shape, attribute, drawn: shape.getAttribute(attribute), texts, title, about: texts[1]?.textContent.trim() ?? "",
      name: model.frames[id] ?? title, inside: [...nodes.values()].filter(n => contains(box, n.box)), isFolded: false };
  });
  for (const f of frames) {
    f.around = frames.filter(other => other !== f && contains(other.box, f.box));
    f.operations = f.inside.reduce((sum, n) => sum + (n.operation === undefined ? 0 : operations[n.operation].count), 0);
    f.size = `${f.operations.toLocaleString("en")} operation${f.operations === 1 ? "" : "s"}`;
  }
  // What a browser would show as tips of its own
  svg.querySelectorAll("title").forEach(title => title.remove());
  svg.querySelectorAll("a").forEach(a => a.removeAttributeNS(XLINK, "title"));

  // Which step each node appears in, and which completes its gradient
  steps.forEach(({ phase, operation }, i) => {
    const reach = value => { const n = nodes.get(values[value].card); if (n) n.reached = Math.min(n.reached, i); };
    if (operation === null) return reach(model.root);
    const o = operations[operation];
    if (phase === "forward") {
      for (const name of [o.pill, ...o.outputs.map(v => values[v].card)]) if (nodes.has(name)) nodes.get(name).from = i;
    } else o.rules.forEach(rule => { if (!rule.more) reach(rule.to); });
  });

  // Cards: their numbers follow when they change -----------------------------------------------------------------------

  const GRADIENT = ["#a3123f", "#ead9df"];  // the colours of the bars
  const BAR = 48;
  const widths = { ".": .278, "-": .333, " ": .278, ",": .278, "…": 1 };
  const widthOf = text => [...text].reduce((sum, c) => sum + 10 * (widths[c] ?? .556), 0);  // of Helvetica in 10 points

  for (const n of nodes.values()) {
    if (n.value === undefined) continue;
    const lines = { data: [], grad: [] };
    let block = null;
    for (const t of n.g.querySelectorAll("text")) {
      const isSmall = t.getAttribute("font-size") === "9.00", y = numberOf(t, "y");
      if (isSmall && t.textContent.trim() in lines) {
        block = lines[t.textContent.trim()];
        n.left = numberOf(t, "x") + 21.5;  // where numbers begin
      }
      if (block === lines.grad) t.classList.add("gradient");
      if (isSmall || block === null) continue;
      if (Math.abs((block.at(-1)?.y ?? Infinity) - y) > 3) block.push({ y, figures: [] });
      block.at(-1).figures.push({ t, x: t.getAttribute("x"), text: t.textContent });
      if (/nan|inf/.test(t.textContent)) t.classList.add("broken");
    }
    n.lines = lines;
    n.bar = [...n.g.querySelectorAll("polygon")].filter(p => GRADIENT.includes(p.getAttribute("fill").toLowerCase()));
    n.bar.forEach((p, i) => p.classList.add("gradient", i ? "ground" : "strength"));
  }
  const cards = [...nodes.values()].filter(n => n.value !== undefined);

  function rewrite() {
    for (const n of cards) {
      const { data, grad } = values[n.value];
      if (n.lines.data.length) write(n, n.lines.data, data);
      if (n.lines.grad.length && grad) write(n, n.lines.grad, grad);
    }
    rewriteStrengths();
    cards.forEach(labelSoon);
    hideTip();
  }
  /** Numbers into the lines of a card: as they were drawn, or others, set smaller where they need more room than there is. */
  function write(n, lines, array) {
    if (!model.changed) return lines.flatMap(line => line.figures).forEach(({ t, x, text }) => put(t, text, x, "start", 1));
    const room = n.box[2] - 6.3 - n.left, fits = rows => room >= SMALLEST * roomFor(columnsOf(rows));
    const rows = [table(array), statistics(array).map(line => [line])].map(rows => inLines(rows, lines.length)).find(fits) ?? [["…"]];
    const columns = columnsOf(rows), scale = clamp(room / roomFor(columns), SMALLEST, 1), isOne = columns.length === 1;
    const right = j => n.left + room - scale * (roomFor(columns.slice(j + 1)) + GAP);
    lines.forEach(({ figures }, i) => figures.forEach(({ t }, j) =>
      put(t, rows[i]?.[j] ?? "", isOne ? n.left : right(j), isOne ? "start" : "end", scale)));
  }
  const SMALLEST = .5, GAP = 3.4;  // between columns
  const columnsOf = rows => rows.reduce((a, b) => b.length > a.length ? b : a).map((_, j) => Math.max(...rows.map(row => widthOf(row[j] ?? ""))));
  const roomFor = columns => columns.reduce((sum, width) => sum + width + GAP, -GAP);
  /** Rows in so many lines: the first of them and the last. */
  const inLines = (rows, n) => rows.length <= n ? rows : n === 1 ? rows.slice(0, 1) : [...rows.slice(0, n - 1), rows.at(-1)];
  function put(t, text, x, anchor, scale) {
    t.textContent = text;
    t.classList.toggle("broken", /nan|inf/.test(text));
    for (const [key, value] of Object.entries({ x, "text-anchor": anchor, "font-size": (10 * scale).toFixed(2) })) t.setAttribute(key, value);
  }

  /** The root mean square; 0 where it isn't a number. */
  function magnitude(array) {
    const square = array ? array.data.reduce((sum, x) => sum + x * x, 0) / array.data.length : 0;
    return Number.isFinite(square) ? Math.sqrt(square) : 0;
  }
  function rewriteStrengths() {
    const sizes = new Map(cards.map(n => [n, magnitude(values[n.value].grad)])), most = Math.max(...sizes.values());
    const strength = n => sizes.get(n) ? Math.max(0, 1 + Math.log10(sizes.get(n) / most) / 6) : 0;
    for (const n of cards.filter(n => n.bar.length)) {
      const [x0, y0, , y1] = boxAround(pointsOf(n.bar[0]));
      if (n.bar.length < 2) {
        n.bar.push(n.bar[0].cloneNode());
        n.bar[1].classList.replace("strength", "ground");
        n.bar[0].after(n.bar[1]);
      }
      const split = x0 + (strength(n) ? Math.max(Math.round(BAR * strength(n)), 1) : 0);
      [[x0, split], [split, x0 + BAR]].forEach(([a, b], i) => n.bar[i].setAttribute("points", `${a},${y0} ${b},${y0} ${b},${y1} ${a},${y1}`));
    }
    for (const e of edges) {
      const card = [e.from, e.to].map(n => nodes.get(n.card ?? n.name)).find(n => n.value !== undefined);
      if (!card || e.isDashed) continue;
      e.width = strength(card) ? .8 + 3 * strength(card) : 1;
      for (const part of [e.path, e.head]) part.setAttribute("stroke-width", e.width.toFixed(2));
    }
  }
  model.onChange(rewrite);

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
  const knows = n => !n.isLater, knowsGradient = n => n.isReached && values[n.value].grad !== null && !hidden.has(n.value);
  function label(n) {
    const v = values[n.value], grad = knowsGradient(n) ? ` Gradient ${inWords(v.grad)}.` : "";
    n.g.setAttribute("aria-label", `${v.name}, shape ${shapeOf(v)}. ${knows(n) ? `Value ${inWords(v.data)}.${grad}` : "Not computed yet."}`);
  }
  function showTip(n, g = n.g) {
    label(n);
    const v = values[n.value], part = (array, heading) => `${heading}<pre>${escaped(shown(array))}</pre>`;
    tip.innerHTML = `<strong>${escaped(v.name)}</strong> <small>${shapeOf(v)} ${v.dtype}</small>` + (
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

  function blockOf(f) {
    if (f.block) return f.block;
    const lines = [[f.title, 11, "bold"], [f.about.length > 30 ? `${f.about.slice(0, 29)}…` : f.about, 9, ""], [f.size, 9, ""]].filter(([line]) => line);
    const texts = lines.map(([line, size, weight]) => element("text", { "font-size": size, "font-weight": weight || "normal", class: weight ? "name" : "about" }, line));
    const g = element("g", { class: "block", tabindex: 0, role: "button", "aria-expanded": "false", "aria-label": `${f.name || f.title}, folded: ${f.about} ${f.size}. Unfold` }, ...texts);
    pressed(g, () => turn(f));
    f.g.append(g);
    const width = Math.max(...texts.map(t => t.getComputedTextLength())) + 34, height = 13 * lines.length + 12;
    const sheet = by => element("rect", { x: by, y: -by, width, height, rx: 6 });
    g.prepend(sheet(4), sheet(0), element("path", { class: "mark", d: "M9,8l5,4.5l-5,4.5z" }));
    texts.forEach((t, i) => { t.setAttribute("x", 20); t.setAttribute("y", 17 + 13 * i); });
    return f.block = { g, width, height };
  }
  function addButton(f) {
    const [x0, y0] = f.box, button = element("g", { class: "fold", tabindex: 0, role: "button", "aria-expanded": "true", "aria-label": `${f.name || f.title}: ${f.about} ${f.size}. Fold` });
    f.texts.forEach(t => t.setAttribute("x", numberOf(t, "x") + 8));
    const end = Math.max(...f.texts.map(t => { const { x, width } = t.getBBox(); return x + width; }));
    f.titleBox = [x0, y0, Math.max(end + 4, x0 + 24), y0 + 20];
    button.append(element("rect", { x: x0 + 3, y: y0 + 2, width: f.titleBox[2] - x0 - 3, height: 18, rx: 4 }), element("path", { class: "mark", d: `M${x0 + 6.5},${y0 + 6.5}h7l-3.5,5z` }), ...f.texts);
    pressed(button, () => turn(f));
    f.g.append(f.button = button);
  }
  frames.forEach(addButton);

  /** A monotone map of one axis: what is kept is moved, and the rest of folded layers is shrunk. */
  function closing(axis, kept, shut) {
    const solid = [];
    for (const [a, b] of kept.sort((p, q) => p[0] - q[0])) {
      if (solid.length && a <= solid.at(-1)[1]) solid.at(-1)[1] = Math.max(solid.at(-1)[1], b);
      else solid.push([a, b]);
    }
    const ranges = shut.map(f => {
      const a = f.box[axis], b = f.box[axis + 2], wanted = (axis ? f.block.height : f.block.width) + ROOM[axis];
      const covered = solid.reduce((sum, [c, d]) => sum + Math.max(0, Math.min(b, d) - Math.max(a, c)), 0);
      return { a, b, factor: b - a > covered ? clamp((wanted - covered) / (b - a - covered), 0, 1) : 1 };
    });
    const cuts = [...new Set([...solid.flat(), ...ranges.flatMap(r => [r.a, r.b])])].sort((a, b) => a - b);
    const moved = cuts.slice(0, 1);
    for (let i = 1, k = 0; i < cuts.length; i++) {
      const middle = (cuts[i - 1] + cuts[i]) / 2;
      while (k < solid.length && solid[k][1] < middle) k += 1;
      const over = k < solid.length && solid[k][0] < middle ? [] : ranges.filter(r => r.a < middle && middle < r.b);
      moved.push(moved[i - 1] + (cuts[i] - cuts[i - 1]) * (over.length ? Math.max(...over.map(r => r.factor)) : 1));
    }
    return x => {
      if (!cuts.length || x <= cuts[0]) return x;
      let low = 0, high = cuts.length;
      while (high - low > 1) { const middle = low + high >> 1; if (cuts[middle] <= x) low = middle; else high = middle; }
      if (high === cuts.length) return moved[low] + x - cuts[low];
      return moved[low] + (x - cuts[low]) * (moved[high] - moved[low]) / (cuts[high] - cuts[low]);
    };
  }

  // Lines are cubic Bézier curves, lists of points of which each three go on from the one before
  const between = (p, q, t) => [p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t];
  function split(curve, t) {
    const levels = [curve];
    while (levels.at(-1).length > 1) levels.push(levels.at(-1).slice(1).map((q, i) => between(levels.at(-1)[i], q, t)));
    return levels.map(level => level[0]);
  }
  /** A line without what of its end lies in a box. */
  function cutAt(points, box) {
    const isInside = p => contains(box, [...p, ...p]);
    for (let i = points.length - 4; i >= 0; i -= 3) {
      const curve = points.slice(i, i + 4), at = t => split(curve, t)[3];
      for (let k = 15; k >= 0; k--) {
        if (isInside(at(k / 16))) continue;
        let outside = k / 16, inside = (k + 1) / 16;
        for (let n = 0; n < 12; n++) { const middle = (outside + inside) / 2; if (isInside(at(middle))) inside = middle; else outside = middle; }
        return [...points.slice(0, i), ...split(curve, outside)];
      }
    }
    return [points[0], points[0], points[0], points[0]];
  }
  /** From the end of a line on to a block, in a curve that goes on as the line went and comes straight to the block. */
  function reaching(points, { x0, y0, x1, y1 }) {
    const p = points.at(-1), [x, y] = p, before = points.findLast(q => Math.hypot(q[0] - x, q[1] - y) > .01);
    const isBeside = x <= x0 || x >= x1, inset = 8;
    const end = isBeside ? [x <= x0 ? x0 : x1, clamp(y, y0 + inset, y1 - inset)] : [clamp(x, x0 + inset, x1 - inset), y < y0 ? y0 : y1];
    const out = isBeside ? [x <= x0 ? -1 : 1, 0] : [0, y < y0 ? -1 : 1], far = Math.hypot(end[0] - x, end[1] - y), reach = .45 * far;
    const length = before ? Math.hypot(x - before[0], y - before[1]) : 1, on = before ? [(x - before[0]) / length, (y - before[1]) / length] : [-out[0], -out[1]];
    return { end, bend: [[x + reach * on[0], y + reach * on[1]], [end[0] + reach * out[0], end[1] + reach * out[1]]] };
  }
  function arrowHead(from, end) {
    const length = Math.hypot(end[0] - from[0], end[1] - from[1]) || 1, [ux, uy] = [(end[0] - from[0]) / length, (end[1] - from[1]) / length];
    const base = [end[0] - 6 * ux, end[1] - 6 * uy];
    return { base, points: [[base[0] - 2.1 * uy, base[1] + 2.1 * ux], end, [base[0] + 2.1 * uy, base[1] - 2.1 * ux]] };
  }

  const written = points => points.map(p => p.map(x => +x.toFixed(2)).join(",")).join(" ");
  let place = (x, y) => [x, y];  // where a point of Graphviz's picture lies now
  const shift = (g, [x, y]) => {
    const [dx, dy] = place(x, y).map((moved, i) => +(moved - [x, y][i]).toFixed(3));
    if (dx || dy) g.setAttribute("transform", `translate(${dx} ${dy})`);
    else g.removeAttribute("transform");
  };
  const middle = box => [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  const away = (x, isAway) => { x.isAway = isAway; x.g.classList.toggle("away", isAway); };

  const whole = svg.viewBox.baseVal, { width: fullWidth, height: fullHeight } = whole;
  const [tx, ty] = svg.querySelector("g.graph").getAttribute("transform").match(/translate\(([-\d.]+)[ ,]([-\d.]+)\)/).slice(1).map(Number);
  let lines = edges.map(e => ({ ...e, members: [e] }));  // the edges that are seen, each with those that it stands for

  function layOut() {
    const shut = frames.filter(f => f.isFolded && !f.around.some(a => a.isFolded)), standsFor = new Map();
    shut.forEach(f => { blockOf(f); f.inside.forEach(n => standsFor.set(n, f)); });
    for (const n of nodes.values()) { n.frame = standsFor.get(n) ?? null; away(n, n.frame !== null); }
    const open = frames.filter(f => !shut.includes(f) && !f.around.some(a => a.isFolded));
    lines = seenLines(standsFor);

    const visible = [...nodes.values()].filter(n => !n.isAway).map(n => n.box).concat(open.map(f => f.titleBox), lines.flatMap(l => l.edge.labelBoxes ??= l.edge.labels.map(t => { const b = t.getBBox(); return [b.x, b.y, b.x + b.width, b.y + b.height]; })));
    const [X, Y] = [0, 1].map(axis => shut.length ? closing(axis, visible.map(b => [b[axis] - AROUND, b[axis + 2] + AROUND]), shut) : x => x);
    place = (x, y) => [X(x), Y(y)];
    for (const n of nodes.values()) if (!n.isAway) shift(n.g, middle(n.box));
    for (const f of frames) {
      const isOpen = open.includes(f), isShut = shut.includes(f);
      f.g.classList.toggle("away", !isOpen && !isShut);
      f.g.classList.toggle("shut", isShut);
      f.shape.setAttribute(f.attribute, f.drawn.replace(PAIR, (_, x, y) => written([place(+x, +y)])));
      shift(f.button, [f.titleBox[0], f.titleBox[1]]);
    }
    shut.forEach(placeBlock);
    lines.forEach(draw);
    svg.setAttribute("viewBox", [0, 0, X(fullWidth - tx) + tx, Y(fullHeight - ty) + ty].map(x => +x.toFixed(2)).join(" "));
    natural = { width: whole.width * 4 / 3, height: whole.height * 4 / 3 };
    drawnAt = null;
  }
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
    const ends = lines.flatMap(l => [l.to === f ? cutAt(l.edge.points, f.box).at(-1) : null, l.from === f ? cutAt([...l.edge.points].reverse(), f.box).at(-1) : null]).filter(p => p).map(p => place(...p)[1]);
    const y = ends.length ? ends.reduce((a, b) => a + b) / ends.length : (y0 + y1) / 2;
    const left = (x0 + x1 - width) / 2, top = clamp(y - height / 2, y0 + 4, y1 - height - 4);
    f.block.box = { x0: left, y0: top, x1: left + width, y1: top + height };
    g.setAttribute("transform", `translate(${left.toFixed(2)} ${top.toFixed(2)})`);
  }
  function draw({ edge, from, to }) {
    let points = edge.points;
    if (to) points = cutAt(points, to.box);
    if (from) points = cutAt([...points].reverse(), from.box).reverse();
    points = points.map(p => place(...p));
    let head = edge.headPoints.replace(PAIR, (_, x, y) => written([place(...edge.tip).map((moved, i) => moved + [+x, +y][i] - edge.tip[i])]));
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
    const title = `${frame.name || frame.title}: ${count}${all} operation${count === 1 && !all ? "" : "s"}`;
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
  let shownAt = 0, drawnAt = null;
  function atWork({ phase, operation }) {
    if (operation === null) return [values[model.root].card];
    const o = operations[operation];
    return [o.pill, ...(phase === "forward" ? o.outputs : o.rules.map(rule => rule.to)).map(v => values[v].card)];
  }
  function show(at) {
    shownAt = at;
    const run = runOf(at), { last, frame } = run, working = new Set(run.frame ? [] : atWork(steps[at])), { operation } = steps[at];
    for (const n of nodes.values()) {
      const changed = [mark(n, "isLater", "later", n.from > last), mark(n, "isReached", "reached", n.reached <= last), mark(n, "isNow", "now", working.has(n.name))];
      if (n.value !== undefined && (changed[0] || changed[1])) labelSoon(n);
    }
    for (const { edge, members, from, to } of lines) {
      mark(edge, "isLater", "later", members.every(e => Math.max(e.from.from, e.to.from) > last));
      mark(edge, "isNow", "now", frame ? from === frame || to === frame : members.some(e => operation !== null && [e.from.operation, e.to.operation].includes(operation)));
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
    show, centre, resize, onPick, runOf, summary, inWords, frames,
    hide: setHidden, reveal: () => setHidden([]), isHidden: value => hidden.has(value),
    fold: (names, isFolded) => fold(names, isFolded),
    folded: () => frames.filter(f => f.isFolded).map(f => f.name),
    frameAt: at => { const n = nodes.get(operations[steps[at].operation]?.pill); return n && frames.filter(f => f.inside.includes(n)).sort((a, b) => a.inside.length - b.inside.length)[0]; },
    turn,
    onFold: callback => listeners.fold.push(callback),
    get zoom() { return zoom; },
  };
})();
