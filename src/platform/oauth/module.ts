import type { Module } from '#platform/module.ts'

export const oauthModule = {
  name: 'oauth',
  schema: 'oauth',
} satisfies Module
