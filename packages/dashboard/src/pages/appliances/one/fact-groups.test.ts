import fc from "fast-check";
import { expect, test } from "vitest";
import { factGroups, withWord } from "./fact-groups.ts";

const facts = {
  users: ["john", "ada", "ada"],
  hostname: "nas",
  versions: { samba: "4.22", nginx: "1.28" },
  shares: [],
  zfs: { pools: 2 },
};

test("facts come in their order, each once, without the empty ones, and what is new by its own name", () => {
  expect(factGroups(facts)).toEqual([
    { name: "hostname", title: "Host name", text: "nas" },
    { name: "users", title: "Users", items: ["ada", "john"] },
    {
      name: "versions",
      title: "Versions",
      pairs: [
        ["nginx", "1.28"],
        ["samba", "4.22"],
      ],
    },
    { name: "zfs", title: "zfs", pairs: [["pools", "2"]] },
  ]);
});

test("a word finds what has it, in names and values, and only that of a list", () => {
  const found = (word: string) =>
    withWord(factGroups(facts), word).map(({ name, items, pairs }) => [name, items ?? pairs]);
  expect(found("JO")).toEqual([["users", ["john"]]]);
  expect(found("1.2")).toEqual([["versions", [["nginx", "1.28"]]]]);
  expect(found("users")).toEqual([["users", ["ada", "john"]]]);
  expect(found("nothing-like-that")).toEqual([]);
});

test("whatever a machine tells is shown, and nothing of it breaks the page", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (told, word) => {
      for (const { title, items, pairs, text } of withWord(factGroups(told), word)) {
        expect(typeof title).toBe("string");
        for (const said of [...(items ?? []), ...(pairs ?? []).flat(), ...(text === undefined ? [] : [text])]) {
          expect(typeof said).toBe("string");
        }
      }
    }),
  );
});
