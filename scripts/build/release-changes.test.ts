import type { ReleaseAction, ReleaseContent } from "@steward/contracts/release";
import fc from "fast-check";
import { expect, it } from "vitest";
import { nextRelease, releaseChanges, releaseText } from "./release-changes.ts";

const digest = (character: string) => character.repeat(64);
const action = (id: string, more: Partial<ReleaseAction> = {}): ReleaseAction => ({
  id,
  title: `Does ${id}`,
  kind: "state",
  playbook: id,
  variables: { type: "object" },
  risk: { base: "low", rules: [] },
  undo: "none",
  timeoutSeconds: 60,
  bundle: digest("a"),
  ...more,
});
const release = (actions: ReleaseAction[], agents: ReleaseContent["agents"] = {}): ReleaseContent => ({
  v: 1,
  actions,
  agents,
});

it("says what is added, removed and changed, and nothing of what stays", () => {
  const before = release([action("stays"), action("goes"), action("changes")], { "1.0.0": digest("1") });
  const after = release(
    [action("stays"), action("changes", { bundle: digest("b"), undo: "recorded" }), action("comes")],
    {
      "1.0.0": digest("1"),
      "1.1.0": digest("2"),
    },
  );
  expect(releaseChanges(before, after)).toEqual([
    '~ changes  undo "none" → "recorded"',
    "~ changes  bundle aaaaaaaaaaaa → bbbbbbbbbbbb",
    "+ comes  bundle aaaaaaaaaaaa, Does comes",
    "- goes  is no longer accepted",
    "+ agent 1.1.0  222222222222",
  ]);
  expect(releaseChanges(after, after)).toEqual([]);
});

it("notices that only the order changed", () => {
  const [one, two] = [action("one"), action("two")];
  expect(releaseChanges(release([one, two]), release([two, one]))).toEqual(["~ the order of the actions"]);
});

it("keeps the agents that were released, and refuses a version that has other bytes now", () => {
  const before = release([], { "1.0.0": digest("1") });
  expect(nextRelease(before, release([], { "1.1.0": digest("2") })).agents).toEqual({
    "1.0.0": digest("1"),
    "1.1.0": digest("2"),
  });
  expect(() => nextRelease(before, release([], { "1.0.0": digest("2") }))).toThrow(/1\.0\.0 was released with other/);
  expect(nextRelease(undefined, release([], { "1.0.0": digest("2") })).agents).toEqual({ "1.0.0": digest("2") });
});

it("writes the same bytes in whatever order the agents came", () => {
  const versions = fc.uniqueArray(fc.stringMatching(/^[1-9]\.[0-9]\.[0-9]$/), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(versions, (list) => {
      const agents = (order: string[]) => Object.fromEntries(order.map((version) => [version, digest("c")]));
      expect(releaseText(release([], agents(list)))).toBe(releaseText(release([], agents(list.toReversed()))));
    }),
  );
});
