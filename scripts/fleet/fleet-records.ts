import { BatchWriteCommand } from "@aws-sdk/lib-dynamodb";
import { itemOfPresence } from "@steward/aws/records/presence-item";
import { createNode } from "@steward/aws/records/node";
import { createTenant } from "@steward/aws/records/tenant";
import type { Table } from "@steward/aws/table";
import { createNotification } from "@steward/aws/records/notification";
import { derivedId, providerTenantId } from "@steward/contracts/ids";
import { confirmedNode, firstPresence, itemOf } from "../bench/appliances.ts";
import { localIssuer } from "../bench/certificates.ts";

export interface Enrolled {
  tenantId: string;
  nodeId: string;
  certificatePem: string;
}

const perBatch = 25;

/** Tenants with their appliances as enrolment leaves them, each with a certificate. Ids are those of the seed. */
export async function enrolFleet(
  table: Table,
  fleet: {
    appliances: number;
    tenants: number;
    intervalSeconds: number;
    seed: number;
    nowMs: number;
    /** Where every tenant, and the provider, wants to be told. */
    webhook: string;
  },
): Promise<{ tenantIds: string[]; nodes: Enrolled[] }> {
  const { intervalSeconds, nowMs, seed } = fleet;
  const tenantIds = Array.from({ length: fleet.tenants }, (_, at) =>
    derivedId("tenant", nowMs, `${seed} tenant ${at}`),
  );
  const issue = await localIssuer();
  const nodes: Enrolled[] = [];
  let items: Record<string, unknown>[] = tenantIds.map((tenantId, at) =>
    itemOf(
      createTenant({
        v: 1,
        version: 1,
        tenantId,
        name: `Customer ${at + 1}`,
        createdAtMs: nowMs,
        heartbeatIntervalSeconds: intervalSeconds,
        status: "active",
      }),
    ),
  );
  for (const tenantId of [...tenantIds, providerTenantId]) {
    items.push(
      itemOf(
        createNotification({
          v: 1,
          version: 1,
          tenantId,
          notificationId: derivedId("notification", nowMs, `${seed} ${tenantId}`),
          name: "on call",
          kind: "webhook",
          url: fleet.webhook,
          events: ["alert.raised", "alert.resolved", "alert.escalated"],
          createdBy: derivedId("person", nowMs, `${seed} admin`),
          createdAtMs: nowMs,
        }),
      ),
    );
  }
  for (let at = 0; at < fleet.appliances; at += 1) {
    const tenantId = tenantIds[at % tenantIds.length] ?? "";
    const nodeId = derivedId("appliance", nowMs, `${seed} appliance ${at}`);
    const { pem, fingerprint } = await issue(nodeId, tenantId);
    nodes.push({ tenantId, nodeId, certificatePem: pem });
    items.push(
      itemOf(createNode(confirmedNode({ tenantId, nodeId, name: `home-${at + 1}`, fingerprint, nowMs }))),
      itemOfPresence(firstPresence({ nodeId, tenantId, fingerprint, intervalSeconds, nowMs })),
    );
    if (items.length >= perBatch * 8 || at === fleet.appliances - 1) {
      await put(table, items);
      items = [];
    }
  }
  return { tenantIds, nodes };
}

async function put(table: Table, items: readonly Record<string, unknown>[]): Promise<void> {
  const batches: Record<string, unknown>[][] = [];
  for (let at = 0; at < items.length; at += perBatch) batches.push(items.slice(at, at + perBatch));
  await Promise.all(
    batches.map((batch) =>
      table.client.send(
        new BatchWriteCommand({ RequestItems: { [table.name]: batch.map((Item) => ({ PutRequest: { Item } })) } }),
      ),
    ),
  );
}
