// The drawer of development mode: the state of this tab, and the frames that it sent and received.
import { defineComponent } from "vue";
import { use } from "../context.js";
import { derivedOf } from "../state.js";
import { last } from "../../shared/older_browsers.js";

export const DevDrawer = defineComponent({
  setup: () => use("state"),
  data: () => ({ open: false }),
  template: /* HTML */ `
    <aside class="dev" :class="{ open }" aria-label="Development">
      <button type="button" class="dev-toggle" :aria-expanded="String(open)" @click="open = !open">
        dev · v{{ room.version }} · {{ log.frames.length }}
      </button>
      <div v-if="open" class="dev-body" tabindex="0">
        <dl class="dev-facts">
          <template v-for="(value, name) in facts" :key="name"
            ><dt>{{ name }}</dt>
            <dd>{{ value }}</dd></template
          >
        </dl>
        <h3>Price</h3>
        <dl class="dev-facts">
          <template v-for="(value, name) in prices" :key="name"
            ><dt>{{ name }}</dt>
            <dd>{{ value }}</dd></template
          >
        </dl>
        <button type="button" class="button" @click="download">Export session as JSON</button>
        <h3>Frames, newest first</h3>
        <ol class="dev-frames" reversed>
          <li v-for="f in newest" :key="f.n">
            <details>
              <summary>
                <span :class="f.direction">{{ f.direction === "in" ? "←" : "→" }}</span> {{ f.type }}
                <span class="quiet"
                  >{{ f.bytes }} B · {{ f.time }}<template v-if="f.took"> · {{ f.took }} ms</template></span
                >
              </summary>
              <pre>{{ f.text }}</pre>
            </details>
          </li>
        </ol>
        <h3>State</h3>
        <pre>{{ stateText }}</pre>
      </div>
    </aside>
  `,
  computed: {
    room() {
      return this.state.room;
    },
    log() {
      return this.state.devLog;
    },
    newest() {
      return [...this.log.frames].reverse();
    },
    facts() {
      const r = this.room;
      return {
        configuration: r.configuration,
        code: r.code,
        epoch: r.epoch,
        version: r.version,
        role: r.you?.role,
        socket: r.socket,
        pending: r.pending.length,
        status: this.state.status.name,
      };
    },
    prices() {
      const { price, differences } = derivedOf(this.state.room);
      const sum = price.lines.reduce((total, line) => total + (line.amount_cents ?? 0), 0);
      const all = Object.values(differences)
        .flatMap((o) => Object.values(o))
        .filter((v) => typeof v === "number");
      const sizes = this.log.frames.filter((f) => f.direction === "in").map((f) => f.bytes);
      const answers = this.log.answers;
      return {
        total: price.total_cents,
        "sum of lines": `${sum} ${sum === price.total_cents ? "= total" : "DIFFERS"}`,
        differences: `${all.length}, ${Math.min(...all)} … ${Math.max(...all)}`,
        "frame bytes": sizes.length
          ? `max ${Math.max(...sizes)}, mean ${Math.round(sizes.reduce((a, b) => a + b, 0) / sizes.length)}`
          : "–",
        "op → op ms": answers.length ? `last ${last(answers)}, max ${Math.max(...answers)}` : "–",
      };
    },
    stateText() {
      const { selection, members, pending, derived } = this.room;
      return JSON.stringify({ selection, members, pending, derived }, null, 1);
    },
  },
  methods: {
    download() {
      const body = JSON.stringify(
        { exported_at: new Date().toISOString(), room: this.room, frames: this.log.frames },
        null,
        2,
      );
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([body], { type: "application/json" }));
      link.download = `nest-session-${this.room.code}.json`;
      link.click();
      URL.revokeObjectURL(link.href);
    },
  },
});
