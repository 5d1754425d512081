// Counts changes that wait unsent in the other tabs of a browser, with the BroadcastChannel of Node.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { createOtherTabs } from "../../../../ui/assets/js/device/other_tabs.js";
import { Storage } from "../world.mjs";

const open = [];
afterEach(() => open.splice(0).forEach((each) => each.close()));

const withinMs = 1_500; // a busy machine comes to nothing for longer than a person would wait

function tab(waiting, { storage = new Storage(), ...how } = {}) {
  const siblings = createOtherTabs({ waiting: () => waiting, storage, withinMs, ...how });
  open.push(siblings);
  return siblings;
}

test("the changes of every other tab are counted, and not one's own", async () => {
  const asking = tab(5);
  tab(2);
  tab(0);
  tab(1);
  assert.equal(await asking.unsent(), 3);
});

test("the number is that at the moment of the question", async () => {
  const asking = tab(0);
  let waiting = 1;
  const other = createOtherTabs({ waiting: () => waiting, storage: new Storage() });
  open.push(other);
  assert.equal(await asking.unsent(), 1);
  waiting = 4;
  assert.equal(await asking.unsent(), 4);
  other.close();
  assert.equal(await asking.unsent(), 0);
});

test("two tabs that ask at once each get their own answers", async () => {
  const [one, two] = [tab(1), tab(20)];
  tab(300);
  assert.deepEqual(await Promise.all([one.unsent(), two.unsent()]), [320, 301]);
});

test("an unsent inquiry of any tab counts", async () => {
  const storage = new Storage();
  storage.setItem("nest-inquiry:house:anna", JSON.stringify({ id: "1", name: "Anna", email: "", message: "", at: 1 }));
  storage.setItem("nest-inquiry:other:anna", JSON.stringify({ id: "2", name: "", email: "", message: "", at: 1 }));
  storage.setItem("nest-inquiry:third:anna", "no JSON");
  storage.setItem("nest-track:7", JSON.stringify({ events: [{}] }));
  tab(2, { storage });
  assert.equal(await tab(0, { storage }).unsent(), 3);
});

test("messages that are no answers are ignored", async () => {
  const asking = tab(0);
  const stranger = new BroadcastChannel("nest-siblings");
  open.push(stranger);
  stranger.onmessage = ({ data }) => {
    for (const message of [
      null,
      "7",
      { re: "other", waiting: 9 },
      { re: data.ask, waiting: "9" },
      { re: data.ask, waiting: 7 },
    ])
      stranger.postMessage(message);
  };
  assert.equal(await asking.unsent(), 7);
});

for (const [name, Channel] of [
  ["without BroadcastChannel", null],
  [
    "where it is forbidden",
    class {
      constructor() {
        throw new Error("forbidden");
      }
    },
  ],
]) {
  test(`${name} only what is kept for all tabs counts`, async () => {
    const storage = new Storage();
    storage.setItem(
      "nest-inquiry:house:anna",
      JSON.stringify({ id: "1", name: "", email: "", message: "Hallo", at: 1 }),
    );
    tab(2);
    assert.equal(await tab(0, { storage, Channel }).unsent(), 1);
  });
}
