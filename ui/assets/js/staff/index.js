// The frame of a page that Python builds (ui/staff), for things that only the browser can know or do: it
// reports the address and when to read again, keeps typed texts, and says when the server does not answer.
import { defineComponent } from "vue";
import { createTyped } from "../device/typed.js";
import { socketOfPage } from "../shared/page_socket.js";
import { Refused, answer, call } from "./admin_api.js";
import { attend } from "./attendance.js";
import { enterAgain, enteredInto } from "./entered.js";

const REFRESH_MS = 5000;
const SHARED = "/api/analytics/shared";
const AWAY_SHOWN_AFTER_MS = 3000;

/** @param {unknown} error */
const codeOf = (error) => (error instanceof Refused && error.code) || "unavailable";

// Whether the reader uses something that must not move: a field, a selection of text, a chart under the
// pointer, an open element.
/** @param {Element} page */
function isAtHand(page) {
  const editing = document.activeElement?.matches("input, select, textarea");
  const selecting = document.getSelection()?.isCollapsed === false;
  return editing || selecting || page.querySelector(".chart:hover, details[open], dialog[open]") !== null;
}

// Saves an answer as if its address had been followed. Null, or the code of the refusal.
/** @param {() => Promise<Response>} ask @param {string} name */
async function saved(ask, name) {
  try {
    const file = await (await ask()).blob();
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    return null;
  } catch (error) {
    return codeOf(error);
  }
}

export default defineComponent({
  // `built`: another one when the page was built again. `every`: ms between two times of reading. `guest`:
  // nobody is signed in, so nobody is told to be there.
  props: {
    built: { type: String, default: "" },
    title: String,
    loading: String,
    away: String,
    look: { type: String, default: "staff" },
    gently: Boolean,
    every: { type: Number, default: REFRESH_MS },
    guest: Boolean,
  },
  emits: ["address", "refresh"],
  template: /* HTML */ `
    <div :class="look" @click="follow">
      <slot>
        <div class="first">
          <h1>{{ title }}</h1>
          <p class="quiet" role="status">{{ loading }}</p>
        </div>
      </slot>
      <div class="away" role="alert"><p v-if="lost">{{ away }}</p></div>
    </div>
  `,
  data: () => ({
    lost: false,
    timer: /** @type {ReturnType<typeof setInterval> | undefined} */ (undefined),
    waiting: /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined),
  }),
  watch: {
    // It is called while the page of the process before still stands.
    built(_, before) {
      if (before) enterAgain(this.$el, enteredInto(this.$el));
    },
  },
  mounted() {
    if (!this.guest) attend();
    socketOfPage((socket) => {
      socket.on("disconnect", this.missing);
      socket.on("connect", this.found);
      if (socket.connected) this.found();
      else this.missing();
    });
    window.addEventListener("hashchange", this.tell);
    window.addEventListener("popstate", this.tell);
    document.addEventListener("visibilitychange", this.refresh);
    document.addEventListener("input", this.keep); // dialogs are outside of the frame
    this.timer = setInterval(this.refresh, this.every);
  },
  beforeUnmount() {
    window.removeEventListener("hashchange", this.tell);
    window.removeEventListener("popstate", this.tell);
    document.removeEventListener("visibilitychange", this.refresh);
    document.removeEventListener("input", this.keep);
    clearInterval(this.timer);
    clearTimeout(this.waiting);
  },
  methods: {
    // Also after the connection was lost: another process may have built the page again.
    tell() {
      this.$emit("address", location.search + location.hash);
    },
    refresh() {
      if (document.hidden || this.lost || !window.socket?.connected) return;
      if (!this.gently || !isAtHand(this.$el)) this.$emit("refresh");
    },
    // A link to this page with another query changes the address, not the document.
    /** @param {MouseEvent} event */
    follow(event) {
      const link = /** @type {Element} */ (event.target).closest("a");
      if (!link || link.target === "_blank" || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (link.origin !== location.origin || link.pathname !== location.pathname || link.hash) return;
      event.preventDefault();
      if (link.search !== location.search) window.history.pushState(null, "", link.pathname + link.search);
      this.tell();
    },
    missing() {
      this.waiting ??= setTimeout(() => (this.lost = true), AWAY_SHOWN_AFTER_MS);
    },
    found() {
      clearTimeout(this.waiting);
      this.waiting = undefined;
      this.lost = false;
      this.tell();
    },
    /** @param {Event} event */
    keep({ target }) {
      if (!(target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)) return;
      if (target.dataset.keep) createTyped(target.dataset.keep).keep(target.value);
    },
    // Python calls the following methods.
    /** @param {string} query */
    turn(query) {
      window.history.replaceState(window.history.state, "", location.pathname + query);
    },
    /** @param {string} id */
    reveal(id) {
      document.getElementById(id)?.scrollIntoView({ block: "nearest", inline: "center" });
    },
    zone: () => new Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
    /** @param {string} id */
    focus(id) {
      document.getElementById(id)?.focus({ preventScroll: true });
    },
    // The heading of a section that has just come. Somebody may be quicker and use a field of it already.
    /** @param {string} id */
    focusHeading(id) {
      const heading = document.getElementById(id);
      if (!heading?.closest("section")?.contains(document.activeElement)) this.focus(id);
    },
    /** @param {string} field */
    typed: (field) => createTyped(field).text(),
    /** @param {string} field */
    forget: (field) => createTyped(field).forget(),
    // Only an answer to the browser takes its cookie away. Null, or the code of the refusal.
    async signOut() {
      try {
        await answer("POST", "logout");
        location.reload();
        return null;
      } catch (error) {
        return codeOf(error);
      }
    },
    // A file of the API. Null, or the code of the refusal.
    /** @param {string} place @param {Record<string, string>} query @param {string} name */
    save: (place, query, name) => saved(() => answer("GET", place, { query }), name),
    // A figure of a shared dashboard. Its token is in the address of the page and goes into a header:
    // addresses are written down on the way, headers are not.
    /** @param {string} view @param {string} form @param {string} language */
    saveShared(view, form, language) {
      const headers = { Authorization: `Bearer ${location.hash.slice(1)}` };
      const query = new URLSearchParams({ format: form, lang: language });
      /** @type {RequestInit} */
      const how = { headers, credentials: "omit", referrerPolicy: "no-referrer" };
      return saved(() => call(`${SHARED}/${view}?${query}`, how), `${view}.${form}`);
    },
  },
});
