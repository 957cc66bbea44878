import type { TSchema } from 'typebox'
import { declaredErrors } from '#platform/errors.ts'
import type { Module } from '#platform/module.ts'
import { bodyLimit } from './frame.ts'
import { closed } from './inputs.ts'
import { statusOf } from './problems.ts'
import { type AnyRoute, permissionOf } from './route.ts'
import { hasEtag, isIdempotent, operationIdOf } from './routes.ts'

/** The parts of an OpenAPI 3.1 document that this program writes and its reference reads. */
export type OpenApi = {
  openapi: '3.1.0'
  info: { title: string; version: string; description: string; license: { name: string; identifier: string } }
  servers: { url: string }[]
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, Operation>>
  components: {
    securitySchemes: Record<string, object>
    schemas: Record<string, JsonSchema>
    responses: Record<string, object>
  }
}

export type Operation = {
  operationId: string
  tags: string[]
  summary: string
  description: string
  security: Record<string, string[]>[]
  'x-permission'?: string
  parameters: Parameter[]
  requestBody?: { required: true; content: Content }
  responses: Record<string, Response>
}

export type Parameter = { name: string; in: string; required: boolean; description?: string; schema: JsonSchema }

type Response = { $ref: string } | { description: string; headers?: object; content?: Content }

/** By media type. */
type Content = Record<string, { schema: JsonSchema }>

export type JsonSchema = {
  $ref?: string
  title?: string
  description?: string
  type?: string | string[]
  format?: string
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  anyOf?: JsonSchema[]
  [keyword: string]: unknown
}

/** The OpenAPI 3.1 document of the modules' routes. A schema with a `title` becomes a component of that name. */
export function renderOpenApi(modules: readonly Module[], publicUrl: string): OpenApi {
  const components: Record<string, JsonSchema> = { Problem: problemSchema }
  const paths: OpenApi['paths'] = {}
  const withRoutes = modules.filter(module => module.routes?.length)
  for (const module of withRoutes) {
    for (const route of module.routes ?? []) {
      const path = `/api/v1${route.path}`
      paths[path] ??= {}
      paths[path][route.method.toLowerCase()] = operationOf(module, route, components)
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Commonhold',
      version: '1.0.0',
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl }],
    tags: withRoutes.map(({ name }) => ({ name, description: `Operations of the module ${name}` })),
    paths,
    components: { securitySchemes, schemas: components, responses: problemResponses() },
  }
}

/** Every error that the loaded modules declare, with its HTTP status: the stable codes that callers may rely on. */
export function listProblems(): { code: string; status: number; message: string }[] {
  return [...declaredErrors.values()]
    .map(error => ({ code: error.code, status: statusOf(error), message: error.message }))
    .sort((a, b) => (a.code < b.code ? -1 : 1))
}

const description = [
  'JSON over HTTP. Errors are problem documents (RFC 9457) with a stable `code`.',
  'Programs send an API key, made in the console under “API keys”, as `Authorization: Bearer chk_…`;',
  '`GET /api/v1/caller` answers whom it stands for and what it may do.',
  'Lists are paged by `limit` and `cursor`; the next page is in `nextCursor` and in the `Link` header.',
  'Times are RFC 3339 in UTC; money and other exact numbers are decimal strings.',
  'The tenant is the one of the session, or the one named by `X-Tenant-Id`: membership is checked in every case.',
  'Every answer carries `X-Request-Id`. What is answered below `/api/v1`, refusals such as 401, 404 and 405 included,',
  'carries `RateLimit` and `RateLimit-Policy`; only this document and a 503 may lack them.',
  'A POST that lists `Idempotency-Key` among its parameters takes one; those below `/auth` do not, for they answer tokens.',
  'A path answers 405 with `Allow` to the methods that it does not have.',
].join('\n')

const securitySchemes = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access token of a sign-in, or an API key',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-commonhold',
    description: 'The browser session; writes must come from a page of the same origin',
  },
}

