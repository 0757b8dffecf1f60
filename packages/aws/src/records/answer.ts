import type { DraftState } from "@steward/core/support/grow-answer";
import type { Material } from "@steward/core/support/passage";
import { createItem, readItem, replaceItem, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/*
 * What belongs to a question while it is answered: the passages that were found for it, which prompt and checks share, and
 * the draft that grows. Beside the task and the job, because both are read and written all the time. The answer itself is
 * the task's.
 */

interface Key {
  tenantId: string;
  taskId: string;
}

/** Written once, in the transaction that makes the task. */
export interface MaterialState extends Material, Key {
  v: 1;
  version: 1;
  expiresAtMs: number;
}

const partition = (tenantId: string) => `T#${tenantId}#ANSWER`;
const materialKey = ({ tenantId, taskId }: Key) => ({ pk: partition(tenantId), sk: `${taskId}#material` });
const draftKey = ({ tenantId, taskId }: Key) => ({ pk: partition(tenantId), sk: `${taskId}#draft` });

const itemOf = (key: states.Key, state: MaterialState | DraftState) => ({
  ...key,
  version: state.version,
  expiresAtS: states.ttl(state.expiresAtMs),
  state,
});

export const createMaterial = (state: MaterialState): Write => createItem("answer", itemOf(materialKey(state), state));

/** Undefined also where it has expired: the task has ended long before. */
export async function getMaterial(table: Table, key: Key): Promise<Material | undefined> {
  const item = await readItem(table, materialKey(key));
  return item === undefined ? undefined : states.stateOf<MaterialState>(item);
}

/**
 * unchanged (`replaceItem`): settles a piece of a worker with the same one sent again, and with one of the next attempt:
 * whoever comes second reads what is there, and finds its own piece in it or its attempt over.
 */
export const putDraft = (previous: DraftState | undefined, next: DraftState): Write =>
  previous === undefined
    ? createItem("draft", itemOf(draftKey(next), next))
    : replaceItem("draft", itemOf(draftKey(next), next), previous.version);

export async function getDraft(table: Table, key: Key): Promise<DraftState | undefined> {
  const item = await readItem(table, draftKey(key));
  return item === undefined ? undefined : states.stateOf<DraftState>(item);
}
