import { type Caller, type CallerOptions, createCaller, type AnswerOf, type InputOf } from "./caller.ts";
import { routes } from "./routes.ts";

export { errorOf } from "./caller.ts";
export type { Transport } from "./caller.ts";

type Routes = typeof routes;

export type Client = <Name extends keyof Routes>(
  name: Name,
  input: InputOf<Routes[Name]>,
) => Promise<AnswerOf<Routes[Name]>>;

/** A typed client over the whole route table, by the routes' names. */
export function createClient(options: CallerOptions): Client {
  const call: Caller = createCaller(options);
  return (name, input) => call(routes[name], input as never) as never;
}
