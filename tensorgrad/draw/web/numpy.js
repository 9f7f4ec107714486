"use strict";
// A small NumPy, in which a page of draw_backward computes values and derivatives anew when a leaf is changed.
//
// An array is an NDArray: {shape, data}, with the numbers in a Float64Array in C order. Numbers, true and false, and
// nested lists are taken wherever an array is. Masks are arrays of 0 and 1 with .bool = true, as comparisons give them.
// Results are new arrays, never views.
//
// Arguments come in NumPy's order; those given by keyword come last, in an object:
// np.sum(a, {axis: 1, keepdims: true}). None is null, and a tuple is a list. An array of one number serves as a number.
// A dtype is taken, but all numbers are floats of 64 bits; astype alone heeds it.
//
// Each public function begins a line with `np.name = `, by which Python knows what there is.

const np = {};

{ // a block, so that what follows defines no other global name

class NDArray {
  constructor(shape, data, bool = false) {
    Object.assign(this, { shape, data, bool });
  }
  get ndim() { return this.shape.length; }
  get size() { return this.data.length; }
  get dtype() { return this.bool ? "bool" : "float64"; }
  get T() { return np.transpose(this); }
  valueOf() {
    if (this.size !== 1) fail(`an array of shape ${text(this.shape)} is no number`);
    return this.data[0];
  }
}

class Slice {
  constructor(start, stop, step) {
    Object.assign(this, { start, stop, step });
  }
  /** The positions that it takes of so many, as Python's slice.indices. */
  positions(n) {
    const step = this.step == null ? 1 : +this.step, [low, high] = step > 0 ? [0, n] : [-1, n - 1];
    if (step === 0) fail("slice step cannot be zero");
    const limit = i => Math.min(Math.max(i < 0 ? i + n : i, low), high);
    const start = this.start == null ? (step > 0 ? low : high) : limit(+this.start);
    const stop = this.stop == null ? (step > 0 ? high : low) : limit(+this.stop);
    return Array.from({ length: Math.max(0, Math.ceil((stop - start) / step)) }, (_, i) => start + i * step);
  }
}

// What all are made of -----------------------------------------------------------------------------------------------

const fail = message => { throw new Error(message); };
const text = shape => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
const product = numbers => numbers.reduce((a, b) => a * b, 1);
const range = n => Array.from({ length: n }, (_, i) => i);
const sum = numbers => numbers.reduce((a, b) => a + b, 0);
const list = x => x instanceof NDArray ? [...x.data] : Array.isArray(x) ? x.map(Number) : [+x];
const isPlain = x => x !== null && typeof x === "object" && Object.getPrototypeOf(x) === Object.prototype;

/** The arguments of a call by name: those in order, then those of an object at the end. */
function bind(names, given) {
  const [inOrder, keywords] = isPlain(given.at(-1)) ? [given.slice(0, -1), given.at(-1)] : [given, {}];
  if (inOrder.length > names.length) fail(`takes ${names.length} arguments, not ${inOrder.length}: ${names}`);
  const bound = Object.fromEntries(inOrder.map((x, i) => [names[i], x]));
  for (const [name, x] of Object.entries(keywords)) {
    if (!names.includes(name)) fail(`has no argument ${name}, but these: ${names}`);
    if (name in bound) fail(`is given ${name} twice`);
    bound[name] = x;
  }
  if (bound.out != null) fail("can't write into an array: out isn't supported");
  return bound;
}

/** f with named parameters, called with its arguments in their order. */
function def(parameters, f) {
  const names = parameters.split(", ");
  const called = (...given) => {
    const bound = bind(names, given);
    return f(...names.map(name => bound[name]));
  };
  return Object.assign(called, { parameters: names });
}

function asarray(x) {
  if (x instanceof NDArray) return x;
  const isMask = typeof x === "boolean";
  if (isMask || typeof x === "number") return new NDArray([], Float64Array.of(x), isMask);
  if (ArrayBuffer.isView(x)) return new NDArray([x.length], Float64Array.from(x));
  if (!Array.isArray(x)) fail(`${x} is no array`);
  if (x.every(item => typeof item === "number")) return new NDArray([x.length], Float64Array.from(x));
  return np.stack(x);
}

const filled = (shape, value) => new NDArray([...shape], new Float64Array(product(shape)).fill(value));
const copy = a => new NDArray([...a.shape], a.data.slice(), a.bool);

/** An axis counted from the front. */
function axisOf(axis, ndim) {
  if (!(axis >= -ndim && axis < ndim)) fail(`axis ${axis} is out of bounds for ${ndim} dimensions`);
  return axis < 0 ? +axis + ndim : +axis;
}
const axesOf = (axis, ndim) => axis == null ? range(ndim) : list(axis).map(i => axisOf(i, ndim));

/** How far apart in the data neighbours along each axis are. */
const stridesOf = shape => shape.map((_, i) => product(shape.slice(i + 1)));

/** All sums of one number of each list, the last list running fastest: with steps for lists, where elements stand. */
function sums(lists) {
  let found = Int32Array.of(0);
  for (const steps of lists) {
    const next = new Int32Array(found.length * steps.length);
    found.forEach((at, i) => steps.forEach((step, j) => { next[i * steps.length + j] = at + step; }));
    found = next;
  }
  return found;
}

/** Where the elements of an array stand that is read with these strides. */
const places = (shape, strides) => sums(shape.map((n, i) => range(n).map(k => k * strides[i])));

/** The numbers of the data at these places. */
function read(data, at) {
  const numbers = new Float64Array(at.length);
  for (let i = 0; i < at.length; i++) numbers[i] = data[at[i]];
  return numbers;
}
const gather = (a, shape, at) => new NDArray(shape, read(a.data, at), a.bool);

/** The elements along an axis at these positions. */
function pick(a, axis, positions) {
  const strides = stridesOf(a.shape), shape = a.shape.with(axis, positions.length);
  return gather(a, shape, sums(a.shape.map((n, i) => (i === axis ? positions : range(n)).map(k => k * strides[i]))));
}

function broadcast(...shapes) {
  const shape = Array(Math.max(0, ...shapes.map(s => s.length))).fill(1);
  for (const s of shapes) {
    s.forEach((n, i) => {
      const axis = shape.length - s.length + i;
      if (shape[axis] === 1) shape[axis] = n;
      else if (n !== 1 && n !== shape[axis]) fail(`shapes don't fit together: ${shapes.map(text).join(" ")}`);
    });
  }
  return shape;
}

/** The data of an array when it is broadcast to a shape; its own, if it has that shape. */
function stretched(a, shape) {
  const more = shape.length - a.ndim;
  if (more === 0 && a.shape.every((n, i) => n === shape[i])) return a.data;
  if (more < 0 || a.shape.some((n, i) => n !== 1 && n !== shape[i + more])) {
    fail(`an array of shape ${text(a.shape)} can't be broadcast to ${text(shape)}`);
  }
  const strides = stridesOf(a.shape);
  return read(a.data, places(shape, shape.map((_, i) => i < more || a.shape[i - more] === 1 ? 0 : strides[i - more])));
}

np.NDArray = NDArray;
np.pi = Math.PI;
np.e = Math.E;
np.inf = Infinity;
np.nan = NaN;
np.newaxis = null;
np.Ellipsis = Symbol("...");
np.slice = (start = null, stop = null, step = null) => new Slice(start, stop, step);
np.asarray = def("a, dtype", asarray);
np.array = def("object, dtype", x => copy(asarray(x)));
np.copy = def("a", a => copy(asarray(a)));
np.shape = a => [...asarray(a).shape];
np.ndim = a => asarray(a).ndim;
np.size = def("a, axis", (a, axis = null) => product(axesOf(axis, asarray(a).ndim).map(i => asarray(a).shape[i])));

// Elementwise functions ----------------------------------------------------------------------------------------------

/** f of numbers, made a function of arrays. Of masks alone it is ofMasks, where there is one, which gives a mask. */
function ufunc(f, ofMasks = null, givesMask = false) {
  return def(f.length === 1 ? "x" : "x1, x2", (...given) => {
    const arrays = given.map(asarray), shape = broadcast(...arrays.map(a => a.shape));
    const [p, q] = arrays.map(a => stretched(a, shape)), isMask = ofMasks !== null && arrays.every(a => a.bool);
    const op = isMask ? ofMasks : f, y = new Float64Array(p.length);
    for (let i = 0; i < y.length; i++) y[i] = q ? op(p[i], q[i]) : op(p[i]);
    return new NDArray(shape, y, isMask || givesMask);
  });
}
const predicate = f => ufunc(f, null, true);

const isNegative = x => x < 0 || Object.is(x, -0);
const either = (a, b) => a | b, both = (a, b) => a & b;

/** The remainder with the sign of the divisor, and the quotient rounded down, as NumPy and Python have them. */
function remainder(a, b) {
  const rest = a % b;
  return rest && rest < 0 !== b < 0 ? rest + b : rest || (Number.isNaN(rest) ? rest : isNegative(b) ? -0 : 0);
}
function floorDivide(a, b) {
  if (b === 0) return a / b;
  const rest = a % b, quotient = (a - rest) / b - (rest && rest < 0 !== b < 0 ? 1 : 0), floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor; // which rounding had put below the whole number that it is
}

/** As in C, where 1 to any power is 1, and so is -1 to an infinite one. */
const power = (a, b) => a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;

/** The nearest whole number, of two the even one. */
function rint(x) {
  const below = Math.floor(x), rest = x - below;
  return rest < 0.5 ? below : rest > 0.5 ? below + 1 : 2 * Math.round(x / 2);
}

/** log(exp(a) + exp(b)) without overflow; to another base if unit = log(base). */
function logAddExp(a, b, unit = 1) {
  const [low, high] = a < b ? [a, b] : [b, a];
  return low === high ? high + Math.LN2 / unit : high + Math.log1p(Math.exp((low - high) * unit)) / unit;
}

np.add = ufunc((a, b) => a + b, either);
np.subtract = ufunc((a, b) => a - b);
np.multiply = ufunc((a, b) => a * b, both);
np.divide = ufunc((a, b) => a / b);
np.true_divide = np.divide;
np.negative = ufunc(x => -x);
np.positive = ufunc(x => x);
np.power = ufunc(power);
np.float_power = ufunc(power);
np.reciprocal = ufunc(x => 1 / x);
np.square = ufunc(x => x * x);
np.sqrt = ufunc(Math.sqrt);
np.cbrt = ufunc(Math.cbrt);
np.remainder = ufunc(remainder);
np.mod = np.remainder;
np.fmod = ufunc((a, b) => a % b);
np.floor_divide = ufunc(floorDivide);

np.exp = ufunc(Math.exp);
np.exp2 = ufunc(x => 2 ** x);
np.expm1 = ufunc(Math.expm1);
np.log = ufunc(Math.log);
np.log2 = ufunc(Math.log2);
np.log10 = ufunc(Math.log10);
np.log1p = ufunc(Math.log1p);
np.logaddexp = ufunc((a, b) => logAddExp(a, b));
np.logaddexp2 = ufunc((a, b) => logAddExp(a, b, Math.LN2));

np.sin = ufunc(Math.sin);
np.cos = ufunc(Math.cos);
np.tan = ufunc(Math.tan);
np.arcsin = ufunc(Math.asin);
np.arccos = ufunc(Math.acos);
np.arctan = ufunc(Math.atan);
np.arctan2 = ufunc(Math.atan2);
np.hypot = ufunc((a, b) => Math.hypot(a, b));
np.sinh = ufunc(Math.sinh);
np.cosh = ufunc(Math.cosh);
np.tanh = ufunc(Math.tanh);
np.arcsinh = ufunc(Math.asinh);
np.arccosh = ufunc(Math.acosh);
np.arctanh = ufunc(Math.atanh);
np.deg2rad = ufunc(x => x * (Math.PI / 180));
np.radians = np.deg2rad;
np.rad2deg = ufunc(x => x * (180 / Math.PI));
np.degrees = np.rad2deg;
np.sinc = ufunc(x => x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

np.absolute = ufunc(Math.abs, Math.abs);
np.abs = np.absolute;
np.fabs = ufunc(Math.abs);
np.sign = ufunc(Math.sign);
np.maximum = ufunc((a, b) => Math.max(a, b), either);
np.minimum = ufunc((a, b) => Math.min(a, b), both);
np.fmax = ufunc((a, b) => Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b), either);
np.fmin = ufunc((a, b) => Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b), both);
np.copysign = ufunc((a, b) => isNegative(b) ? -Math.abs(a) : Math.abs(a));
np.heaviside = ufunc((a, b) => a === 0 ? b : a > 0 ? 1 : a < 0 ? 0 : NaN);
np.floor = ufunc(Math.floor);
np.ceil = ufunc(Math.ceil);
np.trunc = ufunc(Math.trunc);
np.fix = np.trunc;
np.rint = ufunc(rint);
np.round = def("a, decimals", (a, decimals = 0) => np.divide(np.rint(np.multiply(a, 10 ** decimals)), 10 ** decimals));
np.conjugate = ufunc(x => x, x => x);
np.conj = np.conjugate;
np.real = np.conjugate;
np.imag = ufunc(_ => 0);

