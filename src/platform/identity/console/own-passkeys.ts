import { browserSupportsWebAuthn, startRegistration } from '@simplewebauthn/browser'
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server'
import { queryOptions } from '@tanstack/react-query'
import { type OnTheWire, Problem, request } from '#platform/console'
import type { Passkey as ServedPasskey } from '../passkeys.ts'

export type Passkey = OnTheWire<ServedPasskey>

export const passkeysQuery = queryOptions({
  queryKey: ['own', 'passkeys'],
  queryFn: ({ signal }) => request<{ items: readonly Passkey[] }>('/me/passkeys', { signal }),
})

export const kindsInWords: Readonly<Record<Passkey['kind'], string>> = {
  synced: 'Synced between your devices',
  device: 'On one device',
  security_key: 'Security key',
}

export const canKeepPasskeys = browserSupportsWebAuthn

/** Has the browser make a passkey and hands it in. What goes wrong comes as an error in plain words. */
export async function registerPasskey(name: string): Promise<Passkey> {
  const { options, challengeToken } = await request<{
    options: PublicKeyCredentialCreationOptionsJSON
    challengeToken: string
  }>('/me/passkeys/options', { method: 'POST' })
  const answer = await startRegistration({ optionsJSON: options }).catch(cause => {
    throw new Error(inWords(cause), { cause })
  })
  return await request<Passkey>('/me/passkeys', { method: 'POST', body: { challengeToken, answer, name } })
}

/** A browser says little of why: the names of its errors are all that can be gone by (WebAuthn, 5.1.3). */
function inWords(error: unknown): string {
  if (error instanceof Problem) return error.message
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'AbortError':
      return 'No passkey was made: it was cancelled, or it took longer than two minutes.'
    case 'InvalidStateError':
      return 'This device or password manager has a passkey for your account already.'
    case 'ConstraintError':
    case 'NotSupportedError':
      return 'This device cannot keep a passkey. It needs a screen lock, such as a fingerprint or a PIN.'
    case 'SecurityError':
      return 'The browser keeps no passkeys for this address. Open the console at its usual address, by https.'
    default:
      return 'The browser could not make a passkey. Try again, or use another browser or device.'
  }
}

/** A name to begin with, for whoever does not care. */
export function suggestName(agent: string): string {
  const [, name] = devices.find(([pattern]) => pattern.test(agent)) ?? []
  return name ?? 'My passkey'
}

const devices: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android phone'],
  [/CrOS/, 'Chromebook'],
  [/Macintosh/, 'Mac'],
  [/Windows/, 'Windows computer'],
  [/Linux/, 'Linux computer'],
]
