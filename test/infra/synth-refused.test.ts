import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { App, CfnResource, Stack } from "aws-cdk-lib";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { afterAll, describe, expect, it } from "vitest";
import { settingsOf } from "../../infra/stages.ts";
import { parseStageSettings } from "../../infra/stage-settings.ts";
import { buildApp } from "../../stacks/build-app.ts";
import { readCdkCall } from "../../stacks/cdk-command.ts";
import { publish } from "../../stacks/publish.ts";
import { readStatefulList, type StatefulResource } from "../../stacks/stateful-guard.ts";

describe("a synth is refused", () => {
  const refusal = (guarded: readonly StatefulResource[] | false, break_: (stacks: Stack[]) => void): string => {
    const { app, stacks } = buildApp("staging", { guarded });
    break_(stacks);
    try {
      app.synth();
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    return "";
  };
  const stackOf = (stacks: Stack[], name: string): Stack => {
    const found = stacks.find(({ stackName }) => stackName.endsWith(`-${name}`));
    if (found === undefined) throw new Error(`no stack ${name}`);
    return found;
  };

  it("on a finding of cdk-nag, and on what CloudFormation itself would not take", () => {
    const message = refusal(false, (stacks) => {
      const network = stackOf(stacks, "network");
      new Bucket(network, "Open");
      new CfnResource(network, "Wrong", { type: "AWS::SQS::Queue", properties: { Visibility: 3 } });
    });
    expect(message).toContain("AwsSolutions-S1");
    expect(message).toContain("Visibility");
  });

  it("when something stateful is gone, replaced or left unguarded, naming all of it and what to do", () => {
    const gone = { stack: "steward-staging-gone", logicalId: "X", type: "AWS::S3::Bucket", identity: {} };
    const message = refusal([...(readStatefulList()["staging"] ?? []), gone], (stacks) => {
      const data = stackOf(stacks, "data");
      const resource = (id: string) => {
        const child = data.node.findChild(id).node.defaultChild;
        if (!(child instanceof CfnResource)) throw new Error(`${id} is no resource`);
        return child;
      };
      data.node.findChild("Bundles").node.tryRemoveChild("Resource");
      resource("Table").addPropertyOverride("TableName", "another");
      resource("Table").addPropertyOverride("DeletionProtectionEnabled", false);
      resource("Truststore").addOverride("DeletionPolicy", "Delete");
      new CfnResource(data, "New", { type: "AWS::KMS::Key", properties: { EnableKeyRotation: true } });
    });
    expect(message).toMatch(/AWS::S3::Bucket Bundles\w+ of steward-staging-data .* is gone/);
    expect(message).toMatch(/AWS::S3::Bucket X of steward-staging-gone .* is gone/);
    expect(message).toMatch(/AWS::DynamoDB::Table Table\w+ of steward-staging-data would be replaced/);
    expect(message).toMatch(/AWS::DynamoDB::Table Table\w+ .* no DeletionProtectionEnabled/);
    expect(message).toMatch(/AWS::S3::Bucket Truststore\w+ .* no DeletionPolicy Retain/);
    expect(message).toMatch(/AWS::KMS::Key New of steward-staging-data is not in the list/);
    expect(message).toContain("npx node stacks/stateful.ts --write");
  });

  it("when a parameter's value has not its shape", () => {
    const stack = new Stack(new App(), "x");
    expect(() => publish(stack, "prod", "bundle-bucket", "No Bucket")).toThrow(/bundle-bucket as "No Bucket"/);
  });

  it("when a stage's settings are wrong, with all that is wrong with them", () => {
    const right = settingsOf("prod");
    const settings = {
      ...right,
      account: "12",
      alarms: { email: "nobody", pagerUrl: "ftp://pager" },
      retention: { ...right.retention, backupDays: 7 },
    };
    expect(() => parseStageSettings("prod", settings)).toThrow(
      /account[\s\S]*alarms\.email[\s\S]*alarms\.pagerUrl[\s\S]*retention\.backupDays/,
    );
  });
});

describe("stacks/app.ts", () => {
  const home = mkdtempSync(join(tmpdir(), "steward-home-"));
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  const root = new URL("../../", import.meta.url).pathname;
  const run = async (program: string, args: string[], env: Record<string, string>) => {
    try {
      await promisify(execFile)(program, args, { cwd: root, env });
      return { code: 0, stderr: "" };
    } catch (error) {
      const { code, stderr } = error as { code: number; stderr: string };
      return { code, stderr };
    }
  };

  it.each([
    [{}, "no stage is named"],
    [{ stage: "jane" }, '"jane" has no stacks'],
    [{ stage: "toString" }, '"toString" has no stacks'],
  ])("refuses %j and names the stages", async (context, message) => {
    const { code, stderr } = await run(process.execPath, ["stacks/app.ts"], {
      CDK_CONTEXT_JSON: JSON.stringify(context),
    });
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).toContain("staging or prod");
    expect(stderr).not.toContain("    at ");
  });

  it("asks for leave before a deploy", async () => {
    // As on a machine that has never heard of AWS: the answer must not depend on somebody's credentials.
    const nowhere = { AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x", AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
    const { PATH = "" } = process.env;
    const env = {
      ...nowhere,
      AWS_MAX_ATTEMPTS: "1",
      HOME: home,
      PATH: `${dirname(process.execPath)}:${PATH}`,
    };
    const cdkProgram = join(root, "node_modules/.bin/cdk");
    const { code, stderr } = await run(cdkProgram, ["deploy", "--all", "-c", "stage=staging"], env);
    expect(code).toBe(1);
    expect(stderr).toContain("`deploy` of staging is refused");
    // With accounts of one's own in infra/stages.ts it is the unknown caller that is refused.
    expect(stderr).toMatch(/is the example that the repository comes with|AWS does not tell whose credentials/);
  });

  it.each([
    ["node /x/node_modules/.bin/cdk deploy --all -c stage=prod", { changing: "deploy" }],
    ["/usr/bin/node /x/aws-cdk/bin/cdk.js -c stage=prod destroy", { changing: "destroy" }],
    ["node /x/node_modules/.bin/cdk synth -q -c stage=prod", { changing: undefined }],
    ["/bin/sh -c node stacks/app.ts", undefined],
    ["node /x/cdk-tools/run.js deploy", undefined],
  ])("reads %j", (args, call) => {
    expect(readCdkCall(args)).toEqual(call);
  });
});
