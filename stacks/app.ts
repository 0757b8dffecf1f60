import { App } from "aws-cdk-lib";
import { isPermanent, permanentStages } from "../infra/stages.ts";
import { checkDeploy } from "../scripts/stage/check-deploy.ts";
import { buildApp } from "./build-app.ts";
import { findCdkCommand } from "./cdk-command.ts";
import { checkStage } from "./check-stage.ts";

/** What `npx cdk … -c stage=prod` runs. */
const stage: unknown = new App({ autoSynth: false }).node.tryGetContext("stage");
try {
  if (typeof stage !== "string" || !isPermanent(stage)) {
    const given = typeof stage === "string" ? `"${stage}" has no stacks` : "no stage is named";
    const stages = Object.keys(permanentStages).join(" or ");
    throw new Error(
      `${given}. Say which: npx cdk … -c stage=STAGE, with ${stages}. A stage of your own needs none: npx sst dev makes what it uses.`,
    );
  }
  checkStage(stage, { settings: permanentStages[stage] });
  const command = await findCdkCommand();
  if (command !== undefined) await checkDeploy({ stage, command });
  buildApp(stage).app.synth();
} catch (error) {
  // The message says it all; a stack trace would bury it.
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n\n`);
  process.exitCode = 1;
}
