// Who may be in this house: new links, links that are open, people with a role; and leaving it.
// Nothing here is taken back by a click: what has ended stays so, so every end is asked for twice.
import { inDays } from "../format.js";
import { refusalIn, request } from "../http.js";
import { initialsOf } from "../names.js";
import { Face } from "./face.js";

const LIFETIMES = [1, 24, 168, 2160];
const USES = [0, 1, 3, 10];
const READ_AGAIN_MS = 2000;

// A question in place of the button that asked it: the ways out, the first of which changes nothing.
// Why the other way was not gone stands beside the button that was pressed.
const Sure = {
  props: { text: String, ways: Array, busy: Boolean, problem: String, stay: String },
  emits: ["go", "keep"],
  inject: ["screen"],
  template: `
    <div class="sure" role="group" :aria-label="text">
      <p>{{ text }}</p>
      <slot></slot>
      <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
      <div class="ways">
        <button type="button" class="button" ref="keep" @click="$emit('keep')">{{ stay ?? screen.t("access.keep") }}</button>
        <button v-for="way in ways" :key="way.key" type="button" class="button danger" :disabled="busy" @click="$emit('go', way.key)">{{ way.label }}</button>
      </div>
    </div>`,
  mounted() {
    this.$refs.keep.focus();
  },
};

const NewLink = {
  inject: ["screen"],
  emits: ["made"],
  data: () => ({ role: "editor", hours: 168, uses: 0, url: "", state: "ready", message: null, LIFETIMES, USES }),
  template: `
    <p>{{ screen.t("invite.explain") }}</p>
    <form class="new-link" @submit.prevent="make">
      <div class="field"><label for="link-role">{{ screen.t("invite.role") }}</label>
        <select id="link-role" v-model="role"><option v-for="r in ['editor', 'viewer']" :key="r" :value="r">{{ screen.t("invite.role." + r) }}</option></select></div>
      <div class="field"><label for="link-life">{{ screen.t("invite.life") }}</label>
        <select id="link-life" v-model.number="hours"><option v-for="h in LIFETIMES" :key="h" :value="h">{{ screen.t("invite.life." + h) }}</option></select></div>
      <div class="field"><label for="link-uses">{{ screen.t("invite.uses") }}</label>
        <select id="link-uses" v-model.number="uses"><option v-for="u in USES" :key="u" :value="u">{{ screen.t("invite.uses." + u) }}</option></select></div>
      <button type="submit" class="button primary" :disabled="state === 'loading'">{{ screen.t("invite.make") }}</button>
    </form>
    <div role="status" class="made">
      <p v-if="state === 'loading'" class="quiet">{{ screen.t("invite.loading") }}</p>
      <p v-else-if="state === 'failed'" class="problem">{{ message ?? screen.t("invite.failed") }}</p>
      <template v-else-if="url">
        <label for="invite-link">{{ screen.t("invite.link") }}</label>
        <div class="row">
          <input id="invite-link" ref="link" readonly :value="url" @focus="$event.target.select()" />
          <button type="button" class="button" @click="copy">{{ screen.t("invite.copy") }}</button>
        </div>
        <p class="hint">{{ screen.t(state === "copied" ? "invite.copied" : "invite.select") }} {{ screen.t("invite.once") }}</p>
      </template>
    </div>`,
  methods: {
    async make() {
      this.url = "";
      this.state = "loading";
      try {
        const asked = { role: this.role, lifetime_hours: this.hours, uses_max: this.uses || null };
        const answer = await request("POST", `${this.screen.houseApi}/share-links`, asked);
        if (!answer.ok || !answer.body?.url) {
          this.message = this.screen.say(refusalIn(answer)) || null;
          this.state = "failed";
          return;
        }
        this.url = new URL(answer.body.url, window.location.href).href;
        this.state = "select";
        this.screen.track("invite", "share", { elementId: "share-link" });
        this.$emit("made");
        await this.$nextTick();
        await this.copy();
      } catch {
        this.message = null;
        this.state = "failed";
      }
    },
    async copy() {
      try {
        await navigator.clipboard.writeText(this.url);
        this.state = "copied";
      } catch {
        this.$refs.link?.focus();
        this.$refs.link?.select();
        this.state = "select";
      }
    },
  },
};

