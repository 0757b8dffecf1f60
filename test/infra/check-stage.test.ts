import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { permanentStages } from "../../infra/stages.ts";
import { checkStage } from "../../stacks/check-stage.ts";

let repository = "";
beforeAll(() => {
  repository = mkdtempSync(join(tmpdir(), "steward-stage-"));
  mkdirSync(join(repository, "releases"));
  writeFileSync(join(repository, "releases", "prod.json"), '{"v": 1}');
});
afterAll(() => rmSync(repository, { recursive: true }));

test("the stages as they are committed pass, with the release that prod pins", () => {
  for (const [stage, settings] of Object.entries(permanentStages)) checkStage(stage, { settings });
});

test("settings, domains, certificates and release file are told of in one error", () => {
  const { domains, workers, ...rest } = permanentStages.prod;
  const settings = {
    ...rest,
    account: "12",
    domains: { ...domains, nodes: { name: "Not a domain", certificateArn: "arn:aws:acm:us-east-1:1:x" } },
    workers: { ...workers, minimum: 9 },
  };
  const told = () => checkStage("prod", { settings, repository });
  for (const problem of [
    "account: the twelve digits",
    "domains.nodes.name: a domain name",
    "domains.nodes.certificateArn: the ARN of a certificate",
    // Between settings, though others cannot even be read.
    "workers.minimum: is more than workers.maximum",
    "The release of the stage prod (releases/prod.json) is not right",
    "actions: ",
  ]) {
    expect(told).toThrow(problem);
  }
});

test("a stage that publishes the newest needs no file; one that pins needs its own", () => {
  const empty = join(repository, "elsewhere");
  expect(() => checkStage("staging", { settings: permanentStages.staging, repository: empty })).not.toThrow();
  expect(() => checkStage("prod", { settings: permanentStages.prod, repository: empty })).toThrow("is missing");
});
