import { cookies } from "next/headers"

// A User is who signed up. An application keeps users in its database; this one forgets them when it stops.
export type User = { id: string; name: string; email: string }

const cookieName = "session"

// Pages and route handlers are bundled apart, so what they share hangs on the process.
const memory = globalThis as typeof globalThis & { sessions?: Map<string, User> }
const sessions = (memory.sessions ??= new Map())

// signUp makes a user and signs the browser in.
export async function signUp(name: string): Promise<User> {
  const id = `user_${crypto.randomUUID()}`
  const user = { id, name, email: `${id}@example.com` }
  const session = crypto.randomUUID()
  sessions.set(session, user)
  const jar = await cookies()
  jar.set(cookieName, session, { httpOnly: true, sameSite: "lax", path: "/" })
  return user
}

// currentUser returns who is signed in, or null.
export async function currentUser(): Promise<User | null> {
  const session = (await cookies()).get(cookieName)
  return (session && sessions.get(session.value)) ?? null
}

// findUser returns a user by its id, or undefined.
export function findUser(id: string): User | undefined {
  return [...sessions.values()].find((user) => user.id === id)
}
