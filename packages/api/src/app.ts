import { actFor, actForSystem } from "@steward/aws/tenant-fence";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { providerTenantId } from "@steward/contracts/ids";
import type { Door, Route, ServedBy } from "@steward/contracts/route";
import { newTraceId, parseTraceparent, traceparentHeader, traceparentOf } from "@steward/contracts/trace-context";
import type { Caller, NodeCaller, Repeatable } from "@steward/control/context";
import { requireChangeable } from "@steward/control/tenant-now";
import { blamed } from "@steward/control/blame";
import { type Denied, homeOf } from "@steward/control/note-denial";
import type { RateLeft } from "@steward/control/rate-limits";
import { forRequest, requestInHand } from "@steward/control/request-scope";
import { type Context as HonoContext, Hono } from "hono";
import { z } from "zod";
import type { AppDeps } from "./app-deps.ts";
import { type Binding, type Paging, SeeOther, type SignedIn } from "./bind.ts";
import { nodeIdentity, requireKind, requireRole, requireStaff, tenantOf, userIdentity } from "./callers.ts";
import { isOurs } from "./certificate-page.ts";
import { type CursorScope, openCursor, sealCursor } from "./cursor.ts";
import { idempotencyKeySchema, type KeptAnswer, once } from "./idempotency.ts";
import {
  clientCertificateOf,
  type HttpEvent,
  type HttpResult,
  isPlainPath,
  requestOf,
  resultOf,
} from "./lambda-event.ts";
import { problemOf } from "./problems.ts";
import { ownerOfSource, rateHeaders, takeTokens, takeTokensOf } from "./rate-limit.ts";
import { refuseSecrets } from "./refuse-secrets.ts";
import { isForm, readBody } from "./request-body.ts";
import { checkBindings, pathMatches } from "./route-table.ts";
import { securityHeaders } from "./security-headers.ts";
import { validate } from "./validate.ts";

/** `event` is the API Gateway event that the request came in. */
export type AppEnv = { Bindings: { event: HttpEvent }; Variables: { requestId: string; rates: RateLeft[] } };

export interface AppOptions {
  /** Routes and their use cases: exactly those that are to be served. */
  bindings: readonly Binding[];
  /** Serve only the routes of one function; all by default. */
  servedBy?: ServedBy;
  /**
   * Every route there is, so that a known path with another method, or at the other door, is told apart from none. For
   * the function that gets what no route claims; absent: those that are bound.
   */
  table?: Readonly<Record<string, Route>>;
  /** Adds what is no route: pages and documents without data. */
  documents?: (app: Hono<AppEnv>, requireApiDoor: (event: HttpEvent) => void) => void;
}

/**
 * The API as a Hono app. Throws at once if a route has no binding, door or access rule: a route that nobody thought
 * about is never served.
 */
export function createApp(deps: AppDeps, options: AppOptions): Hono<AppEnv> {
  const table: Route[] =
    options.table === undefined ? options.bindings.map(({ route }) => route) : Object.values(options.table);
  const { servedBy } = options;
  const served = checkBindings(
    table.filter((route) => servedBy === undefined || route.servedBy === servedBy),
    options.bindings,
  );
  const app = new Hono<AppEnv>();

  app.use(async (context, next) => {
    const requestId = requestIdOf(context.env.event);
    context.set("requestId", requestId);
    context.set("rates", []);
    await forRequest(requestId, async () => {
      await next();
      // A machine goes on for the request that its run or job is for. Beside the answer, whose shape older ones hold it to.
      const inHand = context.res.ok && requestInHand() !== requestId ? traceparentOf(requestInHand()) : undefined;
      if (inHand !== undefined) context.res.headers.set(traceparentHeader, inHand);
    });
    for (const [name, value] of Object.entries(securityHeaders)) {
      if (!context.res.headers.has(name)) context.res.headers.set(name, value);
    }
    for (const [name, value] of Object.entries(rateHeaders(context.get("rates")))) context.res.headers.set(name, value);
    context.res.headers.set("steward-request-id", context.get("requestId"));
  });

  // Inside of the one above, which adds the headers to this answer as well.
  app.use(async (context, next) => {
    if (!isPlainPath(context.env.event)) throw nothingThere();
    await next();
  });

  for (const binding of served) {
    const { route } = binding;
    app.on(route.method, route.path.replace(/\{(\w+)\}/g, ":$1"), async (context) => {
      const { event } = context.env;
      requireDoor(deps, event, route.door);
      const exchange: Exchange = {
        request: context.req.raw,
        event,
        params: context.req.param(),
        requestId: context.get("requestId"),
        tellRates: (left) => context.set("rates", left),
      };
      // Whoever calls is looked up among all; from there on it is one tenant's call.
      return await actForSystem("who calls", async () => {
        try {
          return await (route.door === "api" ? answerPerson : answerNode)(deps, binding, exchange);
        } catch (error) {
          const denied = deniedOf(error, route, exchange);
          if (denied?.by !== undefined && route.door === "api" && exchange.isCounted !== true)
            await takeTokensOf(deps.limiter, [{ kind: "principal", id: denied.by.who }], exchange.tellRates);
          if (denied !== undefined) await deps.denied(denied);
          throw error;
        }
      });
    });
  }
  options.documents?.(app, (event) => requireDoor(deps, event, "api"));

  const answerError = (error: Error, context: HonoContext<AppEnv>): Response => {
    const requestId = context.get("requestId");
    const problem = problemOf(error, requestId);
    if (problem.status >= 500) {
      // Both: the gateway's own access log knows nothing but its own.
      const { requestId: gatewayRequestId } = context.env.event.requestContext;
      const about = { requestId, gatewayRequestId, path: context.req.path };
      deps.log("error", "request_failed", { ...about, ...describe(error) });
    }
    return new Response(JSON.stringify(problem.body), { status: problem.status, headers: problem.headers });
  };
  app.onError(answerError);
  // Answered, not thrown: what is thrown here would pass by the middleware that adds the headers.
  app.notFound((context) => answerError(missing(deps, table, context.req.path, context.env.event), context));
  return app;
}

