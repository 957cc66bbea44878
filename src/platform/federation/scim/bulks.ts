import type { App } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { errorMessage } from './dialect.ts'
import type { Directory } from './directories.ts'
import { scimErrors as errors } from './errors.ts'
import { createGroup, deleteGroup, patchGroup, replaceGroup } from './groups.ts'
import { isObject, type Json, urns } from './messages.ts'
import { property, readOperations } from './patches.ts'
import { statusOf } from './requests.ts'
import { locationOf } from './resources.ts'
import { createUser, deleteUser, patchUser, replaceUser } from './users.ts'

export const mostBulkOperations = 200

type BulkOperation = {
  method: string
  bulkId: string | undefined
  kind: 'User' | 'Group'
  id: string | undefined
  version: string | undefined
  data: Json
}
type Answer = Json & { status: string }

/**
 * Several requests in one (RFC 7644, 3.7), each a transaction of its own. What refers to another by `bulkId:…` waits for
 * that one; what is left in a circle, or waits for what failed, is refused with 409.
 */
export async function runBulk(app: App, scope: Scope, directory: Directory, body: Json): Promise<Json> {
  const given = property(body, 'Operations')
  if (!Array.isArray(given)) throw errors.scimSyntaxInvalid({ reason: 'Operations must be a list' })
  if (given.length > mostBulkOperations) throw errors.scimBulkTooMany({ most: mostBulkOperations })
  const failures = Number(property(body, 'failOnErrors') ?? 0)
  const operations = given.map(readBulkOperation)
  requireBulkIds(operations)
  const made = new Map<string, string>()
  const answers = new Map<BulkOperation, Answer>()
  let failed = 0
  const isOver = () => failures > 0 && failed >= failures
  for (let waiting = operations; waiting.length > 0 && !isOver(); ) {
    const ready = waiting.filter(operation => unresolved(operation, made) === undefined)
    // Nobody can go first any more: each is told what it waits for.
    for (const operation of ready.length > 0 ? ready : waiting) {
      if (isOver()) break
      const answer = await runOne(app, scope, directory, operation, made)
      answers.set(operation, answer)
      if (Number(answer.status) >= 400) failed += 1
    }
    waiting = waiting.filter(operation => !answers.has(operation))
  }
  return { schemas: [urns.bulkAnswer], Operations: operations.flatMap(operation => answers.get(operation) ?? []) }
}

function readBulkOperation(given: unknown): BulkOperation {
  if (!isObject(given)) throw errors.scimSyntaxInvalid({ reason: 'an operation must be an object' })
  const method = String(property(given, 'method')).toUpperCase()
  const [, kind, id] = /^\/(User|Group)s(?:\/([^/?]{1,100}))?$/.exec(String(property(given, 'path'))) ?? []
  const bulkId = property(given, 'bulkId')
  const version = property(given, 'version')
  const data = property(given, 'data')
  if (!/^(POST|PUT|PATCH|DELETE)$/.test(method)) {
    throw errors.scimSyntaxInvalid({ reason: 'method must be POST, PUT, PATCH or DELETE' })
  }
  if ((kind !== 'User' && kind !== 'Group') || (id === undefined) !== (method === 'POST')) {
    throw errors.scimSyntaxInvalid({ reason: 'path must be /Users or /Groups, with an id but for POST' })
  }
  if (method === 'POST' && typeof bulkId !== 'string') throw errors.scimSyntaxInvalid({ reason: 'bulkId is missing' })
  return {
    method,
    kind,
    id,
    bulkId: typeof bulkId === 'string' ? bulkId : undefined,
    version: typeof version === 'string' ? version : undefined,
    data: isObject(data) ? data : {},
  }
}

function requireBulkIds(operations: readonly BulkOperation[]): void {
  const posted = operations.flatMap(({ method, bulkId }) => (method === 'POST' && bulkId !== undefined ? bulkId : []))
  if (new Set(posted).size < posted.length) throw errors.scimSyntaxInvalid({ reason: 'a bulkId is used twice' })
}

async function runOne(
  app: App,
  scope: Scope,
  directory: Directory,
  operation: BulkOperation,
  made: Map<string, string>,
): Promise<Answer> {
  const { method, bulkId, kind } = operation
  const common = { method, ...(bulkId === undefined ? {} : { bulkId }) }
  try {
    const missing = unresolved(operation, made)
    if (missing !== undefined) throw errors.scimBulkUnresolved({ id: missing })
    const id = resolved(operation.id, made) as string | undefined
    const data = resolved(operation.data, made) as Json
    const { status, resource } = await execute(app, scope, directory, { ...operation, id, data })
    const resourceId = (resource?.id as string | undefined) ?? id ?? ''
    if (method === 'POST' && bulkId !== undefined) made.set(bulkId, resourceId)
    const version = (resource?.meta as { version?: string } | undefined)?.version
    return {
      ...common,
      location: locationOf(kind, directory.base, resourceId),
      ...(version === undefined ? {} : { version }),
      status: String(status),
    }
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    const status = statusOf(error)
    const location = operation.id === undefined ? {} : { location: locationOf(kind, directory.base, operation.id) }
    return { ...common, ...location, status: String(status), response: errorMessage(status, error.code, error.message) }
  }
}

type Done = { status: number; resource?: Json }

async function execute(app: App, scope: Scope, directory: Directory, operation: BulkOperation): Promise<Done> {
  const { method, kind, id = '', data, version } = operation
  const isUser = kind === 'User'
  const ifMatch = version === undefined ? undefined : [version]
  switch (method) {
    case 'POST':
      return { status: 201, resource: await (isUser ? createUser : createGroup)(app, scope, directory, data) }
    case 'PUT':
      return {
        status: 200,
        resource: await (isUser ? replaceUser : replaceGroup)(app, scope, directory, id, data, ifMatch),
      }
    case 'PATCH': {
      const operations = readOperations(data)
      if (isUser) return { status: 200, resource: await patchUser(app, scope, directory, id, operations, ifMatch) }
      await patchGroup(app, scope, directory, id, operations, ifMatch)
      return { status: 204 }
    }
    default:
      await (isUser ? deleteUser : deleteGroup)(app, scope, directory, id, ifMatch)
      return { status: 204 }
  }
}

const reference = /^bulkId:(.+)$/i

/** A reference that nothing has answered yet. */
function unresolved({ id, data }: BulkOperation, made: ReadonlyMap<string, string>): string | undefined {
  return referencesIn([id, data]).find(bulkId => !made.has(bulkId))
}

function referencesIn(value: unknown): string[] {
  if (typeof value === 'string') return [reference.exec(value)?.[1] ?? []].flat()
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(referencesIn)
}

function resolved(value: unknown, made: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') {
    const bulkId = reference.exec(value)?.[1]
    return bulkId === undefined ? value : made.get(bulkId)
  }
  if (Array.isArray(value)) return value.map(each => resolved(each, made))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolved(each, made)]))
}
