import type { PermanentStage } from "../infra/stages.ts";
import type { StageSettings } from "../infra/stage-settings.ts";

/** What every stack is given. Account and region are always named: a synth asks AWS nothing. */
export interface StageProps {
  stage: PermanentStage;
  settings: StageSettings;
  env: { account: string; region: string };
}