np.equal = predicate((a, b) => a === b);
np.not_equal = predicate((a, b) => a !== b);
np.less = predicate((a, b) => a < b);
np.less_equal = predicate((a, b) => a <= b);
np.greater = predicate((a, b) => a > b);
np.greater_equal = predicate((a, b) => a >= b);
np.logical_and = predicate((a, b) => a !== 0 && b !== 0);
np.logical_or = predicate((a, b) => a !== 0 || b !== 0);
np.logical_xor = predicate((a, b) => (a !== 0) !== (b !== 0));
np.logical_not = predicate(x => x === 0);
np.isnan = predicate(x => Number.isNaN(x));
np.isfinite = predicate(x => Number.isFinite(x));
np.isinf = predicate(x => Math.abs(x) === Infinity);
np.isposinf = predicate(x => x === Infinity);
np.isneginf = predicate(x => x === -Infinity);
np.signbit = predicate(x => isNegative(x));
np.bitwise_and = ufunc(both, both);
np.bitwise_or = ufunc(either, either);
np.bitwise_xor = ufunc((a, b) => a ^ b, (a, b) => a ^ b);
np.invert = ufunc(x => ~x, x => x ^ 1);
np.isclose = def("a, b, rtol, atol, equal_nan", (a, b, rtol = 1e-5, atol = 1e-8, equal_nan = false) =>
  predicate((p, q) => p === q || (Number.isFinite(q) && Math.abs(p - q) <= atol + rtol * Math.abs(q))
    || (equal_nan && Number.isNaN(p) && Number.isNaN(q)))(a, b));

