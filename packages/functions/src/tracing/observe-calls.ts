import { observeClients } from "@steward/aws/clients/observe";
import type { ObservedCall } from "./attributes-of-call.ts";

/** Looks on while a call is made. What it answers with, and throws, is the call's. */
export type ObserveCall = <T>(call: ObservedCall, make: () => Promise<T>) => Promise<T>;

/** The middlewares of all clients alike: what they are given depends on none of their types here. */
interface AnyStack {
  add(
    middleware: (
      next: (args: { input: unknown }) => Promise<unknown>,
      context: Record<string, unknown>,
    ) => (args: { input: unknown }) => Promise<unknown>,
    options: { step: "initialize"; priority: "high"; name: string },
  ): void;
}

/** Every client that is made from now on tells of its calls, the tries of each together. */
export function observeCalls(observe: ObserveCall): void {
  observeClients(({ middlewareStack }) => {
    const stack = middlewareStack as AnyStack;
    stack.add(
      (next, { clientName, commandName }) =>
        (args) => {
          const service = String(clientName).replace(/Client$/, "");
          const operation = String(commandName).replace(/Command$/, "");
          return observe({ service, operation, input: args.input }, () => next(args));
        },
      { step: "initialize", priority: "high", name: "observe" },
    );
  });
}
