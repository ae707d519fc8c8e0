import { FlowgladProvider } from "@flowglad/nextjs"
import type { ReactNode } from "react"
import "./style.css"

export const metadata = { title: "Ask", description: "An application that bills with Flowglad's packages, served by Tollgate" }

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <FlowgladProvider>{children}</FlowgladProvider>
      </body>
    </html>
  )
}
