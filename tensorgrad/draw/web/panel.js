// The panel: what a step does, in words, formulas and numbers; with the tools to change numbers, to check, to predict.
//
// panel.show(at) shows the step, or the layer that is folded there; panel.toFormula() scrolls to it.

const panel = (() => {
  const root = document.getElementById("panel");
  const stepBox = element("div", { id: "step" });
  let at = 0;

  // Parts ------------------------------------------------------------------------------------------------------------

  const paragraph = (words, kind = "note") => element("p", { class: kind }, words);
  const shapeOf = array => element("small", {}, shapeText(array.shape));
  const isSingle = array => array.shape.length === 0;
  const list = names => names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  const nameOf = value => model.values[value].name;
  const gradientOf = value => model.values[value].gradient;

  /** A name with its numbers; a single number stands beside it. */
  function entry(name, array, kind = "", heading = "h4") {
    return element("div", { class: `entry ${isSingle(array) ? "single" : ""}` },
      element(heading, { class: kind }, name, " ", shapeOf(array)), heatmap.numbers([array], name));
  }

  // Formulas ---------------------------------------------------------------------------------------------------------

  /** The letters of a formula with their arrays, each once. */
  function lettersOf(told, html) {
    const inside = element("div", { html }), letters = new Map();
    for (const v of inside.querySelectorAll("var[data-of]")) letters.set(v.dataset.of, { letter: v.textContent, array: model.numbers(v.dataset.of, told) });
    return letters;
  }

  /** A formula with numbers in place of its letters, or null unless all of them, and the result, are single numbers.
   *  `defined` is the letter that it defines. */
  function withNumbers(told, html, result, defined = null) {
    const letters = lettersOf(told, html), inside = element("span", { html });
    const arrays = [result, ...[...letters.values()].map(l => l.array)];
    if (!letters.size || arrays.some(a => !a || a.complex || !isSingle(a))) return null;
    const digits = digitsFor(told, letters, result.data[0], / [−+] /.test(inside.textContent), defined);
    for (const v of inside.querySelectorAll("var[data-of]")) {
      const { array } = letters.get(v.dataset.of), number = array.bool ? heatmap.text(array) : formatDigits(array.data[0], digits);
      const isBase = v.nextSibling?.nodeName === "SUP", isAfterSign = /[−+]\s*$/.test(v.previousSibling?.textContent ?? "");
      const brackets = (isBase && /[−e]/.test(number)) || (isAfterSign && number.startsWith("−"));
      v.replaceWith(element("span", { class: "upright" }, brackets ? `(${number})` : number));
    }
    return inside;
  }

  /** With how many digits the numbers put in give the result: four, or more where terms cancel, or a power is high. It is
   *  computed with the numbers as they are shown; where the page can't, sums get as many digits more as are lost in them. */
  function digitsFor(told, letters, result, isSum, defined) {
    const numbers = [...letters].map(([of, { array }]) => [of, array.data[0]]);
    const shownWith = digits => Object.fromEntries(numbers.map(([of, x]) => [of, Number.isFinite(x) ? Number(formatDigits(x, digits).replace("−", "-")) : x]));
    const isGiven = digits => {
      const y = model.again(told, shownWith(digits), defined);
      return y && (Object.is(y.data[0], result) || Math.abs(y.data[0] - result) <= 2e-3 * Math.abs(result));
    };
    if (model.again(told, shownWith(17), defined)) return [4, 6, 9, 12, 17].find(isGiven) ?? 17;
    const lost = Math.max(...numbers.map(([, x]) => Math.abs(x))) / Math.abs(result);
    return isSum && lost > 2 && Number.isFinite(lost) ? Math.min(17, 4 + Math.ceil(Math.log10(lost))) : 4;
  }

  /** A formula after what leads to it, and below it the numbers put in. */
  function formulaOf(told, lead, result = null) {
    const numbers = result && withNumbers(told, told.formula, result), number = result && isSingle(result) ? heatmap.text(result) : null;
    const line = (...parts) => element("div", { class: "line" }, ...parts);
    return element("div", { class: "formula" },
      line(lead, element("span", { html: told.formula })),
      numbers ? line("= ", numbers, numbers.textContent === number ? null : [" = ", upright(number)]) : null);
  }
  /** Whether there are numbers below a formula, with what it gives. */
  const isPutIn = formula => formula?.childElementCount > 1;
  /** What the letters stand for that a formula defines, and the remarks to it. */
  const definitions = told => [told.where.map((w, i) => defined(told, w, i === 0)), told.notes.map(words => paragraph(words))];
  const upright = words => element("span", { class: "upright" }, words);
  function defined(told, { letter, formula, array }, isFirst) {
    const numbers = array && withNumbers(told, formula, array, letter);
    const value = array && isSingle(array) ? heatmap.text(array) : null, formulaBox = element("span", { html: formula });
    return element("div", { class: "where" },
      element("div", { class: "formula line" }, upright(isFirst ? "where " : "and "), element("var", {}, letter), " = ", formulaBox,
        numbers && numbers.textContent !== value ? [" = ", numbers] : null, value && formulaBox.textContent !== value ? [" = ", upright(value)] : null),
      array && !isSingle(array) ? heatmap.numbers([array], letter) : null);
  }

  /** The arrays behind the letters, to be unfolded. */
  const unfolded = new Map();
  function arraysOf(told, key, isOpen = false) {
    const letters = [...lettersOf(told, told.formula ?? "").entries()].filter(([of, { array }]) => of[0] !== "w" && array && !isSingle(array));
    if (!letters.length) return null;
    const inside = element("div", {});
    const fill = () => inside.replaceChildren(...letters.map(([of, { letter, array }]) => entry(letter, array, of[0] === "g" ? "backward" : "", "h5")));
    const details = element("details", {
      open: unfolded.get(key) ?? isOpen,
      toggle: () => { unfolded.set(key, details.open); if (details.open && !inside.childElementCount) fill(); },
    }, element("summary", {}, `The numbers of ${list(letters.map(([, { letter }]) => letter))}`), inside);
    if (details.open) fill();
    return details;
  }
  const source = (told, words) => !told.source ? null : [paragraph(words), element("pre", { class: "source" }, told.source)];
  const sourceOfRule = rule => source(rule, rule.own ? "Your rule, in Python:" : "The rule's source, in Python:");

  // A step forward ---------------------------------------------------------------------------------------------------

  function forward(operation) {
    const { computes, inputs, outputs } = operation, [first] = outputs;
    const result = outputs.length === 1 ? model.values[first].data : null;
    const formula = computes?.formula ? formulaOf(computes, `${list(outputs.map(nameOf))} = `, result) : null;
    return [
      element("h3", { class: "heading" }, "What comes in"), inputs.map(v => entry(nameOf(v), model.values[v].data)),
      element("h3", { class: "heading" }, "What goes out"),
      element("div", { class: "rule" },
        result ? element("h4", {}, nameOf(first), " ", shapeOf(result)) : null,
        formula ?? (computes ? source(computes, "Its source, in Python:") : null),
        result ? (isPutIn(formula) ? null : heatmap.numbers([result], nameOf(first))) : outputs.map(v => entry(nameOf(v), model.values[v].data)),
        computes ? definitions(computes) : null),
    ];
  }

  /** In the place of a gradient that hasn't been said yet: where it is asked for, and a button that shows it. */
  function secret(value, before = null) {
    const show = () => { predict.reveal(value, before); shown(); say(`${gradientOf(value)} is shown.`); document.getElementById("side")?.focus(); };
    return element("div", { class: "entry secret" },
      paragraph(`${gradientOf(value)} hasn't been predicted yet${before === null ? "" : ", as far as it was there before"}: it is asked for in a step before.`),
      element("button", { class: "quiet", "aria-label": `Show ${gradientOf(value)}`, click: show }, "Show me"));
  }

  // A step back ------------------------------------------------------------------------------------------------------

  function backward(operation, k) {
    return [
      operation.arrives.length ? element("h3", { class: "heading" }, "What arrives") : null,
      operation.arrives.map(a => predict.isSecret(a.value) ? secret(a.value) : entry(gradientOf(a.value), a.array, "backward")),
      element("h3", { class: "heading" }, operation.rules.length === 1 ? "What the rule sends on" : "What the rules send on"),
      operation.rules.map((rule, i) => card(rule, k, i)),
      model.complex ? paragraph("Complex gradients are shown as .grad has them: conjugated.") : null,
    ];
  }

  function card(rule, k, i) {
    const { to, total } = rule, isAsked = predict.isHidden(k, i);
    // What was there already is the answer to a question before
    const missing = predict.missing(k, i), isBelow = model.operations[k].rules.some((r, j) => j < i && r.to === to && predict.isHidden(k, j));
    const waits = isBelow || missing.length > 0, whyNot = predict.on ? predict.whyNot(rule) : "";
    const part = rule.before !== null ? "one more part" : rule.more ? "a first part" : "";
    const shape = isAsked || waits ? null : shapeOf(total), title = element("div", { class: "head" },
      element("h4", { class: "backward", "aria-label": [gradientOf(to), shape && shapeText(total.shape), part].filter(Boolean).join(", ") },
        gradientOf(to), " ", shape, part ? element("small", { class: "part" }, part) : null),
      isAsked || waits || rule.more ? null : checkButton(to));
    const told = predict.answerTo(k, i), formula = result => formulaOf(rule, leadOf(rule), result);
    const body = missing.includes(to) ? secret(to, k) : missing.length ? paragraph("What arrives comes first: predict it in the step before, or let it be shown.")
      : waits ? paragraph("Answer the question above first.")
      : isAsked ? [predict.question(k, i, () => [rule.formula ? formula(null) : null, sourceOfRule(rule), definitions(rule)], asAsked), arraysOf(rule, `${k} ${i}`, true)]
        : [whyNot ? paragraph(whyNot) : null, predict.on && told.done && told.said ? paragraph(told.said, "feedback right") : null, sent(rule, `${k} ${i}`, formula)];
    return element("div", { class: "rule", "data-rule": i }, title, body);
  }

  /** The gradient is what the rule gives only where nothing is summed and no paths meet. */
  const isAll = rule => rule.before === null && !rule.more && !rule.summed && !rule.real;
  const leadOf = rule => isAll(rule) ? `${gradientOf(rule.to)} = ` : element("span", { class: "upright" }, "The rule gives ");

  function sent(rule, key, formula) {
    const { gives, summed, real, arrives, to } = rule;
    const written = rule.formula ? formula(gives) : null;
    return [
      written, sourceOfRule(rule),
      gives && !isPutIn(written) ? [summed || real ? paragraph(["Of the shape ", shapeText(gives.shape), ":"]) : null, heatmap.numbers([gives], isAll(rule) ? gradientOf(to) : "what the rule gives")] : null,
      definitions(rule), arraysOf(rule, key),
      summed || real ? element("div", { class: "summed" }, paragraph(undone(rule)), heatmap.numbers([arrives], "what arrives")) : null,
      gives ? null : heatmap.numbers([arrives], isAll(rule) ? gradientOf(to) : "what arrives"),
      rule.before ? sum(rule) : null,
      rule.more ? paragraph(`More comes to ${nameOf(to)} along another path.`) : checked === to ? element("div", { class: "check" }, checkText(to)) : null,
    ];
  }
  /** What is done to what a rule gives before it arrives, in words: broadcasting undone, the real part taken. */
  function undone({ summed, real, arrives, to }) {
    const isReal = real ? `It is complex, and ${nameOf(to)} is real: ` : "", part = real ? "its real part" : "", arrival = `Of the shape ${shapeText(arrives.shape)} arrives:`;
    if (!summed) return `${isReal}${part} arrives:`;
    const isSummed = summed.length ? `Broadcasting had repeated ${nameOf(to)}, so this is summed over ${predict.axesText(summed)}.` : `${nameOf(to)} has another shape.`;
    return `${isSummed} ${real ? `${isReal}${part} arrives, of the shape ${shapeText(arrives.shape)}:` : arrival}`;
  }

  /** Where paths meet: the two parts and their sum, in one notation. */
  function sum({ before, arrives, total, to, more }) {
    const intro = paragraph(`Paths meet at ${nameOf(to)}, so their parts are added: what was there, and what arrives${more ? ", so far" : ""}.`);
    if (isSingle(total) && !total.complex) {
      const [a, b, c] = formatSum([before, arrives, total].map(array => array.data[0]));
      return [intro, element("div", { class: "formula" }, element("div", { class: "line total" },
        more ? upright("So far ") : `${gradientOf(to)} = `, upright(`${a} + ${b.startsWith("−") ? `(${b})` : b} = ${c}`)))];
    }
    const [a, b, c] = heatmap.numbers([before, arrives, total], "what was there", "what arrives", more ? "the sum so far" : gradientOf(to));
    const row = (sign, words, numbers, kind = "") => element("div", { class: `term ${kind}` }, element("b", { "aria-hidden": "true" }, sign), element("div", {}, paragraph(words), numbers));
    return [intro, element("div", { class: "sum" }, row("", "there was already", a), row("+", "arrives", b), row("=", more ? "so far" : "the sum", c, "total"))];
  }

  /** The step that starts the walk back. */
  function start() {
    const { name, grad, shape } = model.values[model.root];
    return [
      element("div", { class: "rule" }, paragraph(shape.length
        ? `The walk back starts with 1 for each number of ${name}: what follows are gradients of their sum.`
        : `A change of ${name} changes ${name} by just as much: the walk back starts with 1.`, "")),
      entry(gradientOf(model.root), np.ones_like(grad ?? model.values[model.root].data), "backward"),
    ];
  }

  // The check by finite differences ----------------------------------------------------------------------------------

  const QUICK = 12; // numbers that are checked anew at each change
  let checked = null; // the value whose check is shown
  function checkButton(value) {
    return element("button", {
      class: "quiet", "aria-label": `Check ${gradientOf(value)} by finite differences`, "aria-expanded": String(checked === value), "data-check": value,
      click: () => { checked = checked === value ? null : value; shown(); root.querySelector(`[data-check="${value}"]`)?.focus(); },
    }, "Check");
  }
  const exact = x => !Number.isFinite(x) || Math.abs(x) < 1e-3 || Math.abs(x) > 1e6 ? formatNumber(x) : String(Number(x.toPrecision(9))).replace("-", "−");
  function checkText(value) {
    const found = model.check(value), { name, gradient, data } = model.values[value];
    if (!found?.numeric.data.length) return paragraph("There is no finite difference to compare with.");
    const { numeric, gradient: given, distance, along } = found, L = (model.values[model.root].shape.length ? "Σ" : "") + nameOf(model.root);
    const width = numeric.complex ? 2 : 1, count = numeric.data.length / width, isMany = count > 1, isSlope = count < sizeOf(data);
    const part = (array, i) => [...array.data.slice(width * i, width * i + width)], off = i => Math.hypot(...part(numeric, i).map((x, k) => x - part(given, i)[k]));
    const words = (array, i) => numeric.complex ? heatmap.text({ shape: [], data: Float64Array.from(part(array, i)), complex: true }) : exact(array.data[i]);
    const far = i => Number.isFinite(off(i)) ? off(i) : Number.MAX_VALUE; // these first
    const furthest = [...Array(count).keys()].sort((i, j) => far(j) - far(i)).slice(0, 3);
    const quotient = isSlope ? `The difference of ${L}, for ${name} moved ${along},` : `(${L}(${name} + h) − ${L}(${name} − h)) / 2h`;
    const isFar = !(distance <= 1e-4 * Math.max(1, ...given.data.map(Math.abs)));
    const isNumber = array => array.data.every(Number.isFinite), noNumber = "isn't a finite number";
    const broken = !isNumber(model.values[model.root].data) ? `${L} ${noNumber}, so there is no difference to compare with.`
      : !isNumber(model.values[value].grad) ? `The gradient ${noNumber}${isMany ? " everywhere" : ""}.` : !isNumber(numeric) ? `${L} ${noNumber} a step away${isMany ? ", in some directions" : ""}.` : "";
    const verdict = broken ? broken : !isFar ? "They agree." : along && !isSlope ? `They differ, since ${along}.` : "They differ: so they do beside a kink or a jump, and where numbers are very large.";
    if (!isMany) return paragraph(`${quotient} = ${words(numeric, 0)}, the gradient${isSlope ? " along it" : ""} ${words(given, 0)}: the distance is ${formatNumber(off(0))}. ${verdict}`);
    const row = i => element("tr", {}, element("th", { scope: "row" }, `[${indexOf(i, numeric.shape).join(", ")}]`),
      [words(numeric, i), words(given, i), formatNumber(off(i))].map(text => element("td", {}, text)));
    return [
      paragraph(`${quotient}, beside ${gradient}, where the two are furthest apart:`),
      element("table", {}, element("tr", {}, element("td"), ["difference", "gradient", "distance"].map(text => element("th", { scope: "col" }, text))), furthest.map(row)),
      paragraph(verdict),
    ];
  }

  // All of it --------------------------------------------------------------------------------------------------------

  const head = (phase, title, owner = null) => [
    element("p", { class: `phase ${phase}` }, phase === "forward" ? "Forward: values" : "Backward: gradients"),
    element("h2", {}, title, " ", owner),
  ];
  function stepOf() {
    const step = model.steps[at], operation = model.operations[step.operation], isForward = step.phase === "forward";
    const owner = operation?.owner ? element("small", { class: "owner" }, `in ${operation.owner}`) : null;
    return [
      head(step.phase, step.title, owner),
      isForward ? forward(operation) : operation ? backward(operation, step.operation) : start(),
    ];
  }
  /** A folded layer: what goes in and out of it. */
  function layerOf({ phase, title, arrives, sent }, { first, last, frame }) {
    const isForward = phase === "forward", inside = model.steps.slice(first, last + 1).map(step => step.operation);
    const entries = of => of.map(({ value, array }) => entry((isForward ? nameOf : gradientOf)(value), array, isForward ? "" : "backward"));
    if (!isForward && sent.some(({ value }) => predict.isSecretIn(value, inside))) {
      const unfold = element("button", { class: "main", click: () => { graph.turn(frame); document.getElementById("side")?.focus(); } }, "Unfold the layer");
      return [head(phase, title), paragraph(`The gradients of this layer haven't been predicted yet: ${list(sent.map(({ value }) => gradientOf(value)))}. Unfold it to predict them.`), unfold];
    }
    const arriving = isForward ? entries(arrives) : arrives.map(a => predict.isSecret(a.value) ? secret(a.value) : entries([a]));
    return [
      head(phase, title),
      element("h3", { class: "heading" }, isForward ? "What comes in" : "What arrives"), arriving,
      element("h3", { class: "heading" }, isForward ? "What goes out" : "What the layer sends on"), entries(sent),
    ];
  }
  function shown() {
    const run = graph.runOf(at);
    graph.hide(predict.hiddenValues());
    stepBox.replaceChildren(...[run.frame ? layerOf(graph.summary(run), run) : stepOf()].flat(Infinity).filter(Boolean));
    tools();
  }
  /** After an answer: the focus goes to the next field of this rule, else to what is asked next, else to the way on. */
  function asAsked(k, i) {
    const pressed = document.activeElement.textContent;
    shown();
    const told = predict.answerTo(k, i), here = root.querySelector(`[data-rule="${i}"]`);
    const same = [...here.querySelectorAll(".choices button")].find(button => button.textContent === pressed);
    const next = same ?? here.querySelector(".question input, .question .choices button") ?? root.querySelector(".question input, .question .choices button") ?? document.getElementById("next");
    next?.focus();
    next?.select?.();
    say(told.said || heatmap.text(model.operations[k].rules[i].total));
  }
  const say = words => { const status = document.getElementById("said"); if (status) status.textContent = words; };

  // The tools above the step
  const predicting = element("button", { id: "predict", "aria-pressed": "false", title: "Hide each gradient until you have said it (p)", click: () => turn() }, "Predict");
  const change = element("button", { id: "change", "aria-expanded": "false", "aria-controls": "editor", click: () => { if (editor.isOpen) editor.close(); else editor.open(); tools(); if (editor.isOpen) { editor.focus(); toFormula(); } } }, "Change numbers");
  const score = element("span", { id: "score" });
  const changed = element("p", { id: "changed", hidden: true }, element("span", {}, "Changed. Masks, indices and the branches of an if stay as your program chose them."),
    element("button", { class: "quiet", id: "reset", click: () => { model.reset(); change.focus(); } }, "Reset"));
  root.replaceChildren(element("div", { id: "tools" }, predicting, change, score), changed, editor.root, stepBox);
  function tools() {
    predicting.setAttribute("aria-pressed", predict.on);
    change.setAttribute("aria-expanded", editor.isOpen);
    score.textContent = predict.on ? predict.score() : "";
    if (changed.hidden === model.changed) say(model.changed ? "The numbers aren't those of your program any more." : "The numbers are those of your program.");
    changed.hidden = !model.changed;
    document.body.classList.toggle("changed", model.changed);
  }
  function turn() {
    predict.on = !predict.on;
    shown();
    say(predict.on ? "Predict: gradients are hidden until you have said them." : "Gradients are shown.");
  }

  /** Show a step; the focus stays in the panel where it was there. */
  function show(to) {
    const hadFocus = stepBox.contains(document.activeElement), isNew = to !== at;
    at = to;
    if (isNew) checked = null;
    shown();
    if (hadFocus) document.getElementById("side")?.focus();
  }

  /** Scroll to the top of the step; while the editor is open, as far as the first formula is seen below it. */
  function toFormula() {
    const side = document.getElementById("side"), formula = editor.isOpen && stepBox.querySelector(".formula");
    side.scrollTop = 0;
    if (formula) side.scrollTop = Math.max(0, formula.getBoundingClientRect().bottom + 12 - side.getBoundingClientRect().bottom);
  }

  model.onChange(() => {
    predict.forget();
    if (checked !== null && sizeOf(model.values[checked].data) > QUICK) checked = null;
    shown();
    editor.follow();
  });
  graph.onPick(value => { editor.open(value); tools(); editor.focus(); toFormula(); });
  // What is typed in the panel is for the panel
  root.addEventListener("keydown", event => { if (event.target.matches("input, select, summary") && event.key !== "Escape") event.stopPropagation(); });
  addEventListener("keydown", event => {
    if (event.key === "p" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.matches?.("input, select, textarea")) turn();
  });
  return { show, tools, toFormula, formulaOf };
})();
