import './printing.css'

const scheme = 'data-mantine-color-scheme'

/** Paper is white: what is shown in dark colours is printed in light ones. */
export function printInLight(): void {
  const root = document.documentElement
  let shown: string | null = null
  window.addEventListener('beforeprint', () => {
    shown = root.getAttribute(scheme)
    root.setAttribute(scheme, 'light')
  })
  window.addEventListener('afterprint', () => {
    if (shown !== null) root.setAttribute(scheme, shown)
    shown = null
  })
}
