/**
 * What the API says can be done next, for a page: sentences to say instead, and the rest. What names a command of the
 * terminal is left out where the page has a button for it.
 */
export function nextSteps(next: readonly string[]): { wishes: string[]; others: string[] } {
  const wishes: string[] = [];
  const others: string[] = [];
  for (const line of next) {
    const wish = /^Say: (.+)$/.exec(line)?.[1];
    if (wish !== undefined) wishes.push(wish.replace(/<(\w+)>/g, "…"));
    else if (!/steward tasks (escalate|retry|undo|approve)\b/.test(line)) others.push(line);
  }
  return { wishes, others };
}
