import { domainToASCII, domainToUnicode } from 'node:url'
import { errors } from './errors.ts'

/**
 * The one form in which an address is stored and compared (GG-01): trimmed, NFKC, in lower case, its domain in ASCII
 * (`xn--…`), so that nobody is shown a domain that reads like another. Signs that mail servers may take for different
 * (`+`, dots) stay: ada+x is not ada.
 *
 * Refused is what would let two accounts look like one: signs that do not show, letters of several scripts in one word,
 * words wholly of letters that pass for Latin ones.
 */
export function normaliseEmail(text: string): string {
  // Normalised first and checked after: a full-width @ would pass the check and change its meaning later. And again in
  // lower case, where a letter and its accent may compose.
  const email = text.trim().normalize('NFKC').toLowerCase().normalize('NFKC')
  const [, local = '', domain = ''] = /^([^@]+)@([^@]+)$/.exec(email) ?? []
  const host = hostOf(domain)
  const canonical = `${local}@${host}`
  // What service accounts have in the place of an address: nobody finds or makes one by it.
  if (host === 'service.invalid') throw errors.emailInvalid()
  if (!host || canonical.length > 255 || !localShape.test(local) || unseen.test(local)) throw errors.emailInvalid()
  const words = [...local.split(separators), ...domainToUnicode(host).split(separators)]
  if (words.some(isDeceptive)) throw errors.emailDeceptive()
  return canonical
}

/** What a mailbox may be called; of other alphabets letters only, without their digits and signs. */
const localShape = /^[a-z0-9.!#$%&'*+/=?^_`{|}~\p{L}\p{M}-]+$/u

const unseen = /\p{Default_Ignorable_Code_Point}/u

/** The domain as DNS knows it; undefined where it is none, or a network address. */
function hostOf(domain: string): string | undefined {
  // Only what a name may hold: the parser of addresses would decode %61 and read 0x7f.1 as 127.0.0.1.
  if (!/^[\p{L}\p{M}\p{N}.\u3002-]+$/u.test(domain) || /^[\d.]+$|(^|\.)0x/.test(domain)) return undefined
  const host = domainToASCII(domain)
  const labels = host.split('.')
  if (host.length > 253 || !labels.every(label => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))) return undefined
  return /^\d+$/.test(labels.at(-1) ?? '') ? undefined : host
}

const separators = /[^\p{L}\p{M}]+/u

/** Whether a word reads like another: its letters are of scripts that nobody writes together, or mimic Latin ones. */
function isDeceptive(word: string): boolean {
  const letters = [...word].filter(letter => /\p{L}/u.test(letter))
  if (letters.some(letter => latinMimics.has(letter))) return true
  if (letters.length > 0 && letters.every(letter => otherMimics.has(letter))) return true
  return (
    letters.some(letter => /[^a-z]/.test(letter)) && !alphabets.some(alphabet => letters.every(l => alphabet.test(l)))
  )
}

/** What people write in one word: one script, or those of Japanese, Korean and Chinese among each other (UTS 39, 5.2). */
const alphabets = [
  /\p{scx=Latn}/u,
  /\p{scx=Cyrl}/u,
  /\p{scx=Grek}/u,
  /[\p{scx=Latn}\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}]/u,
  /[\p{scx=Latn}\p{scx=Hani}\p{scx=Hang}]/u,
  /[\p{scx=Latn}\p{scx=Hani}\p{scx=Bopo}]/u,
  ...['Arab', 'Hebr', 'Armn', 'Geor', 'Ethi', 'Deva', 'Beng', 'Guru', 'Gujr', 'Orya', 'Taml', 'Telu', 'Knda', 'Mlym']
    .concat('Sinh', 'Thai', 'Laoo', 'Tibt', 'Mymr', 'Khmr', 'Thaa')
    .map(script => new RegExp(`\\p{scx=${script}}`, 'u')),
]

/** Letters of the Latin script that read like another of it. */
const latinMimics = new Set('ıȷɑɡɩɪɫʟɴʀʏƅɓƽǃǀ')
/** Letters of other alphabets that read like Latin ones: a word only of them reads as a Latin word. */
const otherMimics = new Set('асԁеһіјӏорԛѕԝхуѵ' + 'αγικνορυχω' + 'օսոհ')
