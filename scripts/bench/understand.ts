import { parseArgs } from "node:util";
import { catalogue } from "@steward/catalogue/catalogue";
import { gradingCeiling } from "../understand/ceiling.ts";
import { loadRequests, type Request } from "../understand/requests.ts";
import { type Judged, runTier } from "../understand/run-tier.ts";
import { talliesOf, tallyRows } from "../understand/tally.ts";
import { claudeTier, matcherTier, ollamaTier, type Tier } from "../understand/tiers.ts";
import { countBlindOutputs, countUnseenOutputs, gradeModelOutputs } from "./model-outputs.ts";
import { columns } from "./report.ts";

const usage = `npm run bench:understand -- [options]

How often a tier of planning reads the requests of bench/requests as they are meant.

  --tier matcher|ollama|claude   which to ask (default: matcher; may be given several times)
  --ollama-url <url>             default http://127.0.0.1:11434
  --model <name>                 default llama3.1:8b for ollama, claude-haiku-4-5 for claude
  --anthropic-url <url>          another address than Anthropic's; the key is read from ANTHROPIC_API_KEY
  --cap-usd <dollars>            stop before this much can be spent (default 1)
  --runs <n>                     how often each is asked (default 5 where a tier is random, else 1)
  --concurrency <n>              default 2
  --timeout-seconds <n>          of one reading (default 60)
  --family <name>                only this file of bench/requests (may be given several times)
  --first <n>                    only the first n of each family
  --show <mark>                  print what came out wrong, asked, refused, passed or failed (not of what is held out)
  --json                         everything, for another program
`;

