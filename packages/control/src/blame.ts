/** Whom a refusal concerns, beside the error and not in it: what is in it may be answered. */
const known = new WeakMap<Error, { who: string; tenantId: string }>();

/** Notes who was refused, where the proof of who it is was good and something else was not. */
export function blame<Fault extends Error>(error: Fault, by: { who: string; tenantId: string }): Fault {
  known.set(error, by);
  return error;
}

export function blamed(error: unknown): { who: string; tenantId: string } | undefined {
  return error instanceof Error ? known.get(error) : undefined;
}
