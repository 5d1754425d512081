// Names of people: cleaning of a typed name, and its initials. The rules are those of
// configurator/people/visible.py; tests/configurator/people/names.json checks both.
import { last } from "./older_browsers.js";

export const NAME_CHARACTERS_MAX = 40;

const [ZWNJ, ZWJ] = ["\u200c", "\u200d"];
// Each character counts by itself here, as on the server.
/* eslint-disable no-control-regex, no-misleading-character-class */
const GAPS = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u2800\u3164\uffa0]+/gu;
const SHAPELESS =
  /[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u{d800}-\u{f8ff}\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff\u{1bca0}-\u{1bca3}\u{1d159}\u{1d173}-\u{1d17a}\u{e0000}-\u{e001f}\u{e0080}-\u{e00ff}\u{e01f0}-\u{10ffff}]/gu;
const PICTURE =
  /^[\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\u{1f000}-\u{1faff}]/u;
const MODIFIER = /^[\ufe0e\ufe0f\u20e3\u{1f3fb}-\u{1f3ff}\u{e0020}-\u{e007f}]/u;
/* eslint-enable no-control-regex, no-misleading-character-class */
const VARIATION = /^[\u180b-\u180d\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;
const TAG = /^[\u{e0020}-\u{e007f}]/u;
const BLACK_FLAG = "\u{1f3f4}";
const LETTER = /^[\p{L}\p{N}]/u;
const LETTER_OR_MARK = /^[\p{L}\p{M}]/u;
const MARK = /^\p{M}/u;
const SHAPE = /[^\p{M}\p{Z}\p{Cf}]/u;
const REGIONAL = /^[\u{1f1e6}-\u{1f1ff}]/u;
const LEADING = /^[\u1100-\u115f\ua960-\ua97c]/u;
const VOWEL = /^[\u1160-\u11a7\ud7b0-\ud7c6]/u;
const TRAILING = /^[\u11a8-\u11ff\ud7cb-\ud7fb]/u;
const SYLLABLE = /^[\uac00-\ud7a3]/u;

// The number of code points, as the server counts them.
/** @param {string} text */
export const lengthOf = (text) => [...text].length;

/** @param {string} text */
export function oneLine(text) {
  /** @type {string[]} */
  const kept = [];
  const rough = [...text.replace(GAPS, " ").replace(SHAPELESS, "")];
  rough.forEach((character, at) => {
    if (belongs(character, last(kept) ?? " ", rough[at + 1] ?? "")) kept.push(character);
  });
  const line = kept.join("").replace(/ +/g, " ").replace(/^ | $/g, "");
  return SHAPE.test(line) ? line : "";
}

/** @param {string | null | undefined} name @returns {string} */
export function initialsOf(name) {
  const words = oneLine(name ?? "")
    .split(" ")
    .map(clusters);
  const spoken = words.map((word) => word.filter((c) => LETTER.test(c))).filter((word) => word.length);
  if (!spoken.length) return words.flat().find((c) => PICTURE.test(c)) ?? "?";
  const short = spoken.length === 1 ? spoken[0].slice(0, 2) : [spoken[0][0], last(spoken)?.[0] ?? ""];
  return clusters(short.join("").toUpperCase()).slice(0, 2).join("");
}

// The characters as a reader counts them: marks, joined emoji, flags and syllables are whole.
/** @param {string} text */
export function clusters(text) {
  /** @type {string[]} */
  const found = [];
  for (const character of text) {
    if (found.length && continues(last(found) ?? "", character)) found[found.length - 1] += character;
    else found.push(character);
  }
  return found;
}

/** @param {string} character @param {string} before @param {string} following */
function belongs(character, before, following) {
  if (character === ZWNJ || character === ZWJ) {
    if (LETTER_OR_MARK.test(before) && LETTER_OR_MARK.test(following)) return true;
    return character === ZWJ && (PICTURE.test(before) || MODIFIER.test(before)) && PICTURE.test(following);
  }
  if (VARIATION.test(character)) return before !== " " && !VARIATION.test(before);
  if (TAG.test(character)) return before === BLACK_FLAG || TAG.test(before);
  return true;
}

/** @param {string} cluster @param {string} character */
function continues(cluster, character) {
  const final = last([...cluster]) ?? "";
  if (MARK.test(character) || MODIFIER.test(character) || VARIATION.test(character)) return true;
  if (character === ZWNJ || character === ZWJ) return true;
  if (final === ZWJ) return PICTURE.test(character) && PICTURE.test(cluster);
  if (REGIONAL.test(character)) return cluster === final && REGIONAL.test(cluster);
  return syllable(final, character) || character === "\u0e33" || character === "\u0eb3";
}

/** @param {string} before @param {string} character */
function syllable(before, character) {
  if (LEADING.test(before)) return LEADING.test(character) || VOWEL.test(character) || SYLLABLE.test(character);
  const open = SYLLABLE.test(before) && ((before.codePointAt(0) ?? 0) - 0xac00) % 28 === 0;
  if (VOWEL.test(before) || open) return VOWEL.test(character) || TRAILING.test(character);
  return (TRAILING.test(before) || SYLLABLE.test(before)) && TRAILING.test(character);
}
