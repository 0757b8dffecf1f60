import type { Route } from "@steward/contracts/route";
import type { Binding } from "./bind.ts";

/** Every route bound exactly once, each with a door and an access rule that fits it; else an error that names it. */
export function checkBindings(table: readonly Route[], bindings: readonly Binding[]): Binding[] {
  const problems: string[] = [];
  const bound = new Map<string, Binding>();
  for (const binding of bindings) {
    if (bound.has(binding.route.id)) problems.push(`${binding.route.id} is bound twice`);
    bound.set(binding.route.id, binding);
  }
  for (const route of table) {
    if (!bound.has(route.id)) problems.push(`${route.id} has no binding`);
    // The types forbid these; a table that was put together at run time is held to them too.
    const { door, access } = route as Partial<Route>;
    if (door !== "api" && door !== "nodes") problems.push(`${route.id} declares no door`);
    const rules = ["role", "staff", "signedIn", "node", "userCertificate", "open"];
    if (access === undefined || !rules.some((rule) => rule in access)) {
      problems.push(`${route.id} declares no access`);
    } else if ((door === "nodes") !== ("node" in access || "userCertificate" in access)) {
      problems.push(`${route.id} is at the ${door} door with an access rule of the other`);
    }
  }
  const known = new Set(table.map((route) => route.id));
  for (const id of bound.keys()) if (!known.has(id)) problems.push(`${id} is bound but not in the route table`);
  if (problems.length > 0) throw new Error(`The API cannot start: ${problems.join("; ")}.`);
  return [...bound.values()];
}

/** Whether `path` is an instance of a route's template, `/api/v1/tasks/{taskId}`. */
export function pathMatches(template: string, path: string): boolean {
  const wanted = template.split("/");
  const given = path.split("/");
  return (
    wanted.length === given.length &&
    wanted.every((segment, index) => (segment.startsWith("{") ? given[index] !== "" : segment === given[index]))
  );
}
