import { availableParallelism, cpus, totalmem } from "node:os";

export interface HostProbe {
  cpu: string;
  /** That this process may use: affinity and the container's quota are in it. */
  cores: number;
  memoryMb: number;
  freeMb: number;
}

/** The machine, or the container that this process is in, whichever is smaller. */
export function probeHost(): HostProbe {
  // 0, or a number beyond all memory, where nothing limits it.
  const limit = process.constrainedMemory();
  const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryMb: toMb(total),
    freeMb: toMb(Math.min(process.availableMemory(), total)),
  };
}

const toMb = (bytes: number): number => Math.floor(bytes / 1_048_576);
