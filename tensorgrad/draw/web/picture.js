// What Graphviz drew: nodes, edges and frames, and where they lie.
//
// picture.nodes   by name: {name, g, box, value: its number, of a card, operation: of a pill, card: of a mere name the card
//                 that it stands for, from: the step in which it appears, reached: that which completes its gradient}
// picture.edges   {g, from, to: nodes, path, head, points, tip, labels, width, isDashed, isBack: it points to `from`}
// picture.frames  of modules: {id, name, title, about, g, box, shape, texts, inside: nodes, around: frames, operations: how
//                 many, size: that in words, isFolded}
// picture.onPress(g, act)  calls it on a click or a key, as a button does

const picture = (() => {
  const svg = document.querySelector("#graph svg"), XLINK = "http://www.w3.org/1999/xlink";
  const { values, operations, steps } = model, { contains, boxAround, distance } = geometry;

  // Shapes
  const PAIR = /(-?[\d.]+),(-?[\d.]+)/g;
  const numberOf = (shape, name, otherwise = 1) => +(shape.getAttribute(name) ?? otherwise);
  function pointsOf(shape) {
    const written = shape.getAttribute("d") ?? shape.getAttribute("points");
    return [...written.matchAll(PAIR)].map(pair => [+pair[1], +pair[2]]);
  }
  function boxOf(g) {
    const points = [...g.querySelectorAll("path, polygon")].flatMap(pointsOf);
    for (const e of g.querySelectorAll("ellipse")) {
      const [x, y, rx, ry] = ["cx", "cy", "rx", "ry"].map(name => numberOf(e, name));
      points.push([x - rx, y - ry], [x + rx, y + ry]);
    }
    return boxAround(points);
  }
  const titleOf = g => g.querySelector("title").textContent;
  const textOf = t => t?.textContent.trim() ?? "";

  const valueOf = new Map(values.map((v, i) => [v.card, i])), operationOf = new Map(operations.map((o, k) => [o.pill, k]));
  const nodes = new Map([...svg.querySelectorAll("g.node")].map(g => {
    const name = titleOf(g);
    return [name, { name, g, box: boxOf(g), value: valueOf.get(name), operation: operationOf.get(name), from: 0, reached: Infinity }];
  }));
  // Names of data whose cards are far away: Graphviz was told what they are as what to show when one points at them
  for (const n of nodes.values()) {
    if (!n.g.classList.contains("reference")) continue;
    const [, kind, name] = n.g.querySelector("a").getAttributeNS(XLINK, "title").match(/^(\S+) (.*)$/s);
    n.g.classList.add(kind);
    n.card = nodes.get(values.find(v => v.name === name)?.card);
  }
  const edges = [...svg.querySelectorAll("g.edge")].map(g => {
    const [from, to] = titleOf(g).split("->").map(name => nodes.get(name));
    const path = g.querySelector("path"), head = g.querySelector("polygon"), points = pointsOf(path), tip = pointsOf(head)[1];
    return {
      g, from, to, path, head, points, tip, headPoints: head.getAttribute("points"), labels: [...g.querySelectorAll("text")],
      isBack: distance(points[0], tip) < distance(points.at(-1), tip),
      width: numberOf(path, "stroke-width"), isDashed: path.hasAttribute("stroke-dasharray"),
    };
  });
  const frames = [...svg.querySelectorAll("g.cluster")].map(g => {
    const id = titleOf(g), texts = [...g.querySelectorAll("text")], [title, about] = texts.map(textOf), box = boxOf(g);
    const shape = g.querySelector("path, polygon"), attribute = shape.hasAttribute("d") ? "d" : "points";
    const inside = [...nodes.values()].filter(n => contains(box, n.box));
    const count = inside.reduce((sum, n) => sum + (operations[n.operation]?.count ?? 0), 0);
    return {
      id, name: model.frames[id], title, about: about ?? "", g, box, texts, shape, attribute, asDrawn: shape.getAttribute(attribute),
      inside, operations: count, size: `${count.toLocaleString("en")} operation${count === 1 ? "" : "s"}`, isFolded: false,
    };
  });
  for (const f of frames) f.around = frames.filter(other => other !== f && contains(other.box, f.box));
  // What a browser would show as tips of its own
  svg.querySelectorAll("title").forEach(title => title.remove());
  svg.querySelectorAll("a").forEach(a => a.removeAttributeNS(XLINK, "title"));

  // Which step each node appears in, and which completes its gradient
  const cardOf = value => nodes.get(values[value].card);
  steps.forEach(({ phase, operation }, i) => {
    const { pill, outputs, rules } = operations[operation] ?? {};
    if (phase === "forward") for (const n of [nodes.get(pill), ...outputs.map(cardOf)]) if (n) n.from = i;
    if (phase === "forward") return;
    const complete = operation === null ? [model.root] : rules.filter(rule => !rule.more).map(rule => rule.to);
    for (const n of complete.map(cardOf)) if (n) n.reached = Math.min(n.reached, i);
  });

  function onPress(g, act) {
    g.addEventListener("click", act);
    g.addEventListener("keydown", event => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      act();
    });
  }
  return { svg, nodes, edges, frames, PAIR, pointsOf, numberOf, onPress };
})();
