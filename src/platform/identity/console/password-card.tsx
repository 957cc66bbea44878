export function PasswordCard() {
  return null
}