export const Invite = {
  components: { Face, NewLink, Sure },
  inject: ["screen"],
  data: () => ({ access: null, state: "loading", asking: null, others: false, busy: false, problem: "", said: "", doubt: null }),
  template: `
    <NewLink @made="load" />
    <p class="sr-only" role="status">{{ said }}</p>
    <div v-if="state === 'failed'" role="alert"><p class="problem">{{ screen.t("access.failed") }}</p>
      <button type="button" class="button" @click="load">{{ screen.t("again") }}</button></div>
    <p v-else-if="!access" class="quiet" role="status">{{ screen.t("access.loading") }}</p>
    <template v-if="access">
      <section :aria-label="screen.t('access.people')">
        <h3 ref="people" tabindex="-1">{{ screen.t("access.people") }}</h3>
        <ul class="plain access-list">
          <li v-for="p in access.participants" :key="p.id" :data-person="p.id">
            <div class="entry">
              <Face :who="faceOf(p)" />
              <span class="grow"><strong>{{ p.name }}</strong> <span v-if="isMe(p)" class="quiet">{{ screen.t("people.you") }}</span><br />
                <span class="quiet">{{ screen.roleName(p.role) }} · {{ presence(p) }}<br />{{ cameBy(p) }}</span></span>
              <button v-if="p.role !== 'owner' && !isMe(p) && asking !== p.id" type="button" class="text-button" :aria-label="screen.t('access.removeWhom', { name: p.name })" @click="ask(p.id)">{{ screen.t("access.remove") }}</button>
            </div>
            <Sure v-if="asking === p.id" :text="screen.t('access.removeSure', { name: p.name })" :busy="busy" :problem="problem" :ways="[{ key: 'go', label: screen.t('access.removeWhom', { name: p.name }) }]" @keep="keep(p.id)" @go="remove(p)">
              <template v-if="stayingOpen(p)"><p>{{ screen.t("access.othersOpen", { name: p.name, count: stayingOpen(p) }) }}</p>
                <label class="check"><input type="checkbox" v-model="others" /><span>{{ screen.t("access.allLinks", { count: access.link_count }) }}</span></label></template>
            </Sure>
          </li>
        </ul>
        <p v-if="access.participant_count > access.participants.length" class="quiet">{{ screen.t("people.more", { count: access.participant_count - access.participants.length }) }}</p>
      </section>
      <section :aria-label="screen.t('access.links')">
        <h3 ref="links" tabindex="-1">{{ screen.t("access.links") }}</h3>
        <p v-if="!access.links.length" class="quiet">{{ screen.t("access.noLinks") }}</p>
        <ul v-else class="plain access-list">
          <li v-for="l in access.links" :key="l.id" :data-link="l.id">
            <div class="entry">
              <span class="grow"><strong>{{ screen.t("invite.role." + l.role) }}</strong> · {{ usesOf(l) }}<br />
                <span class="quiet">{{ until(l) }}<br />{{ madeBy(l) }}<template v-if="l.used_by.length"><br />{{ screen.t("access.usedBy", { names: names(l) }) }}</template></span></span>
              <button v-if="asking !== l.id" type="button" class="text-button" :aria-label="screen.t('access.endWhich', { role: screen.t('invite.role.' + l.role), uses: usesOf(l), link: madeBy(l) })" @click="ask(l.id)">{{ screen.t("access.end") }}</button>
            </div>
            <Sure v-if="asking === l.id" :text="screen.t('access.endSure')" :busy="busy" :problem="problem" :ways="waysOf(l)" @keep="keep(l.id)" @go="(way) => end(l, way)"><p v-if="comers(l).length && access.link_count > 1">{{ screen.t("access.endOthersOpen", { count: access.link_count - 1 }) }}</p></Sure>
          </li>
        </ul>
      </section>
    </template>`,
  mounted() {
    this.load();
  },
  beforeUnmount() {
    clearTimeout(this.again);
  },
  watch: {
    // Somebody else changed it, or this tab may have missed that somebody did.
    "screen.room.accessChanges": "load",
  },
  methods: {
    // A list that cannot be read is asked for until it can, as long as somebody looks at it.
    async load() {
      clearTimeout(this.again);
      try {
        const answer = await request("GET", `${this.screen.houseApi}/access`);
        this.state = answer.ok ? "read" : "failed";
        if (answer.ok) this.access = answer.body;
      } catch {
        this.state = "failed";
      }
      clearTimeout(this.again);
      if (this.state === "failed" && this.$el.isConnected) this.again = setTimeout(this.load, READ_AGAIN_MS);
      if (this.state === "read" && this.doubt) await this.settle(this.doubt);
    },
    // Nobody knew whether it was carried out; the list that was read since does.
    async settle({ id, done, still, values, heading }) {
      this.doubt = null;
      if ([...this.access.participants, ...this.access.links].some((each) => each.id === id)) this.problem = this.screen.t(still, values);
      else await this.over(done, values, heading);
    },
    async over(done, values, heading) {
      this.problem = "";
      this.asking = null;
      this.said = this.screen.t(done, values);
      await this.$nextTick();
      this.$refs[heading]?.focus();
    },
    faceOf: (p) => ({ ...p, initials: initialsOf(p.name) }),
    isMe(p) {
      return p.id === this.screen.room.you?.person;
    },
    when(moment) {
      return inDays(Date.parse(moment), this.screen.ui.language);
    },
    presence(p) {
      if (p.here) return this.screen.t("access.here");
      if (p.seen_at) return this.screen.t("access.seen", { time: this.when(p.seen_at) });
      return this.screen.t(p.here === null ? "access.notKnown" : "access.neverSeen");
    },
    cameBy(p) {
      const link = this.access.links.find((l) => l.id === p.link);
      const how = p.role === "owner" ? "access.since" : p.link === null ? "access.sinceNoLink" : link ? "access.sinceLink" : "access.sinceEnded";
      return this.screen.t(how, { time: this.when(p.since), made: link ? this.when(link.made_at) : "" });
    },
    usesOf(l) {
      if (l.uses_left === 0) return this.screen.t("access.usedUp", { count: l.uses });
      if (!l.uses && l.uses_max === null) return this.screen.t("access.unused");
      return this.screen.t(l.uses_max === null ? "access.uses" : "access.usesOf", { count: l.uses, most: l.uses_max });
    },
    until(l) {
      return l.until ? this.screen.t("access.until", { time: this.when(l.until) }) : this.screen.t("access.noEnd");
    },
    madeBy(l) {
      return this.screen.t("access.madeBy", { name: l.made_by.name, time: this.when(l.made_at) });
    },
    names: (l) => l.used_by.map((each) => each.name).join(", ") + (l.uses > l.used_by.length ? ", …" : ""),
    // Those who still have their role by it, as far as they are listed.
    comers(l) {
      return this.access.participants.filter((p) => p.link === l.id);
    },
    // Links that go on when this person is removed: those that they neither made nor are noted at.
    // Of the links that are not listed nothing is known.
    stayingOpen(p) {
      const noted = this.access.links.filter((l) => l.made_by.id === p.id || l.id === p.link || l.used_by.some((each) => each.id === p.id));
      return this.access.link_count - noted.length;
    },
    waysOf(l) {
      const people = this.comers(l);
      const names = people.map((p) => p.name).join(", ");
      if (!people.length) return [{ key: "keep", label: this.screen.t("access.endOnly") }];
      return [
        { key: "keep", label: this.screen.t("access.endKeep", { names }) },
        { key: "remove", label: this.screen.t("access.endRemove", { names }) },
      ];
    },
    ask(id) {
      this.others = false;
      this.problem = "";
      this.doubt = null;
      this.asking = id;
    },
    async keep(id) {
      this.asking = null;
      this.doubt = null;
      await this.$nextTick();
      this.$el.parentElement?.querySelector(`[data-person="${id}"] .text-button, [data-link="${id}"] .text-button`)?.focus();
    },
    remove(p) {
      const links = this.others ? "all" : "known";
      return this.go(`participants/${p.id}?links=${links}`, { id: p.id, done: "access.removed", unsure: "access.removeUnsure", still: "access.removeStill", values: { name: p.name }, heading: "people" });
    },
    end(l, way) {
      return this.go(`share-links/${l.id}?participants=${way}`, { id: l.id, done: "access.ended", unsure: "access.endUnsure", still: "access.endStill", values: {}, heading: "links" });
    },
    async go(what, about) {
      this.busy = true;
      this.problem = "";
      this.doubt = null;
      try {
        const answer = await request("DELETE", `${this.screen.houseApi}/${what}`);
        if (answer.ok) {
          await this.load();
          await this.over(about.done, about.values, about.heading);
        } else this.problem = this.screen.say(refusalIn(answer)) || this.unsure(about);
      } catch {
        this.problem = this.unsure(about);
      } finally {
        this.busy = false;
      }
      if (this.doubt) await this.load();
    },
    unsure(about) {
      this.doubt = about;
      return this.screen.t(about.unsure, about.values);
    },
  },
};

