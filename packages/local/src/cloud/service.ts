import { z } from "zod";

/** A refusal in the words of AWS: the SDK makes its typed exception of `code`. */
export class ServiceError extends Error {
  readonly code: string;
  readonly status: number;
  /** Further members of the exception, such as `CancellationReasons`. */
  readonly members: Record<string, unknown>;
  /** The older query protocol's name of the error, which SQS clients still show (`x-amzn-query-error`). */
  readonly queryCode: string | undefined;

  constructor(
    code: string,
    message: string,
    options: { status?: number; members?: Record<string, unknown>; queryCode?: string } = {},
  ) {
    super(message);
    this.name = "ServiceError";
    this.code = code;
    this.status = options.status ?? 400;
    this.members = options.members ?? {};
    this.queryCode = options.queryCode;
  }
}

/** Whoever signed the request, and what they may do. */
export interface Caller {
  principal: string;
  allows(action: string, resource: string): boolean;
  /** Throws AccessDeniedException unless one of the resource's names is granted. */
  require(action: string, ...resourceNames: string[]): void;
  /** Besides: throws unless one grant of this right covers all of these partition keys of the table. */
  requireKeys(action: string, resource: string, keys: readonly string[]): void;
}

/** One operation of a JSON service: takes the parsed body, gives the answer's members. */
export type Operation = (input: unknown, caller: Caller) => Promise<object> | object;
export type Operations = Record<string, Operation>;

/** An operation whose input has a shape; other shapes are answered with `ValidationException`. */
export function operation<Schema extends z.ZodType>(
  schema: Schema,
  run: (input: z.output<Schema>, caller: Caller) => Promise<object> | object,
): Operation {
  return (input, caller) => {
    const parsed = schema.safeParse(input ?? {});
    if (!parsed.success) {
      const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "request"}: ${issue.message}`);
      throw new ServiceError("ValidationException", problems.join("; "));
    }
    return run(parsed.data, caller);
  };
}

/** What every service needs to know of the cloud it is in. */
export interface CloudContext {
  region: string;
  accountId: string;
  /** Epoch milliseconds. */
  now: () => number;
  /** `http://127.0.0.1:PORT`, known once the port is. */
  endpoint: () => string;
  log: (message: string) => void;
}

/** One page of a list, and the token of the next: an opaque place in an order that insertion does not shift. */
export function page<Item>(
  items: Item[],
  keyOf: (item: Item) => string,
  options: { limit: number; token: string | undefined; badToken: () => ServiceError },
): { items: Item[]; nextToken: string | undefined } {
  let start = 0;
  if (options.token !== undefined) {
    const after = Buffer.from(options.token, "base64url").toString("utf8");
    start = items.findIndex((item) => keyOf(item) === after) + 1;
    if (start === 0) throw options.badToken();
  }
  const chosen = items.slice(start, start + options.limit);
  const last = chosen.at(-1);
  const more = last !== undefined && start + options.limit < items.length;
  return { items: chosen, nextToken: more ? Buffer.from(keyOf(last)).toString("base64url") : undefined };
}

/** AWS tells times as epoch seconds with a fraction. */
export function toSeconds(epochMs: number): number {
  return epochMs / 1000;
}
