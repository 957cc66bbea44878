import type { Module } from '#platform/module.ts'

export const federationModule = {
  name: 'federation',
  schema: 'federation',
} satisfies Module
