"use strict";
// Numbers as the backward page shows them, with four significant digits:
//
//   formatNumber(x)           one number
//   formatDigits(x, n)        one number with n digits, where four would make an equation false
//   formatSum([a, b, ...])    the numbers of a sum, all in one notation; a list of texts
//   formatArray(a)            an array, laid out as NumPy prints it
//   formatArrays([a, b, ...]) several arrays, all in one notation; a list of texts
//
// An array is {shape, data}, as in numpy.js, with .bool = true if it is a mask.

const { formatNumber, formatDigits, formatSum, formatArray, formatArrays } = (() => {
  const MOST = 1e6; // whole numbers below it are written out
  const WIDTH = 100; // of a line, in characters
  const SHOWN = 2000; // of a larger array only the corners are shown,
  const EDGE = 3; // which have so many numbers at each end

  // One number -------------------------------------------------------------------------------------------------------

  /** What a method of numbers, toFixed or toExponential, writes with n digits behind the point: text and power of ten.
   *  Of two that are as near JavaScript takes the larger; this the one with an even last digit, as Python does. */
  function rounded(x, method, n) {
    const more = 40; // digits behind which no half hides
    const [exact, power] = x[method](n + more).split("e"), [near, ownPower] = x[method](n).split("e");
    const kept = exact.slice(0, -more).replace(/\.$/, "");
    const isHalf = exact.slice(-more) === "5".padEnd(more, "0") && "02468".includes(kept.at(-1));
    return isHalf ? [kept, power] : [near, ownPower];
  }
  const fixed = (x, n) => rounded(x, "toFixed", n)[0];
  const exponential = (x, n) => {
    const [digits, power] = rounded(x, "toExponential", n);
    return [digits, Number(power)];
  };

  /** The power of ten in front of which x > 0 has one digit, after rounding to as many digits as are shown. */
  const exponentOf = x => exponential(x, 3)[1];
  const withoutZeros = text => text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  const isShortWhole = x => Number.isInteger(x) && Math.abs(x) < MOST;

  /** The text of x, of which write(|x|) gives the digits. */
  function signed(x, write) {
    if (Number.isNaN(x)) return "nan";
    const text = Math.abs(x) === Infinity ? "inf" : write(Math.abs(x));
    return x < 0 && /[1-9i]/.test(text.split("e")[0]) ? `−${text}` : text;
  }

  const formatNumber = x => formatDigits(x, 4);
  function formatDigits(x, most) {
    return signed(x, size => {
      if (isShortWhole(size)) return String(size);
      const [digits, power] = exponential(size, most - 1);
      if (power < -4 || power >= most) return `${withoutZeros(digits)}e${power}`;
      return withoutZeros(fixed(size, most - 1 - power));
    });
  }

  // Several numbers --------------------------------------------------------------------------------------------------

  const sizesOf = numbers => numbers.map(Math.abs).filter(x => x > 0 && x < Infinity);

  /** How many of n digits behind the point are needed, so that not all of the texts end in 0. */
  function needed(numbers, n, digitsOf) {
    const ends = sizesOf(numbers).map(x => withoutZeros(digitsOf(x, n)).split(".")[1] ?? "");
    return Math.max(0, ...ends.map(end => end.length));
  }

  /** A way to write all these numbers: with n digits behind the point, */
  function inFixed(numbers, n) {
    const digits = needed(numbers, n, fixed);
    return x => signed(x, size => fixed(size, digits));
  }
  /** with n digits and each its own power of ten, */
  function inPowers(numbers, n) {
    const digits = needed(numbers, n, (x, k) => exponential(x, k)[0]);
    return x => signed(x, size => size === 0 ? fixed(0, digits) : exponential(size, digits).join("e"));
  }
  /** or with n digits and one power of ten. */
  function inOnePower(numbers, n, power) {
    const scaled = (x, k) => fixed(timesPower(x, -power), k);
    const digits = needed(numbers, n, scaled);
    return x => signed(x, size => `${scaled(size, digits)}e${power}`);
  }
  /** x 10^n in one rounding, which a factor that isn't exact, or overflows, wouldn't give. */
  function timesPower(x, n) {
    const [digits, power] = String(x).split("e");
    return Number(`${digits}e${Number(power ?? 0) + n}`);
  }

  /** The largest number has four digits, and up to four more where they are needed: so that a small term has one, and
   *  the sum of terms that almost cancel has four, too. */
  function formatSum(numbers) {
    const sizes = sizesOf(numbers);
    if (numbers.every(isShortWhole) || !sizes.length) return numbers.map(formatNumber);
    const largest = Math.max(...sizes), top = exponentOf(largest), low = exponentOf(Math.min(...sizes));
    const total = Math.abs(numbers.filter(Number.isFinite).reduce((a, b) => a + b, 0));
    const isThere = total > 1e-12 * largest; // twice, where it is among them; and no rounding error in place of 0
    const wanted = Math.min(top - 3, low, isThere ? exponentOf(total / 2) - 3 : top), last = Math.max(wanted, top - 7);
    const isPlain = top >= -4 && largest < MOST; // last: the power of ten of the last digit
    return numbers.map(isPlain ? inFixed(numbers, Math.max(0, -last)) : inOnePower(numbers, top - last, top));
  }

  /** A way to write columns: all with as many digits behind the point, four of the largest number, and of the smallest
   *  two, or up to four where there is room for them; with powers of ten where that takes too many. */
  function notation(numbers) {
    const sizes = sizesOf(numbers);
    if (!sizes.length || numbers.every(x => isShortWhole(x) || !Number.isFinite(x))) return formatNumber;
    const largest = Math.max(...sizes), top = exponentOf(largest), low = exponentOf(Math.min(...sizes));
    const digits = Math.max(0, 3 - top, 1 - low, Math.min(4, 3 - low, 7 - top));
    const isPlain = top >= -4 && largest < MOST && Math.max(0, top) + digits <= 7;
    return isPlain ? inFixed(numbers, digits) : inPowers(numbers, 3);
  }

  // Arrays -----------------------------------------------------------------------------------------------------------

  /** The places along an axis that are shown, null standing for those between. */
  function shownOf(n, isLarge) {
    const all = Array.from({ length: n }, (_, i) => i);
    return isLarge && n > 2 * EDGE ? [...all.slice(0, EDGE), null, ...all.slice(-EDGE)] : all;
  }

  /** Nested lists of the positions in the data of what is shown. */
  function nested(shape, isLarge, start = 0) {
    const [n, ...rest] = shape, size = rest.reduce((a, b) => a * b, 1);
    if (n === undefined) return start;
    return shownOf(n, isLarge).map(i => i === null ? null : nested(rest, isLarge, start + i * size));
  }

  /** Words in lines between brackets, as NumPy lays them out: indent is what stands before each line. */
  function layOut(part, word, indent, width) {
    if (!Array.isArray(part[0])) {
      const lines = [indent];
      for (const place of part) {
        const text = place === null ? "…" : word(place), line = lines.at(-1);
        if (line.length + text.length > width - 1 && line.length > indent.length) lines.push(indent);
        lines[lines.length - 1] += `${text} `;
      }
      return `[${lines.map(line => line.trimEnd()).join("\n").slice(indent.length)}]`;
    }
    let depth = 0;
    for (let p = part; Array.isArray(p); p = p[0]) depth += 1;
    const rows = part.map(row => indent + (row === null ? "…" : layOut(row, word, `${indent} `, width - 1)));
    return `[${rows.join("\n".repeat(depth - 1)).slice(indent.length)}]`;
  }

  function formatArrays(arrays) {
    const parts = arrays.map(a => nested(a.shape, a.data.length > SHOWN));
    const places = parts.map(part => [part].flat(Infinity).filter(place => place !== null));
    const numbers = arrays.flatMap((a, k) => a.bool ? [] : places[k].map(i => a.data[i]));
    const isOne = numbers.length === 1, write = isOne ? formatNumber : notation(numbers);
    return arrays.map((a, k) => {
      const word = i => a.bool ? (a.data[i] ? "True" : "False") : write(a.data[i]);
      if (a.data.length === 0) return "[]";
      if (a.shape.length === 0) return word(0);
      const width = Math.max(...places[k].map(i => word(i).length));
      return layOut(parts[k], i => word(i).padStart(width), " ", WIDTH);
    });
  }
  const formatArray = a => formatArrays([a])[0];

  return { formatNumber, formatDigits, formatSum, formatArray, formatArrays };
})();
