// The sheet about access to this house: new links, open links, people with a role. An ended link or
// role cannot be restored, so every end is asked for twice.
import { defineComponent } from "vue";
import { use } from "../../context.js";
import { inDays } from "../../../shared/format.js";
import { refusalIn, request } from "../../../shared/http.js";
import { initialsOf } from "../../../shared/names.js";
import { comersBy, stayingOpen } from "./access.js";
import { AskAgain } from "./ask_again.js";
import { Face } from "./face.js";
import { NewLink } from "./new_link.js";

/**
 * @import { AccessList, Participant, ShareLink } from "../../../client/messages.js"
 * @import { Values } from "../../../shared/types.js"
 *
 * @typedef {object} Ending of a person's role or of a link: whose id, and the keys of what is said
 * @property {string} id
 * @property {string} done
 * @property {string} unsure when nobody knows whether it was carried out
 * @property {string} still
 * @property {Values} values
 * @property {"people" | "links"} heading which gets the focus
 */

const READ_AGAIN_MS = 2000;

export const Invite = defineComponent({
  components: { Face, NewLink, AskAgain },
  setup: () => use("texts", "words", "state"),
  data: () => ({
    access: /** @type {AccessList | null} */ (null),
    reading: /** @type {"loading" | "read" | "failed"} */ ("loading"),
    again: /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined),
    // The id of the person or link that the question is about.
    asking: /** @type {string | null} */ (null),
    others: false,
    busy: false,
    problem: "",
    said: "",
    doubt: /** @type {Ending | null} */ (null),
  }),
  template: /* HTML */ `
    <NewLink @made="load" />
    <p class="sr-only" role="status">{{ said }}</p>
    <div v-if="reading === 'failed'" role="alert">
      <p class="problem">{{ texts.t("access.failed") }}</p>
      <button type="button" class="button" @click="load">{{ texts.t("again") }}</button>
    </div>
    <p v-else-if="!access" class="quiet" role="status">{{ texts.t("access.loading") }}</p>
    <template v-if="access">
      <section :aria-label="texts.t('access.people')">
        <h3 ref="people" tabindex="-1">{{ texts.t("access.people") }}</h3>
        <ul class="plain access-list">
          <li v-for="p in access.participants" :key="p.id" :data-person="p.id">
            <div class="entry">
              <Face :who="faceOf(p)" />
              <span class="grow"
                ><strong>{{ p.name }}</strong> <span v-if="isMe(p)" class="quiet">{{ texts.t("people.you") }}</span
                ><br />
                <span class="quiet">{{ words.roleName(p.role) }} · {{ presence(p) }}<br />{{ cameBy(p) }}</span></span
              >
              <button
                v-if="p.role !== 'owner' && !isMe(p) && asking !== p.id"
                type="button"
                class="text-button"
                :aria-label="texts.t('access.removeWhom', { name: p.name })"
                @click="ask(p.id)"
              >
                {{ texts.t("access.remove") }}
              </button>
            </div>
            <AskAgain
              v-if="asking === p.id"
              :text="texts.t('access.removeSure', { name: p.name })"
              :busy="busy"
              :problem="problem"
              :ways="[{ key: 'go', label: texts.t('access.removeWhom', { name: p.name }) }]"
              @keep="keep(p.id)"
              @go="remove(p)"
            >
              <template v-if="stayingOpen(p)"
                ><p>{{ texts.t("access.othersOpen", { name: p.name, count: stayingOpen(p) }) }}</p>
                <label class="check"
                  ><input type="checkbox" v-model="others" /><span
                    >{{ texts.t("access.allLinks", { count: linkCount }) }}</span
                  ></label
                ></template
              >
            </AskAgain>
          </li>
        </ul>
        <p v-if="access.participant_count > access.participants.length" class="quiet">
          {{ texts.t("people.more", { count: access.participant_count - access.participants.length }) }}
        </p>
      </section>
      <section :aria-label="texts.t('access.links')">
        <h3 ref="links" tabindex="-1">{{ texts.t("access.links") }}</h3>
        <p v-if="!access.links.length" class="quiet">{{ texts.t("access.noLinks") }}</p>
        <ul v-else class="plain access-list">
          <li v-for="l in access.links" :key="l.id" :data-link="l.id">
            <div class="entry">
              <span class="grow"
                ><strong>{{ texts.t("invite.role." + l.role) }}</strong> · {{ usesOf(l) }}<br />
                <span class="quiet"
                  >{{ until(l) }}<br />{{ madeBy(l) }}<template v-if="l.used_by.length"
                    ><br />{{ texts.t("access.usedBy", { names: names(l) }) }}</template
                  ></span
                ></span
              >
              <button
                v-if="asking !== l.id"
                type="button"
                class="text-button"
                :aria-label="texts.t('access.endWhich', { role: texts.t('invite.role.' + l.role), uses: usesOf(l), link: madeBy(l) })"
                @click="ask(l.id)"
              >
                {{ texts.t("access.end") }}
              </button>
            </div>
            <AskAgain
              v-if="asking === l.id"
              :text="texts.t('access.endSure')"
              :busy="busy"
              :problem="problem"
              :ways="waysOf(l)"
              @keep="keep(l.id)"
              @go="end(l, $event)"
              ><p v-if="comers(l).length && linkCount > 1">
                {{ texts.t("access.endOthersOpen", { count: linkCount - 1 }) }}
              </p></AskAgain
            >
          </li>
        </ul>
      </section>
    </template>
  `,
  computed: {
    /** @returns {number} */
    linkCount() {
      return this.access?.link_count ?? 0;
    },
  },
  mounted() {
    this.load();
  },
  beforeUnmount() {
    clearTimeout(this.again);
  },
  watch: {
    // Somebody else changed it, or this tab missed that somebody did.
    "state.room.accessChanges": "load",
  },
  methods: {
    // A list that cannot be read is asked for again, as long as the sheet is open.
    async load() {
      clearTimeout(this.again);
      try {
        const answer = await request("GET", `${this.state.houseApi}/access`);
        this.reading = answer.ok ? "read" : "failed";
        if (answer.ok) this.access = answer.body;
      } catch {
        this.reading = "failed";
      }
      clearTimeout(this.again);
      if (this.reading === "failed" && this.$el.isConnected) this.again = setTimeout(this.load, READ_AGAIN_MS);
      if (this.reading === "read" && this.doubt) await this.settle(this.doubt);
    },
    // It was not known whether the change was carried out; the list that was read since shows it.
    /** @param {Ending} ending */
    async settle({ id, done, still, values, heading }) {
      this.doubt = null;
      const { participants = [], links = [] } = this.access ?? {};
      if ([...participants, ...links].some((each) => each.id === id)) this.problem = this.texts.t(still, values);
      else await this.over(done, values, heading);
    },
    /** @param {string} done @param {Values} values @param {Ending["heading"]} heading */
    async over(done, values, heading) {
      this.problem = "";
      this.asking = null;
      this.said = this.texts.t(done, values);
      await this.$nextTick();
      /** @type {HTMLElement | undefined} */ (this.$refs[heading])?.focus();
    },
    /** @param {Participant} p */
    faceOf: (p) => ({ ...p, initials: initialsOf(p.name) }),
    /** @param {Participant} p */
    isMe(p) {
      return p.id === this.state.room.you?.person;
    },
    /** @param {string} moment */
    when(moment) {
      return inDays(Date.parse(moment), this.texts.language());
    },
    /** @param {Participant} p */
    presence(p) {
      if (p.here) return this.texts.t("access.here");
      if (p.seen_at) return this.texts.t("access.seen", { time: this.when(p.seen_at) });
      return this.texts.t(p.here === null ? "access.notKnown" : "access.neverSeen");
    },
    /** @param {Participant} p */
    cameBy(p) {
      const link = this.access?.links.find((l) => l.id === p.link);
      let how = link ? "access.sinceLink" : "access.sinceEnded";
      if (p.link === null) how = "access.sinceNoLink";
      if (p.role === "owner") how = "access.since";
      return this.texts.t(how, { time: this.when(p.since), made: link ? this.when(link.made_at) : "" });
    },
    /** @param {ShareLink} l */
    usesOf(l) {
      if (l.uses_left === 0) return this.texts.t("access.usedUp", { count: l.uses });
      if (!l.uses && l.uses_max === null) return this.texts.t("access.unused");
      return this.texts.t(l.uses_max === null ? "access.uses" : "access.usesOf", { count: l.uses, most: l.uses_max });
    },
    /** @param {ShareLink} l */
    until(l) {
      return l.until ? this.texts.t("access.until", { time: this.when(l.until) }) : this.texts.t("access.noEnd");
    },
    /** @param {ShareLink} l */
    madeBy(l) {
      return this.texts.t("access.madeBy", { name: l.made_by.name, time: this.when(l.made_at) });
    },
    /** @param {ShareLink} l */
    names: (l) => l.used_by.map((each) => each.name).join(", ") + (l.uses > l.used_by.length ? ", …" : ""),
    /** @param {ShareLink} l */
    comers(l) {
      return this.access ? comersBy(this.access, l) : [];
    },
    /** @param {Participant} p */
    stayingOpen(p) {
      return this.access ? stayingOpen(this.access, p) : 0;
    },
    /** @param {ShareLink} l */
    waysOf(l) {
      const people = this.comers(l);
      const names = people.map((p) => p.name).join(", ");
      if (!people.length) return [{ key: "keep", label: this.texts.t("access.endOnly") }];
      return [
        { key: "keep", label: this.texts.t("access.endKeep", { names }) },
        { key: "remove", label: this.texts.t("access.endRemove", { names }) },
      ];
    },
    /** @param {string} id */
    ask(id) {
      this.others = false;
      this.problem = "";
      this.doubt = null;
      this.asking = id;
    },
    /** @param {string} id */
    async keep(id) {
      this.asking = null;
      this.doubt = null;
      await this.$nextTick();
      this.$el.parentElement
        ?.querySelector(`[data-person="${id}"] .text-button, [data-link="${id}"] .text-button`)
        ?.focus();
    },
    /** @param {Participant} p */
    remove(p) {
      const links = this.others ? "all" : "known";
      return this.go(`participants/${p.id}?links=${links}`, {
        id: p.id,
        done: "access.removed",
        unsure: "access.removeUnsure",
        still: "access.removeStill",
        values: { name: p.name },
        heading: "people",
      });
    },
    /** @param {ShareLink} l @param {string} way */
    end(l, way) {
      return this.go(`share-links/${l.id}?participants=${way}`, {
        id: l.id,
        done: "access.ended",
        unsure: "access.endUnsure",
        still: "access.endStill",
        values: {},
        heading: "links",
      });
    },
    /** @param {string} what @param {Ending} about */
    async go(what, about) {
      this.busy = true;
      this.problem = "";
      this.doubt = null;
      try {
        const answer = await request("DELETE", `${this.state.houseApi}/${what}`);
        if (answer.ok) {
          await this.load();
          await this.over(about.done, about.values, about.heading);
        } else this.problem = this.texts.say(refusalIn(answer)) || this.unsure(about);
      } catch {
        this.problem = this.unsure(about);
      } finally {
        this.busy = false;
      }
      if (this.doubt) await this.load();
    },
    /** @param {Ending} about */
    unsure(about) {
      this.doubt = about;
      return this.texts.t(about.unsure, about.values);
    },
  },
});
