import type { App } from '#platform/app.ts'
import type { MailContent } from './mails.ts'

/** A mail as it goes out and as `mail.messages` keeps it. */
export type RenderedMail = {
  subject: string
  text: string
  html: string
  link?: string
  /** Goes into the header (RFC 8058). */
  unsubscribe?: string
}

/** The one layout of all mails. What `content` says is text: markup in it is shown, not obeyed. */
export function renderMail(app: App, content: MailContent): RenderedMail {
  const subject = oneLine(content.subject)
  const link = content.button?.link
  return {
    subject,
    text: renderText(app, content),
    html: renderHtml(app, { ...content, subject }),
    ...(link !== undefined && { link }),
    ...(content.unsubscribe && { unsubscribe: content.unsubscribe.post }),
  }
}

/** Text for a header: one line, and nothing that a mail program would decode (RFC 2047), say to a line break. */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll('=?', '= ?')
    .trim()
}

function renderText(app: App, { lines, facts = [], button, after = [], unsubscribe }: MailContent): string {
  const width = Math.max(0, ...facts.map(([label]) => label.length + 2))
  return [
    ...lines,
    ...(facts.length > 0 ? [facts.map(([label, value]) => `${`${label}:`.padEnd(width)}${value}`).join('\n')] : []),
    ...(button ? [`${button.label}:\n${button.link}`] : []),
    ...after,
    ...(unsubscribe ? [`Stop these mails:\n${unsubscribe.page}`] : []),
    `-- \nCommonhold at ${app.publicUrl}`,
  ]
    .join('\n\n')
    .concat('\n')
}

const font = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"

// Tables and inline styles are what all mail programs draw; the few that know the dark scheme read the style element.
function renderHtml(app: App, { subject, lines, facts = [], button, after = [], unsubscribe }: MailContent): string {
  const paragraph = (line: string, style: string, name: string) =>
    `<p class="${name}" style="margin:0 0 16px;${font};${style}">${escapeHtml(line).replace(/\n/g, '<br>')}</p>`
  const body = (line: string) => paragraph(line, 'font-size:16px;line-height:24px;color:#1d1d1a', 'text')
  const small = (line: string) => paragraph(line, 'font-size:14px;line-height:21px;color:#62625a', 'dim')
  const parts = [
    ...lines.map(body),
    ...(facts.length > 0 ? [renderFacts(facts)] : []),
    ...(button ? [renderButton(button)] : []),
    ...after.map(small),
    ...(button ? [small('If the button does not work, open this address:'), renderAddress(button.link)] : []),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(subject)}</title>
<style>
@media (prefers-color-scheme: dark) {
  .page { background-color: #141715 !important }
  .card { background-color: #1f2321 !important; border-color: #404641 !important }
  .text, .fact { color: #e6e8e4 !important }
  .dim, .mark { color: #a9aea7 !important }
  .line { border-color: #404641 !important }
  .address { color: #85bda9 !important }
}
</style>
</head>
<body class="page" style="margin:0;padding:0;background-color:#f4f4f0">
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" style="background-color:#f4f4f0">
<tr><td align="center" style="padding:32px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:560px">
<tr><td class="mark" style="padding:0 4px 12px;${font};font-size:15px;font-weight:600;color:#62625a">Commonhold</td></tr>
<tr><td class="card" align="left" style="background-color:#ffffff;border:1px solid #e4e4de;border-radius:10px;padding:28px 28px 12px">
${parts.join('\n')}
</td></tr>
<tr><td class="dim" style="padding:16px 4px 0;${font};font-size:13px;line-height:19px;color:#62625a">Sent by Commonhold at ${escapeHtml(new URL(app.publicUrl).host)}${unsubscribe ? `. ${renderUnsubscribe(unsubscribe.page)}` : ''}</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`
}

function renderFacts(facts: NonNullable<MailContent['facts']>): string {
  const cell = `padding:8px 12px 8px 0;${font};font-size:15px;line-height:21px;border-bottom:1px solid #e4e4de;vertical-align:top`
  const rows = facts.map(
    ([label, value]) =>
      `<tr><td class="dim line" style="${cell};color:#62625a;white-space:nowrap">${escapeHtml(label)}</td>` +
      `<td class="fact line" width="100%" style="${cell};color:#1d1d1a">${escapeHtml(value)}</td></tr>`,
  )
  return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 20px">${rows.join('')}</table>`
}

function renderButton({ label, link }: NonNullable<MailContent['button']>): string {
  return (
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:4px 0 24px"><tr>' +
    '<td bgcolor="#1f6553" style="border-radius:8px;background-color:#1f6553">' +
    `<a href="${escapeHtml(link)}" style="display:inline-block;padding:12px 22px;${font};font-size:16px;line-height:22px;font-weight:600;color:#ffffff;text-decoration:none">${escapeHtml(label)}</a>` +
    '</td></tr></table>'
  )
}

function renderUnsubscribe(link: string): string {
  return `<a class="dim" href="${escapeHtml(link)}" style="color:#62625a">Stop these mails</a>`
}

function renderAddress(link: string): string {
  return (
    `<p style="margin:-8px 0 16px;${font};font-size:13px;line-height:19px;word-break:break-all">` +
    `<a class="address" href="${escapeHtml(link)}" style="color:#1f6553">${escapeHtml(link)}</a></p>`
  )
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => entities[character] as string)
}
