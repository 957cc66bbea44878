/// <reference path="./fxa-common-password-list.d.ts" />

/** What somebody who guesses knows of the owner. */
export type Owner = { email?: string | undefined; fullName?: string | null | undefined }

/**
 * Whether a password is among the first that are tried: one of the 50,000 most frequent of at least 8 characters (Mozilla's
 * selection of what was found in leaks), in any case, with up to 4 digits or signs around it; one repetition; or the
 * owner's address or name, or the name of this product, with the same around it.
 */
export async function isEasilyGuessed(password: string, owner: Owner = {}): Promise<boolean> {
  // Fetched when it is first needed: 25 ms and 4 MB, then 50 µs a question.
  const { default: common } = await import('fxa-common-password-list')
  const text = password.normalize('NFKC').toLowerCase()
  const unit = text.slice(0, periodOf(text))
  if (unit.length < text.length && unit.length < 8) return true
  const names = namesOf(owner)
  const known = (guess: string) =>
    common.test(guess) || names.has(lettersOf(guess)) || names.has(coreOf(lettersOf(guess)))
  return [text, unit, coreOf(text), coreOf(unit)].some(known)
}

/** After how many characters a text begins anew, to its end: `abcabc` → 3; its length if it does not. */
function periodOf(text: string): number {
  return (text + text).indexOf(text, 1)
}

/** Without up to 4 characters at both ends that are no letters: `password1!` → `password`. */
function coreOf(text: string): string {
  const core = text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
  return text.length - core.length <= 4 ? core : text
}

function namesOf({ email = '', fullName }: Owner): Set<string> {
  const [local = '', domain = ''] = email.toLowerCase().split('@')
  const words = (fullName ?? '').toLowerCase().split(/\s+/)
  const names = [
    email.toLowerCase(),
    local,
    domain,
    words.join(''),
    words.toReversed().join(''),
    ...words,
    'commonhold',
  ]
  return new Set(names.map(lettersOf).filter(name => name.length >= 4))
}

/** `ada.lovelace` and `Ada Lovelace` are one guess. */
function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, '')
}
