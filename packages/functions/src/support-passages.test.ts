import { createSearch } from "@steward/core/support/search-passages";
import { describe, expect, it } from "vitest";
import questions from "./support-questions.json" with { type: "json" };
import { passages } from "./support-passages.ts";

/*
 * Questions as people ask them, with the sections that answer them; none where nothing here does. The phrases stand nowhere
 * else. Those that are held out were written after the search and the documents' words were as they are, and nothing was
 * changed for them since: they say how well it does with what nobody has thought of.
 */
const limit = 5;
const search = createSearch(passages);

function recall(wanted: (one: (typeof questions)[number]) => boolean): { share: number; missed: string[] } {
  const asked = questions.filter((one) => one.expected.length > 0 && wanted(one));
  const missed = asked.filter(({ question, expected }) => {
    const found = search(question, { limit }).flatMap(({ href }) => (href === undefined ? [] : [href, fileOf(href)]));
    return !expected.some((one) => found.includes(one));
  });
  return { share: 1 - missed.length / asked.length, missed: missed.map(({ question }) => question) };
}

function fileOf(href: string): string {
  return href.split("#")[0] ?? "";
}

describe("what a question is answered from", () => {
  it.each(["en", "de"])("is among the first five passages for at least nine of ten (%s)", (language) => {
    const { share, missed } = recall((one) => one.language === language && one.heldOut !== true);
    expect(share, missed.join("\n")).toBeGreaterThanOrEqual(0.9);
  });

  it("is there for three of five that nothing was ever adjusted to", () => {
    const { share, missed } = recall((one) => one.heldOut === true);
    expect(share, missed.join("\n")).toBeGreaterThanOrEqual(0.6);
  });

  it("is nothing, for at least two of three that are about something else", () => {
    const foreign = questions.filter(({ expected }) => expected.length === 0);
    const answered = foreign.filter(({ question }) => search(question).length > 0);
    expect(answered.length / foreign.length, JSON.stringify(answered)).toBeLessThanOrEqual(1 / 3);
  });

  it("names places that are there, each passage by an id of its own", () => {
    const places = new Set(passages.flatMap(({ href = "" }) => [href, fileOf(href)]));
    expect(questions.flatMap(({ expected }) => expected).filter((one) => !places.has(one))).toEqual([]);
    expect(new Set(passages.map(({ id }) => id)).size).toBe(passages.length);
  });

  it("forgives a slip of the pen, and knows words by their beginning", () => {
    const first = (question: string) => search(question, { limit: 3 }).map(({ href }) => href);
    expect(first("reach files from Windwos Explorer")).toContain("docs/files.md#from-windows");
    expect(first("export a tenant's dat")).toContain("docs/tenants.md#export");
  });
});
