// Where things of the picture lie when layers fold: points are [x, y], boxes [x0, y0, x1, y1].
//
// A line is a list of points: cubic Bézier curves, each of which goes on from the last point of the one before.

const geometry = (() => {
  const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
  const contains = (a, b) => a[0] <= b[0] && a[1] <= b[1] && a[2] >= b[2] && a[3] >= b[3];
  const boxAround = points => [Math.min, Math.max].flatMap(most => [0, 1].map(axis => most(...points.map(p => p[axis]))));
  const middle = ([x0, y0, x1, y1]) => [(x0 + x1) / 2, (y0 + y1) / 2];
  const distance = (p, q) => Math.hypot(p[0] - q[0], p[1] - q[1]);
  const between = (p, q, t) => [p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t];

  /** Intervals that touch become one. */
  function joined(intervals) {
    const all = [];
    for (const [a, b] of [...intervals].sort((p, q) => p[0] - q[0])) {
      if (all.length && a <= all.at(-1)[1]) all.at(-1)[1] = Math.max(all.at(-1)[1], b);
      else all.push([a, b]);
    }
    return all;
  }
  /** A monotone map of an axis: the intervals that are kept are moved, and what else is in the ranges {a, b, wanted} is
   *  shrunk, so that each is as long as wanted, or as what is kept in it. */
  function closing(kept, ranges) {
    if (!ranges.length) return x => x;
    const solid = joined(kept);
    const factors = ranges.map(({ a, b, wanted }) => {
      const covered = solid.reduce((sum, [c, d]) => sum + Math.max(0, Math.min(b, d) - Math.max(a, c)), 0);
      return b - a > covered ? clamp((wanted - covered) / (b - a - covered), 0, 1) : 1;
    });
    const cuts = [...new Set([...solid.flat(), ...ranges.flatMap(r => [r.a, r.b])])].sort((a, b) => a - b), moved = cuts.slice(0, 1);
    for (let i = 1, k = 0; i < cuts.length; i++) {
      const x = (cuts[i - 1] + cuts[i]) / 2;
      while (k < solid.length && solid[k][1] < x) k += 1;
      const over = solid[k]?.[0] < x ? [] : factors.filter((_, j) => ranges[j].a < x && x < ranges[j].b);
      moved.push(moved[i - 1] + (cuts[i] - cuts[i - 1]) * (over.length ? Math.max(...over) : 1));
    }
    return x => {
      let low = 0, high = cuts.length;
      while (high - low > 1) {
        const half = low + high >> 1;
        if (cuts[half] <= x) low = half;
        else high = half;
      }
      const isOutside = x < cuts[0] || high === cuts.length;
      return moved[low] + (x - cuts[low]) * (isOutside ? 1 : (moved[high] - moved[low]) / (cuts[high] - cuts[low]));
    };
  }

  /** The first part of a curve, up to t. */
  function firstPart(curve, t) {
    const levels = [curve];
    while (levels.at(-1).length > 1) levels.push(levels.at(-1).slice(1).map((q, i) => between(levels.at(-1)[i], q, t)));
    return levels.map(level => level[0]);
  }
  /** A line without what of its end lies in a box. */
  function cutAt(line, box) {
    for (let i = line.length - 4; i >= 0; i -= 3) {
      const curve = line.slice(i, i + 4), isInside = t => { const p = firstPart(curve, t)[3]; return contains(box, [...p, ...p]); };
      for (let k = 15; k >= 0; k--) {
        if (isInside(k / 16)) continue;
        let outside = k / 16, inside = (k + 1) / 16;
        for (let n = 0; n < 12; n++) {
          const half = (outside + inside) / 2;
          if (isInside(half)) inside = half;
          else outside = half;
        }
        return [...line.slice(0, i), ...firstPart(curve, outside)];
      }
    }
    return Array(4).fill(line[0]);
  }
  /** From the end of a line on to a box, in a curve that goes on as the line went and comes straight to the box: the bend,
   *  and where it ends. */
  function reaching(line, [x0, y0, x1, y1]) {
    const p = line.at(-1), [x, y] = p, before = line.findLast(q => distance(p, q) > .01), inset = 8;
    const isBeside = x <= x0 || x >= x1, side = (isBeside ? x <= x0 : y < y0) ? -1 : 1, out = isBeside ? [side, 0] : [0, side];
    const end = isBeside ? [side < 0 ? x0 : x1, clamp(y, y0 + inset, y1 - inset)] : [clamp(x, x0 + inset, x1 - inset), side < 0 ? y0 : y1];
    const on = before ? direction(before, p) : out.map(u => -u), reach = .45 * distance(p, end);
    return { bend: [shifted(p, on, reach), shifted(end, out, reach)], end };
  }
  const direction = (p, q) => [0, 1].map(axis => (q[axis] - p[axis]) / (distance(p, q) || 1));
  const shifted = (p, u, length) => [p[0] + length * u[0], p[1] + length * u[1]];
  /** An arrow's head that points from one point to another, as Graphviz draws it; and where the line to it ends. */
  function arrowHead(from, end) {
    const u = direction(from, end), base = shifted(end, u, -6);
    return { base, points: [shifted(base, [-u[1], u[0]], 2.1), end, shifted(base, [u[1], -u[0]], 2.1)] };
  }
  return { clamp, contains, boxAround, middle, distance, closing, cutAt, reaching, arrowHead };
})();
