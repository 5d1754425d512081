// The frames that this tab sent and received, for the drawer of development mode.
import { reactive } from "vue";
import { last } from "../../shared/older_browsers.js";

/** @import { FrameLog } from "../types.js" */

const KEPT = 50;

/** @returns {FrameLog} */
export const createFrameLog = () => reactive({ frames: [], answers: [] });

/**
 * @param {FrameLog} log
 * @param {"in" | "out"} direction
 * @param {{ readonly type: string, readonly op_id?: string | null }} frame
 */
export function logFrame(log, direction, frame) {
  const now = performance.now();
  /** @type {FrameLog["frames"][number]} */
  const entry = {
    n: (last(log.frames)?.n ?? 0) + 1,
    direction,
    type: frame.type,
    text: JSON.stringify(frame, null, 1),
    bytes: JSON.stringify(frame).length,
    time: new Date().toISOString().slice(11, 23),
    at: now,
    op: frame.op_id ?? null,
    took: null,
  };
  if (direction === "in" && frame.type === "op") {
    const asked = log.frames.find((f) => f.direction === "out" && f.op === frame.op_id);
    if (asked) {
      entry.took = Math.round(now - asked.at);
      log.answers.push(entry.took);
    }
  }
  log.frames.push(entry);
  if (log.frames.length > KEPT) log.frames.shift();
}
