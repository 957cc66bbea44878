import type { Module } from '#platform/module.ts'

export const notificationsModule = { name: 'notifications', schema: 'notifications' } satisfies Module
