// The button with which an invited person leaves the house. The owner stays.
import { defineComponent, ref } from "vue";
import { refusalIn, request } from "../../../shared/http.js";
import { use } from "../../context.js";
import { AskAgain } from "./ask_again.js";

export const Leave = defineComponent({
  components: { AskAgain },
  setup: () => ({ ...use("texts", "state"), begin: ref(/** @type {HTMLElement | null} */ (null)) }),
  data: () => ({ asking: false, busy: false, problem: "" }),
  template: /* HTML */ `
    <div v-if="may" class="leave">
      <button v-if="!asking" ref="begin" type="button" class="text-button" @click="asking = true">
        {{ texts.t("access.leave") }}
      </button>
      <AskAgain
        v-else
        :text="texts.t('access.leaveSure')"
        :busy="busy"
        :problem="problem"
        :stay="texts.t('access.stay')"
        :ways="[{ key: 'go', label: texts.t('access.leaveGo') }]"
        @keep="keep"
        @go="go"
      />
    </div>
  `,
  computed: {
    may() {
      return ["advisor", "editor", "viewer"].includes(this.state.room.you?.role ?? "") && !this.state.room.ended;
    },
  },
  methods: {
    async keep() {
      this.asking = false;
      this.problem = "";
      await this.$nextTick();
      this.begin?.focus();
    },
    async go() {
      this.busy = true;
      this.problem = "";
      try {
        const answer = await request("DELETE", `${this.state.houseApi}/participants/${this.state.room.you?.person}`);
        if (answer.ok) return void window.location.assign("/");
        this.problem = this.texts.say(refusalIn(answer)) || this.texts.t("access.leaveUnsure");
      } catch {
        this.problem = this.texts.t("access.leaveUnsure");
      }
      this.busy = false;
    },
  },
});
