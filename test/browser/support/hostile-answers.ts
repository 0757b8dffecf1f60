import type { Page, Route } from "playwright-core";

/** Markup, letters that turn a line around or are not seen, a terminal's codes, words without an end. */
const harm = [
  "<img src=x onerror=window.harmed=1><script>window.harmed=2</script>",
  "\u202egnp\u202c\u200b\u001b[31m\u0007\u2066x",
  "W".repeat(150),
  "\u05e9\u05dc\u05d5\u05dd <b>bold</b> ' \" & =",
];

/** What people, models and machines put into words. All else (ids, states, times) is Steward's own. */
const saidBySomebody = new Set(
  "name hostname instruction question text why reason note detail message next summary title description agentVersion email url excerpt hint about help".split(
    " ",
  ),
);
/** Below these every text is somebody's. */
const saidThroughout = new Set(["facts", "variables", "before", "after", "diff", "values"]);
const stewardsOwn = /^[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{20,}$|^\d{4}-\d\d-\d\dT|^[0-9a-f]{32,}$/;
/** Names that are words of Steward's there: of rates, secrets and queues. And who is signed in, which is how the test goes on. */
const leftAlone = /sessions|whoami|limits|secrets|queue/;

/** Every answer of the API as the worst of strangers would have written it. */
export async function makeAnswersHostile(page: Page): Promise<void> {
  await page.context().route(/\/api\/v1\//, async (route: Route) => {
    if (leftAlone.test(route.request().url())) return route.continue();
    const response = await route.fetch();
    if (response.status() === 304 || !(response.headers()["content-type"] ?? "").includes("json")) {
      return route.fulfill({ response });
    }
    await route.fulfill({ response, json: hostile(await response.json(), "", false) });
  });
}

function hostile(value: unknown, key: string, throughout: boolean): unknown {
  if (typeof value === "string") {
    return (throughout || saidBySomebody.has(key)) && !stewardsOwn.test(value) ? harmful(value) : value;
  }
  if (Array.isArray(value)) return value.map((one) => hostile(one, key, throughout));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, hostile(one, name, throughout || saidThroughout.has(name))]),
  );
}

/** The same text is harmed in the same way: what belongs together stays together. */
function harmful(text: string): string {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return `${harm[sum % harm.length]} ${text}`;
}

/** What of it got through: a script that ran, an element that was made, a character that is not seen. */
export function harmDone(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const unseen = new RegExp(${JSON.stringify(unseen)}, "u");
    const found = [];
    if (window.harmed !== undefined) found.push("a script ran");
    for (const element of document.querySelectorAll("#root b, #root script, img[src=x]")) found.push("made: " + element.outerHTML.slice(0, 80));
    if (unseen.test(document.title)) found.push("in the title");
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
      // What is edited is edited as it is.
      if (unseen.test(node.data) && node.parentElement.closest("textarea, script, style") === null)
        found.push("in a text: " + JSON.stringify(node.data.slice(0, 80)) + " of " + node.parentElement.outerHTML.slice(0, 120));
    }
    for (const element of document.querySelectorAll("body *"))
      for (const { name, value } of element.attributes)
        if (name !== "value" && unseen.test(value)) found.push("in " + name + " of " + element.tagName);
    return found.slice(0, 6);
  })()`);
}

/** As `visible` has them, but for line breaks and tabs. */
const unseen =
  "[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff]";
