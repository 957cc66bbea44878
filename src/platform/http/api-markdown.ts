import type { OpenApi } from './openapi.ts'
import { bodyOf, type Field, fieldsOf, type Listed, operationsByTag, successOf, typeOf } from './reference.ts'

/** The API reference in Markdown (`docs/api.md`), from the OpenAPI document. The same document gives the same text. */
export function renderApiMarkdown(document: OpenApi): string {
  const sections = [...operationsByTag(document)].flatMap(([tag, operations]) => [
    `## ${tag}`,
    ...operations.flatMap(listed => renderOperation(document, listed)),
  ])
  return `${[
    '# HTTP API',
    'Generated from the OpenAPI document, which a running server has at `/api/v1/openapi.json`. Do not edit.',
    document.info.description.replaceAll('\n', '  \n'),
    ...sections,
    'What a problem document may hold: [errors.md](errors.md).',
  ].join('\n\n')}\n`
}

function renderOperation(document: OpenApi, { method, path, operation }: Listed): string[] {
  const parameters = operation.parameters.map(parameter => ({
    name: parameter.name,
    type: `${parameter.in}: ${typeOf(document, parameter.schema)}`,
    required: parameter.required,
    description: parameter.description ?? '',
  }))
  const body = bodyOf(operation)
  const { status, schema, mediaType } = successOf(operation)
  return [
    `### ${method} ${path}`,
    operation.summary,
    operation.description,
    ...(parameters.length > 0 ? [renderFields('Parameter', parameters)] : []),
    ...(body ? [renderFields('Body', fieldsOf(document, body))] : []),
    schema ? `Answers ${status}:` : `Answers ${status} ${mediaType ? `with ${mediaType}` : 'without a body'}.`,
    ...(schema ? [renderFields('Property', fieldsOf(document, schema))] : []),
  ]
}

function renderFields(title: string, fields: readonly Field[]): string {
  if (fields.length === 0) return '(any JSON)'
  const rows = fields.map(({ name, type, required, description }) => {
    return `| \`${name}\` | ${cell(type)} | ${required ? 'yes' : ''} | ${cell(description)} |`
  })
  return [`| ${title} | type | required | |`, '|---|---|---|---|', ...rows].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
