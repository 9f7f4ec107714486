// What the page speaks of: values, operations and their arrays; and the two passes, computed anew when a number changes.
//
// model.values: of each Tensor or array {name, gradient (its name), card, leaf, shape, dtype, data, grad, check}.
// model.operations: of each operation {label, count, pill, owner, inputs, outputs, computes, arrives, rules}; inputs and
// outputs are numbers of values, `arrives` are {value, array}, and each rule is {to, formula, where, notes, source, own,
// gives, summed, real, arrives, before, total, more}. model.steps: {phase, title, operation}.
const model = (() => {
  const told = JSON.parse(document.getElementById("data").textContent);
  const { values, operations, steps, program, root, frames, complex } = told;

  // Arrays as they were sent
  function decoded({ shape, dtype, data, blocks, low, high }) {
    const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
    const array = new np.NDArray(shape, new Float64Array(bytes.buffer), dtype === "bool");
    return Object.assign(array, { complex: dtype.startsWith("complex"), blocks, low, high });
  }
  const arrays = told.arrays.map(decoded);
  function put(object, ...keys) {
    for (const key of keys) if (object[key] !== null) object[key] = arrays[object[key]];
  }
  for (const v of values) {
    put(v, "data", "grad");
    if (v.check) put(v.check, "numeric", "gradient");
  }
  for (const o of operations) {
    for (const a of o.arrives) put(a, "array");
    for (const formula of [o.computes, ...o.rules]) for (const w of formula?.where ?? []) put(w, "array");
    for (const rule of o.rules) put(rule, "gives", "arrives", "before", "total");
  }

  // The numbers that a reference means: "v3" the data of value 3, "g3" its gradient, "w0" the first letter that a
  // formula defines, "a3" the array 3
  const meaning = (reference, data, grads, where) => ({ v: data, g: grads, w: where, a: arrays })[reference[0]][+reference.slice(1)];
  const numbers = (reference, formula) =>
    meaning(reference, values.map(v => v.data), values.map(v => v.grad), formula.where.map(w => w.array));

  // The two passes, from the data of leaves on. Of each call what it gives, and the letters that it defines.
  function call(code, data, grads) {
    const where = [], value = ({ function: f, args }) => np.asarray(programFunctions[f](...args.map(a => meaning(a, data, grads, where))));
    for (const w of code.where) where.push(value(w));
    return { result: value(code), where: Object.fromEntries(code.where.map((w, i) => [w.letter, where[i]])) };
  }
  function forward(data) {
    return program.map(o => {
      const { result, where } = call(o.forward, data, []);
      data[o.output] = result;
      return where;
    });
  }
  const added = (before, arrives) => before === null ? arrives : np.add(before, arrives);
  function backward(data) {
    const grads = [];
    grads[root] = np.ones_like(data[root]);
    const sent = [...program].reverse().map(o => o.rules.map(rule => {
      const { result: gives, where } = call(rule, data, grads), before = grads[rule.to] ?? null;
      const arrives = np.unbroadcast(gives, data[rule.to].shape);
      grads[rule.to] = added(before, arrives);
      return { to: rule.to, gives, arrives, before, total: grads[rule.to], where };
    }));
    return { grads, sent: sent.reverse() };
  }

  // Whether the program gives the numbers that NumPy gave; if it doesn't, nothing is computed by it
  const single = values.some(v => v.dtype !== "float64");
  function near(a, b) {
    const size = b.data.reduce((most, x) => Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most, 1);
    return String(a.shape) === String(b.shape) && b.data.every((x, i) =>
      Object.is(x, a.data[i]) || x === a.data[i] || Math.abs(x - a.data[i]) <= (single ? 1e-3 : 1e-9) * size);
  }
  function problem() {
    if (told.reason) return told.reason;
    try {
      const data = values.map(v => v.leaf ? v.data : undefined), wheres = forward(data), { grads, sent } = backward(data);
      for (const o of operations.filter(o => o.count === 1)) {
        const defined = [[o.computes, wheres[o.first]], ...o.rules.map((rule, i) => [rule, sent[o.first][i].where])];
        for (const [formula, where] of defined) for (const { letter } of formula?.where ?? []) {
          if (!(letter in where)) return `the page doesn't compute the letter ${letter} of ${o.label}`;
        }
      }
      const wrong = values.find((v, i) => !near(data[i], v.data) || (v.grad !== null && !near(grads[i], v.grad)));
      return wrong ? `the page computes ${wrong.name} otherwise than NumPy` : "";
    } catch (error) {
      return `the page can't compute it: ${error.message}`;
    }
  }
  const reason = problem(), editable = reason === "";

  // What a formula gives with other numbers for its letters, {"v3": 2.5}: of its letter `letter`, or of the whole. A
  // function as it is shown, with fewer digits, can so be compared with what it says; null where it can't be computed
  function again(told, numbers, letter = null) {
    const o = editable ? operations.find(o => o.count === 1 && (o.computes === told || o.rules.includes(told))) : null;
    if (!o) return null;
    const code = o.computes === told ? program[o.first].forward : program[o.first].rules[o.rules.indexOf(told)];
    const put = (kind, arrays) => arrays.map((array, i) => `${kind}${i}` in numbers ? np.asarray(numbers[`${kind}${i}`]) : array);
    const { result, where } = call(code, put("v", values.map(v => v.data)), put("g", values.map(v => v.grad)));
    return letter === null ? result : where[letter] ?? null;
  }

  // Changing numbers
  const original = values.map(v => v.data), listeners = [];
  function compute() {
    const data = values.map(v => v.data), wheres = forward(data), { grads, sent } = backward(data);
    values.forEach((v, i) => {
      v.data = data[i];
      if (v.grad !== null) v.grad = grads[i];
    });
    for (const o of operations) {
      for (const a of o.arrives) a.array = grads[a.value];
      if (o.count === 1) {
        define(o.computes, wheres[o.first]);
        o.rules.forEach((rule, i) => take(rule, sent[o.first][i]));
      } else for (const rule of o.rules) take(rule, inSum(sent.slice(o.first, o.first + o.count).flat().filter(s => s.to === rule.to)));
    }
    for (const listener of listeners) listener();
  }
  function define(formula, where) {
    for (const w of formula?.where ?? []) w.array = where[w.letter];
  }
  function take(rule, { gives, arrives, before, total, where }) {
    Object.assign(rule, { gives: rule.gives && gives, arrives, before, total });
    define(rule, where);
  }
  // What many operations send to one value
  function inSum(sent) {
    const arrives = sent.map(s => s.arrives).reduce((a, b) => np.add(a, b)), before = sent.at(-1).before;
    return { gives: null, arrives, before, total: added(before, arrives), where: {} };
  }

  function set(value, index, number) {
    const data = Float64Array.from(values[value].data.data);
    data[index] = number;
    values[value].data = new np.NDArray(values[value].data.shape, data, values[value].data.bool);
    compute();
  }
  function reset() {
    values.forEach((v, i) => { if (v.leaf) v.data = original[i]; });
    compute();
  }

  // Central differences: of each number; of a large array along one direction
  const MOST_CHECKED = 100;
  function check(value) {
    const { grad, data, check } = values[value];
    if (grad === null) return null;
    if (!editable) return check ? { ...check, distance: distance(check.numeric, check.gradient), along: check.note || null } : null;
    const h = Math.cbrt(Number.EPSILON) * data.data.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
    const slope = direction => (rootFor(value, direction, h) - rootFor(value, direction, -h)) / (2 * h);
    if (data.size > MOST_CHECKED) {
      const wild = data.data.map((_, i) => 1e4 * Math.sin(12.9898 * (i + 1)) % 1), length = Math.hypot(...wild);
      const direction = wild.map(x => x / length);
      const along = np.asarray(grad.data.reduce((sum, g, i) => sum + g * direction[i], 0)), numeric = np.asarray(slope(direction));
      return { numeric, gradient: along, distance: distance(numeric, along), along: "along one random direction of length 1" };
    }
    const numeric = new np.NDArray(data.shape, data.data.map((_, i) => slope(data.data.map((_, j) => +(i === j)))));
    return { numeric, gradient: grad, distance: distance(numeric, grad), along: null };
  }
  // The sum of the root's elements if a value were a step away along a direction
  function rootFor(value, direction, step) {
    const data = values.map(v => v.data);
    data[value] = new np.NDArray(data[value].shape, data[value].data.map((x, i) => x + step * direction[i]));
    for (const o of program) if (o.output !== value) data[o.output] = call(o.forward, data, []).result;
    return data[root].data.reduce((a, b) => a + b, 0);
  }
  const distance = (a, b) => a.data.reduce((most, x, i) => Math.max(most, Math.abs(x - b.data[i])), 0);

  return {
    values, operations, steps, root, frames, complex, reason, editable, numbers, again, set, reset, check,
    get changed() { return values.some((v, i) => v.leaf && v.data !== original[i]); },
    onChange: listener => listeners.push(listener),
  };
})();
