;(() => {
  let chosen = 'auto'
  try {
    chosen = localStorage.getItem('commonhold-color-scheme') ?? 'auto'
  } catch {
    // Storage may be forbidden; then the system's preference decides.
  }
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
})()
