// Why nothing can be changed on this page. Where it ended because a backup took the place of what the page
// saw, that is said: an invitation brings nothing of it back.
import { computed, ref, watch } from "vue";
import { dayAndTime } from "./format.js";
import { request } from "./http.js";

export function createClosed({ state, mayEdit, t, say, language }) {
  const over = () => Boolean(state.ended || state.gone);
  const putBack = ref(null); // {to}: the moment that the data are of, null where nobody said it
  watch(over, learn, { immediate: true });

  async function learn() {
    putBack.value = null;
    if (!over()) return;
    const { ok, body } = await request("GET", "/restored").catch(() => ({ ok: false }));
    if (ok && body && over() && body.epoch !== state.epoch) putBack.value = { to: body.restored_to };
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
    const { code, text } = state.ended;
    return { title: t("ended.title"), text: text ? say(text) : t(code === "access_revoked" ? "ended.access_revoked" : "ended.other") };
  });

  // In place of a house that is not in sight any more; null: it is.
  const gone = computed(() => {
    if (!state.gone) return null;
    return restored.value ? { title: t("restored.title"), text: restored.value } : { title: t("gone.title"), text: say(state.gone) };
  });

  return { closed, gone };
}
