// Numbers in three digits, as Python writes them into the cards of the picture (see draw/labels.py).
//
// labels.number(x, padded)   one number; padded with zeros for a column
// labels.table(array)        the numbers of a small array in rows and columns, else statistics, a line each
// labels.statistics(array)   range and mean of the finite numbers, and how many aren't finite
// labels.shown(array)        for a tip: all numbers, if they aren't many
// labels.inWords(array)      for who listens: a few numbers, else statistics
// labels.read(typed)         the number that was typed; NaN if it is none, and infinite if it is too large

const labels = (() => {
  const MANY = 400, FEW = 12;

  /** Three digits and a power of ten; of two texts that are as near, that with the even digit, as in Python. */
  function threeDigits(x) {
    const [exact, power] = x.toExponential(50).split("e"), digits = exact.slice(0, exact.indexOf(".") + 3);
    if (/^50*$/.test(exact.slice(digits.length)) && "02468".includes(digits.at(-1))) return [digits, +power];
    const [near, ownPower] = x.toExponential(2).split("e");
    return [near, +ownPower];
  }
  /** Numbers in a text with the sign − in place of the hyphen; powers of ten keep it, as everywhere on the page. */
  const withMinus = text => text.replace(/(?<!e)-(?=[\d.]|inf)/g, "−");
  const number = (x, padded = false) => withMinus(plain(x, padded));
  function plain(x, padded) {
    if (Number.isNaN(x)) return "nan";
    if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
    if (Number.isInteger(x) && Math.abs(x) < 1e6) return String(x);
    const [digits, power] = threeDigits(x), short = s => padded || !s.includes(".") ? s : s.replace(/\.?0+$/, "");
    if (Math.abs(x) < 1e-3) return `${digits}e${power}`;
    return power >= 3 ? `${short(digits)}e${power}` : short(Number(`${digits}e${power}`).toFixed(2 - power));
  }

  function table(array) {
    const { shape, data } = array, columns = shape.at(-1) ?? 1, rows = data.length / columns;
    if (!data.length) return [["empty"]];
    const isSmall = shape.length < 3 && data.length <= 12 && rows <= 4 && columns <= (rows === 1 ? 6 : 4);
    if (!isSmall) return statistics(array).map(line => [line]);
    const row = i => Array.from(data.slice(i * columns, (i + 1) * columns), x => number(x, data.length > 1));
    return Array.from({ length: rows }, (_, i) => row(i));
  }
  /** Of complex numbers their size; of a very large array, data are means of blocks. */
  function statistics(array) {
    const { complex, blocks, data } = array, sign = complex ? "|z| " : "";
    const sizes = () => Array.from({ length: data.length / 2 }, (_, i) => Math.hypot(data[2 * i], data[2 * i + 1]));
    const all = complex && !blocks ? sizes() : data;
    const finite = all.filter(Number.isFinite), broken = all.length - finite.length;
    let [low, high] = [array.low, array.high];
    if (!blocks) [low, high] = finite.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [Infinity, -Infinity]);
    const range = `${sign}${number(low)} … ${number(high)}`, mean = `mean ${number(finite.reduce((a, b) => a + b, 0) / finite.length)}`;
    const lines = !finite.length ? [] : low === high ? [`all ${sign}${number(low)}`] : [range, mean];
    return broken ? [...lines, `${broken.toLocaleString("en")} nan or inf`] : lines;
  }
  const isLong = (array, most) => array.blocks || array.data.length > most;
  const shown = array => isLong(array, MANY) ? statistics(array).join(", ") : heatmap.text(array);
  const inWords = array => isLong(array, FEW) ? statistics(array).join(", ") : heatmap.text(array).replace(/\s+/g, " ");

  /** A number as people type it: -8, (−8), - 8, 1,5, 1e-3; and products and quotients of such, 2*-4 and 1/3. */
  function read(typed) {
    const text = typed.trim().replace(/[−–—]/g, "-").replace(/[·×]/g, "*").replaceAll(",", ".").replace(/\s*([-+*/()])\s*/g, "$1");
    const [first, ...rest] = text.split(/(?=[*/])/), factor = s => /^\((.*)\)$/.exec(s)?.[1] ?? s;
    const factors = [factor(first), ...rest.map(s => factor(s.slice(1)))];
    if (!factors.every(s => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(s))) return NaN;
    return factors.map(Number).reduce((a, b, i) => rest[i - 1][0] === "*" ? a * b : b === 0 ? NaN : a / b);
  }
  return { number, table, statistics, shown, inWords, withMinus, read };
})();
