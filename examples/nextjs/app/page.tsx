import { currentUser, signUp } from "@/lib/users"
import { Dashboard } from "./dashboard"

export default async function Page() {
  const user = await currentUser()
  if (user) {
    return <Dashboard name={user.name} />
  }
  return (
    <main>
      <h1>Ask</h1>
      <p>Twenty questions a day for nothing.</p>
      <form
        action={async (form: FormData) => {
          "use server"
          await signUp(String(form.get("name") ?? "") || "Ada")
        }}
      >
        <label>
          Your name <input name="name" required maxLength={80} />
        </label>
        <button>Sign up</button>
      </form>
    </main>
  )
}
