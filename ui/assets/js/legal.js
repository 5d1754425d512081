// The way to imprint and privacy notice from pages of admins and shared dashboards. `t` gives a text.
export const LegalFoot = {
  props: { t: Function },
  template: `<footer class="legal-foot"><a href="/imprint">{{ t("legal.imprint") }}</a> <a href="/privacy">{{ t("legal.privacy") }}</a></footer>`,
};
