package sandbox

import (
	"net/url"
	"slices"
	"strings"
)

// A webhookEndpoint is where events are sent to.
type webhookEndpoint struct {
	header
	APIVersion    text              `json:"api_version"`
	Application   none              `json:"application"`
	Description   text              `json:"description"`
	EnabledEvents []string          `json:"enabled_events"`
	Metadata      map[string]string `json:"metadata"`
	Secret        string            `json:"secret,omitempty"` // shown once, when it is made
	Status        string            `json:"status"`
	URL           string            `json:"url"`
}

func (*webhookEndpoint) kind() string { return "webhook_endpoint" }
func (w *webhookEndpoint) shown(*tx) any {
	shown := *w
	shown.Secret = ""
	return &shown
}

// wants reports whether an endpoint is to get events of a type.
func (w *webhookEndpoint) wants(kind string) bool {
	return w.Status == "enabled" && slices.ContainsFunc(w.EnabledEvents, func(pattern string) bool { return matches(pattern, kind) })
}

// matches compares a type with a pattern: itself, "*", or a prefix such as "invoice.*".
func matches(pattern, kind string) bool {
	prefix, wild := strings.CutSuffix(pattern, "*")
	return pattern == kind || wild && strings.HasPrefix(kind, prefix)
}

type endpointChange struct {
	ID            string   `path:"id"`
	URL           *string  `form:"url"`
	EnabledEvents []string `form:"enabled_events"`
	Description   *string  `form:"description"`
	Disabled      *bool    `form:"disabled"`
	Metadata      changes  `form:"metadata"`
}

type endpointNew struct {
	URL           string   `form:"url,required"`
	EnabledEvents []string `form:"enabled_events,required"`
	APIVersion    *string  `form:"api_version"`
	Description   *string  `form:"description"`
	Metadata      changes  `form:"metadata"`
	Connect       ignored  `form:"connect"`
}

func createEndpoint(tx *tx, p *endpointNew) (any, error) {
	if err := checkURL("url", p.URL); err != nil {
		return nil, err
	}
	if err := checkTypes(p.EnabledEvents); err != nil {
		return nil, err
	}
	if p.APIVersion != nil && *p.APIVersion != APIVersion {
		return nil, invalid("api_version", "Invalid API version: %s: the sandbox sends %s.", *p.APIVersion, APIVersion)
	}
	w := &webhookEndpoint{
		header: tx.header("we_", "webhook_endpoint", ""), EnabledEvents: p.EnabledEvents, Metadata: p.Metadata.on(nil), Status: "enabled", URL: p.URL,
		Secret: tx.newID("whsec_"),
	}
	setText(&w.APIVersion, p.APIVersion)
	setText(&w.Description, p.Description)
	tx.add(w)
	type withSecret webhookEndpoint // the only answer with it
	return (*withSecret)(w), nil
}

func updateEndpoint(tx *tx, p *endpointChange) (any, error) {
	w, err := needPath[*webhookEndpoint](tx, p.ID, "id")
	if err != nil {
		return nil, err
	}
	tx.edit(w)
	if p.URL != nil {
		if err := checkURL("url", *p.URL); err != nil {
			return nil, err
		}
		w.URL = *p.URL
	}
	if p.EnabledEvents != nil {
		if err := checkTypes(p.EnabledEvents); err != nil {
			return nil, err
		}
		w.EnabledEvents = p.EnabledEvents
	}
	if p.Disabled != nil {
		w.Status = map[bool]string{true: "disabled", false: "enabled"}[*p.Disabled]
	}
	setText(&w.Description, p.Description)
	w.Metadata = p.Metadata.on(w.Metadata)
	return w, nil
}

func getEndpoint(tx *tx, p *byID) (any, error) { return needPath[*webhookEndpoint](tx, p.ID, "id") }

func listEndpoints(tx *tx, p *listing) (any, error) {
	return pageOf(tx, *p, "/v1/webhook_endpoints", every[*webhookEndpoint](tx), nil)
}

func deleteEndpoint(tx *tx, p *byID) (any, error) {
	w, err := needPath[*webhookEndpoint](tx, p.ID, "id")
	if err != nil {
		return nil, err
	}
	tx.drop(w)
	return gone{ID: w.ID, Object: w.Object, Deleted: true}, nil
}

// gone is the answer to a deletion.
type gone struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Deleted bool   `json:"deleted"`
}

// checkTypes takes types of events, or "*" for all.
func checkTypes(types []string) error {
	for n, t := range types {
		if t != "*" && (strings.Contains(t, "*") || !strings.Contains(t, ".")) {
			return invalid(urlf("enabled_events[%d]", n), "Invalid enabled_events: %q is not an event type; pass * for all.", t)
		}
	}
	return nil
}

func checkURL(param, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return invalid(param, "Invalid URL: An explicit scheme (such as https) must be provided.").withCode("url_invalid")
	}
	return nil
}

// Listen makes an endpoint that gets every event, or finds the one with this URL, and returns its secret.
func (s *Server) Listen(address string) (secret string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := s.begin()
	for _, w := range every[*webhookEndpoint](tx) {
		if w.URL == address && w.Status == "enabled" {
			return w.Secret, nil
		}
	}
	version := APIVersion
	if _, err := createEndpoint(tx, &endpointNew{URL: address, EnabledEvents: []string{"*"}, APIVersion: &version}); err != nil {
		tx.undo()
		return "", err
	}
	if err := tx.commit(); err != nil {
		return "", err
	}
	all := every[*webhookEndpoint](tx)
	return all[len(all)-1].Secret, nil
}
