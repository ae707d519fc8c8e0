// Package api is the secret-key JSON API under /v1: it turns HTTP into the verbs of tollgate.Engine.
//
// Every route is listed in route.go. A request passes Server.ServeHTTP (request id, log line, metrics), then
// admit (key, scope, rate), then its handler. Most handlers are typed functions behind huma, which reads their
// parameters and describes them in OpenAPI; bodies are decoded by the strict decoder of this package. The hot
// routes, /v1/consume and /v1/events, are plain handlers.
//
// Every refusal is one flat JSON object: error, message, and the details of package fault.
package api
