/**
 * Whether an object in this JSON text has a name twice: two readers may then see two different values. The text must be
 * valid JSON.
 */
export function hasDuplicateNames(json: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  let namesComeNext = false;
  for (let at = 0; at < json.length; at++) {
    switch (json[at]) {
      case "{":
        open.push(new Set());
        namesComeNext = true;
        break;
      case "[":
        open.push(undefined);
        namesComeNext = false;
        break;
      case "}":
      case "]":
        open.pop();
        namesComeNext = false;
        break;
      case ",":
        namesComeNext = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(json, at);
        const names = open.at(-1);
        if (namesComeNext && names !== undefined) {
          // Read, not compared as it is written: "a" and "\u0061" are one name.
          const name = String(JSON.parse(json.slice(at, end + 1)));
          if (names.has(name)) return true;
          names.add(name);
          namesComeNext = false;
        }
        at = end;
        break;
      }
    }
  }
  return false;
}

function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
  return at;
}
