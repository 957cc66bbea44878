import { errors } from './errors.ts'

/** One plain address, without what could end it or begin another in a header. Returns it trimmed. */
export function checkAddress(address: string): string {
  const trimmed = address.trim()
  const isOne = /^[^\s@<>,;:"()[\]\\\p{Cc}\p{Cf}]+@[^\s@<>,;:"()[\]\\\p{Cc}\p{Cf}]+$/u.test(trimmed)
  if (!isOne || trimmed.length > 255) throw errors.addressInvalid({ address: trimmed.slice(0, 100) })
  return trimmed
}

/** Where mail to an address arrives: most servers put `ada+anything@` into Ada's inbox. */
export function inboxOf(address: string): string {
  return address.toLowerCase().replace(/\+[^@]*@/, '@')
}