const problemSchema: JsonSchema = {
  title: 'Problem',
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable; what a program may compare' },
    detail: { type: 'string', description: 'For people' },
    requestId: { type: 'string', format: 'uuid' },
    permission: { type: 'string', description: 'The permission that is missing (403)' },
    quota: {
      type: 'object',
      description: 'What the plan allows of a metric, where that is used up (409, 429)',
      required: ['metric', 'limit', 'used'],
      properties: { metric: { type: 'string' }, limit: { type: 'integer' }, used: { type: 'integer' } },
    },
    errors: {
      type: 'array',
      description: 'What is wrong with the request (400)',
      items: {
        type: 'object',
        required: ['in', 'pointer', 'message'],
        properties: {
          in: { type: 'string', enum: ['params', 'query', 'body'] },
          pointer: { type: 'string', description: 'JSON pointer (RFC 6901)' },
          message: { type: 'string' },
        },
      },
    },
  },
}

const problems = {
  400: ['Invalid', 'The request is not valid'],
  401: ['Unauthenticated', 'Not signed in, or what was shown is wrong or out of date'],
  403: ['Forbidden', 'Not allowed: no such permission, no member of the tenant, or a write from another site'],
  404: ['NotFound', 'It does not exist, or not in this tenant'],
  409: ['Conflict', 'It contradicts what is there'],
  412: ['PreconditionFailed', 'The resource has changed since it was read'],
  413: ['TooLarge', `The body is larger than ${bodyLimit} bytes, or than the operation says`],
  415: ['UnsupportedMediaType', 'The body is not application/json in UTF-8, or what the operation says'],
  429: ['Limited', 'Too many requests; see Retry-After'],
  503: ['Unavailable', 'Try again later; see Retry-After'],
} as const

function problemResponses(): Record<string, object> {
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  return Object.fromEntries(Object.values(problems).map(([name, text]) => [name, { description: text, content }]))
}

function operationOf(module: Module, route: AnyRoute, components: Record<string, JsonSchema>): Operation {
  const isPublic = route.allow === 'public'
  const permission = permissionOf(route)
  const who = isPublic
    ? 'Open to everybody.'
    : permission
      ? `Needs the permission \`${permission}\`${meaningOf(module, permission)}.`
      : route.allow === 'caller'
        ? 'Needs a session or an API key.'
        : 'Needs a session; an API key will not do.'
  return {
    operationId: operationIdOf(route),
    tags: [module.name],
    summary: route.summary,
    description: [route.description, bytesOf(route), who, refusalsOf(route)].filter(Boolean).join('\n\n'),
    security: isPublic ? [] : [{ bearer: [] }, { session: [] }],
    ...(permission ? { 'x-permission': permission } : {}),
    parameters: [
      ...parametersOf('path', route.params, components),
      ...parametersOf('query', route.query, components),
      ...headerParameters(route),
    ],
    ...(route.body ? { requestBody: { required: true, content: jsonOf(closed(route.body), components, route) } } : {}),
    ...(route.rawBody ? { requestBody: { required: true, content: binaryOf(route.rawBody.types) } } : {}),
    responses: responsesOf(route, components),
  }
}

