import { type Static, Type } from 'typebox'
import { type CookieChange, Reply, type RequestOf, sessionCookie } from '#platform/http'
import { type Admission, type Client, SignedIn, SignInStep, stepMinutes } from './admissions.ts'

/** Knows a device again on which somebody has signed in before. */
export const deviceCookie = '__Host-commonhold-device'
/** Carries the step of a sign-in that is not complete. */
export const stepCookie = '__Host-commonhold-step'

const deviceDays = 400
const day = 24 * 3600 * 1000

/** The answer of every way in: a session, or what is still wanted. */
export const SignInAnswer = Type.Union([
  Type.Object({ status: Type.Literal('signed_in'), ...SignedIn.properties }),
  Type.Object({
    ...SignInStep.properties,
    stepToken: Type.String({ description: 'Send it with the step; browsers have it in a cookie' }),
    expiresIn: Type.Integer({ description: 'Seconds' }),
  }),
])
export type SignInAnswer = Static<typeof SignInAnswer>

export function replyTo(status: number, admission: Admission): Reply<SignInAnswer> {
  const cookies = cookiesOf(admission)
  if ('step' in admission) {
    const { step, stepToken } = admission
    return new Reply(200, { ...step, stepToken, expiresIn: stepMinutes * 60 }, { cookies })
  }
  return new Reply(status, { status: 'signed_in' as const, ...admission.signedIn }, { cookies })
}

/** The cookies of a session that has begun, or of a step. */
export function cookiesOf(admission: Admission): CookieChange[] {
  if ('step' in admission) {
    return [{ name: stepCookie, value: admission.stepToken, expires: new Date(Date.now() + stepMinutes * 60_000) }]
  }
  return [
    { name: sessionCookie, value: admission.session.cookieToken, expires: admission.session.endsAt },
    { name: deviceCookie, value: admission.deviceToken, expires: new Date(Date.now() + deviceDays * day) },
    { name: stepCookie, value: undefined },
  ]
}

export function clientOf({ scope, cookies }: Pick<RequestOf<unknown, unknown, unknown>, 'scope' | 'cookies'>): Client {
  return { scope, deviceToken: cookies[deviceCookie], sessionToken: cookies[sessionCookie] }
}

/** The tenant of `X-Tenant-Id`; the frame has checked its form. */
export function askedTenantOf({ headers }: Pick<RequestOf<unknown, unknown, unknown>, 'headers'>): string | undefined {
  const header = headers['x-tenant-id']
  return typeof header === 'string' ? header : undefined
}
