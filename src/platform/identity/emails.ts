import { errors } from './errors.ts'

/**
 * The one form in which an address is stored and compared (GG-01): trimmed, NFKC, lower case.
 * Normalised first and checked after, or a full-width @ would pass the check and change meaning later.
 */
export function normaliseEmail(text: string): string {
  const email = text.trim().normalize('NFKC').toLowerCase()
  if (email.length > 255 || !/^[^\s@<>()[\],;:"\\\p{Cc}]+@[^\s@<>()[\],;:"\\\p{Cc}]+$/u.test(email)) {
    throw errors.emailInvalid()
  }
  return email
}
