import { describe, expect, it } from "vitest";
import {
  everywhere,
  lastingSelector,
  mentioned,
  placeOfSelector,
  placeWord,
  placesOf,
  tagPlace,
  tidy,
} from "./places.ts";

const nodes = [
  { id: "apl_1", name: "bert", tags: ["site:berlin", "ring:canary"] },
  { id: "apl_2", name: "ernie", tags: ["site:berlin"] },
  { id: "apl_3", name: "grobi", tags: ["site:paris"] },
];
const labels = (places: { label: string }[]) => places.map(({ label }) => label);

describe("where something is done", () => {
  it("offers all, then each tag once, then appliances", () => {
    expect(labels(placesOf(nodes, ""))).toEqual([
      "All appliances",
      "ring:canary",
      "site:berlin",
      "site:paris",
      "bert",
      "ernie",
      "grobi",
    ]);
    expect(labels(placesOf(nodes, "Berlin"))).toEqual(["site:berlin", "bert", "ernie"]);
    expect(labels(placesOf(nodes, "nobody"))).toEqual([]);
  });

  it("takes a tag that nobody has yet, and nothing that is none", () => {
    expect(tagPlace(" site:rome ")).toEqual({ selector: "site:rome", kind: "tag", label: "site:rome" });
    expect(["", "rome", "site:", ":rome", "site:ro me", "si/te:rome"].map((typed) => tagPlace(typed))).toEqual(
      Array.from({ length: 6 }, () => undefined),
    );
  });

  it("keeps an appliance for another day by its name, where that can be told from other words", () => {
    expect(placesOf(nodes, "").map(lastingSelector)).toEqual([
      "all",
      "ring:canary",
      "site:berlin",
      "site:paris",
      "bert",
      "ernie",
      "grobi",
    ]);
    for (const label of ["the old one", "all", "site:berlin", "apl_1"])
      expect(lastingSelector({ selector: "apl_4", kind: "appliance", label }), label).toBe("apl_4");
  });

  it("means all alone, and nothing twice", () => {
    const bert = placeOfSelector("bert", nodes);
    expect(tidy([bert, placeOfSelector("apl_1", nodes)])).toEqual([bert]);
    expect(tidy([bert, everywhere])).toEqual([everywhere]);
    expect(tidy([everywhere, bert])).toEqual([bert]);
  });

  it("finds what a sentence names, whole words only", () => {
    expect(labels(mentioned("Add user john on Bert, please", nodes))).toEqual(["bert"]);
    expect(labels(mentioned("restart samba at site:berlin.", nodes))).toEqual(["site:berlin"]);
    expect(mentioned("add user berta to alberta", nodes)).toEqual([]);
  });

  it("knows where in a sentence a place is named", () => {
    expect(["add john on bert, please", "restart bert.", "reboot", ""].map(placeWord)).toEqual([
      "bert",
      "bert",
      "reboot",
      "",
    ]);
  });

  it("keeps a selector that it does not know", () => {
    expect(placeOfSelector("site:rome", nodes)).toMatchObject({ kind: "tag", selector: "site:rome" });
    expect(placeOfSelector("all")).toBe(everywhere);
  });
});