np.clip = def("a, a_min, a_max, out, min, max", (a, a_min = null, a_max = null, out, min = a_min, max = a_max) => {
  const above = min === null ? np.array(a) : np.maximum(a, min);
  return max === null ? above : np.minimum(above, max);
});
np.nan_to_num = def("x, copy, nan, posinf, neginf", (x, _, nan = 0, posinf = null, neginf = null) => {
  const top = Number.MAX_VALUE;
  return ufunc(v => Number.isNaN(v) ? nan : v === Infinity ? posinf ?? top : v === -Infinity ? neginf ?? -top : v)(x);
});
np.where = def("condition, x, y", (condition, x, y) => {
  if (x === undefined) return np.nonzero(condition);
  const arrays = [condition, x, y].map(asarray), shape = broadcast(...arrays.map(a => a.shape));
  const [c, p, q] = arrays.map(a => stretched(a, shape));
  return new NDArray(shape, c.map((yes, i) => yes !== 0 ? p[i] : q[i]), arrays[1].bool && arrays[2].bool);
});

// Special functions, and those of networks ---------------------------------------------------------------------------

const horner = (coefficients, t) => coefficients.reduce((y, c) => y * t + c);

// For t >= 0, the normal distribution function of -t is exp(-t^2 / 2) P(t) / Q(t): derivatives/activations.py tells
// where these are from, and how exact they are.
const P = [
  0.3989422804015158, 12.45647957057926, 190.783948709867, 1865.0332702304893, 12798.155696289725, 64176.39865437565,
  237874.47813408074, 644421.5066769192, 1226753.402323317, 1495815.6470928595, 904162.9032482101,
];
const Q = [
  1, 31.223763894026863, 479.2244401765545, 4706.168892532388, 32556.443355875024, 165478.87354780769,
  627396.6498636378, 1767154.1450816393, 3611821.4810211346, 5087536.285942072, 4434466.536090603, 1808325.8064964202,
];

/** exp(-x^2) without the error that rounding x^2 would make: near^2 is exact. */
function bell(x) {
  const near = Math.round(x * 16) / 16;
  return Math.exp(-near * near) * Math.exp((near - x) * (near + x));
}

function erfc(x) {
  const size = Math.min(Math.abs(x), 28), t = size * Math.SQRT2; // beyond, it is 0
  const tail = 2 * bell(size) * (horner(P, t) / horner(Q, t));
  return x < 0 ? 2 - tail : tail;
}

/** Near 0 by its series with positive terms, Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.6. */
function erf(x) {
  if (!(Math.abs(x) < 1)) return x < 0 ? erfc(-x) - 1 : 1 - erfc(x);
  let term = x, total = x;
  for (let n = 1; n < 30; n++) total += term *= 2 * x * x / (2 * n + 1);
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * total;
}

// Both by their asymptotic series for x >= 16, Abramowitz and Stegun, 6.1.41 and 6.3.18; below by the recurrence
// gamma(x + 1) = x gamma(x), and left of 0 by reflection.
function gammaln(x) {
  if (Math.abs(x) === Infinity) return x;
  if (x <= 0) return Number.isInteger(x) ? Infinity : Math.log(Math.PI / Math.abs(sinOfPi(x))) - gammaln(1 - x);
  let steps = 1;
  for (; x < 16; x++) steps *= x;
  const u = 1 / (x * x), series = horner([1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12], u) / x;
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series - Math.log(steps);
}
function digamma(x) {
  if (x === 0) return -1 / x;
  if (x === -Infinity || (x < 0 && Number.isInteger(x))) return NaN;
  if (x < 0) return digamma(1 - x) - Math.PI * sinOfPi(x + 0.5) / sinOfPi(x);
  let steps = 0;
  for (; x < 16; x++) steps += 1 / x;
  const u = 1 / (x * x);
  return Math.log(x) - 0.5 / x - u * horner([1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12], u) - steps;
}
const sinOfPi = x => Math.sin(Math.PI * (x - 2 * Math.round(x / 2)));

np.erf = ufunc(erf);
np.erfc = ufunc(erfc);
np.normal_cdf = ufunc(x => erfc(-x / Math.SQRT2) / 2);
np.gammaln = ufunc(gammaln);
np.digamma = ufunc(digamma);
np.sigmoid = ufunc(x => x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
np.softplus = ufunc(x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))));
np.relu = ufunc(x => Math.max(x, 0));

/** x - m, with m the largest along the axis, and the sum of exp(x - m) and its logarithm: none of it overflows. */
function shifted(x, axis) {
  const top = np.max(x, { axis, keepdims: true, initial: -Infinity });
  const m = np.where(np.isfinite(top), top, 0), away = np.subtract(x, m);
  const total = np.sum(np.exp(away), { axis, keepdims: true });
  return { away, total, m, log: np.log(total) };
}
np.softmax = def("x, axis", (x, axis = -1) => {
  const { away, total } = shifted(x, axis);
  return np.divide(np.exp(away), np.where(np.equal(total, 0), 1, total)); // 0 where all of x is -inf
});
np.log_softmax = def("x, axis", (x, axis = -1) => {
  const { away, total, log } = shifted(x, axis);
  return np.subtract(away, np.where(np.equal(total, 0), 0, log));
});
np.logsumexp = def("x, axis, keepdims", (x, axis = null, keepdims = false) => {
  const { m, log } = shifted(x, axis), y = np.add(log, m);
  return keepdims ? y : np.squeeze(y, axesOf(axis, y.ndim));
});

