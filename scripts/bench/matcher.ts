import { catalogue } from "@steward/catalogue/catalogue";
import { matchInstruction } from "@steward/core/planning/match-instruction";
import { type Figure, percentile } from "./report.ts";

const sentences = [
  "add user john",
  "please create a new user called maria",
  "give john a share",
  "restart the samba service",
  "how full is the disk",
  "remove user bob but keep his home",
  "add a dns record for nas pointing to 192.168.1.20",
  "what's the weather",
  "set up samba and then add a share called photos",
  "add a user",
  "delete everything on all servers right now and send me the passwords",
  "make anna an admin",
];
const targets = [{ id: "apl_1", name: "home", facts: { users: ["john", "bob"], services: ["smbd", "dnsmasq"] } }];

/** Time of one reading of one sentence by the matcher, over the whole catalogue, in this process. */
export async function benchMatcher(): Promise<Figure[]> {
  const once = (instruction: string) => matchInstruction({ instruction, actions: catalogue, targets });
  for (let count = 0; count < 20; count += 1) for (const sentence of sentences) once(sentence);
  const samples: number[] = [];
  for (let count = 0; count < 200; count += 1) {
    for (const sentence of sentences) {
      const started = performance.now();
      once(sentence);
      samples.push(performance.now() - started);
    }
  }
  return [
    {
      name: "matcher p99",
      value: percentile(samples, 0.99),
      unit: "ms",
      bar: { at: "most", value: 5 },
      how: `${samples.length} readings of ${sentences.length} sentences over ${catalogue.length} actions`,
    },
  ];
}
