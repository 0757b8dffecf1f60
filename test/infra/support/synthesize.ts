import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Template } from "aws-cdk-lib/assertions";
import type { CloudFormationStackArtifact } from "aws-cdk-lib/cx-api";
import type { StageSettings } from "../../../infra/stage-settings.ts";
import type { PermanentStage } from "../../../infra/stages.ts";
import { buildApp } from "../../../stacks/build-app.ts";
import type { stackNames } from "../../../stacks/stack-names.ts";

export type StackName = (typeof stackNames)[number];

export interface Synthesized {
  /** Where the templates are, as the CDK's program leaves them. */
  directory: string;
  /** `data`, `queues`, … */
  template(name: StackName): Template;
  templates: Template[];
  artifacts: CloudFormationStackArtifact[];
}

/** A permanent stage's stacks as templates. Throws with every finding when the synth is refused. */
export function synthesize(stage: PermanentStage, settings?: StageSettings): Synthesized {
  const directory = mkdtempSync(join(tmpdir(), `steward-stacks-${stage}-`));
  const { app } = buildApp(stage, { outdir: directory, ...(settings === undefined ? {} : { settings }) });
  const artifacts = app.synth().stacks;
  const templates = new Map(
    artifacts.map(({ stackName, template }) => [stackName, Template.fromJSON(template)] as const),
  );
  return {
    directory,
    template(name) {
      const found = templates.get(`steward-${stage}-${name}`);
      if (found === undefined) throw new Error(`there is no stack ${name} in ${[...templates.keys()].join(", ")}`);
      return found;
    },
    templates: [...templates.values()],
    artifacts,
  };
}
