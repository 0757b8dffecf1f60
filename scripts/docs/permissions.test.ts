import { readFileSync } from "node:fs";
import { permissions, principalNames } from "@steward/contracts/permissions";
import { keyOfRight, listRights } from "@steward/contracts/rights";
import { keysOfUnused, unusedRights } from "@steward/contracts/unused-rights";
import { describe, expect, test } from "vitest";
import { isCovered } from "../../test/support/policy-matcher.ts";
import { permissionsDoc } from "./permissions.ts";

const docs = new URL("../../docs/", import.meta.url);

describe("docs/permissions.md", () => {
  test("has every action of every role", () => {
    const text = permissionsDoc();
    for (const principal of principalNames) {
      for (const { actions } of permissions("{stage}", "{account}")[principal]) {
        for (const action of actions) expect(text).toContain(`\`${action}\``);
      }
    }
  });
});

describe("the rights that no test uses", () => {
  const listed = unusedRights.flatMap(keysOfUnused);

  test("are rights, each listed once, with a reason", () => {
    const rights = new Set(listRights("{stage}", "{account}").map(keyOfRight));
    expect(listed.filter((key) => !rights.has(key))).toEqual([]);
    expect(listed.filter((key, place) => listed.indexOf(key) !== place)).toEqual([]);
    for (const { reason } of unusedRights) expect(reason).toMatch(/\w+ \w+ \w+/);
  });
});

describe("docs/scp-ssm.json", () => {
  const text = readFileSync(new URL("scp-ssm.json", docs), "utf8");
  const policy: { Version: string; Statement: ScpStatement[] } = JSON.parse(text);
  const arn = (rest: string) => `arn:aws:ssm:eu-central-1:111122223333:${rest}`;
  const denied = (action: string, resource: string) =>
    policy.Statement.some(({ Action, Resource, NotResource }) =>
      NotResource === undefined
        ? isCovered([{ actions: listOf(Action), resources: listOf(Resource ?? []) }], action, resource)
        : isCovered([{ actions: listOf(Action), resources: ["*"] }], action, resource) &&
          !isCovered([{ actions: ["*"], resources: listOf(NotResource) }], action, resource),
    );

  test("is a policy that fits: at most 5,120 characters, denies only", () => {
    expect(text.length).toBeLessThanOrEqual(5_120);
    expect(policy.Version).toBe("2012-10-17");
    for (const { Effect } of policy.Statement) expect(Effect).toBe("Deny");
  });

  test("leaves the doorbell: its own document, on any machine", () => {
    for (const resource of [
      arn("document/Steward-Wake-prod"),
      arn("managed-instance/mi-0123456789abcdef0"),
      "arn:aws:ec2:eu-central-1:111122223333:instance/i-0123456789abcdef0",
    ]) {
      expect(denied("ssm:SendCommand", resource), resource).toBe(false);
    }
  });

  test("leaves what Steward's parts do besides", () => {
    for (const { action, resource } of listRights("prod", "111122223333").filter(({ action }) =>
      action.startsWith("ssm:"),
    )) {
      const name = resource.startsWith("/") ? arn(`parameter${resource}`) : resource;
      if (action !== "ssm:SendCommand") expect(denied(action, name), `${action} ${name}`).toBe(false);
    }
    for (const action of ["ssm:UpdateInstanceInformation", "ssm:GetParameter", "ssm:ListCommands"]) {
      expect(denied(action, arn("managed-instance/mi-0123456789abcdef0")), action).toBe(false);
    }
  });

  test.each([
    ["ssm:SendCommand", arn("document/AWS-RunShellScript").replace(":111122223333:", "::")],
    ["ssm:SendCommand", arn("document/Steward-Other-prod")],
    ["ssm:SendCommand", "arn:aws:ssm:eu-central-1:444455556666:document/Steward-Wake-shared"],
    ["ssm:StartAutomationExecution", arn("automation-definition/AWS-RunShellScript:1")],
    ["ssm:StartChangeRequestExecution", arn("document/x")],
    ["ssm:StartSession", arn("managed-instance/mi-0123456789abcdef0")],
    ["ssm:ResumeSession", arn("session/somebody-1")],
    ["ssm:CreateAssociation", arn("document/AWS-RunShellScript")],
    ["ssm:CreateAssociationBatch", arn("document/AWS-RunShellScript")],
    ["ssm:UpdateAssociation", arn("association/1")],
    ["ssm:StartAssociationsOnce", arn("association/1")],
    ["ssm:RegisterTaskWithMaintenanceWindow", arn("maintenancewindow/mw-1")],
    ["ssm:UpdateMaintenanceWindowTask", arn("maintenancewindow/mw-1")],
    ["ssm:UpdateDocument", arn("document/Steward-Wake-prod")],
    ["ssm:UpdateDocumentDefaultVersion", arn("document/Steward-Wake-prod")],
    ["ssm:CreateDocument", arn("document/Steward-Wake-evil")],
    ["ssm:UpdateManagedInstanceRole", arn("managed-instance/mi-0123456789abcdef0")],
    ["ssm:UpdateServiceSetting", arn("servicesetting/ssm/managed-instance/default-ec2-instance-management-role")],
    ["ssm:ModifyDocumentPermission", arn("document/Steward-Wake-prod")],
    ["ssm:StartAccessRequest", arn("managed-instance/mi-0123456789abcdef0")],
    ["ssmmessages:OpenDataChannel", "*"],
  ])("denies %s on %s", (action, resource) => {
    expect(denied(action, resource)).toBe(true);
  });

  test("lets only CloudFormation's role change the doorbell", () => {
    const conditions = policy.Statement.flatMap(({ Condition }) => (Condition === undefined ? [] : [Condition]));
    expect(conditions).toEqual([
      { ArnNotLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/cdk-hnb659fds-cfn-exec-role-*" } },
    ]);
  });
});

interface ScpStatement {
  Effect: string;
  Action: string | string[];
  Resource?: string | string[];
  NotResource?: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

function listOf(value: string | string[]): string[] {
  return typeof value === "string" ? [value] : value;
}
