// What stands around every figure: its title, what it means, and its downloads where they are allowed.
export default {
  props: { title: String, note: String, wide: Boolean, name: String, csv: String, json: String, w: Object },
  template: `
    <section :class="['figure-' + name, { wide }]" :data-testid="'figure-' + name" :aria-labelledby="'title-' + name">
      <header>
        <h2 :id="'title-' + name">{{ title }}</h2>
        <slot name="ask"></slot>
        <a v-if="csv" :href="csv" download :aria-label="w.t('analytics.csvOf', { title })">{{ w.t("analytics.csv") }}</a>
        <a v-if="json" :href="json" :download="name + '.json'" :aria-label="w.t('analytics.jsonOf', { title })">{{ w.t("analytics.json") }}</a>
      </header>
      <p v-if="note" class="quiet">{{ note }}</p>
      <slot></slot>
    </section>`,
};
