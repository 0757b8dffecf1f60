import { type PrincipalName, permissions, principalNames } from "./permissions.ts";

/** One part of Steward may do one thing to one resource. */
export interface Right {
  principal: PrincipalName;
  /** `sqs:SendMessage` */
  action: string;
  /** The service's own name, or a prefix of names followed by `*`. */
  resource: string;
}

/** Every single right of `permissions`, each once, in an order that the stage and the account do not change. */
export function listRights(stage: string, account: string): Right[] {
  const granted = permissions(stage, account);
  const rights = principalNames.flatMap((principal) =>
    granted[principal].flatMap(({ actions, resources }) =>
      actions.flatMap((action) => resources.map((resource) => ({ principal, action, resource }))),
    ),
  );
  const known = new Map(rights.map((right) => [keyOfRight(right), right]));
  return [...known.values()];
}

export function keyOfRight({ principal, action, resource }: Right): string {
  return `${principal} ${action} ${resource}`;
}
