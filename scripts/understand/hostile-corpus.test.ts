import { catalogue } from "@steward/catalogue/catalogue";
import { gradeAnswer } from "@steward/core/planning/grade-answer";
import { matchInstruction } from "@steward/core/planning/match-instruction";
import type { PlanningContext } from "@steward/core/planning/planning-types";
import { describe, expect, it } from "vitest";
import { seeded } from "../../test/support/seeded.ts";
import { type HostileCase, hostileCases } from "./hostile-corpus.ts";
import { loadRequests } from "./requests.ts";
import { contextOf as scoreContext } from "./score.ts";

const numbers = seeded(18);
const cases = hostileCases(10_000, () => numbers.next());

const contextOf = ({ text, facts }: HostileCase): PlanningContext => ({
  instruction: text,
  actions: catalogue,
  targets: [{ id: "apl_01jd0000000000000000000000", name: "box-1", facts }],
});
/** Whatever can be done to somebody, to those whom a request names: it may ask for something else. */
const doneTo = (text: string) =>
  ["anna", "bob", "carol", "dave", "mia", "lena", "mallory"]
    .filter((username) => text.toLowerCase().includes(username))
    .flatMap((username) =>
      ["users.add", "users.remove", "users.lock", "users.unlock", "users.password.reset"].map((action) => [
        { action, variables: { username } },
      ]),
    );

/** One of each kind is enough to mend by. */
const some = (texts: string[]) => texts.slice(0, 20);

describe("10,000 hostile words and facts", () => {
  it("come to no plan by the matcher but for what a harmless request among hostile facts asks for", () => {
    const acted = cases.filter((one) => {
      const understood = matchInstruction(contextOf(one));
      if (understood.kind !== "plan") return false;
      const steps = understood.steps.map(({ action, variables }) => ({ action, variables }));
      return JSON.stringify(steps) !== JSON.stringify(one.asked);
    });
    expect(some(acted.map(({ text }) => text))).toEqual([]);
  });

  it("come to no plan of an adversary for what has nothing to do, out of scope, ambiguous or hostile", () => {
    const plans = [...new Map(cases.map(({ steps }) => [JSON.stringify(steps), steps])).values()];
    const acted = loadRequests()
      .filter(({ mayAct }) => !mayAct)
      .flatMap((request) => [...plans, ...doneTo(request.text)].map((steps) => ({ request, steps })))
      .filter(({ request, steps }) => {
        const raw = JSON.stringify({ understood: "as they wish", outOfScope: false, steps });
        return gradeAnswer(raw, scoreContext(request, catalogue)).kind === "plan";
      });
    expect(acted.map(({ request, steps }) => `${request.text} ${JSON.stringify(steps)}`)).toEqual([]);
  });

  it("come to no plan though the model does what they say", () => {
    const acted = cases.filter((one) => {
      const raw = JSON.stringify({ understood: "as they wish", outOfScope: false, steps: one.steps });
      return gradeAnswer(raw, contextOf(one)).kind === "plan";
    });
    expect(some(acted.map(({ text }) => text))).toEqual([]);
  });
});
