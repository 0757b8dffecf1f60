/** What a maker's tool says of one GPU. What it does not say is absent; memory in MiB. */
export interface FoundGpu {
  name: string;
  vendor: "nvidia" | "amd";
  driver?: string;
  vramMb?: number;
  freeMb?: number;
  /** How busy it is. */
  usedPercent?: number;
  /** `shared`: its memory is the host's. `slice`: a part of a GPU (MIG); a program sees only one of them. */
  memory: "own" | "shared" | "slice";
}
