import { createServer, type Server } from "node:http";
import { createDoor, type DoorOptions } from "./door.ts";
import { listen } from "./listen.ts";
import { dashboardFolder, serveSite } from "./static-pages.ts";

/** The `api.` door: plain HTTP on this machine only. Gives its port. `siteFolder` has the dashboard's files, as they were built. */
export async function openApiDoor({
  siteFolder = dashboardFolder,
  ...options
}: Omit<DoorOptions, "door" | "hosts" | "site"> & { port: number; siteFolder?: string }): Promise<{
  server: Server;
  port: number;
}> {
  const hosts: string[] = [];
  const handle = createDoor({ ...options, door: "api", hosts, site: serveSite(siteFolder) });
  const server = createServer({ requestTimeout: 60_000, keepAliveTimeout: 65_000 }, (request, response) => {
    void handle(request, response);
  });
  const port = await listen(server, options.port);
  hosts.push(`127.0.0.1:${port}`, `localhost:${port}`);
  return { server, port };
}
