import type { Access, Route } from "@steward/contracts/route";
import type { Caller, NodeCaller, Principal, Repeatable, UserCertificate } from "@steward/control/context";
import type { z } from "zod";
import type { AppDeps } from "./app-deps.ts";

/** Who is signed in, on a route that is not about one tenant. */
export interface SignedIn {
  principal: Principal;
  sessionId: string;
  requestId: string;
}

/** Lists: the place after which this page starts, and what makes the cursor of the next. */
export interface Paging {
  after: string | undefined;
  next: (after: string | undefined) => { cursor?: string };
}

type CallerOf<A extends Access> = A extends { role: unknown } | { staff: unknown }
  ? Caller
  : A extends { signedIn: true }
    ? SignedIn
    : A extends { node: unknown }
      ? NodeCaller
      : A extends { userCertificate: unknown }
        ? UserCertificate
        : undefined;
type ParsedOf<R, Part extends string> =
  R extends Record<Part, infer Schema extends z.ZodType> ? z.output<Schema> : undefined;

/** What a handler is given: everything is authenticated, authorised and has the shape that the route declares. */
export interface Input<R extends Route> {
  caller: CallerOf<R["access"]>;
  params: ParsedOf<R, "params">;
  query: ParsedOf<R, "query">;
  body: ParsedOf<R, "body">;
  paging: () => Promise<Paging>;
  requestId: string;
  /** Where the caller gave an Idempotency-Key. */
  repeatable?: Repeatable;
  /** The request is a form of one of our pages: the answer is where its browser goes next. */
  form?: boolean;
}

/** Where a browser goes next, instead of an answer (303). */
export class SeeOther {
  readonly location: string;
  constructor(location: string) {
    this.location = location;
  }
}
export type Answer<R extends Route> = R extends { answer: infer Schema extends z.ZodType }
  ? z.input<Schema>
  : undefined | void;

/** A route and the use case behind it, with the types of the route forgotten: `createApp` keeps them right. */
export interface Binding {
  route: Route;
  run: (deps: AppDeps, input: unknown) => Promise<unknown>;
}

export function bind<const R extends Route>(
  route: R,
  run: (deps: AppDeps, input: Input<R>) => Promise<Answer<R> | SeeOther>,
): Binding {
  return { route, run: (deps, input) => run(deps, input as Input<R>) };
}
