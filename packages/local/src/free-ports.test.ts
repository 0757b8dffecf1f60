import { createServer } from "node:net";
import { expect, it } from "vitest";
import { claimPorts, freePort } from "./free-ports.ts";
import { listen } from "./host/listen.ts";

it("no port is given twice, however many are asked for at once", async () => {
  const ports = await Promise.all(Array.from({ length: 100 }, freePort));
  expect(new Set(ports).size).toBe(100);
});

it("a named port is itself, or an error that names the option", async () => {
  const server = createServer();
  const free = await freePort();
  const taken = await listen(server, 0);
  try {
    const named = { port: free, option: "--nodes-port" };
    const ports = await claimPorts({ api: { port: 0, option: "--api-port" }, nodes: named });
    expect(ports.nodes).toBe(free);
    expect(ports.api).not.toBe(free);
    await expect(claimPorts({ api: { port: taken, option: "--api-port" } })).rejects.toMatchObject({
      code: "unavailable",
      message: `port ${taken} is taken by another program`,
      next: expect.stringContaining("--api-port"),
    });
  } finally {
    server.close();
  }
});
