import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { highestRisk, type RiskRules, riskOf, risks } from "./risk.ts";

const rules: RiskRules = {
  base: "low",
  rules: [
    { variable: "groups", pattern: "^sudo$", risk: "high", why: "administrator" },
    { variable: "sshKey", risk: "medium", why: "lets somebody in" },
  ],
};

describe("the risk of an action", () => {
  it.each([
    [{}, "low", []],
    [{ groups: ["staff"] }, "low", []],
    [{ groups: [] }, "low", []],
    [{ groups: ["staff", "sudo"] }, "high", ["administrator"]],
    [{ groups: "sudo" }, "high", ["administrator"]],
    [{ groups: ["sudoers"] }, "low", []],
    [{ sshKey: "x" }, "medium", ["lets somebody in"]],
    [{ sshKey: "x", groups: ["sudo"] }, "high", ["administrator", "lets somebody in"]],
  ] as const)("with %j is %s", (variables, risk, why) => {
    expect(riskOf(rules, variables)).toEqual({ risk, why });
  });

  it("never falls below its base nor because of a further value", () => {
    const level = fc.constantFrom(...risks);
    const values = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.constantFrom("x", "y"));
    const someRules = fc.record({
      base: level,
      rules: fc.array(
        fc.record({
          variable: fc.constantFrom("a", "b", "c"),
          pattern: fc.constantFrom("^x$", "^y$"),
          risk: level,
          why: fc.constant(""),
        }),
      ),
    });
    fc.assert(
      fc.property(someRules, values, (some, variables) => {
        const { risk } = riskOf(some, variables);
        expect(highestRisk([risk, some.base])).toBe(risk);
        const { a: _dropped, ...fewer } = variables;
        expect(highestRisk([risk, riskOf(some, fewer).risk])).toBe(risk);
      }),
    );
  });
});
