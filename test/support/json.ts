// biome-ignore lint/suspicious/noExplicitAny: what was answered, of whatever shape: tests look at what is on the wire
export type Json = any
