import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { AppError, hasCode } from "@steward/contracts/errors";
import { listen } from "./host/listen.ts";

/**
 * Below those that Linux, macOS and Windows hand out themselves, to outgoing connections and to whoever asks for any port:
 * between being found free and being listened at, nobody gets it by chance, and an installation finds its own again.
 */
const range = { from: 16_384, below: 32_768 };
const given = new Set<number>();

/** A port of 127.0.0.1 at which nobody listens, and that this process was not given before. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = randomInt(range.from, range.below);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new AppError("unavailable", `no free port was found between ${range.from} and ${range.below}`, {
    next: "end programs that listen there",
  });
}

/** What is wanted: a port, or any for 0, and the option that names another. */
export interface WantedPort {
  port: number;
  option: string;
}

/**
 * The ports themselves, and for each 0 any free one. They are tried here, before anything starts, so that a taken one is
 * told at once.
 */
export async function claimPorts<Name extends string>(
  wanted: Readonly<Record<Name, WantedPort>>,
): Promise<Record<Name, number>> {
  const claimed = new Map<string, number>();
  const entries = Object.entries<WantedPort>(wanted);
  // Named ones first: none of the others may become one of them.
  for (const [name, { port, option }] of entries.toSorted(([, a], [, b]) => b.port - a.port)) {
    claimed.set(name, port === 0 ? await freePort() : await namedPort(port, option));
  }
  return Object.fromEntries(claimed) as Record<Name, number>;
}

async function namedPort(port: number, option: string): Promise<number> {
  given.add(port);
  const isOurs = await isFree(port).catch((cause: unknown) => {
    throw new AppError("unavailable", `port ${port} cannot be listened at: ${String(cause)}`, {
      cause,
      next: `choose another port with ${option}`,
    });
  });
  if (isOurs) return port;
  throw new AppError("unavailable", `port ${port} is taken by another program`, {
    next: `end that program, or choose another port with ${option}`,
  });
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await listen(server, port);
    return true;
  } catch (error) {
    if (hasCode(error, "unavailable")) return false;
    throw error;
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
