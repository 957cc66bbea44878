import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { listProblems, type OpenApi } from './openapi.ts'
import { bodyOf, type Field, fieldsOf, type Listed, operationsByTag, successOf, typeOf } from './reference.ts'
import { pageHeaders } from './security-headers.ts'

/**
 * Serves the OpenAPI document and a reference page of our own: everything comes from this server. The document is made
 * when somebody reads it.
 */
export function serveReference(server: FastifyInstance, render: () => OpenApi): void {
  let openapi: string | undefined
  let page: string | undefined
  const style = readFileSync(new URL('./reference/style.css', import.meta.url), 'utf8')
  const script = readFileSync(new URL('./reference/script.js', import.meta.url), 'utf8')
  const revalidated = { 'cache-control': 'no-cache' }
  server.get('/api/v1/openapi.json', (_request, reply) => {
    openapi ??= JSON.stringify(render())
    return reply.headers(revalidated).type('application/json; charset=utf-8').send(openapi)
  })
  server.get('/api/docs', (_request, reply) => {
    page ??= renderPage(render())
    return reply.headers(pageHeaders).type('text/html; charset=utf-8').send(page)
  })
  server.get('/api/docs/style.css', (_request, reply) =>
    reply.headers(revalidated).type('text/css; charset=utf-8').send(style),
  )
  server.get('/api/docs/script.js', (_request, reply) =>
    reply.headers(revalidated).type('text/javascript; charset=utf-8').send(script),
  )
}

/** The reference page as one HTML document. */
function renderPage(document: OpenApi): string {
  const groups = [...operationsByTag(document)]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${html(document.info.title)} API reference</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/style.css">
<script src="/api/docs/script.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the operations</a>
<header>
<h1>${html(document.info.title)} API</h1>
<p><a href="/api/v1/openapi.json">OpenAPI 3.1 document</a></p>
</header>
<nav aria-label="Operations">
<label for="search">Search operations</label>
<input id="search" type="search" autocomplete="off" placeholder="path, word or permission">
<p id="found" role="status"></p>
${groups.map(([tag, operations]) => renderLinks(tag, operations)).join('\n')}
<ul><li><a href="#problems">Problems</a></li></ul>
</nav>
<main id="content" tabindex="-1">
<section class="intro">${paragraphs(document.info.description.replaceAll('\n', ' '))}</section>
${groups.map(([tag, operations]) => renderGroup(document, tag, operations)).join('\n')}
${renderProblems()}
</main>
</body>
</html>
`
}

function renderLinks(tag: string, operations: readonly Listed[]): string {
  const links = operations.map(({ method, path, operation }) => {
    const id = html(operation.operationId)
    return `<li data-for="${id}"><a href="#${id}">${badge(method)} ${html(path.replace('/api/v1', ''))}</a></li>`
  })
  return `<h2>${html(tag)}</h2>\n<ul>\n${links.join('\n')}\n</ul>`
}

function renderGroup(document: OpenApi, tag: string, operations: readonly Listed[]): string {
  const articles = operations.map(listed => renderOperation(document, listed))
  return `<section><h2>${html(tag)}</h2>\n${articles.join('\n')}\n</section>`
}

function renderOperation(document: OpenApi, { method, path, operation }: Listed): string {
  const id = html(operation.operationId)
  const words = [method, path, operation.summary, operation.operationId, operation['x-permission'] ?? '']
  const parameters = operation.parameters.map(parameter => ({
    name: parameter.name,
    type: `${typeOf(document, parameter.schema)} in ${parameter.in}`,
    required: parameter.required,
    description: parameter.description ?? '',
  }))
  const body = bodyOf(operation)
  const { status, schema, mediaType } = successOf(operation)
  const problems = Object.keys(operation.responses).filter(code => code >= '400')
  return `<article id="${id}" data-words="${html(words.join(' ').toLowerCase())}">
<h3>${badge(method)} <code>${html(path)}</code></h3>
<p><strong>${html(operation.summary)}</strong></p>
${paragraphs(operation.description)}
${renderFields('Parameters', parameters)}
${body ? renderFields('Body', fieldsOf(document, body)) : ''}
<h4>Answers ${html(status)}</h4>
${schema ? renderFields('', fieldsOf(document, schema)) : `<p>${mediaType ? `As ${html(mediaType)}` : 'Without a body'}.</p>`}
<p class="quiet">Problems: ${problems.join(', ')}</p>
</article>`
}

function renderFields(title: string, fields: readonly Field[]): string {
  if (fields.length === 0) return ''
  const rows = fields.map(({ name, type, required, description }) => {
    const mark = required ? ' <span class="required">required</span>' : ''
    return `<tr><td><code>${html(name)}</code>${mark}</td><td>${html(type)}</td><td>${inline(description)}</td></tr>`
  })
  const heading = title ? `<h4>${title}</h4>\n` : ''
  return `${heading}<div class="scroll" tabindex="0" role="group" aria-label="${title || 'Answer'}"><table>
<thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`
}

function renderProblems(): string {
  const rows = listProblems().map(({ code, status, message }) => {
    return `<tr id="${html(code)}"><td><code>${html(code)}</code></td><td>${status}</td><td>${inline(message)}</td></tr>`
  })
  return `<section id="problems"><h2>Problems</h2>
<p>Errors are <code>application/problem+json</code> (RFC 9457); <code>code</code> is stable.</p>
<div class="scroll" tabindex="0" role="group" aria-label="Problem codes"><table>
<thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">Message</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div></section>`
}

function badge(method: string): string {
  return `<span class="method ${method.toLowerCase()}">${method}</span>`
}

function paragraphs(text: string): string {
  return text
    .split(/\n\n+/)
    .filter(Boolean)
    .map(paragraph => `<p>${inline(paragraph)}</p>`)
    .join('\n')
}

/** Escaped text with `code` marks. */
function inline(text: string): string {
  return html(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}

function html(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
