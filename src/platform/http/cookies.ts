import { fastifyCookie } from '@fastify/cookie'
import type { CookieChange } from './route.ts'

/** The cookies of a `Cookie` header. */
export function cookiesOf(header: string | undefined): Record<string, string | undefined> {
  return header === undefined ? {} : fastifyCookie.parse(header)
}

/** A `Set-Cookie` header with all protections. */
export function cookieHeader({ name, value, expires }: CookieChange): string {
  const common = { httpOnly: true, secure: true, sameSite: 'lax', path: '/' } as const
  return value === undefined
    ? fastifyCookie.serialize(name, '', { ...common, maxAge: 0 })
    : fastifyCookie.serialize(name, value, { ...common, expires })
}
