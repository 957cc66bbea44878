import { DomainError } from '#platform/errors.ts'
import type { Job } from '#platform/jobs'
import { rotateKeys } from './rotations.ts'

/** GG-17: what an operator asks for on the page. Killed, it goes on in the same run when it is asked for again. */
export const rotateNow: Job = {
  name: 'operations.rotate-keys',
  description: 'GG-17: encrypts again with the newest key, as an operator has asked for',
  retryLimit: 3,
  async run(_data, app) {
    await rotateKeys(app, { requestedBy: 'the console' }).catch(error => {
      // Another program is at it.
      if (!(error instanceof DomainError && error.code === 'operations.rotation_busy')) throw error
    })
  },
}
