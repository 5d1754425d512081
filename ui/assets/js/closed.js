// Why nothing can be changed on this page. Where it ended because a backup took the place of what the page
// saw, that is said: an invitation brings nothing of it back.
import { computed, ref, watch } from "vue";
import { dayAndTime } from "./format.js";
import { request } from "./http.js";

export function createClosed({ state, mayEdit, t, say, language }) {
  const over = () => Boolean(state.ended || state.gone);
  const putBack = ref(null); // {to}: the moment that the data are of, null where nobody said it
  const asking = ref(false);
  let asked = null; // while it is over: the answer, or its promise
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

  // A backup that took the place of what this page saw; null: none did, or nobody can say.
  async function backup() {
    const { ok, body } = await request("GET", "/restored").catch(() => ({ ok: false }));
    return ok && body && body.epoch !== state.epoch ? { to: body.restored_to } : null;
  }

  const restored = computed(() => {
    if (!putBack.value) return "";
    const { to } = putBack.value;
    return to ? t("ended.restored", { time: dayAndTime(to, language()) }) : t("ended.restoredEarlier");
  });

  // With the way out; null: everything can be changed.
  const closed = computed(() => {
    if (mayEdit.value) return null;
    if (!state.ended) return { title: t("readonly.title"), text: t(state.you?.role === "admin" ? "readonly.admin" : "readonly.viewer") };
    if (restored.value) return { title: t("restored.title"), text: `${restored.value} ${t("ended.inSight")}` };
    if (asking.value) return { title: t("ended.title"), text: t("ended.inSight") };
    const { code, text } = state.ended;
    return { title: t("ended.title"), text: text ? say(text) : t(code === "access_revoked" ? "ended.access_revoked" : "ended.other") };
  });

  // In place of a house that is not in sight any more; null: it is.
  const gone = computed(() => {
    if (!state.gone) return null;
    return restored.value ? { title: t("restored.title"), text: restored.value } : { title: t("gone.title"), text: say(state.gone) };
  });

  return { closed, gone, byRestore };
}
