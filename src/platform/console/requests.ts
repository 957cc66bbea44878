/** A refusal of the API (RFC 9457), or the lack of an answer (`status` 0). */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly fields: Readonly<Record<string, string>>
  readonly requestId: string | undefined

  constructor(status: number, code: string, detail: string, fields: Record<string, string> = {}, requestId?: string) {
    super(detail)
    this.name = 'Problem'
    this.status = status
    this.code = code
    this.fields = fields
    this.requestId = requestId
  }
}

/** What arrives of an answer: moments as text. */
export type OnTheWire<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly OnTheWire<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: OnTheWire<T[Key]> }
      : T

export type RequestOptions = {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Sent as JSON; a Blob as the bytes that it is. */
  body?: unknown
  query?: Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>
  signal?: AbortSignal
  /** The entity tag that the resource must still have; else it is refused with 412. */
  ifMatch?: string
  /** Is told the entity tag of a success, to be sent back as `ifMatch`. */
  onEtag?: (etag: string | undefined) => void
  /** Lets the request outlive the page. */
  keepalive?: boolean
  /** The workspace that is meant, where it is not the one that this window shows. */
  tenantId?: string
}

let shownTenantId: string | undefined

/**
 * Every request names the workspace that this window shows. The cookie is shared by all windows: after a switch in
 * another one, this window would otherwise write into a workspace that it does not show.
 */
export function showTenant(tenantId: string | undefined): void {
  shownTenantId = tenantId
}

/** Why somebody is asked to confirm who he is: for a sensitive action, or because a workspace wants his second factor. */
export type ConfirmationReason = 'sensitive' | 'own' | 'second_factor'

let askPerson: ((reason: ConfirmationReason) => Promise<boolean>) | undefined
let confirming: Promise<boolean> | undefined

/** Sets who asks the person to confirm that it is still he; answers whether he did. */
export function onStepUpNeeded(ask: (reason: ConfirmationReason) => Promise<boolean>): () => void {
  askPerson = ask
  return () => {
    if (askPerson === ask) askPerson = undefined
  }
}

/** Asks the person to confirm who he is; rejects where he does not. */
export async function confirmPerson(reason: ConfirmationReason): Promise<void> {
  confirming ??= (askPerson?.(reason) ?? Promise.resolve(false)).finally(() => {
    confirming = undefined
  })
  if (await confirming) return
  throw new Problem(403, 'console.not_confirmed', 'Nothing was done, because you did not confirm that it is you.')
}

/**
 * Asks the API; the path is below `/api/v1`. Throws `Problem`, or the browser's AbortError when `signal` fired. What wants
 * a fresh sign-in is asked for again once the person has confirmed that it is he.
 */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  try {
    return await send<T>(path, options)
  } catch (error) {
    const reason = error instanceof Problem ? reasons[error.code] : undefined
    if (!reason || !askPerson) throw error
    await confirmPerson(reason)
    return await send<T>(path, options)
  }
}

/** Refusals after which the person is asked to confirm; `own` by what an identity provider cannot say for him. */
const reasons: Readonly<Record<string, 'sensitive' | 'own'>> = {
  'http.step_up_required': 'sensitive',
  'http.own_sign_in_required': 'own',
}

/** All pages of a list that is never long. */
export async function requestAll<T>(
  path: string,
  signal: AbortSignal,
  query: RequestOptions['query'] = {},
): Promise<readonly T[]> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const page: { items: readonly T[]; nextCursor: string | null } = await request(path, {
      query: { ...query, limit: 100, cursor },
      signal,
    })
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null)
  return items
}

async function send<T>(path: string, options: RequestOptions): Promise<T> {
  const tenantId = options.tenantId ?? (path.startsWith('/auth/') ? undefined : shownTenantId)
  const answer = await fetch(`/api/v1${path}${queryString(options.query)}`, {
    method: options.method ?? 'GET',
    credentials: 'same-origin',
    headers: {
      accept: 'application/json',
      ...(options.body !== undefined && { 'content-type': typeOf(options.body) }),
      ...(options.ifMatch !== undefined && { 'if-match': options.ifMatch }),
      ...(tenantId && { 'x-tenant-id': tenantId }),
    },
    body: options.body === undefined || options.body instanceof Blob ? options.body : JSON.stringify(options.body),
    signal: options.signal,
    keepalive: options.keepalive,
  }).catch(error => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Problem(0, 'console.unreachable', 'The server cannot be reached. Check the connection and try again.')
  })
  if (answer.status === 204) return undefined as T
  const body = await answer.json().catch(() => undefined)
  if (answer.ok) {
    options.onEtag?.(answer.headers.get('etag') ?? undefined)
    return body as T
  }
  throw asProblem(answer.status, body)
}

const typeOf = (body: unknown) => (body instanceof Blob ? body.type : 'application/json')

function queryString(query: RequestOptions['query']): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null || value === '') continue
    for (const one of Array.isArray(value) ? value : [value]) params.append(name, String(one))
  }
  return params.size ? `?${params}` : ''
}

type ProblemDocument = {
  code?: string
  title?: string
  detail?: string
  requestId?: string
  errors?: readonly { path?: string; pointer?: string; field?: string; message?: string; detail?: string }[]
}

function asProblem(status: number, body: ProblemDocument | undefined): Problem {
  const fields: Record<string, string> = {}
  for (const fault of body?.errors ?? []) {
    const name = (fault.path ?? fault.pointer ?? fault.field ?? '').split(/[/.]/).findLast(Boolean)
    if (name) fields[name] ??= fault.message ?? fault.detail ?? 'This is not accepted.'
  }
  const detail = body?.detail ?? body?.title ?? `The server answered with an error (${status}).`
  return new Problem(status, body?.code ?? 'console.unknown', detail, fields, body?.requestId)
}
