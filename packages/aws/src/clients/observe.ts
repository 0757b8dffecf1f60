/** Is shown each client as it is made, and may put a middleware into it. */
export type ClientObserver = (client: { middlewareStack: unknown }) => void;

let observer: ClientObserver | undefined;

/** From now on. Where nobody wants to see them, clients are as they ever were. */
export function observeClients(observe: ClientObserver): void {
  observer = observe;
}

export function observed<Client extends { middlewareStack: unknown }>(client: Client): Client {
  observer?.(client);
  return client;
}
