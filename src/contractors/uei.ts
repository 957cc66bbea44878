import { Type } from 'typebox'

/** Unique Entity Identifier of the System for Award Management: 12 characters, letters without I and O. */
export const ueiPattern = /^[A-HJ-NP-Z0-9]{12}$/

/**
 * Whether the last character is the checksum of the eleven before it (GSA, Unique Entity ID Technical Specifications).
 * It holds on all known real identifiers, yet only warns: the pattern is the rule, the checksum a hint at typing errors.
 */
export function hasUeiCheckDigit(uei: string): boolean {
  let sum = weigh(Array.from(uei.slice(0, 11), character => character.charCodeAt(0)))
  while (sum > 9) sum = weigh(Array.from(String(sum), Number))
  return String(sum) === uei[11]
}

const weigh = (values: number[]) => values.reduce((sum, value, index) => sum + ((value * (index + 1)) % 10), 0)

/** Recipients that stand for many or for undisclosed ones, as FPDS uses them: no contractors. */
export const placeholderUeis = [
  'LN9PU5M2YZN5', // miscellaneous foreign awardees
  'KA5HQCLKUVW1', // domestic awardees (undisclosed)
  'NN2NGPDNCK23', // foreign awardees (undisclosed)
  'EL41SWNXP4J5', // classified
  'R5NWZ87HPLX4', // GPC consolidated reporting
] as const

/** A UEI in a request, in any case. */
export const ueiInput = Type.String({
  pattern: '^[A-HJ-NP-Za-hj-np-z0-9]{12}$',
  description: 'Unique Entity Identifier: 12 letters and digits without I and O',
  examples: ['C12NSYAH27N4'],
})
