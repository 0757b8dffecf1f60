/** What is to be made and removed so that every worker has a queue of its own, and nobody else has one. */
export function workerQueueChanges({
  workers,
  queues,
}: {
  workers: readonly string[];
  /** Whose queues there are. */
  queues: readonly string[];
}): { missing: string[]; orphaned: string[] } {
  const there = new Set(queues);
  const wanted = new Set(workers);
  return {
    missing: [...wanted].filter((workerId) => !there.has(workerId)),
    orphaned: [...there].filter((workerId) => !wanted.has(workerId)),
  };
}
