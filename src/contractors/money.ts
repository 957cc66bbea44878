import { decimal, nullable } from '#platform/http'

/** US dollars as sources write them: up to 13 digits before the point (numeric(15, 2)), at most cents after it. */
const amountPattern = /^-?\d{1,13}(\.\d{0,2})?$/

/** Whether `text` is an amount that can be kept to the cent. */
export const isAmount = (text: string) => amountPattern.test(text)

/** An amount in an answer: an exact decimal, null where no source says it. */
export const money = (description: string) => nullable({ ...decimal, description: `${description}, US dollars` })
