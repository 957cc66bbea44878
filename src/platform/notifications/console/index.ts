import type { ConsoleModule } from '#platform/console'

/** What a person is told, and how. */
export const notificationsConsole: ConsoleModule = {
  name: 'notifications',
  routes: [
    {
      path: '/notifications',
      title: 'Notifications',
      frame: 'shell',
      personal: true,
      load: () => import('./notifications-page.tsx'),
    },
    {
      path: '/account/notifications',
      title: 'How you are told',
      frame: 'shell',
      personal: true,
      load: () => import('./preferences-page.tsx'),
    },
    {
      path: '/unsubscribe',
      title: 'Stop mails',
      frame: 'plain',
      personal: true,
      load: () => import('./unsubscribe-page.tsx'),
    },
  ],
  navigation: [],
  bell: () => import('./bell.tsx'),
  resources: {
    'notifications.preferences': {
      noun: 'choice of the digest',
      sentences: {
        insert: '{who} chose when the digest comes',
        update: '{who} changed {columns} of the digest',
      },
      columns: { digest: 'how often it comes', digest_hour: 'the hour', digest_weekday: 'the day' },
      refers: { user_id: 'identity.users' },
    },
    'notifications.kind_preferences': {
      noun: 'choice of notifications',
      sentences: {
        insert: '{who} chose how one kind of notifications comes',
        update: '{who} changed {columns} of one kind of notifications',
        delete: '{who} went back to how one kind of notifications comes',
      },
      columns: { in_console: 'the place in the console', mail: 'the mails' },
      refers: { user_id: 'identity.users' },
    },
    'notifications.quiet_tenants': {
      noun: 'quiet workspace',
      sentences: {
        insert: '{who} made this workspace quiet for themselves',
        delete: '{who} wants to be told again of this workspace',
      },
      refers: { user_id: 'identity.users' },
    },
  },
}
