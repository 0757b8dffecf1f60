import { redactText } from "@steward/contracts/redact";
import { createKnownSecrets, type KnownSecrets } from "./known-secrets.ts";

export interface OutputRedactor {
  /** What the sink answers: resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Passes on what is left. */
  end(): void;
}

/** A line without an end is passed on in pieces of that size; a private key is shorter. */
const maxHeld = 64 * 1024;
const keyBegins = /-----BEGIN [A-Z ]*PRIVATE KEY-----(?![^]*-----END [A-Z ]*PRIVATE KEY-----)/;

/**
 * Takes secrets out of a run's output before any of it touches the disk: what playbooks print, diffs above all, leaves the
 * machine and is kept. Whole lines at a time, so that no secret is cut in two; a private key over its many lines. Bytes that
 * hold none pass as they are, also where they are no text. `known`: the run's own, told by what they are.
 */
export function createOutputRedactor(
  sink: (bytes: Uint8Array) => unknown,
  known: KnownSecrets = createKnownSecrets(),
): OutputRedactor {
  let held = "";
  const pass = (text: string): Promise<void> | undefined => {
    if (text === "") return undefined;
    // One character for each byte, there and back: nothing is decoded, so nothing can be spoiled.
    const room = sink(Buffer.from(redactText(known.hide(text, "latin1")), "latin1"));
    return room instanceof Promise ? (room as Promise<void>) : undefined;
  };
  return {
    write(bytes) {
      held += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
      let end = held.lastIndexOf("\n") + 1;
      if (end === 0 && held.length < maxHeld) return undefined;
      // Of a line that never ends, all but what may be the beginning of a secret.
      if (end === 0) {
        held = known.hide(held, "latin1");
        end = held.length - Math.max(0, known.longest() - 1);
      }
      const lines = held.slice(0, end);
      const key = keyBegins.exec(lines);
      if (key !== null && held.length - key.index < maxHeld) end = key.index;
      const room = pass(held.slice(0, end));
      held = held.slice(end);
      return room;
    },
    end() {
      void pass(held);
      held = "";
    },
  };
}
