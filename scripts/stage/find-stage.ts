import { AppError } from "@steward/contracts/errors";
import { exampleAccounts } from "../../infra/stages.ts";
import { readStage } from "../../infra/stage.ts";
import { findCaller } from "./find-caller.ts";
import { accountProblems } from "./judge-deploy.ts";

/** A stage on AWS, as the credentials at work reach it. */
export interface StageAtHand {
  name: string;
  account: string;
  region: string;
  /** The dashboard's address, where the API is too (`infra/site.ts`). Absent: a personal stage at AWS's own addresses. */
  apiUrl: string | undefined;
  /** Absent: nobody can call as a machine. */
  nodesDomain: string | undefined;
}

/**
 * The stage that somebody is about to change with his own credentials. Throws where its settings are not right, where
 * nobody can be told, and where they are of another account than a permanent stage's: a CA would be made there.
 */
export async function findStage(name: string | undefined): Promise<StageAtHand> {
  const { account: wanted, region, domains, ...stage } = readValid(name);
  const caller = await findCaller({ region });
  const settings = { account: wanted ?? ("unknown" in caller ? "of your stage" : caller.account) };
  const [problem] = accountProblems({ stage: stage.name, settings, exampleAccounts, caller });
  if ("unknown" in caller)
    throw new AppError("unauthenticated", problem?.what ?? caller.unknown, { next: problem?.next ?? "" });
  if (problem !== undefined) throw new AppError("forbidden", problem.what, { next: problem.next });
  const apiUrl = domains === undefined ? undefined : `https://${domains.dashboard.name}`;
  return { name: stage.name, account: caller.account, region, apiUrl, nodesDomain: domains?.nodes.name };
}

function readValid(name: string | undefined): ReturnType<typeof readStage> {
  try {
    return readStage(name);
  } catch (error) {
    throw new AppError("invalid_request", error instanceof Error ? error.message : String(error));
  }
}
