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
  words: ["df", "storage", "capacity", "free", "space", "drive", "filesystem", "gigabytes", "volume", "partition"],
  undo: "none",
  timeoutSeconds: 60,
});
