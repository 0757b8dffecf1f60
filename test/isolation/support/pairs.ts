import { newId } from "@steward/contracts/ids";
import { hasRole } from "@steward/contracts/roles";
import type { Answer, Caller } from "./callers.ts";
import { type Ask, type Operation, type Slot, textsIn, withTexts } from "./operations.ts";
import { absentLike, foreignFor, type Things } from "./things.ts";

export function mayCall({ access, door }: Operation, caller: Caller): "yes" | 401 | 403 | 404 {
  // The listener refuses them before there is a request.
  if (caller.door === "nodes" && caller.kind === "nobody") return 401;
  if (caller.door !== door) return 404;
  if ("open" in access) return "yes";
  if (caller.kind === "nobody") return 401;
  if ("node" in access && caller.kind === "browser") return 401;
  if ("node" in access) return access.node === "any" || access.node === caller.kind ? "yes" : 403;
  if ("peopleOnly" in access && access.peopleOnly !== undefined && caller.kind === "token") return 403;
  if ("userCertificate" in access) return caller.kind === "browser" ? "yes" : 401;
  if ("signedIn" in access) return "yes";
  if ("staff" in access) return caller.kind === "staff" ? "yes" : 403;
  return caller.role !== undefined && hasRole(caller.role, access.role) ? "yes" : 403;
}

/** An answer without what is different in every one: the request's id, and what the caller itself put in. */
export function comparable({ status, text, headers }: Answer, said: readonly string[]): string {
  const body = said.reduce((left, one) => left.replaceAll(one, "…"), text.replaceAll(/"requestId":"[^"]*"/g, ""));
  return JSON.stringify([status, headers["content-type"], headers["idempotency-replayed"], body]);
}

/** Two requests that must not be told apart: with what is another's, and with what is nowhere. */
interface Pair {
  what: string;
  foreign: Ask;
  absent: Ask;
  said: { foreign: string[]; absent: string[] };
}

/** Everything of another's that can stand in this request, one place at a time and in all of them. */
export function pairsOf(
  operation: Operation,
  asks: readonly Ask[],
  { own, from, cursors }: { own: Things; from: Things; cursors: ReadonlyMap<string, string> },
): Pair[] {
  const pairs: Pair[] = [];
  const seen = new Set<string>();
  const add = (what: string, ask: Ask, changed: { slot: Slot; value: string }[]) => {
    const asWord = changed.map(({ slot, value }) => ({ slot, value, nowhere: absentLike(value) }));
    pairs.push({
      what,
      foreign: withTexts(ask, asWord),
      absent: withTexts(
        ask,
        asWord.map(({ slot, nowhere }) => ({ slot, value: nowhere })),
      ),
      said: { foreign: asWord.map(({ value }) => value), absent: asWord.map(({ nowhere }) => nowhere) },
    });
  };
  // Where nobody has to say who they are, what they send is the proof, and nobody's but theirs.
  for (const ask of "open" in operation.access ? [] : asks) {
    const inPlace: { slot: Slot; value: string }[][] = [];
    for (const slot of textsIn(ask)) {
      const foreign = foreignFor(slot, own, from).slice(0, 3);
      const place = `${slot.part}.${slot.path.join(".")}`;
      if (foreign.length === 0) continue;
      inPlace.push(foreign.map((value) => ({ slot, value })));
      if (seen.has(place)) continue;
      seen.add(place);
      for (const value of foreign) add(`${place}=${value}`, ask, [{ slot, value }]);
    }
    const everywhere = inPlace.map((list) => list[0]).filter((one) => one !== undefined);
    // Whoever was handed a job's secret was handed the job.
    if (everywhere.length > 1 && !everywhere.some(({ slot }) => slot.path.includes("secret")))
      add(everywhere.map(({ slot }) => slot.path.join(".")).join("+"), ask, everywhere);
  }
  const [first] = asks;
  if (first === undefined || "open" in operation.access) return pairs;
  const withHeader = (value: string): Ask => ({ ...first, headers: { ...first.headers, "steward-tenant": value } });
  if (operation.headers.includes("Steward-Tenant")) {
    const said = { foreign: [from.tenantId], absent: [newId("tenant", Date.now())] };
    pairs.push({
      what: "Steward-Tenant",
      foreign: withHeader(from.tenantId),
      absent: withHeader(said.absent[0] ?? ""),
      said,
    });
  }
  const cursor = cursors.get(operation.id) ?? [...cursors.values()][0];
  if (cursor !== undefined && operation.query["cursor"] !== undefined) {
    const bytes = Buffer.from(cursor, "base64url").map((byte, place) => (place === 0 ? byte : byte ^ 255));
    const nowhere = Buffer.from(bytes).toString("base64url");
    const at = (value: string): Ask => ({ ...first, query: { limit: 1, cursor: value } });
    pairs.push({
      what: "cursor",
      foreign: at(cursor),
      absent: at(nowhere),
      said: { foreign: [cursor], absent: [nowhere] },
    });
  }
  return pairs;
}

export const saidBy = (ask: Ask) => [...textsIn(ask).map(({ value }) => value), ...Object.values(ask.headers)];