/**
 * What whoever calls brings is theirs to choose, and a label only; else it is made here. Never the gateway's own id: no
 * header carries that on to appliances.
 */
function requestIdOf({ headers }: HttpEvent): string {
  return parseTraceparent(headers[traceparentHeader])?.traceId ?? newTraceId();
}

/** The app as a Lambda handler of HTTP API events. */
export function createHttpHandler(app: Hono<AppEnv>): (event: HttpEvent) => Promise<HttpResult> {
  return async (event) => resultOf(await app.fetch(requestOf(event), { event }));
}

interface Exchange {
  request: Request;
  event: HttpEvent;
  params: Record<string, string>;
  requestId: string;
  /** As far as is known yet; `tenantId` when it is known which tenant is meant. */
  known?: { who: string; home: string; tenantId?: string };
  /** The call was counted for its caller's rates. */
  isCounted?: boolean;
  /** What is left of the caller's rates, for the answer's headers. */
  tellRates: (left: RateLeft[]) => void;
}

/** size → content type → authenticate → tenant → role → the tenant's status → limit → schema → idempotency → handler */
async function answerPerson(deps: AppDeps, binding: Binding, exchange: Exchange): Promise<Response> {
  const { route } = binding;
  const { request, requestId } = exchange;
  const body = await readBody(request);
  const caller = await callerOf(deps, route, exchange);
  exchange.isCounted = true;
  await takeTokens(deps.limiter, { route, caller, event: exchange.event }, exchange.tellRates);
  // Before the schemas, whose complaints would repeat what they were given. Whoever signs in brings a secret.
  if (caller !== undefined && route.takesSecrets !== true) refuseSecrets(body);
  const parsed = parse(route, exchange, body);
  const tenantId = caller !== undefined && "tenantId" in caller ? caller.tenantId : undefined;
  const run = (repeatable?: Repeatable) =>
    binding.run(deps, {
      caller,
      ...parsed,
      paging: pagingOf(deps, {
        tenantId: tenantId ?? "*",
        personId: caller?.principal.id ?? "",
        routeId: route.id,
        params: exchange.params,
        query: asRecord(parsed.query),
        cursor: asRecord(parsed.query).cursor,
      }),
      requestId,
      repeatable,
    });

  return inScope(route, tenantId, async () => {
    const key = request.headers.get("idempotency-key");
    if (key === null || route.idempotent !== true || caller === undefined || tenantId === undefined) {
      const answered = answerOf(deps, route, await run());
      return route.etag === true ? respondOnce(answered, request) : respond(answered, contentType(route));
    }
    if (!idempotencyKeySchema.safeParse(key).success) {
      throw new AppError("invalid_request", "the Idempotency-Key is not usable", {
        fields: [{ path: "Idempotency-Key", message: "1 to 200 printable ASCII characters" }],
      });
    }
    const scope = { tenantId, personId: caller.principal.id, routeId: route.id, key };
    const content = { params: exchange.params, body: parsed.body ?? null };
    const outcome = await once(deps.idempotency, scope, { content, nowMs: deps.nowMs() }, async (repeatable) =>
      answerOf(deps, route, await run(repeatable)),
    );
    return respond(outcome, outcome.replayed ? { "idempotency-replayed": "true" } : {});
  });
}

