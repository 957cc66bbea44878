import { startAuthentication, WebAuthnError } from '@simplewebauthn/browser'
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

/** Has the browser answer a challenge. */
export async function answerChallenge(
  path: string,
  body: object = {},
): Promise<{ challengeToken: string; answer: object }> {
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
