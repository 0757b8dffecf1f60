import { type ParameterName, parameterNames, parametersBy, resourceNames } from "@steward/contracts/names";
import { permissions, principalNames } from "@steward/contracts/permissions";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensurePlatform, unpackingTimeoutMs } from "../../scripts/sst-platform.ts";
import { type PermanentStage, permanentStages, settingsOf } from "../../infra/stages.ts";
import { buildApp, templatesOf } from "../../stacks/build-app.ts";
import { forgetInfra, runInfra } from "./support/run-infra.ts";
import { valueOf } from "./support/stage-parameters.ts";

/** What the two halves of a stage tell each other, and what the functions are told: nothing is read that nobody writes. */
const stages = Object.keys(permanentStages) as PermanentStage[];

beforeAll(ensurePlatform, unpackingTimeoutMs);
afterAll(forgetInfra);

describe.each(stages)("%s", (stage) => {
  const { account } = settingsOf(stage);
  const folder = `${resourceNames(stage).parameterFolder}/`;
  const written = Object.values(templatesOf(buildApp(stage))).flatMap(({ Resources }) =>
    Object.values(Resources).flatMap(({ Type, Properties }) =>
      Type === "AWS::SSM::Parameter" ? [String(Properties?.["Name"])] : [],
    ),
  );
  const names = written.map((name) => name.slice(folder.length) as ParameterName);

  test("the stacks write exactly the parameters that are theirs, below the stage's folder", () => {
    expect(written.filter((name) => !name.startsWith(folder))).toEqual([]);
    expect(names.toSorted()).toEqual([...parametersBy.stacks].toSorted());
  });

  test("what the stacks and `cert init` write is all that the app needs", async () => {
    const parameters = Object.fromEntries(
      [...names, ...parametersBy["cert-init"]].map((name) => [name, valueOf(stage, name)]),
    );
    const app = await runInfra({ stage, account, parameters });
    expect(app.registered.length).toBeGreaterThan(0);
  });

  test("every parameter that a function reads when it runs is one that somebody writes", () => {
    const known = new Set(parameterNames.map((name) => `${folder}${name}`));
    const rights = permissions(stage, account);
    const read = principalNames
      .flatMap((principal) => rights[principal])
      .flatMap(({ resources }) => resources.filter((resource) => resource.startsWith(folder)));
    expect(read.length).toBeGreaterThan(0);
    expect(read.filter((name) => !known.has(name))).toEqual([]);
  });
});
