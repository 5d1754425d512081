// What stands around every figure: its title, what it means, and its downloads where they are allowed.
export default {
  props: { title: String, note: String, wide: Boolean, name: String, files: Array, w: Object },
  template: `
    <section :class="['figure-' + name, { wide }]" :data-testid="'figure-' + name" :aria-labelledby="'title-' + name">
      <header>
        <h2 :id="'title-' + name">{{ title }}</h2>
        <slot name="ask"></slot>
        <template v-for="f in files ?? []" :key="f.form">
          <a v-if="f.href" :href="f.href" :download="f.form === 'json' ? name + '.json' : ''" :aria-label="w.t('analytics.' + f.form + 'Of', { title })">{{ w.t("analytics." + f.form) }}</a>
          <button v-else type="button" class="text-button" :aria-label="w.t('analytics.' + f.form + 'Of', { title })" @click="f.fetch()">{{ w.t("analytics." + f.form) }}</button>
        </template>
      </header>
      <p v-if="note" class="quiet">{{ note }}</p>
      <slot></slot>
    </section>`,
};