const { values: options } = parseArgs({
  options: {
    tier: { type: "string", multiple: true, default: ["matcher"] },
    "ollama-url": { type: "string", default: "http://127.0.0.1:11434" },
    model: { type: "string" },
    "anthropic-url": { type: "string" },
    "cap-usd": { type: "string", default: "1" },
    runs: { type: "string" },
    concurrency: { type: "string", default: "2" },
    "timeout-seconds": { type: "string", default: "60" },
    family: { type: "string", multiple: true, default: [] },
    first: { type: "string" },
    show: { type: "string", multiple: true, default: [] },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  process.stdout.write(usage);
  process.exit(0);
}

const requests = chosenRequests();
const results: { tier: Tier; judged: Judged[] }[] = [];
for (const name of options.tier) {
  const tier = tierNamed(name);
  const runs = options.runs === undefined ? (tier.isRandom ? 5 : 1) : numberOf("runs", options.runs);
  let done = 0;
  const onJudged = () => {
    done += 1;
    if (tier.isRandom && done % 100 === 0) process.stderr.write(`${tier.name}: ${done} of ${requests.length * runs}\n`);
  };
  // Code that runs for the first time is slow: the figure is of a process that is awake.
  if (!tier.isRandom) await runTier(tier, requests, { actions: catalogue, runs: 1, concurrency: 1, capUsd: 0 });
  const judged = await runTier(tier, requests, {
    actions: catalogue,
    runs,
    concurrency: tier.isRandom ? numberOf("concurrency", options.concurrency) : 1,
    capUsd: numberOf("cap-usd", options["cap-usd"]),
    onJudged,
  });
  results.push({ tier, judged });
}

if (options.json) {
  const all = results.map(({ tier, judged }) => ({
    tier: tier.name,
    model: tier.model,
    tallies: talliesOf(judged),
    readings: judged.map(({ request, ...reading }) => ({ id: request.id, heldOut: request.heldOut, ...reading })),
  }));
  const { bad, good } = gradeModelOutputs();
  process.stdout.write(
    `${JSON.stringify({ tiers: all, outputs: { bad, good }, blind: countBlindOutputs().languages, unseen: countUnseenOutputs().halves }, null, 2)}\n`,
  );
} else {
  for (const { tier, judged } of results) {
    const { head, rows } = tallyRows(talliesOf(judged));
    process.stdout.write(
      `\n${tier.name}${tier.model === undefined ? "" : ` (${tier.model})`}\n\n${columns(head, rows)}\n`,
    );
    for (const one of judged) {
      if (options.show.includes(one.mark) && !one.request.heldOut) process.stdout.write(`\n${described(one)}\n`);
    }
  }
  const { bad, good } = gradeModelOutputs();
  const rows = [
    ["bad ones caught", String(bad.of), `${(bad.rate * 100).toFixed(1)} %`, "≥ 99 %"],
    ["good ones escalated", String(good.of), `${((1 - good.rate) * 100).toFixed(1)} %`, "≤ 2 %"],
  ];
  const blind = countBlindOutputs().languages.map((one) => [
    `language ${one.language}`,
    `${one.caught} of ${one.bad}`,
    `${one.taken} of ${one.good}`,
  ]);
  const unseen = countUnseenOutputs().halves.map((one) => [
    one.half,
    `${one.caught} of ${one.bad}`,
    `${one.taken} of ${one.good}`,
  ]);
  const ceilings = ["en", "de", "es", "fr"].map((language) => {
    const { of, taken } = gradingCeiling(
      requests.filter((one) => one.language === language),
      catalogue,
    );
    return [`language ${language}`, String(of), String(taken)];
  });
  process.stdout.write(
    `\na model that answers as is meant, graded\n\n${columns(["", "requests", "taken"], ceilings)}\n`,
  );
  process.stdout.write(`\nrecorded outputs of models, graded\n\n${columns(["", "outputs", "rate", "bar"], rows)}\n`);
  process.stdout.write(`\nblind outputs, graded\n\n${columns(["", "bad caught", "good taken"], blind)}\n`);
  process.stdout.write(`\nunseen outputs, graded\n\n${columns(["", "bad caught", "good taken"], unseen)}\n`);
}

function chosenRequests(): Request[] {
  const all = loadRequests();
  const families = options.family.length === 0 ? all : all.filter(({ family }) => options.family.includes(family));
  if (families.length === 0) fail(`there is no family ${options.family.join(", ")} in bench/requests`);
  if (options.first === undefined) return families;
  const first = numberOf("first", options.first);
  return [...Map.groupBy(families, ({ family }) => family).values()].flatMap((some) => some.slice(0, first));
}

function tierNamed(name: string): Tier {
  const timeoutMs = numberOf("timeout-seconds", options["timeout-seconds"]) * 1000;
  switch (name) {
    case "matcher":
      return matcherTier;
    case "ollama":
      return ollamaTier({ url: options["ollama-url"], model: options.model ?? "llama3.1:8b", timeoutMs });
    case "claude": {
      const apiKey = process.env["ANTHROPIC_API_KEY"];
      if (apiKey === undefined || apiKey === "") return fail("set ANTHROPIC_API_KEY to ask Claude");
      const url = options["anthropic-url"];
      const model = options.model ?? "claude-haiku-4-5";
      return claudeTier({ apiKey, model, timeoutMs, ...(url === undefined ? {} : { url }) });
    }
    default:
      return fail(`no tier ${name}; there are matcher, ollama, claude`);
  }
}

function described(one: Judged): string {
  const head = `${one.mark}  ${one.request.id}  ${JSON.stringify(one.request.text)}`;
  const meant = `    meant  ${JSON.stringify(one.request.right)}`;
  if (one.mark === "unasked") return head;
  if (one.mark === "failed") return `${head}\n    ${one.reason}`;
  const { understanding } = one;
  const got =
    understanding.kind === "plan"
      ? JSON.stringify(understanding.steps.map(({ action, variables }) => ({ action, variables })))
      : understanding.kind === "question"
        ? `asks for ${understanding.question.variable} of ${understanding.question.action}`
        : understanding.kind === "refused"
          ? understanding.message
          : understanding.why;
  return `${head}\n    ${understanding.kind}  ${got}\n${meant}`;
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) fail(`--${name} must be a number`);
  return value;
}

function fail(message: string): never {
  process.stderr.write(`${message}\n\n${usage}`);
  process.exit(2);
}
