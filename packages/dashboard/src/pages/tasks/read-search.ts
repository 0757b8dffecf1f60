/** One of these, or nothing. */
export function oneOf<T extends string>(choices: readonly T[], value: unknown): T | undefined {
  return choices.find((choice) => choice === value);
}

/** Words of an address; the router reads `?q=12` as a number. */
export function words(value: unknown): string | undefined {
  const text = typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
  return text === "" ? undefined : text.slice(0, 200);
}

/** Only what was said: the address has no names without values. */
export function said<T extends object>(read: { [Name in keyof Required<T>]: T[Name] | undefined }): T {
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)) as T;
}
