import { createPublicKey, verify } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeleteCommand, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { type Clients, createClients } from "@steward/aws/clients";
import { createSigner } from "@steward/aws/kms-signer";
import { listAudit } from "@steward/aws/records/audit";
import { createSeals } from "@steward/aws/seals";
import type { Signer } from "@steward/aws/signing";
import { commit, type Table } from "@steward/aws/table";
import type { AuditEntry } from "@steward/contracts/audit";
import { newId } from "@steward/contracts/ids";
import type { MetricName } from "@steward/contracts/metrics";
import { bucketNames, resourceNames } from "@steward/contracts/names";
import { permissions } from "@steward/contracts/permissions";
import type { SealView } from "@steward/contracts/seal";
import { createTrailVerifier, type KnownSeal, type TrailReport } from "@steward/contracts/verify-trail";
import { audited } from "@steward/control/audit";
import type { Caller } from "@steward/control/context";
import { type SealLimits, sealTrail } from "@steward/control/seal-trail";
import { listSeals } from "@steward/control/view-audit";
import { localAccount } from "@steward/local/account";
import type { CloudCredential } from "../../../packages/local/src/cloud/authorize.ts";
import { startCloud } from "../../../packages/local/src/cloud/start-cloud.ts";

const stage = "trail";
const names = resourceNames(stage);
const bucket = bucketNames(stage, localAccount).audit;

/** The local cloud, the sealer with its own rights, and somebody who may write to everything. */
export interface TrailCloud {
  table: Table;
  bucket: string;
  /** With every right on table and bucket. */
  intruder: Clients;
  /** With the sealer's. */
  sealer: Clients;
  /** Of the seals, and only there may it be used: what a thief of the right to sign would have. */
  sealKey: Signer;
  metered: { metric: MetricName; value: number }[];
  nowMs: () => number;
  passTime: (ms: number) => void;
  /** A change somewhere, as use cases note it; `skewMs`: by a clock that is wrong. */
  write(tenantId: string, options?: { what?: string; skewMs?: number }): Promise<void>;
  /** One run of the sealer. `through`: other clients, with something between. */
  seal(options?: { through?: Clients; limits?: SealLimits }): ReturnType<typeof sealTrail>;
  entries(tenantId: string): Promise<AuditEntry[]>;
  /** The raw items, as an intruder sees them. */
  items(tenantId: string): Promise<Record<string, unknown>[]>;
  putItem(item: Record<string, unknown>): Promise<void>;
  deleteItem(item: Record<string, unknown>): Promise<void>;
  /** As `GET /audit/seals` answers; `undefined`: as the staff see it. */
  views(tenantId: string | undefined): Promise<SealView[]>;
  verify(
    tenantId: string | undefined,
    options?: { tenants?: readonly string[]; known?: KnownSeal },
  ): Promise<TrailReport>;
  close(): Promise<void>;
}

