import { errors } from './errors.ts'

/** Whether it is one plain address, without what could end it or begin another in a header. */
export function isAddress(text: string): boolean {
  return text.length <= 255 && /^[^\s@<>,;:"()[\]\\\p{Cc}\p{Cf}]+@[^\s@<>,;:"()[\]\\\p{Cc}\p{Cf}]+$/u.test(text)
}

/** The address, trimmed; refuses what is not one. */
export function checkAddress(address: string): string {
  const trimmed = address.trim()
  if (!isAddress(trimmed)) throw errors.addressInvalid({ address: trimmed.slice(0, 100) })
  return trimmed
}

/** Where mail to an address arrives: most servers put `ada+anything@` into Ada's inbox. */
export function inboxOf(address: string): string {
  return address.toLowerCase().replace(/\+[^@]*@/, '@')
}