// Reductions ---------------------------------------------------------------------------------------------------------

/** For each element of the result, f of the list of those elements that are reduced to it; where chooses of them. */
function reduce(a, { axis = null, keepdims = false, where = true }, f, givesMask = never) {
  const axes = axesOf(axis, a.ndim), isKept = a.shape.map((_, i) => !axes.includes(i)), strides = stridesOf(a.shape);
  const of = (x, keep) => x.filter((_, i) => isKept[i] === keep);
  const inner = places(of(a.shape, false), of(strides, false));
  const mask = where === true ? null : stretched(asarray(where), a.shape);
  const data = Float64Array.from(places(of(a.shape, true), of(strides, true)), start => {
    const v = [];
    for (const i of inner) if (!mask || mask[start + i]) v.push(a.data[start + i]);
    return f(v);
  });
  const shape = keepdims ? a.shape.map((n, i) => isKept[i] ? n : 1) : of(a.shape, true);
  return new NDArray(shape, data, givesMask(a));
}
const never = () => false, always = () => true, ofMask = a => a.bool; // whether the result is a mask

/** A function with NumPy's parameters that reduces each list v of numbers to f(v, the arguments by name). */
function reduction(parameters, f, givesMask = never) {
  const names = parameters.split(", ");
  const called = (...given) => {
    const { a, ...options } = bind(names, given);
    return reduce(asarray(a), options, v => f(v, options), givesMask);
  };
  return Object.assign(called, { parameters: names });
}

const SUM = "a, axis, dtype, out, keepdims, initial, where", MEAN = "a, axis, dtype, out, keepdims, where";
const MAX = "a, axis, out, keepdims, initial, where", ANY = "a, axis, out, keepdims, where";
const ARG = "a, axis, out, keepdims";
const VAR = "a, axis, dtype, out, ddof, keepdims, where, correction";

const mean = v => sum(v) / v.length;
const numbersOf = v => v.filter(x => !Number.isNaN(x));
const extremum = of => (v, { initial }) => {
  if (!v.length && initial === undefined) fail("there is no largest or smallest of no numbers");
  return v.reduce((a, b) => of(a, b), initial === undefined ? v[0] : +initial);
};
const extremumOfNumbers = of => (v, options) =>
  v.length && v.every(Number.isNaN) ? options.initial ?? NaN : extremum(of)(numbersOf(v), options);
const place = isBetter => v => {
  if (!v.length) fail("there is no largest or smallest of no numbers");
  const nan = v.findIndex(Number.isNaN);
  return nan >= 0 ? nan : v.reduce((best, x, i) => isBetter(x, v[best]) ? i : best, 0);
};
function variance(v, { ddof = 0, correction = ddof }) {
  const middle = mean(v);
  return sum(v.map(x => (x - middle) ** 2)) / Math.max(0, v.length - correction);
}

np.sum = reduction(SUM, (v, { initial = 0 }) => +initial + sum(v));
np.prod = reduction(SUM, (v, { initial = 1 }) => +initial * product(v));
np.mean = reduction(MEAN, mean);
np.var = reduction(VAR, variance);
np.std = reduction(VAR, (v, options) => Math.sqrt(variance(v, options)));
np.max = reduction(MAX, extremum(Math.max), ofMask);
np.min = reduction(MAX, extremum(Math.min), ofMask);
np.amax = np.max;
np.amin = np.min;
np.ptp = reduction(ARG, v => extremum(Math.max)(v, {}) - extremum(Math.min)(v, {}));
np.any = reduction(ANY, v => v.some(x => x !== 0), always);
np.all = reduction(ANY, v => v.every(x => x !== 0), always);
np.argmax = reduction(ARG, place((x, best) => x > best));
np.argmin = reduction(ARG, place((x, best) => x < best));
np.count_nonzero = reduction("a, axis, keepdims", v => v.filter(x => x !== 0).length);
np.nansum = reduction(SUM, (v, { initial = 0 }) => +initial + sum(numbersOf(v)));
np.nanmean = reduction(MEAN, v => mean(numbersOf(v)));
np.nanmax = reduction(MAX, extremumOfNumbers(Math.max), ofMask);
np.nanmin = reduction(MAX, extremumOfNumbers(Math.min), ofMask);

const AVERAGE = "a, axis, weights, returned, keepdims";
np.average = def(AVERAGE, (a, axis = null, weights = null, returned = false, keepdims = false) => {
  if (returned) fail("the sum of the weights isn't returned");
  if (weights === null) return np.mean(a, { axis, keepdims });
  let w = asarray(weights);
  const { shape, ndim } = asarray(a);
  if (w.ndim !== ndim) w = np.reshape(w, shape.map((n, i) => axesOf(axis, ndim).includes(i) ? n : 1)); // along the axis
  const total = np.sum(np.broadcast_to(w, shape), { axis, keepdims });
  return np.divide(np.sum(np.multiply(a, w), { axis, keepdims }), total);
});

/** The norm of a list of numbers. */
function vectorNorm(v, ord) {
  const sizes = v.map(Math.abs);
  if (ord === Infinity) return Math.max(...sizes);
  if (ord === -Infinity) return Math.min(...sizes);
  if (ord === 0) return sizes.filter(x => x !== 0).length;
  if (ord === 1) return sum(sizes);
  return ord === 2 ? Math.sqrt(sum(sizes.map(x => x * x))) : power(sum(sizes.map(x => power(x, ord))), 1 / ord);
}
np.norm = def("x, ord, axis, keepdims", (x, ord = null, axis = null, keepdims = false) => {
  const a = asarray(x), axes = axesOf(axis, a.ndim);
  if (ord === null || (ord === "fro" && axes.length === 2)) return reduce(a, { axis, keepdims }, v => vectorNorm(v, 2));
  if (axes.length === 1) return reduce(a, { axis, keepdims }, v => vectorNorm(v, ord));
  if (axes.length !== 2 || ![1, Infinity].includes(Math.abs(ord))) fail(`there is no norm ${ord} here`);
  const [summed, kept] = Math.abs(ord) === 1 ? axes : [axes[1], axes[0]];
  const totals = np.sum(np.abs(a), summed, { keepdims: true });
  return np.squeeze((ord > 0 ? np.max : np.min)(totals, kept, { keepdims: true }), keepdims ? [] : axes);
});

