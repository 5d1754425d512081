// Links to imprint and privacy notice, for pages of admins and shared dashboards. `t` returns a
// text.
export const LegalFoot = {
  props: { t: Function },
  template: /* HTML */ `
    <footer class="legal-foot">
      <a href="/imprint">{{ t("legal.imprint") }}</a> <a href="/privacy">{{ t("legal.privacy") }}</a>
    </footer>
  `,
};
