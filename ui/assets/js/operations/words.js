// What our own names mean to people: jobs and what they did, reasons, kinds of data, actions.
// A name that nobody has translated yet is shown as it is; why something failed is said around it.
const ERROR = /^[A-Z][A-Za-z]*(Error|Exception)$/;
const slug = (name) => String(name).replaceAll(/\W+/g, "_");

export function word(t, group, name, values) {
  const key = `operations.${group}.${slug(name)}`;
  const text = t(key, values);
  if (text !== key) return text;
  return group === "why" && ERROR.test(name) ? t("operations.why.error", { name }) : String(name);
}

export const jobName = (t, job) => word(t, "job", job);

// The first that fits: later names also stand in what earlier ones say they are.
const BROWSERS = [[/Edg(e|A|iOS)?\//, "Edge"], [/OPR\/|Opera/, "Opera"], [/SamsungBrowser\//, "Samsung Internet"], [/Firefox\/|FxiOS\//, "Firefox"], [/Chrome\/|CriOS\//, "Chrome"], [/Version\/|Safari\//, "Safari"]];
const SYSTEMS = [[/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/Windows/, "Windows"], [/Macintosh/, "macOS"], [/CrOS/, "ChromeOS"], [/Linux|X11/, "Linux"]];
const known = (names, text) => names.find(([form]) => form.test(text))?.[1];

// "Safari auf iPhone"; what is not known is shown as the browser said it.
export function device(t, said) {
  const browser = known(BROWSERS, said), system = known(SYSTEMS, said);
  return browser && system ? t("operations.sessions.device", { browser, system }) : said;
}

// "3 Tage gelöscht, 12 Sitzungen"; empty when there was nothing to do. `reason`: why it failed.
export function did(t, number, detail) {
  const parts = Object.entries(detail ?? {}).map(([what, n]) => {
    if (what === "reason") return word(t, "why", n);
    if (what === "drift" && n === 0) return t("operations.did.noDrift");
    return typeof n === "number" && n !== 0 ? counted(t, number, what, n) : "";
  });
  return parts.filter(Boolean).join(", ");
}

function counted(t, number, what, n) {
  const key = `operations.did.${slug(what)}`;
  const text = t(key, { n: number(n) });
  return text === key ? `${number(n)} ${word(t, "kind", what)}` : text;
}