/** f of the list of numbers along an axis, for each such list; f gives a list of numbers, of any length. */
function along(a, k, f) {
  const strides = stridesOf(a.shape), steps = range(a.shape[k]).map(i => i * strides[k]);
  const rest = a.shape.toSpliced(k, 1), starts = places(rest, strides.toSpliced(k, 1));
  const lines = Array.from(starts, start => f(steps.map(step => a.data[start + step])));
  const length = f(steps.map(() => 0)).length;
  return np.moveaxis(new NDArray([...rest, length], Float64Array.from(lines.flat())), -1, k);
}
/** The array and its axis, counted from the front; where that is null, all in a row. */
function inRow(a, axis) {
  const x = axis === null ? np.ravel(a) : asarray(a);
  return [x, axisOf(axis ?? 0, x.ndim)];
}
const cumulative = op => def("a, axis, dtype, out", (a, axis = null) => {
  let total;
  return along(...inRow(a, axis), v => v.map((x, i) => total = i ? op(total, x) : x));
});
const upwards = (a, b) => Number.isNaN(a) - Number.isNaN(b) || a - b || 0; // nan comes last

np.cumsum = cumulative((a, b) => a + b);
np.cumprod = cumulative((a, b) => a * b);
np.sort = def("a, axis", (a, axis = -1) => along(...inRow(a, axis), v => v.sort(upwards)));
np.argsort = def("a, axis", (a, axis = -1) =>
  along(...inRow(a, axis), v => range(v.length).sort((i, j) => upwards(v[i], v[j]))));
np.diff = def("a, n, axis", (a, n = 1, axis = -1) =>
  n === 0 ? np.array(a) : np.diff(along(...inRow(a, axis), v => v.slice(1).map((x, i) => x - v[i])), n - 1, axis));

// Shapes -------------------------------------------------------------------------------------------------------------

const atLeast = n => x => np.reshape(x, [...Array(Math.max(0, n - np.ndim(x))).fill(1), ...np.shape(x)]);

np.reshape = def("a, shape, order", (a, shape, order = "C") => {
  const from = asarray(a), to = list(shape), known = product(to.filter(n => n !== -1));
  if (order !== "C") fail(`reshape in the order ${order} isn't supported`);
  const final = to.map(n => n === -1 ? (known ? from.size / known : 0) : n), fits = final.every(Number.isInteger);
  if (!fits || product(final) !== from.size) fail(`shape ${text(from.shape)} can't be made ${text(to)}`);
  return new NDArray(final, from.data.slice(), from.bool);
});
np.ravel = def("a, order", (a, order) => np.reshape(a, [-1], order));
np.transpose = def("a, axes", (a, axes = null) => {
  const x = asarray(a), order = axes === null ? range(x.ndim).reverse() : axesOf(axes, x.ndim);
  if (new Set(order).size !== x.ndim) fail(`axes ${axes} don't match shape ${text(x.shape)}`);
  const shape = order.map(i => x.shape[i]), strides = stridesOf(x.shape);
  return gather(x, shape, places(shape, order.map(i => strides[i])));
});
np.swapaxes = def("a, axis1, axis2", (a, axis1, axis2) => {
  const n = np.ndim(a), [i, j] = axesOf([axis1, axis2], n);
  return np.transpose(a, range(n).with(i, j).with(j, i));
});
np.moveaxis = def("a, source, destination", (a, source, destination) => {
  const n = np.ndim(a), from = axesOf(source, n), to = axesOf(destination, n);
  const order = range(n).filter(i => !from.includes(i));
  for (const k of range(to.length).sort((i, j) => to[i] - to[j])) order.splice(to[k], 0, from[k]);
  return np.transpose(a, order);
});
np.matrix_transpose = def("x", x => np.swapaxes(x, -1, -2));
np.expand_dims = def("a, axis", (a, axis) => {
  const old = np.shape(a), n = old.length + list(axis).length, axes = axesOf(axis, n);
  return np.reshape(a, range(n).map(i => axes.includes(i) ? 1 : old.shift()));
});
np.squeeze = def("a, axis", (a, axis = null) => {
  const shape = np.shape(a), n = shape.length;
  const axes = axis === null ? range(n).filter(i => shape[i] === 1) : axesOf(axis, n);
  if (axes.some(i => shape[i] !== 1)) fail(`shape ${text(shape)} has more than one element along ${axes}`);
  return np.reshape(a, shape.filter((_, i) => !axes.includes(i)));
});
np.broadcast_to = def("array, shape", (array, shape) => {
  const a = asarray(array), to = list(shape);
  return new NDArray(to, stretched(a, to).slice(), a.bool);
});
np.broadcast_shapes = (...shapes) => broadcast(...shapes.map(list));
np.broadcast_arrays = (...arrays) => {
  const shape = broadcast(...arrays.map(np.shape));
  return arrays.map(a => np.broadcast_to(a, shape));
};
np.atleast_1d = atLeast(1);
np.atleast_2d = atLeast(2);
np.flip = def("m, axis", (m, axis = null) => {
  const a = asarray(m);
  return axesOf(axis, a.ndim).reduce((x, i) => pick(x, i, range(x.shape[i]).reverse()), copy(a));
});
np.flipud = def("m", m => np.flip(m, 0));
np.fliplr = def("m", m => np.flip(m, 1));
np.roll = def("a, shift, axis", (a, shift, axis = null) => {
  if (axis === null) return np.reshape(np.roll(np.ravel(a), sum(list(shift)), 0), np.shape(a));
  const [steps, axes] = np.broadcast_arrays(shift, axis).map(list);
  return axes.reduce((x, k, i) => {
    const axis = axisOf(k, x.ndim), n = x.shape[axis];
    return pick(x, axis, range(n).map(to => remainder(to - steps[i], n)));
  }, np.array(a));
});
np.repeat = def("a, repeats, axis", (a, repeats, axis = null) => {
  const [x, k] = inRow(a, axis), times = stretched(asarray(repeats), [x.shape[k]]);
  return pick(x, k, range(x.shape[k]).flatMap(i => Array(times[i]).fill(i)));
});
np.tile = def("A, reps", (A, reps) => {
  const x = atLeast(list(reps).length)(A), times = [...Array(x.ndim - list(reps).length).fill(1), ...list(reps)];
  return times.reduce((y, n, i) => pick(y, i, Array(n).fill(range(y.shape[i])).flat()), x);
});
np.concatenate = def("arrays, axis", (arrays, axis = 0) => {
  const all = [...arrays].map(axis === null ? a => np.ravel(a) : asarray), k = axisOf(axis ?? 0, all[0].ndim);
  const around = a => text(a.shape.toSpliced(k, 1)), { shape } = all[0];
  if (all.some(a => a.ndim !== shape.length || around(a) !== around(all[0]))) {
    fail(`shapes ${all.map(a => text(a.shape)).join(" ")} can't be put together along axis ${k}`);
  }
  const inner = product(shape.slice(k + 1)), y = filled(shape.with(k, sum(all.map(a => a.shape[k]))), 0);
  let start = 0; // in y.data
  for (const row of range(product(shape.slice(0, k)))) {
    for (const a of all) {
      const width = a.shape[k] * inner;
      y.data.set(a.data.subarray(row * width, (row + 1) * width), start);
      start += width;
    }
  }
  return Object.assign(y, { bool: all.every(a => a.bool) });
});
np.stack = def("arrays, axis", (arrays, axis = 0) =>
  np.concatenate([...arrays].map(a => np.expand_dims(a, axis)), axis));
