package tollgate_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
)

func TestATokenSpeaksForOneCustomerUntilItExpires(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := open(t, url, c)
		put(t, e, "ada|1/é", "")
		got, err := e.CreateToken(t.Context(), tollgate.TokenRequest{Customer: "ada|1/é", Actions: []tollgate.Action{"checkout", "read", "read"}, ExpiresIn: 60})
		if err != nil {
			t.Fatal(err)
		}
		verified, err := e.VerifyToken(t.Context(), got.Token)
		if err != nil {
			t.Fatal(err)
		}
		want := tollgate.Token{Customer: "ada|1/é", Actions: []tollgate.Action{"read", "checkout"}, ExpiresAt: c.now().UTC().Truncate(time.Second).Add(time.Minute)}
		if diff := cmp.Diff(want, verified); diff != "" {
			t.Errorf("verified (-want +got):\n%s", diff)
		}
		if !verified.Allows(tollgate.ActionRead) || verified.Allows(tollgate.ActionManage) {
			t.Errorf("%v allows read and not manage", verified.Actions)
		}
		c.move(59 * time.Second)
		if _, err := e.VerifyToken(t.Context(), got.Token); err != nil {
			t.Errorf("a second before it expires: %v", err)
		}
		c.move(time.Second)
		if _, err := e.VerifyToken(t.Context(), got.Token); !fault.Has(err, fault.Unauthorized) {
			t.Errorf("when it has expired: %v, want unauthorized", err)
		}
	})
}

func TestATokenHasDefaultsAndLimits(t *testing.T) {
	t.Parallel()
	c := newClock(noon())
	e := open(t, testdb.SQLite(t), c)
	put(t, e, "ada", "")
	got, err := e.CreateToken(t.Context(), tollgate.TokenRequest{Customer: "ada"})
	if err != nil || !got.ExpiresAt.Equal(c.now().Truncate(time.Second).Add(15*time.Minute)) || !slices.Equal(got.Actions, []tollgate.Action{"read", "check"}) {
		t.Errorf("without a wish: %+v, %v; want 15 minutes of read and check", got, err)
	}
	if _, err := e.CreateToken(t.Context(), tollgate.TokenRequest{Customer: "ada", ExpiresIn: 86400}); err != nil {
		t.Errorf("24 hours: %v", err)
	}
	for name, r := range map[string]tollgate.TokenRequest{
		"a second more than a day": {Customer: "ada", ExpiresIn: 86401},
		"a time before now":        {Customer: "ada", ExpiresIn: -1},
		"an action no token has":   {Customer: "ada", Actions: []tollgate.Action{"read", "record"}},
		"no customer":              {},
	} {
		if _, err := e.CreateToken(t.Context(), r); !fault.Has(err, fault.Invalid) {
			t.Errorf("%s: %v, want invalid_request", name, err)
		}
	}
	_, err = e.CreateToken(t.Context(), tollgate.TokenRequest{Customer: "ada", Actions: []tollgate.Action{"grant"}})
	if f := fault.Of(err); f == nil || !strings.Contains(f.Message, "never records usage, grants, adjusts or refunds") {
		t.Errorf("the refusal of grant does not say why: %v", err)
	}
	if _, err := e.CreateToken(t.Context(), tollgate.TokenRequest{Customer: "bob"}); !fault.Has(err, fault.NotFound) {
		t.Errorf("an unknown customer: %v, want not_found", err)
	}
}

func TestTokensOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	c := newClock(noon())
	e := open(t, testdb.SQLite(t), c)
	other := open(t, testdb.SQLite(t), newClock(noon()))
	put(t, e, "ada", "")
	put(t, other, "ada", "")
	good, err := e.CreateToken(t.Context(), tollgate.TokenRequest{Customer: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.CreateToken(t.Context(), tollgate.TokenRequest{Customer: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	part := strings.Split(good.Token, ".")
	encode := base64.RawURLEncoding.EncodeToString
	none := encode([]byte(`{"alg":"none","typ":"JWT"}`))
	claims, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil {
		t.Fatal(err)
	}
	signed := func(method jwt.SigningMethod, key any, change jwt.MapClaims) string {
		all := jwt.MapClaims{"iss": "tollgate", "aud": "app", "sub": "ada", "exp": c.now().Add(time.Hour).Unix(), "actions": []string{"read"}}
		for k, v := range change {
			all[k] = v
		}
		s, err := jwt.NewWithClaims(method, all).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for name, token := range map[string]string{
		"nothing":                        "",
		"no token":                       "hello",
		"a secret key":                   "sk_test_x",
		"another database's":             foreign.Token,
		"one without a signature":        none + "." + part[1] + ".",
		"one whose name was changed":     part[0] + "." + encode(bytes.Replace(claims, []byte(`"sub":"ada"`), []byte(`"sub":"bob"`), 1)) + "." + part[2],
		"one whose signature was cut":    strings.TrimSuffix(good.Token, part[2][len(part[2])-4:]),
		"one signed with another key":    signed(jwt.SigningMethodHS256, bytes.Repeat([]byte("k"), 32), nil),
		"one signed with an empty key":   signed(jwt.SigningMethodHS256, []byte{}, nil),
		"one with the unsafe none":       signed(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
		"one that is endlessly long":     good.Token + strings.Repeat("A", 4096),
		"one with a signature of spaces": part[0] + "." + part[1] + ". ",
	} {
		if got, err := e.VerifyToken(t.Context(), token); !fault.Has(err, fault.Unauthorized) {
			t.Errorf("%s: %+v, %v; want unauthorized", name, got, err)
		}
	}
	if _, err := e.VerifyToken(t.Context(), good.Token); err != nil {
		t.Errorf("the token itself: %v", err)
	}
}

func TestClaimsThatWeDoNotMakeAreRefusedUnderOurKey(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte("k"), tollgate.TokenKeyBytesMin)
	c := newClock(noon())
	e, err := tollgate.Open(t.Context(), testdb.SQLite(t), tollgate.Options{Now: c.now, TokenKeys: [][]byte{key}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := e.Publish(t.Context(), "shop.yaml", []byte(shop), false); err != nil {
		t.Fatal(err)
	}
	put(t, e, "ada", "")
	made, err := e.CreateToken(t.Context(), tollgate.TokenRequest{Customer: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	var all jwt.MapClaims
	if _, _, err := jwt.NewParser().ParseUnverified(made.Token, &all); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		method jwt.SigningMethod
		drop   string
		set    jwt.MapClaims
		good   bool
	}{
		"as it is":                  {method: jwt.SigningMethodHS256, good: true},
		"with another hash":         {method: jwt.SigningMethodHS512},
		"without an end":            {method: jwt.SigningMethodHS256, drop: "exp"},
		"without an issuer":         {method: jwt.SigningMethodHS256, drop: "iss"},
		"for another audience":      {method: jwt.SigningMethodHS256, set: jwt.MapClaims{"aud": "api"}},
		"of nobody":                 {method: jwt.SigningMethodHS256, drop: "sub"},
		"of one who is not there":   {method: jwt.SigningMethodHS256, set: jwt.MapClaims{"sub": "bob"}},
		"without who it was":        {method: jwt.SigningMethodHS256, drop: "who"},
		"of one with the same name": {method: jwt.SigningMethodHS256, set: jwt.MapClaims{"who": "who_1"}},
	} {
		claims := jwt.MapClaims{}
		for k, v := range all {
			claims[k] = v
		}
		for k, v := range tt.set {
			claims[k] = v
		}
		delete(claims, tt.drop)
		token, err := jwt.NewWithClaims(tt.method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.VerifyToken(t.Context(), token); tt.good != (err == nil) || err != nil && !fault.Has(err, fault.Unauthorized) {
			t.Errorf("a token %s: %v", name, err)
		}
	}
}

func TestATokenEndsWithItsCustomer(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock(noon()))
	put(t, e, "ada", "")
	got, err := e.CreateToken(t.Context(), tollgate.TokenRequest{Customer: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.EraseCustomer(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.VerifyToken(t.Context(), got.Token); !fault.Has(err, fault.Unauthorized) {
		t.Errorf("of an erased customer: %v, want unauthorized", err)
	}
	put(t, e, "ada", "")
	if _, err := e.VerifyToken(t.Context(), got.Token); !fault.Has(err, fault.Unauthorized) {
		t.Errorf("of another customer of that name: %v, want unauthorized", err)
	}
}

func TestReplicasAgreeOnTokens(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		one := open(t, url, c)
		put(t, one, "ada", "")
		var replicas []*tollgate.Engine
		for range 4 {
			e, err := tollgate.Open(t.Context(), url, tollgate.Options{Now: c.now, NoRollUp: true})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			replicas = append(replicas, e)
		}
		tokens := make([]string, len(replicas))
		var wg sync.WaitGroup
		for i, e := range replicas { // all at once: each would make the first key
			wg.Go(func() {
				made, err := e.CreateToken(t.Context(), tollgate.TokenRequest{Customer: "ada"})
				if err != nil {
					t.Error(err)
				}
				tokens[i] = made.Token
			})
		}
		wg.Wait()
		for i, token := range tokens {
			for j, e := range replicas {
				if _, err := e.VerifyToken(t.Context(), token); err != nil {
					t.Errorf("replica %d refuses the token of replica %d: %v", j, i, err)
				}
			}
		}
		if err := one.ReplaceTokenKey(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := one.VerifyToken(t.Context(), tokens[0]); !fault.Has(err, fault.Unauthorized) {
			t.Errorf("after the key was replaced: %v, want unauthorized", err)
		}
		for until := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			if _, err := replicas[0].VerifyToken(t.Context(), tokens[0]); fault.Has(err, fault.Unauthorized) {
				break
			}
			if time.Now().After(until) {
				t.Fatal("another replica goes on with the old key")
			}
		}
	})
}

func TestGivenKeysAreReplacedWithoutAGap(t *testing.T) {
	t.Parallel()
	url := testdb.SQLite(t)
	was, is := bytes.Repeat([]byte("a"), 32), bytes.Repeat([]byte("b"), 32)
	token := func(keys ...[]byte) (*tollgate.Engine, string) {
		e, err := tollgate.Open(t.Context(), url, tollgate.Options{TokenKeys: keys})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		if _, err := e.Publish(t.Context(), "shop.yaml", []byte(shop), false); err != nil {
			t.Fatal(err)
		}
		put(t, e, "ada", "")
		made, err := e.CreateToken(t.Context(), tollgate.TokenRequest{Customer: id.Customer("ada")})
		if err != nil {
			t.Fatal(err)
		}
		return e, made.Token
	}
	before, old := token(was)
	after, fresh := token(is, was)
	if _, err := after.VerifyToken(t.Context(), old); err != nil {
		t.Errorf("the key before is still given: %v", err)
	}
	if _, err := before.VerifyToken(t.Context(), fresh); !fault.Has(err, fault.Unauthorized) {
		t.Errorf("one who has only the old key: %v, want unauthorized", err)
	}
	if err := after.ReplaceTokenKey(t.Context()); !fault.Has(err, fault.Conflict) {
		t.Errorf("keys that are given cannot be replaced in the database: %v", err)
	}
	if _, err := tollgate.Open(t.Context(), testdb.SQLite(t), tollgate.Options{TokenKeys: [][]byte{was[:31]}}); err == nil {
		t.Error("a key of 31 bytes was taken")
	}
}
