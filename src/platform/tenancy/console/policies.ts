import { queryOptions } from '@tanstack/react-query'
import { request } from '#platform/console'

/** MT-14 to MT-16, as the API has it. */
export type SecurityPolicy = {
  session: { maxConcurrentSessions: number; sessionTimeout: number; extendOnActivity: boolean; requireMFA: boolean }
  twoFactor: {
    required: boolean
    graceLogins: number
    gracePeriodDays: number
    allowBackupCodes: boolean
    allowRememberDevice: boolean
    exemptRoles: readonly string[]
    enforcementDate: string | null
  }
  ipRestrictions: {
    enabled: boolean
    allowedIPs: readonly string[]
    allowedRanges: readonly string[]
    blockList: readonly string[]
  }
}

/** Whom a policy would meet. */
export type PolicyPreview = {
  members: number
  secondFactor: {
    without: number
    exempt: number
    closedAtOnce: number
    people: readonly {
      userId: string
      name: string
      isExempt: boolean
      closesAt: string | null
      loginsLeft: number | null
    }[]
  }
  sessions: {
    ending: number
    list: readonly { userId: string; name: string; reason: 'displaced' | 'timed_out'; lastSeenAt: string }[]
  }
  addresses: {
    days: number
    known: number
    refused: number
    list: readonly { ipAddress: string; names: readonly string[]; lastSeenAt: string }[]
  }
  caller: {
    ipAddress: string | null
    isAddressRefused: boolean
    secondFactor: 'satisfied' | 'in_grace' | 'unshown' | 'missing'
    isShutOut: boolean
  }
}

export type LoadedPolicy = { policy: SecurityPolicy; etag: string | undefined }

export const policyQuery = queryOptions({
  queryKey: ['security-policy'],
  queryFn: async ({ signal }): Promise<LoadedPolicy> => {
    let etag: string | undefined
    const policy = await request<SecurityPolicy>('/tenant/security-policy', {
      signal,
      onEtag: given => {
        etag = given
      },
    })
    return { policy, etag }
  },
})

export const previewOf = (policy: SecurityPolicy) =>
  queryOptions({
    queryKey: ['security-policy', 'preview', policy],
    queryFn: ({ signal }) =>
      request<PolicyPreview>('/tenant/security-policy/preview', { method: 'POST', body: policy, signal }),
    // What others do meanwhile changes it.
    staleTime: 0,
    retry: false,
  })

export const units = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 } as const
export type Unit = keyof typeof units

/** What the form holds: lists as lines, the timeout in a unit. */
export type Answers = {
  maxConcurrentSessions: number | string
  timeout: number | string
  unit: Unit
  extendOnActivity: boolean
  requireMFA: boolean
  required: boolean
  graceLogins: number | string
  gracePeriodDays: number | string
  allowBackupCodes: boolean
  allowRememberDevice: boolean
  exemptRoles: string[]
  enforcementDay: string
  restricted: boolean
  allowed: string
  blocked: string
}

export function answersOf({ session, twoFactor, ipRestrictions }: SecurityPolicy): Answers {
  const unit =
    (['days', 'hours', 'minutes'] as const).find(each => session.sessionTimeout % units[each] === 0) ?? 'seconds'
  return {
    maxConcurrentSessions: session.maxConcurrentSessions,
    timeout: session.sessionTimeout / units[unit],
    unit,
    extendOnActivity: session.extendOnActivity,
    requireMFA: session.requireMFA,
    required: twoFactor.required,
    graceLogins: twoFactor.graceLogins,
    gracePeriodDays: twoFactor.gracePeriodDays,
    allowBackupCodes: twoFactor.allowBackupCodes,
    allowRememberDevice: twoFactor.allowRememberDevice,
    exemptRoles: [...twoFactor.exemptRoles],
    enforcementDay: dayOf(twoFactor.enforcementDate),
    restricted: ipRestrictions.enabled,
    allowed: [...ipRestrictions.allowedIPs, ...ipRestrictions.allowedRanges].join('\n'),
    blocked: ipRestrictions.blockList.join('\n'),
  }
}

/** `before` keeps what the form does not show: the hour of a date that was set elsewhere. */
export function policyOf(answers: Answers, before: SecurityPolicy): SecurityPolicy {
  const allowed = linesOf(answers.allowed)
  const { enforcementDate } = before.twoFactor
  return {
    session: {
      maxConcurrentSessions: Number(answers.maxConcurrentSessions),
      sessionTimeout: Number(answers.timeout) * units[answers.unit],
      extendOnActivity: answers.extendOnActivity,
      requireMFA: answers.requireMFA,
    },
    twoFactor: {
      required: answers.required,
      graceLogins: Number(answers.graceLogins),
      gracePeriodDays: Number(answers.gracePeriodDays),
      allowBackupCodes: answers.allowBackupCodes,
      allowRememberDevice: answers.allowRememberDevice,
      exemptRoles: answers.exemptRoles,
      enforcementDate:
        answers.enforcementDay === dayOf(enforcementDate)
          ? enforcementDate
          : answers.enforcementDay === ''
            ? null
            : `${answers.enforcementDay}T00:00:00Z`,
    },
    ipRestrictions: {
      enabled: answers.restricted,
      allowedIPs: allowed.filter(line => !line.includes('/')),
      allowedRanges: allowed.filter(line => line.includes('/')),
      blockList: linesOf(answers.blocked),
    },
  }
}

export function faultsOf(answers: Answers): Partial<Record<keyof Answers, string>> {
  const seconds = Number(answers.timeout) * units[answers.unit]
  const faults: [keyof Answers, string | null][] = [
    ['maxConcurrentSessions', within(answers.maxConcurrentSessions, 1, 1000)],
    [
      'timeout',
      answers.timeout !== '' && Number.isInteger(seconds) && seconds >= 60 && seconds <= 2_592_000
        ? null
        : 'Enter a time from 1 minute to 30 days.',
    ],
    ['graceLogins', within(answers.graceLogins, 0, 100)],
    ['gracePeriodDays', within(answers.gracePeriodDays, 0, 365)],
    [
      'allowed',
      answers.restricted && linesOf(answers.allowed).length === 0
        ? 'Name at least one address or range: with none, nobody could come in.'
        : null,
    ],
  ]
  return Object.fromEntries(faults.filter(([, fault]) => fault !== null))
}

/** Each once, whatever parts them. */
export function linesOf(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter(Boolean))]
}

const dayOf = (moment: string | null) => (moment === null ? '' : new Date(moment).toISOString().slice(0, 10))

function within(value: number | string, least: number, most: number): string | null {
  const number = value === '' ? Number.NaN : Number(value)
  return Number.isInteger(number) && number >= least && number <= most
    ? null
    : `Enter a number from ${least} to ${most}.`
}
