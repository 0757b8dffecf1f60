/** Each tenant's first, then each one's second, and so on: nobody's many come before another's few. */
export function inTurn<T extends { tenantId: string }>(records: readonly T[]): T[] {
  const turns: T[][] = [];
  const before = new Map<string, number>();
  for (const record of records) {
    const turn = before.get(record.tenantId) ?? 0;
    before.set(record.tenantId, turn + 1);
    (turns[turn] ??= []).push(record);
  }
  return turns.flat();
}
