// The draft of an inquiry is kept, and an inquiry is sent once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createInquiry } from "../../../../ui/assets/js/device/inquiry.js";
import { Storage } from "../world.mjs";

const DAY_MS = 86_400_000;

// Stores by id, as the real one does; `answers` are what becomes of the next answers.
class Desk {
  stored = new Map();
  answers = [];
  post = async (asked) => {
    const what = this.answers.shift();
    if (what === "away") return { ok: false, body: { error: { code: "not_saved", message: { de: "Noch nicht." } } } };
    if (what === "unreached") throw new TypeError("Failed to fetch");
    const body = JSON.stringify(asked);
    const known = this.stored.get(asked.inquiry_id);
    if (known && known.body !== body)
      return { ok: false, body: { error: { code: "inquiry_id_reused", message: { de: "Schon gesendet." } } } };
    if (!known)
      this.stored.set(asked.inquiry_id, {
        body,
        answer: {
          inquiry_id: asked.inquiry_id,
          reference: `R${this.stored.size + 1}`,
          at: "2026-11-29T05:00:00Z",
          version: 3,
          total_cents: 5,
        },
      });
    if (what === "lost") throw new TypeError("Failed to fetch");
    return { ok: true, body: this.stored.get(asked.inquiry_id).answer };
  };
  get = async () => ({ ok: true, body: { inquiries: [...this.stored.values()].map((each) => each.answer).reverse() } });
}

let clock = Date.UTC(2026, 10, 29);
function opened({ desk = new Desk(), storage = new Storage(), person = "anna", configuration = "house" } = {}) {
  const { post, get } = desk;
  const inquiry = createInquiry({ configuration, person, post, get, storage, now: () => clock });
  const type = (fields) => (Object.assign(inquiry.state, fields), inquiry.keep());
  return { desk, storage, inquiry, type };
}
const anna = { name: "Anna", email: "anna@example.at", message: "Wann?" };
const textOf = ({ state: { name, email, message } }) => ({ name, email, message });

test("a draft is there after a reload, and in other tabs of the same person only", () => {
  const { storage, inquiry, type } = opened();
  type({ ...anna, consent: true });
  const again = opened({ storage }).inquiry;
  assert.deepEqual(textOf(again), anna);
  assert.equal(again.state.id, inquiry.state.id);
  assert.equal(again.state.consent, false, "consent is given for what is about to be sent");
  assert.equal(opened({ storage, person: "bert" }).inquiry.written(), false);
  assert.equal(opened({ storage, configuration: "another" }).inquiry.written(), false);
});

test("two tabs write one inquiry, and both drop its draft when it was sent", async () => {
  const one = opened();
  const two = opened({ desk: one.desk, storage: one.storage });
  one.type(anna);
  const [key] = one.storage.keys();
  two.inquiry.heard({ key });
  assert.deepEqual([textOf(two.inquiry), two.inquiry.state.id], [anna, one.inquiry.state.id]);
  await Promise.all([one.inquiry.send(), two.inquiry.send()]);
  assert.equal(one.desk.stored.size, 1);
  const late = opened({ desk: one.desk, storage: one.storage });
  late.type(anna);
  await late.inquiry.send();
  two.inquiry.heard({ key });
  await Promise.resolve();
  assert.equal(two.inquiry.written(), false);
  assert.equal(two.inquiry.state.sent.length, 2);
});

test("a lost answer and a second press make one inquiry, after a reload and in another tab too", async () => {
  for (const lost of [["lost"], ["lost", "lost"], ["away", "lost"], ["unreached", "lost", "away"]]) {
    for (const reload of [false, true]) {
      let page = opened();
      page.desk.answers = [...lost];
      page.type({ ...anna, name: " Anna " });
      for (const _ of lost) {
        assert.equal(await page.inquiry.send(), null);
        assert.ok(page.inquiry.state.problem);
        if (reload) page = opened({ desk: page.desk, storage: page.storage });
      }
      const sent = await page.inquiry.send();
      assert.equal(sent.reference, "R1");
      assert.equal(page.desk.stored.size, 1);
      assert.deepEqual(page.storage.keys(), [], "nothing of the person stays");
      assert.equal(page.inquiry.written(), false);
      assert.deepEqual(
        page.inquiry.state.sent.map((each) => each.reference),
        ["R1"],
      );
    }
  }
});

test("two presses at once are one", async () => {
  const { desk, inquiry, type } = opened();
  type(anna);
  const answers = await Promise.all([inquiry.send(), inquiry.send()]);
  assert.deepEqual(
    answers.map((each) => each?.reference ?? null),
    ["R1", null],
  );
  assert.equal(desk.stored.size, 1);
});

test("a draft that was changed after a lost answer is announced as another inquiry before it is sent", async () => {
  const { desk, inquiry, type } = opened();
  desk.answers = ["lost"];
  type(anna);
  await inquiry.send();
  type({ message: "Oder bald?" });
  assert.equal(await inquiry.send(), null);
  assert.equal(inquiry.state.problem.code, "inquiry_id_reused");
  assert.deepEqual(
    inquiry.state.sent.map((each) => each.reference),
    ["R1"],
  );
  assert.equal(desk.stored.size, 1, "nothing was sent unasked");
  assert.deepEqual(textOf(inquiry), { ...anna, message: "Oder bald?" });
  assert.equal((await inquiry.send()).reference, "R2");
});

test("the server says which inquiries were sent, after a reload and after it did not answer for a while", async () => {
  const { desk, storage, inquiry, type } = opened();
  type(anna);
  await inquiry.send();
  const again = opened({ desk, storage }).inquiry;
  assert.deepEqual(again.state.sent, []);
  await again.refresh();
  assert.deepEqual(
    again.state.sent.map((each) => [each.reference, each.at]),
    [["R1", "2026-11-29T05:00:00Z"]],
  );
  desk.get = () => Promise.reject(new TypeError("Failed to fetch"));
  const away = createInquiry({ configuration: "house", person: "anna", post: desk.post, get: desk.get, storage });
  await away.refresh();
  assert.deepEqual(away.state.sent, []);
});

test("after a day no draft is left, also none for other houses and of other people", () => {
  const { storage, type } = opened();
  type(anna);
  opened({ storage, configuration: "another", person: "bert" }).type(anna);
  storage.setItem("nest-inquiry:old:x", "no JSON");
  storage.setItem("nest-track:7", "{}");
  clock += DAY_MS - 1;
  opened({ storage });
  assert.equal(storage.keys().length, 3);
  clock += 1;
  assert.equal(opened({ storage }).inquiry.written(), false);
  assert.deepEqual(storage.keys(), ["nest-track:7"]);
});

test("discarding, and emptying the fields, leaves nothing; without storage it works as long as the page", async () => {
  const { storage, inquiry, type } = opened();
  type(anna);
  const { id } = inquiry.state;
  type({ name: "", email: "", message: "" });
  assert.deepEqual(storage.keys(), []);
  type(anna);
  inquiry.discard();
  assert.deepEqual([storage.keys(), inquiry.written()], [[], false]);
  assert.notEqual(inquiry.state.id, id);
  for (const broken of [
    null,
    {
      get length() {
        throw new Error("forbidden");
      },
      getItem() {
        throw new Error("forbidden");
      },
      setItem() {
        throw new Error("full");
      },
      removeItem() {
        throw new Error("forbidden");
      },
    },
  ]) {
    const page = opened({ storage: broken });
    page.type(anna);
    page.desk.answers = ["lost"];
    await page.inquiry.send();
    assert.equal((await page.inquiry.send()).reference, "R1");
    assert.equal(page.desk.stored.size, 1);
  }
});
