import { timingSafeEqual } from "node:crypto";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { tokenIdIn } from "@steward/core/principal/token-secret";
import type { TokenState } from "@steward/core/tenant/tenant-state";
import type { Authenticated } from "./authenticate.ts";
import type { Context } from "./context.ts";
import { type Standing, standingOf } from "./principal-standing.ts";

/** Whose service token this text is, and what it may do now. Throws `unauthenticated` for one that is none, or may nothing. */
export async function standingOfToken(
  deps: Pick<Context, "table" | "nowMs">,
  text: string,
): Promise<Standing & { token: TokenState }> {
  const tokenId = tokenIdIn(text);
  const standing = tokenId === undefined ? undefined : await standingOf(deps.table, tokenId, deps.nowMs());
  const token = standing?.token;
  if (standing === undefined || token === undefined || !isSame(sha256Hex(text), token.secretHash)) {
    throw badToken("this service token is not one of ours");
  }
  if (standing.grants.length === 0) throw badToken("this service token has ended, or may do nothing any more");
  return { ...standing, token };
}

/**
 * Who calls with a service token as it is, where a route takes that: it is read with each call, and no session is made.
 * That it was used is not noted at it.
 */
export async function authenticateToken(deps: Pick<Context, "table" | "nowMs">, text: string): Promise<Authenticated> {
  const { token, name, grants } = await standingOfToken(deps, text);
  return { principal: { kind: "token", id: token.tokenId, name, grants }, sessionId: token.tokenId };
}

function badToken(message: string): AppError {
  return new AppError("unauthenticated", message, {
    next: "an admin makes one with steward token create, and sees with steward token ls what became of it",
  });
}

function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
