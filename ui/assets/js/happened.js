// What an event says, in words: its kind, its place, its value. An id that has no word stands for itself.
const TYPES = new Set(["click", "hover", "selection", "undo", "redo", "saved", "refused", "adjusted", "view_change", "time_spent", "join", "invite", "inquiry", "web_vital", "error", "system"]);
const PLACES = new Set(["room", "page", "view", "share", "inquiry"]);
const VIEWS = new Set(["exterior", "interior", "pv", "fenster"]);
const VALUES = new Set(["none", "sent", "opened", "share-link", "select", "set_quantity", "clear", "apply", "reset", "undo", "redo", "rename", "accept_proposal"]);
const QUANTITY = /^quantity:(\d{1,9})$/;

export function createHappened({ categories, t, language }) {
  const names = new Map(categories.map((c) => [c.id, c.name]));
  const options = new Map(categories.flatMap((c) => c.options.map((o) => [`${c.id}/${o.id}`, o.name])));
  return {
    options,
    type: (type) => (TYPES.has(type) ? t(`admin.type.${type}`) : type),
    place: (id) => names.get(id)?.[language()] ?? (PLACES.has(id) ? t(`admin.place.${id}`) : id),
    // An option, with its quantity where it is `option:quantity`; a view; or what a control is called.
    value(category, value) {
      const [option, quantity] = String(value).split(":");
      const name = options.get(`${category}/${option}`)?.[language()];
      if (name) return quantity ? `${name} × ${quantity}` : name;
      const many = QUANTITY.exec(value);
      if (many) return t("admin.value.quantity", { n: many[1] });
      if (VALUES.has(value)) return t(`admin.value.${value}`);
      return VIEWS.has(value) ? t(`view.${value}`) : value;
    },
  };
}
