import { randomUUID } from "node:crypto";
import { hasCode } from "@steward/contracts/errors";
import { commit, createItem, readItem, type Table } from "../table.ts";
import { changeItem } from "./change.ts";

/*
 * How many machines SSM has been asked to know, whoever's they are: it knows a number of them for nothing in one account
 * and region, and charges for each one beyond. A machine that goes gives nothing back; where the number is full it is
 * counted anew, once nobody has taken a place for so long that whoever did is known to SSM by now, or never will be.
 */

const key = { pk: "SYS#SSM", sk: "NODES" };

/** room: settles two that both see the last place free. The second addition no longer finds room. */
const room = "n < :limit";

/** One more, if there is room. `unknown`: nobody has counted yet. */
export async function takeSsmNode(
  table: Table,
  { limit, nowMs }: { limit: number; nowMs: number },
): Promise<"taken" | "full" | "unknown"> {
  const { done, item } = await changeItem(table, "count a machine of SSM", {
    key,
    UpdateExpression: "ADD n :one SET takenAtMs = :now",
    ConditionExpression: room,
    ExpressionAttributeValues: { ":one": 1, ":limit": limit, ":now": nowMs },
  });
  return done ? "taken" : item === undefined ? "unknown" : "full";
}

/**
 * returned: settles the SDK's own second try of a return whose reply was lost, and a return beside a count that has found
 * fewer. A number that is too low is room that there is not.
 */
const returned = "n > :none AND (attribute_not_exists(returnedLast) OR returnedLast <> :id)";

/** Gives a place back that nobody will use. */
export async function returnSsmNode(table: Table): Promise<void> {
  await changeItem(table, "give back a machine of SSM", {
    key,
    UpdateExpression: "ADD n :less SET returnedLast = :id",
    ConditionExpression: returned,
    ExpressionAttributeValues: { ":less": -1, ":none": 0, ":id": randomUUID() },
  });
}

export interface SsmCount {
  nodes: number;
  /** When the last place was taken. */
  takenAtMs: number;
}

/** What was counted so far; undefined where nobody has. */
export async function countedSsmNodes(table: Table): Promise<SsmCount | undefined> {
  const item = await readItem(table, key);
  return item === undefined ? undefined : { nodes: Number(item["n"]), takenAtMs: Number(item["takenAtMs"] ?? 0) };
}

/**
 * Sets the number to what SSM says, if it is still the one that was read.
 * same: settles a count with an enrolment that was counted meanwhile, which SSM may not show yet.
 */
export async function recountSsmNodes(table: Table, seen: SsmCount | undefined, counted: number): Promise<void> {
  if (seen === undefined) {
    try {
      await commit(table, [createItem("count of SSM machines", { ...key, n: counted })]);
    } catch (error) {
      // Another one has counted.
      if (!hasCode(error, "conflict")) throw error;
    }
    return;
  }
  await changeItem(table, "count the machines of SSM", {
    key,
    UpdateExpression: "SET n = :counted",
    ConditionExpression: "n = :seen AND (attribute_not_exists(takenAtMs) OR takenAtMs = :at)",
    ExpressionAttributeValues: { ":counted": counted, ":seen": seen.nodes, ":at": seen.takenAtMs },
  });
}
