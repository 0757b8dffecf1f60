import { PutCommand } from "@aws-sdk/lib-dynamodb";
import type { SignedDocument } from "@steward/contracts/signed";
import type { ConfigState } from "@steward/core/configuration/config-state";
import { calling, isNamed } from "../faults.ts";
import { createItem, type Page, queryItems, readItem, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/*
 * Revisions are only added, each an item of its own that is never changed: the newest is the one that counts, and the
 * condition that its key is free settles two people who change the same appliance at once (`createItem`).
 */

const partition = (tenantId: string) => `T#${tenantId}#CONFIG`;
const sortKey = (nodeId: string, revision: number) => `${nodeId}#${String(revision).padStart(12, "0")}`;
const lastRevision = 999_999_999_999;

export const createConfigRevision = (state: ConfigState): Write =>
  createItem("configuration", {
    pk: partition(state.tenantId),
    sk: sortKey(state.nodeId, state.version),
    ...states.stateItem(state),
  });

/** The one that counts. Undefined: nobody has set one. Strongly consistent. */
export async function getConfig(
  table: Table,
  key: { tenantId: string; nodeId: string },
): Promise<ConfigState | undefined> {
  const { items } = await listConfigRevisions(table, key, { limit: 1 });
  return items[0];
}

/** The newest first; `after` is the revision that the page before ended with. */
export async function listConfigRevisions(
  table: Table,
  { tenantId, nodeId }: { tenantId: string; nodeId: string },
  { limit, after }: { limit: number; after?: string | undefined },
): Promise<Page<ConfigState>> {
  const before = after === undefined ? lastRevision : Number(after) - 1;
  const { items, more } = await queryItems(
    table,
    {
      KeyConditionExpression: "pk = :pk AND sk BETWEEN :first AND :last",
      ExpressionAttributeValues: {
        ":pk": partition(tenantId),
        ":first": sortKey(nodeId, 1),
        ":last": sortKey(nodeId, Math.max(1, before)),
      },
      ScanIndexForward: false,
      ConsistentRead: true,
    },
    { limit },
  );
  // Behind the first one there is none; a range with nothing in it is not one that the table knows.
  if (before < 1) return { items: [] };
  return states.pageOf(
    items.map((item) => states.stateOf<ConfigState>(item)),
    more,
    (state) => String(state.version),
  );
}

/** The newest revision as the appliance is given it. */
export interface SignedConfigState {
  tenantId: string;
  nodeId: string;
  revision: number;
  expiresAtMs: number;
  document: SignedDocument;
}

const signedKey = ({ tenantId, nodeId }: { tenantId: string; nodeId: string }) => ({
  pk: `T#${tenantId}#SIGNEDCONFIG`,
  sk: nodeId,
});

/**
 * newer: settles two that sign at once, of which one has read an older revision. Equal ones pass: the same revision with
 * a later end.
 */
const newer = "attribute_not_exists(pk) OR revision <= :revision";

export async function putSignedConfig(table: Table, state: SignedConfigState): Promise<void> {
  const { tenantId: _t, nodeId: _n, ...content } = state;
  await calling("store a signed configuration", async () => {
    try {
      await table.client.send(
        new PutCommand({
          TableName: table.name,
          Item: { ...signedKey(state), ...content },
          ConditionExpression: newer,
          ExpressionAttributeValues: { ":revision": state.revision },
        }),
      );
    } catch (error) {
      if (!isNamed(error, "ConditionalCheckFailedException")) throw error;
    }
  });
}

export async function getSignedConfig(
  table: Table,
  key: { tenantId: string; nodeId: string },
): Promise<SignedConfigState | undefined> {
  const item = await readItem(table, signedKey(key));
  if (item === undefined) return undefined;
  return {
    ...key,
    revision: Number(item["revision"]),
    expiresAtMs: Number(item["expiresAtMs"]),
    document: item["document"] as SignedDocument,
  };
}