/** The use case acts for the caller's tenant, and reaches nothing else; a route that is about no one tenant, for the system. */
function inScope<T>(route: Route, tenantId: string | undefined, work: () => T): T {
  return "role" in route.access && tenantId !== undefined ? actFor(tenantId, work) : actForSystem(route.id, work);
}

/** size → certificate → node kind → schema → handler */
async function answerNode(deps: AppDeps, binding: Binding, exchange: Exchange): Promise<Response> {
  const { route } = binding;
  if ("userCertificate" in route.access) return answerCertificate(deps, binding, exchange);
  const body = await readBody(exchange.request);
  const identity = nodeIdentity(clientCertificateOf(exchange.event), { validAtMs: deps.nowMs() });
  const node = await deps.authenticateNode(identity);
  const caller: NodeCaller = { ...node, requestId: exchange.requestId };
  exchange.known = { who: node.nodeId, home: node.tenantId, tenantId: node.tenantId };
  if ("node" in route.access && route.access.node !== "any" && route.access.node !== caller.kind) {
    throw new AppError("forbidden", `this is for machines of the kind ${route.access.node}; yours is ${caller.kind}`);
  }
  const parsed = parse(route, exchange, body);
  const input = { caller, ...parsed, requestId: exchange.requestId };
  return respond(answerOf(deps, route, await actFor(caller.tenantId, () => binding.run(deps, input))));
}

/**
 * origin → size → person's certificate → schema → handler. A browser shows its certificate to this door whoever's page
 * makes it call, so only our own pages may: nobody else's can open sessions in somebody's name. (It could not read them
 * either: there is no CORS.)
 */
async function answerCertificate(deps: AppDeps, binding: Binding, exchange: Exchange): Promise<Response> {
  const { route } = binding;
  const { request } = exchange;
  const origin = request.headers.get("origin");
  const form = route.forms === true && isForm(request);
  if (origin === null ? form : !isOurs(deps, origin)) {
    throw new AppError("forbidden", "only pages of this installation may sign somebody in with a certificate", {
      next: `Open ${new URL("/certificate", deps.apiUrl).href}`,
    });
  }
  const body = form ? undefined : await readBody(request);
  const identity = userIdentity(clientCertificateOf(exchange.event), { validAtMs: deps.nowMs() });
  const caller = { ...(await deps.authenticateUser(identity)), requestId: exchange.requestId };
  const parsed = parse(route, exchange, body);
  const value = await binding.run(deps, { caller, ...parsed, form, requestId: exchange.requestId });
  if (value instanceof SeeOther) return new Response(null, { status: 303, headers: { location: value.location } });
  return respond(answerOf(deps, route, value));
}

async function callerOf(deps: AppDeps, route: Route, exchange: Exchange): Promise<Caller | SignedIn | undefined> {
  const { request, requestId } = exchange;
  const { access } = route;
  if ("open" in access) return undefined;
  const authorization = request.headers.get("authorization") ?? undefined;
  const bare = route.takesServiceToken === true ? /^Bearer (stw_\S+)$/.exec(authorization ?? "")?.[1] : undefined;
  // As where one signs in with it.
  if (bare !== undefined) await takeTokensOf(deps.limiter, [ownerOfSource(exchange.event)], exchange.tellRates);
  const { principal, sessionId } = await (bare === undefined
    ? deps.authenticate(authorization)
    : deps.authenticateToken(bare));
  const known = { who: principal.id, home: homeOf(principal.grants) };
  exchange.known = known;
  requireKind(principal, access, route.summary);
  if ("staff" in access) {
    const role = requireStaff(principal.grants, access.staff, route.summary);
    return { principal, sessionId, requestId, tenantId: providerTenantId, role };
  }
  if (!("role" in access)) return { principal, sessionId, requestId };
  const { tenantId, role } = tenantOf(principal.grants, request.headers.get("steward-tenant") ?? undefined);
  exchange.known = { ...known, tenantId };
  requireRole(role, access.role, route.summary);
  // Whoever only looks may do so in a suspended tenant too, and costs no read.
  if (route.method !== "GET") requireChangeable(await deps.tenantStatus(tenantId), { tenantId, principal });
  return { principal, sessionId, requestId, tenantId, role };
}

/**
 * Whether a call was refused for who made it: not signed in, not allowed, or a tenant that is not the caller's. What is
 * not there is no denial: whose it would be is not looked up.
 */
function deniedOf(error: unknown, route: Route, { known, requestId }: Exchange): Denied | undefined {
  const { code, status } = problemOf(error, requestId).body;
  const foreign = status === 404 && known !== undefined && known.tenantId === undefined && "role" in route.access;
  if (status !== 401 && status !== 403 && !foreign) return undefined;
  const by = known === undefined ? blamed(error) : { who: known.who, tenantId: known.tenantId ?? known.home };
  return { status: foreign ? 404 : status, code, route: route.id, requestId, ...(by === undefined ? {} : { by }) };
}

