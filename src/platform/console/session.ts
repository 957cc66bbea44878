import { queryOptions, useQuery } from '@tanstack/react-query'
import type { Brand } from './brand.tsx'
import { showTimesIn } from './dates.ts'
import type { PasswordRules } from './new-password-field.tsx'
import { confirmPerson, Problem, request, showTenant } from './requests.ts'

export type Membership = {
  id: string
  name: string
  slug: string
  roles: readonly string[]
  isDefault: boolean
  isActive: boolean
}

export type Session = {
  user: {
    id: string
    email: string
    fullName: string | null
    username: string | null
    avatarUrl: string | null
    timezone: string | null
    language: string | null
  }
  tenantId: string | null
  /** The workspace that this session works in, where it may not be used now. */
  closed: ClosedWorkspace | null
  /** How long one may go on here without a second factor. */
  secondFactorGrace: { loginsLeft: number; endsAt: string } | null
  tenants: readonly Membership[]
  roles: readonly string[]
  permissions: readonly string[]
}

export type ClosedWorkspace = { tenantId: string; tenantName: string; code: string; detail: string }

/** Refusals of a workspace that was open: the next question who is signed in names none, and is told why. */
export const closingCodes: ReadonlySet<string> = new Set([
  'accounts.tenant_suspended',
  'accounts.tenant_pending_deletion',
  'accounts.address_refused',
  'accounts.second_factor_required',
  'accounts.second_factor_unconfirmed',
])

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }) => {
    const session = await request<Session>('/me', { signal })
    showTimesIn(session.user.timezone)
    showTenant(session.tenantId ?? undefined)
    rememberVisitor(true)
    return session
  },
  staleTime: 60_000,
  retry: false,
})

/** Who is signed in, for pages inside the shell, which opens only when this is known. */
export function useSession(): Session & { can: (permission: string) => boolean; tenant: Membership | undefined } {
  const { data } = useQuery(sessionQuery)
  if (!data) throw new Error('useSession is for pages inside the shell')
  return {
    ...data,
    can: permission => data.permissions.includes(permission),
    tenant: data.tenants.find(tenant => tenant.id === data.tenantId),
  }
}

/** How one may come in here, for whoever is not signed in too. */
export const entranceQuery = queryOptions({
  queryKey: ['entrance'],
  queryFn: ({ signal }) => request<EntranceOptions>('/auth/options', { signal }),
})

export type EntranceOptions = {
  signUp: 'open' | 'closed'
  needsFirstAdministrator: boolean
  google: boolean
  mailbox: boolean
  /** On its own host name. */
  tenant: Brand | null
  installationUrl: string
}

/** How the workspace looks that one works in. */
export const brandQuery = queryOptions({
  queryKey: ['tenant', 'brand'],
  queryFn: ({ signal }) => request<Brand | null>('/tenant/brand', { signal }),
  staleTime: 60_000,
})

/** What a workspace can be made from; the standard comes first. */
export const templatesQuery = queryOptions({
  queryKey: ['tenant-templates'],
  queryFn: ({ signal }) =>
    request<{ items: readonly { name: string; label: string; description: string }[] }>('/tenant-templates', {
      signal,
    }),
  staleTime: Number.POSITIVE_INFINITY,
})

/** What a sign-in still wants; a cookie carries it to the next request. */
export type SignInStep = {
  status: 'second_factor_required' | 'new_password_required'
  methods: readonly ('totp' | 'backup_code' | 'passkey')[]
  mayRememberDevice: boolean
  email: string
  /** For a new password. */
  rules: PasswordRules | null
}

/** Takes a way in. Undefined once signed in; the cookie is the session, the answer's tokens are for programs. */
export async function openSession(
  path: `/auth/${string}`,
  body: Readonly<Record<string, unknown>>,
): Promise<SignInStep | undefined> {
  const answer = await request<SignInStep | { status: 'signed_in' }>(path, { method: 'POST', body })
  if (answer.status !== 'signed_in') return answer
  rememberVisitor(true)
  return undefined
}

/** Google leads back without the code of this console having seen an answer: from there on somebody may be signed in. */
export async function leaveForGoogle(path: `/auth/${string}`, next: string): Promise<void> {
  const { url } = await request<{ url: string }>(path, { method: 'POST', body: { next } })
  rememberVisitor(true)
  window.location.assign(url)
}

/** Sends the browser to an identity provider, from which it comes back to `next`. */
export async function leaveForProvider(path: string, body: object): Promise<void> {
  const { url } = await request<{ url: string }>(path, { method: 'POST', body })
  rememberVisitor(true)
  window.location.assign(url)
}

/**
 * Leaving a session or workspace loads the page anew: whatever this window has fetched, typed or opened is gone with
 * certainty, not as far as every part of the program remembered to forget it.
 */
export async function signOut(next = '/sign-in'): Promise<void> {
  await request('/auth/sign-out', { method: 'POST' })
  rememberVisitor(false)
  otherWindows?.postMessage('signed-out')
  window.location.assign(next)
}

/** A workspace that wants the second factor to be shown asks for it here. */
export async function switchTenant(tenantId: string, next: string): Promise<void> {
  const enter = () => request('/auth/switch-tenant', { method: 'POST', body: { tenantId } })
  await enter().catch(async error => {
    if (!(error instanceof Problem) || error.code !== 'accounts.second_factor_unconfirmed') throw error
    await confirmPerson('second_factor')
    await enter()
  })
  window.location.assign(next)
}

/** Makes a workspace whose owner this person becomes, and goes there. */
export async function createTenant(wanted: { name: string; template: string }): Promise<void> {
  const { id } = await request<Membership>('/tenants', { method: 'POST', body: wanted })
  await switchTenant(id, '/')
}

/** The session ended while the person was working: back to the sign-in page, and from there to where they were. */
export function leaveEndedSession(code: string): void {
  rememberVisitor(false)
  const { pathname, search } = window.location
  const ended = whyEnded(code) ?? '1'
  window.location.assign(`/sign-in?${new URLSearchParams({ next: pathname + search, ended })}`)
}

/** What the sign-in page is told of a session that the workspace's policy has ended; undefined for any other end. */
export function whyEnded(code: string): 'timed_out' | 'displaced' | undefined {
  if (code === 'accounts.session_timed_out') return 'timed_out'
  return code === 'accounts.session_displaced' ? 'displaced' : undefined
}

const otherWindows = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('commonhold-session')

/** Calls back when the person signed out in another window. */
export function onSignedOutElsewhere(tell: () => void): void {
  otherWindows?.addEventListener('message', tell)
}

/**
 * Whether somebody may be signed in here. The cookie itself is out of reach of scripts; asking the server on behalf of
 * every stranger would put a failed request into each first visit.
 */
export function mayBeSignedIn(): boolean {
  try {
    return localStorage.getItem(visitorKey) !== null
  } catch {
    return true
  }
}

function rememberVisitor(isSignedIn: boolean): void {
  try {
    if (isSignedIn) localStorage.setItem(visitorKey, '1')
    else localStorage.removeItem(visitorKey)
  } catch {
    // Without storage the server is asked each time.
  }
}

const visitorKey = 'commonhold-visitor'
