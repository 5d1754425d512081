// The time zones to choose from: the likely ones first, by continent.
const ZONE = /^[A-Za-z0-9_+/-]{1,64}$/;

const shownAs = (name) => new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;

// `known` are the names of today, from the server; what this browser could not show is left out.
export function zonesOf(zone, known, own = ownZone()) {
  const shown = known.filter(isZone);
  return [...new Set([zone, nameOfToday(own, shown), "UTC", ...shown])];
}

// Browsers call some zones as they were called decades ago, their own, too.
export function nameOfToday(zone, known) {
  return known.includes(zone) ? zone : known.find((name) => shownAs(name) === zone) ?? zone;
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
