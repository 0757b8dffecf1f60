import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testActions } from "../../test/fixtures.ts";
import { unmetRequires } from "./unmet-requires.ts";

const setup = "samba.server.setup";
const [share] = testActions.filter((action) => action.id === "samba.share.add");
if (share === undefined) throw new Error("no share action");
const actions = [
  { ...share, requires: [setup] },
  { ...share, id: setup, title: "Set up the file server", examples: ["set up samba in {share}"] },
];
const target = (name: string, setups?: string[]) => ({ id: `apl_${name}`, name, facts: setups ? { setups } : {} });
const addShare = { action: "samba.share.add" };

describe("what an action requires", () => {
  it("is met by what the appliance says of itself", () => {
    expect(unmetRequires([addShare], actions, [target("nas-1", [setup])])).toBeUndefined();
  });

  it("is told with the appliances that lack it, the action to run first, and how to ask for it", () => {
    const targets = ["a", "b", "c", "d", "e"].map((name) => target(name, []));
    expect(unmetRequires([{ action: "users.add" }, addShare], actions, [...targets, target("f", [setup])])).toEqual({
      step: 1,
      message:
        '"Add a file share" (samba.share.add) needs "Set up the file server" (samba.server.setup) first, ' +
        "which a, b, c and 2 more do not have.",
      next: [
        "Run samba.server.setup there first, or make it an earlier step of the same plan.",
        "set up samba in <share>",
      ],
    });
  });

  it("is provided by an earlier step of the plan and by no later one", () => {
    const targets = [target("nas-1", [])];
    expect(unmetRequires([{ action: setup }, addShare], actions, targets)).toBeUndefined();
    expect(unmetRequires([addShare, { action: setup }], actions, targets)).toMatchObject({ step: 0 });
  });

  it("is not held against an appliance that has said nothing", () => {
    expect(unmetRequires([addShare], actions, [target("nas-1")])).toBeUndefined();
  });

  it("is unmet exactly where some target lacks it and no earlier step provides it", () => {
    const steps = fc.array(fc.constantFrom(addShare, { action: setup }, { action: "users.add" }), { maxLength: 6 });
    const targets = fc.array(
      fc.constantFrom(target("a", []), target("b", [setup]), target("c"), target("d", ["dns.server.setup"])),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(steps, targets, (plan, on) => {
        const first = plan.findIndex((step) => step === addShare);
        const isProvided = plan.slice(0, first).some((step) => step.action === setup);
        const isLacking = on.some(({ name }) => name === "a" || name === "d");
        const unmet = unmetRequires(plan, actions, on);
        expect(unmet === undefined).toBe(first === -1 || isProvided || !isLacking);
      }),
    );
  });
});
