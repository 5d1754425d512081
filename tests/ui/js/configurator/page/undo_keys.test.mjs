// Undo and redo by keys, on the layouts of the world; and what older browsers get instead.
import assert from "node:assert/strict";
import { test } from "node:test";
import { takesBack, typing } from "../../../../../ui/assets/js/configurator/page/undo_keys.js";
import { within } from "../../../../../ui/assets/js/shared/older_browsers.js";
import { createReaderTexts } from "../../../../../ui/assets/js/configurator/words/texts.js";

const ctrl = (key, code, more) => ({
  key,
  code,
  ctrlKey: true,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
});

test("the letter counts, and where it is no Latin one the place of the key", () => {
  const table = [
    ["US", ctrl("z", "KeyZ"), "undo"],
    ["US, caps lock", ctrl("Z", "KeyZ"), "undo"],
    ["US", ctrl("Z", "KeyZ", { shiftKey: true }), "redo"],
    ["US", ctrl("y", "KeyY"), "redo"],
    ["US", ctrl("Y", "KeyY", { shiftKey: true }), null],
    ["Mac", ctrl("z", "KeyZ", { ctrlKey: false, metaKey: true }), "undo"],
    ["Mac", ctrl("z", "KeyZ", { ctrlKey: false, metaKey: true, shiftKey: true }), "redo"],
    ["Mac: the history of the browser", ctrl("y", "KeyY", { ctrlKey: false, metaKey: true }), null],
    ["QWERTZ", ctrl("z", "KeyY"), "undo"],
    ["QWERTZ", ctrl("y", "KeyZ"), "redo"],
    ["AZERTY", ctrl("z", "KeyW"), "undo"],
    ["AZERTY", ctrl("w", "KeyZ"), null],
    ["Dvorak", ctrl("z", "Slash"), "undo"],
    ["Dvorak", ctrl(";", "KeyZ"), null],
    ["Dvorak", ctrl("f", "KeyY"), null],
    ["Latvian", ctrl("ž", "KeyZ"), null],
    ["Russian", ctrl("я", "KeyZ"), "undo"],
    ["Russian", ctrl("Я", "KeyZ", { shiftKey: true }), "redo"],
    ["Russian", ctrl("н", "KeyY"), "redo"],
    ["Russian", ctrl("я", "KeyZ", { ctrlKey: false, metaKey: true }), "undo"],
    ["Bulgarian phonetic", ctrl("з", "KeyZ"), "undo"],
    ["Greek", ctrl("ζ", "KeyZ"), "undo"],
    ["Hebrew", ctrl("ז", "KeyZ"), "undo"],
    ["Arabic", ctrl("ئ", "KeyZ"), "undo"],
    ["Korean", ctrl("ㅋ", "KeyZ"), "undo"],
    ["Thai, a mark", ctrl("\u0e31", "KeyY"), "redo"],
    ["an input method", ctrl("Process", "KeyZ"), "undo"],
    ["while it composes", ctrl("z", "KeyZ", { isComposing: true }), null],
    ["without Ctrl", ctrl("z", "KeyZ", { ctrlKey: false }), null],
    ["Ctrl and Cmd", ctrl("z", "KeyZ", { metaKey: true }), null],
    ["AltGr", ctrl("z", "KeyZ", { altKey: true }), null],
    ["another key", ctrl("я", "KeyQ"), null],
    ["Shift alone", ctrl("Shift", "ShiftLeft"), null],
    ["filled in by the browser: no key at all", { type: "keydown" }, null],
    ["the same with Ctrl", { type: "keydown", ctrlKey: true }, null],
  ];
  for (const [layout, event, expected] of table)
    assert.equal(takesBack(event), expected, `${layout}: ${JSON.stringify(event)}`);
});

test("typing means a target with a text, whatever element it is", () => {
  assert.equal(typing(null), false);
  assert.equal(typing({}), false);
  assert.equal(typing({ closest: () => ({}) }), true);
});

test("patience ends after its time, and not when the answer came", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const [asked, answered] = [within(100), within(100)];
  answered.done();
  t.mock.timers.tick(100);
  assert.deepEqual([asked.signal.aborted, answered.signal.aborted], [true, false]);
});

test("numbers stay with their units on a line", () => {
  const { say } = createReaderTexts({}, () => "de");
  for (const text of [
    "Nest.~80",
    "RAL~9005",
    "8~×~20 Platten",
    "75~m²~und 20~cm",
    "5~kWp, 3,5~% Zinsen",
    "8~m hoch",
    "5 mal",
    "2 cmx",
    "3 4~m",
  ]) {
    assert.equal(say({ de: text.replaceAll("~", " ") }).replaceAll("\u00a0", "~"), text.replace("m²~und", "m² und"));
  }
});
