import { healthLevels } from "@steward/contracts/heartbeat";
import type { NodeView } from "@steward/contracts/node";
import fc from "fast-check";
import { expect, test } from "vitest";
import { aNode } from "../a-node.ts";
import { choiceOf, chosen, facetsOf, matches, notesOf, selectorsOf } from "./node-choice.ts";

const nowMs = Date.parse("2026-11-26T12:00:00.000Z");
const inDays = (days: number) => new Date(nowMs + days * 86_400_000).toISOString();

test("an address that somebody made up chooses nothing that there is not", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom("q", "health", "tag", "version", "note", "x"), fc.anything()),
      (search) => {
        const choice = choiceOf(search);
        expect(choiceOf({ ...choice })).toEqual(choice);
        expect(() => chosen([aNode()], choice, nowMs)).not.toThrow();
      },
    ),
  );
  expect(choiceOf({ q: "", health: "fine", note: "toString" })).toEqual({});
  expect(choiceOf({ q: "nas", health: "offline", tag: "site:bonn" })).toEqual({
    q: "nas",
    health: "offline",
    tag: "site:bonn",
  });
});

test("a search finds a part of the name, the host's name, the id or a tag, in any case, as the API does", () => {
  const node = aNode({ id: "apl_01kxyz", name: "nas-1", hostname: "Berta.Local", tags: ["site:berlin"] });
  for (const q of ["NAS", "berta", "apl_01kx", "BERLIN", "e:b", " nas "])
    expect(matches(node, { q }, nowMs), q).toBe(true);
  for (const q of ["nas-2", "nas-1 berta"]) expect(matches(node, { q }, nowMs), q).toBe(false);
});

test("what is asked for holds all at once", () => {
  const node = aNode({ health: "warning", tags: ["site:bonn"], agentVersion: "0.2.0" });
  expect(matches(node, { health: "warning", tag: "site:bonn", version: "0.2.0", q: "nas" }, nowMs)).toBe(true);
  expect(matches(node, { health: "healthy", tag: "site:bonn" }, nowMs)).toBe(false);
  expect(matches(node, { tag: "site:bon" }, nowMs)).toBe(false);
  expect(matches(node, { version: "0.2" }, nowMs)).toBe(false);
});

test("notes say what health does not, and nothing more of who is shut out", () => {
  expect(notesOf(aNode({ certificateExpiresAt: inDays(20) }), nowMs)).toEqual([]);
  expect(notesOf(aNode({ certificateExpiresAt: inDays(4) }), nowMs)).toEqual(["certificate-ends"]);
  expect(notesOf(aNode({ certificateExpiresAt: inDays(-1), confirmed: false }), nowMs)).toEqual([
    "unconfirmed",
    "certificate-ended",
  ]);
  expect(notesOf(aNode({ configSync: "pending" }), nowMs)).toEqual(["drift"]);
  expect(notesOf(aNode({ revokedAt: inDays(-1), confirmed: false, configSync: "pending" }), nowMs)).toEqual([
    "revoked",
  ]);
  expect(notesOf(aNode({ quarantinedAt: inDays(-1), confirmed: false }), nowMs)).toEqual(["quarantined"]);
});

test("counts are those of what is found by them", () => {
  const aMachine = fc.record({
    health: fc.constantFrom(...healthLevels),
    tags: fc.uniqueArray(fc.constantFrom("site:bonn", "site:berlin", "ring:canary")),
    agentVersion: fc.constantFrom("0.1.9", "0.2.0"),
    confirmed: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(aMachine, { maxLength: 40 }), (given) => {
      const nodes = given.map((one) => aNode(one));
      const facets = facetsOf(nodes, nowMs);
      const count = (search: Record<string, unknown>) => chosen(nodes, choiceOf(search), nowMs).length;
      for (const { value, count: said } of facets.health) expect(count({ health: value })).toBe(said);
      for (const { value, count: said } of facets.tags) expect(count({ tag: value })).toBe(said);
      for (const { value, count: said } of facets.versions) expect(count({ version: value })).toBe(said);
      for (const { value, count: said } of facets.notes) expect(count({ note: value })).toBe(said);
      expect(facets.health.map(({ value }) => value)).toEqual([...healthLevels]);
    }),
  );
});

test("ten thousand are looked through well within a tenth of a second", () => {
  const nodes = Array.from({ length: 10_000 }, (_, at) =>
    aNode({
      id: `apl_${at}`,
      name: `nas-${at}`,
      hostname: `host-${at}.local`,
      tags: [`site:s${at % 200}`, "ring:main"],
    }),
  );
  chosen(nodes, { q: "warm" }, nowMs);
  const look = () => {
    const beganMs = performance.now();
    expect(chosen(nodes, { q: "nas-99" }, nowMs)).toHaveLength(111);
    facetsOf(nodes, nowMs);
    return performance.now() - beganMs;
  };
  // The best of several: it is the code that is measured, and not who else uses the machine.
  expect(Math.min(...Array.from({ length: 5 }, look))).toBeLessThan(100);
});

test("a request names everybody with a tag by the tag, and few one by one", () => {
  const nodes = Array.from({ length: 250 }, (_, at) => aNode({ id: `apl_${at}`, tags: at < 150 ? ["site:bonn"] : [] }));
  const ids = (some: readonly NodeView[]) => new Set(some.map(({ id }) => id));
  const bonn = nodes.slice(0, 150);
  const whole = { nodes, isWhole: true, choice: {} };
  expect(selectorsOf(ids(nodes.slice(0, 3)), whole)).toEqual(["apl_0", "apl_1", "apl_2"]);
  expect(selectorsOf(ids(nodes), whole)).toEqual(["all"]);
  expect(selectorsOf(ids(bonn), { ...whole, choice: { tag: "site:bonn" } })).toEqual(["site:bonn"]);
  expect(selectorsOf(ids(bonn.slice(1)), { ...whole, choice: { tag: "site:bonn" } })).toBeUndefined();
  expect(selectorsOf(ids(bonn), whole)).toBeUndefined();
  // More may be there than is loaded: what looks like all of them need not be.
  expect(selectorsOf(ids(nodes), { ...whole, isWhole: false })).toBeUndefined();
});
