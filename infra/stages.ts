import { parseStageSettings, type StageSettings, type StageSettingsInput } from "./stage-settings.ts";

/** The permanent stages. What stands here is an example: put your own accounts, domains and certificates in its place. */
export const permanentStages = {
  staging: {
    account: "111122223333",
    region: "eu-central-1",
    domains: {
      api: {
        name: "api.staging.steward.example.com",
        certificateArn: "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-4000-8000-000000000001",
      },
      nodes: {
        name: "nodes.staging.steward.example.com",
        certificateArn: "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-4000-8000-000000000002",
      },
      dashboard: {
        name: "staging.steward.example.com",
        certificateArn: "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-4000-8000-000000000003",
      },
    },
    releaseChannel: "newest",
    approvals: { repository: "example/steward" },
    alarms: { email: "steward-staging@example.com" },
    limits: { requestsPerSecond: 100, requestBurst: 200, heartbeatConcurrency: 20, waitConcurrency: 20 },
    retention: { logDays: 14, outputDays: 30, backupDays: 35 },
    seals: { lock: "governance", days: 30 },
    workers: {
      instanceTypes: ["g6.xlarge", "g5.xlarge", "g4dn.xlarge"],
      minimum: 0,
      maximum: 1,
      onDemandBase: 0,
      models: { express: "llama3.2:3b", standard: "llama3.1:8b", bulk: "llama3.1:8b" },
      idleMinutes: 15,
    },
    monthlyBudgetUsd: 200,
  },
  prod: {
    account: "444455556666",
    region: "eu-central-1",
    domains: {
      api: {
        name: "api.steward.example.com",
        certificateArn: "arn:aws:acm:eu-central-1:444455556666:certificate/00000000-0000-4000-8000-000000000011",
      },
      nodes: {
        name: "nodes.steward.example.com",
        certificateArn: "arn:aws:acm:eu-central-1:444455556666:certificate/00000000-0000-4000-8000-000000000012",
      },
      dashboard: {
        name: "steward.example.com",
        certificateArn: "arn:aws:acm:us-east-1:444455556666:certificate/00000000-0000-4000-8000-000000000013",
      },
    },
    releaseChannel: "committed",
    approvals: { repository: "example/steward", environment: "prod" },
    alarms: { email: "steward-alarms@example.com" },
    limits: { requestsPerSecond: 1000, requestBurst: 2000, heartbeatConcurrency: 400, waitConcurrency: 100 },
    retention: { logDays: 90, outputDays: 365, backupDays: 90 },
    seals: { lock: "compliance", days: 1096 },
    workers: {
      instanceTypes: ["g6.xlarge", "g5.xlarge", "g4dn.xlarge"],
      minimum: 0,
      maximum: 8,
      onDemandBase: 1,
      models: { express: "llama3.2:3b", standard: "llama3.1:8b", bulk: "llama3.1:8b" },
      idleMinutes: 30,
    },
    monthlyBudgetUsd: 2000,
  },
} as const satisfies Record<string, StageSettingsInput>;

/** Accounts that stand here as examples: nobody's, so nothing may be deployed to them. */
export const exampleAccounts: readonly string[] = ["111122223333", "444455556666"];

export type PermanentStage = keyof typeof permanentStages;

export function isPermanent(stage: string): stage is PermanentStage {
  return Object.hasOwn(permanentStages, stage);
}

/** The settings of a permanent stage. Throws with every problem at once. */
export function settingsOf(stage: PermanentStage): StageSettings {
  return parseStageSettings(stage, permanentStages[stage]);
}
