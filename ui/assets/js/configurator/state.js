// The present state of the house and of this screen, for the parts to show.
import { computed, markRaw, reactive } from "vue";
import { peopleHere } from "./people_here.js";
import { createReadOnly } from "./read_only.js";
import { statusOf } from "./room/room_state.js";

/**
 * @import { Choice, Derived } from "../client/messages.js"
 * @import { InquiryState } from "../device/inquiry.js"
 * @import { Catalogue } from "../shared/types.js"
 * @import { Consent } from "./parts/consent.js"
 * @import { Texts } from "./words/texts.js"
 * @import { FrameLog, RoomState, Ui } from "./types.js"
 *
 * @typedef {ReturnType<typeof createState>["state"]} State
 */

const LOOK_ON = ["viewer", "admin"];

/**
 * Price, differences and pictures of the house. Only for parts that are on the page once they are known.
 *
 * @param {RoomState} room
 * @returns {Derived}
 */
export function derivedOf(room) {
  if (!room.derived) throw new Error("the house is not derived yet");
  return room.derived;
}

/** @param {string | null} configuration */
export const houseApiOf = (configuration) => `/api/configurations/${encodeURIComponent(configuration ?? "")}`;

/**
 * @param {{
 *   room: RoomState,
 *   ui: Ui,
 *   catalogue: Catalogue,
 *   texts: Texts,
 *   consent: Consent,
 *   inquiry: { state: InquiryState, written: () => boolean },
 *   devLog: FrameLog,
 * }} how
 */
export function createState({ room, ui, catalogue, texts, consent, inquiry, devLog }) {
  const role = () => room.you?.role ?? "";
  const mayEdit = computed(() => !LOOK_ON.includes(role()) && !room.gone && !room.ended);
  // Invitations and inquiries are made in the owner's name; the server refuses them to guests.
  const owns = computed(() => ![...LOOK_ON, "editor"].includes(role()));
  const readOnly = createReadOnly({ room, mayEdit, texts });
  const takingBack = computed(() =>
    room.pending.map((p) => p.operation.kind).find((k) => k === "undo" || k === "redo"),
  );
  const state = reactive({
    room,
    ui,
    catalogue: markRaw(catalogue),
    consent,
    inquiry: inquiry.state,
    inquiryWritten: computed(inquiry.written),
    devLog,
    houseApi: houseApiOf(room.configuration),
    status: computed(() => statusOf(room)),
    // The pending choice of each category; null means to leave the category out.
    asked: computed(
      /** @returns {Readonly<Record<string, Partial<Choice> | null>>} */ () => (room.ended ? {} : room.asked),
    ),
    mayEdit,
    owns,
    mayShare: computed(() => mayEdit.value && owns.value),
    // The reason why nothing can be changed; null if everything can.
    closed: readOnly.closed,
    // The message in place of a house that is not in sight any more; null if it is.
    gone: readOnly.gone,
    people: computed(() => peopleHere(room)),
    unnamed: computed(() => Math.max(0, room.memberCount - room.members.length)),
    takingBack,
  });
  return { state, byRestore: readOnly.byRestore };
}
