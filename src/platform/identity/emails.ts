import { errors } from './errors.ts'

/**
 * The one form in which an address is stored and compared (GG-01): trimmed, in lower case, NFKC.
 * Normalised first and checked after, or a full-width @ would pass the check and change meaning later; and normalised
 * again in lower case, where a letter and its accent may compose. What does not show (zero width, soft hyphen) is
 * refused: two accounts would look like one.
 */
export function normaliseEmail(text: string): string {
  const email = text.trim().normalize('NFKC').toLowerCase().normalize('NFKC')
  if (email.length > 255 || !shape.test(email)) throw errors.emailInvalid()
  return email
}

const shape =
  /^[^\s@<>()[\],;:"\\\p{C}\p{Default_Ignorable_Code_Point}]+@[^\s@<>()[\],;:"\\\p{C}\p{Default_Ignorable_Code_Point}]+$/u
