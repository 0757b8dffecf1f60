/** What a run's secrets look like wherever they may show up, and what stands in their place. */
export interface KnownSecrets {
  add(value: string): void;
  /** The text without any of them. `latin1`: one character of the text is one byte of what was written. */
  hide(text: string, as?: "text" | "latin1"): string;
  /** Characters of the longest form: so much of a text may be the beginning of one. */
  longest(): number;
}

const hidden = "[redacted]";
/** A shorter one is part of other words. Steward makes none so short, and takes none. */
const minCharacters = 6;

/**
 * The exact values that a run is given, in every form that they may be written in: as they are, within JSON, within a URL,
 * in hex, and as any part of base64. By what they are, not by what they look like: nobody can tell a password by its shape.
 */
export function createKnownSecrets(): KnownSecrets {
  const forms = { text: [] as string[], latin1: [] as string[] };
  let longest = 0;
  return {
    add(value) {
      const texts = new Set(value.split(/\r?\n/).concat(value).flatMap(formsOf));
      forms.text = longestFirst([...forms.text, ...texts]);
      forms.latin1 = longestFirst(forms.text.map((form) => Buffer.from(form).toString("latin1")));
      longest = Math.max(0, ...forms.latin1.map(({ length }) => length));
    },
    hide(text, as = "text") {
      let out = text;
      for (const form of forms[as]) if (out.includes(form)) out = out.replaceAll(form, hidden);
      return out;
    },
    longest: () => longest,
  };
}

function longestFirst(forms: readonly string[]): string[] {
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

function formsOf(value: string): string[] {
  if (value.length < minCharacters) return [];
  const bytes = Buffer.from(value);
  const json = JSON.stringify(value).slice(1, -1);
  const percent = encodeURIComponent(value.toWellFormed());
  return [
    value,
    json,
    // JSON within JSON, as Ansible prints what a module was given.
    JSON.stringify(json).slice(1, -1),
    asciiJson(json),
    percent,
    percent.replaceAll("%20", "+"),
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    bytes.toString("hex"),
    ...base64Parts(bytes),
  ].filter((form) => form.length >= minCharacters);
}

/** As Python's `json.dumps` writes it. */
function asciiJson(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** What the bytes are in base64 wherever they begin within a group of three; without what depends on their neighbours. */
function base64Parts(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    const part = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return [part, part.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
