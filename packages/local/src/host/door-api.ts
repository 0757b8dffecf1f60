import { createServer, type Server } from "node:http";
import { createDoor, type DoorOptions } from "./door.ts";
import { listen } from "./listen.ts";
import { readStaticPages } from "./static-pages.ts";

/** The `api.` door: plain HTTP on this machine only. Gives its port. */
export async function openApiDoor(
  options: Omit<DoorOptions, "door" | "hosts" | "pages"> & { port: number },
): Promise<{ server: Server; port: number }> {
  const hosts: string[] = [];
  const handle = createDoor({ ...options, door: "api", hosts, pages: readStaticPages() });
  const server = createServer({ requestTimeout: 60_000, keepAliveTimeout: 65_000 }, (request, response) => {
    void handle(request, response);
  });
  const port = await listen(server, options.port);
  hosts.push(`127.0.0.1:${port}`, `localhost:${port}`);
  return { server, port };
}