/** What a route refuses on its own account, by code. */
function refusalsOf({ refusals = [] }: AnyRoute): string {
  if (refusals.length === 0) return ''
  return `May refuse with ${refusals.map(code => `\`${code}\` (${statusOfDeclared(code)})`).join(', ')}.`
}

function statusOfDeclared(code: string): number {
  const declared = declaredErrors.get(code)
  if (!declared) throw new Error(`There is no error ${code}`)
  return statusOf(declared)
}

function meaningOf(module: Module, permission: string): string {
  const declared = module.permissions?.[permission]
  return declared ? ` (${declared.description})` : ''
}

function parametersOf(
  where: 'path' | 'query',
  schema: TSchema | undefined,
  components: Record<string, JsonSchema>,
): Parameter[] {
  const { properties = {}, required = [] } = (schema ?? {}) as JsonSchema
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || (required.includes(name) && property.default === undefined),
    ...(property.description ? { description: property.description } : {}),
    schema: plain(property, components),
  }))
}

function headerParameters(route: AnyRoute): Parameter[] {
  const text = { type: 'string' }
  const found: Parameter[] = []
  if (route.allow !== 'public') {
    const text = 'The tenant to act in, where it is not the one of the session'
    found.push({ name: 'X-Tenant-Id', in: 'header', required: false, description: text, schema: uuidText })
  }
  if (isIdempotent(route)) {
    const about = 'Makes a repetition of this request harmless for 24 hours: it gets the first answer'
    const schema = { type: 'string', minLength: 1, maxLength: 255 }
    found.push({ name: 'Idempotency-Key', in: 'header', required: false, description: about, schema })
  }
  if (route.conditional) {
    const about = 'The entity tag of the resource as it was read; 412 if it has changed'
    found.push({ name: 'If-Match', in: 'header', required: false, description: about, schema: text })
  }
  if (hasEtag(route) && route.method === 'GET') {
    const about = 'The entity tag of a cached answer; 304 if it is still good'
    found.push({ name: 'If-None-Match', in: 'header', required: false, description: about, schema: text })
  }
  return found
}

const uuidText = { type: 'string', format: 'uuid' }

function responsesOf(route: AnyRoute, components: Record<string, JsonSchema>): Operation['responses'] {
  const status = route.status ?? 200
  const headers = {
    ...(hasEtag(route) ? { ETag: { description: 'Entity tag of the resource', schema: { type: 'string' } } } : {}),
    ...(route.kept
      ? {
          Age: { description: `Seconds since it was made; at most ${route.kept.seconds}`, schema: { type: 'integer' } },
        }
      : {}),
    ...(isPage(route) ? { Link: { description: 'The next page, rel="next"', schema: { type: 'string' } } } : {}),
  }
  const success: Response = {
    description: status === 204 ? 'Done' : status === 201 ? 'Made' : 'The answer',
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(status === 204
      ? {}
      : { content: route.produces ? binaryOf([route.produces]) : jsonOf(route.response, components, route) }),
  }
  const isWrite = route.method !== 'GET'
  const statuses = [400, 429, 503, ...(route.refusals ?? []).map(statusOfDeclared)]
  if (route.allow !== 'public') statuses.push(401)
  // A write is refused to pages of other sites, also where nobody is asked who he is.
  if (route.allow !== 'public' || isWrite) statuses.push(403)
  if (route.path.includes('{')) statuses.push(404)
  if (isIdempotent(route)) statuses.push(409)
  if (route.conditional) statuses.push(412)
  if (isWrite) statuses.push(413, 415)
  return {
    [status]: success,
    ...(hasEtag(route) && route.method === 'GET' ? { 304: { description: 'The cached answer is still good' } } : {}),
    ...Object.fromEntries(statuses.map(one => [one, { $ref: `#/components/responses/${nameOfProblem(one)}` }])),
  }
}

function nameOfProblem(status: number): string {
  const problem = (problems as Record<number, readonly [name: string, text: string]>)[status]
  if (!problem) throw new Error(`No response of the status ${status} is described`)
  return problem[0]
}

function isPage(route: AnyRoute): boolean {
  return route.method === 'GET' && (route.response as JsonSchema).properties?.nextCursor !== undefined
}

/** What a route takes that is no JSON. */
function bytesOf({ rawBody }: AnyRoute): string {
  return rawBody ? `The body is a file of at most ${rawBody.limit} bytes: ${rawBody.types.join(', ')}.` : ''
}

function binaryOf(types: readonly string[]): Content {
  return Object.fromEntries(types.map(type => [type, { schema: { type: 'string', format: 'binary' } }]))
}

function jsonOf(schema: TSchema, components: Record<string, JsonSchema>, { dialect }: AnyRoute): Content {
  return { [dialect?.takes[0] ?? 'application/json']: { schema: plain(schema as JsonSchema, components) } }
}

/** The schema as plain JSON; what has a title is put among the components and referred to. */
function plain(schema: JsonSchema, components: Record<string, JsonSchema>): JsonSchema {
  const copy = JSON.parse(JSON.stringify(schema)) as JsonSchema
  return hoist(copy, components)
}

function hoist(schema: JsonSchema, components: Record<string, JsonSchema>): JsonSchema {
  const inner: JsonSchema = { ...schema }
  if (inner.properties) {
    inner.properties = Object.fromEntries(
      Object.entries(inner.properties).map(([name, property]) => [name, hoist(property, components)]),
    )
  }
  if (inner.items) inner.items = hoist(inner.items, components)
  if (inner.anyOf) inner.anyOf = inner.anyOf.map(one => hoist(one, components))
  const { title } = inner
  if (title === undefined || !/^\w+$/.test(title)) return inner
  components[title] ??= inner
  // Another schema under the same title stays where it is.
  return JSON.stringify(components[title]) === JSON.stringify(inner) ? { $ref: `#/components/schemas/${title}` } : inner
}
