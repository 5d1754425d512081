// Every generated sentence, as JSON lines: reads {catalogue, texts} from standard input.
import { readFileSync } from "node:fs";
import { lostTo } from "../../../ui/assets/js/configurator/words/losses.js";
import { createReaderTexts } from "../../../ui/assets/js/configurator/words/texts.js";
import { createWords } from "../../../ui/assets/js/configurator/words/words.js";

const { catalogue, texts } = JSON.parse(readFileSync(0, "utf-8"));
const author = { name: "Bert", colour: 1, id: "b" };

for (const language of ["de", "en"]) {
  const sentences = createWords(
    catalogue,
    createReaderTexts(texts, () => language),
  );
  for (const category of catalogue.categories) {
    const amounts = category.quantity ? [1, 12] : [undefined];
    const choices = category.options.flatMap((option) => amounts.map((quantity) => ({ option: option.id, quantity })));
    const say = (about, text) => console.log(JSON.stringify({ language, category: category.id, about, text }));
    say("without", sentences.withoutText(category));
    say("asked clear", sentences.describeAsked({ kind: "clear", category: category.id }));
    for (const before of [null, ...choices]) {
      say("choice", sentences.choiceText(category.id, before));
      for (const after of [null, ...choices]) {
        if (before === after) continue;
        const change = { category: category.id, before, after, cause: "asked" };
        for (const mine of [true, false]) {
          const entry = { author, mine, changes: [change] };
          for (const kind of ["select", "apply", "undo", "redo", "reset"])
            say(kind, sentences.describe({ ...entry, kind }));
          say("adjusted", sentences.describeAdjustment({ change, author, mine }));
          const own = [{ mine: true, changes: [{ category: category.id, after: before }] }];
          for (const lost of before ? lostTo(entry, own) : []) {
            say("over", sentences.describeLost({ ...entry, kind: "select" }, lost));
            say("over reset", sentences.describeLost({ ...entry, kind: "reset" }, lost));
          }
          if (mine) say("replaced", sentences.describeReplaced(change, author.name));
        }
        if (after) say("asked", sentences.describeAsked({ kind: "select", category: category.id, ...after }));
        if (after?.quantity)
          say(
            "asked quantity",
            sentences.describeAsked({ kind: "set_quantity", category: category.id, quantity: after.quantity }),
          );
      }
    }
  }
  for (const kind of ["undo", "redo", "reset", "select"]) {
    for (const mine of [true, false])
      console.log(
        JSON.stringify({
          language,
          category: "",
          about: `${kind} of nothing`,
          text: sentences.describe({ author, mine, kind, changes: [] }),
        }),
      );
  }
}
