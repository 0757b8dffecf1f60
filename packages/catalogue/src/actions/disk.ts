import { z } from "zod";
import { defineAction } from "../define-action.ts";

export const diskUsage = defineAction({
  id: "disk.usage",
  title: "Show how full the disks are",
  kind: "read",
  playbook: "disk_usage",
  variables: z.strictObject({}),
  risk: { base: "low", rules: [] },
  examples: [
    "disk usage",
    "show disk usage",
    "how full is the disk",
    "how much space is left",
    "is the disk full",
    "check the free disk space",
    "how much storage is used",
  ],
  words: [
    "df",
    "storage",
    "capacity",
    "free",
    "space",
    "drive",
    "filesystem",
    "gigabytes",
    "volume",
    "partition",
    "room",
    "taking",
  ],
  undo: "none",
  timeoutSeconds: 60,
  // Of five hundred machines it is the fullest disk of each that counts, and in tens: no two are full to the byte alike.
  glance: (result) => {
    const { success, data } = resultSchema.safeParse(result);
    const fullest = success ? data.disks.toSorted((a, b) => b.usedPercent - a.usedPercent)[0] : undefined;
    if (fullest === undefined) return undefined;
    const tens = Math.min(90, Math.floor(fullest.usedPercent / 10) * 10);
    return { text: `fullest disk ${fullest.mount}, ${tens}–${tens + 10} % used`, rank: tens };
  },
});

const resultSchema = z.object({
  disks: z.array(z.object({ mount: z.string(), usedPercent: z.number().min(0).max(100) })),
});