function parse(route: Route, exchange: Exchange, body: unknown) {
  if (route.body === undefined && body !== undefined) {
    throw new AppError("invalid_request", "this request takes no body", {
      fields: [{ path: "", message: "must be empty" }],
    });
  }
  return validate([
    { part: "params", schema: route.params, value: exchange.params },
    // A route that declares no query takes none: strict, like a body's unknown fields.
    { part: "query", schema: route.query ?? noQuery, value: queryOf(exchange.request) },
    { part: "body", schema: route.body, value: body },
  ]);
}

const noQuery = z.strictObject({});

function queryOf(request: Request): Record<string, unknown> {
  const query: Record<string, unknown> = Object.create(null);
  // A name given twice becomes a list, which no schema takes: never "the last one wins".
  for (const [name, value] of new URL(request.url).searchParams)
    query[name] = name in query ? [query[name], value] : value;
  return { ...query };
}

function pagingOf(
  deps: AppDeps,
  list: Omit<CursorScope, "filters"> & {
    params: Record<string, string>;
    query: Record<string, unknown>;
    cursor: unknown;
  },
): () => Promise<Paging> {
  const { params, query, cursor, ...owner } = list;
  const { cursor: _cursor, limit: _limit, ...filters } = query;
  // Where it is a list of something in the path, that is part of the question.
  const scope: CursorScope = { ...owner, filters: { ...filters, ...params } };
  return async () => {
    const keys = await deps.cursorKeys();
    return {
      after: typeof cursor === "string" ? await openCursor(deps.cursorKeys, scope, cursor) : undefined,
      next: (after) => (after === undefined ? {} : { cursor: sealCursor(keys, scope, after) }),
    };
  };
}

function answerOf(deps: AppDeps, route: Route, value: unknown): KeptAnswer {
  if (route.answer === undefined) return { status: route.status, body: "" };
  if (deps.checkAnswers) {
    const checked = route.answer.safeParse(value);
    if (!checked.success)
      throw new Error(`${route.id} answers in another shape than its route: ${checked.error.message}`);
  }
  return { status: route.status, body: route.contentType === undefined ? JSON.stringify(value) : String(value) };
}

function contentType(route: Route): Record<string, string> {
  return route.contentType === undefined ? {} : { "content-type": route.contentType };
}

function respond({ status, body }: KeptAnswer, headers: Record<string, string> = {}): Response {
  if (body === "") return new Response(null, { status, headers });
  return new Response(body, { status, headers: { "content-type": "application/json", ...headers } });
}

/**
 * With an ETag over what is answered, and without it all where the caller has that already. A list's cursor is sealed
 * anew each time and means the same: it does not count.
 */
function respondOnce(answer: KeptAnswer, request: Request): Response {
  const etag = `W/"${sha256Hex(answer.body.replace(/,"cursor":"[^"]*"\}$/, "}")).slice(0, 32)}"`;
  const known = request.headers.get("if-none-match")?.split(",") ?? [];
  const isKnown = known.some((one) => ["*", etag, etag.slice(2)].includes(one.trim()));
  return isKnown ? new Response(null, { status: 304, headers: { etag } }) : respond(answer, { etag });
}

/** A route belongs to one door: what is meant for machines is not there for people, and the other way round. */
function requireDoor(deps: AppDeps, event: HttpEvent, door: Door): void {
  if (deps.domains[door].includes(event.requestContext.domainName)) return;
  throw new AppError("wrong_door", `this is not served at ${event.requestContext.domainName}`, {
    next: door === "nodes" ? "It is for enrolled machines, at the nodes door." : "It is for people, at the api door.",
  });
}

function missing(deps: AppDeps, table: readonly Route[], path: string, event: HttpEvent): AppError {
  const { method } = event.requestContext.http;
  const here = table.filter((route) => pathMatches(route.path, path));
  const door: Door = deps.domains.nodes.includes(event.requestContext.domainName) ? "nodes" : "api";
  const allowed = here.filter((route) => route.door === door).map((route) => route.method);
  if (allowed.length > 0) {
    const allow = [...new Set(allowed.flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : [name])))].join(", ");
    return new AppError("method_not_allowed", `${method} is not possible here`, { details: { allow } });
  }
  if (here.length > 0) {
    return new AppError("wrong_door", `this is not served at ${event.requestContext.domainName}`);
  }
  return nothingThere();
}

function nothingThere(): AppError {
  return new AppError("not_found", "there is nothing at this address", { next: "/docs lists every route." });
}

function describe(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  const cause = error.cause instanceof Error ? { cause: error.cause.stack ?? error.cause.message } : {};
  return { error: error.stack ?? error.message, ...cause };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
