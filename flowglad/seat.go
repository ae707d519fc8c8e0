package flowglad

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// A claim is one unit of a resource that is taken: a seat, most often. It is a usage event of the resource's meter, so that no
// number of callers can claim more than there is; releasing it voids the event.
type claim struct {
	ID                        string         `json:"id"`
	ResourceID                string         `json:"resourceId"`
	SubscriptionID            string         `json:"subscriptionId"`
	SubscriptionItemFeatureID string         `json:"subscriptionItemFeatureId"`
	PricingModelID            string         `json:"pricingModelId"`
	OrganizationID            string         `json:"organizationId"`
	ExternalID                *string        `json:"externalId"`
	Metadata                  map[string]any `json:"metadata"`
	ClaimedAt                 int64          `json:"claimedAt"`
	ReleasedAt                *int64         `json:"releasedAt"`
	ReleaseReason             *string        `json:"releaseReason"`
	Livemode                  bool           `json:"livemode"`
	CreatedAt                 int64          `json:"createdAt"`
	UpdatedAt                 int64          `json:"updatedAt"`

	event id.Transaction
}

// A seatUse is how much of a resource is taken.
type seatUse struct {
	ResourceSlug id.Slug        `json:"resourceSlug"`
	ResourceID   string         `json:"resourceId"`
	Capacity     quantity.Units `json:"capacity"`
	Claimed      quantity.Units `json:"claimed"`
	Available    quantity.Units `json:"available"`
}

type seatAnswer struct {
	Usage  seatUse `json:"usage"`
	Claims []claim `json:"claims"`
}

// claimName begins the transactionId of every claim: claim:GENERATION:EXTERNALID, or a random one without an externalId.
const claimName = "claim:"

// claimNote is what the event of a claim carries as its properties.
type claimNote struct {
	ExternalID *string        `json:"claim"`
	Metadata   map[string]any `json:"metadata,omitempty"`
}

// A seats is the claims of one resource of one customer.
type seats struct {
	s        *Server
	c        *call
	sub      tollgate.Subscription
	customer id.Customer
	meter    id.Slug
	items    string           // the feature that gives the resource
	active   []claim          // oldest first
	released map[string]int   // how often an externalId was claimed and released
	byName   map[string]claim // of active
}

// seatsOf returns a resource of a subscription that runs. Faults: not_found for an unknown subscription or resource.
func (s *Server) seatsOf(c *call, subscriptionID string, slug id.Slug) (*seats, error) {
	sub, owner, err := s.engine.Subscription(c.Context(), subscriptionID)
	if err != nil {
		return nil, err
	}
	if !sub.EndedAt.IsZero() || owner.Metadata[archivedKey] != "" {
		return nil, missing("Subscription %s is not active", subscriptionID)
	}
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	if !sh.resources[slug] {
		return nil, missing("There is no resource %q in the catalog: a resource is a meter that every plan limits once, with every: never.", string(slug))
	}
	return s.readSeats(c, sub, owner.ExternalID, slug)
}

