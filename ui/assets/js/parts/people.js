// Who is here: faces in the header, faces at a category, and the sheet that names them.
import { lengthOf, NAME_CHARACTERS_MAX, oneLine } from "../names.js";
import { createTyped } from "../typed.js";
import { Face } from "./face.js";
import { Forget } from "./forget.js";
import { History } from "./history.js";
import { Leave } from "./sharing.js";

const typed = createTyped("own-name");

export const PeopleButton = {
  components: { Face },
  inject: ["screen"],
  template: `
    <button type="button" class="people" :aria-label="label" @click="screen.open('people')">
      <Face v-for="p in shown" :key="p.person" :who="p" />
      <span v-if="more" class="face more" aria-hidden="true">+{{ more }}</span>
    </button>`,
  computed: {
    shown() {
      const room = window.innerWidth < 500 ? 2 : 4;
      const all = this.screen.people.value;
      return all.length + this.screen.unnamed.value > room ? all.slice(0, room - 1) : all;
    },
    more() {
      return this.screen.people.value.length + this.screen.unnamed.value - this.shown.length;
    },
    label() {
      const named = this.screen.people.value.map((p) => p.name).join(", ");
      const more = this.screen.unnamed.value;
      const names = more ? `${named}, ${this.screen.t("people.more", { count: more })}` : named;
      return this.screen.t("people.here", { count: this.screen.people.value.length + more, names });
    },
  },
};

export const PeopleSheet = {
  components: { Face, Forget, History, Leave },
  inject: ["screen"],
  data: () => ({ name: typed.text() ?? "", problem: "", away: false, saving: false }),
  template: `
    <ul class="plain people-list">
      <li v-for="p in screen.people.value" :key="p.person">
        <Face :who="p" />
        <span class="grow"><strong>{{ p.name }}</strong> <span v-if="p.me" class="quiet">{{ screen.t("people.you") }}</span><br />
          <span class="quiet">{{ screen.whereIs(p) }}</span></span>
        <span class="quiet">{{ screen.roleName(p.role) }}</span>
      </li>
      <li v-if="screen.unnamed.value"><span class="face more" aria-hidden="true">+{{ screen.unnamed.value }}</span><span class="quiet">{{ screen.t("people.more", { count: screen.unnamed.value }) }}</span></li>
    </ul>
    <History :count="10" />
    <form class="row-form" @submit.prevent="save">
      <label for="own-name">{{ screen.t("people.name") }}</label>
      <div class="row">
        <input id="own-name" ref="name" v-model="name" autocomplete="name" :placeholder="own" :aria-invalid="problem ? 'true' : null" aria-describedby="own-name-hint" @input="problem = ''" />
        <button type="submit" class="button" :disabled="!name || saving">{{ screen.t("people.save") }}</button>
      </div>
      <p v-if="away" class="problem" role="alert">{{ screen.t("people.away") }}</p>
      <p id="own-name-hint" class="hint" :class="{ problem }" role="status">{{ problem || counted }}</p>
    </form>
    <Leave />
    <Forget />`,
  computed: {
    own() {
      return this.screen.people.value.find((p) => p.me)?.name ?? "";
    },
    counted() {
      const count = lengthOf(oneLine(this.name));
      return count > NAME_CHARACTERS_MAX - 10 ? this.screen.t("people.nameCounted", { count, most: NAME_CHARACTERS_MAX }) : "";
    },
  },
  watch: {
    name: (name) => (name ? typed.keep(name) : typed.forget()),
  },
  methods: {
    // What the server would refuse is said here: nobody who types a name reads its codes.
    save() {
      if (this.saving) return;
      const name = oneLine(this.name);
      const length = lengthOf(name);
      if (!name) this.problem = this.screen.t("people.nameUnseen");
      else if (length > NAME_CHARACTERS_MAX) this.problem = this.screen.t("people.nameLong", { count: length, most: NAME_CHARACTERS_MAX });
      else return this.rename(name);
      this.$refs.name.focus();
    },
    // The name stays in its field until the server has taken it; what it says instead is shown.
    async rename(name) {
      this.saving = true;
      const answer = await this.screen.introduce(name);
      this.saving = false;
      this.away = answer === null;
      this.problem = answer?.type === "error" ? answer.message[this.screen.ui.language] : "";
      if (this.away || this.problem || oneLine(this.name) !== name) return;
      this.name = "";
      typed.forget();
      if (this.$refs.name) this.screen.close();
    },
  },
};