export async function openTrailCloud(): Promise<TrailCloud> {
  const stateDir = mkdtempSync(join(tmpdir(), "steward-trail-"));
  let nowMs = Date.now();
  const metered: TrailCloud["metered"] = [];
  const credential = (principal: string, grants: CloudCredential["grants"]): CloudCredential => ({
    accessKeyId: `LOCAL${principal.toUpperCase()}`,
    secretAccessKey: `secret-of-${principal}-0123456789`,
    principal,
    grants,
  });
  const credentials = {
    sealer: credential("sealer", permissions(stage, localAccount).seal),
    api: credential("api", permissions(stage, localAccount).api),
    intruder: credential("intruder", [{ actions: ["dynamodb:*", "s3:*"], resources: ["*"] }]),
    signer: credential("signer", [{ actions: ["kms:*"], resources: ["*"] }]),
  };
  const cloud = await startCloud({
    stateDir,
    stage,
    credentials: Object.values(credentials),
    ttlSweepIntervalSeconds: 3600,
  });
  const clientsOf = ({ accessKeyId, secretAccessKey }: CloudCredential) =>
    createClients({
      endpointUrl: cloud.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
    });
  const intruder = clientsOf(credentials.intruder);
  const sealer = clientsOf(credentials.sealer);
  const api = clientsOf(credentials.api);
  const keyAlias = names.keyAlias("seal");
  const sealKey = createSigner({ kms: clientsOf(credentials.signer).kms, keyAlias });
  const table: Table = { client: intruder.dynamo, name: names.table };
  const { keyId, publicKey } = await sealKey.key();

  const entries = async (tenantId: string) => {
    const found: AuditEntry[] = [];
    let after: string | undefined;
    do {
      const page = await listAudit(table, tenantId, { limit: 50, ...(after === undefined ? {} : { after }) });
      found.push(...page.items.map(({ entry }) => entry));
      after = page.after;
    } while (after !== undefined);
    return found;
  };
  const views = async (tenantId: string | undefined) => {
    const caller: Caller = {
      principal: { kind: "person", id: "per_x", name: "x", grants: [{ tenant: "*", role: "admin" }] },
      sessionId: "s",
      tenantId: tenantId ?? "ten_provider",
      role: "admin",
      requestId: "r",
    };
    const found: SealView[] = [];
    const deps = {
      seals: createSeals(api.s3, bucket),
      trust: async () => ({ type: "steward-trust-v1" as const, keyId, payload: "", signature: "" }),
      rootPublicKey: async () => "",
    };
    for (let from = 1; ; ) {
      const page = await listSeals(deps, caller, { from, limit: 7, show: tenantId === undefined ? "whole" : "own" });
      found.push(...page.items);
      if (page.after === undefined) return found;
      from = Number(page.after) + 1;
    }
  };

  return {
    table,
    bucket,
    intruder,
    sealer,
    sealKey,
    metered,
    nowMs: () => nowMs,
    passTime: (ms) => {
      nowMs += ms;
    },
    write: async (tenantId, { what = "submit-task", skewMs = 0 } = {}) => {
      const atMs = nowMs + skewMs;
      await commit(table, [audited(atMs, { tenantId, who: "per_1", what, record: newId("task", atMs) })]);
    },
    seal: ({ through = sealer, limits } = {}) =>
      sealTrail(
        {
          table: { client: through.dynamo, name: names.table },
          seals: createSeals(through.s3, bucket),
          signer: createSigner({ kms: through.kms, keyAlias }),
          nowMs: () => nowMs,
          log: () => {},
          meter: (metric, value, ...[_dimensions]) => void metered.push({ metric, value }),
        },
        limits,
      ),
    entries,
    items: async (tenantId) => {
      const { Items = [] } = await intruder.dynamo.send(
        new QueryCommand({
          TableName: names.table,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": `T#${tenantId}#AUDIT` },
        }),
      );
      return Items;
    },
    putItem: async (Item) => {
      await intruder.dynamo.send(new PutCommand({ TableName: names.table, Item }));
    },
    deleteItem: async ({ pk, sk }) => {
      await intruder.dynamo.send(new DeleteCommand({ TableName: names.table, Key: { pk, sk } }));
    },
    views,
    verify: async (tenantId, { tenants = [], known } = {}) => {
      const verifier = createTrailVerifier({
        tenantId,
        keys: new Map([[keyId, Buffer.from(publicKey).toString("base64")]]),
        verifySignature: (key, input, signature) =>
          verify(
            "sha256",
            input,
            createPublicKey({ key: Buffer.from(key, "base64"), format: "der", type: "spki" }),
            signature,
          ),
        ...(known === undefined ? {} : { known }),
      });
      for (const view of await views(tenantId)) {
        if (view.sequence >= (known?.sequence ?? 1)) verifier.seal(view);
      }
      for (const one of tenantId === undefined ? tenants : [tenantId]) {
        for (const entry of await entries(one)) verifier.entry(entry);
      }
      return verifier.finish(nowMs);
    },
    close: async () => {
      await cloud.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
