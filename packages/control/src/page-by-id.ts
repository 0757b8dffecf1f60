/** One page, by id, of a list that is short enough to be read whole: the people and tokens of one tenant. */
export function pageById<T>(
  all: readonly T[],
  idOf: (item: T) => string,
  { limit, after = "" }: { limit: number; after?: string | undefined },
): { items: T[]; after?: string } {
  const behind = all.filter((item) => idOf(item) > after).toSorted((one, other) => (idOf(one) < idOf(other) ? -1 : 1));
  const items = behind.slice(0, limit);
  const last = items.at(-1);
  return behind.length > limit && last !== undefined ? { items, after: idOf(last) } : { items };
}
