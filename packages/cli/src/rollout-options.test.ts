import { rolloutRequestSchema } from "@steward/contracts/plan";
import { Command } from "commander";
import { expect, it } from "vitest";
import { type RolloutOptions, rolloutOptions, rolloutRequest } from "./rollout-options.ts";

function requestOf(...words: string[]) {
  const command = rolloutOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  command.parse(words, { from: "user" });
  return rolloutRequest(command.opts<RolloutOptions>());
}

it("nothing said is nothing asked for", () => {
  expect(requestOf()).toBeUndefined();
});

it("every option becomes what the API takes, the canary first", () => {
  const words =
    "--canary 2 --ring early --waves 10,25%,ring:late,100% --max-concurrency 50 --error-budget 5% --pause 10m " +
    "--confirm-waves first --health-gate 3 --min-healthy 2 --undo-on-failure";
  const request = requestOf(...words.split(" "));
  expect(request).toEqual({
    waves: [{ count: 2 }, { ring: "early" }, { count: 10 }, { percent: 25 }, { ring: "late" }, { percent: 100 }],
    maxConcurrency: 50,
    errorBudget: { percent: 5 },
    pauseSeconds: 600,
    confirmWaves: "first",
    healthGate: { heartbeats: 3 },
    minHealthy: { count: 2 },
    undoOnFailure: true,
  });
  expect(rolloutRequestSchema.parse(request)).toEqual(request);
  expect(requestOf("--error-budget", "0")).toEqual({ errorBudget: { count: 0 } });
});

it.each([
  ["--waves", "10,,5"],
  ["--waves", "110%"],
  ["--waves", "ring:"],
  ["--waves", "0"],
  ["--error-budget", "few"],
  ["--pause", "25h"],
  ["--pause", "0"],
  ["--confirm-waves", "none"],
  ["--health-gate", "11"],
  ["--canary", "0"],
])("%s %s is refused before anything is asked", (option, value) => {
  expect(() => requestOf(option, value)).toThrow();
});
