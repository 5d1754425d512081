// The recurring jobs: how each went, when it is due, who does them, and what failed.
import { ask } from "../calling.js";
import { jobName } from "./words.js";

export const Jobs = {
  inject: ["desk"],
  props: { found: Object },
  emits: ["changed"],
  data: () => ({ busy: "", told: "", problem: "" }),
  template: `
    <section aria-labelledby="jobs-title">
      <header><h2 id="jobs-title" tabindex="-1">{{ desk.t("operations.tab.jobs") }}</h2></header>
      <p class="quiet">{{ desk.t("operations.jobs.about") }}</p>
      <template v-if="found">
        <p v-if="found.leader" data-testid="leader">{{ desk.t("operations.jobs.leader", { node: found.leader }) }}</p><p v-else class="problem" data-testid="leader">{{ desk.t("operations.jobs.noLeader") }}</p>
        <div role="status" class="told"><p v-if="told">{{ told }}</p></div><p v-if="problem" class="problem" role="alert">{{ problem }}</p>
        <table v-if="found.jobs.length" class="stack"><thead><tr><th scope="col">{{ desk.t("operations.jobs.job") }}</th><th scope="col">{{ desk.t("operations.jobs.last") }}</th><th scope="col" class="num">{{ desk.t("operations.jobs.took") }}</th><th scope="col">{{ desk.t("operations.jobs.outcome") }}</th><th scope="col">{{ desk.t("operations.jobs.next") }}</th><th scope="col"><span class="sr-only">{{ desk.t("operations.jobs.run") }}</span></th></tr></thead>
          <tbody><tr v-for="j in jobs" :key="j.job" data-testid="job"><th scope="row">{{ name(j.job) }}</th><td :data-label="desk.t('operations.jobs.last')">{{ desk.time(j.started_at) }}</td><td class="num" :data-label="desk.t('operations.jobs.took')">{{ took(j) }}</td><td :data-label="desk.t('operations.jobs.outcome')"><span :class="j.outcome ?? 'running'">{{ outcome(j) }}</span><span class="quiet what">{{ what(j) }}</span></td><td :data-label="desk.t('operations.jobs.next')" :class="{ late: late(j) }">{{ next(j) }}</td><td class="num"><button type="button" class="button small" :disabled="!found.leader || j.asked || !j.outcome || !j.due_at || busy === j.job" :aria-label="desk.t('operations.jobs.runNamed', { job: name(j.job) })" @click="run(j.job)">{{ desk.t("operations.jobs.run") }}</button></td></tr></tbody></table>
        <p v-else class="empty quiet">{{ desk.t("operations.jobs.none") }}</p>
        <h3>{{ desk.t("operations.jobs.failures") }}</h3>
        <ul v-if="found.failures.length" class="plain lines" data-testid="failures"><li v-for="(f, n) in found.failures" :key="n"><time>{{ desk.time(f.started_at) }}</time><span>{{ name(f.job) }}</span><span class="failed">{{ desk.did(f.detail) }}</span></li></ul>
        <p v-else class="quiet">{{ desk.t("operations.jobs.noFailures") }}</p>
        <h3>{{ desk.t("operations.jobs.stops") }}</h3>
        <ul v-if="found.stops?.length" class="plain lines" data-testid="stops"><li v-for="s in found.stops" :key="s.node + s.at"><time>{{ desk.time(s.at) }}</time><span>{{ s.node }}</span><span class="failed">{{ s.reason === "too_much_poison" ? desk.t("operations.jobs.stop", { unreadable: desk.number(s.unreadable), of_last: desk.number(s.of_last) }) : desk.reason(s.reason) }}</span></li></ul>
        <p v-else class="quiet">{{ desk.t(found.stops ? "operations.jobs.noStops" : "operations.noRedis") }}</p>
      </template>
      <p v-else class="quiet">{{ desk.t("operations.loading") }}</p>
    </section>`,
  computed: {
    jobs() {
      return [...this.found.jobs].sort((a, b) => this.name(a.job).localeCompare(this.name(b.job)));
    },
  },
  methods: {
    name(job) {
      return jobName(this.desk.t, job);
    },
    took(job) {
      return job.finished_at ? this.desk.span(Date.parse(job.finished_at) - Date.parse(job.started_at)) : "–";
    },
    outcome(job) {
      return this.desk.t(`operations.jobs.${job.outcome ?? "running"}`);
    },
    what(job) {
      const done = this.desk.did(job.detail);
      return done || (job.outcome === "ok" ? this.desk.t("operations.jobs.nothing") : "");
    },
    late: (job) => job.overdue_seconds > 60,
    next(job) {
      const { t, time, span } = this.desk;
      if (job.asked) return t("operations.jobs.asked");
      if (!job.due_at) return "–";
      return this.late(job) ? t("operations.jobs.overdue", { span: span(job.overdue_seconds * 1000) }) : time(job.due_at);
    },
    async run(job) {
      Object.assign(this, { busy: job, told: "", problem: "" });
      try {
        const { asked } = await ask("POST", "jobs/run", { body: { job } });
        this.told = this.desk.t(asked ? "operations.jobs.isAsked" : "operations.jobs.isRunning", { job: this.name(job) });
      } catch (error) {
        this.problem = this.desk.said(error);
      }
      this.busy = "";
      this.$emit("changed");
    },
  },
};