// readSeats reads the claims from the ledger.
func (s *Server) readSeats(c *call, sub tollgate.Subscription, customer id.Customer, slug id.Slug) (*seats, error) {
	out := &seats{
		s: s, c: c, sub: sub, customer: customer, meter: slug, items: "sif_seat_" + string(slug) + "." + string(sub.Plan) + "." + itemID(sub.ID),
		released: map[string]int{}, byName: map[string]claim{},
	}
	voided := map[string]bool{}
	for cursor := ""; ; {
		page, err := s.engine.Entries(c.Context(), customer, slug, cursor, tollgate.PageMax) // newest first: a void comes before its event
		if err != nil {
			return nil, err
		}
		for _, line := range page.Data {
			out.add(line, voided)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	slices.Reverse(out.active)
	return out, nil
}

// add counts a ledger line in.
func (st *seats) add(line tollgate.Line, voided map[string]bool) {
	if line.Kind == credit.KindVoid {
		voided[line.Cause] = true
	}
	if line.Event == nil || !strings.HasPrefix(string(line.Event.TransactionID), claimName) {
		return
	}
	made := st.claim(*line.Event)
	switch {
	case !voided[string(line.Event.TransactionID)]:
		st.active = append(st.active, made)
		if made.ExternalID != nil {
			st.byName[*made.ExternalID] = made
		}
	case made.ExternalID != nil:
		st.released[*made.ExternalID]++
	}
}

func (st *seats) claim(e meter.Event) claim {
	var note claimNote
	if json.Unmarshal(e.Properties, &note) != nil {
		note = claimNote{}
	}
	sum := sha256.Sum256([]byte(string(st.customer) + "\x00" + string(st.meter) + "\x00" + string(e.TransactionID)))
	at := ms(e.RecordedAt)
	return claim{
		ID: "claim_" + hex.EncodeToString(sum[:12]), ResourceID: resourceID(st.meter), SubscriptionID: st.sub.ID, SubscriptionItemFeatureID: st.items,
		PricingModelID: modelID, OrganizationID: organizationID, ExternalID: note.ExternalID, Metadata: note.Metadata, ClaimedAt: at,
		Livemode: st.c.live, CreatedAt: at, UpdatedAt: at, event: e.TransactionID,
	}
}

// use returns how much is taken now.
func (st *seats) use() (seatUse, error) {
	b, err := st.s.engine.Balance(st.c.Context(), st.customer, st.meter)
	if err != nil {
		return seatUse{}, err
	}
	return useOf(b), nil
}

func useOf(b credit.Balance) seatUse {
	out := seatUse{ResourceSlug: b.Slug, ResourceID: resourceID(b.Slug), Claimed: b.Used}
	if b.Available != nil {
		out.Available, out.Capacity = max(*b.Available, 0), *b.Limit
		if *b.Available > 0 { // grants add to what the plan gives
			out.Capacity = b.Used + *b.Available
		}
	}
	return out
}

// A claimWrite asks for units of a resource, or gives them back.
type claimWrite struct {
	ResourceSlug id.Slug        `json:"resourceSlug"`
	ExternalID   *string        `json:"externalId"`
	ExternalIDs  []string       `json:"externalIds"`
	Quantity     *int           `json:"quantity"`
	ClaimIDs     []string       `json:"claimIds"`
	Metadata     map[string]any `json:"metadata"`
}

// check refuses what does not say exactly one thing.
func (w *claimWrite) check(release bool) error {
	said := 0
	for _, is := range []bool{w.ExternalID != nil, len(w.ExternalIDs) > 0, w.Quantity != nil, len(w.ClaimIDs) > 0} {
		if is {
			said++
		}
	}
	switch {
	case said != 1 || !release && len(w.ClaimIDs) > 0:
		return invalid("Send exactly one of quantity, externalId, externalIds and, to release, claimIds.")
	case w.Quantity != nil && (*w.Quantity < 1 || *w.Quantity > tollgate.BatchMax), len(w.ExternalIDs)+len(w.ClaimIDs) > tollgate.BatchMax:
		return invalid("One request claims or releases 1 to %d units.", tollgate.BatchMax)
	}
	if w.ExternalID != nil {
		w.ExternalIDs = []string{*w.ExternalID}
	}
	for _, name := range w.ExternalIDs {
		if name == "" || len(name) > id.CustomerBytesMax {
			return invalid("An externalId has 1 to %d bytes.", id.CustomerBytesMax)
		}
	}
	return nil
}

// take claims units: all that are asked for, or none. Who has claimed keeps its claim.
func (st *seats) take(w claimWrite) (seatAnswer, error) {
	if err := w.check(false); err != nil {
		return seatAnswer{}, err
	}
	out := seatAnswer{Claims: []claim{}}
	var fresh []meter.Usage
	want := func(t id.Transaction, name *string) error {
		note, err := json.Marshal(claimNote{name, w.Metadata})
		one := quantity.One
		fresh = append(fresh, meter.Usage{Customer: st.customer, Meter: st.meter, Amount: &one, TransactionID: t, Properties: note})
		return err
	}
	asked := map[string]bool{}
	for _, name := range w.ExternalIDs {
		held, ok := st.byName[name]
		switch {
		case asked[name]:
			continue
		case ok:
			out.Claims = append(out.Claims, held)
		default:
			if err := want(st.nameFor(name), &name); err != nil {
				return out, err
			}
		}
		asked[name] = true
	}
	if w.Quantity != nil {
		for range *w.Quantity {
			if err := want(id.Transaction(claimName+rand.Text()), nil); err != nil {
				return out, err
			}
		}
	}
	made, err := st.record(fresh)
	if err != nil {
		return out, err
	}
	out.Claims = append(out.Claims, made...)
	out.Usage, err = st.use()
	return out, err
}

// nameFor returns the transactionId of the next claim of an externalId: the same for callers who claim it together.
func (st *seats) nameFor(name string) id.Transaction {
	t := claimName + strconv.Itoa(st.released[name]) + ":" + name
	if len(t) > id.TransactionBytesMax {
		sum := sha256.Sum256([]byte(name))
		t = claimName + strconv.Itoa(st.released[name]) + ":sha256:" + hex.EncodeToString(sum[:])
	}
	return id.Transaction(t)
}

// record consumes one unit for each claim. When one of them is refused, those of this request are given back.
func (st *seats) record(fresh []meter.Usage) ([]claim, error) {
	done, err := st.s.engine.Batch(st.c.Context(), fresh)
	if err != nil {
		return nil, err
	}
	var made []claim
	var refused error
	for i, o := range done {
		var event meter.Event
		switch {
		case fault.Has(o.Err, fault.Conflict): // claimed at the same moment, with other metadata
			if event, err = st.s.engine.Event(st.c.Context(), st.customer, fresh[i].TransactionID); err != nil {
				return nil, err
			}
		case o.Err != nil:
			refused = o.Err
			continue
		default:
			event = o.Event
		}
		made = append(made, st.claim(event))
	}
	if refused == nil {
		return made, nil
	}
	for i, o := range done {
		if o.Err != nil || o.Duplicate {
			continue
		}
		// The request is over, but what it took must go back.
		if _, err := st.s.engine.Void(context.WithoutCancel(st.c.Context()), st.customer, fresh[i].TransactionID, "claim refused"); err != nil {
			return nil, err
		}
	}
	if fault.Has(refused, fault.InsufficientCredits) {
		refused = invalid("There is not enough of the resource %q left for %d more.", string(st.meter), len(fresh))
	}
	return nil, refused
}

// give releases units: those named, or as many as are asked for of those without a name, oldest first.
func (st *seats) give(w claimWrite) (any, error) {
	if err := w.check(true); err != nil {
		return nil, err
	}
	chosen, err := st.choose(w)
	if err != nil {
		return nil, err
	}
	out := struct {
		ReleasedClaims []claim `json:"releasedClaims"`
		Usage          seatUse `json:"usage"`
	}{ReleasedClaims: []claim{}}
	reason := "released"
	for _, one := range chosen {
		if _, err := st.s.engine.Void(st.c.Context(), st.customer, one.event, reason); err != nil {
			return nil, err
		}
		at := ms(st.s.engine.Now())
		one.ReleasedAt, one.ReleaseReason, one.UpdatedAt = &at, &reason, at
		out.ReleasedClaims = append(out.ReleasedClaims, one)
	}
	out.Usage, err = st.use()
	return out, err
}

func (st *seats) choose(w claimWrite) ([]claim, error) {
	var chosen []claim
	for _, name := range w.ExternalIDs {
		held, ok := st.byName[name]
		if !ok {
			return nil, missing("There is no claim of %q.", name)
		}
		chosen = append(chosen, held)
	}
	for _, claimID := range w.ClaimIDs {
		i := slices.IndexFunc(st.active, func(one claim) bool { return one.ID == claimID })
		if i < 0 {
			return nil, missing("There is no claim %s.", claimID)
		}
		chosen = append(chosen, st.active[i])
	}
	if w.Quantity == nil {
		return chosen, nil
	}
	for _, one := range st.active {
		if one.ExternalID == nil && len(chosen) < *w.Quantity {
			chosen = append(chosen, one)
		}
	}
	if len(chosen) < *w.Quantity {
		return nil, invalid("There are %d claims without an externalId.", len(chosen))
	}
	return chosen, nil
}

// answer returns a resource with its claims.
func (st *seats) answer() (seatAnswer, error) {
	use, err := st.use()
	return seatAnswer{use, append([]claim{}, st.active...)}, err
}
