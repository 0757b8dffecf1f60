import { pins } from "../stacks/pins.ts";
import { checkPins } from "./build/check-pins.ts";

/** Holds what GPU hosts download (`stacks/pins.ts`) to the makers' own lists. Needs the internet. */
const { node, ollama } = pins;
const problems = await checkPins({ node, ollama }, async (url) => {
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  if (!response.ok) throw new Error(`${response.status}`);
  return response.text();
});
for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log("Every pin is what its maker's list says.");
process.exitCode = problems.length === 0 ? 0 : 1;
