import { setTimeout as pause } from "node:timers/promises";

let atWork = 0;

/** A function that does what its event asks, for the tests of the host that runs it. */
export async function handler(
  event: { does: string; ms?: number },
  context: { getRemainingTimeInMillis: () => number },
) {
  atWork += 1;
  try {
    switch (event.does) {
      case "environment":
        return { ...process.env };
      case "wait":
        await pause(event.ms ?? 0);
        return { atWork, leftMs: context.getRemainingTimeInMillis() };
      case "throw":
        throw new Error("as asked");
      case "die":
        process.exit(3);
        break;
      default:
        return event;
    }
  } finally {
    atWork -= 1;
  }
}
