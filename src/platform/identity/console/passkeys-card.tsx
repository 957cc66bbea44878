export function PasskeysCard() {
  return null
}
