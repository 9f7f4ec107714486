// Predict, then reveal: in this mode a gradient that a rule sends is hidden until one has said it.
//
// Asked for is the gradient as it is after the step, of an array one number of it. What is told about a wrong answer was
// found among the numbers: it is true, whatever the thought was that led there.

const predict = (() => {
  const given = new Map(); // answers, by operation and rule
  const keyOf = (k, i) => `${k} ${i}`;
  const answerTo = (k, i) => given.get(keyOf(k, i)) ?? { tries: 0, done: false, shape: null, said: "", typed: "", hint: false };
  const change = (k, i, what) => given.set(keyOf(k, i), { ...answerTo(k, i), ...what });

  // What is asked ----------------------------------------------------------------------------------------------------

  /** Whether a rule's gradient can be asked for: there is a rule, and what it sends is finite and real. */
  function canAsk(rule) {
    const { gives, total } = rule;
    return gives !== null && !total.complex && !total.blocks && total.data.length > 0 && total.data.every(Number.isFinite);
  }
  /** Why it can't be asked for, in words. */
  function whyNot({ gives, total }) {
    const why = total.complex ? "it is complex" : total.blocks ? "it is too large" : !total.data.length ? "it is empty"
      : !total.data.every(Number.isFinite) ? "it has numbers that are nan or inf" : gives === null ? "it comes from several operations" : "";
    return why && `There is no question to this gradient: ${why}.`;
  }
  const isHidden = (k, i) => mode.on && canAsk(model.operations[k].rules[i]) && !answerTo(k, i).done;

  // What is sent to each value, [operation, rule], in the order of the walk back
  const sentTo = model.values.map(() => []);
  for (const { phase, operation: k } of model.steps) {
    if (phase === "backward" && k !== null) model.operations[k].rules.forEach((rule, i) => sentTo[rule.to].push([k, i]));
  }
  const hiddenParts = value => sentTo[value].filter(([k, i]) => isHidden(k, i));
  /** The values whose gradients haven't been said, nor shown; */
  const hiddenValues = () => mode.on ? [...model.values.keys()].filter(isSecret) : [];
  const isSecret = value => hiddenParts(value).length > 0;
  /** whether what these operations send to one is among what is hidden; */
  const isSecretIn = (value, operations) => hiddenParts(value).some(([k]) => operations.includes(k));
  /** and those that one must know before a rule: what arrives at its operation, and the parts before at its value. */
  function missing(k, i) {
    const { to } = model.operations[k].rules[i], parts = sentTo[to], here = parts.findIndex(([l, j]) => l === k && j === i);
    const isBefore = parts.slice(0, here).some(([l, j]) => l !== k && isHidden(l, j));
    return [...model.operations[k].arrives.map(a => a.value).filter(isSecret), ...(isBefore ? [to] : [])];
  }
  /** Show what was sent to a value before an operation, unasked. */
  function reveal(value, before = null) {
    for (const [k, i] of hiddenParts(value)) {
      if (k === before) return;
      change(k, i, { done: true, isSkipped: true, said: "" });
    }
  }

  /** The number that is asked for: the largest one. */
  const askedOf = ({ data }) => data.reduce((most, x, i) => Math.abs(x) > Math.abs(data[most]) ? i : most, 0);

  /** Shapes that one might think of; the right one is among them. */
  function shapesFor(rule, operation) {
    const right = rule.total.shape;
    const others = [rule.gives.shape, ...operation.arrives.map(a => a.array.shape), ...operation.inputs.map(v => model.values[v].shape), [...right].reverse(), []];
    return [...new Set([right, ...others].map(shapeText))].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  }

  // What was wrong ---------------------------------------------------------------------------------------------------

  /** Whether x is y, as far as four digits tell. */
  const isNear = (x, y, size = 0) => Math.abs(x - y) <= Math.max(1e-3 * Math.abs(y), 1e-9 * size);
  const sizeIn = array => array.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

  /** Which numbers of an array of this shape are summed into the i-th of one of another, where broadcasting is undone. */
  function summedInto(i, shape, from) {
    const index = indexOf(i, shape), extra = from.length - shape.length;
    const size = from.reduce((a, b) => a * b, 1);
    return Array.from({ length: size }, (_, j) => j).filter(j =>
      indexOf(j, from).slice(extra).every((n, axis) => n === index[axis] || shape[axis] === 1));
  }
  const axesText = axes => axes.length === 1 ? `axis ${axes[0]}` : `axes ${axes.slice(0, -1).join(", ")} and ${axes.at(-1)}`;

  /** What a wrong number is, in words; null if it is none that one knows. x stands for the i-th number of the gradient. */
  function diagnose(operation, rule, i, x) {
    const right = rule.total.data[i], part = rule.arrives.data[i], before = rule.before?.data[i] ?? null;
    const is = y => isNear(x, y, sizeIn(rule.total)), takes = y => is(y) || (before !== null && is(before + y));
    const { name: to, gradient } = model.values[rule.to];
    if (is(-right)) return "The size is right, the sign is wrong.";
    if (before !== null) {
      if (is(part)) return `This is what comes along this path. There was already ${formatNumber(before)}: the two are added.`;
      if (is(before)) return "This is what was there before this step. What comes along this path is added to it.";
      if (is(before - part)) return "What comes along this path has the wrong sign, or was subtracted where it should be added.";
    }
    const [arriving] = operation.arrives, isOneNumber = operation.arrives.length === 1 && arriving.array.data.length === 1;
    if (isOneNumber && takes(part / arriving.array.data[0])) {
      return `This takes the local derivative alone. Multiply it by what arrives, ${model.values[arriving.value].gradient} = ${formatNumber(arriving.array.data[0])}.`;
    }
    if (rule.summed?.length && !rule.gives.complex) {
      const places = summedInto(i, rule.total.shape, rule.gives.shape);
      if (places.some(j => takes(rule.gives.data[j]))) {
        return `This takes one of the ${places.length} numbers that the rule gives here: they are summed over ${axesText(rule.summed)}, as broadcasting had repeated ${to} there.`;
      }
    }
    const other = operation.rules.find(r => r.to !== rule.to && canAsk(r) && [i, 0].some(j => sizeOf(r.arrives) === (j ? sizeOf(rule.arrives) : 1) && takes(r.arrives.data[j])));
    if (other) return `This takes what goes to ${model.values[other.to].name}, the other operand.`;
    if (is(1 / right)) return "This is 1 divided by the right number.";
    if (takes(1 / part)) return "This takes 1 divided by what comes along this path.";
    const ofAll = factor(x, right);
    if (ofAll) return `This is ${ofAll.words} ${gradient}.${countText(operation, rule, ofAll.n)}`;
    const ofPart = before === null ? null : factor(x - before, part);
    return ofPart && `This takes ${ofPart.words} what comes along this path.${countText(operation, rule, ofPart.n)}`;
  }
  /** x as a multiple or a fraction of y, in words, and the whole number in it; null if it is neither. */
  function factor(x, y) {
    const ratio = Math.abs(x) > Math.abs(y) ? x / y : y / x, n = Math.round(ratio), isMore = Math.abs(x) > Math.abs(y);
    if (x === 0 || y === 0 || n < 2 || n > 1e6 || !isNear(ratio, n)) return null;
    return { n, words: n === 2 ? (isMore ? "twice" : "half of") : isMore ? `${n} times` : `1/${n} of` };
  }
  /** Where n is how many numbers go into one, that they do. */
  function countText({ outputs, label }, { to, total }, n) {
    if (outputs.length !== 1 || sizeOf(total) !== n * sizeOf(model.values[outputs[0]].data)) return "";
    return ` ${n} numbers of ${model.values[to].name} go into each of ${model.values[outputs[0]].name}${/mean/.test(label) ? ": their mean divides by that" : ""}.`;
  }

  function answer(k, i, typed) {
    const operation = model.operations[k], rule = operation.rules[i], x = labels.read(typed), place = askedOf(rule.total);
    if (Number.isNaN(x)) return change(k, i, { typed, said: "That is no number." });
    if (!Number.isFinite(x)) return change(k, i, { typed, said: "That is too large." });
    if (isNear(x, rule.total.data[place], sizeIn(rule.total))) {
      return change(k, i, { typed, tries: answerTo(k, i).tries + 1, done: true, isRight: true, said: "Right." });
    }
    const isRough = Math.abs(x - rule.total.data[place]) <= .05 * Math.abs(rule.total.data[place]);
    const said = diagnose(operation, rule, place, x) ?? (isRough ? "Near: give four digits." : "Not yet. Put the numbers into the formula.");
    change(k, i, { typed, tries: answerTo(k, i).tries + 1, hint: true, said });
  }
  function answerShape(k, i, shape) {
    const rule = model.operations[k].rules[i];
    if (shape === shapeText(rule.total.shape)) return change(k, i, { shape, said: "Yes: a gradient has the shape of its value." });
    const wasSummed = rule.summed?.length && shape === shapeText(rule.gives.shape);
    change(k, i, { tries: answerTo(k, i).tries + 1, said: wasSummed ? `No: the rule gives this shape, but it is summed over ${axesText(rule.summed)}.` : "No: a gradient has the shape of its value." });
  }

  function score() {
    const done = [...given.values()].filter(a => a.done && !a.isSkipped);
    return done.length ? `${done.filter(a => a.isRight && a.tries === 1 && !a.hinted).length} of ${done.length} at the first try` : "";
  }

  // What is shown instead of the gradient ----------------------------------------------------------------------------

  /** The question for a rule; hintOf() gives its formula. `again` shows the step anew, with the focus in this rule. */
  function question(k, i, hintOf, again) {
    const operation = model.operations[k], rule = operation.rules[i], told = answerTo(k, i);
    const { name: to, shape, gradient } = model.values[rule.to];
    const shapes = shapesFor(rule, operation), asksShape = told.shape === null && shapes.length > 1 && rule.total.data.length > 1;
    const act = f => event => { event.preventDefault(); f(event); again(k, i); };
    const asked = gradient.slice(0, gradient.length - to.length) + nameOfElement(to, askedOf(rule.total), shape);
    const feedback = told.said ? element("p", { class: "feedback" }, told.said) : null;
    const showMe = element("button", { type: "button", click: act(() => change(k, i, { done: true, said: "" })) }, "Show me");
    const hint = told.hint ? null
      : element("button", { type: "button", click: act(() => change(k, i, { hint: true, hinted: true })) }, "Hint");
    if (asksShape) {
      return element("form", { class: "question", submit: act(() => {}) },
        element("fieldset", {}, element("legend", {}, `Which shape has what arrives at ${to}?`),
          element("div", { class: "choices" }, shapes.map(s => element("button", { type: "button", click: act(() => answerShape(k, i, s)) }, s)))),
        feedback, element("div", { class: "actions" }, showMe));
    }
    const input = element("input", { type: "text", inputmode: "text", autocomplete: "off", size: 9, value: told.typed, "aria-label": `Your ${asked}` });
    return element("form", { class: "question", submit: act(() => answer(k, i, input.value)) },
      element("label", {}, `What is ${asked} after this step?`, input),
      rule.before === null ? null : element("p", { class: "note" }, `There was already ${formatNumber(rule.before.data[askedOf(rule.total)])}.`),
      feedback, element("div", { class: "actions" }, element("button", { class: "main" }, "Answer"), hint, showMe),
      told.hint ? hintOf() : null);
  }

  const mode = { on: false };
  return {
    get on() { return mode.on; },
    set on(yes) { mode.on = yes; },
    isHidden, hiddenValues, isSecret, isSecretIn, missing, reveal, whyNot, question, answerTo, diagnose, score, axesText,
    forget: () => given.clear(),
  };
})();
