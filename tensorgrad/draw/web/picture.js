// What Graphviz drew: nodes, edges and frames, and where they lie. The numbers in cards, the bars and the width of lines follow
// when the numbers of the model change.
//
// picture.nodes    by name: {name, g, box, value, operation: their numbers, if it is a card or a pill, card: that of the
//                  data of which it is only the name, from: the step in which it appears, reached: that which completes its gradient}
// picture.edges    {g, from, to: nodes, path, head, points, tip, width, isDashed, isBack: whether its arrow points to `from`}
// picture.frames   of modules: {id, name, title, about, g, box, shape, texts, inside: nodes, around: frames, size: in words}
// picture.cards    the nodes that are cards
// picture.onPress(g, act): by click or key

const picture = (() => {
  const svg = document.querySelector("#graph svg");
  const { values, operations, steps } = model;
  const { clamp, contains, boxAround, distance } = geometry;

  const PAIR = /(-?[\d.]+),(-?[\d.]+)/g;
  const pointsOf = shape => [...(shape.getAttribute("d") ?? shape.getAttribute("points")).matchAll(PAIR)].map(pair => [+pair[1], +pair[2]]);
  function boxOf(g) {
    const points = [...g.querySelectorAll("path, polygon")].flatMap(pointsOf);
    for (const e of g.querySelectorAll("ellipse")) {
      const [x, y, rx, ry] = ["cx", "cy", "rx", "ry"].map(name => +e.getAttribute(name));
      points.push([x - rx, y - ry], [x + rx, y + ry]);
    }
    return boxAround(points);
  }
  const titleOf = g => g.querySelector("title").textContent;
  const numberOf = (element, name, otherwise = 1) => +(element.getAttribute(name) ?? otherwise);
  const valueOfCard = new Map(values.map((v, i) => [v.card, i])), pills = new Map(operations.map((o, k) => [o.pill, k]));
  const nodes = new Map(), XLINK = "http://www.w3.org/1999/xlink";
  for (const g of svg.querySelectorAll("g.node")) {
    const name = titleOf(g);
    nodes.set(name, { name, g, box: boxOf(g), value: valueOfCard.get(name), operation: pills.get(name), from: 0, reached: Infinity });
    if (g.classList.contains("reference")) {  // the name of data whose card is far away, which tells what it is and shows the card's tip
      const [, kind, data] = g.querySelector("a").getAttributeNS(XLINK, "title").match(/^(\S+) (.*)$/s);
      g.classList.add(kind);
      nodes.get(name).about = data;
    }
  }
  for (const n of nodes.values()) if (n.about) n.card = nodes.get(values.find(v => v.name === n.about)?.card);
  const edges = [...svg.querySelectorAll("g.edge")].map(g => {
    const [from, to] = titleOf(g).split("->").map(name => nodes.get(name)), [path, head] = ["path", "polygon"].map(name => g.querySelector(name));
    const points = pointsOf(path), tip = pointsOf(head)[1];
    return {
      g, from, to, path, head, points, tip, headPoints: head.getAttribute("points"), labels: [...g.querySelectorAll("text")],
      isBack: distance(points[0], tip) < distance(points.at(-1), tip),  // the arrow's head is at the start of the line
      width: numberOf(path, "stroke-width"), isDashed: path.hasAttribute("stroke-dasharray"),
    };
  });
  const frames = [...svg.querySelectorAll("g.cluster")].map(g => {
    const texts = [...g.querySelectorAll("text")], shape = g.querySelector("path, polygon"), id = titleOf(g), title = texts[0]?.textContent.trim() ?? id;
    const attribute = shape.hasAttribute("d") ? "d" : "points", box = boxOf(g);
    return { id, g, box, shape, attribute, asDrawn: shape.getAttribute(attribute), texts, title, about: texts[1]?.textContent.trim() ?? "",
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
    n.right = n.box[2] - 6.3;
    const all = [...lines.data, ...lines.grad].map(line => line.figures), most = Math.max(0, ...all.map(figures => figures.length));
    n.ends = Array.from({ length: most }, (_, j) => Math.max(...all.filter(figures => figures.length === most).map(figures => +figures[j].x + widthOf(figures[j].text))));
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
  }
  /** Numbers into the lines of a card: as they were drawn, or others. They stand in the columns of those that were drawn
   *  where they fit into them; otherwise columns are made for them in all the room that there is, and they are set smaller. */
  function write(n, lines, array) {
    if (!model.changed) return lines.flatMap(line => line.figures).forEach(({ t, x, text }) => put(t, text, x, "start", 1));
    const tables = [labels.table(array), labels.statistics(array).map(line => [line])].map(rows => inLines(rows, lines.length));
    const rows = tables.find(rows => roomFor(columnsOf(rows)) * SMALLEST <= n.right - n.left) ?? [["…"]], columns = columnsOf(rows);
    const { ends, start, scale } = asDrawn(n, lines, columns) ?? inAllTheRoom(n, columns), isOne = columns.length === 1;
    lines.forEach(({ figures }, i) => figures.forEach(({ t }, j) => put(t, rows[i]?.[j] ?? "", isOne ? start : ends[j], isOne ? "start" : "end", scale)));
  }
  const SMALLEST = .5, GAP = 3.4;  // between columns
  const columnsOf = rows => rows.reduce((a, b) => b.length > a.length ? b : a).map((_, j) => Math.max(...rows.map(row => widthOf(row[j] ?? ""))));
  const roomFor = columns => columns.reduce((sum, width) => sum + width + GAP, -GAP);
  function asDrawn(n, lines, columns) {
    const figures = lines[0].figures, start = +figures[0].x, { ends } = n;
    const fits = columns.length === 1 ? start + columns[0] <= n.right : columns.every((width, j) => (ends[j - 1] ?? n.left - GAP) + GAP + width <= ends[j]);
    return fits ? { ends, start, scale: 1 } : null;
  }
  function inAllTheRoom({ left, right }, columns) {
    const scale = clamp((right - left) / roomFor(columns), SMALLEST, 1);
    return { ends: columns.map((_, j) => right - scale * (roomFor(columns.slice(j + 1)) + GAP)), start: left, scale };
  }
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
      const card = [e.from, e.to].map(n => n.card ?? n).find(n => n.value !== undefined);
      if (!card || e.isDashed) continue;
      e.width = strength(card) ? .8 + 3 * strength(card) : 1;
      for (const part of [e.path, e.head]) part.setAttribute("stroke-width", e.width.toFixed(2));
    }
  }
  model.onChange(rewrite);
  function onPress(g, act) {
    g.addEventListener("click", act);
    g.addEventListener("keydown", event => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      act();
    });
  }
  return { svg, nodes, edges, frames, cards, PAIR, numberOf, onPress };
})();
