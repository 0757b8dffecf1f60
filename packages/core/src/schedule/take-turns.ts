/** In turn by tenant, each tenant's in the order in which they came: however many one has, the next one's first is second. */
export function takeTurns<T extends { tenantId: string }>(all: readonly T[]): T[] {
  const seen = new Map<string, number>();
  const rounds: T[][] = [];
  for (const one of all) {
    const round = seen.get(one.tenantId) ?? 0;
    seen.set(one.tenantId, round + 1);
    (rounds[round] ??= []).push(one);
  }
  return rounds.flat();
}
