import { AsyncLocalStorage } from "node:async_hooks";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { AppError } from "@steward/contracts/errors";
import { providerTenantId } from "@steward/contracts/ids";
import { familyOf, type KeyFamilyName, textIn, type KeyedItem } from "./key-families.ts";
import { keysOfCommand, type Reach, type TouchedKey } from "./keys-of-command.ts";

/*
 * Below every check that a use case makes: code that acts for a tenant reaches that tenant's records and no others. It
 * catches our own mistakes (a key made of the wrong id, a missing comparison); it is no defence against somebody who runs
 * code of their own in a function, whose role in AWS is what bounds them.
 *
 *     entry point ── actForSystem("who calls") ── authenticate ── actFor(tenant) ── use case ── SDK ─┤fence├─ table
 *
 * Fails closed: without a scope, or with a command whose keys nobody can name, nothing is sent.
 */

type Scope = { kind: "tenant"; tenantId: string } | { kind: "system"; why: string };

const scopes = new AsyncLocalStorage<Scope>();

/**
 * Runs `work` for a tenant: until it has settled, its calls reach that tenant's records only. A customer's scope leads to
 * no other tenant; the system's and the provider's (whose workers take every tenant's jobs) narrow to any.
 */
export function actFor<T>(tenantId: string, work: () => T): T {
  const scope = scopes.getStore();
  if (tenantId === "" || tenantId.includes("#")) throw fault("a tenant's id cannot be one with a # in it");
  if (scope?.kind === "tenant" && scope.tenantId !== tenantId && scope.tenantId !== providerTenantId) {
    throw fault("code that acts for a tenant wanted to act for another one");
  }
  return scopes.run({ kind: "tenant", tenantId }, work);
}

/**
 * Runs `work` for the system itself, with every key but no scan. For what is done before the tenant is known, and for
 * what is about all tenants. `test/lint/table.test.ts` lists who may.
 */
export function actForSystem<T>(why: string, work: () => T): T {
  return scopes.run({ kind: "system", why }, work);
}

/** `tenantId` of whom the calling code acts for; undefined where it acts for the system, or for nobody. */
export function actingFor(): string | undefined {
  const scope = scopes.getStore();
  return scope?.kind === "tenant" ? scope.tenantId : undefined;
}

export interface FenceOptions {
  /** Told of everything that is refused or withheld: never with a key or an item. */
  log: (level: "warn" | "error", event: string, fields: Record<string, unknown>) => void;
  /** Whoever it acts for, these families are all that the client reaches: for a function with one way through. */
  only?: readonly KeyFamilyName[];
  /** The system's code may look through the whole table: for the one function that removes what is left of a tenant. */
  scans?: boolean;
}

/** Puts the fence into every call of the client. Behind the step that makes the wire's shape: nothing changes keys after it. */
export function fence(client: DynamoDBClient, { log, only, scans = false }: FenceOptions): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const command = String(context["commandName"]);
      const scope: Scope | undefined = only === undefined ? scopes.getStore() : { kind: "system", why: "only" };
      const reach = keysOfCommand(command, args.input);
      const isAllowedScan = scans && command === "ScanCommand" && scope?.kind === "system";
      const refusal = isAllowedScan ? undefined : judge(scope, reach, only);
      if (refusal !== undefined) {
        log("error", "fence_refused", { command, ...describe(scope), reason: refusal });
        throw fault(`the table refused ${command}: ${refusal}`);
      }
      const result = await next(args);
      if (scope?.kind === "tenant" && withholdForeign(scope.tenantId, reach, result.output)) {
        // Somebody has named another tenant's thing, which is absent to them; that is nobody's fault but may be worth a look.
        log("warn", "fence_withheld", { command, ...describe(scope) });
      }
      return result;
    },
    { step: "build", priority: "low", name: "tenantFence" },
  );
}

function describe(scope: Scope | undefined): Record<string, unknown> {
  if (scope === undefined) return { scope: "none" };
  return scope.kind === "tenant" ? { scope: "tenant", tenantId: scope.tenantId } : { scope: scope.why };
}

/** Why a command is refused; undefined where it may go. Names families, never keys. */
export function judge(scope: Scope | undefined, reach: Reach, only?: readonly KeyFamilyName[]): string | undefined {
  if (scope === undefined) return "the code acts neither for a tenant nor for the system (actFor, actForSystem)";
  if (reach.kind === "unknown") return reach.why;
  if (only !== undefined) {
    const known = (key: TouchedKey) => only.some((name) => familyOf(key.partitionKey)?.name === name);
    return reach.keys.every(known) ? undefined : `it reaches beyond ${only.join(", ")}`;
  }
  if (scope.kind === "system") return undefined;
  const own = `T#${scope.tenantId}#`;
  for (const key of reach.keys) {
    const refusal = key.partitionKey.startsWith(own) ? undefined : judgeSystemKey(scope.tenantId, key);
    if (refusal !== undefined) return refusal;
  }
  // An item of one's own, put where another tenant's index would list it.
  return reach.listedAt.some((text) => text.startsWith("T#") && !text.startsWith(own))
    ? "it would be listed with another tenant's"
    : undefined;
}

function judgeSystemKey(tenantId: string, { operation, partitionKey }: TouchedKey): string | undefined {
  if (!partitionKey.startsWith("SYS#")) return "a key of another tenant";
  const found = familyOf(partitionKey);
  if (found === undefined) return "a SYS family that key-families.ts does not know";
  const { name, family, rest } = found;
  const { forTenant } = family;
  if (forTenant === undefined || !forTenant.operations.includes(operation)) {
    return `${operation} of the family ${name}, which is the system's alone`;
  }
  return forTenant.only === undefined || forTenant.only(rest, tenantId)
    ? undefined
    : `${operation} of a part of the family ${name} that is not the tenant's`;
}

interface ReadOutput {
  Item?: KeyedItem;
  Items?: KeyedItem[];
  Count?: number;
  Responses?: Record<string, KeyedItem[]> | { Item?: KeyedItem }[];
}

/**
 * Takes out of an answer what a `SYS` family holds for other tenants: to whoever acts for this one it is absent. Answers
 * whether there was any.
 */
function withholdForeign(tenantId: string, reach: Reach, output: unknown): boolean {
  if (reach.kind !== "keys" || !reach.keys.some(({ partitionKey }) => partitionKey.startsWith("SYS#"))) return false;
  let withheld = false;
  const isOwn = (item: KeyedItem): boolean => {
    const ownerOf = familyOf(textIn(item["pk"]) ?? "")?.family.forTenant?.ownerOf;
    const own = ownerOf === undefined || ownerOf(item) === tenantId;
    if (!own) withheld = true;
    return own;
  };
  const read = output as ReadOutput;
  if (read.Item !== undefined && !isOwn(read.Item)) delete read.Item;
  if (read.Items !== undefined) {
    read.Items = read.Items.filter(isOwn);
    read.Count = read.Items.length;
  }
  if (Array.isArray(read.Responses)) {
    for (const response of read.Responses)
      if (response.Item !== undefined && !isOwn(response.Item)) delete response.Item;
  } else if (read.Responses !== undefined) {
    for (const [table, items] of Object.entries(read.Responses)) read.Responses[table] = items.filter(isOwn);
  }
  return withheld;
}

/** Ours, and never the caller's: nothing of what was asked for is in it. */
function fault(message: string): AppError {
  return new AppError("internal", message, { retryable: false });
}
