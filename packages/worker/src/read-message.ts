import { type LaneMessage, laneMessageSchema } from "@steward/contracts/job";

export type ReadMessage =
  | { kind: "message"; message: LaneMessage }
  /** Of a control plane that is newer than this worker: another worker may read it. */
  | { kind: "newer" }
  /** Nobody will ever read it. */
  | { kind: "poison" };

/** What a lane's message says. */
export function readMessage(body: string | undefined): ReadMessage {
  const json = parseJson(body);
  const parsed = laneMessageSchema.safeParse(json);
  if (parsed.success) return { kind: "message", message: parsed.data };
  const isNewer = typeof json === "object" && json !== null && "v" in json && typeof json.v === "number" && json.v > 1;
  return { kind: isNewer ? "newer" : "poison" };
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
