package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/negotiation"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
)

const (
	jsonType = "application/json"
	yamlType = "application/yaml" // RFC 9512
)

// catalog is GET /v1/catalog: as JSON, or as its author wrote it.
func (s *Server) catalog(x *exchange, r *http.Request) error {
	x.Header().Set("Vary", "Accept")
	if s.engine.Catalog().Version == 0 {
		return fault.New(fault.NotFound, "No catalog has been published yet. Publish one with `tollgate apply FILE` or PUT /v1/catalog.")
	}
	if negotiation.SelectQValue(r.Header.Get("Accept"), []string{jsonType, yamlType}) != yamlType {
		return answer(x, s.engine.Catalog())
	}
	x.Header().Set("Content-Type", yamlType)
	x.Write([]byte(s.engine.CatalogText())) //nolint:errcheck // a caller who has left is not told
	return nil
}

type catalogWrite struct {
	DryRun  bool  `query:"dryRun" doc:"true shows what would change and publishes nothing." example:"true"`
	Over    int64 `query:"over" minimum:"0" doc:"The version that the document is a change to, 0 for none: when another one is in force, nothing is published. When not sent, the document replaces whichever is in force." example:"3"`
	RawBody []byte

	certain bool // over was sent
}

// Resolve implements huma.Resolver: a dryRun or over that was sent without a value must not publish.
func (in *catalogWrite) Resolve(ctx huma.Context) []error {
	url := ctx.URL()
	sent := url.Query()
	for _, name := range []string{"dryRun", "over"} {
		if v := sent[name]; len(v) == 1 && v[0] == "" {
			return []error{&huma.ErrorDetail{Location: "query." + name, Value: ""}}
		}
	}
	in.certain = sent.Has("over")
	return nil
}

func (s *Server) publish(ctx context.Context, in *catalogWrite) (tollgate.Publication, error) {
	if in.certain {
		return s.engine.PublishOver(ctx, in.Over, "catalog", in.RawBody, in.DryRun)
	}
	return s.engine.Publish(ctx, "catalog", in.RawBody, in.DryRun)
}
