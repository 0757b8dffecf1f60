import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What left the cloud, as whoever it was for would get it. */
export type Sent =
  | { kind: "email"; from: string; to: string[]; subject: string; text: string; headers: Record<string, string> }
  | { kind: "sns"; topicArn: string; subject?: string; message: string; attributes: Record<string, string> };

/** Where mail and published messages go that nobody here could receive: a folder, one file each, the newest 200. */
export interface Outbox {
  /** The id that the service answers with. */
  put(sent: Sent): string;
}

const kept = 200;

export function createOutbox(folder: string, now: () => number): Outbox {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let count = 0;
  return {
    put(sent) {
      const id = randomUUID();
      count += 1;
      // Names sort by time, also where two are sent in one millisecond.
      const name = `${String(now()).padStart(15, "0")}-${String(count).padStart(6, "0")}.json`;
      const half = join(folder, `.${name}`);
      writeFileSync(half, `${JSON.stringify({ id, at: new Date(now()).toISOString(), ...sent }, undefined, 2)}\n`, {
        mode: 0o600,
      });
      renameSync(half, join(folder, name));
      const names = readdirSync(folder).filter((one) => one.endsWith(".json") && !one.startsWith("."));
      for (const old of names.sort().slice(0, -kept)) rmSync(join(folder, old), { force: true });
      return id;
    },
  };
}
