// The points of a series with the sessions of their counterparts in the range that it is compared with.
export const COUNTED = ["sessions", "completed", "inquiries", "interactions"];

const NOTHING = Object.fromEntries(COUNTED.map((key) => [key, null]));

// A point without a counterpart has a line of its own, under its own time: the sum of both is whole.
export function sideBySide({ rows, compared, pairs, unit }, w) {
  const own = named(rows, unit, w);
  if (!pairs) return own;
  const others = named(compared, unit, w);
  return pairs.map((pair) => {
    const other = others[pair.compared];
    const point = own[pair.row] ?? { ...NOTHING, at: other.at, label: other.label };
    return { ...point, before: other?.sessions ?? null };
  });
}

function named(points, unit, w) {
  const labels = w.labels(points.map((point) => point.at), unit);
  return points.map((point) => ({ ...point, label: labels.get(point.at) }));
}
