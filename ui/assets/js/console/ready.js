// Ready-made messages, made from what the console knows now, and one line about a frame.
import { euroRounded } from "../format.js";
import { uuid7 } from "../ids.js";
import { last } from "../older.js";

const op = (house, operation) => ({ type: "op", id: `op-${house.asked + 1}`, configuration: house.code, op_id: uuid7(), base_version: house.version, operation });

export const READY = {
  join: (house) => ({ type: "join", id: "join", configuration: house.code, ...(house.epoch ? { since: { epoch: house.epoch, version: house.version } } : {}) }),
  select: (house) => op(house, { kind: "select", category: "nest", option: house.selection.nest?.option === "nest120" ? "nest100" : "nest120" }),
  undo: (house) => op(house, { kind: "undo" }),
  redo: (house) => op(house, { kind: "redo" }),
  presence: (house) => ({ type: "presence", configuration: house.code, category: "fenster", view: "exterior" }),
  ping: () => ({ type: "ping", id: "ping" }),
  outcome_of: (house) => ({ type: "outcome_of", id: "outcome", configuration: house.code, op_id: house.lastOpId ?? uuid7() }),
  access_of: (house) => ({ type: "access_of", id: "access", configuration: house.code }),
  bad: (house) => ({ type: "op", id: "bad", configuration: house.code, op_id: "42", base_version: -1, operation: { kind: "explode" } }),
};

// What the console has of the house: follows the frames as any client must (CL1, CL2).
export function createHouse() {
  return { code: null, id: null, epoch: null, version: 0, cents: null, members: 0, selection: {}, asked: 0, lastOpId: null };
}

// Take one frame; returns "missed" when a version is missing.
export function follow(house, frame) {
  if (frame.type === "snapshot") {
    Object.assign(house, { id: frame.configuration, epoch: frame.epoch, version: frame.version, selection: frame.selection, cents: frame.derived.price.total_cents, members: frame.member_count });
  } else if (frame.type === "op" || frame.type === "ops") {
    const [from, to, newest] = frame.type === "op" ? [frame.version - 1, frame.version, frame] : [frame.from, frame.to, last(frame.ops)];
    if (frame.epoch !== house.epoch || from > house.version) return "missed";
    if (frame.member_count != null) house.members = frame.member_count;
    if (to <= house.version) return null;
    Object.assign(house, { version: to, cents: newest.total_cents, selection: newest.selection ?? house.selection });
  } else if (frame.type === "position") {
    if (frame.epoch !== house.epoch || frame.version > house.version) return "missed";
  } else if (frame.type === "presence") house.members = frame.member_count;
  return null;
}

// The few words beside the type.
export function brief(message, language) {
  if (!message || typeof message !== "object") return "";
  const money = (cents) => (cents == null ? null : euroRounded(cents, language));
  const words = {
    hello: () => [`protocol ${message.protocol}`],
    join: () => [message.since && `since ${message.since.version}`],
    op: () => (message.operation ? [message.operation.kind, message.operation.option, message.operation.anyway && "anyway"] : [`v${message.version}`, message.operation_kind, message.author?.name, money(message.total_cents)]),
    outcome: () => [message.outcome, message.repeated && "repeated", message.reasons?.[0]?.code, money(message.total_cents)],
    snapshot: () => [`v${message.version}`, `recovered: ${message.recovered}`, money(message.derived?.price?.total_cents)],
    ops: () => [`v${message.from} → v${message.to}`, `recovered: ${message.recovered}`],
    position: () => [`v${message.version}`],
    presence: () => (message.members ? [`${message.member_count}`] : [message.category]),
    welcome: () => [message.person?.name],
    error: () => [message.code, message.detail],
    left: () => [message.code],
    access: () => [`${message.access.participant_count} · ${message.access.link_count}`],
  }[message.type];
  return (words?.() ?? []).filter(Boolean).join(" · ");
}
