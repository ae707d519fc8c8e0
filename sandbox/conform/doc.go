// Package conform holds a server that claims to be Stripe to Stripe's own description: the OpenAPI file that
// stripe-mock embeds. It is for tests.
//
// Wrap the server of a test with [Handler] and every exchange under /v1 is checked:
//
//   - the operation exists, or the answer is 404;
//   - a request that breaks the operation's parameters (an unknown name at any depth, a wrong type, a missing one)
//     is answered with 4xx;
//   - the answer's body has every required key, no key the file does not know, and every value has its type, its
//     enum and its pattern;
//   - a field that can be expanded is an id unless `expand` asked for the object, and the object when it did;
//   - an error's body is the file's error.
//
// [Requests] holds a client to it: every request that one of Stripe's libraries sends. [File.Event] checks the body of a
// webhook in the same way, and [File.Request] the parameters of one request. Every finding is a [Problem] that names the
// JSON path, as in `$.items.data[0].price.unit_amount`.
package conform
