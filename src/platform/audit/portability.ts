import type { PortabilityDeclaration } from '#platform/module.ts'

export const portability: PortabilityDeclaration = {
  stays: { 'audit.*': 'The log goes along as records of the past; seals and checkpoints prove it here' },
}
