// The reason why nothing can be changed on this page. If the access ended because a backup replaced
// what the page saw, that is said: an invitation would not bring it back.
import { computed, ref, watch } from "vue";
import { dayAndTime } from "../shared/format.js";
import { request } from "../shared/http.js";

/**
 * @import { ComputedRef } from "vue"
 * @import { Texts } from "./words/texts.js"
 * @import { RoomState } from "./types.js"
 *
 * @typedef {{ to: string | null }} PutBack the moment that the data are of, null if it is unknown
 * @typedef {{ title: string, text: string }} Why
 *
 * @param {{ room: RoomState, mayEdit: ComputedRef<boolean>, texts: Texts }} how
 */
export function createReadOnly({ room, mayEdit, texts: { t, say, language } }) {
  const over = () => Boolean(room.ended || room.gone);
  const putBack = ref(/** @type {PutBack | null} */ (null));
  const asking = ref(false);
  /** @type {Promise<PutBack | null> | null} */
  let asked = null; // after the end: the answer, or its promise
  watch(over, learn, { immediate: true });

  async function learn() {
    putBack.value = asked = null;
    if (!over()) return;
    asking.value = true;
    asked = backup();
    const found = await asked;
    asking.value = false;
    if (over()) putBack.value = found;
  }

  // Whether this page has ended because of a restore.
  const byRestore = async () => Boolean(await (asked ?? backup()));

  // The backup that replaced what this page saw; null if there was none, or the server did not say.
  /** @returns {Promise<PutBack | null>} */
  async function backup() {
    const answer = await request("GET", "/restored").catch(() => null);
    const found = answer?.ok ? answer.body : null;
    return found && found.epoch !== room.epoch ? { to: found.restored_to } : null;
  }

  const restored = computed(() => {
    if (!putBack.value) return "";
    const { to } = putBack.value;
    return to ? t("ended.restored", { time: dayAndTime(to, language()) }) : t("ended.restoredEarlier");
  });

  // The reason, and what to do about it; null if everything can be changed.
  const closed = computed(
    /** @returns {Why | null} */ () => {
      if (mayEdit.value) return null;
      if (!room.ended)
        return {
          title: t("readonly.title"),
          text: t(room.you?.role === "admin" ? "readonly.admin" : "readonly.viewer"),
        };
      if (restored.value) return { title: t("restored.title"), text: `${restored.value} ${t("ended.inSight")}` };
      if (asking.value) return { title: t("ended.title"), text: t("ended.inSight") };
      const { code, text } = room.ended;
      return {
        title: t("ended.title"),
        text: text ? say(text) : t(code === "access_revoked" ? "ended.access_revoked" : "ended.other"),
      };
    },
  );

  // The message in place of a house that is not in sight any more; null if it is.
  const gone = computed(
    /** @returns {Why | null} */ () => {
      if (!room.gone) return null;
      return restored.value
        ? { title: t("restored.title"), text: restored.value }
        : { title: t("gone.title"), text: say(room.gone) };
    },
  );

  return { closed, gone, byRestore };
}
