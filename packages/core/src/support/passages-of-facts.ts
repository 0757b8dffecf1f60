import type { Facts } from "@steward/contracts/actions";
import type { Passage } from "./passage.ts";

const maxNames = 60;
/** What a name of a user, share, service, domain or version looks like. Whatever else somebody calls a thing could be meant to be read. */
const plainName = /^[\p{L}\p{N}_.@$:+-]{1,64}$/u;

const labels: Partial<Record<keyof Facts, string>> = {
  hostname: "Host name",
  users: "Users",
  groups: "Groups",
  shares: "Shares of the file server",
  services: "Services",
  domains: "Domains of the name server",
  mailDomains: "Domains of the mail server",
  mailboxes: "Mailboxes",
  certificates: "Certificates, and when they end",
  versions: "Versions",
  setups: "Set up here",
};

/** What an appliance says of itself, as lists of names: one whose name is no name (a sentence, say) is left out. */
export function passageOfFacts(appliance: { id: string; name: string; facts: Facts }): Passage {
  const lines = Object.entries(labels).flatMap(([key, label]) => {
    const names = namesIn(appliance.facts[key as keyof Facts]);
    const shown = names.filter((name) => name.split(" ").every((part) => plainName.test(part)));
    if (shown.length === 0) return [];
    const more = shown.length > maxNames ? ` and ${shown.length - maxNames} more` : "";
    return [`${label}: ${shown.slice(0, maxNames).join(", ")}${more}`];
  });
  return {
    id: `facts:${appliance.id}`,
    source: "facts",
    title: `What ${appliance.name} says of itself`,
    text: lines.length === 0 ? "It has not told anything yet." : lines.join("\n"),
  };
}

function namesIn(value: Facts[keyof Facts]): string[] {
  if (value === undefined) return [];
  if (typeof value === "string") return plainName.test(value) ? [value] : [];
  if (Array.isArray(value)) return value.filter((name) => plainName.test(name));
  return Object.entries(value).flatMap(([name, about]) =>
    plainName.test(name) && plainName.test(about) ? [`${name} ${about}`] : [],
  );
}
