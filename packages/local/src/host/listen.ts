import type { Server } from "node:net";
import { AppError } from "@steward/contracts/errors";

/** Listens on 127.0.0.1; port 0 takes any free one. Gives the port, or an error that names it. */
export async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      const taken = "code" in error && error.code === "EADDRINUSE";
      reject(taken ? new AppError("unavailable", `port ${port} is taken`, { cause: error, details: { port } }) : error);
    });
    server.listen(port, "127.0.0.1", () => resolve());
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}
