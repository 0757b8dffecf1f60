import type { BucketOwner } from "@steward/aws/records/rate-bucket";
import { AppError } from "@steward/contracts/errors";
import type { Route } from "@steward/contracts/route";
import type { Caller } from "@steward/control/context";
import type { RateLeft, RateLimiter } from "@steward/control/rate-limits";
import type { SignedIn } from "./bind.ts";
import type { HttpEvent } from "./lambda-event.ts";

/**
 * One token for this call, of everybody whom it counts for. `tell` hears what is left, also where it is refused. Throws
 * `too_many_requests`.
 */
export async function takeTokens(
  limiter: RateLimiter,
  { route, caller, event }: { route: Route; caller: Caller | SignedIn | undefined; event: HttpEvent },
  tell: (left: RateLeft[]) => void,
): Promise<void> {
  await takeTokensOf(limiter, caller === undefined ? ownersOfOpen(route, event) : ownersOf(caller), tell);
}

/**
 * One token of each of them. Also of whoever was refused before the call was counted: each refusal is written to the trail,
 * and that of a flood would keep its tenant's changes from being written there too; and of the address that a proof came
 * from, before it is looked at. Throws `too_many_requests`.
 */
export async function takeTokensOf(
  limiter: RateLimiter,
  owners: readonly BucketOwner[],
  tell: (left: RateLeft[]) => void,
): Promise<void> {
  if (owners.length === 0) return;
  const verdict = await limiter.charge(owners);
  tell(verdict.left);
  if (verdict.kind === "allowed") return;
  throw new AppError("too_many_requests", "this is faster than the limit allows", {
    next: `Wait for ${verdict.retryAfterSeconds} s; RateLimit-Policy tells how much is allowed.`,
    retryAfterSeconds: verdict.retryAfterSeconds,
  });
}

function ownersOf(caller: Caller | SignedIn): BucketOwner[] {
  const principal: BucketOwner = { kind: "principal", id: caller.principal.id };
  // The provider's staff must get through to a tenant whose own people or tokens flood it.
  const isStaff = caller.principal.grants.some(({ tenant }) => tenant === "*");
  return "tenantId" in caller && !isStaff ? [principal, { kind: "tenant", id: caller.tenantId }] : [principal];
}

/**
 * Whoever proves or asks something without being signed in: by address, so that proofs cannot be tried out, and who asks
 * takes nobody's place to sign in. What is the same for everybody (liveness) is counted for nobody.
 */
function ownersOfOpen(route: Route, event: HttpEvent): BucketOwner[] {
  return route.method === "GET" && route.query === undefined ? [] : [ownerOfSource(event)];
}

export function ownerOfSource(event: HttpEvent): BucketOwner {
  return { kind: "source", id: sourceOf(event.requestContext.http.sourceIp ?? "") };
}

/** An IPv4 address; of an IPv6 one the network (/64), all of which one host may use. */
export function sourceOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address === "" ? "unknown" : address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - behind.length);
  const all = [...groups, ...Array.from({ length: zeros }, () => "0"), ...behind];
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::`;
}

/**
 * `RateLimit-Policy` and `RateLimit` as in draft-ietf-httpapi-ratelimit-headers-11: `q` calls in `w` seconds, `r` are
 * left, and after `t` seconds all are. Beside them the older three, of the bucket that ends first.
 */
export function rateHeaders(left: readonly RateLeft[]): Record<string, string> {
  const [first] = left;
  if (first === undefined) return {};
  const tightest = left.reduce((least, one) => (one.remaining < least.remaining ? one : least), first);
  const windowSeconds = ({ rate }: RateLeft) => Math.ceil(rate.burst / rate.perSecond);
  return {
    "ratelimit-policy": left.map((one) => `"${one.name}";q=${one.rate.burst};w=${windowSeconds(one)}`).join(", "),
    ratelimit: left.map(({ name, remaining, resetSeconds }) => `"${name}";r=${remaining};t=${resetSeconds}`).join(", "),
    "ratelimit-limit": String(tightest.rate.burst),
    "ratelimit-remaining": String(tightest.remaining),
    "ratelimit-reset": String(tightest.resetSeconds),
  };
}
