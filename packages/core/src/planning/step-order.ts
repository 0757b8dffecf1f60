import { domainOf, type IndexedAction } from "./action-index.ts";
import type { Clause } from "./clauses.ts";
import { withDefaults } from "./complete-steps.ts";
import { askedIn, type JudgedStep, quote, type Request } from "./judged-step.ts";
import type { PlanningContext } from "./planning-types.ts";
import { isVerb, type Token, wordOf } from "./words.ts";

/** After these the order of the words is not the order of what is asked for, or may not be. */
const turnsOrder = new Set(["before", "after", "once", "until", "unless"]);

/** "Update the packages; reboot after that" is in the order in which it is said. */
export function isAfterThat(tokens: readonly Token[], at: number): boolean {
  const [one, next] = [tokens[at], tokens[at + 1]];
  return one !== undefined && next !== undefined && /^after (?:that|this)$/.test(`${wordOf(one)} ${wordOf(next)}`);
}

/**
 * Why a step stands where it must not: nothing asks for it, it is there twice, or it comes before one that was asked for
 * earlier.
 */
export function misplacedStep(
  request: Request,
  judged: readonly JudgedStep[],
  context: PlanningContext & { index: readonly IndexedAction[] },
): string | undefined {
  if (
    judged.length > 1 &&
    request.evidence.tokens.some((token, at, all) => turnsOrder.has(wordOf(token)) && !isAfterThat(all, at))
  )
    return "The request says which comes first in a way that is easily taken the wrong way round.";
  const seen = new Set<string>();
  // What names something asks for what is done to that, and not for something else besides.
  const holds = ({ from, to }: Clause, tokens: readonly number[]) => tokens.some((at) => from <= at && at < to);
  const named = request.clauses.filter((clause) =>
    judged.some(
      ({ indexed, tokens }) =>
        tokens.length > 0 &&
        (holds(clause, tokens) || clause.refersBack) &&
        askedIn(request, indexed, tokens).includes(clause),
    ),
  );
  const taken = new Set<Clause>(named);
  let block = 0;
  for (const { indexed, step, tokens } of judged) {
    const asked = askedIn(request, indexed, tokens);
    const own = asked.filter((clause) => holds(clause, tokens));
    // A part that names nothing asks for one thing: "how full is the disk" is not the machine's facts besides.
    const free =
      tokens.length > 0
        ? asked
        : asked.filter((clause) => !taken.has(clause) || (named.includes(clause) && saysObject(clause, indexed)));
    if (tokens.length === 0 && free[0] !== undefined) taken.add(free[0]);
    const blocks = (own.length > 0 ? own : free).map((clause) => clause.block);
    if (blocks.length === 0) return `Nothing in the request asks for ${quote(indexed.action.title)}.`;
    const namesake = own.length === 0 ? free[0] : own[0];
    const other = namesake === undefined ? undefined : closerNamesake(namesake, indexed, context.index);
    if (other !== undefined) return `What is asked for is closer to ${quote(other.action.title)}.`;
    const next = blocks.filter((one) => one >= block);
    if (next.length === 0) return "The model's steps are in another order than they were asked for.";
    block = Math.min(...next);
    const rival = judged.find((one) => one.step !== step && isOneAsked(own, { indexed, tokens }, one));
    // "Add kim and give her a share" asks for two things with one name.
    if (rival !== undefined && !request.clauses.some(({ refersBack }) => refersBack))
      return "The model proposed two things where one is asked for.";
    const isCrossed = judged.some(
      (one) =>
        one.step !== step && one.indexed === indexed && own.filter((clause) => holds(clause, one.tokens)).length > 1,
    );
    if (isCrossed && own.length > 1) return "The values of two steps are taken from each other's parts of the request.";
    const known = withDefaults(indexed.action, step.variables, context.targets);
    // What it is done to, and which kind of it: TCP and UDP of one port are two.
    const names = [...indexed.shapes.values()].filter((shape) => shape.required || shape.type === "choice");
    const same = JSON.stringify([step.action, names.map(({ name }) => known[name])]);
    if (seen.has(same)) return "The model proposed the same step twice.";
    seen.add(same);
  }
  // "Set up samba and create a share": each verb is somebody's, and not only another part's.
  const asking = request.clauses.filter(
    ({ from, to }) =>
      request.evidence.negated[from] !== true &&
      request.evidence.tokens.slice(from, to).some((token) => token.class === "content" && isVerb(token.canon)),
  );
  const isAbout = (clause: Clause) =>
    clause.ownObjects || [...clause.own].some((word) => context.index.some(({ bag }) => bag.has(word)));
  const isSeveral = asking.length > 1 || new Set(request.clauses.map(({ block }) => block)).size > 1;
  const nobodys = asking.find(
    (clause) =>
      isSeveral &&
      isAbout(clause) &&
      !named.includes(clause) &&
      !judged.some(
        ({ indexed, tokens }) =>
          askedIn(request, indexed, tokens).includes(clause) && tokens.every((at) => at < clause.from),
      ),
  );
  if (nobodys !== undefined) return "The model left out a part of the request.";
  return undefined;
}

/** True where one verb and one thing to do it with stand for two steps: "restart bob's mail" is not two of his services. */
function isOneAsked(
  own: readonly Clause[],
  one: Pick<JudgedStep, "indexed" | "tokens">,
  other: Pick<JudgedStep, "indexed" | "tokens">,
): boolean {
  const [clause] = own;
  const isWithin = (some: readonly number[], all: readonly number[]) => some.every((at) => all.includes(at));
  const isSame =
    one.tokens.length > 0 &&
    other.tokens.length > 0 &&
    (isWithin(one.tokens, other.tokens) || isWithin(other.tokens, one.tokens));
  if (!isSame || clause === undefined || own.length > 1 || clause.verbs.size > 1) return false;
  return !(saysObject(clause, one.indexed) && saysObject(clause, other.indexed)) || clause.objects.size < 2;
}

function saysObject({ objects }: Clause, indexed: IndexedAction): boolean {
  return objects.has([...indexed.objects].at(-1) ?? "");
}

/**
 * What is done likewise to another kind of thing, where the words say that one, or no kind at all and it is a person's:
 * a password is the user's unless the file server's is asked for.
 */
function closerNamesake(
  { words }: Clause,
  indexed: IndexedAction,
  index: readonly IndexedAction[],
): IndexedAction | undefined {
  const tail = (id: string) => id.slice(id.indexOf(".") + 1);
  const { id } = indexed.action;
  const says = (one: IndexedAction, not: IndexedAction) =>
    [...words].filter((word) => one.bag.has(word) && !not.bag.has(word)).length;
  return index.find((other) => {
    if (other === indexed || !id.includes(".") || tail(other.action.id) !== tail(id)) return false;
    const [own, others] = [says(indexed, other), says(other, indexed)];
    const isOfPeople = other.required.some((name) => other.action.hints[name]?.choicesFrom === domainOf(other));
    const isSameKind = other.required.every((name) => indexed.required.includes(name));
    return isSameKind && (others > own || (own === 0 && isOfPeople));
  });
}
