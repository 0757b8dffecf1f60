import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fit, idIn, looksLikeQuestion, looksLikeWish, ranked } from "./rank.ts";

const entry = (title: string, group = "Go to", words: string[] = []) => ({ id: title, group, title, words });
const titles = (entries: { title: string }[]) => entries.map(({ title }) => title);

describe("what the palette finds", () => {
  it("puts the beginning before the middle, and letters in order last", () => {
    const pages = [entry("Topology"), entry("Tasks"), entry("Workers & queues"), entry("Ask")];
    expect(titles(ranked("as", pages, 9))).toEqual(["Ask", "Tasks"]);
    expect(titles(ranked("tpg", pages, 9))).toEqual(["Topology"]);
    expect(titles(ranked("queues", pages, 9))).toEqual(["Workers & queues"]);
  });

  it("wants every word somewhere", () => {
    const action = entry("Add a user", "Actions", ["create an account for {username}"]);
    expect(fit("add user", action)).toBeGreaterThan(0);
    expect(fit("account user", action)).toBeGreaterThan(0);
    expect(fit("add mailbox", action)).toBe(0);
  });

  it("keeps groups together, the one with the best first, and not too many of one", () => {
    const entries = [
      entry("bert", "Tasks"),
      entry("Actions"),
      ...Array.from({ length: 9 }, (_, at) => entry(`act ${at}`, "Actions")),
    ];
    const found = ranked("act", entries, 3);
    expect(found.filter(({ group }) => group === "Actions")).toHaveLength(3);
    expect(new Set(found.map(({ group }) => group)).size).toBe(2);
  });

  it("shows all of it, in its order, where nothing was typed", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 })), (names) => {
        expect(
          titles(
            ranked(
              "",
              names.map((name) => entry(name)),
              1_000,
            ),
          ),
        ).toEqual(names);
      }),
    );
  });

  it("tells a wish from a name, and a question from a wish", () => {
    expect(["add user john", "bert"].map(looksLikeWish)).toEqual([true, false]);
    expect(["who has an account", "add john?", "whole disk"].map(looksLikeQuestion)).toEqual([true, true, false]);
  });

  it("knows an id that was pasted", () => {
    expect(idIn(" tsk_01m8c2182436z06vw08z0ay2v0 ")).toEqual({ kind: "task", id: "tsk_01m8c2182436z06vw08z0ay2v0" });
    expect(idIn("tsk_1")).toBeUndefined();
  });
});
