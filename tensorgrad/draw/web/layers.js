// Layers fold: the inside of a frame makes room for a block, and the picture closes up.
//
// Where nothing visible is left across a folded layer, its x (and likewise its y) is shrunk down to the size of the block;
// everywhere else things are only moved. So the order of all things stays, and none comes to lie on another.
//
// layers.fold(names, isFolded)  lays the picture out anew; whether something has changed
// layers.folded()               the names of those that are folded
// layers.lines                  the edges that are seen: {edge, members: those that it stands for, from, to: folded layers, or
//                               null}
// layers.handle(frame)          what folds or unfolds it: the button in its title, or the block
// layers.onPress(callback)      is called with the frame whose button or block was pressed
// layers.runOf(at)              {first, last, frame}: the steps that are one as they lie in a folded layer; else frame is null
// layers.summary(run)           what the layer takes in and gives out in such a run
//
// While a node is within a folded layer, its `frame` is that, and else null.

const layers = (() => {
  const { values, operations, steps } = model, { svg, nodes, edges, frames, PAIR, numberOf } = picture;
  const { clamp, boxAround, middle, closing, cutAt, reaching, arrowHead } = geometry;
  const AROUND = 8;  // points around a thing that are moved with it
  const BESIDE = 14;  // points beside a block, where lines to it bend
  const SIDES = ["width", "height"];
  const ROOM = [40, 20];  // around a block, for the lines that end at it

  // Buttons and blocks -------------------------------------------------------------------------------------------------

  function drawn(name, attributes = {}, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }
  const nameOf = f => f.name || f.title;  // the model itself has no name
  const listeners = [];
  function button(f, kind, label, ...children) {
    const isOpen = kind === "fold";
    const g = drawn("g", { class: kind, tabindex: 0, role: "button", "aria-expanded": isOpen, "aria-label": label }, ...children);
    picture.onPress(g, () => listeners.forEach(listener => listener(f)));
    f.g.append(g);
    return g;
  }
  /** The title of a frame becomes a button. How wide it is is guessed: measuring would take a layout of all of the picture. */
  function addButton(f) {
    const [x0, y0, x1] = f.box, last = f.texts.at(-1), width = .56 * numberOf(last, "font-size") * last.textContent.length;
    f.titleBox = [x0, y0, Math.min(numberOf(last, "x") + width + 12, x1), y0 + 20];
    f.texts.forEach(t => t.setAttribute("x", numberOf(t, "x") + 8));
    f.button = button(f, "fold", `${nameOf(f)}: ${f.about} ${f.size}. Fold`,
      drawn("rect", { x: x0 + 3, y: y0 + 2, width: f.titleBox[2] - x0 - 3, height: 18, rx: 4 }),
      drawn("path", { class: "mark", d: `M${x0 + 6.5},${y0 + 6.5}h7l-3.5,5z` }), ...f.texts);
  }
  /** Blocks for frames that have none yet. */
  function addBlocks(list) {
    const short = s => s.length > 30 ? `${s.slice(0, 29)}…` : s;
    for (const f of list) {
      const words = [f.title, short(f.about), f.size].filter(line => line);
      const texts = words.map((line, i) => drawn("text", { x: 20, y: 17 + 13 * i, class: i ? "about" : "name" }, line));
      const g = button(f, "block", `${nameOf(f)}, folded: ${f.about} ${f.size}. Unfold`, ...texts);
      f.block = { g, texts, height: 13 * texts.length + 12 };
    }
    for (const { block } of list) block.width = Math.max(...block.texts.map(t => t.getComputedTextLength())) + 34;
    for (const { block: { g, width, height } } of list) {
      const sheet = by => drawn("rect", { x: by, y: -by, width, height, rx: 6 });
      g.prepend(sheet(4), sheet(0), drawn("path", { class: "mark", d: "M9,8l5,4.5l-5,4.5z" }));
    }
  }
  frames.forEach(addButton);

  // Laying out ---------------------------------------------------------------------------------------------------------

  const whole = svg.viewBox.baseVal, size = [whole.width, whole.height];
  const origin = svg.querySelector("g.graph").getAttribute("transform").match(/translate\(([-\d.]+)[ ,]([-\d.]+)\)/).slice(1).map(Number);
  let lines = [], place = p => p;  // where a point of Graphviz's picture lies now

  const written = points => points.map(p => p.map(x => +x.toFixed(2)).join(",")).join(" ");
  function move(g, p) {
    const [dx, dy] = place(p).map((x, axis) => +(x - p[axis]).toFixed(3));
    if (dx || dy) g.setAttribute("transform", `translate(${dx} ${dy})`);
    else g.removeAttribute("transform");
  }
  function toggleAway(thing, isAway) {
    thing.isAway = isAway;
    thing.g.classList.toggle("away", isAway);
  }
  function labelBoxes(edge) {
    return edge.labelBoxes ??= edge.labels.map(t => {
      const { x, y, width, height } = t.getBBox();
      return [x, y, x + width, y + height];
    });
  }

  function layOut() {
    const isInside = f => f.around.some(other => other.isFolded), shut = frames.filter(f => f.isFolded && !isInside(f));
    const open = frames.filter(f => !f.isFolded && !isInside(f));
    addBlocks(shut.filter(f => !f.block));
    for (const n of nodes.values()) n.frame = null;
    for (const f of shut) for (const n of f.inside) n.frame = f;
    for (const n of nodes.values()) toggleAway(n, n.frame !== null);
    lines = seenLines();
    place = shut.length ? closed(shut, open) : p => p;

    for (const n of nodes.values()) if (!n.isAway) move(n.g, middle(n.box));
    for (const f of frames) {
      f.g.classList.toggle("away", isInside(f));
      f.g.classList.toggle("shut", shut.includes(f));
      f.shape.setAttribute(f.attribute, f.asDrawn.replace(PAIR, (_, x, y) => written([place([+x, +y])])));
      move(f.button, f.titleBox);
    }
    for (const f of shut) f.block.box = null;
    [...shut].sort((f, g) => f.box[0] - g.box[0]).forEach(f => placeBlock(f, shut));
    lines.forEach(draw);
    svg.setAttribute("viewBox", (shut.length ? boxOfSeen(shut, open) : [0, 0, ...size]).map(x => +x.toFixed(2)).join(" "));
  }
  /** What the picture then covers: its left upper corner, and its size. */
  function boxOfSeen(shut, open) {
    const boxes = [...nodes.values()].filter(n => !n.isAway).map(n => moved(n.box));
    boxes.push(...shut.map(f => f.block.box), ...open.map(f => [...place(f.box), ...place(f.box.slice(2))]), ...lines.flatMap(line => labelBoxes(line.edge)).map(moved));
    const corners = [...boxes.flatMap(([x0, y0, x1, y1]) => [[x0, y0], [x1, y1]]), ...lines.flatMap(line => line.drawn)];
    const [x0, y0, x1, y1] = boxAround(corners);
    return [x0 + origin[0] - AROUND, y0 + origin[1] - AROUND, x1 - x0 + 2 * AROUND, y1 - y0 + 2 * AROUND];
  }
  /** The map of the picture in which these frames have made room. */
  function closed(shut, open) {
    const boxes = [...nodes.values()].filter(n => !n.isAway).map(n => n.box);
    boxes.push(...open.map(f => f.titleBox), ...lines.flatMap(line => labelBoxes(line.edge)));
    const rangeOf = (f, axis, a = f.box[axis]) => ({ a, b: f.box[axis + 2], wanted: f.block[SIDES[axis]] + ROOM[axis] });
    for (const f of shut) f.start = startOf(f, rangeOf(f, 0));
    const ranges = [
      shut.flatMap(f => f.start === f.box[0] ? [rangeOf(f, 0)] : [{ a: f.box[0], b: f.start, wanted: 0 }, rangeOf(f, 0, f.start)]),
      shut.map(f => rangeOf(f, 1)),
    ];
    const [X, Y] = ranges.map((of, axis) => closing(boxes.map(box => [box[axis] - AROUND, box[axis + 2] + AROUND]), of));
    return ([x, y]) => [X(x), Y(y)];
  }
  /** Where the room for a block begins: behind the cards above and below its layer from which lines come to it, so that
   *  they come to its left side, where there is room enough behind them. */
  function startOf(f, { b, wanted }) {
    const ends = lines.filter(line => line.to === f && !line.from).map(({ edge }) => edge.from.box[2] + AROUND);
    return Math.max(f.box[0], ...ends.filter(end => end + wanted <= b));
  }
  /** Edges that end in the same folded layers are one line, the widest of them; those within one aren't seen. */
  function seenLines() {
    const groups = new Map();
    for (const e of edges) {
      const { frame: a } = e.from, { frame: b } = e.to;
      toggleAway(e, true);
      if (a && a === b) continue;
      const key = a || b ? `${a?.id ?? e.from.name}>${b?.id ?? e.to.name}` : e;
      groups.set(key, [...groups.get(key) ?? [], e]);
    }
    return [...groups.values()].map(members => {
      const edge = members.reduce((a, b) => b.width > a.width || (a.isDashed && !b.isDashed) ? b : a);
      toggleAway(edge, false);
      return { edge, members, from: edge.from.frame, to: edge.to.frame };
    });
  }
  /** The block stands in the middle of the room for it: at the height of the block before it from which a line comes, so
   *  that those of a chain stand in a row, where nothing else stands there; else at the height at which lines come. */
  function placeBlock(f, shut) {
    const [x0, y0] = place([f.start, f.box[1]]), [x1, y1] = place(f.box.slice(2)), { width, height, g } = f.block;
    const border = ({ edge, from }) => cutAt(from === f ? [...edge.points].reverse() : edge.points, f.box).at(-1);
    const coming = lines.filter(line => line.to === f), around = coming.length ? coming : lines.filter(line => line.from === f);
    const heights = around.map(line => place(border(line))[1]), left = (x0 + x1 - width) / 2;
    const boxAt = y => [left, y - height / 2, left + width, y + height / 2];
    const inside = y => clamp(y, y0 + 4 + height / 2, y1 - 4 - height / 2);
    const others = shut.filter(other => other !== f), before = others.filter(other => other.block.box && coming.some(line => line.from === other));
    const rows = before.map(other => middle(other.block.box)[1]);
    const y = rows.find(y => isFree(boxAt(y), others)) ?? inside(heights.length ? heights.reduce((a, b) => a + b) / heights.length : (y0 + y1) / 2);
    f.block.box = boxAt(y);
    g.setAttribute("transform", `translate(${left.toFixed(2)} ${f.block.box[1].toFixed(2)})`);
  }
  /** Whether nothing that is seen stands in a box, nor may come to stand there: blocks without a place yet. */
  function isFree(box, others) {
    const seen = [...nodes.values()].filter(n => !n.isAway).map(n => moved(n.box)), titles = frames.filter(f => !f.isFolded).map(f => moved(f.titleBox));
    const blocks = others.map(({ block, box }) => block.box ?? [...place(box), ...place(box.slice(2))]);
    const isApart = other => box[0] - AROUND > other[2] || box[2] + AROUND < other[0] || box[1] - AROUND > other[3] || box[3] + AROUND < other[1];
    return [...seen, ...titles, ...blocks].every(isApart);
  }
  /** Where a box lies that is moved as a whole. */
  function moved(box) {
    const [x, y] = middle(box), [X, Y] = place([x, y]);
    return box.map((side, i) => side + (i % 2 ? Y - y : X - x));
  }
  function draw(line) {
    const { edge, from, to } = line;
    let { points } = edge;
    if (to) points = cutAt(points, to.box);
    if (from) points = cutAt([...points].reverse(), from.box).reverse();
    points = betweenBlocks(from, to) ?? points.map(place);
    const [tipX, tipY] = place(edge.tip);
    let head = edge.headPoints.replace(PAIR, (_, x, y) => written([[tipX + +x - edge.tip[0], tipY + +y - edge.tip[1]]]));
    for (const [frame, isStart] of [[from, true], [to, false]]) {
      if (!frame) continue;
      if (isStart) points.reverse();
      points = besideBlock(points, frame.block.box, isStart);
      const { bend, end } = reaching(points, frame.block.box), arrow = edge.isBack === isStart ? arrowHead(bend[1], end) : null;
      if (arrow) head = written(arrow.points);
      points.push(...bend, arrow?.base ?? end);
      if (isStart) points.reverse();
    }
    line.drawn = points;
    edge.path.setAttribute("d", `M${written(points.slice(0, 1))}C${written(points.slice(1))}`);
    edge.head.setAttribute("points", head);
    edge.labels.forEach(t => move(t, [numberOf(t, "x"), numberOf(t, "y")]));
  }
  /** Where a line between blocks in a row begins, half-way between them: from there it goes straight to both. */
  function betweenBlocks(from, to) {
    if (!from || !to) return null;
    const [, a0, a, a1] = from.block.box, [b, b0, , b1] = to.block.box, [low, high] = [Math.max(a0, b0), Math.min(a1, b1)];
    return a < b && high - low > BESIDE ? Array(4).fill([(a + b) / 2, (low + high) / 2]) : null;
  }
  /** A line to a block, or from it if it is told reversed, without what lies above or below the block: it then comes to
   *  its left side, or from its right. */
  function besideBlock(points, [x0, , x1], isStart) {
    const beyond = isStart ? [-Infinity, -Infinity, x1 + BESIDE, Infinity] : [x0 - BESIDE, -Infinity, Infinity, Infinity];
    const isIn = ([x]) => isStart ? x < x1 + BESIDE : x > x0 - BESIDE;
    return isIn(points.at(-1)) && !isIn(points[0]) ? cutAt(points, beyond) : points;
  }
  function fold(names, isFolded) {
    const chosen = frames.filter(f => names.includes(f.name) && f.isFolded !== isFolded);
    chosen.forEach(f => { f.isFolded = isFolded; });
    if (chosen.length) layOut();
    return chosen.length > 0;
  }
  layOut();

  // The steps through a folded layer are one ---------------------------------------------------------------------------

  const frameOf = step => nodes.get(operations[step?.operation]?.pill)?.frame ?? null;
  function runOf(at) {
    const frame = frameOf(steps[at]), isIn = i => frame && steps[i]?.phase === steps[at].phase && frameOf(steps[i]) === frame;
    let first = at, last = at;
    while (isIn(first - 1)) first -= 1;
    while (isIn(last + 1)) last += 1;
    return { first, last, frame };
  }
  const users = values.map(() => []);
  operations.forEach((o, k) => o.inputs.forEach(v => users[v].push(k)));

  /** Values forward, gradients backward: those that go over the border of the layer, and those of its parameters. */
  function summary({ first, last, frame }) {
    const { phase } = steps[first], inside = new Set(steps.slice(first, last + 1).map(step => step.operation));
    const parts = [...inside].map(k => operations[k]), made = new Set(parts.flatMap(o => o.outputs));
    const isSeen = v => v === model.root || !users[v].every(k => inside.has(k));
    const count = parts.reduce((sum, o) => sum + o.count, 0), isAll = count === frame.operations;
    const title = `${nameOf(frame)}: ${isAll ? frame.size : `${count} of ${frame.size}`}`;
    const data = list => [...new Set(list)].map(value => ({ value, array: values[value].data }));
    if (phase === "forward") {
      const taken = parts.flatMap(o => o.inputs).filter(v => !made.has(v));
      return { phase, title, arrives: data(taken), sent: data([...made].filter(isSeen)) };
    }
    const sent = new Map();
    for (const { to, arrives } of parts.flatMap(o => o.rules)) {
      if (!made.has(to)) sent.set(to, sent.has(to) ? sum(sent.get(to), arrives) : arrives);
    }
    const arriving = parts.flatMap(o => o.arrives).filter(a => isSeen(a.value));
    return { phase, title, arrives: arriving, sent: [...sent].map(([value, array]) => ({ value, array })) };
  }
  function sum(a, b) {
    const array = new np.NDArray(a.shape, a.data.map((x, i) => x + b.data[i]));
    return Object.assign(array, { complex: a.complex, blocks: a.blocks });
  }

  return {
    frames, fold, runOf, summary,
    folded: () => frames.filter(f => f.isFolded).map(f => f.name),
    handle: f => f.isFolded ? f.block.g : f.button,
    onPress: listener => listeners.push(listener),
    get lines() { return lines; },
  };
})();
