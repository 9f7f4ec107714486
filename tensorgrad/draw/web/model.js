// What the page speaks of: values, operations and their arrays; and the two passes, computed anew when a number changes.
//
// model.values: of each Tensor or array {name, gradient (its name), card, leaf, shape, dtype, data, grad}.
// model.operations: of each operation {label, count, pill, owner, inputs, outputs, computes, arrives, rules}; inputs and
// outputs are numbers of values, `arrives` are {value, array}, and each rule {to, formula, where, notes, source, gives,
// summed, arrives, before, total, more}. Arrays are NDArrays; `dtype` and `complex` of them are of NumPy's.
const model = (() => {
  const told = JSON.parse(document.getElementById("data").textContent);

  // Arrays as they were sent
  function decoded({ shape, dtype, data, blocks, low, high }) {
    const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
    const array = new NDArray(shape, new Float64Array(bytes.buffer));
    return Object.assign(array, { dtype, complex: dtype.startsWith("complex"), blocks, low, high });
  }
  const arrays = told.arrays.map(decoded);
  const put = (object, ...keys) => keys.forEach(key => { if (object[key] !== null) object[key] = arrays[object[key]]; });
  const { values, operations, program, steps } = told;
  values.forEach(v => put(v, "data", "grad"));
  for (const o of operations) {
    o.arrives.forEach(a => put(a, "array"));
    for (const told of [o.computes, ...o.rules]) told?.where.forEach(w => put(w, "array"));
    o.rules.forEach(r => put(r, "gives", "arrives", "before", "total"));
  }
  const asSent = values.map(v => ({ data: v.data, grad: v.grad }));

  // The numbers that a letter of a formula stands for: the data or the gradient of a value, a letter that the formula
  // defines, or an array of its own
  function numbers(reference, formula) {
    const i = +reference.slice(1);
    return { v: () => values[i].data, g: () => values[i].grad, w: () => formula.where[i].array, a: () => arrays[i] }[reference[0]]();
  }

  // The two passes. Of a pass that only asks for the root, `data` are the numbers of the values, and nothing is kept.
  const run = (code, data, grads) => programFunctions[code.function](...code.args.map(reference => {
    const i = +reference.slice(1);
    return { v: () => data[i], g: () => grads[i], a: () => arrays[i] }[reference[0]]();
  }));
  function forward(data) {
    for (const o of program) data[o.output] = run(o.forward, data);
    return data[told.root];
  }
  function backward(data) {
    const grads = [], sent = [];
    grads[told.root] = np.ones_like(data[told.root]);
    for (const o of [...program].reverse()) {
      sent.push(o.rules.map(rule => {
        const gives = run(rule, data, grads), arrives = np.unbroadcast(gives, data[rule.to].shape), before = grads[rule.to] ?? null;
        grads[rule.to] = before === null ? arrives : np.add(before, arrives);
        return { to: rule.to, gives, arrives, before, total: grads[rule.to] };
      }));
    }
    return { grads, sent: sent.reverse() };
  }
  return { values, operations, steps, arrays, numbers };
})();
