const encoder = new TextEncoder();

/** The longest beginning of a text that has so many bytes of UTF-8; never half a character. */
export function cutToBytes(text: string, bytes: number): string {
  // No unit of a text takes more than three.
  if (text.length * 3 <= bytes) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
}