np.hstack = def("tup", tup => np.concatenate(tup.map(np.atleast_1d), np.ndim(tup[0]) < 2 ? 0 : 1));
np.vstack = def("tup", tup => np.concatenate(tup.map(np.atleast_2d), 0));
np.split = def("ary, indices_or_sections, axis", (ary, indices_or_sections, axis = 0) => {
  const a = asarray(ary), k = axisOf(axis, a.ndim), n = a.shape[k];
  let ends = indices_or_sections;
  if (typeof ends === "number") {
    if (n % ends) fail(`${n} elements can't be split into ${ends} equal parts`);
    ends = range(ends - 1).map(i => (i + 1) * n / ends);
  }
  return [...list(ends), null].map((end, i, all) => pick(a, k, np.slice(i ? all[i - 1] : 0, end).positions(n)));
});
np.pad = def("array, pad_width, mode, constant_values", (array, pad_width, mode = "constant", constant_values = 0) => {
  const a = asarray(array), pairs = x => stretched(asarray(x), [a.ndim, 2]), widths = pairs(pad_width);
  if (mode !== "constant") fail(`pad in the mode ${mode} isn't supported`);
  const values = pairs(constant_values);
  return range(a.ndim).reduce((x, i) => {
    const [before, after] = [2 * i, 2 * i + 1].map(k => filled(x.shape.with(i, widths[k]), values[k]));
    return np.concatenate([before, x, after], i);
  }, a.bool ? np.astype(a) : copy(a));
});
np.diagonal = def("a, offset, axis1, axis2", (a, offset = 0, axis1 = 0, axis2 = 1) => {
  const x = np.moveaxis(a, [axis1, axis2], [-2, -1]), [rows, columns] = x.shape.slice(-2);
  const [row, column] = [Math.max(0, -offset), Math.max(0, offset)];
  const steps = range(Math.max(0, Math.min(rows - row, columns - column)));
  const at = steps.map(i => (row + i) * columns + column + i);
  return pick(np.reshape(x, [...x.shape.slice(0, -2), rows * columns]), x.ndim - 2, at);
});
np.diag = def("v, k", (v, k = 0) => {
  const a = asarray(v), n = a.size + Math.abs(k);
  if (a.ndim !== 1) return np.diagonal(a, k);
  return Object.assign(np.setitem(filled([n, n], 0), [range(a.size).map(i => i + Math.max(0, -k)),
    range(a.size).map(i => i + Math.max(0, k))], a), { bool: a.bool });
});
np.trace = def("a, offset, axis1, axis2", (a, offset, axis1, axis2) =>
  np.sum(np.diagonal(a, offset, axis1, axis2), -1));

/** m where keep(column - row), else 0. */
function triangle(m, keep) {
  const a = atLeast(1)(m), [rows, columns] = a.ndim < 2 ? [a.size, a.size] : a.shape.slice(-2);
  const mask = new NDArray([rows, columns], Float64Array.from(places([rows, columns], [-1, 1]), keep), true);
  return np.where(mask, a, false);
}
np.tril = def("m, k", (m, k = 0) => triangle(m, d => d <= k));
np.triu = def("m, k", (m, k = 0) => triangle(m, d => d >= k));

np.eye = def("N, M, k", (N, M = null, k = 0) => triangle(np.ones([N, M ?? N]), d => d === k));
np.zeros = def("shape, dtype", shape => filled(list(shape), 0));
np.ones = def("shape, dtype", shape => filled(list(shape), 1));
np.empty = np.zeros;
np.full = def("shape, fill_value, dtype", (shape, fill_value) => np.broadcast_to(fill_value, shape));
np.zeros_like = def("a, dtype", a => filled(np.shape(a), 0));
np.ones_like = def("a, dtype", a => filled(np.shape(a), 1));
np.empty_like = np.zeros_like;
np.full_like = def("a, fill_value, dtype", (a, fill_value) => np.full(np.shape(a), fill_value));
np.arange = def("start, stop, step, dtype", (start, stop = null, step = 1) => {
  const [first, end] = stop === null ? [0, +start] : [+start, +stop];
  return asarray(range(Math.max(0, Math.ceil((end - first) / step))).map(i => first + i * step));
});
np.linspace = def("start, stop, num, endpoint", (start, stop, num = 50, endpoint = true) => {
  const parts = endpoint ? num - 1 : num;
  return asarray(range(num).map(i => i === 0 ? +start : i === parts ? +stop : +start + i * ((stop - start) / parts)));
});
/** Numbers of all kinds are floats here; but whole numbers lose what is behind the point, and masks are a kind. */
np.astype = def("x, dtype", (x, dtype = "float64") => {
  const kind = String(dtype);
  return kind === "bool" ? np.not_equal(x, 0) : np.positive(/^u?int/.test(kind) ? np.trunc(x) : x);
});
/** g summed over the axes that broadcasting from a shape had added or stretched. */
np.unbroadcast = def("g, shape", (g, shape) => {
  const from = np.shape(g), to = list(shape), more = from.length - to.length;
  const axes = range(from.length).filter(i => i < more || (to[i - more] === 1 && from[i] !== 1));
  return np.reshape(np.sum(g, { axis: axes }), to);
});

// Products -----------------------------------------------------------------------------------------------------------

/** Einstein's sum: labels has a list for each array, with a name for each axis; all names that aren't in output are
 *  summed over. */
