import type { paths } from "./wire.js"

// What the server's description says of a route, for types that cannot differ from it.

type Json<T> = T extends { content: { "application/json": infer B } } ? B : never

export type Method = "get" | "put" | "post" | "patch" | "delete"

/** The paths that take a method. */
export type PathOf<M extends Method> = { [P in keyof paths]: NonNullable<paths[P][M]> extends { responses: unknown } ? P : never }[keyof paths]

type Operation<M extends Method, P extends PathOf<M>> = NonNullable<paths[P][M]>

/** What a route answers. */
export type Answer<M extends Method, P extends PathOf<M>> = Operation<M, P> extends { responses: { 200: infer R } } ? Json<R> : never

/** What a route takes as its body; never when it takes none. */
export type Body<M extends Method, P extends PathOf<M>> = Operation<M, P> extends { requestBody?: infer R } ? Json<NonNullable<R>> : never

/** What a route takes in its query. */
export type Query<M extends Method, P extends PathOf<M>> = Operation<M, P> extends { parameters: { query?: infer Q } } ? NonNullable<Q> : never
