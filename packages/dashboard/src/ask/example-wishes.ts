import type { ActionView } from "@steward/contracts/views";

/** What stands for a slot in an example; an example with another slot is not shown. */
const filled: Record<string, string> = {
  username: "john",
  share: "photos",
  service: "smbd",
  unit: "smbd",
  address: "john@home.example",
  port: "8080",
  hostname: "nas",
};

/** A handful of sentences that the catalogue understands, of as many different areas as there are. */
export function exampleWishes(actions: readonly Pick<ActionView, "id" | "examples">[], most = 6): string[] {
  const areas = new Map<string, string>();
  for (const { id, examples } of actions) {
    const area = id.split(".")[0] ?? id;
    const sentence = examples.map(fill).find((example) => example !== undefined);
    if (!areas.has(area) && sentence !== undefined) areas.set(area, sentence);
  }
  return [...areas.values()].slice(0, most);
}

function fill(example: string): string | undefined {
  let known = true;
  const text = example.replace(/\{(\w+)\}/g, (_, name: string) => {
    known &&= name in filled;
    return filled[name] ?? "";
  });
  return known ? text : undefined;
}
