import { Ollama } from "ollama";
import { strictFetch } from "../probe.ts";
import {
  type LoadedModel,
  type ModelFacts,
  psSchema,
  readLoaded,
  readModel,
  showSchema,
  type Tag,
  tagsSchema,
} from "./read-model.ts";

export interface OllamaFacts {
  version: string;
  loaded: LoadedModel[];
  /** Of the models that were asked for and are there, in that order. */
  models: ModelFacts[];
}

const answerWithinMs = 5_000;

/** What a model's file says changes only with the file. */
const known = new Map<string, ModelFacts>();
const mostKnown = 64;

/** What Ollama has and has loaded. Throws where it does not answer, or not what it should. */
export async function ollamaFacts(host: string, wanted: readonly string[]): Promise<OllamaFacts> {
  const ollama = new Ollama({ host, fetch: strictFetch(AbortSignal.timeout(answerWithinMs)) });
  const [version, list, ps] = await Promise.all([ollama.version(), ollama.list(), ollama.ps()]);
  const tags = tagsSchema.parse(list).models ?? [];
  const models = await Promise.all(
    wanted.flatMap((name) => {
      const tag = tags.find((one) => one.name === name);
      return tag === undefined ? [] : [factsOf(ollama, tag)];
    }),
  );
  return { version: version.version, loaded: readLoaded(psSchema.parse(ps)), models };
}

async function factsOf(ollama: Ollama, tag: Tag): Promise<ModelFacts> {
  const key = `${tag.name} ${tag.digest}`;
  const before = known.get(key);
  if (before !== undefined && tag.digest !== "") return before;
  const facts = readModel(tag, showSchema.parse(await ollama.show({ model: tag.name })));
  if (known.size >= mostKnown) known.clear();
  known.set(key, facts);
  return facts;
}
