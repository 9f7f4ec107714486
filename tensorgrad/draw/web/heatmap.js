// Arrays as elements of the page: few numbers as text, many as a heat map that tells the number pointed at.

/** An element; of its attributes `html` is its content, and those with functions are listeners. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "html") made.innerHTML = value;
    else if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter(child => child != null && child !== ""));
  return made;
}

const shapeText = shape => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
const sizeOf = array => array.shape.reduce((a, b) => a * b, 1);

/** The index of the i-th number of an array, a number for each axis. */
function indexOf(i, shape) {
  return shape.map((n, k) => Math.floor(i / shape.slice(k + 1).reduce((a, b) => a * b, 1)) % n);
}
/** The name of the i-th number: "w[0, 2]", or "a" if it is the only one. */
const nameOfElement = (name, i, shape) => shape.length ? `${name}[${indexOf(i, shape).join(", ")}]` : name;

const heatmap = (() => {
  const FEW = 48; // numbers that are shown as text
  const LOW = [47, 126, 199], HIGH = [222, 118, 20], OTHER = [128, 128, 128]; // of 0 nothing is drawn: it is as the paper
  const WIDE = 352, TALL = 240, CELL = 16, BETWEEN = 150; // pixels; how opaque the lines between maps are

  // Numbers as text --------------------------------------------------------------------------------------------------

  const tokens = /[^\s[\]]+/g;
  const parts = array => [0, 1].map(k => ({ shape: array.shape, data: array.data.filter((_, i) => i % 2 === k) }));
  function complexText(array) {
    const [re, im] = formatArrays(parts(array)), rest = im.match(tokens) ?? [];
    return re.replace(tokens, x => {
      const y = rest.shift();
      return x === "…" ? x : `${x}${y.startsWith("−") ? "" : "+"}${y}j`;
    });
  }
  /** Several arrays in one notation. */
  const texts = arrays => arrays.some(a => a.complex) ? arrays.map(a => a.complex ? complexText(a) : formatArray(a)) : formatArrays(arrays);
  const text = array => texts([array])[0];

  // Where each number is drawn ---------------------------------------------------------------------------------------

  /** An array as a grid: of more than two axes, one map for each index of the first ones, in lines of so many; of one
   *  axis, its numbers in rows. A number has `unit` × `unit` points, and between maps there is a line one point wide. at(x, y)
   *  is the place of a number in the data, or null between maps. */
  function gridOf(array) {
    const shape = array.blocks ?? array.shape, n = shape.reduce((a, b) => a * b, 1);
    const columns = shape.length > 1 ? shape.at(-1) : n <= 64 ? n : Math.min(256, Math.max(64, Math.ceil(Math.sqrt(n))));
    const rows = shape.length > 1 ? shape.at(-2) : Math.ceil(n / columns), maps = shape.length > 1 ? n / (rows * columns) : 1;
    const across = Math.min(maps, Math.max(1, Math.round(Math.sqrt(maps * 1.6 * (rows + 1) / (columns + 1)))));
    const unit = maps > 1 && n <= 4096 ? 6 : 1, [far, down] = [columns * unit + 1, rows * unit + 1]; // from map to map
    const width = across * far - 1, height = Math.ceil(maps / across) * down - 1;
    const at = (x, y) => {
      const [column, row] = [Math.floor(x % far / unit), Math.floor(y % down / unit)];
      const map = Math.floor(y / down) * across + Math.floor(x / far);
      const i = (map * rows + row) * columns + column;
      return x < 0 || y < 0 || x >= width || y >= height || column === columns || row === rows || i >= n ? null : i;
    };
    const placeOf = i => {
      const map = Math.floor(i / (rows * columns)), inside = i % (rows * columns);
      return [(map % across) * far + unit * (inside % columns), Math.floor(map / across) * down + unit * Math.floor(inside / columns)];
    };
    const said = maps > 1 ? `${maps.toLocaleString("en")} maps of ${rows} × ${columns}, by the first ${shape.length > 3 ? "axes" : "axis"}${mapsText(shape, maps, across)}.`
      : shape.length === 1 && rows > 1 ? `in rows of ${columns}` : "";
    return { width, height, unit, at, placeOf, said };
  }
  /** Which map is where, if there are few. */
  function mapsText(shape, maps, across) {
    const names = Array.from({ length: maps }, (_, i) => `[${indexOf(i, shape.slice(0, -2)).join(", ")}]`);
    const lines = Array.from({ length: Math.ceil(maps / across) }, (_, i) => names.slice(i * across, (i + 1) * across).join(" "));
    return maps > 12 ? `, ${across} in a row` : `: ${lines.join(", below them ")}`;
  }

  /** What is drawn: the numbers themselves, of complex ones the sizes. */
  const drawn = array => array.complex && !array.blocks ? array.data.filter((_, i) => i % 2 === 0).map((re, i) => Math.hypot(re, array.data[2 * i + 1])) : array.data;

  /** The ends of the scale: the same on both sides of 0 where there are both signs. */
  function scaleOf(numbers) {
    let low = Infinity, high = -Infinity;
    for (const x of numbers) if (Number.isFinite(x)) { low = Math.min(low, x); high = Math.max(high, x); }
    if (low > high) return { low: 0, high: 0, ends: [0, 0], strength: () => 0 };
    const most = Math.max(-low, high);
    if (low < 0 && high > 0) return { low, high, ends: [-most, most], strength: x => x / most };
    const span = high - low, sign = high > 0 ? 1 : -1;
    const strength = x => span === 0 ? sign * (most > 0) / 2 : sign > 0 ? (x - low) / span : (x - high) / span;
    return { low, high, ends: [low, high], strength };
  }

  function paint(canvas, numbers, grid, scale) {
    const image = new ImageData(grid.width, grid.height);
    for (let y = 0, p = 0; y < grid.height; y++) {
      for (let x = 0; x < grid.width; x++, p += 4) {
        const i = grid.at(x, y), number = i === null ? 0 : numbers[i], strength = Number.isFinite(number) ? scale.strength(number) : 1;
        image.data.set(i === null || !Number.isFinite(number) ? OTHER : strength < 0 ? LOW : HIGH, p);
        image.data[p + 3] = i === null ? BETWEEN : Math.round(255 * Math.abs(strength));
      }
    }
    Object.assign(canvas, { width: grid.width, height: grid.height });
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  // The map ----------------------------------------------------------------------------------------------------------

  const range = (i, k, n) => [i, i + 1].map(j => Math.floor(j * n / k)); // as Python cuts n into k
  /** What a cell is called, and what it says. */
  function cellText(array, name, i) {
    if (!array.blocks) {
      const x = array.complex ? complexText({ shape: [], data: array.data.slice(2 * i, 2 * i + 2) })
        : array.bool ? (array.data[i] ? "True" : "False") : formatNumber(array.data[i]);
      return `${nameOfElement(name, i, array.shape)} = ${x}`;
    }
    const columns = array.shape.at(-1), rows = sizeOf(array) / columns, [many, wide] = array.blocks;
    const [top, bottom] = range(Math.floor(i / wide), many, rows), [left, right] = range(i % wide, wide, columns);
    return `rows ${top} to ${bottom - 1}, columns ${left} to ${right - 1}: mean ${array.complex ? "size " : ""}${formatNumber(array.data[i])}`;
  }
  function blocksText(array) {
    const columns = array.shape.at(-1), rows = sizeOf(array) / columns, [many, wide] = array.blocks;
    const per = [rows / many, columns / wide].map(x => Number.isInteger(x) ? x : `${Math.floor(x)} or ${Math.ceil(x)}`);
    const flat = array.shape.length === 2 ? "" : ` of it as a matrix of ${rows.toLocaleString("en")} rows`;
    return `Each cell is the mean of ${array.complex ? "the sizes of " : ""}${per.join(" × ")} numbers${flat}.`;
  }

  const HINT = "Point at a cell, or use the arrow keys.";
  /** A heat map of an array. onPick(i) is told which number was chosen by a click or the keyboard; `at` is the one chosen. */
  function map(array, name, { onPick, at = null } = {}) {
    const grid = gridOf(array), numbers = drawn(array), scale = scaleOf(numbers);
    const canvas = element("canvas", { "aria-hidden": "true" }), mark = element("i", { hidden: true });
    const said = element("output", { class: "readout" }, HINT);
    paint(canvas, numbers, grid, scale);
    const { unit } = grid, room = unit * TALL / grid.height; // for a number, as wide and tall below
    const wide = Math.min(CELL, unit * WIDE / grid.width), tall = Math.min(CELL, Math.max(room > 6 ? Math.max(wide, 6) : 0, Math.min(wide, room)));
    let chosen = at;
    function tell(i) {
      mark.hidden = i === null;
      said.textContent = i === null ? HINT : cellText(array, name, i);
      if (i === null) return;
      const [x, y] = grid.placeOf(i), share = (a, b) => `${100 * a / b}%`;
      Object.assign(mark.style, { left: share(x, grid.width), top: share(y, grid.height), width: share(unit, grid.width), height: share(unit, grid.height) });
    }
    const choose = i => { chosen = i; tell(i); onPick?.(i); };
    const under = event => {
      const box = canvas.getBoundingClientRect();
      return grid.at(Math.floor((event.clientX - box.left) / box.width * grid.width), Math.floor((event.clientY - box.top) / box.height * grid.height));
    };
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    function moved(event) {
      if (event.key === "Home" || event.key === "End") choose(event.key === "Home" ? 0 : numbers.length - 1);
      else if (event.key in moves) {
        const step = moves[event.key], start = chosen === null ? null : grid.placeOf(chosen);
        const on = ([x, y], far) => grid.at(x + far * step[0], y + far * step[1]);
        choose(start === null ? 0 : on(start, unit) ?? on(start, unit + 1) ?? chosen); // 1: over the line between maps
      } else return;
      event.preventDefault();
      event.stopPropagation();
    }
    const cells = element("div", {
      class: "cells", tabindex: 0, role: "application", "aria-roledescription": "heat map",
      "aria-label": `${name}, shape ${shapeText(array.shape)}, from ${formatNumber(scale.low)} to ${formatNumber(scale.high)}. Arrow keys tell its numbers.`,
      style: `width:${grid.width * wide / unit}px;height:${grid.height * tall / unit}px`,
      pointermove: event => tell(under(event) ?? chosen), pointerleave: () => tell(chosen),
      click: event => { const i = under(event); if (i !== null) choose(i); },
      keydown: moved, focus: () => tell(chosen ??= 0), blur: () => tell(chosen),
    }, canvas, mark);
    canvas.classList.toggle("fine", wide < 1);
    said.setAttribute("aria-live", "polite");
    if (at !== null) tell(at);
    return element("figure", { class: "map" }, cells, legend(array, numbers, scale), said,
      element("p", { class: "note" }, array.blocks ? blocksText(array) : grid.said));
  }

  function legend(array, numbers, scale) {
    const odd = numbers.reduce((n, x) => n + !Number.isFinite(x), 0), [low, high] = scale.ends;
    const colour = x => `rgb(${(scale.strength(x) < 0 ? LOW : HIGH).join(" ")} / ${Math.abs(scale.strength(x))})`;
    const isBoth = low < 0 && high > 0, bar = `linear-gradient(90deg, ${colour(low)}, ${isBoth ? "transparent, " : ""}${colour(high)})`;
    const within = array.blocks && array.low < array.high ? ` (single numbers from ${formatNumber(array.low)} to ${formatNumber(array.high)})` : "";
    return element("figcaption", {}, element("span", {}, low === high ? "all numbers are" : formatNumber(low)),
      element("span", { class: "scale", style: `background-image:${bar}` }, isBoth ? "0" : ""),
      element("span", {}, formatNumber(high)), array.complex ? " size" : "", within,
      odd ? element("span", { class: "odd" }, `${odd.toLocaleString("en")} nan or inf`) : null);
  }

  // Either -----------------------------------------------------------------------------------------------------------

  const asNumbers = new Set(); // names of large arrays that are shown as text
  const isLarge = array => sizeOf(array) > FEW;

  /** The numbers of arrays in one notation: a list of elements, each text or a map, with a switch between the two. */
  function numbers(arrays, ...names) {
    if (!arrays.some(isLarge)) return texts(arrays).map(words => element("pre", {}, words));
    return arrays.map((array, i) => large(array, names[i]));
  }
  function large(array, name) {
    const holder = element("div", { class: "large" });
    function fill() {
      const isText = asNumbers.has(name) && !array.blocks;
      const turn = array.blocks ? null : element("button", {
        class: "quiet", "aria-label": `${name} ${isText ? "as a map" : "as numbers"}`,
        click: () => { asNumbers[isText ? "delete" : "add"](name); fill(); holder.querySelector("button").focus(); },
      }, isText ? "As a map" : "As numbers");
      holder.replaceChildren(isText ? element("pre", {}, text(array)) : map(array, name), ...(turn ? [turn] : []));
    }
    fill();
    return holder;
  }
  return { numbers, map, text, texts, isLarge };
})();
