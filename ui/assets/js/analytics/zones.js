// The time zones to choose from: those of the browser, the likely ones first, by continent.
const ZONE = /^[A-Za-z0-9_+/-]{1,64}$/;

export function zonesOf(zone) {
  const known = Intl.supportedValuesOf?.("timeZone") ?? [];
  return [...new Set([zone, ownZone(), "UTC", ...known])];
}

// Also an older or newer name than the ones that are offered: browsers differ in those.
export function isZone(name) {
  try {
    return ZONE.test(name ?? "") && Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}

export function zoneGroups(zones) {
  const groups = new Map();
  for (const zone of zones) {
    const continent = zone.includes("/") ? zone.split("/")[0] : "";
    if (!groups.has(continent)) groups.set(continent, []);
    groups.get(continent).push(zone);
  }
  return [...groups].filter(([continent]) => continent).map(([name, of]) => ({ name, of: of.sort() }));
}

export function ownZone() {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}
