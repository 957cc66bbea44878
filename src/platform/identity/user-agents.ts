import Bowser from 'bowser'
import { type Static, Type } from 'typebox'
import type { Scope } from '#platform/database'
import { oneOf } from '#platform/http'

/** What a user agent says of itself. */
export const Device = Type.Object({
  words: Type.String({ description: 'For people', examples: ['Firefox 132 on Windows', 'A program (curl)'] }),
  kind: oneOf(['computer', 'phone', 'tablet', 'program', 'unknown']),
})
export type Device = Static<typeof Device>

const longest = 512
const rememberedAtMost = 1_000
const remembered = new Map<string, Device & { family: string }>()

/** Never throws, whatever a client sends; nothing of it but known names and a short plain word gets into the words. */
export function describeUserAgent(userAgent: string | null | undefined): Device {
  const { words, kind } = read(userAgent)
  return { words, kind }
}

/** The same for a browser after its updates: its name and system without a version. */
export function familyOf(userAgent: string | null | undefined): string {
  return read(userAgent).family
}

/** Address and agent of a request as the database takes them. */
export function clientOf({ ipAddress, userAgent }: Scope): { address: string | null; agent: string | null } {
  // A link-local address comes with its interface, which inet does not know.
  return { address: ipAddress?.split('%')[0] || null, agent: userAgent?.slice(0, 1000) ?? null }
}

function read(userAgent: string | null | undefined): Device & { family: string } {
  const text = (userAgent ?? '').slice(0, longest)
  const known = remembered.get(text)
  if (known) return known
  const device = text.startsWith('Mozilla/') || text.startsWith('Opera/') ? readBrowser(text) : readProgram(text)
  if (remembered.size >= rememberedAtMost) remembered.clear()
  remembered.set(text, device)
  return device
}

function readBrowser(text: string): Device & { family: string } {
  const { browser, os, platform } = parse(text)
  const [name, system] = [plain(browser?.name), plain(os?.name)]
  const major = /^\d{1,4}/.exec(browser?.version ?? '')?.[0]
  const shown = name === '' ? 'An unknown browser' : [name, major].filter(Boolean).join(' ')
  const on = system === '' ? '' : ` on ${system}`
  return { words: shown + on, kind: kindOf(platform?.type), family: `${name || 'An unknown browser'}${on}` }
}

function parse(text: string): Partial<Bowser.Parser.ParsedResult> {
  try {
    return Bowser.parse(text)
  } catch {
    // Its rules were written for agents that mean well.
    return {}
  }
}

/** Without a dot, or a mail program would make a link of what somebody has put there. */
function readProgram(text: string): Device & { family: string } {
  const name = /^([A-Za-z][\w-]{0,39})(?:[/ ]|$)/.exec(text)?.[1]
  const words = name === undefined ? 'An unknown program' : `A program (${name})`
  return { words, kind: name === undefined ? 'unknown' : 'program', family: words }
}

function plain(name: string | undefined): string {
  return (name ?? '').replace(/[^A-Za-z0-9 +-]/g, '').slice(0, 40)
}

function kindOf(type: string | undefined): Device['kind'] {
  if (type === 'mobile') return 'phone'
  if (type === 'tablet') return 'tablet'
  return type === 'desktop' ? 'computer' : 'unknown'
}
