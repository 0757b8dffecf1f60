import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { AppError } from "@steward/contracts/errors";
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
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new AppError("unavailable", `no free port was found between ${range.from} and ${range.below}`, {
    next: "end programs that listen there",
  });
}

/**
 * The port itself, or any free one for 0. It is tried here, before anything starts, so that a taken one is told at once and
 * with the option that names another.
 */
export async function claimPort(port: number, option: string): Promise<number> {
  if (port === 0) return freePort();
  if (await isFree(port)) return port;
  throw new AppError("unavailable", `port ${port} is taken by another program`, {
    next: `end that program, or choose another port with ${option}`,
  });
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await listen(server, port);
    return true;
  } catch {
    return false;
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
