export function Page() {
  return <p>list</p>
}