function contract(arrays, labels, output) {
  const lengths = new Map();
  arrays.forEach((a, k) => labels[k].forEach((name, i) => {
    const [n, known] = [a.shape[i], lengths.get(name) ?? 1];
    if (n !== 1 && known !== 1 && n !== known) fail(`shapes don't fit: ${arrays.map(x => text(x.shape)).join(" ")}`);
    lengths.set(name, known === 1 ? n : known);
  }));
  const summed = [...lengths.keys()].filter(name => !output.includes(name));
  const placesOf = (names, k) => { // of the k-th array's elements, when these names run
    const strides = stridesOf(arrays[k].shape);
    const step = name => sum(labels[k].map((own, i) => own === name && arrays[k].shape[i] !== 1 ? strides[i] : 0));
    return places(names.map(name => lengths.get(name)), names.map(step));
  };
  const starts = arrays.map((_, k) => placesOf(output, k));
  const steps = arrays.map((_, k) => placesOf(summed, k)), terms = product(summed.map(name => lengths.get(name)));
  const y = filled(output.map(name => lengths.get(name)), 0);
  const factors = new Float64Array(terms); // of one element of the result
  for (let i = 0; i < y.size; i++) {
    factors.fill(1);
    arrays.forEach(({ data }, k) => {
      const start = starts[k][i], step = steps[k];
      for (let j = 0; j < terms; j++) factors[j] *= data[start + step[j]];
    });
    y.data[i] = sum(factors);
  }
  return y;
}

np.einsum = (subscripts, ...operands) => {
  const arrays = operands.filter(x => !isPlain(x)).map(asarray); // settings such as optimize change no value
  const [left, right] = subscripts.replaceAll(" ", "").split("->");
  // The axes of an ellipsis are named by their place from the end.
  const named = (names, ndim) => {
    const [before, after] = names.split("..."), more = ndim - before.length - (after ?? "").length;
    if (more < 0 || (after === undefined && more)) fail(`${names} doesn't name ${ndim} axes`);
    return [...before, ...range(more).map(i => more - i), ...(after ?? "")];
  };
  const terms = left.split(",");
  if (terms.length !== arrays.length) fail(`${subscripts} isn't for ${arrays.length} arrays`);
  const labels = terms.map((names, k) => named(names, arrays[k].ndim)), all = labels.flat();
  const hidden = Math.max(0, ...all.filter(Number.isInteger));
  const once = all.filter(name => typeof name === "string" && all.indexOf(name) === all.lastIndexOf(name)).sort();
  const output = right ?? `${hidden ? "..." : ""}${once.join("")}`;
  const more = output.includes("...") ? hidden - 3 : 0;
  return contract(arrays, labels, named(output, output.length + more));
};

/** Names for axes: a0, a1, ... */
const letters = (name, n) => range(n).map(i => name + i);

np.matmul = def("x1, x2", (x1, x2) => {
  const [a, b] = [asarray(x1), asarray(x2)];
  if (!a.ndim || !b.ndim) fail("matmul: a number is no matrix; use multiply");
  const stack = x => range(Math.max(0, x.ndim - 2)).map(i => x.ndim - 2 - i); // numbered from the end
  const rows = a.ndim > 1 ? ["row"] : [], columns = b.ndim > 1 ? ["column"] : [];
  requireAlike(a.shape.at(-1), b.shape.at(b.ndim > 1 ? -2 : -1), a, b);
  const labels = [[...stack(a), ...rows, "k"], [...stack(b), "k", ...columns]];
  return contract([a, b], labels, [...stack(a.ndim > b.ndim ? a : b), ...rows, ...columns]);
});
np.tensordot = def("a, b, axes", (a, b, axes = 2) => {
  const [x, y] = [asarray(a), asarray(b)];
  const pair = typeof axes === "number" ? [range(axes).map(i => x.ndim - axes + i), range(axes)] : axes;
  const [of, by] = [axesOf(pair[0], x.ndim), axesOf(pair[1], y.ndim)];
  const left = letters("a", x.ndim), right = letters("b", y.ndim);
  if (of.length !== by.length) fail("tensordot: as many axes of a are needed as of b");
  of.forEach((axis, i) => {
    requireAlike(x.shape[axis], y.shape[by[i]], x, y);
    right[by[i]] = left[axis];
  });
  const kept = [...left.filter((_, i) => !of.includes(i)), ...right.filter((_, i) => !by.includes(i))];
  return contract([x, y], [left, right], kept);
});
function requireAlike(m, n, a, b) {
  if (m !== n) fail(`shapes ${text(a.shape)} and ${text(b.shape)} don't fit: ${m} is not ${n}`);
}
np.dot = def("a, b", (a, b) =>
  np.ndim(a) && np.ndim(b) ? np.tensordot(a, b, [[-1], [np.ndim(b) > 1 ? -2 : -1]]) : np.multiply(a, b));
np.inner = def("a, b", (a, b) => np.ndim(a) && np.ndim(b) ? np.tensordot(a, b, [[-1], [-1]]) : np.multiply(a, b));
np.outer = def("a, b", (a, b) => np.tensordot(np.ravel(a), np.ravel(b), 0));
np.vdot = def("a, b", (a, b) => np.dot(np.ravel(a), np.ravel(b)));
np.vecdot = def("x1, x2, axis", (x1, x2, axis = -1) => np.sum(np.multiply(x1, x2), axis));
np.kron = def("a, b", (a, b) => {
  const n = Math.max(np.ndim(a), np.ndim(b)), [x, y] = [a, b].map(atLeast(n));
  const labels = [letters("a", n), letters("b", n)];
  const blocks = contract([x, y], labels, range(n).flatMap(i => labels.map(names => names[i])));
  return np.reshape(blocks, x.shape.map((k, i) => k * y.shape[i]));
});

// Indexing -----------------------------------------------------------------------------------------------------------

/** Arrays of positions, one for each axis of a mask. */
function nonzero(mask) {
  const strides = stridesOf(mask.shape), at = range(mask.size).filter(i => mask.data[i] !== 0);
  return mask.shape.map((n, i) => asarray(at.map(k => Math.floor(k / strides[i]) % n)));
}

/** The parts of an index, one for each axis of the array that they take, or {axis: none} for what makes a new axis. */
function partsOf(shape, index) {
  const parts = (Array.isArray(index) ? index : [index]).flatMap(part => {
    if (Array.isArray(part) || typeof part === "boolean") part = asarray(part);
    if (!part?.bool) return [part];
    if (part.ndim === 0) return [{ isNew: true, yes: +part }]; // an axis with an element if it is true
    return nonzero(part).map((at, i) => Object.assign(at, { of: part.shape[i] }));
  });
  const taken = parts.filter(part => part !== null && part !== np.Ellipsis && !part?.isNew).length;
  if (taken > shape.length) fail(`too many indices: ${taken} for ${shape.length} dimensions`);
  const rest = Array(shape.length - taken).fill(np.slice()), k = parts.indexOf(np.Ellipsis);
  return k < 0 ? [...parts, ...rest] : parts.toSpliced(k, 1, ...rest);
}

