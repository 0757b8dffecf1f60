/**
 * Does the work for each of them, so many at one time, and begins none after `untilMs` (by `performance.now`). Answers
 * whether all were begun; an error ends it when what is under way has ended.
 */
export async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<unknown>,
  untilMs: number = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  let next = 0;
  let failed: { error: unknown } | undefined;
  const workOn = async () => {
    for (let item = items[next]; item !== undefined && failed === undefined; item = items[next]) {
      if (performance.now() >= untilMs) return;
      next += 1;
      try {
        await work(item);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, workOn));
  if (failed !== undefined) throw failed.error;
  return next >= items.length;
}
