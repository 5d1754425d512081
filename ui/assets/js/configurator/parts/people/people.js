// The people who are here: faces in the header, and the sheet that names them.
import { defineComponent, ref } from "vue";
import { use } from "../../context.js";
import { lengthOf, NAME_CHARACTERS_MAX, oneLine } from "../../../shared/names.js";
import { createTyped } from "../../../device/typed.js";
import { Face } from "./face.js";
import { Forget } from "./forget.js";
import { History } from "../house/history.js";
import { Leave } from "./leave.js";

/** @import { Present } from "../../types.js" */

const typed = createTyped("own-name");

export const PeopleButton = defineComponent({
  components: { Face },
  setup: () => use("texts", "actions", "state"),
  template: /* HTML */ `
    <button type="button" class="people" :aria-label="label" @click="actions.open('people')">
      <Face v-for="p in shown" :key="p.person" :who="p" />
      <span v-if="more" class="face more" aria-hidden="true">+{{ more }}</span>
    </button>
  `,
  computed: {
    /** @returns {Present[]} */
    shown() {
      const room = window.innerWidth < 500 ? 2 : 4;
      const all = this.state.people;
      return all.length + this.state.unnamed > room ? all.slice(0, room - 1) : all;
    },
    /** @returns {number} */
    more() {
      return this.state.people.length + this.state.unnamed - this.shown.length;
    },
    /** @returns {string} */
    label() {
      const named = this.state.people.map((p) => p.name).join(", ");
      const more = this.state.unnamed;
      const names = more ? `${named}, ${this.texts.t("people.more", { count: more })}` : named;
      return this.texts.t("people.here", { count: this.state.people.length + more, names });
    },
  },
});

export const PeopleSheet = defineComponent({
  components: { Face, Forget, History, Leave },
  setup: () => ({
    ...use("texts", "words", "actions", "state"),
    field: ref(/** @type {HTMLInputElement | null} */ (null)),
  }),
  data: () => ({ name: typed.text() ?? "", problem: "", away: false, saving: false }),
  template: /* HTML */ `
    <ul class="plain people-list">
      <li v-for="p in state.people" :key="p.person">
        <Face :who="p" />
        <span class="grow"
          ><strong>{{ p.name }}</strong> <span v-if="p.me" class="quiet">{{ texts.t("people.you") }}</span><br />
          <span class="quiet">{{ words.whereIs(p) }}</span></span
        >
        <span class="quiet">{{ words.roleName(p.role) }}</span>
      </li>
      <li v-if="state.unnamed">
        <span class="face more" aria-hidden="true">+{{ state.unnamed }}</span
        ><span class="quiet">{{ texts.t("people.more", { count: state.unnamed }) }}</span>
      </li>
    </ul>
    <History :count="10" />
    <form class="row-form" @submit.prevent="save">
      <label for="own-name">{{ texts.t("people.name") }}</label>
      <div class="row">
        <input
          id="own-name"
          ref="field"
          v-model="name"
          autocomplete="name"
          :placeholder="own"
          :aria-invalid="problem ? 'true' : null"
          aria-describedby="own-name-hint"
          @input="problem = ''"
        />
        <button type="submit" class="button" :disabled="!name || saving">{{ texts.t("people.save") }}</button>
      </div>
      <p v-if="away" class="problem" role="alert">{{ texts.t("people.away") }}</p>
      <p id="own-name-hint" class="hint" :class="{ problem }" role="status">{{ problem || counted }}</p>
    </form>
    <Leave />
    <Forget />
  `,
  computed: {
    /** @returns {string} */
    own() {
      return this.state.people.find((p) => p.me)?.name ?? "";
    },
    /** @returns {string} */
    counted() {
      const count = lengthOf(oneLine(this.name));
      return count > NAME_CHARACTERS_MAX - 10
        ? this.texts.t("people.nameCounted", { count, most: NAME_CHARACTERS_MAX })
        : "";
    },
  },
  watch: {
    name: (name) => (name ? typed.keep(name) : typed.forget()),
  },
  methods: {
    // The page itself explains why the server would refuse a name: readers do not know codes.
    save() {
      if (this.saving) return;
      const name = oneLine(this.name);
      const length = lengthOf(name);
      if (!name) this.problem = this.texts.t("people.nameUnseen");
      else if (length > NAME_CHARACTERS_MAX)
        this.problem = this.texts.t("people.nameLong", { count: length, most: NAME_CHARACTERS_MAX });
      else return this.rename(name);
      this.field?.focus();
    },
    // The name stays in its field until the server has accepted it; a refusal is shown.
    /** @param {string} name */
    async rename(name) {
      this.saving = true;
      const answer = await this.actions.introduce(name);
      this.saving = false;
      this.away = answer === null;
      this.problem = answer?.type === "error" ? answer.message[this.state.ui.language] : "";
      if (this.away || this.problem || oneLine(this.name) !== name) return;
      this.name = "";
      typed.forget();
      if (this.field) this.actions.close();
    },
  },
});
