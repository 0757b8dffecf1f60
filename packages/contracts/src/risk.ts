import { z } from "zod";

export const risks = ["low", "medium", "high"] as const;
export type Risk = (typeof risks)[number];

/**
 * One reason why certain values make an action riskier. Data, not code, so that the signed release carries it and an
 * appliance judges for itself whether a plan needed an approval.
 */
export const riskRuleSchema = z.strictObject({
  variable: z.string(),
  /** Anchored regular expression (no flags) over the value, or over any element of a list. Absent: whenever it is set. */
  pattern: z.string().optional(),
  risk: z.enum(risks),
  /** Shown to the approver: "gives administrator rights". */
  why: z.string(),
});

export const riskRulesSchema = z.strictObject({ base: z.enum(risks), rules: z.array(riskRuleSchema) });
export type RiskRules = z.infer<typeof riskRulesSchema>;

/** The highest risk among the base and all rules that these values meet, with the reasons that raised it. */
export function riskOf(rules: RiskRules, variables: Record<string, unknown>): { risk: Risk; why: string[] } {
  let risk = rules.base;
  const why: string[] = [];
  for (const rule of rules.rules) {
    const value = variables[rule.variable];
    if (value === undefined) continue;
    const values = Array.isArray(value) ? value : [value];
    const { pattern } = rule;
    const met =
      pattern === undefined ? values.length > 0 : values.some((one) => new RegExp(pattern, "u").test(String(one)));
    if (!met) continue;
    why.push(rule.why);
    risk = highestRisk([risk, rule.risk]);
  }
  return { risk, why };
}

export function highestRisk(list: readonly Risk[]): Risk {
  return list.reduce<Risk>((highest, one) => (risks.indexOf(one) > risks.indexOf(highest) ? one : highest), "low");
}
