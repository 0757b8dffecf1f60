import { z } from "zod";
import { defineAction } from "../define-action.ts";

export const systemFacts = defineAction({
  id: "system.facts",
  title: "Show what the appliance says of itself",
  kind: "read",
  playbook: "system_facts",
  variables: z.strictObject({}),
  risk: { base: "low", rules: [] },
  examples: [
    "show the facts",
    "show system facts",
    "tell me about this machine",
    "which version of the operating system is it",
    "what hardware is this",
    "collect system information",
    "how much memory does it have",
  ],
  words: ["information", "inventory", "version", "kernel", "os", "memory", "cpu", "uptime", "describe", "details"],
  undo: "none",
  timeoutSeconds: 60,
});

export const systemPing = defineAction({
  id: "system.ping",
  title: "Check that the appliance can run plans",
  kind: "read",
  playbook: "system_ping",
  variables: z.strictObject({}),
  risk: { base: "low", rules: [] },
  examples: [
    "ping",
    "ping the appliance",
    "are you there",
    "is it alive",
    "check that it answers",
    "test the connection",
    "does it respond",
  ],
  words: ["alive", "reachable", "online", "respond", "hello", "heartbeat", "check", "up"],
  undo: "none",
  timeoutSeconds: 60,
});
