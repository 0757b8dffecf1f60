import { createServer } from "node:net";
import { AppError } from "@steward/contracts/errors";
import { listen } from "./host/listen.ts";

/**
 * The port itself, or any free one for 0. It is tried here, before anything starts, so that a taken one is told at once and
 * with the option that names another.
 */
export async function claimPort(port: number, option: string): Promise<number> {
  const server = createServer();
  try {
    return await listen(server, port);
  } catch (cause) {
    throw new AppError("unavailable", `port ${port} is taken by another program`, {
      cause,
      next: `end that program, or choose another port with ${option}`,
    });
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
