import type { OpenApiDocument, OpenApiOperation } from "./openapi.ts";

/** The API's documentation as one page without scripts, made from its OpenAPI document. */
export function docsPage(document: OpenApiDocument): string {
  const sections = document.tags.map((tag) => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, operation]) => operation.tags.includes(tag.name))
        .map(([method, operation]) => ({ path, method, operation })),
    );
    return {
      menu: `<h2>${escape(tag.name)}.</h2><ul>${operations
        .map(
          ({ operation }) =>
            `<li><a href="#${escape(operation.operationId)}">${escape(operation.operationId)}</a></li>`,
        )
        .join("")}</ul>`,
      body: `<h2>The <code>${escape(tag.name)}.</code> door</h2><p>${prose(tag.description)}</p>${operations
        .map(({ path, method, operation }) => article(path, method, operation))
        .join("\n")}`,
    };
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Steward API</title>
<link rel="stylesheet" href="/docs.css">
</head>
<body>
<nav aria-label="Routes"><h1>Steward API</h1><p><a href="/openapi.json">OpenAPI 3.1</a></p>${sections.map((section) => section.menu).join("")}</nav>
<main><p>${prose(document.info.description)} Version ${escape(document.info.version)}.</p>
${sections.map((section) => section.body).join("\n")}
</main>
</body>
</html>
`;
}

function article(path: string, method: string, operation: OpenApiOperation): string {
  const parameters = operation.parameters.map(
    (parameter) =>
      `<tr><td><code>${escape(parameter.name)}</code></td><td>${parameter.in}</td><td>${parameter.required ? "required" : "optional"}</td><td>${escape(parameter.description ?? describe(parameter.schema))}</td></tr>`,
  );
  const body = operation.requestBody?.content["application/json"]?.schema;
  const answers = Object.entries(operation.responses).filter(([status]) => status !== "default");
  return `<article id="${escape(operation.operationId)}">
<h3><span class="method">${method.toUpperCase()}</span> <code>${escape(path)}</code></h3>
<p>${prose(operation.summary)}. ${prose(operation.description)}</p>
${parameters.length === 0 ? "" : `<table><thead><tr><th>name</th><th>in</th><th></th><th></th></tr></thead><tbody>${parameters.join("")}</tbody></table>`}
${body === undefined ? "" : `<details><summary>Body</summary><pre>${escape(JSON.stringify(body, null, 2))}</pre></details>`}
${answers
  .map(([status, answer]) => {
    const schema = answer.content?.["application/json"]?.schema;
    return schema === undefined
      ? `<p>Answer: ${escape(status)}</p>`
      : `<details><summary>Answer: ${escape(status)}</summary><pre>${escape(JSON.stringify(schema, null, 2))}</pre></details>`;
  })
  .join("")}
</article>`;
}

function describe(schema: Record<string, unknown>): string {
  const { type, enum: values, pattern, default: byDefault } = schema;
  return [
    typeof type === "string" ? type : "",
    Array.isArray(values) ? values.join(" | ") : "",
    typeof pattern === "string" ? pattern : "",
    byDefault === undefined ? "" : `default ${JSON.stringify(byDefault)}`,
  ]
    .filter((part) => part !== "")
    .join(", ");
}

function prose(text: string): string {
  return escape(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

export const docsStyle = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{display:grid;grid-template-columns:16rem minmax(0,60rem);gap:2rem;margin:0;padding:1.5rem}
nav{position:sticky;top:1.5rem;align-self:start;max-height:calc(100vh - 3rem);overflow:auto}
nav ul{list-style:none;margin:0;padding:0}
article{border-top:1px solid color-mix(in srgb,currentColor 20%,transparent);padding:.5rem 0}
.method{font-weight:700}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.25rem .75rem .25rem 0;vertical-align:top}
pre{overflow:auto;padding:.75rem;background:color-mix(in srgb,currentColor 7%,transparent)}
@media (max-width:50rem){body{display:block}nav{position:static;max-height:none}}
`;
