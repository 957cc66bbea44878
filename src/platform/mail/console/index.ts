import type { ConsoleModule } from '#platform/console'

export const mailConsole: ConsoleModule = {
  name: 'mail',
  // Open to everybody: in development one needs the links in it to get in. The server answers no one else.
  routes: [
    { path: '/mailbox', title: 'Mailbox', frame: 'plain', personal: true, load: () => import('./mailbox-page.tsx') },
  ],
  navigation: [],
}
