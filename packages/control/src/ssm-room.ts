import {
  countedSsmNodes,
  recountSsmNodes,
  returnSsmNode,
  type SsmCount,
  takeSsmNode,
} from "@steward/aws/records/ssm-nodes";
import { AppError } from "@steward/contracts/errors";
import type { Context } from "./context.ts";

export interface WithSsmRoom {
  /** So many machines SSM may be asked to know in this account and region. */
  ssmNodes: number;
  /** How many it knows now, of every stage; it looks no further than a little beyond the limit. */
  countManaged: () => Promise<number>;
}

/** A registration is good for a day: who has taken a place before is known to SSM by then, or never will be. */
const settledMs = 86_400_000;

/** Refuses an invitation that could not be used. The enrolment itself counts, and counts anew. */
export async function checkSsmRoom(
  deps: Pick<Context, "table" | "nowMs"> & Pick<WithSsmRoom, "ssmNodes">,
): Promise<void> {
  const counted = await countedSsmNodes(deps.table);
  if (counted !== undefined && counted.nodes >= deps.ssmNodes && !isSettled(deps, counted)) throw full(deps.ssmNodes);
}

/**
 * Counts one more machine for the doorbell `ssm`, before SSM is asked to know it. Beyond 1,000 in one account and region
 * AWS charges for each, or takes no more of them: nobody gets there without having said so (`limits.ssmNodes`). Throws
 * `quota_exceeded`.
 */
export async function takeSsmRoom(deps: Pick<Context, "table" | "nowMs"> & WithSsmRoom): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const taken = await takeSsmNode(deps.table, { limit: deps.ssmNodes, nowMs: deps.nowMs() });
    if (taken === "taken") return;
    if (attempt === 4) break;
    const seen = await countedSsmNodes(deps.table);
    // Somebody else has counted meanwhile, and perhaps taken a place already, which SSM does not show yet.
    if (seen !== undefined && seen.nodes < deps.ssmNodes) continue;
    if (seen !== undefined && !isSettled(deps, seen)) break;
    const managed = await deps.countManaged();
    await recountSsmNodes(deps.table, seen, managed);
    if (managed >= deps.ssmNodes) break;
  }
  throw full(deps.ssmNodes);
}

/** Gives a place back that was taken for an enrolment which came to nothing. One that is lost all the same is counted anew. */
export async function giveBackSsmRoom(deps: Pick<Context, "table" | "log">): Promise<void> {
  try {
    await returnSsmNode(deps.table);
  } catch (error) {
    deps.log("warn", "ssm_place_not_given_back", { error: String(error) });
  }
}

function isSettled({ nowMs }: Pick<Context, "nowMs">, { takenAtMs }: SsmCount): boolean {
  return nowMs() - takenAtMs >= settledMs;
}

function full(limit: number): AppError {
  const shown = limit.toLocaleString("en-US");
  return new AppError(
    "quota_exceeded",
    `${shown} machines are called by SSM already; beyond 1,000 in one account and region AWS charges about $5 a month for each`,
    {
      next: "Enrol it with --doorbell pull: its heartbeats call it. To pay for more, the provider raises limits.ssmNodes.",
    },
  );
}
