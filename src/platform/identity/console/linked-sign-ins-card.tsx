export function LinkedSignInsCard() {
  return null
}
