import type { AlertView } from "@steward/contracts/alert";

/** What an alert means, and what to do about it. `ask`: a request that Steward can be given, of the alert's machine. */
export interface Advice {
  means: string;
  steps: readonly string[];
  ask?: string;
  /** A command that shows more. */
  command?: string;
}

/** By the first word of the alert's part: a metric, or a kind of condition. */
const ofParts: Readonly<Record<string, (subject: string) => Advice>> = {
  cpuPercent: () => ({
    means: "The processors have been busy for several heartbeats.",
    steps: [
      "See in its history since when, and what ran then.",
      "A backup or a scan ends by itself: snooze it until then.",
    ],
    ask: "which processes use the most CPU",
  }),
  memoryPercent: () => ({
    means: "Hardly any memory is left. What needs more may be ended by the system.",
    steps: ["See in its history whether it grows: then something leaks.", "Restart the service that holds it."],
    ask: "which processes use the most memory",
  }),
  diskPercent: () => ({
    means: "A disk is nearly full. When it is, services stop and backups fail.",
    steps: ["Find what grows: logs, packages that are kept, old backups.", "Clean up, or give it a larger disk."],
    ask: "show disk usage",
  }),
  loadAverage1m: () => ({
    means: "More waits for the processors and disks than they can do.",
    steps: [
      "Compare with the disk and the CPU in its history.",
      "A machine with many cores may need a threshold of its own.",
    ],
  }),
  "too-many": () => ({
    means: "It finds more wrong with itself than is shown one by one.",
    steps: ["Look at the machine's other alerts first: they often have one cause."],
  }),
  temperature: (subject) => ({
    means: `A sensor${of(subject)} is too hot. The machine slows down, and may switch itself off.`,
    steps: ["Look after fans, dust, and the room.", "If it stays: shut it down before it does so itself."],
  }),
  drive: (subject) => ({
    means: `The drive${of(subject)} says itself that it is failing.`,
    steps: ["See that there is a backup of today.", "Replace the drive: it does not become better."],
  }),
  disk: (subject) => ({
    means: `The file system${of(subject)} is full.`,
    steps: ["Find what grows: logs, packages that are kept, old backups.", "Clean up, or give it a larger disk."],
    ask: "show disk usage",
  }),
  service: (subject) => ({
    means: `The service${of(subject)} has failed and is not running.`,
    steps: ["Look into its log.", "Restart it; if it fails again, undo what was changed last."],
    ...(subject === "" ? {} : { ask: `restart ${subject}` }),
  }),
  updates: () => ({
    means: "Updates that close security holes are waiting.",
    steps: ["Have them installed, a few machines first."],
    ask: "install security updates",
  }),
  reboot: () => ({
    means: "Something that was updated is in use only after a restart.",
    steps: ["Restart it in its maintenance window."],
    ask: "reboot",
  }),
  certificate: () => ({
    means: "Its certificate ends soon, or has ended: then it is not heard any more.",
    steps: [
      "It renews by itself ten days before. That it has not means that it cannot reach us, or that its clock is wrong.",
      "Look on the machine: steward-agent doctor.",
    ],
    command: "steward cert ls",
  }),
  run: () => ({
    means: "It refuses a change that waits for it: what it was sent does not stand up to its own checks.",
    steps: [
      "Look at the request: its output says which check.",
      "A wrong clock or an old trust document is the usual cause.",
    ],
  }),
  configuration: () => ({
    means: "It refuses its configuration, and keeps the one before.",
    steps: ["Compare what it should have and what it has.", "Put the last change right, or back."],
  }),
  upgrade: () => ({
    means: "A new build of the agent did not come up there, and the one before was taken back.",
    steps: ["Stop the upgrade of the others until it is known why.", "Look into the agent's log on the machine."],
  }),
  model: () => ({
    means: "The worker has no model that answers.",
    steps: [
      "See whether Ollama runs there, and whether its disk is full.",
      "Requests go to the other workers meanwhile.",
    ],
    command: "steward workers ls",
  }),
  queues: () => ({
    means: "The queues do not let this worker in.",
    steps: [
      "Its certificate or its clock may be wrong: steward-worker doctor tells.",
      "Requests go to the other workers meanwhile.",
    ],
    command: "steward workers ls",
  }),
};

export function adviceOf({ kind, part, node }: Pick<AlertView, "kind" | "part" | "node">): Advice {
  if (kind === "offline") {
    return {
      means: "It has not been heard for twice its interval. It may be off, or without a network.",
      steps: [
        "Are other machines of its place silent too? Then look after the router or the line.",
        "Otherwise have somebody look at its power and cable. It is heard again by itself.",
      ],
      command: `steward appliances ping ${node?.name ?? ""}`.trim(),
    };
  }
  if (kind === "fleet-silent") {
    return {
      means: "So many machines are silent at once that it is one thing: a line, a provider, or Steward's own door.",
      steps: [
        "See in the topology whether they share a site or a gateway.",
        "If they share nothing, look at Steward itself: is the API well, do heartbeats arrive?",
      ],
      command: "steward nodes topology",
    };
  }
  const [name = "", ...rest] = (part ?? "").split(":");
  const known = Object.hasOwn(ofParts, name) ? ofParts[name] : undefined;
  // A newer agent may know kinds that this page does not.
  return (
    known?.(rest.join(":")) ?? {
      means: "The machine finds this wrong with itself.",
      steps: ["Look at its facts and its history.", "Look into its log on the machine."],
    }
  );
}

function of(subject: string): string {
  return subject === "" ? "" : ` ${subject}`;
}
