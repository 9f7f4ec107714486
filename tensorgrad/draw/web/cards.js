// The cards of the picture: their numbers, bars, and the width of lines follow when the numbers of the model change.
//
// A card is a node of `picture` that has a value. Its numbers stand in lines of figures, below "data" and below "grad".

const cards = (() => {
  const { nodes, edges, pointsOf, numberOf } = picture, { values } = model, { clamp, boxAround } = geometry;
  const list = [...nodes.values()].filter(n => n.value !== undefined);
  const BAR = 48, BARS = ["#a3123f", "#ead9df"];  // the length of a bar with its ground, and their colours
  const SMALLEST = .5;  // that numbers are set, where they need more room than there is
  const GAP = 3.4;  // between columns
  const WIDTHS = { ".": .278, "-": .333, "−": .584, " ": .278, ",": .278, "…": 1 };  // of signs in Helvetica; digits have .556
  const widthOf = text => [...text].reduce((sum, c) => sum + 10 * (WIDTHS[c] ?? .556), 0);
  const isBroken = text => /nan|inf/.test(text);

  for (const n of list) {
    const lines = { data: [], grad: [] };
    let block = null;
    for (const t of n.g.querySelectorAll("text")) {
      const isSmall = t.getAttribute("font-size") === "9.00", word = t.textContent.trim(), y = numberOf(t, "y");
      if (isSmall && word in lines) {
        block = lines[word];
        n.left = numberOf(t, "x") + 21.5;  // where numbers begin
      }
      if (block === lines.grad) t.classList.add("gradient");
      if (isSmall || block === null) continue;
      if (!block.length || Math.abs(block.at(-1).y - y) > 3) block.push({ y, figures: [] });
      block.at(-1).figures.push({ t, x: numberOf(t, "x"), text: t.textContent, scale: 1 });
      t.classList.add("figure");
      t.classList.toggle("broken", isBroken(word));
    }
    const all = [...lines.data, ...lines.grad].map(line => line.figures), most = Math.max(0, ...all.map(figures => figures.length));
    const full = all.filter(figures => figures.length === most), end = ({ x, text }) => x + widthOf(text);
    const ends = Array.from({ length: most }, (_, j) => Math.max(...full.map(figures => end(figures[j]))));  // of columns
    const bar = [...n.g.querySelectorAll("polygon")].filter(p => BARS.includes(p.getAttribute("fill").toLowerCase()));
    bar.forEach((p, i) => p.classList.add("gradient", i ? "ground" : "strength"));
    Object.assign(n, { lines, ends, bar, right: n.box[2] - 6.3 });
    withMinus(n, all.flat(), full);
  }

  /** The hyphens in which Graphviz was told numbers become signs, which are wider: so all is set a bit smaller where it
   *  stands in columns, with the right ends where they were; and elsewhere if there is no room. */
  function withMinus({ right }, figures, rows) {
    const texts = figures.map(f => labels.withMinus(f.text));
    if (figures.every((f, i) => f.text === texts[i])) return;
    const widths = of => columnsOf(rows.map(row => row.map(of))), wide = widths(f => labels.withMinus(f.text)), isTable = wide.length > 1;
    const room = isTable ? widths(f => f.text).map((width, j) => width / wide[j]) : figures.map((f, i) => (right - f.x) / widthOf(texts[i]));
    figures.forEach((f, i) => {
      const scale = Math.min(1, ...room), x = isTable ? f.x + widthOf(f.text) - scale * widthOf(texts[i]) : f.x;
      Object.assign(f, { text: texts[i], x, scale });
      put(f.t, f.text, f.x, "start", f.scale);
    });
  }

  // Numbers ------------------------------------------------------------------------------------------------------------

  /** Numbers into the lines of a card: as they were drawn, or others. They stand in the columns of those that were drawn
   *  where they fit into them; otherwise columns are made for them in all the room that there is. */
  function write(n, lines, array) {
    if (!model.changed) return lines.flatMap(line => line.figures).forEach(({ t, x, text, scale }) => put(t, text, x, "start", scale));
    const tables = [labels.table(array), labels.statistics(array).map(line => [line])].map(rows => inLines(rows, lines.length));
    const rows = tables.find(rows => roomFor(columnsOf(rows)) * SMALLEST <= n.right - n.left) ?? [["…"]];
    const columns = columnsOf(rows), isOne = columns.length === 1;
    const { ends, start, scale } = asDrawn(n, lines, columns) ?? inAllTheRoom(n, columns);
    lines.forEach(({ figures }, i) => figures.forEach(({ t }, j) =>
      put(t, rows[i]?.[j] ?? "", isOne ? start : ends[j], isOne ? "start" : "end", scale)));
  }
  /** Rows in so many lines: the first of them and the last. */
  const inLines = (rows, n) => rows.length <= n ? rows : n === 1 ? rows.slice(0, 1) : [...rows.slice(0, n - 1), rows.at(-1)];
  /** The widths of columns. */
  function columnsOf(rows) {
    const longest = rows.reduce((a, b) => b.length > a.length ? b : a);
    return longest.map((_, j) => Math.max(...rows.map(row => widthOf(row[j] ?? ""))));
  }
  const roomFor = columns => columns.reduce((sum, width) => sum + width + GAP, -GAP);
  function asDrawn({ left, right, ends }, lines, columns) {
    const start = lines[0].figures[0].x, isWide = (width, j) => (ends[j - 1] ?? left - GAP) + GAP + width > ends[j];
    const fits = columns.length === 1 ? start + columns[0] <= right : !columns.some(isWide);
    return fits ? { ends, start, scale: 1 } : null;
  }
  function inAllTheRoom({ left, right }, columns) {
    const scale = clamp((right - left) / roomFor(columns), SMALLEST, 1);
    return { ends: columns.map((_, j) => right - scale * (roomFor(columns.slice(j + 1)) + GAP)), start: left, scale };
  }
  function put(t, text, x, anchor, scale) {
    t.textContent = text;
    t.classList.toggle("broken", isBroken(text));
    t.setAttribute("x", x);
    t.setAttribute("text-anchor", anchor);
    t.setAttribute("font-size", (10 * scale).toFixed(2));
  }

  // How strong gradients are ---------------------------------------------------------------------------------------------

  /** The root mean square; 0 where it isn't a number. */
  function magnitude(array) {
    const square = array ? array.data.reduce((sum, x) => sum + x * x, 0) / array.data.length : 0;
    return Number.isFinite(square) ? Math.sqrt(square) : 0;
  }
  function writeStrengths() {
    const sizes = new Map(list.map(n => [n, magnitude(values[n.value].grad)])), most = Math.max(...sizes.values());
    const strength = n => sizes.get(n) ? Math.max(0, 1 + Math.log10(sizes.get(n) / most) / 6) : 0;
    for (const n of list) if (n.bar.length) writeBar(n, strength(n));
    for (const e of edges) {
      const card = [e.from, e.to].map(n => n.card ?? n).find(n => n.value !== undefined);
      if (!card || e.isDashed) continue;
      e.width = strength(card) ? .8 + 3 * strength(card) : 1;
      for (const part of [e.path, e.head]) part.setAttribute("stroke-width", e.width.toFixed(2));
    }
  }
  function writeBar({ bar }, strength) {
    if (bar.length < 2) {  // the strongest had no ground
      bar.push(bar[0].cloneNode());
      bar[1].classList.replace("strength", "ground");
      bar[0].after(bar[1]);
    }
    const [x0, y0, , y1] = boxAround(pointsOf(bar[0])), split = x0 + (strength ? Math.max(Math.round(BAR * strength), 1) : 0);
    for (const [part, a, b] of [[bar[0], x0, split], [bar[1], split, x0 + BAR]]) {
      part.setAttribute("points", `${a},${y0} ${b},${y0} ${b},${y1} ${a},${y1}`);
    }
  }

  model.onChange(() => {
    for (const n of list) {
      const { data, grad } = values[n.value];
      if (n.lines.data.length) write(n, n.lines.data, data);
      if (n.lines.grad.length && grad) write(n, n.lines.grad, grad);
    }
    writeStrengths();
  });
  return list;
})();
