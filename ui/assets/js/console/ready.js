// Ready-made messages, made of the console's present state, and one line about a frame.
import { Confirmed } from "../client/confirmed.js";
import { uuid7 } from "../client/ids.js";
import { euroRounded } from "../shared/format.js";

/**
 * @import { Snapshot } from "../client/messages.js"
 * @import { Language } from "../shared/types.js"
 *
 * @typedef {Record<string, any>} Message what somebody typed, or what a server of any version says
 *
 * @typedef {Confirmed & { asked: number, lastOpId: string | null }} House
 */

/** @param {House} house @param {object} operation @returns {Message} */
const op = (house, operation) => ({
  type: "op",
  id: `op-${house.asked + 1}`,
  configuration: house.code,
  op_id: uuid7(),
  base_version: house.version,
  operation,
});

// The first category of the house's catalogue, and its middle option, or the one before if that is chosen.
/** @param {House} house */
function another({ derived, selection }) {
  const [category, differences] = Object.entries(derived?.differences ?? {})[0] ?? ["", {}];
  const options = Object.keys(differences);
  const middle = Math.floor(options.length / 2);
  const option = options[middle] === selection[category]?.option ? options[middle - 1] : options[middle];
  return { category, option };
}

/** @type {Record<string, (house: House) => Message>} */
export const READY = {
  join: (house) => ({
    type: "join",
    id: "join",
    configuration: house.code,
    ...(house.epoch ? { since: { epoch: house.epoch, version: house.version } } : {}),
  }),
  select: (house) => op(house, { kind: "select", ...another(house) }),
  undo: (house) => op(house, { kind: "undo" }),
  redo: (house) => op(house, { kind: "redo" }),
  presence: (house) => ({
    type: "presence",
    configuration: house.code,
    category: another(house).category,
    view: Object.keys(house.derived?.previews ?? {})[0] ?? null,
  }),
  ping: () => ({ type: "ping", id: "ping" }),
  outcome_of: (house) => ({
    type: "outcome_of",
    id: "outcome",
    configuration: house.code,
    op_id: house.lastOpId ?? uuid7(),
  }),
  access_of: (house) => ({ type: "access_of", id: "access", configuration: house.code }),
  bad: (house) => ({
    type: "op",
    id: "bad",
    configuration: house.code,
    op_id: "42",
    base_version: -1,
    operation: { kind: "explode" },
  }),
};

// The house of the console, in the form in which all our clients keep it (CL1, CL2), and the number
// of its ops.
/** @returns {House} */
export function createHouse(code = "") {
  return Object.assign(new Confirmed(code, null), { asked: 0, lastOpId: null });
}

// Take one frame; returns "missed" if a version is missing.
/** @param {House} house @param {Message} frame @returns {"missed" | null} */
export function follow(house, frame) {
  if (frame.type === "snapshot") house.replace(/** @type {Snapshot} */ (frame));
  else if (frame.type === "op" || frame.type === "ops") {
    for (const each of frame.type === "op" ? [frame] : frame.ops) {
      if (!house.has(each.epoch, each.version - 1)) return "missed";
      if (!house.has(each.epoch, each.version)) house.apply(each, false);
    }
    if (frame.members) house.present(frame.members, frame.member_count);
    if (frame.type === "ops" && !house.has(frame.epoch, frame.to)) return "missed";
  } else if (frame.type === "position") return house.has(frame.epoch, frame.version) ? null : "missed";
  else if (frame.type === "presence") house.present(frame.members, frame.member_count);
  return null;
}

/** @typedef {(message: Message, money: (cents: number | null | undefined) => string | null) => unknown[]} Brief */

/** @type {Record<string, Brief>} */
const BRIEFS = {
  hello: (said) => [`protocol ${said.protocol}`],
  join: (said) => [said.since && `since ${said.since.version}`],
  op: (said, money) =>
    said.operation
      ? [said.operation.kind, said.operation.option, said.operation.anyway && "anyway"]
      : [`v${said.version}`, said.operation_kind, said.author?.name, money(said.total_cents)],
  outcome: (said, money) => [
    said.outcome,
    said.repeated && "repeated",
    said.reasons?.[0]?.code,
    money(said.total_cents),
  ],
  snapshot: (said, money) => [
    `v${said.version}`,
    `recovered: ${said.recovered}`,
    money(said.derived?.price?.total_cents),
  ],
  ops: (said) => [`v${said.from} → v${said.to}`, `recovered: ${said.recovered}`],
  position: (said) => [`v${said.version}`],
  presence: (said) => (said.members ? [`${said.member_count}`] : [said.category]),
  welcome: (said) => [said.person?.name],
  error: (said) => [said.code, said.detail],
  left: (said) => [said.code],
  access: (said) => [`${said.access.participant_count} · ${said.access.link_count}`],
};

// A few words beside the type of a frame.
/** @param {Message | undefined} message @param {Language} language */
export function brief(message, language) {
  if (!message || typeof message !== "object") return "";
  const words = BRIEFS[message.type]?.(message, (cents) => (cents == null ? null : euroRounded(cents, language)));
  return (words ?? []).filter(Boolean).join(" · ");
}
