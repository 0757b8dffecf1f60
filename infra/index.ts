import { buildSourceFile } from "../scripts/build/build-source.ts";
import { checkDeploy } from "../scripts/stage/check-deploy.ts";
import { makeAlarms } from "./alarms.ts";
import { bindRoutes, makeGateway } from "./api.ts";
import { schedule } from "./cron.ts";
import { setDefaults } from "./defaults.ts";
import { offerWorker } from "./dev.ts";
import { subscribe } from "./events.ts";
import { makeFunctions } from "./functions.ts";
import { command, fileText, type Input, readAccount, stageName } from "./platform.ts";
import { makeSite } from "./site.ts";
import { readStage, type Stage } from "./stage.ts";
import { findStorage, type Storage } from "./storage.ts";

/** All that ships with every commit: the API, its functions and what starts them, the dashboard, their alarms. */
export async function deployStage() {
  const stage = readStage(stageName());
  await checkDeploy({ stage: stage.name, command: command(), built: { source: fileText(buildSourceFile) } });
  const account = await readAccount();
  setDefaults(stage, account);
  const storage = await findStorage(stage, account);
  const gateway = makeGateway(stage, storage.truststore);
  const { domains } = gateway;
  const functions = makeFunctions(stage, { account: account.account, place: storage.place, domains });
  bindRoutes(gateway, functions);
  subscribe(stage, storage, functions);
  schedule(functions);
  const site = makeSite(stage, domains.api);
  if (storage.alarmTopicArn !== undefined && stage.runbooks !== undefined) {
    const watched = { apiId: gateway.api.nodes.api.id, topicArn: storage.alarmTopicArn, runbooks: stage.runbooks };
    makeAlarms(stage.name, watched);
  }
  if (!stage.permanent) offerWorker(stage.name);

  return {
    dashboard: site.url,
    api: $interpolate`https://${domains.api}`,
    nodes: domains.nodes === undefined ? "shut" : `https://${domains.nodes}`,
    ...recordsToMake({ ...gateway.dnsRecords, ...site.dnsRecords }),
    ...nextSteps(stage, storage),
  };
}

/** Shown where nobody told the stage its hosted zone. */
function recordsToMake(records: Record<string, Input<string>>): Record<string, unknown> {
  return Object.keys(records).length === 0 ? {} : { "DNS records to make (CNAME, or ALIAS at a zone's top)": records };
}

/** What is still to be done, in order. Nothing where all of it is. */
function nextSteps(stage: Stage, { truststore, bootstrapped }: Storage): { next?: string[] } {
  const steps = [
    ...(stage.domains === undefined
      ? ["Set STEWARD_DOMAIN and its certificates (docs/deploy.md): machines come in at a domain of their own."]
      : []),
    ...(truststore === undefined && stage.domains !== undefined
      ? [`npx steward cert init --stage ${stage.name}, and deploy again: machines come in with its certificates.`]
      : []),
    ...(bootstrapped ? [] : [`npx steward bootstrap --stage ${stage.name}`]),
  ];
  return steps.length === 0 ? {} : { next: steps };
}
