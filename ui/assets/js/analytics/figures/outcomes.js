// The columns of how sessions ended, for every figure that says it by something.
export function outcomeColumns(w) {
  const column = (key, label, say) => ({
    key,
    label: w.t(`analytics.${label}`),
    num: true,
    of: (row) => row.outcomes[key],
    text: (row) => w[say](row.outcomes[key]),
  });
  return [
    column("completed", "completed", "number"),
    column("abandoned", "abandonedShort", "number"),
    column("conversion", "conversion", "percent"),
    column("average_order_value_cents", "average", "euro"),
  ];
}

// Sessions, with a bar of their share of all.
export function sessionsColumn(w, rows) {
  const all = rows.reduce((sum, row) => sum + row.outcomes.sessions, 0) || 1;
  return {
    key: "sessions",
    label: w.t("analytics.sessions"),
    num: true,
    of: (row) => row.outcomes.sessions,
    text: (row) => w.number(row.outcomes.sessions),
    bar: (row) => row.outcomes.sessions / all,
  };
}
