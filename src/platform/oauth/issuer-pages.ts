import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider'
import { showPage } from './pages.ts'

/** Where nobody can be sent back: to an address that is not the application's nothing is ever sent (RFC 9700 4.11). */
export async function renderError(context: KoaContextWithOIDC, { error, error_description }: ErrorOut): Promise<void> {
  const reason = [error, error_description].filter(part => part !== undefined).join(': ')
  showPage(context, 'The application’s request cannot be answered', `Go back to it and try again. (${reason})`)
}

export async function askLogout(context: KoaContextWithOIDC, form: string): Promise<void> {
  const buttons = `${form}
<button type="submit" form="op.logoutForm" value="yes" name="logout" autofocus>Sign out</button>
<button type="submit" form="op.logoutForm">Stay signed in</button>`
  const name = context.oidc.client?.clientName
  const text = name ? `${name} asks to sign you out here too.` : 'You are about to be signed out.'
  showPage(context, 'Sign out?', text, buttons)
}

export async function showLogout(context: KoaContextWithOIDC): Promise<void> {
  showPage(context, 'You are signed out', 'You can close this page.')
}
