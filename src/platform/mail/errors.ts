import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('mail', {
  addressInvalid: ['invalid', '"{address}" is not an e-mail address.'],
  linkForeign: ['invalid', 'The mail {name} has a link that does not lead here.'],
})