/** What an index takes of an array of this shape: the shape of that, and where each of its elements stands. */
function indexed(shape, index) {
  const strides = stridesOf(shape), parts = partsOf(shape, index);
  const lists = []; // for each part of the result: {shape, steps}
  const arrays = []; // the arrays among the parts, and numbers beside them, which are broadcast together
  let axis = 0, before = null, last = null, together = true; // whether those stand side by side
  parts.forEach((part, k) => {
    if (part === null) return lists.push({ shape: [1], steps: [0] });
    const n = part.isNew ? 1 : shape[axis], stride = part.isNew ? 0 : strides[axis];
    if (!part.isNew) axis += 1;
    if (part instanceof Slice) {
      const positions = part.positions(n);
      return lists.push({ shape: [positions.length], steps: positions.map(i => i * stride) });
    }
    if ((part.of ?? n) !== n) fail(`a mask has ${part.of} elements where the array has ${n}`);
    const at = part.isNew ? filled([part.yes], 0) : asarray(part);
    arrays.push({ shape: at.shape, data: at.data.map(i => positionOf(i, n) * stride) });
    together &&= last === null || last === k - 1;
    [before, last] = [before ?? lists.length, k];
  });
  if (arrays.length) {
    const common = broadcast(...arrays.map(a => a.shape));
    const steps = arrays.map(a => stretched(new NDArray(a.shape, a.data), common));
    const joined = { shape: common, steps: range(product(common)).map(i => sum(steps.map(s => s[i]))) };
    lists.splice(together ? before : 0, 0, joined);
  }
  return { shape: lists.flatMap(l => l.shape), at: sums(lists.map(l => l.steps)) };
}
function positionOf(i, n) {
  if (!Number.isInteger(i) || i < -n || i >= n) fail(`index ${i} is out of bounds for ${n} elements`);
  return i < 0 ? i + n : i;
}

/** a new, with put(the element's data, its place, a value) at each place that the index takes. */
function assigned(a, index, value, put) {
  const y = copy(asarray(a)), { shape, at } = indexed(y.shape, index);
  let v = asarray(value);
  while (v.ndim > shape.length && v.shape[0] === 1) v = np.squeeze(v, 0); // as NumPy lets pass
  const values = stretched(v, shape);
  at.forEach((i, k) => put(y.data, i, values[k]));
  return y;
}

np.getitem = (a, index) => {
  const x = asarray(a), { shape, at } = indexed(x.shape, index);
  return gather(x, shape, at);
};
np.setitem = (a, index, value) => assigned(a, index, value, (data, i, v) => { data[i] = v; });
np.scatter = (g, index, shape) => np.add_at(np.zeros(shape), index, g);
np.add_at = (a, index, value) => assigned(a, index, value, (data, i, v) => { data[i] += v; });
np.nonzero = def("a", a => nonzero(asarray(a)));
np.flatnonzero = def("a", a => nonzero(np.ravel(a))[0]);
np.take = def("a, indices, axis", (a, indices, axis = null) => {
  const [x, k] = inRow(a, axis), i = asarray(indices);
  return np.getitem(x, [...Array(k).fill(np.slice()), i.bool ? np.astype(i) : i]);
});
np.take_along_axis = def("arr, indices, axis", (arr, indices, axis = -1) => {
  const [a, k] = inRow(arr, axis), i = asarray(indices), sides = j => a.shape.map((_, l) => l === j ? -1 : 1);
  if (i.ndim !== a.ndim) fail("take_along_axis: indices must have as many dimensions as the array");
  return np.getitem(a, a.shape.map((n, j) => j === k ? i : np.reshape(range(n), sides(j))));
});
np.compress = def("condition, a, axis", (condition, a, axis = null) =>
  np.take(a, nonzero(asarray(condition))[0], axis));

// Linear algebra -----------------------------------------------------------------------------------------------------

/** Solve in place a x = b for an n x n matrix and an n x m matrix in lists of rows, by elimination with the largest
 *  pivot of each column; gives the determinant. */
function eliminate(a, b) {
  let determinant = 1;
  for (let k = 0; k < a.length; k++) {
    const sizes = a.map((row, i) => i < k ? -1 : Math.abs(row[k])), best = sizes.indexOf(Math.max(...sizes));
    if (best > k) {
      for (const m of [a, b]) [m[k], m[best]] = [m[best], m[k]];
      determinant = -determinant;
    }
    determinant *= a[k][k];
    if (a[k][k] === 0) return 0;
    for (let i = k + 1; i < a.length; i++) subtractRow(a, b, i, k);
  }
  for (let k = a.length - 1; k >= 0; k--) {
    for (let i = 0; i < k; i++) subtractRow(a, b, i, k);
    b[k] = b[k].map(x => x / a[k][k]);
  }
  return determinant;
}
function subtractRow(a, b, i, k) {
  const factor = a[i][k] / a[k][k];
  for (const m of [a, b]) m[i] = m[i].map((x, j) => x - factor * m[k][j]);
}
/** The last two axes as lists of rows, for each matrix of a stack. */
function matrices(a) {
  const [n, m] = a.shape.slice(-2), row = start => [...a.data.subarray(start, start + m)];
  return range(product(a.shape.slice(0, -2))).map(k => range(n).map(i => row((k * n + i) * m)));
}
function requireSquare(a) {
  if (a.ndim < 2 || a.shape.at(-1) !== a.shape.at(-2)) fail(`shape ${text(a.shape)} is no square matrix`);
  return a;
}

np.det = def("a", a => {
  const x = requireSquare(asarray(a));
  return new NDArray(x.shape.slice(0, -2), Float64Array.from(matrices(x), m => eliminate(m, m.map(() => []))));
});
np.solve = def("a, b", (a, b) => {
  const x = requireSquare(asarray(a)), y = asarray(b);
  if (y.ndim === 1) return np.squeeze(np.solve(x, np.expand_dims(y, 1)), -1);
  const stack = broadcast(x.shape.slice(0, -2), y.shape.slice(0, -2)), n = x.shape.at(-1);
  requireAlike(n, y.shape.at(-2), x, y);
  const right = matrices(np.broadcast_to(y, [...stack, ...y.shape.slice(-2)]));
  matrices(np.broadcast_to(x, [...stack, n, n])).forEach((m, k) => {
    if (n && eliminate(m, right[k]) === 0) fail("Singular matrix");
  });
  return new NDArray([...stack, ...y.shape.slice(-2)], Float64Array.from(right.flat(2)));
});
np.inv = def("a", a => {
  const { shape } = requireSquare(asarray(a));
  return np.solve(a, np.broadcast_to(np.eye(shape.at(-1)), shape));
});

}
