export function Page() {
  return <p>lists</p>
}