// Whoever was invited may go again. The owner stays.
export const Leave = {
  components: { Sure },
  inject: ["screen"],
  data: () => ({ asking: false, busy: false, problem: "" }),
  template: `
    <div v-if="may" class="leave">
      <button v-if="!asking" ref="ask" type="button" class="text-button" @click="asking = true">{{ screen.t("access.leave") }}</button>
      <Sure v-else :text="screen.t('access.leaveSure')" :busy="busy" :problem="problem" :stay="screen.t('access.stay')" :ways="[{ key: 'go', label: screen.t('access.leaveGo') }]" @keep="keep" @go="go" />
    </div>`,
  computed: {
    may() {
      return ["advisor", "editor", "viewer"].includes(this.screen.room.you?.role) && !this.screen.room.ended;
    },
  },
  methods: {
    async keep() {
      this.asking = false;
      this.problem = "";
      await this.$nextTick();
      this.$refs.ask?.focus();
    },
    async go() {
      this.busy = true;
      this.problem = "";
      try {
        const answer = await request("DELETE", `${this.screen.houseApi}/participants/${this.screen.room.you.person}`);
        if (answer.ok) return void window.location.assign("/");
        this.problem = this.screen.say(refusalIn(answer)) || this.screen.t("access.leaveUnsure");
      } catch {
        this.problem = this.screen.t("access.leaveUnsure");
      }
      this.busy = false;
    },
  },
};
