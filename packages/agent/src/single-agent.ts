import { createConnection, createServer, type Server } from "node:net";
import { realpath, rm } from "node:fs/promises";
import { platform } from "node:os";
import { join } from "node:path";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { hasErrno } from "@steward/node-client/state-files";

/**
 * One agent per state folder: two would share a ledger, and both could resume the same prepared run. The claim is a
 * listening socket, which the system releases with the process, however that ends; it is also the doorbell's button.
 */
export async function claimStateDir(stateDir: string, onRing: () => void): Promise<{ release(): Promise<void> }> {
  const path = await socketPath(stateDir);
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("ok\n");
    onRing();
  });
  try {
    await listen(server, path);
  } catch (error) {
    if (!hasErrno(error, "EADDRINUSE")) throw error;
    // A socket file (not Linux) outlives a killed owner; an abstract name does not.
    if (path.startsWith("\0") || (await answers(path))) {
      throw new AppError("conflict", `another agent is running on ${stateDir}`, {
        cause: error,
        retryable: false,
        next: "stop it first; two agents on one state folder could do things twice",
      });
    }
    await rm(path, { force: true });
    await listen(server, path);
  }
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Makes the running agent fetch now. False when none is running. */
export async function ringAgent(stateDir: string): Promise<boolean> {
  return answers(await socketPath(stateDir));
}

async function socketPath(stateDir: string): Promise<string> {
  const folder = await realpath(stateDir);
  return platform() === "linux" ? `\0steward-agent-${sha256Hex(folder).slice(0, 32)}` : join(folder, "agent.sock");
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
    socket.setTimeout(2_000, () => {
      socket.destroy();
      resolve(false);
    });
  });
}
