/** What the host and a function's thread say to each other. */
export interface InvokeMessage {
  id: number;
  event: unknown;
  deadlineMs: number;
}
export type ThreadMessage =
  | { kind: "loaded" }
  | { kind: "load_failed"; error: string }
  | { kind: "result"; id: number; result: unknown }
  | { kind: "failed"; id: number; error: string };
export interface ThreadData {
  entryUrl: string;
  /** Its invocations are told to a collector. */
  isTraced: boolean;
  functionName: string;
  compileCacheDir: string | undefined;
}
