import {
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  WebAuthnAbortService,
  WebAuthnError,
} from '@simplewebauthn/browser'
import { openSession, request, type SignInStep } from '#platform/console'

type Challenge = { options: Parameters<typeof startAuthentication>[0]['optionsJSON']; challengeToken: string }

/** Lets the browser show a passkey, and sends its answer on a way in. */
export async function showPasskey(
  path: '/auth/passkeys/sign-in' | '/auth/sign-in/second-factor',
  more: Readonly<Record<string, unknown>> = {},
): Promise<SignInStep | undefined> {
  const asSecondFactor = path === '/auth/sign-in/second-factor'
  return await openSession(path, { ...(await answerChallenge('/auth/passkeys/options', { asSecondFactor })), ...more })
}

/** Two minutes is a challenge good for. */
const challengeSeconds = 120

/**
 * Lets the browser offer passkeys among what it fills in where `webauthn` is the last word of `autocomplete`. Browsers that
 * cannot are asked for nothing. What goes wrong here is told to nobody: nobody has asked for it. Answers how to end it.
 */
export function offerPasskeys(take: (answered: AnsweredChallenge) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isOver = false
  let waiting = 0

  async function offer() {
    const { options, challengeToken } = await request<Challenge>('/auth/passkeys/options', { method: 'POST', body: {} })
    if (isOver) return
    waiting += 1
    const answer = await startAuthentication({ optionsJSON: options, useBrowserAutofill: true }).finally(() => {
      waiting -= 1
    })
    if (!isOver) take({ challengeToken, answer })
  }

  function renew() {
    if (isOver) return
    if (document.hidden) return document.addEventListener('visibilitychange', renew, { once: true })
    timer = setTimeout(renew, (challengeSeconds - 20) * 1000)
    offer().catch(() => undefined)
  }

  void browserSupportsWebAuthnAutofill().then(canOffer => canOffer && renew())
  return () => {
    isOver = true
    clearTimeout(timer)
    // Not a ceremony that has begun since: it has ended this one already.
    if (waiting > 0) WebAuthnAbortService.cancelCeremony()
  }
}

export type AnsweredChallenge = { challengeToken: string; answer: object }

/** Has the browser answer a challenge. */
export async function answerChallenge(path: string, body: object = {}): Promise<AnsweredChallenge> {
  const { options, challengeToken } = await request<Challenge>(path, { method: 'POST', body })
  const answer = await startAuthentication({ optionsJSON: options }).catch(error => {
    throw new Error(sentenceOf(error), { cause: error })
  })
  return { challengeToken, answer }
}

/** What went wrong in the browser, in words; it tells little itself, so that pages cannot find out who has a passkey. */
function sentenceOf(error: unknown): string {
  const name = error instanceof WebAuthnError ? (error.cause as Error | undefined)?.name : (error as Error).name
  if (name === 'NotAllowedError' || name === 'AbortError')
    return 'No passkey was used: it was cancelled, took too long, or there is none for this site on this device.'
  if (name === 'SecurityError') return 'Passkeys do not work at this address: it is not the one they are made for.'
  return 'This browser cannot use passkeys here.'
}
