import { Validations } from "aws-cdk-lib";
import { PolicyStatement, type PolicyStatementProps } from "aws-cdk-lib/aws-iam";
import type { IConstruct } from "constructs";

/** Why a finding of cdk-nag's AwsSolutions pack stands, by its id: `IAM4[…]`. It holds for the construct and what is in it. */
export function explain(construct: IConstruct, reasons: Readonly<Record<string, string>>): void {
  const rules = Object.entries(reasons).map(([id, reason]) => ({ id: `AwsSolutions::AwsSolutions-${id}`, reason }));
  Validations.of(construct).acknowledge(...rules);
}

/** A statement of a policy. A wildcard in it needs a `why`, or the synth fails on it. */
export interface Rule extends PolicyStatementProps {
  why?: string;
}

/** The rules as statements, and their reasons as those of the policy, role or document that will hold them. */
export function statementsOf(rules: readonly Rule[]): PolicyStatement[] {
  return rules.map((rule) => new PolicyStatement(rule));
}

export function explainWildcards(holder: IConstruct, rules: readonly Rule[]): void {
  for (const { why, actions = [], resources = [] } of rules) {
    if (why === undefined) continue;
    const findings = [
      ...actions.filter((action) => action.includes("*")).map((action) => `IAM5[Action::${action}]`),
      ...resources.filter((resource) => resource.includes("*")).map((resource) => `IAM5[Resource::${resource}]`),
    ];
    explain(holder, Object.fromEntries(findings.map((finding) => [finding, why])));
  }
}
